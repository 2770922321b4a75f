//! Apache httpd's configuration: a lossless tree of each file, and what the server makes of them together.

pub mod envvars;
pub mod evaluate;
pub mod fnmatch;
pub mod lines;
pub mod tree;
pub mod words;

//! nginx: its configuration as a lossless tree, evaluated over its includes, and read as sites and logs.

pub mod build;
mod evaluate;
mod lexer;
mod listen;
mod logs;
mod lua;
mod parse;
mod real_ip;
mod scope;
mod sites;
mod tree;

pub use build::Build;
pub use evaluate::{Config, Setting, evaluate};
pub use parse::parse;
pub use sites::{Declared, declared};
pub use tree::{Block, Directive, End, Fault, Item, Node, Tree, Word};

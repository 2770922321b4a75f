//! Runs the checks of the measures it is handed, and makes the board of what they say.

pub mod board;
pub mod html;
pub mod sarif;
pub mod sites;

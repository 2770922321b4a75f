//! The few unsafe lines of the house, each with SAFETY.

pub mod netns;

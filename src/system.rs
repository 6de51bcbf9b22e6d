//! What the standard library does not ask of the operating system.

pub mod disk;

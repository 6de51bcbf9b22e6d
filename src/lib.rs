#![deny(unsafe_code)]
pub mod files;
pub mod frames;
pub mod hyperparameters;
pub mod model;
pub mod random;
pub mod trained_model;

//! antiphon answers a recorded sound with a recurrent network's continuation of it.
//!
//! Two flows run through the crate. A sound's way: a file becomes a mono signal
//! ([`audio`]), the signal becomes the sequence a network sees ([`hearing`], by
//! way of [`frames`]), the network predicts what comes next ([`model`]), and its
//! predictions are fed back until they make a sound as long as was asked for
//! ([`generate`]). A job's way: a seed is seen in a folder, claimed, answered,
//! published and signalled.
//!
//! Terms are those of Andrew Pfalz's dissertation, *Generating Audio Using
//! Recurrent Neural Networks* (Louisiana State University, 2018); section,
//! figure and equation numbers in this documentation are its.
//!
//! Modules stand in the order of their layers; each imports only what stands
//! before it.

#![deny(unsafe_code)]

pub mod system;

pub mod files;

pub mod as_text;
pub mod destination;
pub mod names;
pub mod random;
pub mod reel;

mod vectorised;

pub mod chances;

pub mod hyperparameters;

pub mod audio;

pub mod frames;

pub mod stereo;

pub mod hearing;

pub mod plot;

pub mod model;

pub mod trained_model;

pub mod bundled;

pub mod generate;

pub mod train;

pub mod judge;

pub mod slice;

pub mod answer;

pub mod watch;

#[cfg(feature = "nats")]
pub mod cluster;

pub mod status;

pub mod osc;

pub mod service;

pub mod doctor;

pub mod web;

pub mod fuzzing;

pub mod cli;

#[cfg(test)]
mod testing;

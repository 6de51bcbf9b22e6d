//! The numbers that names get where they are seen, and what is remembered of them
//! only to be faster.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::delivery::Delivery;

/// From this number on a name's number is remembered: to find it takes longer.
const MANY: u32 = 8;
/// Names of which it is remembered, so that memory does not grow for ever.
const REMEMBERED: usize = 10_000;

/// The number that was free last, of names of which many were taken.
#[derive(Default)]
pub struct Numbers(Mutex<HashMap<PathBuf, u32>>);

impl Numbers {
    /// The first number from which on nothing stands where `delivery` goes.
    pub fn free(&self, delivery: &Delivery) -> u32 {
        let first = *self.remembered().get(&delivery.path(1)).unwrap_or(&1);
        Numbers::free_from(first, delivery)
    }

    /// The first number from `first` on where nothing stands.
    pub fn free_from(first: u32, delivery: &Delivery) -> u32 {
        let mut number = first;
        while !delivery.is_free(number) {
            number += 1;
        }
        number
    }

    /// Notes that `delivery` got `number`: to look for the number of a name of which
    /// there are many from 1 on would take longer each time.
    pub fn remember(&self, delivery: &Delivery, number: u32) {
        if number >= MANY {
            let mut remembered = self.remembered();
            if remembered.len() >= REMEMBERED {
                remembered.clear();
            }
            remembered.insert(delivery.path(1), number);
        }
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<PathBuf, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

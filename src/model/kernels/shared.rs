//! A product that several threads write.
#![allow(unsafe_code)]

/// A pointer that may go to another thread.
#[derive(Clone, Copy)]
pub struct Shared(pub *mut f32);

// SAFETY: whoever uses the pointer on several threads writes to disjoint places.
unsafe impl Send for Shared {}
unsafe impl Sync for Shared {}

/// Fewer multiplications are not worth another thread.
const LEAST_WORK: usize = 1 << 18;

/// The threads, of `threads`, that `multiplications` are worth.
pub fn threads_for(multiplications: usize, threads: usize) -> usize {
    if multiplications < LEAST_WORK {
        1
    } else {
        threads
    }
}

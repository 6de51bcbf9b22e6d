//! Where several threads write, each to blocks of its own.
#![allow(unsafe_code)]

/// The first of some values, which may go to another thread.
#[derive(Clone, Copy)]
pub struct Places(*mut f32);

// SAFETY: whoever uses the pointer on several threads writes to disjoint places.
unsafe impl Send for Places {}
unsafe impl Sync for Places {}

impl Places {
    /// All of `values`.
    pub fn of(values: &mut [f32]) -> Places {
        Places(values.as_mut_ptr())
    }

    /// The place of value `index`.
    ///
    /// # Safety
    /// It lies within the values.
    #[inline(always)]
    pub unsafe fn at(self, index: usize) -> *mut f32 {
        // SAFETY: by contract.
        unsafe { self.0.add(index) }
    }
}

//! Where a product goes that several threads write.
#![allow(unsafe_code)]

/// A product, or a part of one: its first value, which may go to another thread.
#[derive(Clone, Copy)]
pub struct Target {
    start: *mut f32,
    /// Values from one row to the next.
    stride: usize,
    /// Whether the product is added to what stands there.
    add: bool,
}

// SAFETY: whoever uses the pointer on several threads writes to disjoint places.
unsafe impl Send for Target {}
unsafe impl Sync for Target {}

impl Target {
    /// All of `product`, whose rows are `stride` values apart.
    pub fn new(product: &mut [f32], stride: usize, add: bool) -> Self {
        Target {
            start: product.as_mut_ptr(),
            stride,
            add,
        }
    }

    /// The same place, but added to where it was not.
    pub fn adding(self, add: bool) -> Self {
        Target {
            add: self.add || add,
            ..self
        }
    }

    /// The part from `row` and `column` on.
    ///
    /// # Safety
    /// That place lies within the product.
    #[inline(always)]
    pub unsafe fn part(self, row: usize, column: usize) -> Self {
        // SAFETY: by contract.
        let start = unsafe { self.place(row, column) };
        Target { start, ..self }
    }

    /// The place of one value.
    ///
    /// # Safety
    /// It lies within the product.
    #[inline(always)]
    pub unsafe fn place(self, row: usize, column: usize) -> *mut f32 {
        // SAFETY: by contract.
        unsafe { self.start.add(row * self.stride + column) }
    }

    /// Whether the product is added to what stands there.
    #[inline(always)]
    pub fn adds(self) -> bool {
        self.add
    }

    /// Writes `value` to `row` and `column`, or adds it.
    ///
    /// # Safety
    /// That place is valid to read and to write.
    #[inline(always)]
    pub unsafe fn put(self, row: usize, column: usize, value: f32) {
        // SAFETY: by contract.
        unsafe {
            let place = self.place(row, column);
            *place = if self.add { *place + value } else { value };
        }
    }
}

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

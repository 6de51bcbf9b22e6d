//! Memory that begins where the processor's cache lines do, so that no register is
//! filled from two of them.
#![allow(unsafe_code)]

/// One cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

// SAFETY: any bytes are a line, and there is nothing between them.
unsafe impl bytemuck::Zeroable for Line {}
unsafe impl bytemuck::Pod for Line {}

/// Values in whole cache lines.
#[derive(Clone, Default)]
pub struct Lines {
    lines: Vec<Line>,
}

impl Lines {
    /// Makes room for `len` values, all zero.
    pub fn clear_to<T: bytemuck::Pod>(&mut self, len: usize) {
        self.lines.clear();
        let lines = (len * size_of::<T>()).div_ceil(size_of::<Line>());
        self.lines.resize(lines, bytemuck::Zeroable::zeroed());
    }

    /// Its values, and what fills its last line.
    pub fn values<T: bytemuck::Pod>(&self) -> &[T] {
        bytemuck::cast_slice(&self.lines)
    }

    /// The same to write.
    pub fn values_mut<T: bytemuck::Pod>(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(&mut self.lines)
    }

    /// Bytes that it holds.
    pub fn bytes(&self) -> usize {
        self.lines.len() * size_of::<Line>()
    }
}

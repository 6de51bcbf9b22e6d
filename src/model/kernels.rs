//! The inner loops of training: matrix products that read their operands where
//! they lie, and loops compiled for AVX2 and FMA where the machine has them.
//!
//! Unsafe code stays in this module and in `matrix`. Every function here checks
//! its lengths, so that its callers need not.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;
use std::marker::PhantomData;
use std::ops::Range;

use super::threads::split_range;

/// Defines a function whose body, plain loops, is compiled twice: for every
/// machine, and for AVX2 with FMA, between which the machine decides.
macro_rules! vectorised {
    ($(#[$doc:meta])* pub fn $name:ident($($argument:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        #[allow(clippy::too_many_arguments)]
        pub fn $name($($argument: $type),*) {
            #[inline(always)]
            #[allow(clippy::too_many_arguments)]
            fn portable($($argument: $type),*) $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            #[allow(clippy::too_many_arguments)]
            fn avx2($($argument: $type),*) {
                portable($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            if $crate::model::kernels::has_avx2() {
                // SAFETY: the machine has the features that the function asks for.
                #[allow(unsafe_code)]
                return unsafe { avx2($($argument),*) };
            }
            portable($($argument),*)
        }
    };
}
pub(super) use vectorised;

/// Whether this machine has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
pub fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// Whether the products of this module run on this machine; `matrix` has
/// products for the others.
pub fn available() -> bool {
    #[cfg(target_arch = "x86_64")]
    return has_avx2();
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Some rows of every time step of an array `[T, R, W]`, held for writing while
/// another thread holds the other rows.
pub struct StepRows<'a> {
    start: *mut f32,
    steps: usize,
    /// Values from one time step to the next.
    stride: usize,
    /// Values of these rows in one time step.
    len: usize,
    array: PhantomData<&'a mut [f32]>,
}

// SAFETY: it is a `&mut [f32]` of the values it covers, and covers no value
// that another one covers (see `split`).
unsafe impl Send for StepRows<'_> {}

impl<'a> StepRows<'a> {
    /// All rows of `values`, which hold `steps` time steps.
    pub fn new(values: &'a mut [f32], steps: usize) -> Self {
        let stride = values.len() / steps;
        assert_eq!(values.len(), steps * stride, "whole time steps");
        StepRows {
            start: values.as_mut_ptr(),
            steps,
            stride,
            len: stride,
            array: PhantomData,
        }
    }

    /// The first `at` values of each time step, and the others.
    pub fn split(self, at: usize) -> (Self, Self) {
        assert!(at <= self.len);
        // SAFETY: `at` is at most `len`, so this stays within the array or at its end.
        let rest = unsafe { self.start.add(at) };
        let others = StepRows {
            start: rest,
            len: self.len - at,
            ..self
        };
        (StepRows { len: at, ..self }, others)
    }

    /// These rows at time step `t`.
    pub fn step(&mut self, t: usize) -> &mut [f32] {
        assert!(t < self.steps);
        // SAFETY: `len` values from `start + t · stride` on lie within the array
        // that `new` borrowed, and no other `StepRows` covers them. The borrow
        // of `self` keeps them from being lent twice.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(t * self.stride), self.len) }
    }

    /// These rows at time step `t` to read and at `t + 1` to write.
    pub fn two_steps(&mut self, t: usize) -> (&[f32], &mut [f32]) {
        assert!(t + 1 < self.steps);
        assert!(self.len <= self.stride);
        // SAFETY: as in `step`; the two do not overlap, `len` being at most `stride`.
        unsafe {
            let before = self.start.add(t * self.stride);
            (
                std::slice::from_raw_parts(before, self.len),
                std::slice::from_raw_parts_mut(before.add(self.stride), self.len),
            )
        }
    }
}

/// A pointer that may go to another thread.
#[derive(Clone, Copy)]
struct Shared(*mut f32);

// SAFETY: whoever uses the pointer on several threads writes to disjoint places.
unsafe impl Send for Shared {}
unsafe impl Sync for Shared {}

/// Values of k that one block of `multiply_transposed` takes: four rows of `b`
/// and three of `a` stay in the L1 cache.
const DOT_DEPTH: usize = 512;
/// Rows of `a` that one block takes: with `DOT_DEPTH`, a quarter MiB of L2 cache.
const DOT_ROWS: usize = 128;
/// From so many rows on, copying `b` to strips costs less than it brings.
const STRIP_ROWS: usize = 64;
/// Below so many multiplications threads cost more than they bring.
const LEAST_WORK: usize = 1 << 18;

/// `product = a · bᵀ`, or `product += a · bᵀ` with `add`, of `a [m, k]`,
/// `b [n, k]` and `product [m, n]`.
///
/// Both operands are read along their rows, so neither is copied; for few rows
/// that matters. False, and nothing done, where the machine lacks AVX2.
pub fn multiply_transposed(
    product: &mut [f32],
    add: bool,
    a: &[f32],
    b: &[f32],
    k: usize,
    threads: usize,
) -> bool {
    if !available() {
        return false;
    }
    let (m, n) = (a.len() / k, b.len() / k);
    assert_eq!((a.len(), b.len()), (m * k, n * k), "rows of {k}");
    assert_eq!(product.len(), m * n, "a [{m}, {n}] product");
    #[cfg(target_arch = "x86_64")]
    {
        let product = Shared(product.as_mut_ptr());
        let threads = if m * n * k < LEAST_WORK { 1 } else { threads };
        let part = if m < STRIP_ROWS {
            dot_products
        } else {
            strip_products
        };
        // Split along the longer side: the shorter operand is read by all.
        if n >= m {
            split_range(0..n, TILE_COLUMNS, threads, &|columns: Range<usize>| {
                // SAFETY: the lengths were compared above, AVX2 and FMA are
                // here, and each thread has columns of its own.
                unsafe { part(product, add, a, b, (m, n, k), 0..m, columns) }
            });
        } else {
            split_range(0..m, TILE_ROWS, threads, &|rows: Range<usize>| {
                // SAFETY: as above, with rows.
                unsafe { part(product, add, a, b, (m, n, k), rows, 0..n) }
            });
        }
    }
    true
}

/// The part `rows` × `columns` of `multiply_transposed`.
///
/// # Safety
/// `product`, `a` and `b` hold `m · n`, `m · k` and `n · k` values, and nobody
/// else uses that part of `product`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn dot_products(
    product: Shared,
    add: bool,
    a: &[f32],
    b: &[f32],
    (_, n, k): (usize, usize, usize),
    rows: Range<usize>,
    columns: Range<usize>,
) {
    for first in rows.clone().step_by(DOT_ROWS) {
        let block = first..(first + DOT_ROWS).min(rows.end);
        for depth in (0..k).step_by(DOT_DEPTH) {
            let len = DOT_DEPTH.min(k - depth);
            let add = add || depth > 0;
            let mut column = columns.start;
            while column < columns.end {
                let wide = columns.end - column >= 4;
                let mut row = block.start;
                while row < block.end {
                    let tall = block.end - row;
                    // SAFETY: the tile's rows and columns are in range, and
                    // `depth + len` is at most `k`.
                    unsafe {
                        let a = a.as_ptr().add(row * k + depth);
                        let b = b.as_ptr().add(column * k + depth);
                        let c = product.0.add(row * n + column);
                        match (tall, wide) {
                            (1, true) => dot_tile::<1, 4>(a, b, k, len, c, n, add),
                            (2 | 4, true) => dot_tile::<2, 4>(a, b, k, len, c, n, add),
                            (_, true) => dot_tile::<3, 4>(a, b, k, len, c, n, add),
                            (1, false) => dot_tile::<1, 1>(a, b, k, len, c, n, add),
                            (2 | 4, false) => dot_tile::<2, 1>(a, b, k, len, c, n, add),
                            (_, false) => dot_tile::<3, 1>(a, b, k, len, c, n, add),
                        }
                    }
                    // Four rows are two and two rather than three and one.
                    row += if tall == 4 { 2 } else { tall.min(3) };
                }
                column += if wide { 4 } else { 1 };
            }
        }
    }
}

/// `M` × `N` dot products of `len` values: row i of `a` with row j of `b`, both
/// `k` apart, to `c[i · n + j]`.
///
/// # Safety
/// All those places are valid to read, and those of `c` to write.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
#[inline]
unsafe fn dot_tile<const M: usize, const N: usize>(
    a: *const f32,
    b: *const f32,
    k: usize,
    len: usize,
    c: *mut f32,
    n: usize,
    add: bool,
) {
    // SAFETY: places are rows below M or N and offsets below `len`.
    unsafe {
        let mut sums = [[_mm256_setzero_ps(); N]; M];
        let whole = len - len % LANES;
        let mut at = 0;
        while at < whole {
            let b: [__m256; N] = std::array::from_fn(|j| _mm256_loadu_ps(b.add(j * k + at)));
            for (i, sums) in sums.iter_mut().enumerate() {
                let a = _mm256_loadu_ps(a.add(i * k + at));
                for (sum, b) in sums.iter_mut().zip(b) {
                    *sum = _mm256_fmadd_ps(a, b, *sum);
                }
            }
            at += LANES;
        }
        for (i, sums) in sums.iter().enumerate() {
            let mut totals = [0.0; N];
            if N == 4 {
                let pairs = (
                    _mm256_hadd_ps(sums[0], sums[1 % N]),
                    _mm256_hadd_ps(sums[2 % N], sums[3 % N]),
                );
                let quads = _mm256_hadd_ps(pairs.0, pairs.1);
                let four = _mm_add_ps(
                    _mm256_castps256_ps128(quads),
                    _mm256_extractf128_ps::<1>(quads),
                );
                _mm_storeu_ps(totals.as_mut_ptr(), four);
            } else {
                for (total, sum) in totals.iter_mut().zip(sums) {
                    let mut lanes = [0.0; LANES];
                    _mm256_storeu_ps(lanes.as_mut_ptr(), *sum);
                    *total = lanes.iter().sum();
                }
            }
            for (j, total) in totals.iter_mut().enumerate() {
                for at in whole..len {
                    *total += *a.add(i * k + at) * *b.add(j * k + at);
                }
                let c = c.add(i * n + j);
                *c = if add { *c + *total } else { *total };
            }
        }
    }
}

/// Values of an AVX register.
const LANES: usize = 8;
/// Rows and columns of the product that stay in registers while k passes.
pub const TILE_ROWS: usize = 6;
pub const TILE_COLUMNS: usize = 16;
/// Values of k that a tile takes at once: its strips of `a` and `b` fit the L1 cache.
pub const TILE_DEPTH: usize = 256;

/// Copies columns `columns` of `matrix [k, width]` to `strip [k, S]`, with
/// zeros beyond them.
fn pack<const S: usize>(matrix: &[f32], width: usize, columns: Range<usize>, strip: &mut [f32]) {
    let rows = matrix.chunks_exact(width);
    for (row, packed) in rows.zip(strip.chunks_exact_mut(S)) {
        let row = &row[columns.clone()];
        if let Ok(row) = <&[f32; S]>::try_from(row) {
            packed.copy_from_slice(row);
        } else {
            packed[..row.len()].copy_from_slice(row);
            packed[row.len()..].fill(0.0);
        }
    }
}

/// Copies `matrix [k, n]` to strips of `TILE_COLUMNS` columns, one after another.
pub fn pack_columns(matrix: &[f32], n: usize, packed: &mut Vec<f32>) {
    let k = matrix.len() / n;
    packed.resize(k * n.next_multiple_of(TILE_COLUMNS), 0.0);
    for (index, strip) in packed.chunks_exact_mut(k * TILE_COLUMNS).enumerate() {
        let first = index * TILE_COLUMNS;
        let columns = first..(first + TILE_COLUMNS).min(n);
        pack::<TILE_COLUMNS>(matrix, n, columns, strip);
    }
}

/// Rows `rows` of `aᵀ · b`: `product [rows, n]` of `a [k, m]` and `b [k, n]`,
/// the latter from `pack_columns`; `strips` is memory that is kept between calls.
///
/// # Panics
/// Where `available()` is false, or lengths do not agree.
pub fn transposed_product_rows(
    product: &mut [f32],
    a: &[f32],
    m: usize,
    packed_b: &[f32],
    n: usize,
    rows: Range<usize>,
    strips: &mut Vec<f32>,
) {
    assert!(available());
    let k = a.len() / m;
    assert_eq!(a.len(), k * m);
    assert_eq!(packed_b.len(), k * n.next_multiple_of(TILE_COLUMNS));
    assert_eq!(product.len(), rows.len() * n);
    strips.resize(k * rows.len().next_multiple_of(TILE_ROWS), 0.0);
    for (index, strip) in strips.chunks_exact_mut(k * TILE_ROWS).enumerate() {
        let first = rows.start + index * TILE_ROWS;
        pack::<TILE_ROWS>(a, m, first..(first + TILE_ROWS).min(rows.end), strip);
    }
    for depth in (0..k).step_by(TILE_DEPTH) {
        let depths = depth..(depth + TILE_DEPTH).min(k);
        for (index, b) in packed_b.chunks_exact(k * TILE_COLUMNS).enumerate() {
            let column = index * TILE_COLUMNS;
            let b = &b[depths.start * TILE_COLUMNS..depths.end * TILE_COLUMNS];
            for (index, a) in strips.chunks_exact(k * TILE_ROWS).enumerate() {
                let row = index * TILE_ROWS;
                let a = &a[depths.start * TILE_ROWS..depths.end * TILE_ROWS];
                outer_tile(a, b, product, n, (row, column), depth > 0);
            }
        }
    }
}

/// One tile of a product: `a [k, TILE_ROWS]` with `b [k, TILE_COLUMNS]`, to
/// what of the tile at `(row, column)` lies within `product [_, n]`.
fn outer_tile(
    a: &[f32],
    b: &[f32],
    product: &mut [f32],
    n: usize,
    (row, column): (usize, usize),
    add: bool,
) {
    assert_eq!(a.len() / TILE_ROWS, b.len() / TILE_COLUMNS);
    let height = (product.len() / n - row).min(TILE_ROWS);
    let width = (n - column).min(TILE_COLUMNS);
    let product = &mut product[row * n + column..];
    #[cfg(target_arch = "x86_64")]
    if (height, width) == (TILE_ROWS, TILE_COLUMNS) {
        assert!(product.len() >= (TILE_ROWS - 1) * n + TILE_COLUMNS);
        // SAFETY: the tile lies within `product`; callers checked for AVX2 and FMA.
        unsafe { tile::<TILE_ROWS>(a.as_ptr(), (1, TILE_ROWS), b, product.as_mut_ptr(), n, add) };
    } else {
        let mut part = [0.0; TILE_ROWS * TILE_COLUMNS];
        // SAFETY: as above, in a tile of its own.
        unsafe {
            tile::<TILE_ROWS>(
                a.as_ptr(),
                (1, TILE_ROWS),
                b,
                part.as_mut_ptr(),
                TILE_COLUMNS,
                false,
            )
        };
        for (row, part) in part.chunks_exact(TILE_COLUMNS).take(height).enumerate() {
            let product = &mut product[row * n..][..width];
            for (product, part) in product.iter_mut().zip(part) {
                *product = if add { *product + part } else { *part };
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    unreachable!("{a:?} {b:?} {add} {height} {width}: not available here");
}

/// `M` rows of a tile at `product`, whose rows are `n` apart: of `a`, whose rows
/// and depths are `a_strides` apart, and a strip `b [depth, TILE_COLUMNS]`.
///
/// # Safety
/// All of `a`'s and `product`'s places are valid to read, and the latter to write.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn tile<const M: usize>(
    mut a: *const f32,
    (row_stride, depth_stride): (usize, usize),
    b: &[f32],
    product: *mut f32,
    n: usize,
    add: bool,
) {
    // SAFETY: places of `b` are below its length, the others valid by contract.
    unsafe {
        let mut sums = [[_mm256_setzero_ps(); 2]; M];
        for b in b.chunks_exact(TILE_COLUMNS) {
            let left = _mm256_loadu_ps(b.as_ptr());
            let right = _mm256_loadu_ps(b.as_ptr().add(LANES));
            for (i, sums) in sums.iter_mut().enumerate() {
                let a = _mm256_broadcast_ss(&*a.add(i * row_stride));
                sums[0] = _mm256_fmadd_ps(a, left, sums[0]);
                sums[1] = _mm256_fmadd_ps(a, right, sums[1]);
            }
            a = a.wrapping_add(depth_stride);
        }
        for (i, sums) in sums.into_iter().enumerate() {
            for (half, sum) in sums.into_iter().enumerate() {
                let c = product.add(i * n + half * LANES);
                let sum = if add {
                    _mm256_add_ps(_mm256_loadu_ps(c), sum)
                } else {
                    sum
                };
                _mm256_storeu_ps(c, sum);
            }
        }
    }
}

/// Copies values `depths` of the rows `rows` of `matrix [_, k]`, transposed, to
/// `strip [depths, TILE_COLUMNS]`, with zeros beyond the rows.
fn pack_transposed(
    matrix: &[f32],
    k: usize,
    rows: Range<usize>,
    depths: Range<usize>,
    strip: &mut [f32],
) {
    if rows.len() < TILE_COLUMNS {
        strip.fill(0.0);
    }
    for (column, row) in rows.enumerate() {
        let values = &matrix[row * k..][depths.clone()];
        for (packed, value) in strip.chunks_exact_mut(TILE_COLUMNS).zip(values) {
            packed[column] = *value;
        }
    }
}

/// `multiply_transposed`'s part `rows` × `columns` for many rows: each strip of
/// `b` is copied once, transposed, and serves all rows.
///
/// # Safety
/// As `dot_products`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn strip_products(
    product: Shared,
    add: bool,
    a: &[f32],
    b: &[f32],
    (_, n, k): (usize, usize, usize),
    rows: Range<usize>,
    columns: Range<usize>,
) {
    let mut strip = [0.0; TILE_COLUMNS * TILE_DEPTH];
    for depth in (0..k).step_by(TILE_DEPTH) {
        let depths = depth..(depth + TILE_DEPTH).min(k);
        let strip = &mut strip[..depths.len() * TILE_COLUMNS];
        for column in columns.clone().step_by(TILE_COLUMNS) {
            let these = column..(column + TILE_COLUMNS).min(columns.end);
            pack_transposed(b, k, these.clone(), depths.clone(), strip);
            let a = &a[depth..];
            // SAFETY: rows and columns are in range by contract.
            unsafe {
                tiles(
                    product,
                    n,
                    a,
                    k,
                    strip,
                    rows.clone(),
                    these,
                    add || depth > 0,
                )
            };
        }
    }
}

/// `a · b` on top of each other for all `rows` and the columns of one strip `b`;
/// rows of `a` are `k` apart.
///
/// # Safety
/// As `dot_products`; `a` holds as many values of each row as `b` is deep.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
#[allow(clippy::too_many_arguments)]
unsafe fn tiles(
    product: Shared,
    n: usize,
    a: &[f32],
    k: usize,
    b: &[f32],
    rows: Range<usize>,
    columns: Range<usize>,
    add: bool,
) {
    let mut row = rows.start;
    while row < rows.end {
        // Tiles of nearly the same height: two of four rows rather than six and two.
        let left = rows.end - row;
        let height = left.div_ceil(left.div_ceil(TILE_ROWS));
        let mut partial = [0.0; TILE_ROWS * TILE_COLUMNS];
        let whole = columns.len() == TILE_COLUMNS;
        // SAFETY: the tile's rows are within `rows` and its columns, if `whole`,
        // within `columns`; else it goes to `partial` and what is within is copied.
        unsafe {
            let place = product.0.add(row * n + columns.start);
            let (to, stride, add_to) = match whole {
                true => (place, n, add),
                false => (partial.as_mut_ptr(), TILE_COLUMNS, false),
            };
            let a = a.as_ptr().add(row * k);
            match height {
                1 => tile::<1>(a, (k, 1), b, to, stride, add_to),
                2 => tile::<2>(a, (k, 1), b, to, stride, add_to),
                3 => tile::<3>(a, (k, 1), b, to, stride, add_to),
                4 => tile::<4>(a, (k, 1), b, to, stride, add_to),
                5 => tile::<5>(a, (k, 1), b, to, stride, add_to),
                _ => tile::<6>(a, (k, 1), b, to, stride, add_to),
            }
            if !whole {
                for (i, values) in partial.chunks_exact(TILE_COLUMNS).take(height).enumerate() {
                    for (j, value) in values.iter().take(columns.len()).enumerate() {
                        let c = place.add(i * n + j);
                        *c = if add { *c + *value } else { *value };
                    }
                }
            }
        }
        row += height;
    }
}

/// A matrix `[k, n]` in strips of `TILE_COLUMNS` columns, for products with few
/// rows at a time that come again and again.
#[derive(Clone, Default)]
pub struct Packed {
    strips: Vec<f32>,
    k: usize,
    n: usize,
}

impl Packed {
    /// Takes `matrix [k, n]`.
    pub fn pack(&mut self, matrix: &[f32], n: usize) {
        (self.k, self.n) = (matrix.len() / n, n);
        pack_columns(matrix, n, &mut self.strips);
    }

    /// Takes the transpose of `matrix [n, k]`.
    pub fn pack_transpose(&mut self, matrix: &[f32], k: usize) {
        let n = matrix.len() / k;
        (self.k, self.n) = (k, n);
        self.strips
            .resize(k * n.next_multiple_of(TILE_COLUMNS), 0.0);
        for (index, strip) in self.strips.chunks_exact_mut(k * TILE_COLUMNS).enumerate() {
            let first = index * TILE_COLUMNS;
            pack_transposed(matrix, k, first..(first + TILE_COLUMNS).min(n), 0..k, strip);
        }
    }

    /// `product = a · self`, or `product += a · self` with `add`, of `a [m, k]`.
    ///
    /// # Panics
    /// Where `available()` is false, or lengths do not agree.
    pub fn multiply(&self, product: &mut [f32], add: bool, a: &[f32], threads: usize) {
        assert!(available());
        let Packed { strips, k, n } = self;
        let (k, n, m) = (*k, *n, a.len() / k);
        assert_eq!((a.len(), product.len()), (m * k, m * n));
        assert_eq!(strips.len(), k * n.next_multiple_of(TILE_COLUMNS));
        #[cfg(not(target_arch = "x86_64"))]
        unreachable!("not available: {add} {threads} {LEAST_WORK}");
        #[cfg(target_arch = "x86_64")]
        let product = Shared(product.as_mut_ptr());
        #[cfg(target_arch = "x86_64")]
        let threads = if m * n * k < LEAST_WORK { 1 } else { threads };
        #[cfg(target_arch = "x86_64")]
        split_range(0..n, TILE_COLUMNS, threads, &|columns: Range<usize>| {
            for depth in (0..k).step_by(TILE_DEPTH) {
                let depths = depth * TILE_COLUMNS..(depth + TILE_DEPTH).min(k) * TILE_COLUMNS;
                for column in columns.clone().step_by(TILE_COLUMNS) {
                    let these = column..(column + TILE_COLUMNS).min(columns.end);
                    let strip = &strips[column / TILE_COLUMNS * k * TILE_COLUMNS..];
                    let (a, b) = (&a[depth..], &strip[depths.clone()]);
                    // SAFETY: lengths were compared above, AVX2 and FMA are
                    // here, and each thread has columns of its own.
                    unsafe { tiles(product, n, a, k, b, 0..m, these, add || depth > 0) };
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(n: usize, seed: usize) -> Vec<f32> {
        let value = |i: usize| (((i + seed) * 7919) % 101) as f32 / 50.0 - 1.0;
        (0..n).map(value).collect()
    }

    #[test]
    fn dot_products_equal_the_naive_triple_loop() {
        for (m, n, k) in [
            (1, 1, 1),
            (4, 7, 9),
            (10, 64, 1030),
            (131, 5, 16),
            (70, 37, 300),
            (16, 130, 140),
        ] {
            let (a, b, before) = (values(m * k, 1), values(n * k, 2), values(m * n, 3));
            for (threads, add) in [(1, false), (2, true), (3, false)] {
                let mut product = before.clone();
                if !multiply_transposed(&mut product, add, &a, &b, k, threads) {
                    return;
                }
                for (at, value) in product.iter().enumerate() {
                    let (a, b) = (&a[at / n * k..][..k], &b[at % n * k..][..k]);
                    let sum: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                    let expected = sum + if add { before[at] } else { 0.0 };
                    assert!((value - expected).abs() < 1e-3, "{m} {n} {k} {at}");
                }
            }
        }
    }

    #[test]
    fn transposed_products_equal_the_naive_triple_loop() {
        if !available() {
            return;
        }
        for (m, n, k) in [(1, 1, 1), (7, 17, 3), (50, 33, 600), (12, 32, 256)] {
            let (a, b) = (values(k * m, 1), values(k * n, 2));
            let (mut packed, mut strips) = (Vec::new(), Vec::new());
            pack_columns(&b, n, &mut packed);
            for rows in [0..m, m / 2..m] {
                let mut product = vec![f32::NAN; rows.len() * n];
                transposed_product_rows(&mut product, &a, m, &packed, n, rows.clone(), &mut strips);
                for (at, value) in product.iter().enumerate() {
                    let (row, column) = (rows.start + at / n, at % n);
                    let sum: f32 = (0..k).map(|i| a[i * m + row] * b[i * n + column]).sum();
                    assert!((value - sum).abs() < 1e-3, "{m} {n} {k} {at}");
                }
            }
        }
    }

    #[test]
    fn packed_products_equal_the_naive_triple_loop() {
        if !available() {
            return;
        }
        for (m, n, k) in [(1, 1, 1), (8, 37, 300), (11, 260, 96)] {
            let (a, b, before) = (values(m * k, 1), values(n * k, 2), values(m * n, 3));
            let mut transpose = vec![0.0; n * k];
            (0..n * k).for_each(|at| transpose[at % k * n + at / k] = b[at]);
            for (threads, add, pack_transpose) in [(1, true, true), (2, false, false)] {
                let mut packed = Packed::default();
                match pack_transpose {
                    true => packed.pack_transpose(&b, k),
                    false => packed.pack(&transpose, n),
                }
                let mut product = before.clone();
                packed.multiply(&mut product, add, &a, threads);
                for (at, value) in product.iter().enumerate() {
                    let (a, b) = (&a[at / n * k..][..k], &b[at % n * k..][..k]);
                    let sum: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                    let expected = sum + if add { before[at] } else { 0.0 };
                    assert!((value - expected).abs() < 1e-3, "{m} {n} {k} {at}");
                }
            }
        }
    }

    #[test]
    fn rows_of_steps_are_disjoint_and_complete() {
        let mut values: Vec<f32> = (0..24).map(|i| i as f32).collect(); // [T 3, R 4, W 2]
        let (mut first, mut others) = StepRows::new(&mut values, 3).split(2);
        assert_eq!(first.step(2), [16.0, 17.0]);
        assert_eq!(others.step(1), [10.0, 11.0, 12.0, 13.0, 14.0, 15.0]);
        let (before, after) = first.two_steps(0);
        after.copy_from_slice(before);
        assert_eq!(values[8..10], [0.0, 1.0]);
    }
}

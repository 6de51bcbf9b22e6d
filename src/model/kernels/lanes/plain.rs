//! Arrays instead of registers, of which compilers make what the processor at least
//! has: SSE2, or NEON.
#![allow(unsafe_code)]

use std::array::from_fn;

use super::Lanes;

/// Eight numbers.
#[derive(Clone, Copy)]
pub struct Plain;

const WIDTH: usize = 8;

/// `a · b + c`, in one operation where every processor of the kind has one.
#[inline(always)]
fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(target_arch = "aarch64") {
        a.mul_add(b, c)
    } else {
        a * b + c
    }
}

// SAFETY: pointers are valid by contract.
impl Lanes for Plain {
    const WIDTH: usize = WIDTH;
    type Floats = [f32; WIDTH];
    type Sums = [i32; WIDTH];
    type Pairs = [[i16; 2]; WIDTH];

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self::Floats {
        [value; WIDTH]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::Floats {
        unsafe { from.cast::<[f32; WIDTH]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, values: Self::Floats) {
        unsafe { to.cast::<[f32; WIDTH]>().write_unaligned(values) }
    }
    #[inline(always)]
    unsafe fn add(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        from_fn(|i| a[i] + b[i])
    }
    #[inline(always)]
    unsafe fn subtract(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        from_fn(|i| a[i] - b[i])
    }
    #[inline(always)]
    unsafe fn multiply(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        from_fn(|i| a[i] * b[i])
    }
    #[inline(always)]
    unsafe fn divide(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        from_fn(|i| a[i] / b[i])
    }
    #[inline(always)]
    unsafe fn multiply_add(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        from_fn(|i| multiply_add(a[i], b[i], c[i]))
    }
    #[inline(always)]
    unsafe fn smaller(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        from_fn(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    unsafe fn larger(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    unsafe fn no_sums() -> Self::Sums {
        [0; WIDTH]
    }
    #[inline(always)]
    unsafe fn splat_pair(pair: *const i16) -> Self::Pairs {
        [unsafe { pair.cast::<[i16; 2]>().read_unaligned() }; WIDTH]
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const i8) -> Self::Pairs {
        let bytes = unsafe { from.cast::<[[i8; 2]; WIDTH]>().read_unaligned() };
        bytes.map(|pair| pair.map(i16::from))
    }
    #[inline(always)]
    unsafe fn add_products(sums: Self::Sums, a: Self::Pairs, b: Self::Pairs) -> Self::Sums {
        from_fn(|i| {
            let [first, second] = [0, 1].map(|j| i32::from(a[i][j]) * i32::from(b[i][j]));
            sums[i] + first + second
        })
    }
    #[inline(always)]
    unsafe fn to_floats(sums: Self::Sums) -> Self::Floats {
        sums.map(|sum| sum as f32)
    }
}

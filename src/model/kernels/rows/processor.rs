//! The kinds of processor that there are kernels for.

use std::sync::LazyLock;

#[cfg(target_arch = "x86_64")]
use crate::model::kernels::lanes::{Avx2, Avx512};
use crate::model::kernels::lanes::{Lanes, Plain};

/// A kind of processor, by what it can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Processor {
    /// Whatever compilers take for granted.
    Plain,
    #[cfg(target_arch = "x86_64")]
    /// AVX2 with FMA.
    Avx2,
    #[cfg(target_arch = "x86_64")]
    /// AVX-512 of servers: F, BW, DQ and VL.
    Avx512,
    #[cfg(target_arch = "x86_64")]
    /// The same with VNNI.
    Avx512Vnni,
}

impl Processor {
    /// All that this machine's can be taken for, from the plainest on.
    pub fn available() -> Vec<Processor> {
        #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
        let mut available = vec![Processor::Plain];
        #[cfg(target_arch = "x86_64")]
        if crate::vectorised::has_avx2() {
            available.push(Processor::Avx2);
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
            {
                available.push(Processor::Avx512);
                if is_x86_feature_detected!("avx512vnni") {
                    available.push(Processor::Avx512Vnni);
                }
            }
        }
        available
    }

    /// What this machine's is.
    pub fn here() -> Processor {
        static HERE: LazyLock<Processor> =
            LazyLock::new(|| Processor::available().pop().unwrap_or(Processor::Plain));
        *HERE
    }

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Processor::Plain => "plain",
            #[cfg(target_arch = "x86_64")]
            Processor::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Processor::Avx512 => "AVX-512",
            #[cfg(target_arch = "x86_64")]
            Processor::Avx512Vnni => "AVX-512 VNNI",
        }
    }

    /// Precision in one of its registers.
    pub fn width(self) -> usize {
        match self {
            Processor::Plain => Plain::WIDTH,
            #[cfg(target_arch = "x86_64")]
            Processor::Avx2 => Avx2::WIDTH,
            #[cfg(target_arch = "x86_64")]
            Processor::Avx512 | Processor::Avx512Vnni => Avx512::WIDTH,
        }
    }
}

/// Defines a function that takes a [`Processor`] and runs `$kernel`, generic over
/// [`Lanes`], compiled for it.
macro_rules! for_each_processor {
    ($(#[$doc:meta])* unsafe fn $name:ident($($argument:ident: $type:ty),*) = $kernel:ident) => {
        $(#[$doc])*
        unsafe fn $name(processor: $crate::model::kernels::rows::Processor, $($argument: $type),*) {
            use $crate::model::kernels::lanes::*;
            use $crate::model::kernels::rows::Processor;

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2($($argument: $type),*) {
                // SAFETY: by contract.
                unsafe { $kernel::<Avx2>($($argument),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
            unsafe fn avx512($($argument: $type),*) {
                // SAFETY: by contract.
                unsafe { $kernel::<Avx512>($($argument),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
            unsafe fn avx512_vnni($($argument: $type),*) {
                // SAFETY: by contract.
                unsafe { $kernel::<Avx512Vnni>($($argument),*) }
            }
            // SAFETY: by contract the machine is what `processor` says.
            unsafe {
                match processor {
                    Processor::Plain => $kernel::<Plain>($($argument),*),
                    #[cfg(target_arch = "x86_64")]
                    Processor::Avx2 => avx2($($argument),*),
                    #[cfg(target_arch = "x86_64")]
                    Processor::Avx512 => avx512($($argument),*),
                    #[cfg(target_arch = "x86_64")]
                    Processor::Avx512Vnni => avx512_vnni($($argument),*),
                }
            }
        }
    };
}
pub(super) use for_each_processor;

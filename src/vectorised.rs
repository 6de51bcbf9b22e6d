//! Loops compiled for AVX2 and FMA, where the machine has them, and for every machine.

/// Defines a function whose body, plain loops, is compiled twice: for every
/// machine, and for AVX2 with FMA, between which the machine decides.
macro_rules! vectorised {
    ($(#[$doc:meta])* $visibility:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        #[allow(clippy::too_many_arguments)]
        $visibility fn $name($($argument: $type),*) {
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
            if $crate::vectorised::has_avx2() {
                // SAFETY: the machine has the features that the function asks for.
                #[allow(unsafe_code)]
                return unsafe { avx2($($argument),*) };
            }
            portable($($argument),*)
        }
    };
}
pub(crate) use vectorised;

/// Whether this machine has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
pub fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// Whether this machine has AVX-512, as well as AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
pub fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f") && has_avx2()
}

//! Loops compiled for AVX2 and FMA, where the machine has them, and for every machine.

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
pub(in crate::model) use vectorised;

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

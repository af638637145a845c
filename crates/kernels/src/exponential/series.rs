//! The constants of the exponential, for results of either type.

/// What differs between results of the two types.
pub(crate) trait Exponential: Sized {
    /// Beyond these, `eˣ` is 0 or ∞.
    const RANGE: (f64, f64);
    /// The coefficients of `q`, that of the highest power first.
    const SERIES: &'static [f64];
}

impl Exponential for f32 {
    // At the lower end 2ⁿ is 0, at the upper one it is ∞ as an f32.
    const RANGE: (f64, f64) = (-709.1, 200.0);
    const SERIES: &'static [f64] = &[
        2.485_958_983_458_905_6e-5,
        1.989_928_557_589_628_2e-4,
        1.388_885_403_566_671e-3,
        8.333_298_469_800_59e-3,
        4.166_666_671_901_226e-2,
        1.666_666_671_902_893_6e-1,
        0.5,
    ];
}

impl Exponential for f64 {
    const RANGE: (f64, f64) = (-746.0, 710.0);
    const SERIES: &'static [f64] = &[
        1.0 / 6_227_020_800.0,
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
    ];
}

//! A layer against a table, in both types.

use layers::Layer;
use tensor_core::Float;

use crate::evaluate::{evaluate, worst};

/// Where the tables stand.
pub(crate) const Z: [f64; 8] = [-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0];

/// Both types against the table; `units` bounds the relative error in rounding errors of the type.
pub(crate) fn check<L: Layer<f64> + Layer<f32>>(
    layer: L,
    units: f64,
    value: [f64; 8],
    derivative: [f64; 8],
) {
    fn one<F: Float, L: Layer<F>>(layer: &L, units: f64, table: [&[f64; 8]; 2]) {
        let (y, dx) = evaluate::<F, L>(layer, &Z);
        for (what, got, want) in [("value", y, table[0]), ("derivative", dx, table[1])] {
            let worst = worst::<F>(&got, want);
            assert!(
                worst <= units,
                "{} {layer:?}, {what}: {worst:.1} u\n{got:?}\n{want:?}",
                F::NAME
            );
        }
    }
    one::<f64, L>(&layer, units, [&value, &derivative]);
    one::<f32, L>(&layer, units, [&value, &derivative]);
}

//! An activation at the ends of its type.

use layers::Activation;
use ndarray::Array2;
use tensor_core::Float;

use crate::evaluate::evaluate;

/// Values and derivatives of an activation at −∞, −MAX, −8 q, 8 q, MAX and ∞, exactly, in both
/// types: `table` gives them for the type's largest number and its smallest one, `q`. At NaN both
/// are NaN, and so is every gradient of a NaN from above.
pub(crate) fn check_extremes<A: Activation>(layer: A, table: fn(f64, f64) -> [[f64; 6]; 2]) {
    fn one<F: Float, A: Activation>(layer: &A, q: f64, table: fn(f64, f64) -> [[f64; 6]; 2]) {
        let (inf, max) = (f64::INFINITY, F::max_value().as_f64());
        let z = [-inf, -max, -8.0 * q, 8.0 * q, max, inf];
        let (y, dx) = evaluate::<F, A>(layer, &z);
        let [value, derivative] = table(max, q);
        let round = |row: [f64; 6]| row.map(|x| F::of(x).as_f64()).to_vec();
        assert_eq!((y, dx), (round(value), round(derivative)), "{} {layer:?}", F::NAME);
        let (y, dx) = evaluate::<F, A>(layer, &[f64::NAN]);
        assert!(y[0].is_nan() && dx[0].is_nan(), "{} {layer:?} at NaN: {y:?}, {dx:?}", F::NAME);
        let (z, nan) = (Array2::from_shape_fn((1, 6), |(_, c)| F::of(z[c])), F::nan());
        let mut dz = Array2::zeros((1, 6));
        layer.chain([&z, &z, &Array2::from_elem((1, 6), nan)], &mut dz);
        assert!(dz.iter().all(|dz| dz.is_nan()), "{} {layer:?} of NaN: {dz:?}", F::NAME);
    }
    one::<f64, A>(&layer, f64::from_bits(1), table);
    one::<f32, A>(&layer, f32::from_bits(1).into(), table);
}

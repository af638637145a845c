//! Prints the report that the README explains.

use gradcheck::{Config, Tensor, check_vjp};
use ndarray::{Axis, arr2};

fn main() {
    let x = Tensor::new("x", arr2(&[[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]]));
    let report = check_vjp(
        "mean over rows",
        &[x],
        |t| vec![t[0].sum_axis(Axis(0)) / 2.0],
        |t, dy| vec![&t[0] * 0.0 + &dy[0]],
        &Config::default(),
    );
    println!("{report}");
}

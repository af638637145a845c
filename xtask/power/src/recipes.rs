//! Fixed recipes of other checkers, from their published definitions.
//!
//! Each judges one element of `φ(t) = Σ_j v_j F_j(x + t e_i)`: the same function, point and
//! cotangent that our checker gets. PyTorch compares every output's row by itself in its slow
//! mode and random projections in its fast one; JAX takes random tangents. Judging the projected
//! element is the common ground, and no worse for any of them.

/// A recipe: name, and whether it accepts the analytic value `a`.
pub(super) struct Recipe {
    pub(super) name: &'static str,
    /// φ, x, a, ‖g‖∞ → accepted
    pub(super) accepts: fn(&dyn Fn(f64) -> f64, f64, f64, f64) -> bool,
}

pub(super) const RECIPES: [Recipe; 4] = [
    Recipe { name: "PyTorch gradcheck", accepts: pytorch },
    Recipe { name: "JAX check_grads", accepts: jax },
    Recipe { name: "Stan finite_diff", accepts: stan },
    Recipe { name: "Ridders, same τ as ours", accepts: ridders },
];

fn central(phi: &dyn Fn(f64) -> f64, h: f64) -> f64 {
    (phi(h) - phi(-h)) / (2.0 * h)
}

/// `torch.autograd.gradcheck`: step 1e-6, `|a − n| ≤ 1e-5 + 1e-3 |n|`.
fn pytorch(phi: &dyn Fn(f64) -> f64, _x: f64, a: f64, _g: f64) -> bool {
    let n = central(phi, 1e-6);
    (a - n).abs() <= 1e-5 + 1e-3 * n.abs()
}

/// `jax.test_util.check_grads`: step 1e-4, float64 tolerance `1e-5 + 1e-5 |n|`.
fn jax(phi: &dyn Fn(f64) -> f64, _x: f64, a: f64, _g: f64) -> bool {
    let n = central(phi, 1e-4);
    (a - n).abs() <= 1e-5 + 1e-5 * n.abs()
}

/// Stan Math `finite_diff_gradient_auto`: six points, step ε^{1/3}·max(1, |x|), and the gradient
/// tolerance of its test framework, 1e-4 of the mean magnitude but at least 1e-8.
fn stan(phi: &dyn Fn(f64) -> f64, x: f64, a: f64, _g: f64) -> bool {
    let h = f64::EPSILON.cbrt() * x.abs().max(1.0);
    let pair = |k: f64| phi(k * h) - phi(-k * h);
    let n = (pair(3.0) / 60.0 - 3.0 * pair(2.0) / 20.0 + 3.0 * pair(1.0) / 4.0) / h;
    (a - n).abs() <= (1e-4 * 0.5 * (a.abs() + n.abs())).max(1e-8)
}

/// `dfridr` of Numerical Recipes: steps divided by 1.4, at most ten, until the error estimate
/// doubles; accepted within our own tolerance plus that estimate.
fn ridders(phi: &dyn Fn(f64) -> f64, x: f64, a: f64, g: f64) -> bool {
    const CON: f64 = 1.4;
    let mut h = 0.1 * x.abs().max(1.0);
    let mut last = vec![central(phi, h)];
    let (mut best, mut error) = (last[0], f64::INFINITY);
    for _ in 1..10 {
        h /= CON;
        let mut row = vec![central(phi, h)];
        let mut factor = CON * CON;
        for j in 0..last.len() {
            row.push((row[j] * factor - last[j]) / (factor - 1.0));
            factor *= CON * CON;
            let e = (row[j + 1] - row[j]).abs().max((row[j + 1] - last[j]).abs());
            if e <= error {
                (best, error) = (row[j + 1], e);
            }
        }
        let drift = (row[row.len() - 1] - last[last.len() - 1]).abs();
        if drift >= 2.0 * error {
            break;
        }
        last = row;
    }
    (a - best).abs() <= 1e-8 * a.abs().max(best.abs()) + 1e-9 * g + error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_accept_the_derivative_and_refuse_twice_of_it() {
        let phi = |t: f64| (0.3 + t).sin();
        let a = 0.3_f64.cos();
        for recipe in &RECIPES {
            assert!((recipe.accepts)(&phi, 0.3, a, 1.0), "{}", recipe.name);
            assert!(!(recipe.accepts)(&phi, 0.3, 2.0 * a, 1.0), "{}", recipe.name);
        }
    }
}

//! The curvature that past steps have shown, and the direction that follows from it.

use tensor_core::Float;

use super::flat::{add, dot};

/// One past step: the displacement `s` and the change `y` of the gradient.
///
/// It belongs to [`LbfgsState`](crate::LbfgsState), which shows it in use.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LbfgsPair<F> {
    /// `s`: where the step led, minus where it began.
    pub s: Vec<F>,
    /// `y`: the gradient there, minus the gradient where it began.
    pub y: Vec<F>,
}

/// `ρ = 1/(yᵀs)` and `γ = yᵀs/yᵀy`, if the pair shows positive curvature: with less than a rounding
/// of it, `yᵀs ≤ u ‖y‖ ‖s‖`, the inverse would be made of noise.
pub(super) fn curvature<F: Float>(s: &[F], y: &[F]) -> Option<(f64, f64)> {
    let [ys, yy, ss] = [dot(y, s), dot(y, y), dot(s, s)];
    let (rho, gamma) = (1.0 / ys, ys / yy);
    let positive = ys > F::epsilon().as_f64() * yy.sqrt() * ss.sqrt();
    (positive && rho.is_finite() && gamma.is_finite() && rho > 0.0 && gamma > 0.0)
        .then_some((rho, gamma))
}

/// `q ← −H q`, the direction at a gradient `q`: the two-loop recursion (algorithm 7.4), with
/// `H₀ = γ I`. `pairs` and their `rho` stand oldest first; `alpha` is as long.
pub(super) fn direction<F: Float>(
    q: &mut [F],
    pairs: &[LbfgsPair<F>],
    (rho, gamma): (&[f64], f64),
    alpha: &mut [f64],
) {
    for q in q.iter_mut() {
        *q = -*q;
    }
    for (i, LbfgsPair { s, y }) in pairs.iter().enumerate().rev() {
        alpha[i] = rho[i] * dot(s, q); // α_i = ρ_i s_iᵀ q
        add(q, -alpha[i], y); // q ← q − α_i y_i
    }
    let gamma = F::of(gamma);
    for q in q.iter_mut() {
        *q *= gamma; // r ← γ q
    }
    for (i, LbfgsPair { s, y }) in pairs.iter().enumerate() {
        let beta = rho[i] * dot(y, q); // β = ρ_i y_iᵀ r
        add(q, alpha[i] - beta, s); // r ← r + (α_i − β) s_i
    }
}

#[cfg(test)]
mod tests {
    use super::{LbfgsPair, curvature, direction};

    // L = ½ (w₁² + 4 w₂²): y = (s₁, 4 s₂). With two pairs along the axes, H = diag(1, ¼), and the
    // direction is −(g₁, g₂/4), whatever γ.
    #[test]
    fn two_pairs_of_a_quadratic_give_its_inverse() {
        let pair = |s: [f64; 2]| LbfgsPair { s: s.to_vec(), y: vec![s[0], 4.0 * s[1]] };
        let pairs = [pair([2.0, 0.0]), pair([0.0, 0.5])];
        let rho: Vec<f64> = pairs.iter().map(|p| curvature(&p.s, &p.y).unwrap().0).collect();
        assert_eq!(rho, [0.25, 1.0]);
        for gamma in [0.1, 1.0, 3.0] {
            let mut q = [8.0, -4.0];
            direction(&mut q, &pairs, (&rho, gamma), &mut [0.0; 2]);
            assert!((q[0] + 8.0).abs() < 1e-14 && (q[1] - 1.0).abs() < 1e-14, "{q:?}");
        }
    }

    // The sizes of s and y do not matter, nor that their squares would underflow.
    #[test]
    fn curvature_is_told_by_the_angle() {
        assert_eq!(curvature(&[2e-20], &[4e-20]).map(|c| c.1), Some(0.5));
        assert_eq!(curvature(&[1.0, 0.0], &[0.0, 1.0]), None);
        assert_eq!(curvature(&[1.0], &[-1.0]), None);
        assert_eq!(curvature(&[0.0], &[0.0]), None);
        assert_eq!(curvature(&[f64::NAN], &[1.0]), None);
        assert_eq!(curvature(&[1e200], &[1e200]), None);
    }
}

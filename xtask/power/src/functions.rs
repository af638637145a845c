//! The nine functions of the standard set, each with the gradient derived by hand.
//!
//! Arrays are rows of numbers; the shapes are those of [`Function::shapes`].

use super::number::{Number, sum};

/// A function of several arrays with one output array, and its vector–Jacobian product.
pub(super) trait Function {
    /// Name in tables.
    fn name(&self) -> &'static str;
    /// Name and shape of each argument.
    fn shapes(&self) -> Vec<(&'static str, Vec<usize>)>;
    /// The output.
    fn f<T: Number>(&self, x: &[Vec<T>]) -> Vec<T>;
    /// One gradient an argument.
    fn vjp<T: Number>(&self, x: &[Vec<T>], v: &[T]) -> Vec<Vec<T>>;
    /// Whether the function has no kink.
    fn is_smooth(&self) -> bool {
        true
    }
    /// Whether the first argument drives it into saturation.
    fn is_saturated(&self, _x: &[f64]) -> bool {
        false
    }
}

/// `y = x Wᵀ + b`: x (2, 4), W (3, 4), b (3).
pub(super) struct Linear;

impl Function for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }
    fn shapes(&self) -> Vec<(&'static str, Vec<usize>)> {
        vec![("x", vec![2, 4]), ("weight", vec![3, 4]), ("bias", vec![3])]
    }
    fn f<T: Number>(&self, x: &[Vec<T>]) -> Vec<T> {
        affine(&x[0], &x[1], &x[2], 4)
    }
    fn vjp<T: Number>(&self, x: &[Vec<T>], v: &[T]) -> Vec<Vec<T>> {
        affine_vjp(&x[0], &x[1], v, 4)
    }
}

fn affine<T: Number>(x: &[T], w: &[T], b: &[T], n_in: usize) -> Vec<T> {
    let rows = x.chunks(n_in);
    rows.flat_map(|x| w.chunks(n_in).zip(b).map(|(w, b)| dot(x, w) + *b)).collect()
}

fn affine_vjp<T: Number>(x: &[T], w: &[T], v: &[T], n_in: usize) -> Vec<Vec<T>> {
    let n_out = w.len() / n_in;
    let rows = || v.chunks(n_out).zip(x.chunks(n_in));
    let dx = rows()
        .flat_map(|(v, _)| {
            (0..n_in).map(move |i| sum(v.iter().enumerate().map(|(o, v)| *v * w[o * n_in + i])))
        })
        .collect();
    let dw = (0..w.len()).map(|k| sum(rows().map(|(v, x)| v[k / n_in] * x[k % n_in]))).collect();
    let db = (0..n_out).map(|o| sum(rows().map(|(v, _)| v[o]))).collect();
    vec![dx, dw, db]
}

fn dot<T: Number>(a: &[T], b: &[T]) -> T {
    sum(a.iter().zip(b).map(|(a, b)| *a * *b))
}

/// `y = tanh x`, elementwise.
pub(super) struct Tanh;

impl Function for Tanh {
    fn name(&self) -> &'static str {
        "tanh"
    }
    fn shapes(&self) -> Vec<(&'static str, Vec<usize>)> {
        vec![("x", vec![8])]
    }
    fn f<T: Number>(&self, x: &[Vec<T>]) -> Vec<T> {
        x[0].iter().map(|x| x.tanh()).collect()
    }
    fn vjp<T: Number>(&self, x: &[Vec<T>], v: &[T]) -> Vec<Vec<T>> {
        let slope = |x: &T| {
            // 1 − tanh² = 4e^{−2|x|} / (1 + e^{−2|x|})², which does not cancel.
            let magnitude = if *x < T::of(0.0) { -*x } else { *x };
            let e = (-(T::of(2.0) * magnitude)).exp();
            let base = T::of(1.0) + e;
            T::of(4.0) * e / (base * base)
        };
        vec![x[0].iter().zip(v).map(|(x, v)| *v * slope(x)).collect()]
    }
    fn is_saturated(&self, x: &[f64]) -> bool {
        x.iter().any(|x| x.abs() > 8.0)
    }
}

/// `y = ½x(1 + tanh(√(2/π)(x + 0.044715x³)))`, elementwise.
pub(super) struct Gelu;

impl Gelu {
    const C: f64 = 0.044715;
    fn root<T: Number>() -> T {
        T::of(0.797_884_560_802_865_4)
    }
}

impl Function for Gelu {
    fn name(&self) -> &'static str {
        "gelu"
    }
    fn shapes(&self) -> Vec<(&'static str, Vec<usize>)> {
        vec![("x", vec![8])]
    }
    fn f<T: Number>(&self, x: &[Vec<T>]) -> Vec<T> {
        let half = T::of(0.5);
        let inner = |x: T| Self::root::<T>() * (x + T::of(Self::C) * x * x * x);
        x[0].iter().map(|x| half * *x * (T::of(1.0) + inner(*x).tanh())).collect()
    }
    fn vjp<T: Number>(&self, x: &[Vec<T>], v: &[T]) -> Vec<Vec<T>> {
        let (half, one) = (T::of(0.5), T::of(1.0));
        let slope = |x: T| {
            let t = (Self::root::<T>() * (x + T::of(Self::C) * x * x * x)).tanh();
            let inner = Self::root::<T>() * (one + T::of(3.0 * Self::C) * x * x);
            half * (one + t) + half * x * (one - t * t) * inner
        };
        vec![x[0].iter().zip(v).map(|(x, v)| *v * slope(*x)).collect()]
    }
    fn is_saturated(&self, x: &[f64]) -> bool {
        x.iter().any(|x| x.abs() > 4.0)
    }
}

/// `yᵢ = e^{xᵢ} / Σ e^{xⱼ}` of each row: x (2, 4).
pub(super) struct Softmax;

fn softmax<T: Number>(row: &[T]) -> Vec<T> {
    let top = row.iter().fold(row[0], |top, x| if *x > top { *x } else { top });
    let e: Vec<T> = row.iter().map(|x| (*x - top).exp()).collect();
    let total = sum(e.iter().copied());
    e.into_iter().map(|e| e / total).collect()
}

impl Function for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }
    fn shapes(&self) -> Vec<(&'static str, Vec<usize>)> {
        vec![("x", vec![2, 4])]
    }
    fn f<T: Number>(&self, x: &[Vec<T>]) -> Vec<T> {
        x[0].chunks(4).flat_map(softmax).collect()
    }
    fn vjp<T: Number>(&self, x: &[Vec<T>], v: &[T]) -> Vec<Vec<T>> {
        let rows = x[0].chunks(4).zip(v.chunks(4));
        let dx = rows.flat_map(|(x, v)| {
            let p = softmax(x);
            // p_i Σ_j p_j (v_i − v_j) loses nothing where one p is nearly 1.
            (0..4).map(|i| p[i] * sum((0..4).map(|j| p[j] * (v[i] - v[j])))).collect::<Vec<T>>()
        });
        vec![dx.collect()]
    }
    fn is_saturated(&self, x: &[f64]) -> bool {
        x.chunks(4).any(|row| spread(row) > 12.0)
    }
}

fn spread(row: &[f64]) -> f64 {
    let (lo, hi) =
        row.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    hi - lo
}

/// Mean of `ln Σ e^{xⱼ} − x_k` over the rows: x (4, 2…) with class `row mod 4`.
pub(super) struct CrossEntropy;

impl Function for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross-entropy"
    }
    fn shapes(&self) -> Vec<(&'static str, Vec<usize>)> {
        vec![("logits", vec![2, 4])]
    }
    fn f<T: Number>(&self, x: &[Vec<T>]) -> Vec<T> {
        let losses = x[0].chunks(4).enumerate().map(|(class, row)| {
            let top = row.iter().fold(row[0], |top, x| if *x > top { *x } else { top });
            sum(row.iter().map(|x| (*x - top).exp())).ln() + top - row[class]
        });
        vec![sum(losses) / T::of(2.0)]
    }
    fn vjp<T: Number>(&self, x: &[Vec<T>], v: &[T]) -> Vec<Vec<T>> {
        let rows = x[0].chunks(4).enumerate();
        let dx = rows.flat_map(|(class, row)| {
            let p = softmax(row);
            let others = -sum((0..4).filter(|j| *j != class).map(|j| p[j]));
            let half = v[0] / T::of(2.0);
            (0..4).map(|i| half * if i == class { others } else { p[i] }).collect::<Vec<T>>()
        });
        vec![dx.collect()]
    }
    fn is_saturated(&self, x: &[f64]) -> bool {
        x.chunks(4).any(|row| spread(row) > 12.0)
    }
}

/// `y = γ (x − μ)/√(σ² + ε) + β` over the rows (layer) or the columns (batch) of x (4, 4).
pub(super) struct Norm {
    pub(super) name: &'static str,
    pub(super) by_column: bool,
    pub(super) eps: f64,
}

impl Norm {
    const N: usize = 4;

    fn lane<T: Number>(&self, x: &[T], lane: usize) -> Vec<T> {
        (0..Self::N).map(|k| x[self.at(lane, k)]).collect()
    }
    fn at(&self, lane: usize, k: usize) -> usize {
        if self.by_column { k * Self::N + lane } else { lane * Self::N + k }
    }
    /// Which γ and β belong to the element.
    fn affine(&self, lane: usize, k: usize) -> usize {
        if self.by_column { lane } else { k }
    }
    fn normalised<T: Number>(&self, x: &[T]) -> (Vec<T>, T) {
        let n = T::of(Self::N as f64);
        let mean = sum(x.iter().copied()) / n;
        let variance = sum(x.iter().map(|x| (*x - mean) * (*x - mean))) / n;
        let inverse = T::of(1.0) / (variance + T::of(self.eps)).sqrt();
        (x.iter().map(|x| (*x - mean) * inverse).collect(), inverse)
    }
}

impl Function for Norm {
    fn name(&self) -> &'static str {
        self.name
    }
    fn shapes(&self) -> Vec<(&'static str, Vec<usize>)> {
        vec![("x", vec![4, 4]), ("gamma", vec![4]), ("beta", vec![4])]
    }
    fn f<T: Number>(&self, x: &[Vec<T>]) -> Vec<T> {
        let mut y = x[0].clone();
        for lane in 0..Self::N {
            let (z, _) = self.normalised(&self.lane(&x[0], lane));
            for (k, z) in z.into_iter().enumerate() {
                let c = self.affine(lane, k);
                y[self.at(lane, k)] = x[1][c] * z + x[2][c];
            }
        }
        y
    }
    fn vjp<T: Number>(&self, x: &[Vec<T>], v: &[T]) -> Vec<Vec<T>> {
        let n = T::of(Self::N as f64);
        let mut dx = x[0].clone();
        let mut dgamma = vec![T::of(0.0); Self::N];
        let mut dbeta = dgamma.clone();
        for lane in 0..Self::N {
            let (z, inverse) = self.normalised(&self.lane(&x[0], lane));
            let v = self.lane(v, lane);
            let dz: Vec<T> = (0..Self::N).map(|k| v[k] * x[1][self.affine(lane, k)]).collect();
            let mean = sum(dz.iter().copied()) / n;
            let along = dot(&dz, &z) / n;
            for k in 0..Self::N {
                let c = self.affine(lane, k);
                dgamma[c] = dgamma[c] + v[k] * z[k];
                dbeta[c] = dbeta[c] + v[k];
                dx[self.at(lane, k)] = inverse * (dz[k] - mean - z[k] * along);
            }
        }
        vec![dx, dgamma, dbeta]
    }
}

/// `y = W₂ relu(W₁ x + b₁) + b₂`: x (2, 4), W₁ (4, 4), b₁ (4), W₂ (2, 4), b₂ (2).
pub(super) struct ReluMlp;

impl ReluMlp {
    fn relu<T: Number>(z: &[T]) -> Vec<T> {
        z.iter().map(|z| if *z > T::of(0.0) { *z } else { T::of(0.0) }).collect()
    }
}

impl Function for ReluMlp {
    fn name(&self) -> &'static str {
        "relu mlp"
    }
    fn shapes(&self) -> Vec<(&'static str, Vec<usize>)> {
        let shapes = [vec![2, 4], vec![4, 4], vec![4], vec![2, 4], vec![2]];
        ["x", "w1", "b1", "w2", "b2"].into_iter().zip(shapes).collect()
    }
    fn f<T: Number>(&self, x: &[Vec<T>]) -> Vec<T> {
        let hidden = Self::relu(&affine(&x[0], &x[1], &x[2], 4));
        affine(&hidden, &x[3], &x[4], 4)
    }
    fn vjp<T: Number>(&self, x: &[Vec<T>], v: &[T]) -> Vec<Vec<T>> {
        let z = affine(&x[0], &x[1], &x[2], 4);
        let outer = affine_vjp(&Self::relu(&z), &x[3], v, 4);
        let dz: Vec<T> = outer[0]
            .iter()
            .zip(&z)
            .map(|(d, z)| if *z > T::of(0.0) { *d } else { T::of(0.0) })
            .collect();
        let mut all = affine_vjp(&x[0], &x[1], &dz, 4);
        all.extend(outer.into_iter().skip(1));
        all
    }
    fn is_smooth(&self) -> bool {
        false
    }
}

/// `Σ (x − y)² / n`: x (2, 4), y (2, 4).
pub(super) struct Mse;

impl Function for Mse {
    fn name(&self) -> &'static str {
        "mse"
    }
    fn shapes(&self) -> Vec<(&'static str, Vec<usize>)> {
        vec![("x", vec![2, 4]), ("target", vec![2, 4])]
    }
    fn f<T: Number>(&self, x: &[Vec<T>]) -> Vec<T> {
        let squares = x[0].iter().zip(&x[1]).map(|(x, y)| (*x - *y) * (*x - *y));
        vec![sum(squares) / T::of(8.0)]
    }
    fn vjp<T: Number>(&self, x: &[Vec<T>], v: &[T]) -> Vec<Vec<T>> {
        let quarter = v[0] / T::of(4.0);
        let dx: Vec<T> = x[0].iter().zip(&x[1]).map(|(x, y)| quarter * (*x - *y)).collect();
        let dy = dx.iter().map(|d| -*d).collect();
        vec![dx, dy]
    }
}

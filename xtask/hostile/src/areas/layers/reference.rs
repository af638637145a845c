//! The plain forms over a whole batch.

use layers::{Layer, Mode};
use ndarray::ArrayRef2;
use tensor_core::{Float, Path};

use crate::num::{Num, sum};
use crate::plain_layers::{Plain, Rows, normalize, own};

/// What both passes have to compute, in row-major order.
#[derive(Default)]
pub(crate) struct Reference {
    pub(crate) y: Vec<Num>,
    pub(crate) dx: Vec<Num>,
    pub(crate) dweight: Vec<Num>,
    pub(crate) dbias: Vec<Num>,
}

/// The batch and the layer's tensors.
struct Given {
    x: Vec<Vec<Num>>,
    dy: Vec<Vec<Num>>,
    weight: Option<Vec<Num>>,
    bias: Option<Vec<Num>>,
    running: Option<[Vec<Num>; 2]>,
    width: usize,
}

fn rows<F: Float>(matrix: &ArrayRef2<F>) -> Vec<Vec<Num>> {
    matrix.rows().into_iter().map(|row| row.iter().map(|&x| Num::from(x)).collect()).collect()
}

impl Reference {
    pub(crate) fn new<F: Float, L: Layer<F>>(
        plain: &Plain,
        mode: Mode,
        layer: &L,
        [x, dy]: [&ArrayRef2<F>; 2],
        masks: &[F],
    ) -> Self {
        let find = |name: &str| {
            let mut found = None;
            layer.each_tensor(Path::root(), &mut |path, tensor| {
                if path.leaf() == name {
                    found = Some(tensor.value.iter().map(|&x| Num::from(x)).collect::<Vec<_>>());
                }
            });
            found
        };
        let running = find("running_mean").zip(find("running_var")).map(|(m, v)| [m, v]);
        let given = Given {
            x: rows(x),
            dy: rows(dy),
            weight: find("weight"),
            bias: find("bias"),
            running,
            width: x.ncols(),
        };
        match plain {
            Plain::Linear => given.linear::<F>(),
            Plain::Map(f) => given.map(f),
            Plain::Rows(f) => given.rows(*f),
            &Plain::Norm { group, length, eps, about_zero } => {
                given.norm([group, length], eps, about_zero)
            }
            &Plain::BatchNorm { eps } => given.batch_norm(eps, mode),
            Plain::PRelu => given.prelu(),
            Plain::Dropout => given.dropout(masks, mode),
        }
    }
}

impl Given {
    fn map(&self, f: &dyn Fn(Num) -> (Num, Num)) -> Reference {
        let mut reference = Reference::default();
        for (&x, &dy) in self.x.iter().flatten().zip(self.dy.iter().flatten()) {
            let (value, slope) = f(x);
            reference.y.push(value);
            // The derivative is a number of its own before it is a factor: below the smallest one
            // it is 0.
            reference.dx.push(dy * own(slope));
        }
        reference
    }

    fn prelu(&self) -> Reference {
        let weight = self.weight.as_deref().unwrap_or_default();
        let mut reference =
            Reference { dweight: vec![Num::zero(); weight.len()], ..Reference::default() };
        for (x, dy) in self.x.iter().zip(&self.dy) {
            for (c, (&x, &dy)) in x.iter().zip(dy).enumerate() {
                let c = if weight.len() == 1 { 0 } else { c };
                let is_above = x.value > crate::wide::Wide::ZERO;
                reference.y.push(if is_above { x } else { weight[c] * x });
                let dx = if is_above { dy } else { weight[c] * dy };
                reference.dx.push(if x.is_nan() { x } else { dx });
                let dw = if is_above { Num::zero() * dy } else { own(dy * x) };
                reference.dweight[c] = reference.dweight[c] + dw;
            }
        }
        reference
    }

    fn rows(&self, f: Rows) -> Reference {
        let mut reference = Reference::default();
        for (x, dy) in self.x.iter().zip(&self.dy) {
            let (y, dx) = f(x, dy);
            reference.y.extend(y);
            reference.dx.extend(dx);
        }
        reference
    }

    /// In the type's own precision.
    fn linear<F: Float>(&self) -> Reference {
        let own = |x: &Num| x.computed_in::<F>();
        let weight: Vec<_> = self.weight.iter().flatten().map(own).collect();
        let (c_in, c_out) = (self.width, weight.len() / self.width);
        let at = |i: usize, j: usize| weight[i * c_in + j];
        let mut reference = Reference::default();
        for (x, dy) in self.x.iter().zip(&self.dy) {
            for i in 0..c_out {
                let z = sum(0..c_in, |j| own(&x[j]) * at(i, j));
                let bias = self.bias.as_ref().map(|bias| own(&bias[i]));
                reference.y.push(bias.map_or(z, |b| z + b));
            }
            reference.dx.extend((0..c_in).map(|j| sum(0..c_out, |i| own(&dy[i]) * at(i, j))));
        }
        let batch = || self.x.iter().zip(&self.dy);
        for i in 0..c_out {
            let dw = |j: usize| sum(batch(), |(x, dy)| own(&dy[i]) * own(&x[j]));
            reference.dweight.extend((0..c_in).map(dw));
            reference.dbias.push(sum(&self.dy, |dy| own(&dy[i])));
        }
        reference
    }

    fn gamma(&self, channel: usize) -> Option<Num> {
        self.weight.as_ref().map(|weight| weight[channel])
    }

    /// `γ n + β`, without the factors that are not there.
    fn affine(&self, normal: Num, channel: usize) -> Num {
        let scaled = self.gamma(channel).map_or(normal, |g| g * normal);
        self.bias.as_ref().map_or(scaled, |bias| scaled + bias[channel])
    }

    fn norm(&self, [group, length]: [usize; 2], eps: f64, about_zero: bool) -> Reference {
        let channels = self.width / length;
        let mut reference = Reference {
            dweight: vec![Num::zero(); channels],
            dbias: vec![Num::zero(); channels],
            ..Reference::default()
        };
        for (x, dy) in self.x.iter().zip(&self.dy) {
            for start in (0..self.width).step_by(group) {
                let channel = |i: usize| (start + i) / length;
                let (x, dy) = (&x[start..start + group], &dy[start..start + group]);
                let scale =
                    |(i, &dy): (usize, &Num)| self.gamma(channel(i)).map_or(dy, |g| own(g * dy));
                let dn: Vec<_> = dy.iter().enumerate().map(scale).collect();
                let normalized = normalize(x, &dn, eps, about_zero);
                for (i, &normal) in normalized.normal.iter().enumerate() {
                    reference.y.push(self.affine(normal, channel(i)));
                    let c = channel(i);
                    reference.dweight[c] = reference.dweight[c] + dy[i] * normal;
                    reference.dbias[c] = reference.dbias[c] + dy[i];
                }
                reference.dx.extend(normalized.dx);
            }
        }
        reference
    }

    fn batch_norm(&self, eps: f64, mode: Mode) -> Reference {
        let n = self.x.len();
        let mut reference = Reference {
            y: vec![Num::zero(); n * self.width],
            dx: vec![Num::zero(); n * self.width],
            ..Reference::default()
        };
        for c in 0..self.width {
            let x: Vec<_> = self.x.iter().map(|row| row[c]).collect();
            let dy: Vec<_> = self.dy.iter().map(|row| row[c]).collect();
            let scale = |&dy: &Num| self.gamma(c).map_or(dy, |g| own(g * dy));
            let dn: Vec<_> = dy.iter().map(scale).collect();
            let (normal, dx): (Vec<Num>, Vec<Num>) = match (mode, &self.running) {
                (Mode::Eval, Some([mean, variance])) => {
                    let deviation = (variance[c] + Num::of(eps)).sqrt();
                    let normal = x.iter().map(|&x| own((x - mean[c]) / deviation)).collect();
                    (normal, dn.iter().map(|&d| d / deviation).collect())
                }
                _ => {
                    let normalized = normalize(&x, &dn, eps, false);
                    (normalized.normal, normalized.dx)
                }
            };
            for (i, (&normal, &dx)) in normal.iter().zip(&dx).enumerate() {
                reference.y[i * self.width + c] = self.affine(normal, c);
                reference.dx[i * self.width + c] = dx;
            }
            reference.dweight.push(sum(normal.iter().zip(&dy), |(&y, &dy)| y * dy));
            reference.dbias.push(sum(&dy, |&dy| dy));
        }
        reference
    }

    fn dropout<F: Float>(&self, masks: &[F], mode: Mode) -> Reference {
        let of = |values: &[Vec<Num>]| {
            let values = values.iter().flatten().enumerate();
            let masked = |(i, &x): (usize, &Num)| match mode {
                Mode::Train => Num::from(masks[i]) * x,
                Mode::Eval => x,
            };
            values.map(masked).collect()
        };
        Reference { y: of(&self.x), dx: of(&self.dy), ..Reference::default() }
    }
}

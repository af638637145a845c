//! What the checker is measured on: anything that gives inputs, a function and its gradient.

use gradcheck::{Rng, Tensor};
use ndarray::{ArrayD, IxDyn};
use twofloat::TwoFloat;

use super::functions::{CrossEntropy, Function, Gelu, Linear, Mse, Norm, ReluMlp, Softmax, Tanh};
use super::number::Number;

/// A forward pass.
pub(crate) type Forward = Box<dyn Fn(&[ArrayD<f64>]) -> Vec<ArrayD<f64>>>;
/// A backward pass: inputs, cotangents → gradients.
pub(crate) type Backward = Box<dyn Fn(&[ArrayD<f64>], &[ArrayD<f64>]) -> Vec<ArrayD<f64>>>;

/// A source of right gradients.
pub(crate) trait PowerCase {
    /// Name in tables.
    fn name(&self) -> String;
    /// A random instance.
    fn draw(&self, seed: u64) -> Draw;
}

/// One instance: a point, a function and its correct gradient.
pub(crate) struct Draw {
    /// The arguments.
    pub(crate) inputs: Vec<Tensor>,
    /// The function.
    pub(crate) f: Forward,
    /// Its vector–Jacobian product, believed right.
    pub(crate) vjp: Backward,
    /// The same from more precise arithmetic, where there is one.
    pub(crate) truth: Option<Backward>,
    /// Whether the function has no kink.
    pub(crate) is_smooth: bool,
    /// Whether outputs are flat to the last bits, so that little can be seen of the gradient.
    pub(crate) is_saturated: bool,
}

/// The nine functions of the published figures.
pub(crate) fn standard_set() -> Vec<Box<dyn PowerCase>> {
    nine(Saturation::Mixed)
}

/// The same functions, driven as a whole to where softmax or tanh are flat to the last bit.
pub(super) fn saturated_set() -> Vec<Box<dyn PowerCase>> {
    nine(Saturation::Whole)
}

fn nine(saturation: Saturation) -> Vec<Box<dyn PowerCase>> {
    let layer = || Norm { name: "layer norm", by_column: false, eps: 1e-5 };
    let batch = || Norm { name: "batch norm", by_column: true, eps: 1e-8 };
    vec![
        Box::new(Standard { make: || Linear, saturation }),
        Box::new(Standard { make: || Tanh, saturation }),
        Box::new(Standard { make: || Gelu, saturation }),
        Box::new(Standard { make: || Softmax, saturation }),
        Box::new(Standard { make: || CrossEntropy, saturation }),
        Box::new(Standard { make: layer, saturation }),
        Box::new(Standard { make: batch, saturation }),
        Box::new(Standard { make: || ReluMlp, saturation }),
        Box::new(Standard { make: || Mse, saturation }),
    ]
}

/// How inputs of magnitude 30 come in.
#[derive(Clone, Copy)]
enum Saturation {
    /// In one draw of ten, about half of the elements have it.
    Mixed,
    /// Every element of the first argument has it.
    Whole,
}

/// A function of the set, made afresh for every draw.
struct Standard<F: Function> {
    make: fn() -> F,
    saturation: Saturation,
}

impl<F: Function + 'static> PowerCase for Standard<F> {
    fn name(&self) -> String {
        (self.make)().name().to_string()
    }

    /// The first argument is normal with a standard deviation of 10^U(−2, 1), apart from
    /// saturation; the others have 1.
    fn draw(&self, seed: u64) -> Draw {
        let mut rng = Rng::new(seed);
        let function = (self.make)();
        let scale = 10.0_f64.powf(3.0 * rng.uniform() - 2.0);
        let fraction = match self.saturation {
            Saturation::Whole => 1.0,
            Saturation::Mixed if rng.below(10) == 0 => 0.5,
            Saturation::Mixed => 0.0,
        };
        let mut inputs: Vec<Tensor> = function
            .shapes()
            .into_iter()
            .map(|(name, shape)| Tensor::new(name, rng.normal_array(&shape, 1.0)))
            .collect();
        inputs[0]
            .value
            .mapv_inplace(|x| if rng.uniform() < fraction { 30.0 * x } else { scale * x });
        let is_saturated = function.is_saturated(&rows::<f64>(&[inputs[0].value.clone()])[0]);
        let (make, shape) = (self.make, output_shape(&function, &inputs));
        Draw {
            inputs,
            f: Box::new(move |x| vec![array(make().f(&rows::<f64>(x)), &shape)]),
            vjp: Box::new(move |x, v| gradients::<f64, F>(&make(), x, v)),
            truth: Some(Box::new(move |x, v| gradients::<TwoFloat, F>(&make(), x, v))),
            is_smooth: function.is_smooth(),
            is_saturated,
        }
    }
}

fn output_shape<F: Function>(function: &F, inputs: &[Tensor]) -> Vec<usize> {
    let values: Vec<_> = inputs.iter().map(|tensor| tensor.value.clone()).collect();
    vec![function.f(&rows::<f64>(&values)).len()]
}

fn rows<T: Number>(arrays: &[ArrayD<f64>]) -> Vec<Vec<T>> {
    arrays.iter().map(|array| array.iter().map(|x| T::of(*x)).collect()).collect()
}

fn array(row: Vec<f64>, shape: &[usize]) -> ArrayD<f64> {
    ArrayD::from_shape_vec(IxDyn(shape), row).unwrap_or_default()
}

fn gradients<T: Number, F: Function>(
    function: &F,
    x: &[ArrayD<f64>],
    v: &[ArrayD<f64>],
) -> Vec<ArrayD<f64>> {
    let cotangent = rows::<T>(v).concat();
    let all = function.vjp(&rows::<T>(x), &cotangent);
    all.into_iter()
        .zip(x)
        .map(|(g, x)| array(g.into_iter().map(Number::rounded).collect(), x.shape()))
        .collect()
}

//! The calls, and a model that they are made of.

use layers::{BatchNorm1d, Linear, Mode};
use losses::{Loss, MseLoss};
use models::{Sequential, Workspace};
use ndarray::{Array2, ArrayViewD};
use optim::{Optimizer, Sgd, SgdConfig};
use tensor_core::{Error, Float, Rng, Tensor};

pub(crate) fn random<F: Float>(seed: u64, rows: usize, columns: usize) -> Array2<F> {
    let mut rng = Rng::new(seed);
    Array2::from_shape_simple_fn((rows, columns), || F::of(rng.normal()))
}

/// A call of a training loop, right or wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    ForwardTrain,
    ForwardEval,
    ForwardOfOtherWidth,
    Seed,
    Loss,
    RefusedLoss,
    Backward,
    BackwardToInput,
    BackwardFrom,
    BackwardAdd,
    Clip,
    Step,
    Infer,
}

use Call::{
    Backward, BackwardAdd, BackwardFrom, BackwardToInput, Clip, ForwardEval, ForwardOfOtherWidth,
    ForwardTrain, Infer, RefusedLoss, Seed, Step,
};

pub(crate) const CALLS: [Call; 13] = [
    ForwardTrain,
    ForwardEval,
    ForwardOfOtherWidth,
    Seed,
    Call::Loss,
    RefusedLoss,
    Backward,
    BackwardToInput,
    BackwardFrom,
    BackwardAdd,
    Clip,
    Step,
    Infer,
];

/// A model of widths 2, 2, 2 in training.
pub(crate) struct Run<F: Float> {
    pub(crate) model: Sequential<F>,
    pub(crate) ws: Workspace<F>,
    sgd: Sgd<F>,
    x: [Array2<F>; 2],
}

/// All that can be read, as bits, or why it cannot.
pub(crate) type Reads = Vec<Result<Vec<u64>, String>>;

impl<F: Float> Run<F> {
    pub(crate) fn new() -> Self {
        let linear = |seed| Linear::new(2, 2, &mut Rng::new(seed)).unwrap();
        let norm = BatchNorm1d::new(2).unwrap();
        let model = Sequential::builder(2).push(linear(1)).push(norm).push(linear(2));
        let model = model.build().unwrap();
        let config = SgdConfig { lr: 0.1, momentum: 0.9, ..SgdConfig::default() };
        Self {
            ws: model.workspace(3).unwrap(),
            model,
            sgd: Sgd::new(config).unwrap(),
            x: [random(3, 3, 2), random(4, 2, 2)],
        }
    }

    pub(crate) fn call(&mut self, call: Call) -> Result<(), Error> {
        let Self { model, ws, sgd, x } = self;
        match call {
            ForwardTrain => model.forward(&x[0], ws, Mode::Train).map(drop),
            ForwardEval => model.forward(&x[1], ws, Mode::Eval).map(drop),
            ForwardOfOtherWidth => model.forward(&random(5, 2, 3), ws, Mode::Train).map(drop),
            Seed => ws.output_and_gradient().map(drop),
            Call::Loss => {
                let (a, mut da) = ws.output_and_gradient()?;
                MseLoss::default().backward(&a, &Array2::ones(a.dim()), &mut da).map(drop)
            }
            RefusedLoss => {
                let (a, mut da) = ws.output_and_gradient()?;
                let loss = MseLoss::default().backward(&a, &Array2::ones((1, 7)), &mut da);
                assert!(loss.is_err(), "whose error is ignored");
                Ok(())
            }
            Backward => model.backward(ws),
            BackwardToInput => model.backward_to_input(ws),
            BackwardFrom => {
                let dy = random(6, ws.rows().max(1), 2);
                model.backward_from(&dy, ws).map(drop)
            }
            BackwardAdd => model.backward_add(ws),
            Clip => sgd.clip_grad_norm(model, ws, 0.01).map(drop),
            Step => sgd.step(model, ws),
            Infer => model.infer(&x[1]).map(drop),
        }
    }

    pub(crate) fn reads(&self) -> Reads {
        let Self { model, ws, .. } = self;
        let mut reads = Vec::new();
        for i in 0..=model.n_layers() {
            reads.push(ws.activation(i).map(|a| bits(a.into_dyn())));
            reads.push(ws.activation_gradient(i).map(|a| bits(a.into_dyn())));
        }
        let all = |tensors: &mut dyn Iterator<Item = (String, Tensor<'_, F>)>| {
            tensors.flat_map(|(_, t)| bits(t.value)).collect::<Vec<_>>()
        };
        reads.push(Ok(all(&mut model.tensors())));
        reads.push(ws.parameter_gradients().map(|mut tensors| all(&mut tensors)));
        reads.push(ws.parameter_gradient("0.weight").map(bits));
        let inside = model.intermediates(ws);
        reads.push(inside.map(|list| list.iter().flat_map(|(_, a)| bits(a.view())).collect()));
        reads.push(model.infer(&self.x[1]).map(|y| bits(y.view().into_dyn())));
        reads.into_iter().map(|read| read.map_err(|error| error.to_string())).collect()
    }
}

pub(crate) fn bits<F: Float>(values: ArrayViewD<'_, F>) -> Vec<u64> {
    values.iter().map(|v| v.as_f64().to_bits()).collect()
}

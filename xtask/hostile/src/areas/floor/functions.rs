//! Functions of numbers and of rows.

use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::functions::exponentials::Exponentials;
use tensor_core::functions::{
    exp, exp_m1, ln, ln_1p, log_softmax, sigmoid, sigmoid_derivative, sign, softmax, softplus, tanh,
};

use crate::areas::layers::compare;
use crate::case::Case;
use crate::compare::Against;
use crate::laid::Laid;
use crate::num::Num;
use crate::plain_layers::{self as plain, Rows};

type Function = (&'static str, fn(f64) -> f64, fn(Num) -> Num);

fn functions<F: Float>() -> [Function; 9] {
    [
        ("exp", exp::<F>, Num::exp),
        ("exp_m1", exp_m1::<F>, Num::exp_m1),
        ("ln", ln::<F>, Num::ln),
        ("ln_1p", ln_1p::<F>, Num::ln_1p),
        ("sigmoid", sigmoid::<F>, |x| plain::sigmoid(x).0),
        ("sigmoid_derivative", sigmoid_derivative::<F>, |x| plain::sigmoid(x).1),
        ("tanh", tanh::<F>, |x| plain::tanh(x).0),
        ("softplus", softplus::<F>, plain::log_one_plus_exp),
        ("sign", sign::<f64>, |x| Num::of(sign(x.value.value()))),
    ]
}

/// Functions of one number, at numbers of the type.
pub(crate) fn run<F: Float>(case: &mut Case) {
    for (name, function, want) in functions::<F>() {
        case.about(format!("{name}<{}>", F::NAME));
        let values = case.draw.values();
        let x = case.draw.value::<F>(values);
        case.note(|| format!("at {x:e}"));
        let Some(got) = case.call(name, || function(x.as_f64())) else { continue };
        // The functions are right in the type that they serve.
        let (got, want) = (F::of(got), want(Num::from(x)));
        if let Some(off) = Against::new().off(got, want) {
            case.fault("number", format!("at {x:e}: {off}"));
        }
    }
}

/// Softmax, its logarithm, and the exponentials that both stand on.
pub(crate) fn rows<F: Float>(case: &mut Case) {
    case.about(format!("softmax<{}>", F::NAME));
    let shape = [case.draw.width(), case.draw.width()];
    let x = Laid::<F>::draw(&mut case.draw, shape);
    case.note(|| format!("{:?}", x.view()));
    let logarithm = case.draw.once_in(2);
    let mut y = Laid::<F>::output(&mut case.draw, shape);
    let (name, function, form) = match logarithm {
        true => ("log_softmax", log_softmax as Call<F>, plain::log_softmax as Rows),
        false => ("softmax", softmax as Call<F>, plain::softmax as Rows),
    };
    if case.call(name, || function(&x.view(), &mut y.view_mut())).is_none() {
        return;
    }
    case.must(y.gaps_are_untouched(), "gap written", || name.into());
    for (x, y) in x.view().rows().into_iter().zip(y.view().rows()) {
        let row: Vec<_> = x.iter().map(|&x| Num::from(x)).collect();
        let want = form(&row, &vec![Num::zero(); row.len()]).0;
        compare(case, name, Against::new(), y.iter(), &want);
    }
    let row = case.draw.argument();
    let column = case.draw.argument();
    if row < shape[0] && column < shape[1] {
        let view = x.view();
        let mut exponentials = Exponentials::new(&view);
        case.call("Exponentials::sums", || exponentials.sums(row));
        case.call("Exponentials::value", || exponentials.value(row, column));
        let top = case.call("Exponentials::argmax", || exponentials.argmax(row)).unwrap_or(0);
        let most = view.row(row).iter().all(|v| *v <= view[[row, top]]);
        let nan = view.row(row).iter().any(|v| v.is_nan());
        case.must(most || nan, "number", || format!("argmax {top} of {:?}", view.row(row)));
    }
}

type Call<F> = fn(&ArrayRef2<F>, &mut ArrayRef2<F>);

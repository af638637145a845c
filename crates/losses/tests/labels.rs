//! Class labels of every integer type: the same bits, PyTorch's ignored index, and what is refused.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

use losses::{
    CrossEntropyConfig, CrossEntropyLoss, EachLoss, IGNORE_INDEX, Labels, Loss, NllConfig, NllLoss,
    SampleWeighted, Targets,
};
use ndarray::{Array1, Array2};
use tensor_core::Rng;

const LABELS: [usize; 5] = [0, 3, 2, 2, 1];

fn predictions() -> Array2<f64> {
    let mut rng = Rng::new(3);
    Array2::from_shape_simple_fn((LABELS.len(), 4), || rng.normal())
}

/// Bits of loss, gradient and the samples' losses.
fn bits<L>(loss: &L, y: L::Target<'_>) -> Vec<u64>
where
    L: EachLoss<f64, Samples = ndarray::Ix1>,
    for<'a> L::Target<'a>: Copy,
{
    let (a, mut each) = (predictions(), Array1::zeros(LABELS.len()));
    let mut da = Array2::zeros(a.dim());
    let value = loss.backward(&a, y, &mut da).unwrap();
    assert_eq!(value.to_bits(), loss.forward(&a, y).unwrap().to_bits());
    loss.forward_each(&a, y, &mut each).unwrap();
    [value].iter().chain(&da).chain(&each).map(|x| x.to_bits()).collect()
}

fn signed(labels: [usize; 5]) -> ([i64; 5], [i32; 5]) {
    (labels.map(|label| label as i64), labels.map(|label| label as i32))
}

#[test]
fn every_integer_type_gives_the_same_bits() {
    let (wide, narrow) = signed(LABELS);
    let nll = NllLoss::default();
    let expected = bits(&nll, Labels::Classes(&LABELS));
    assert_eq!(bits(&nll, Labels::Signed(&wide)), expected);
    assert_eq!(bits(&nll, Labels::Signed32(&narrow)), expected);
    for label_smoothing in [0.0, 0.1] {
        let config = CrossEntropyConfig { label_smoothing, ..CrossEntropyConfig::default() };
        let ce = CrossEntropyLoss::new(config).unwrap();
        let expected = bits(&ce, Targets::Classes(&LABELS));
        assert_eq!(bits(&ce, Targets::Signed(&wide)), expected);
        assert_eq!(bits(&ce, Targets::Signed32(&narrow)), expected);
    }
}

/// An ignored row has the effect of a sample weight of 0.
#[test]
fn the_ignored_index_of_pytorch_leaves_rows_out() {
    let (mut wide, mut narrow) = signed(LABELS);
    (wide[1], narrow[1]) = (IGNORE_INDEX, IGNORE_INDEX as i32);
    let weights = [1.0, 0.0, 1.0, 1.0, 1.0];
    let a = predictions();
    let mut expected = Array2::from_elem(a.dim(), f64::NAN);

    let ignore_index = Some(IGNORE_INDEX);
    let nll = NllLoss::new(NllConfig { ignore_index, ..NllConfig::default() }).unwrap();
    let y = (Labels::Classes(&LABELS), &weights[..]);
    let loss = SampleWeighted(nll.clone()).backward(&a, y, &mut expected).unwrap();
    for y in [Labels::Signed(&wide), Labels::Signed32(&narrow)] {
        let mut da = Array2::from_elem(a.dim(), f64::NAN);
        assert_eq!((nll.backward(&a, y, &mut da).unwrap(), &da), (loss, &expected));
    }

    let config = CrossEntropyConfig { ignore_index, ..CrossEntropyConfig::default() };
    let ce = CrossEntropyLoss::new(config).unwrap();
    let y = (Targets::Classes(&LABELS), &weights[..]);
    let loss = SampleWeighted(ce.clone()).backward(&a, y, &mut expected).unwrap();
    for y in [Targets::Signed(&wide), Targets::Signed32(&narrow)] {
        let mut da = Array2::from_elem(a.dim(), f64::NAN);
        assert_eq!((ce.backward(&a, y, &mut da).unwrap(), &da), (loss, &expected));
    }
}

/// Each is named as the number that it is, in the row where it stands, and nothing is written.
#[test]
fn a_label_of_no_class_is_named_as_it_is() {
    let a = Array2::<f64>::zeros((2, 3));
    let hint = "(to leave such rows out, set ignore_index)";
    let table = [
        (Targets::Signed(&[-1, 0]), "0, found -1"),
        (Targets::Signed(&[0, IGNORE_INDEX]), "1, found -100"),
        (Targets::Signed(&[2, 3]), "1, found 3"),
        (Targets::Signed(&[0, i64::MIN]), "1, found -9223372036854775808"),
        (Targets::Signed32(&[1, -7]), "1, found -7"),
        (Targets::Signed32(&[i32::MAX, 0]), "0, found 2147483647"),
        (Targets::Classes(&[0, usize::MAX]), "1, found 18446744073709551615"),
    ];
    for (y, found) in table {
        let message = |loss| format!("{loss}: expected a class from 0 to 2 in row {found} {hint}");
        let mut da = Array2::from_elem((2, 3), 7.0);
        let error = CrossEntropyLoss::default().backward(&a, y, &mut da).unwrap_err();
        assert_eq!(error.to_string(), message("cross-entropy"));
        let labels = match y {
            Targets::Classes(labels) => Labels::Classes(labels),
            Targets::Signed(labels) => Labels::Signed(labels),
            Targets::Signed32(labels) => Labels::Signed32(labels),
            Targets::Rows(_) => unreachable!("none in the table"),
        };
        let error = NllLoss::default().backward(&a, labels, &mut da).unwrap_err();
        assert_eq!(error.to_string(), message("nll"));
        assert_eq!(da, Array2::from_elem((2, 3), 7.0), "a refused call writes nothing");
    }
}

#[test]
fn a_label_beside_the_ignored_index_is_refused() {
    let a = Array2::<f64>::zeros((2, 3));
    let config =
        CrossEntropyConfig { ignore_index: Some(IGNORE_INDEX), ..CrossEntropyConfig::default() };
    let ce = CrossEntropyLoss::new(config).unwrap();
    let refused = |y| ce.forward(&a, y).unwrap_err().to_string();
    let expected = "cross-entropy: expected a class from 0 to 2 or the ignored index -100 in row 1";
    assert_eq!(refused(Targets::Signed(&[-100, -99])), format!("{expected}, found -99"));
    assert_eq!(refused(Targets::Classes(&[0, 100])), format!("{expected}, found 100"));
    assert_eq!(
        refused(Targets::Signed(&[0])),
        "cross-entropy: labels: expected shape (2), found (1)"
    );
    assert_eq!(
        refused(Targets::Signed32(&[0; 3])),
        "cross-entropy: labels: expected shape (2), found (3)"
    );
}

//! Whether a number that the library computed is the plain form's.

use tensor_core::Float;

use crate::num::Num;
use crate::wide::Wide;

/// How closely a number has to be the plain form's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Against {
    /// How many times the derived error a number may be off: an order of operations other than the
    /// plain form's makes other errors of the same size.
    slack: f64,
    /// Whether partial results may overflow where they are larger than what comes out: in sums of
    /// the type's own precision.
    partial: bool,
}

impl Against {
    pub(crate) fn new() -> Self {
        Self { slack: 4.0, partial: false }
    }

    pub(crate) fn partial(self) -> Self {
        Self { partial: true, ..self }
    }

    /// What is wrong with `got`, if anything is.
    pub(crate) fn off<F: Float>(self, got: F, want: Num) -> Option<String> {
        let value = want.value;
        let words =
            |why: &str| Some(format!("{why}: {got:e}, the plain form has {:e}", value.value()));
        if value.is_nan() {
            let hidden = want.is_from_nan() && !got.is_nan();
            return if hidden { words("NaN was hidden") } else { None };
        }
        if want.error.is_nan() || !want.error.is_finite() {
            return None; // nothing can be said
        }
        if !value.is_finite() {
            let same = got.is_infinite() && (got < F::zero()) == value.is_negative();
            let undefined = got.is_nan() && want.is_from_infinity();
            return if same || undefined { None } else { words("wrong at infinity") };
        }
        self.off_finite(got, want).and_then(words)
    }

    fn off_finite<F: Float>(self, got: F, want: Num) -> Option<&'static str> {
        let unit = F::epsilon().as_f64(); // twice the unit roundoff
        let smallest = F::min_positive_value().as_f64() * unit;
        let tolerance = want.error * Wide::of(self.slack)
            + want.value.abs() * Wide::of(unit)
            + Wide::of(smallest)
            + Wide::of(smallest);
        let largest = Wide::of(F::max_value().as_f64());
        let most = want.value.abs() + tolerance;
        if got.is_nan() && most > largest {
            return None; // what does not fit may have overflown on the way
        }
        if got.is_nan() {
            let partial = self.partial && most_of_terms::<F>(want) > largest.scaled(-2);
            return if want.is_from_nan() || want.is_from_infinity() || partial {
                None
            } else {
                Some("NaN from nothing")
            };
        }
        if got.is_infinite() {
            let most = if self.partial { most_of_terms::<F>(want).scaled(2) + most } else { most };
            return if most > largest || want.is_from_infinity() {
                None
            } else {
                Some("an infinity from nothing")
            };
        }
        let off = (Wide::of(got.as_f64()) - want.value).abs();
        if off > tolerance { Some("wrong number") } else { None }
    }
}

/// About the sum of the absolute terms: what the error was derived from.
fn most_of_terms<F: Float>(want: Num) -> Wide {
    want.error.scaled(if F::NARROW { 24 } else { 53 })
}

//! Whatever stands in a table, and whatever is done to it: an error, or features that are numbers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use data::{
    Column, Distribution, Error, Fill, NumberTreatment, Preprocessor, PreprocessorBuilder,
    QuantileConfig, Scaling, Table, TextTreatment, Treatment, Unknown,
};
use ndarray::Array2;
use proptest::prelude::*;
use tensor_core::Float;

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => Just(f64::NAN),
        4 => (-3..4_i8).prop_map(f64::from),
        2 => -10.0..10.0_f64,
        2 => any::<f64>(), // any size, ∞ and NaN
        1 => prop::sample::select(vec![f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, -0.0, 1e39]),
    ]
}

fn columns(n_rows: usize) -> impl Strategy<Value = Vec<Column>> {
    let numbers = prop::collection::vec(number(), n_rows).prop_map(|x| Column::numbers_of("", x));
    let word = prop::option::of("[ab=]{0,2}");
    let words = prop::collection::vec(word, n_rows)
        .prop_map(|x| Column::text_of("", x.iter().map(Option::as_deref)));
    prop::collection::vec(prop_oneof![numbers, words], 1..6)
}

/// Two tables of the same names; the columns of the second may be of other types.
fn tables() -> impl Strategy<Value = [Table; 2]> {
    let named = |columns: Vec<Column>| {
        let named = columns.into_iter().enumerate().map(|(i, column)| match column.text() {
            Ok(text) => Column::text_of(format!("c{i}"), text.iter()),
            Err(_) => Column::numbers_of(format!("c{i}"), column.numbers().unwrap().to_vec()),
        });
        Table::new(named.collect()).unwrap()
    };
    (0_usize..7, 0_usize..7)
        .prop_flat_map(|(n, other)| (columns(n), columns(other)))
        .prop_map(move |(one, other)| [named(one), named(other)])
}

fn treatment() -> impl Strategy<Value = (NumberTreatment, TextTreatment)> {
    let normal = QuantileConfig { output: Distribution::Normal, ..QuantileConfig::default() };
    let scaling = prop::sample::select(vec![
        Scaling::None,
        Scaling::Standard,
        Scaling::MinMax,
        Scaling::Robust,
        Scaling::Quantile(normal),
        Scaling::Quantile(QuantileConfig { n_quantiles: 0, ..normal }),
    ]);
    let fill = prop_oneof![
        Just(Fill::Mean),
        Just(Fill::Median),
        Just(Fill::MostFrequent),
        any::<f64>().prop_map(Fill::Constant),
    ];
    let text = prop_oneof![
        Just(TextTreatment::OneHot(Unknown::Error)),
        Just(TextTreatment::OneHot(Unknown::Zeros)),
        Just(TextTreatment::OneHot(Unknown::OwnColumn)),
        prop::option::of(any::<f64>()).prop_map(TextTreatment::Ordinal),
        prop::sample::select(vec![0, 1, 3, usize::MAX]).prop_map(TextTreatment::Hashed),
    ];
    (scaling, fill, any::<bool>(), text).prop_map(|(scaling, fill, indicators, text)| {
        (NumberTreatment { fill, indicators, scaling }, text)
    })
}

fn builder() -> impl Strategy<Value = PreprocessorBuilder> {
    let flags = prop::array::uniform3(any::<bool>());
    (treatment(), treatment(), 0..5_u8, flags).prop_map(|((numbers, text), own, target, flags)| {
        let mut builder = Preprocessor::builder().numbers(numbers).text(text).max_categories(4);
        builder = match target {
            0 => builder,
            1 => builder.target("c0"),
            2 => builder.class_target("c0"),
            3 => builder.value_targets(["c0", "c1"]),
            _ => builder.target("c0").weights("c1"),
        };
        builder = if flags[0] { builder.drop_missing_targets() } else { builder };
        builder = if flags[1] { builder.scale_target() } else { builder };
        match flags[2] {
            true => builder.column("c2", Treatment::Text(own.1)),
            false => builder,
        }
    })
}

fn check<F: Float>(learned: &Preprocessor, table: &Table) -> Result<(), TestCaseError> {
    let features: Result<Array2<F>, Error> = learned.features(table);
    if let Ok(features) = features {
        prop_assert_eq!(features.dim(), (table.n_rows(), learned.feature_names().len()));
        prop_assert!(features.iter().all(|x| x.is_finite()), "{:?}", features);
    }
    if let Ok(dataset) = learned.transform::<F>(table) {
        prop_assert!(dataset.features().iter().all(|x| x.is_finite()));
        if let Ok(values) = dataset.values() {
            prop_assert!(values.iter().all(|x| x.is_finite()));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn features_are_numbers_or_an_error([train, other] in tables(), builder in builder()) {
        match builder.fit(&train) {
            Ok(learned) => {
                for table in [&train, &other] {
                    check::<f32>(&learned, table)?;
                    check::<f64>(&learned, table)?;
                }
                let all: Vec<usize> = (0..train.n_rows()).collect();
                prop_assert_eq!(builder.fit(&train.rows(&all).unwrap()), Ok(learned));
            }
            Err(error) => prop_assert!(error.to_string().contains("expected"), "{}", error),
        }
    }
}

//! Sizes from outside: every constructor and every call that takes memory gives what was asked for
//! or a typed error, and does so before the memory is taken.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use layers::{
    Affine, BatchNorm1d, Dropout, GroupNorm, GroupNormConfig, Identity, InstanceNorm1d, LayerNorm,
    Linear, LogSoftmax, Relu, RmsNorm, Softmax,
};
use models::{Branches, Mlp, Residual, Sequential};
use ndarray::array;
use tensor_core::memory::check_room;
use tensor_core::{Error, Float, Rng};

const SIZES: [usize; 8] = [0, 1, 1 << 31, 1 << 32, 1 << 40, 1 << 62, 1 << 63, usize::MAX];

/// Sizes with which a tensor is made, and so written: none that a machine may have.
const WRITTEN: [usize; 6] = [0, 1, 1 << 50, 1 << 62, 1 << 63, usize::MAX];

/// That something was made, or refused in words that name the sizes.
fn refused<T>(result: Result<T, Error>) -> bool {
    match result {
        Ok(_) => false,
        Err(
            Error::TooLarge { .. }
            | Error::TooFew { .. }
            | Error::Hyperparameter { .. }
            | Error::Features { .. }
            | Error::Index { .. },
        ) => true,
        Err(error) => unreachable!("{error}"),
    }
}

fn layers_of_every_size<F: Float>() {
    let rng = &mut Rng::new(0);
    for size in WRITTEN {
        let expected = size != 1;
        for other in WRITTEN {
            let both = expected || other != 1;
            assert_eq!(refused(Linear::<F>::new(size, other, rng)), both, "{size} × {other}");
            assert_eq!(refused(Mlp::<F>::new(&[size, other]).build()), both, "{size} × {other}");
        }
        assert_eq!(refused(BatchNorm1d::<F>::new(size)), expected, "{size}");
        assert_eq!(refused(Affine::<F>::new(size)), size > 1, "{size}");
        assert_eq!(refused(Affine::<F>::weight_only(size)), size > 1, "{size}");
        // One value has no variance: whether that is refused is the layer's matter.
        for norm in [
            refused(LayerNorm::<F>::new(size)),
            refused(RmsNorm::<F>::new(size)),
            refused(GroupNorm::<F>::new(1, size)),
        ] {
            assert!(norm || size == 1, "{size}");
        }
    }
}

#[test]
fn layers_are_made_or_refused() {
    layers_of_every_size::<f32>();
    layers_of_every_size::<f64>();
}

/// Groups × length and the like: products of sizes, without a tensor of that size.
fn products_of_every_size<F: Float>() {
    for channels in SIZES {
        for length in SIZES {
            let _ = refused(InstanceNorm1d::<F>::new(channels, length));
            for groups in SIZES {
                let config = GroupNormConfig { length, affine: false, ..Default::default() };
                let norm = GroupNorm::<F>::with_config(groups, channels, config);
                let product = channels.checked_mul(length);
                assert!(product.is_some() || norm.is_err(), "{groups}, {channels} × {length}");
                let (Ok(norm), Some(width)) = (norm, product) else { continue };
                let model = Sequential::builder(width).push(norm).build().unwrap();
                for rows in SIZES {
                    let _ = refused(model.workspace(rows));
                }
            }
        }
    }
}

#[test]
fn products_of_sizes_do_not_wrap() {
    products_of_every_size::<f32>();
    products_of_every_size::<f64>();
}

/// Models whose tensors do not depend on their width, or are small.
fn models<F: Float>(width: usize) -> Vec<Result<Sequential<F>, Error>> {
    let of = |model: models::SequentialBuilder<F>| model.build();
    let start = || Sequential::<F>::builder(width);
    let inner = || start().push(Relu).push(Identity).build();
    let half = width / 2;
    let branches =
        Branches::builder(width).branch(0..width, Relu).branch(half..width, Relu).build();
    vec![
        of(start().push(Relu)),
        of(start().push(Softmax).push(LogSoftmax)),
        Dropout::new(0.5, 0).and_then(|dropout| of(start().push(dropout))),
        inner().and_then(Residual::new).and_then(|residual| of(start().push(residual))),
        inner().and_then(|inner| of(start().push(inner).push(Relu))),
        branches.and_then(|branches| of(start().push(branches).push(Relu))),
        Mlp::new(&[2, 2, 2]).build(),
    ]
}

fn memory_of_every_size<F: Float>() {
    for width in SIZES {
        for (i, model) in models::<F>(width).into_iter().enumerate() {
            let Ok(model) = model else { continue };
            for rows in SIZES {
                let made = [refused(model.workspace(rows)), refused(model.scratch(rows))];
                // Half of all addresses is more than any machine has; a single layer needs no
                // scratch memory.
                let total = rows.checked_mul(model.widths()[0]);
                let total = total.and_then(|n| n.checked_mul(size_of::<F>()));
                let too_large = total.is_none_or(|n| n >= 1 << 62);
                assert!(made[0] || rows > 0 && !too_large, "model {i}: {rows} × {width}");
                assert!(!made[0] || total != Some(size_of::<F>()), "model {i}: {rows} × {width}");
                assert!(made[1] || rows > 0, "model {i}: {rows} × {width}");
            }
        }
    }
}

#[test]
fn workspaces_and_scratch_memory_are_made_or_refused() {
    memory_of_every_size::<f32>();
    memory_of_every_size::<f64>();
}

/// 2⁶³ rows of 2 values wrap to a size of 0, which computed.
#[test]
fn scratch_does_not_wrap() {
    let model = Mlp::<f64>::new(&[2, 2, 2]).build().unwrap();
    assert_eq!(
        model.scratch(1 << 63).unwrap_err().to_string(),
        "scratch: Sequential: activation: expected a size that fits into memory, found \
         (9223372036854775808, 2) of 16 bytes"
    );
    // An input that repeats one row takes no memory; its output would.
    let x = array![[1.0, 2.0]];
    for rows in [1 << 61, 1 << 59] {
        let x = x.broadcast((rows, 2)).unwrap();
        assert!(refused(model.infer(&x)), "{rows} rows");
    }
}

/// What the allocator refuses is an error as well. A system that promises every size is left out.
#[test]
fn the_allocator_may_refuse() {
    if check_room::<f64>("everything", &[1 << 40]).is_ok() {
        return;
    }
    let error = Mlp::<f64>::new(&[1 << 40, 1]).build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "Mlp: widths 0 and 1: Linear: weight: expected a size that fits into memory, found \
         (1, 1099511627776) of 8 bytes"
    );
    let model = Mlp::<f64>::new(&[2, 2, 2]).build().unwrap();
    assert!(refused(model.workspace(1 << 40)) && refused(model.scratch(1 << 40)));
}

#[test]
fn branches_do_not_wrap() {
    let all = 0..usize::MAX;
    let branches = Branches::<f64>::builder(usize::MAX).branch(all.clone(), Relu).branch(all, Relu);
    assert_eq!(
        branches.build().unwrap_err().to_string(),
        "Branches: branch 1: expected a size that fits into memory, found \
         (18446744073709551615, 18446744073709551615) of 8 bytes"
    );
}

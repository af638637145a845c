//! A large parameter is moved in parts by several threads, and the number of threads changes no
//! bit.

#![allow(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

mod support;

use optim::{
    Adagrad, AdagradConfig, Adam, AdamConfig, AdamW, AdamWConfig, Descent, Lion, LionConfig, NAdam,
    NAdamConfig, Optimizer, RAdam, RAdamConfig, RmsProp, RmsPropConfig, Rule, Sgd, SgdConfig,
};
use rayon::ThreadPoolBuilder;
use support::{Gradients, Vectors};
use tensor_core::Rng;

/// Enough for two parts even where every other thread sleeps, and a remainder.
const N: usize = (1 << 20) + 1;

/// The values after two steps, on a pool of that many threads.
fn moved<R: Rule>(optimizer: &Descent<f32, R>, threads: usize) -> Vec<f32> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let mut optimizer = optimizer.clone();
    pool.install(|| {
        let mut rng = Rng::new(1);
        let mut draw = || (0..N).map(|_| rng.normal() as f32).collect::<Vec<_>>();
        let mut model = Vectors::weight(&draw());
        for _ in 0..2 {
            optimizer.step(&mut model, &mut Gradients::of(&[&draw()])).unwrap();
        }
        model.values().to_vec()
    })
}

fn same_bits<R: Rule>(optimizer: Descent<f32, R>) {
    let alone = moved(&optimizer, 1);
    for threads in [2, 3, 8] {
        assert!(moved(&optimizer, threads) == alone, "{}, {threads} threads", R::NAME);
    }
}

#[test]
fn every_rule() {
    same_bits(Sgd::new(SgdConfig { momentum: 0.9, ..SgdConfig::default() }).unwrap());
    same_bits(Adagrad::new(AdagradConfig::default()).unwrap());
    for (centered, momentum) in [(false, 0.0), (false, 0.9), (true, 0.0), (true, 0.9)] {
        let config = RmsPropConfig { centered, momentum, ..RmsPropConfig::default() };
        same_bits(RmsProp::new(config).unwrap());
    }
    same_bits(Adam::new(AdamConfig { amsgrad: true, ..AdamConfig::default() }).unwrap());
    same_bits(AdamW::new(AdamWConfig::default()).unwrap());
    same_bits(NAdam::new(NAdamConfig::default()).unwrap());
    same_bits(RAdam::new(RAdamConfig::default()).unwrap());
    same_bits(Lion::new(LionConfig::default()).unwrap());
}

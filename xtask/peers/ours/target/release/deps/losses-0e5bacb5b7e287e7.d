/work/main/xtask/peers/ours/target/release/deps/losses-0e5bacb5b7e287e7.d: /work/main/crates/losses/src/lib.rs /work/main/crates/losses/src/bce.rs /work/main/crates/losses/src/bce_with_logits.rs /work/main/crates/losses/src/cross_entropy.rs /work/main/crates/losses/src/element.rs /work/main/crates/losses/src/huber.rs /work/main/crates/losses/src/loss.rs /work/main/crates/losses/src/mae.rs /work/main/crates/losses/src/mse.rs /work/main/crates/losses/src/nll.rs /work/main/crates/losses/src/rmse.rs /work/main/crates/losses/src/row.rs /work/main/crates/losses/src/smooth_l1.rs /work/main/crates/losses/src/targets.rs /work/main/crates/losses/src/weighted.rs

/work/main/xtask/peers/ours/target/release/deps/liblosses-0e5bacb5b7e287e7.rlib: /work/main/crates/losses/src/lib.rs /work/main/crates/losses/src/bce.rs /work/main/crates/losses/src/bce_with_logits.rs /work/main/crates/losses/src/cross_entropy.rs /work/main/crates/losses/src/element.rs /work/main/crates/losses/src/huber.rs /work/main/crates/losses/src/loss.rs /work/main/crates/losses/src/mae.rs /work/main/crates/losses/src/mse.rs /work/main/crates/losses/src/nll.rs /work/main/crates/losses/src/rmse.rs /work/main/crates/losses/src/row.rs /work/main/crates/losses/src/smooth_l1.rs /work/main/crates/losses/src/targets.rs /work/main/crates/losses/src/weighted.rs

/work/main/xtask/peers/ours/target/release/deps/liblosses-0e5bacb5b7e287e7.rmeta: /work/main/crates/losses/src/lib.rs /work/main/crates/losses/src/bce.rs /work/main/crates/losses/src/bce_with_logits.rs /work/main/crates/losses/src/cross_entropy.rs /work/main/crates/losses/src/element.rs /work/main/crates/losses/src/huber.rs /work/main/crates/losses/src/loss.rs /work/main/crates/losses/src/mae.rs /work/main/crates/losses/src/mse.rs /work/main/crates/losses/src/nll.rs /work/main/crates/losses/src/rmse.rs /work/main/crates/losses/src/row.rs /work/main/crates/losses/src/smooth_l1.rs /work/main/crates/losses/src/targets.rs /work/main/crates/losses/src/weighted.rs

/work/main/crates/losses/src/lib.rs:
/work/main/crates/losses/src/bce.rs:
/work/main/crates/losses/src/bce_with_logits.rs:
/work/main/crates/losses/src/cross_entropy.rs:
/work/main/crates/losses/src/element.rs:
/work/main/crates/losses/src/huber.rs:
/work/main/crates/losses/src/loss.rs:
/work/main/crates/losses/src/mae.rs:
/work/main/crates/losses/src/mse.rs:
/work/main/crates/losses/src/nll.rs:
/work/main/crates/losses/src/rmse.rs:
/work/main/crates/losses/src/row.rs:
/work/main/crates/losses/src/smooth_l1.rs:
/work/main/crates/losses/src/targets.rs:
/work/main/crates/losses/src/weighted.rs:

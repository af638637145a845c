/work/main/xtask/peers/ours/target/release/deps/optim-c7cdb02d49cd7f06.d: /work/main/crates/optim/src/lib.rs /work/main/crates/optim/src/adagrad.rs /work/main/crates/optim/src/adam.rs /work/main/crates/optim/src/adamw.rs /work/main/crates/optim/src/clip.rs /work/main/crates/optim/src/descent.rs /work/main/crates/optim/src/early_stopping.rs /work/main/crates/optim/src/group.rs /work/main/crates/optim/src/improvement.rs /work/main/crates/optim/src/optimizer.rs /work/main/crates/optim/src/penalty.rs /work/main/crates/optim/src/rmsprop.rs /work/main/crates/optim/src/rule.rs /work/main/crates/optim/src/schedule.rs /work/main/crates/optim/src/schedule/constant.rs /work/main/crates/optim/src/schedule/cosine.rs /work/main/crates/optim/src/schedule/exponential.rs /work/main/crates/optim/src/schedule/linear.rs /work/main/crates/optim/src/schedule/multi_step.rs /work/main/crates/optim/src/schedule/one_cycle.rs /work/main/crates/optim/src/schedule/plateau.rs /work/main/crates/optim/src/schedule/step.rs /work/main/crates/optim/src/schedule/warm_restarts.rs /work/main/crates/optim/src/select.rs /work/main/crates/optim/src/sgd.rs /work/main/crates/optim/src/state.rs

/work/main/xtask/peers/ours/target/release/deps/liboptim-c7cdb02d49cd7f06.rlib: /work/main/crates/optim/src/lib.rs /work/main/crates/optim/src/adagrad.rs /work/main/crates/optim/src/adam.rs /work/main/crates/optim/src/adamw.rs /work/main/crates/optim/src/clip.rs /work/main/crates/optim/src/descent.rs /work/main/crates/optim/src/early_stopping.rs /work/main/crates/optim/src/group.rs /work/main/crates/optim/src/improvement.rs /work/main/crates/optim/src/optimizer.rs /work/main/crates/optim/src/penalty.rs /work/main/crates/optim/src/rmsprop.rs /work/main/crates/optim/src/rule.rs /work/main/crates/optim/src/schedule.rs /work/main/crates/optim/src/schedule/constant.rs /work/main/crates/optim/src/schedule/cosine.rs /work/main/crates/optim/src/schedule/exponential.rs /work/main/crates/optim/src/schedule/linear.rs /work/main/crates/optim/src/schedule/multi_step.rs /work/main/crates/optim/src/schedule/one_cycle.rs /work/main/crates/optim/src/schedule/plateau.rs /work/main/crates/optim/src/schedule/step.rs /work/main/crates/optim/src/schedule/warm_restarts.rs /work/main/crates/optim/src/select.rs /work/main/crates/optim/src/sgd.rs /work/main/crates/optim/src/state.rs

/work/main/xtask/peers/ours/target/release/deps/liboptim-c7cdb02d49cd7f06.rmeta: /work/main/crates/optim/src/lib.rs /work/main/crates/optim/src/adagrad.rs /work/main/crates/optim/src/adam.rs /work/main/crates/optim/src/adamw.rs /work/main/crates/optim/src/clip.rs /work/main/crates/optim/src/descent.rs /work/main/crates/optim/src/early_stopping.rs /work/main/crates/optim/src/group.rs /work/main/crates/optim/src/improvement.rs /work/main/crates/optim/src/optimizer.rs /work/main/crates/optim/src/penalty.rs /work/main/crates/optim/src/rmsprop.rs /work/main/crates/optim/src/rule.rs /work/main/crates/optim/src/schedule.rs /work/main/crates/optim/src/schedule/constant.rs /work/main/crates/optim/src/schedule/cosine.rs /work/main/crates/optim/src/schedule/exponential.rs /work/main/crates/optim/src/schedule/linear.rs /work/main/crates/optim/src/schedule/multi_step.rs /work/main/crates/optim/src/schedule/one_cycle.rs /work/main/crates/optim/src/schedule/plateau.rs /work/main/crates/optim/src/schedule/step.rs /work/main/crates/optim/src/schedule/warm_restarts.rs /work/main/crates/optim/src/select.rs /work/main/crates/optim/src/sgd.rs /work/main/crates/optim/src/state.rs

/work/main/crates/optim/src/lib.rs:
/work/main/crates/optim/src/adagrad.rs:
/work/main/crates/optim/src/adam.rs:
/work/main/crates/optim/src/adamw.rs:
/work/main/crates/optim/src/clip.rs:
/work/main/crates/optim/src/descent.rs:
/work/main/crates/optim/src/early_stopping.rs:
/work/main/crates/optim/src/group.rs:
/work/main/crates/optim/src/improvement.rs:
/work/main/crates/optim/src/optimizer.rs:
/work/main/crates/optim/src/penalty.rs:
/work/main/crates/optim/src/rmsprop.rs:
/work/main/crates/optim/src/rule.rs:
/work/main/crates/optim/src/schedule.rs:
/work/main/crates/optim/src/schedule/constant.rs:
/work/main/crates/optim/src/schedule/cosine.rs:
/work/main/crates/optim/src/schedule/exponential.rs:
/work/main/crates/optim/src/schedule/linear.rs:
/work/main/crates/optim/src/schedule/multi_step.rs:
/work/main/crates/optim/src/schedule/one_cycle.rs:
/work/main/crates/optim/src/schedule/plateau.rs:
/work/main/crates/optim/src/schedule/step.rs:
/work/main/crates/optim/src/schedule/warm_restarts.rs:
/work/main/crates/optim/src/select.rs:
/work/main/crates/optim/src/sgd.rs:
/work/main/crates/optim/src/state.rs:

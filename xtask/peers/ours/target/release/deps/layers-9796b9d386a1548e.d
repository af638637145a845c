/work/main/xtask/peers/ours/target/release/deps/layers-9796b9d386a1548e.d: /work/main/crates/layers/src/lib.rs /work/main/crates/layers/src/affine.rs /work/main/crates/layers/src/batch_norm.rs /work/main/crates/layers/src/batch_norm/config.rs /work/main/crates/layers/src/dropout.rs /work/main/crates/layers/src/elu.rs /work/main/crates/layers/src/gelu.rs /work/main/crates/layers/src/group_norm.rs /work/main/crates/layers/src/groups.rs /work/main/crates/layers/src/identity.rs /work/main/crates/layers/src/instance_norm.rs /work/main/crates/layers/src/layer.rs /work/main/crates/layers/src/layer_norm.rs /work/main/crates/layers/src/leaky_relu.rs /work/main/crates/layers/src/linear.rs /work/main/crates/layers/src/log_softmax.rs /work/main/crates/layers/src/relu.rs /work/main/crates/layers/src/rms_norm.rs /work/main/crates/layers/src/selu.rs /work/main/crates/layers/src/sigmoid.rs /work/main/crates/layers/src/silu.rs /work/main/crates/layers/src/softmax.rs /work/main/crates/layers/src/softplus.rs /work/main/crates/layers/src/softsign.rs /work/main/crates/layers/src/tanh.rs

/work/main/xtask/peers/ours/target/release/deps/liblayers-9796b9d386a1548e.rlib: /work/main/crates/layers/src/lib.rs /work/main/crates/layers/src/affine.rs /work/main/crates/layers/src/batch_norm.rs /work/main/crates/layers/src/batch_norm/config.rs /work/main/crates/layers/src/dropout.rs /work/main/crates/layers/src/elu.rs /work/main/crates/layers/src/gelu.rs /work/main/crates/layers/src/group_norm.rs /work/main/crates/layers/src/groups.rs /work/main/crates/layers/src/identity.rs /work/main/crates/layers/src/instance_norm.rs /work/main/crates/layers/src/layer.rs /work/main/crates/layers/src/layer_norm.rs /work/main/crates/layers/src/leaky_relu.rs /work/main/crates/layers/src/linear.rs /work/main/crates/layers/src/log_softmax.rs /work/main/crates/layers/src/relu.rs /work/main/crates/layers/src/rms_norm.rs /work/main/crates/layers/src/selu.rs /work/main/crates/layers/src/sigmoid.rs /work/main/crates/layers/src/silu.rs /work/main/crates/layers/src/softmax.rs /work/main/crates/layers/src/softplus.rs /work/main/crates/layers/src/softsign.rs /work/main/crates/layers/src/tanh.rs

/work/main/xtask/peers/ours/target/release/deps/liblayers-9796b9d386a1548e.rmeta: /work/main/crates/layers/src/lib.rs /work/main/crates/layers/src/affine.rs /work/main/crates/layers/src/batch_norm.rs /work/main/crates/layers/src/batch_norm/config.rs /work/main/crates/layers/src/dropout.rs /work/main/crates/layers/src/elu.rs /work/main/crates/layers/src/gelu.rs /work/main/crates/layers/src/group_norm.rs /work/main/crates/layers/src/groups.rs /work/main/crates/layers/src/identity.rs /work/main/crates/layers/src/instance_norm.rs /work/main/crates/layers/src/layer.rs /work/main/crates/layers/src/layer_norm.rs /work/main/crates/layers/src/leaky_relu.rs /work/main/crates/layers/src/linear.rs /work/main/crates/layers/src/log_softmax.rs /work/main/crates/layers/src/relu.rs /work/main/crates/layers/src/rms_norm.rs /work/main/crates/layers/src/selu.rs /work/main/crates/layers/src/sigmoid.rs /work/main/crates/layers/src/silu.rs /work/main/crates/layers/src/softmax.rs /work/main/crates/layers/src/softplus.rs /work/main/crates/layers/src/softsign.rs /work/main/crates/layers/src/tanh.rs

/work/main/crates/layers/src/lib.rs:
/work/main/crates/layers/src/affine.rs:
/work/main/crates/layers/src/batch_norm.rs:
/work/main/crates/layers/src/batch_norm/config.rs:
/work/main/crates/layers/src/dropout.rs:
/work/main/crates/layers/src/elu.rs:
/work/main/crates/layers/src/gelu.rs:
/work/main/crates/layers/src/group_norm.rs:
/work/main/crates/layers/src/groups.rs:
/work/main/crates/layers/src/identity.rs:
/work/main/crates/layers/src/instance_norm.rs:
/work/main/crates/layers/src/layer.rs:
/work/main/crates/layers/src/layer_norm.rs:
/work/main/crates/layers/src/leaky_relu.rs:
/work/main/crates/layers/src/linear.rs:
/work/main/crates/layers/src/log_softmax.rs:
/work/main/crates/layers/src/relu.rs:
/work/main/crates/layers/src/rms_norm.rs:
/work/main/crates/layers/src/selu.rs:
/work/main/crates/layers/src/sigmoid.rs:
/work/main/crates/layers/src/silu.rs:
/work/main/crates/layers/src/softmax.rs:
/work/main/crates/layers/src/softplus.rs:
/work/main/crates/layers/src/softsign.rs:
/work/main/crates/layers/src/tanh.rs:

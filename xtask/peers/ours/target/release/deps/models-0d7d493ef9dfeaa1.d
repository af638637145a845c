/work/main/xtask/peers/ours/target/release/deps/models-0d7d493ef9dfeaa1.d: /work/main/crates/models/src/lib.rs /work/main/crates/models/src/course.rs /work/main/crates/models/src/erased.rs /work/main/crates/models/src/mlp.rs /work/main/crates/models/src/passes.rs /work/main/crates/models/src/sequential.rs /work/main/crates/models/src/tensors.rs /work/main/crates/models/src/workspace.rs

/work/main/xtask/peers/ours/target/release/deps/libmodels-0d7d493ef9dfeaa1.rlib: /work/main/crates/models/src/lib.rs /work/main/crates/models/src/course.rs /work/main/crates/models/src/erased.rs /work/main/crates/models/src/mlp.rs /work/main/crates/models/src/passes.rs /work/main/crates/models/src/sequential.rs /work/main/crates/models/src/tensors.rs /work/main/crates/models/src/workspace.rs

/work/main/xtask/peers/ours/target/release/deps/libmodels-0d7d493ef9dfeaa1.rmeta: /work/main/crates/models/src/lib.rs /work/main/crates/models/src/course.rs /work/main/crates/models/src/erased.rs /work/main/crates/models/src/mlp.rs /work/main/crates/models/src/passes.rs /work/main/crates/models/src/sequential.rs /work/main/crates/models/src/tensors.rs /work/main/crates/models/src/workspace.rs

/work/main/crates/models/src/lib.rs:
/work/main/crates/models/src/course.rs:
/work/main/crates/models/src/erased.rs:
/work/main/crates/models/src/mlp.rs:
/work/main/crates/models/src/passes.rs:
/work/main/crates/models/src/sequential.rs:
/work/main/crates/models/src/tensors.rs:
/work/main/crates/models/src/workspace.rs:

/work/main/xtask/peers/ours/target/release/deps/peer_common-d8793fcc37165894.d: /work/main/xtask/peers/common/src/lib.rs /work/main/xtask/peers/common/src/data.rs /work/main/xtask/peers/common/src/time.rs

/work/main/xtask/peers/ours/target/release/deps/libpeer_common-d8793fcc37165894.rlib: /work/main/xtask/peers/common/src/lib.rs /work/main/xtask/peers/common/src/data.rs /work/main/xtask/peers/common/src/time.rs

/work/main/xtask/peers/ours/target/release/deps/libpeer_common-d8793fcc37165894.rmeta: /work/main/xtask/peers/common/src/lib.rs /work/main/xtask/peers/common/src/data.rs /work/main/xtask/peers/common/src/time.rs

/work/main/xtask/peers/common/src/lib.rs:
/work/main/xtask/peers/common/src/data.rs:
/work/main/xtask/peers/common/src/time.rs:

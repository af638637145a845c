/work/main/xtask/peers/ours/target/release/deps/peer_ours-9b94dbb0e7c336a8.d: src/main.rs src/arrays.rs src/naive.rs src/ours.rs

/work/main/xtask/peers/ours/target/release/deps/peer_ours-9b94dbb0e7c336a8: src/main.rs src/arrays.rs src/naive.rs src/ours.rs

src/main.rs:
src/arrays.rs:
src/naive.rs:
src/ours.rs:

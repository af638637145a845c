/work/main/xtask/peers/ours/target/release/deps/rawpointer-c2d9193f44afe94b.d: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/rawpointer-0.2.1/src/lib.rs

/work/main/xtask/peers/ours/target/release/deps/librawpointer-c2d9193f44afe94b.rlib: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/rawpointer-0.2.1/src/lib.rs

/work/main/xtask/peers/ours/target/release/deps/librawpointer-c2d9193f44afe94b.rmeta: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/rawpointer-0.2.1/src/lib.rs

/root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/rawpointer-0.2.1/src/lib.rs:

/work/main/xtask/peers/ours/target/release/deps/tensor_core-6580227b4f47ad7c.d: /work/main/crates/tensor-core/src/lib.rs /work/main/crates/tensor-core/src/columns/mod.rs /work/main/crates/tensor-core/src/columns/strip.rs /work/main/crates/tensor-core/src/elementwise.rs /work/main/crates/tensor-core/src/error.rs /work/main/crates/tensor-core/src/exponential.rs /work/main/crates/tensor-core/src/float.rs /work/main/crates/tensor-core/src/gather.rs /work/main/crates/tensor-core/src/init.rs /work/main/crates/tensor-core/src/logarithm.rs /work/main/crates/tensor-core/src/matmul/mod.rs /work/main/crates/tensor-core/src/matmul/blocked.rs /work/main/crates/tensor-core/src/matmul/packing.rs /work/main/crates/tensor-core/src/matmul/rows.rs /work/main/crates/tensor-core/src/matmul/small.rs /work/main/crates/tensor-core/src/moments.rs /work/main/crates/tensor-core/src/parallel.rs /work/main/crates/tensor-core/src/parameter.rs /work/main/crates/tensor-core/src/powers.rs /work/main/crates/tensor-core/src/reduce.rs /work/main/crates/tensor-core/src/rng.rs /work/main/crates/tensor-core/src/rows.rs /work/main/crates/tensor-core/src/simd/mod.rs /work/main/crates/tensor-core/src/simd/dots.rs /work/main/crates/tensor-core/src/simd/prefetch.rs /work/main/crates/tensor-core/src/simd/small.rs /work/main/crates/tensor-core/src/simd/tile.rs /work/main/crates/tensor-core/src/simd/transpose.rs /work/main/crates/tensor-core/src/simd/vector.rs /work/main/crates/tensor-core/src/simd/vectorized.rs /work/main/crates/tensor-core/src/softmax.rs /work/main/crates/tensor-core/src/special.rs

/work/main/xtask/peers/ours/target/release/deps/libtensor_core-6580227b4f47ad7c.rlib: /work/main/crates/tensor-core/src/lib.rs /work/main/crates/tensor-core/src/columns/mod.rs /work/main/crates/tensor-core/src/columns/strip.rs /work/main/crates/tensor-core/src/elementwise.rs /work/main/crates/tensor-core/src/error.rs /work/main/crates/tensor-core/src/exponential.rs /work/main/crates/tensor-core/src/float.rs /work/main/crates/tensor-core/src/gather.rs /work/main/crates/tensor-core/src/init.rs /work/main/crates/tensor-core/src/logarithm.rs /work/main/crates/tensor-core/src/matmul/mod.rs /work/main/crates/tensor-core/src/matmul/blocked.rs /work/main/crates/tensor-core/src/matmul/packing.rs /work/main/crates/tensor-core/src/matmul/rows.rs /work/main/crates/tensor-core/src/matmul/small.rs /work/main/crates/tensor-core/src/moments.rs /work/main/crates/tensor-core/src/parallel.rs /work/main/crates/tensor-core/src/parameter.rs /work/main/crates/tensor-core/src/powers.rs /work/main/crates/tensor-core/src/reduce.rs /work/main/crates/tensor-core/src/rng.rs /work/main/crates/tensor-core/src/rows.rs /work/main/crates/tensor-core/src/simd/mod.rs /work/main/crates/tensor-core/src/simd/dots.rs /work/main/crates/tensor-core/src/simd/prefetch.rs /work/main/crates/tensor-core/src/simd/small.rs /work/main/crates/tensor-core/src/simd/tile.rs /work/main/crates/tensor-core/src/simd/transpose.rs /work/main/crates/tensor-core/src/simd/vector.rs /work/main/crates/tensor-core/src/simd/vectorized.rs /work/main/crates/tensor-core/src/softmax.rs /work/main/crates/tensor-core/src/special.rs

/work/main/xtask/peers/ours/target/release/deps/libtensor_core-6580227b4f47ad7c.rmeta: /work/main/crates/tensor-core/src/lib.rs /work/main/crates/tensor-core/src/columns/mod.rs /work/main/crates/tensor-core/src/columns/strip.rs /work/main/crates/tensor-core/src/elementwise.rs /work/main/crates/tensor-core/src/error.rs /work/main/crates/tensor-core/src/exponential.rs /work/main/crates/tensor-core/src/float.rs /work/main/crates/tensor-core/src/gather.rs /work/main/crates/tensor-core/src/init.rs /work/main/crates/tensor-core/src/logarithm.rs /work/main/crates/tensor-core/src/matmul/mod.rs /work/main/crates/tensor-core/src/matmul/blocked.rs /work/main/crates/tensor-core/src/matmul/packing.rs /work/main/crates/tensor-core/src/matmul/rows.rs /work/main/crates/tensor-core/src/matmul/small.rs /work/main/crates/tensor-core/src/moments.rs /work/main/crates/tensor-core/src/parallel.rs /work/main/crates/tensor-core/src/parameter.rs /work/main/crates/tensor-core/src/powers.rs /work/main/crates/tensor-core/src/reduce.rs /work/main/crates/tensor-core/src/rng.rs /work/main/crates/tensor-core/src/rows.rs /work/main/crates/tensor-core/src/simd/mod.rs /work/main/crates/tensor-core/src/simd/dots.rs /work/main/crates/tensor-core/src/simd/prefetch.rs /work/main/crates/tensor-core/src/simd/small.rs /work/main/crates/tensor-core/src/simd/tile.rs /work/main/crates/tensor-core/src/simd/transpose.rs /work/main/crates/tensor-core/src/simd/vector.rs /work/main/crates/tensor-core/src/simd/vectorized.rs /work/main/crates/tensor-core/src/softmax.rs /work/main/crates/tensor-core/src/special.rs

/work/main/crates/tensor-core/src/lib.rs:
/work/main/crates/tensor-core/src/columns/mod.rs:
/work/main/crates/tensor-core/src/columns/strip.rs:
/work/main/crates/tensor-core/src/elementwise.rs:
/work/main/crates/tensor-core/src/error.rs:
/work/main/crates/tensor-core/src/exponential.rs:
/work/main/crates/tensor-core/src/float.rs:
/work/main/crates/tensor-core/src/gather.rs:
/work/main/crates/tensor-core/src/init.rs:
/work/main/crates/tensor-core/src/logarithm.rs:
/work/main/crates/tensor-core/src/matmul/mod.rs:
/work/main/crates/tensor-core/src/matmul/blocked.rs:
/work/main/crates/tensor-core/src/matmul/packing.rs:
/work/main/crates/tensor-core/src/matmul/rows.rs:
/work/main/crates/tensor-core/src/matmul/small.rs:
/work/main/crates/tensor-core/src/moments.rs:
/work/main/crates/tensor-core/src/parallel.rs:
/work/main/crates/tensor-core/src/parameter.rs:
/work/main/crates/tensor-core/src/powers.rs:
/work/main/crates/tensor-core/src/reduce.rs:
/work/main/crates/tensor-core/src/rng.rs:
/work/main/crates/tensor-core/src/rows.rs:
/work/main/crates/tensor-core/src/simd/mod.rs:
/work/main/crates/tensor-core/src/simd/dots.rs:
/work/main/crates/tensor-core/src/simd/prefetch.rs:
/work/main/crates/tensor-core/src/simd/small.rs:
/work/main/crates/tensor-core/src/simd/tile.rs:
/work/main/crates/tensor-core/src/simd/transpose.rs:
/work/main/crates/tensor-core/src/simd/vector.rs:
/work/main/crates/tensor-core/src/simd/vectorized.rs:
/work/main/crates/tensor-core/src/softmax.rs:
/work/main/crates/tensor-core/src/special.rs:

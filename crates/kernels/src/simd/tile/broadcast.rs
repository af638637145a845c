//! The loop of a tile in assembly, for processors with AVX-512.
//!
//! ```text
//! for p in 0..k {
//!     v0, v1 ← b, b + one vector                              two vectors of the row p of B
//!     for i in 0..H { s ← A[i, p];  acc[i][0] += s v0;  acc[i][1] += s v1 }
//! }
//! ```
//!
//! In assembly, because where the rows of `A` run along memory, a scalar of each of fourteen rows
//! is needed at a time, and compilers then keep addresses or sums in memory. Five addresses and one
//! distance are enough, since an instruction reads at `x`, `x + d` or `x + 2 d`. So `A` needs no
//! copy.

use std::arch::asm;
use std::arch::x86_64::{__m512, __m512d, _mm512_setzero_pd, _mm512_setzero_ps};

use super::Operands;
use super::epilogue::{expect, finish};

/// One scalar of the row `i`, that many scalars behind an address, times one vector or two. Nothing
/// for rows from `H` on and vectors from `N` on.
macro_rules! row {
    ($i:literal, $address:literal, $behind:literal, $first:literal, $second:literal, $size:literal, $broadcast:literal, $add:literal) => {
        concat!(
            ".if {h} > ",
            $i,
            "\n",
            $broadcast,
            " zmm30, [",
            $address,
            "+",
            $behind,
            "*",
            $size,
            "]\n",
            $add,
            " zmm",
            $first,
            ", zmm28, zmm30\n",
            ".if {n} > 1\n",
            $add,
            " zmm",
            $second,
            ", zmm29, zmm30\n",
            ".endif\n",
            ".endif\n"
        )
    };
}

/// The row of `B` at an address.
macro_rules! vectors {
    ($b:literal) => {
        concat!(
            "vmovups zmm28, [",
            $b,
            "]\n",
            ".if {n} > 1\n",
            "vmovups zmm29, [",
            $b,
            "+64]\n",
            ".endif\n"
        )
    };
}

/// One step of the inner dimension, for an `A` whose columns run along memory, one of them at an
/// address.
macro_rules! columns {
    ($a:literal, $b:literal, $size:literal, $broadcast:literal, $add:literal) => {
        concat!(
            vectors!($b),
            row!("0", $a, "0", "0", "1", $size, $broadcast, $add),
            row!("1", $a, "1", "2", "3", $size, $broadcast, $add),
            row!("2", $a, "2", "4", "5", $size, $broadcast, $add),
            row!("3", $a, "3", "6", "7", $size, $broadcast, $add),
            row!("4", $a, "4", "8", "9", $size, $broadcast, $add),
            row!("5", $a, "5", "10", "11", $size, $broadcast, $add),
            row!("6", $a, "6", "12", "13", $size, $broadcast, $add),
            row!("7", $a, "7", "14", "15", $size, $broadcast, $add),
            row!("8", $a, "8", "16", "17", $size, $broadcast, $add),
            row!("9", $a, "9", "18", "19", $size, $broadcast, $add),
            row!("10", $a, "10", "20", "21", $size, $broadcast, $add),
            row!("11", $a, "11", "22", "23", $size, $broadcast, $add),
            row!("12", $a, "12", "24", "25", $size, $broadcast, $add),
            row!("13", $a, "13", "26", "27", $size, $broadcast, $add),
        )
    };
}

/// The same for an `A` whose rows run along memory: `p` scalars behind where the bases are.
macro_rules! rows {
    ($p:literal, $b:literal, $size:literal, $broadcast:literal, $add:literal) => {
        concat!(
            vectors!($b),
            row!("0", "{a0}", $p, "0", "1", $size, $broadcast, $add),
            row!("1", "{a0}+{la}", $p, "2", "3", $size, $broadcast, $add),
            row!("2", "{a0}+2*{la}", $p, "4", "5", $size, $broadcast, $add),
            row!("3", "{a1}", $p, "6", "7", $size, $broadcast, $add),
            row!("4", "{a1}+{la}", $p, "8", "9", $size, $broadcast, $add),
            row!("5", "{a1}+2*{la}", $p, "10", "11", $size, $broadcast, $add),
            row!("6", "{a2}", $p, "12", "13", $size, $broadcast, $add),
            row!("7", "{a2}+{la}", $p, "14", "15", $size, $broadcast, $add),
            row!("8", "{a2}+2*{la}", $p, "16", "17", $size, $broadcast, $add),
            row!("9", "{a3}", $p, "18", "19", $size, $broadcast, $add),
            row!("10", "{a3}+{la}", $p, "20", "21", $size, $broadcast, $add),
            row!("11", "{a3}+2*{la}", $p, "22", "23", $size, $broadcast, $add),
            row!("12", "{a4}", $p, "24", "25", $size, $broadcast, $add),
            row!("13", "{a4}+{la}", $p, "26", "27", $size, $broadcast, $add),
        )
    };
}

/// A tile: all steps, four at a time and then one at a time, and the epilogue.
macro_rules! tile {
    ($o:ident, $F:ty, $V:ty, $zero:ident, $size:literal, [$($four:expr),*], [$($one:expr),*], $($operand:ident = $value:expr),*) => {{
        const { assert!(1 <= H && H <= 14 && 1 <= N && N <= 2 && size_of::<$F>() == $size) }
        expect::<$F, $V, H, N>($o);
        let mut acc = [[$zero(); 2]; 14];
        let [[s0, s1], [s2, s3], [s4, s5], [s6, s7], [s8, s9], [s10, s11], [s12, s13], [s14, s15], [s16, s17], [s18, s19], [s20, s21], [s22, s23], [s24, s25], [s26, s27]] = &mut acc;
        // SAFETY: reads the `H` rows of `A` and `N` vectors of each row of `B`, as the caller
        // vouches for, and writes registers alone.
        unsafe {
            asm!(
                "test {fours}, {fours}",
                "jz 3f",
                ".p2align 5",
                "2:",
                $($four,)*
                "lea {b}, [{b}+4*{rb}]",
                "dec {fours}",
                "jnz 2b",
                "3:",
                "test {ones}, {ones}",
                "jz 5f",
                "4:",
                $($one,)*
                "add {b}, {rb}",
                "dec {ones}",
                "jnz 4b",
                "5:",
                h = const H,
                n = const N,
                $($operand = inout(reg) $value => _,)*
                la = in(reg) $o.lda.wrapping_mul($size),
                b = inout(reg) $o.b => _,
                rb = in(reg) $o.ldb.wrapping_mul($size),
                rb3 = in(reg) $o.ldb.wrapping_mul(3 * $size),
                fours = inout(reg) $o.k / 4 => _,
                ones = inout(reg) $o.k % 4 => _,
                inout("zmm0") *s0,
                inout("zmm1") *s1,
                inout("zmm2") *s2,
                inout("zmm3") *s3,
                inout("zmm4") *s4,
                inout("zmm5") *s5,
                inout("zmm6") *s6,
                inout("zmm7") *s7,
                inout("zmm8") *s8,
                inout("zmm9") *s9,
                inout("zmm10") *s10,
                inout("zmm11") *s11,
                inout("zmm12") *s12,
                inout("zmm13") *s13,
                inout("zmm14") *s14,
                inout("zmm15") *s15,
                inout("zmm16") *s16,
                inout("zmm17") *s17,
                inout("zmm18") *s18,
                inout("zmm19") *s19,
                inout("zmm20") *s20,
                inout("zmm21") *s21,
                inout("zmm22") *s22,
                inout("zmm23") *s23,
                inout("zmm24") *s24,
                inout("zmm25") *s25,
                inout("zmm26") *s26,
                inout("zmm27") *s27,
                out("zmm28") _,
                out("zmm29") _,
                out("zmm30") _,
                options(nostack, readonly)
            );
        }
        let acc: [[$V; N]; H] = std::array::from_fn(|i| std::array::from_fn(|n| acc[i][n]));
        // SAFETY: the caller's.
        unsafe { finish($o, acc) }
    }};
}

macro_rules! tiles {
    ($by_columns:ident, $by_rows:ident: $F:ident, $V:ty, $zero:ident, $size:literal, $broadcast:literal, $add:literal) => {
        /// # Safety
        /// That of [`micro`](super::micro) with columns that run along memory, on a processor with
        /// AVX-512.
        #[inline]
        #[target_feature(enable = "avx512f")]
        pub(super) unsafe fn $by_columns<const H: usize, const N: usize>(o: &Operands<$F>) {
            tile!(
                o,
                $F,
                $V,
                $zero,
                $size,
                [
                    columns!("{a}", "{b}", $size, $broadcast, $add),
                    columns!("{a}+{la}", "{b}+{rb}", $size, $broadcast, $add),
                    columns!("{a}+2*{la}", "{b}+2*{rb}", $size, $broadcast, $add),
                    columns!("{a}+{la3}", "{b}+{rb3}", $size, $broadcast, $add),
                    "lea {a}, [{a}+4*{la}]"
                ],
                [columns!("{a}", "{b}", $size, $broadcast, $add), "add {a}, {la}"],
                a = o.a,
                la3 = o.lda.wrapping_mul(3 * $size)
            )
        }

        /// # Safety
        /// That of [`micro`](super::micro) with rows that run along memory, on a processor with
        /// AVX-512.
        #[inline]
        #[target_feature(enable = "avx512f")]
        pub(super) unsafe fn $by_rows<const H: usize, const N: usize>(o: &Operands<$F>) {
            // Only those bases are read from that have one of the `H` rows.
            let base = |group: usize| o.a.wrapping_add(o.lda.wrapping_mul(3 * group));
            tile!(
                o,
                $F,
                $V,
                $zero,
                $size,
                [
                    rows!("0", "{b}", $size, $broadcast, $add),
                    rows!("1", "{b}+{rb}", $size, $broadcast, $add),
                    rows!("2", "{b}+2*{rb}", $size, $broadcast, $add),
                    rows!("3", "{b}+{rb3}", $size, $broadcast, $add),
                    next!("4", $size)
                ],
                [rows!("0", "{b}", $size, $broadcast, $add), next!("1", $size)],
                a0 = base(0),
                a1 = base(1),
                a2 = base(2),
                a3 = base(3),
                a4 = base(4)
            )
        }
    };
}

/// The bases move by so many scalars.
macro_rules! next {
    ($steps:literal, $size:literal) => {
        concat!(
            "add {a0}, ",
            $steps,
            "*",
            $size,
            "\n",
            "add {a1}, ",
            $steps,
            "*",
            $size,
            "\n",
            "add {a2}, ",
            $steps,
            "*",
            $size,
            "\n",
            "add {a3}, ",
            $steps,
            "*",
            $size,
            "\n",
            "add {a4}, ",
            $steps,
            "*",
            $size
        )
    };
}

tiles!(columns_f32, rows_f32: f32, __m512, _mm512_setzero_ps, 4, "vbroadcastss", "vfmadd231ps");
tiles!(columns_f64, rows_f64: f64, __m512d, _mm512_setzero_pd, 8, "vbroadcastsd", "vfmadd231pd");

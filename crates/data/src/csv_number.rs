//! A number as it is written.

/// The number that is written there, if it is one. Blanks around it have been taken off.
///
/// # Errors
/// If it is one that `f64` cannot hold.
pub(crate) fn number(bytes: &[u8], decimal_comma: bool) -> Result<Option<f64>, &'static str> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(None) };
    let parsed = match decimal_comma {
        // A point would be a separator of thousands.
        true if text.contains('.') => return Ok(None),
        true => text.replacen(',', ".", 1).parse::<f64>(),
        false => text.parse::<f64>(),
    };
    match parsed {
        Ok(number) if number.is_finite() => Ok(Some(number)),
        // Words for infinity have no digits, "1e999" has.
        Ok(number) if number.is_infinite() && text.bytes().any(|byte| byte.is_ascii_digit()) => {
            Err("a number between -1.8e308 and 1.8e308")
        }
        Ok(number) if number.is_infinite() => {
            Err("a finite number (or name the word among the missing ones)")
        }
        _ => Ok(None),
    }
}

/// What [`number`] says of digits with or without a sign and a point, which is most numbers in
/// files, in fewer steps. None for everything else, and for what `f64` cannot hold.
#[inline]
pub(crate) fn plain_number(bytes: &[u8], decimal_comma: bool) -> Option<f64> {
    let (negative, digits) = match bytes {
        [b'-', digits @ ..] => (true, digits),
        _ => (false, bytes),
    };
    let decimal = Decimal::of(digits, if decimal_comma { b',' } else { b'.' })?;
    match decimal.value() {
        Some(x) => Some(if negative { -x } else { x }),
        None if decimal_comma => None,
        None => std::str::from_utf8(bytes).ok()?.parse().ok().filter(|x: &f64| x.is_finite()),
    }
}

/// Digits with or without a point.
struct Decimal {
    /// The digits as a whole number, modulo 2⁶⁴.
    m: u64,
    n_digits: usize,
    /// How many of them stand behind the point.
    k: usize,
}

/// Powers of ten that are exact in `f64`.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Whole numbers up to here are exact in `f64`.
const EXACT: u64 = 1 << 53;

/// `r = ⌊2ˢ/5ᵏ⌋` for `k` up to 27, and `s` with which it has 64 bits.
const RECIPROCALS: [(u64, i32); 28] = {
    let (mut all, mut k, mut five) = ([(0, 0); 28], 0, 1_u128);
    while k < 28 {
        let s = 63 + (five * 2 - 1).ilog2();
        all[k] = (((1 << s) / five) as u64, s as i32);
        five *= 5;
        k += 1;
    }
    all
};

impl Decimal {
    #[inline]
    fn of(bytes: &[u8], point: u8) -> Option<Self> {
        let (mut m, mut place) = (0_u64, None);
        for (i, &byte) in bytes.iter().enumerate() {
            let digit = byte.wrapping_sub(b'0');
            if digit < 10 {
                m = m.wrapping_mul(10).wrapping_add(u64::from(digit));
            } else if byte == point && place.is_none() {
                place = Some(i);
            } else {
                return None;
            }
        }
        let n_digits = bytes.len() - usize::from(place.is_some());
        let k = place.map_or(0, |place| bytes.len() - 1 - place);
        (n_digits > 0).then_some(Self { m, n_digits, k })
    }

    /// The number nearest to it, if one division or one product tells it.
    ///
    /// ```text
    /// x = m/10ᵏ        m ≤ 2⁵³, k ≤ 22
    /// ```
    ///
    /// `m` and `10ᵏ` are exact, so that the quotient is rounded once. Clinger, *How to read
    /// floating point numbers accurately*, PLDI 1990, <https://doi.org/10.1145/93542.93557>.
    #[inline]
    fn value(&self) -> Option<f64> {
        let Self { m, n_digits, k } = *self;
        if n_digits > 19 {
            return None; // m has lost digits, or is too large for the product
        }
        match POWERS.get(k) {
            Some(power) if m <= EXACT => Some(m as f64 / power),
            _ => from_product(m, k),
        }
    }
}

/// The number nearest to `m/10ᵏ`, if bounds from both sides are rounded to it.
///
/// ```text
/// m r ≤ 2ˢ m/5ᵏ < m (r + 1)        r = ⌊2ˢ/5ᵏ⌋
/// ```
///
/// Both have 53 bits and some more, which are rounded off: the lower bound with a half counted
/// down, the upper one up, so that a tie is none. One in about a thousand numbers stays open. The
/// product is that of Lemire, *Number parsing at a gigabyte per second*, Software: Practice and
/// Experience 51, 2021, <https://arxiv.org/abs/2101.11408>.
fn from_product(m: u64, k: usize) -> Option<f64> {
    let &(reciprocal, s) = RECIPROCALS.get(k)?;
    let low = u128::from(m) * u128::from(reciprocal);
    let more = low.checked_ilog2()?.saturating_sub(52);
    let half = 1_u128 << more >> 1;
    let (low, high) = ((low + half - 1) >> more, (low + u128::from(m) + half) >> more);
    // 2ᵉ, of a normal number: m/10ᵏ is between 10⁻²⁷ and 2⁶⁴.
    let unit = f64::from_bits(((1023 + more as i32 - s - k as i32) as u64) << 52);
    (low == high).then_some(low as u64 as f64 * unit)
}

#[cfg(test)]
mod tests {
    use super::{number, plain_number};
    use proptest::prelude::*;

    #[test]
    fn what_is_plain_and_what_is_not() {
        let plain = [
            "0",
            "-0",
            "007",
            "5.",
            ".5",
            "-.5",
            "9007199254740992",
            "9007199254740993",
            "-12.75",
            "99999999999999999999",
            "18446744073709551617",
            "0.10000000000000000000000000001",
        ];
        for text in plain {
            let x = plain_number(text.as_bytes(), false).map(f64::to_bits);
            assert_eq!(x, text.parse::<f64>().ok().map(f64::to_bits), "{text}");
        }
        let long = "9".repeat(400); // too large
        let other = [
            "", "-", ".", "-.", "+1", "1e3", "1.2.3", "--1", " 1", "1 ", "1_0", "inf", "nan",
            "1,5", "١", &long,
        ];
        for text in other {
            assert_eq!(plain_number(text.as_bytes(), false), None, "{text}");
        }
        assert_eq!(plain_number(b"1,5", true), Some(1.5));
        assert_eq!(plain_number(b"1.5", true), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        // It never says anything else than the standard library does.
        #[test]
        fn plain_numbers_are_the_nearest_numbers(
            text in prop_oneof![
                "-?[0-9]{0,12}\\.?[0-9]{0,12}",
                "-?0\\.0{0,12}[0-9]{1,16}",
                "[-+0-9.eE ]{0,8}",
                any::<f64>().prop_map(|x| x.to_string()),
                any::<f32>().prop_map(|x| x.to_string()),
                any::<u64>().prop_map(|x| x.to_string()),
                (any::<u64>(), 0..30_usize).prop_map(|(x, k)| format!("0.{x:0>k$}")),
                // Ties, and their neighbors.
                ((1_u64 << 53)..(1 << 54), 0..3_u64, 0..5_usize).prop_map(|(x, away, zeros)| {
                    format!("{}.{}", 2 * x + away, "0".repeat(zeros))
                }),
                // What a number of 53 bits and one half is, written out: m/2ᵏ = m 5ᵏ/10ᵏ.
                ((1_u64 << 53)..(1 << 54), 1..4_usize).prop_map(|(x, k)| {
                    let digits = (u128::from(2 * (x >> 8) + 1) * 5_u128.pow(k as u32)).to_string();
                    format!("{}.{}", &digits[..digits.len() - k], &digits[digits.len() - k..])
                }),
            ],
        ) {
            for (text, comma) in [(text.replace('.', ","), true), (text, false)] {
                if let Some(x) = plain_number(text.as_bytes(), comma) {
                    let slow = number(text.as_bytes(), comma).map(|x| x.map(f64::to_bits));
                    prop_assert_eq!(slow, Ok(Some(x.to_bits())), "{}", text);
                }
            }
        }
    }
}

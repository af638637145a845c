//! IDX files, and what becomes of broken ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use std::io::{Read, Write};

use data::{Error, Idx, IdxValues};
use ndarray::array;
use proptest::prelude::*;

fn read(bytes: &[u8]) -> Result<Idx, Error> {
    Idx::read_from(bytes, "t.idx")
}

fn message<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().to_string()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

/// Type, sizes, bytes.
fn file(kind: u8, sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, sizes.len() as u8];
    sizes.iter().for_each(|size| bytes.extend(size.to_be_bytes()));
    bytes.extend(values);
    bytes
}

#[test]
fn every_type() {
    // 1.5 is 0x3fc00000 in f32, −2 is 0xc000000000000000 in f64.
    let table: [(u8, u32, &[u8], IdxValues); 6] = [
        (8, 2, &[7, 255], IdxValues::U8(vec![7, 255])),
        (9, 2, &[7, 255], IdxValues::I8(vec![7, -1])),
        (11, 2, &[1, 2, 255, 254], IdxValues::I16(vec![258, -2])),
        (12, 2, &[0, 0, 1, 0, 255, 255, 255, 255], IdxValues::I32(vec![256, -1])),
        (13, 1, &[0x3f, 0xc0, 0, 0], IdxValues::F32(vec![1.5])),
        (14, 1, &[0xc0, 0, 0, 0, 0, 0, 0, 0], IdxValues::F64(vec![-2.0])),
    ];
    for (kind, n, bytes, expected) in table {
        for whole in [file(kind, &[n], bytes), packed(&file(kind, &[n], bytes))] {
            let idx = read(&whole).unwrap();
            assert_eq!((idx.shape(), idx.values()), (&[n as usize][..], &expected));
        }
    }
    let deep = read(&file(8, &[2, 1, 3, 1, 1], &[1, 2, 3, 4, 5, 6])).unwrap();
    assert_eq!(deep.shape(), [2, 1, 3, 1, 1]);
    assert_eq!(deep.images::<f64>().unwrap(), array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]] / 255.0);
    assert_eq!(read(&file(8, &[], &[9])).unwrap().shape(), [0; 0]); // one number
    assert_eq!(read(&file(8, &[0, 5], &[])).unwrap().values(), &IdxValues::U8(vec![]));
    let many = read(&file(8, &[1; 255], &[9])).unwrap();
    assert_eq!(many.images::<f32>().unwrap().dim(), (1, 1));
}

#[test]
fn broken_files() {
    let start = "t.idx: expected an IDX file: 0, 0, its type (8, 9, 11, 12, 13 or 14) and a number \
                 of sizes, found";
    let huge = file(14, &[u32::MAX; 3], &[1, 2, 3]);
    let table: [(&[u8], String); 10] = [
        (b"", format!("{start} []")),
        (&[0, 0, 8], format!("{start} [0, 0, 8]")),
        (&[0, 1, 8, 1], format!("{start} [0, 1, 8, 1]")),
        (&[0, 0, 10, 1], format!("{start} [0, 0, 10, 1]")),
        (b"a,b\n1,2\n", format!("{start} [97, 44, 98, 10]")),
        (&[0, 0, 8, 2, 0, 0, 0, 1, 0], "t.idx: expected 8 bytes for 2 sizes, found 5".into()),
        (
            &file(8, &[2, 2], &[1, 2, 3]),
            "t.idx: expected 4 bytes after the sizes, as (2 × 2) values of u8 have, found 3".into(),
        ),
        (
            &file(11, &[2], &[1, 2, 3, 4, 5]),
            "t.idx: expected 4 bytes after the sizes, as (2) values of i16 have, found more".into(),
        ),
        (
            &huge,
            "t.idx: expected sizes whose product fits into memory, found (4294967295 × 4294967295 × \
             4294967295)"
                .into(),
        ),
        (
            // 2^33 bytes are promised and three come: memory is taken for three.
            &file(8, &[1 << 31, 4], &[1, 2, 3]),
            "t.idx: expected 8589934592 bytes after the sizes, as (2147483648 × 4) values of u8 \
             have, found 3"
                .into(),
        ),
    ];
    for (bytes, expected) in table {
        assert_eq!(message(read(bytes)), expected);
    }
    let cut = message(read(&packed(&file(8, &[2], &[1, 2]))[..20]));
    assert!(cut.starts_with("t.idx: expected a file that can be read, found"), "{cut}");
    let error = message(Idx::read("no/such/file.idx"));
    assert!(error.starts_with("no/such/file.idx: expected a file that can be read"), "{error}");
}

#[test]
fn images_and_labels() {
    let images = read(&file(8, &[2, 1, 2], &[0, 255, 51, 102])).unwrap();
    let labels = read(&file(8, &[2], &[1, 0])).unwrap();
    let dataset = images.dataset::<f32>(&labels, 3).unwrap();
    assert_eq!(dataset.features(), array![[0.0, 1.0], [0.2, 0.4]]);
    assert_eq!(dataset.classes().unwrap(), (&[1, 0][..], &["0", "1", "2"].map(String::from)[..]));

    let floats = read(&file(13, &[1, 1], &[0; 4])).unwrap();
    assert_eq!(
        message(floats.images::<f64>()),
        "t.idx: expected images of u8, of at least 1 size, found (1 × 1) values of f32"
    );
    let expected = "t.idx: expected labels: 1 size, whole numbers of at least 0, found";
    assert_eq!(message(floats.labels()), format!("{expected} (1 × 1) values of f32"));
    assert_eq!(message(images.labels()), format!("{expected} (2 × 1 × 2) values of u8"));
    let negative = read(&file(9, &[2], &[1, 255])).unwrap();
    assert_eq!(message(negative.labels()), format!("{expected} (2) values of i8"));
    let wide = read(&file(12, &[1], &[0, 0, 1, 0])).unwrap();
    assert_eq!(wide.labels().unwrap(), [256]);
    assert_eq!(
        message(images.dataset::<f64>(&labels, 1)),
        "target: expected a code from 0 to 0 in row 0, found 1"
    );
    assert!(images.dataset::<f64>(&wide, 300).is_err()); // another number of rows
    assert!(images.dataset::<f64>(&labels, usize::MAX).is_err());
    let none = read(&file(8, &[0, 2], &[])).unwrap();
    assert!(none.dataset::<f64>(&read(&file(8, &[0], &[])).unwrap(), 1).is_err());
}

/// Hands out one byte a call, as a pipe may.
struct Drops<'a>(&'a [u8]);

impl Read for Drops<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let n = to.len().min(1);
        self.0.read(&mut to[..n])
    }
}

#[test]
fn readers_that_hand_out_single_bytes() {
    let bytes = file(11, &[2], &[1, 2, 3, 4]);
    let whole = read(&bytes).unwrap();
    assert_eq!(Idx::read_from(Drops(&bytes), "t.idx").unwrap(), whole);
    assert_eq!(Idx::read_from(Drops(&packed(&bytes)), "t.idx").unwrap(), whole);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    // Whatever bytes become of a valid file: an array of the sizes that it says, or an error.
    #[test]
    fn mutated_files_are_read_or_refused(
        kind in prop::sample::select(&[8_u8, 9, 11, 12, 13, 14]),
        sizes in prop::collection::vec(0_u32..4, 0..4),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 0..5),
        gz: bool,
    ) {
        let width = [1, 1, 1, 2, 4, 4, 8][usize::from(kind) - 8];
        let n: usize = sizes.iter().map(|&size| size as usize).product();
        let mut bytes = file(kind, &sizes, &vec![3; n * width]);
        if gz {
            bytes = packed(&bytes);
        }
        let untouched = changes.is_empty();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len().max(1)).min(bytes.len());
            match how {
                0 if at < bytes.len() => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => bytes.truncate(at),
            }
        }
        match read(&bytes) {
            Ok(idx) => {
                let n: usize = idx.shape().iter().product();
                let found = match idx.values() {
                    IdxValues::U8(x) => x.len(),
                    IdxValues::I8(x) => x.len(),
                    IdxValues::I16(x) => x.len(),
                    IdxValues::I32(x) => x.len(),
                    IdxValues::F32(x) => x.len(),
                    IdxValues::F64(x) => x.len(),
                };
                prop_assert_eq!(found, n);
                let _ = idx.images::<f32>();
                let _ = idx.dataset::<f32>(&idx, 4);
            }
            Err(error) => {
                prop_assert!(!untouched, "{}", error);
                prop_assert!(error.to_string().starts_with("t.idx: expected"), "{}", error);
            }
        }
    }
}

//! IDX files: images and labels as MNIST has them.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use ndarray::Array2;
use tensor_core::{Float, memory};

use crate::gzip::unpacked;
use crate::{Dataset, Error, Target};

/// An array of numbers from an IDX file, the format of MNIST and its relatives; `.gz` is told by
/// its first bytes.
///
/// | bytes | |
/// |---|---|
/// | 2 | 0 |
/// | 1 | the type: 8 `u8`, 9 `i8`, 11 `i16`, 12 `i32`, 13 `f32`, 14 `f64` |
/// | 1 | how many sizes there are: 3 for images, 1 for labels |
/// | 4 each | the sizes |
/// | the rest | the numbers, the last index fastest; like the sizes, the highest byte first |
///
/// LeCun, Cortes and Burges, *The MNIST database of handwritten digits*,
/// <https://web.archive.org/web/2024/http://yann.lecun.com/exdb/mnist/>.
///
/// No size is trusted: memory grows as bytes come, never beyond what the sizes say.
///
/// # Errors
/// The methods that read refuse, with the file: one that cannot be read, another beginning, sizes
/// whose product no memory holds, a file that is shorter than its sizes say, or longer.
///
/// # Examples
/// ```
/// use data::{Idx, IdxValues};
/// use ndarray::array;
///
/// // Two images of 1 × 2, and their labels.
/// let images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 0];
/// let labels = [0, 0, 8, 1, 0, 0, 0, 2, 7, 1];
/// let images = Idx::read_from(&images[..], "images")?;
/// let labels = Idx::read_from(&labels[..], "labels")?;
/// assert_eq!(images.shape(), [2, 1, 2]);
/// assert_eq!(labels.values(), &IdxValues::U8(vec![7, 1]));
/// let dataset = images.dataset::<f64>(&labels, 10)?;
/// assert_eq!(dataset.features(), array![[0.0, 1.0], [0.2, 0.0]]);
/// assert_eq!(dataset.classes()?.0, [7, 1]);
///
/// let error = Idx::read_from(&[0, 0, 8, 1, 0, 0, 0, 2, 7][..], "labels").unwrap_err();
/// let message = "labels: expected 2 bytes after the sizes, as (2) values of u8 have, found 1";
/// assert_eq!(error.to_string(), message);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Idx {
    file: String,
    shape: Vec<usize>,
    values: IdxValues,
}

/// The numbers of an [`Idx`], the last index fastest.
///
/// # Examples
/// ```
/// use data::{Idx, IdxValues};
///
/// let file = [0, 0, 11, 1, 0, 0, 0, 1, 0xff, 0xfe];
/// let idx = Idx::read_from(&file[..], "numbers")?;
/// assert_eq!(idx.values(), &IdxValues::I16(vec![-2]));
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum IdxValues {
    /// Type 8.
    U8(Vec<u8>),
    /// Type 9.
    I8(Vec<i8>),
    /// Type 11.
    I16(Vec<i16>),
    /// Type 12.
    I32(Vec<i32>),
    /// Type 13.
    F32(Vec<f32>),
    /// Type 14.
    F64(Vec<f64>),
}

impl Idx {
    /// Reads a file.
    ///
    /// # Errors
    /// See the type.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| Error::io(&name, &error))?;
        Self::read_from(file, &name)
    }

    /// Reads all of a reader. `name` stands for the file's name in messages.
    ///
    /// # Errors
    /// See the type.
    pub fn read_from(reader: impl Read, name: &str) -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::io(name, &error);
        let mut reader = unpacked(BufReader::new(reader)).map_err(failed)?;
        let mut head = Vec::new();
        reader.by_ref().take(4).read_to_end(&mut head).map_err(failed)?;
        let &[0, 0, code, n_sizes] = &head[..] else { return Err(beginning(name, &head)) };
        let Some(kind) = Kind::of(code) else { return Err(beginning(name, &head)) };

        let mut sizes = Vec::new();
        let expected = 4 * u64::from(n_sizes);
        reader.by_ref().take(expected).read_to_end(&mut sizes).map_err(failed)?;
        if (sizes.len() as u64) < expected {
            let what = format!("{expected} bytes for {n_sizes} sizes");
            return Err(wrong(name, what, sizes.len().to_string()));
        }
        let shape: Vec<usize> = each(&sizes, |bytes| u32::from_be_bytes(bytes) as usize);
        let bytes = shape.iter().try_fold(kind.size(), |n, &size| n.checked_mul(size));
        let Some(expected) = bytes.filter(|&bytes| bytes < isize::MAX as usize) else {
            let what = "sizes whose product fits into memory".into();
            return Err(wrong(name, what, listed(&shape)));
        };
        let mut bytes = Vec::new();
        reader.take(expected as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() != expected {
            let of = format!("as {} values of {} have", listed(&shape), kind.name());
            let what = format!("{expected} bytes after the sizes, {of}");
            let more = bytes.len() > expected;
            let found = if more { "more".into() } else { bytes.len().to_string() };
            return Err(wrong(name, what, found));
        }
        Ok(Self { file: name.to_owned(), shape, values: kind.values(bytes) })
    }

    /// The sizes: `[60000, 28, 28]`.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The numbers.
    pub fn values(&self) -> &IdxValues {
        &self.values
    }

    /// Images as rows, each pixel divided by 255: from 0 to 1.
    ///
    /// ```text
    /// (N, H, W) ↦ (N, H·W)
    /// ```
    ///
    /// # Errors
    /// If the numbers are not `u8`, or there are no sizes.
    pub fn images<F: Float>(&self) -> Result<Array2<F>, Error> {
        let (IdxValues::U8(pixels), Some((&n, sizes))) = (&self.values, self.shape.split_first())
        else {
            let expected = "images of u8, of at least 1 size";
            return Err(wrong(&self.file, expected.into(), self.described()));
        };
        let shape = (n, sizes.iter().product());
        let mut images = memory::zeros("images", shape).map_err(|_| {
            let found = format!("{shape:?} of {} bytes", size_of::<F>());
            Error::TooLarge { place: "images", found }
        })?;
        images.iter_mut().zip(pixels).for_each(|(to, &x)| *to = F::of(f64::from(x) / 255.0));
        Ok(images)
    }

    /// Labels.
    ///
    /// # Errors
    /// If there is more than one size, or a number is not whole or below 0.
    pub fn labels(&self) -> Result<Vec<usize>, Error> {
        let labels: Option<Vec<usize>> = match &self.values {
            _ if self.shape.len() != 1 => None,
            IdxValues::U8(x) => x.iter().map(|&x| Some(usize::from(x))).collect(),
            IdxValues::I8(x) => x.iter().map(|&x| usize::try_from(x).ok()).collect(),
            IdxValues::I16(x) => x.iter().map(|&x| usize::try_from(x).ok()).collect(),
            IdxValues::I32(x) => x.iter().map(|&x| usize::try_from(x).ok()).collect(),
            IdxValues::F32(_) | IdxValues::F64(_) => None,
        };
        labels.ok_or_else(|| {
            let expected = "labels: 1 size, whole numbers of at least 0".into();
            wrong(&self.file, expected, self.described())
        })
    }

    /// These images with labels from 0 to `n_classes − 1`; the names of the classes are `0`, `1`, …
    ///
    /// # Errors
    /// As for [`images`](Self::images) and [`labels`](Self::labels); also if there are no images,
    /// another number of labels, or a label that is no class.
    pub fn dataset<F: Float>(&self, labels: &Self, n_classes: usize) -> Result<Dataset<F>, Error> {
        let (images, labels) = (self.images()?, labels.labels()?);
        memory::check_room::<String>("class names", &[n_classes])
            .map_err(|_| Error::TooLarge { place: "class names", found: n_classes.to_string() })?;
        let names = (0..n_classes).map(|class| class.to_string());
        Dataset::new(images, Target::classes(labels, names)?)
    }

    /// Type and sizes, for messages.
    fn described(&self) -> String {
        let kind = match &self.values {
            IdxValues::U8(_) => Kind::U8,
            IdxValues::I8(_) => Kind::I8,
            IdxValues::I16(_) => Kind::I16,
            IdxValues::I32(_) => Kind::I32,
            IdxValues::F32(_) => Kind::F32,
            IdxValues::F64(_) => Kind::F64,
        };
        format!("{} values of {}", listed(&self.shape), kind.name())
    }
}

/// A type of numbers.
#[derive(Debug, Clone, Copy)]
enum Kind {
    U8,
    I8,
    I16,
    I32,
    F32,
    F64,
}

impl Kind {
    fn of(code: u8) -> Option<Self> {
        Some(match code {
            8 => Self::U8,
            9 => Self::I8,
            11 => Self::I16,
            12 => Self::I32,
            13 => Self::F32,
            14 => Self::F64,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }

    /// Bytes of a number.
    fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    fn values(self, bytes: Vec<u8>) -> IdxValues {
        match self {
            Self::U8 => IdxValues::U8(bytes),
            Self::I8 => IdxValues::I8(each(&bytes, i8::from_be_bytes)),
            Self::I16 => IdxValues::I16(each(&bytes, i16::from_be_bytes)),
            Self::I32 => IdxValues::I32(each(&bytes, i32::from_be_bytes)),
            Self::F32 => IdxValues::F32(each(&bytes, f32::from_be_bytes)),
            Self::F64 => IdxValues::F64(each(&bytes, f64::from_be_bytes)),
        }
    }
}

fn each<const N: usize, T>(bytes: &[u8], number: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|bytes| number(*bytes)).collect()
}

fn wrong(file: &str, expected: String, found: String) -> Error {
    Error::File { file: file.to_owned(), expected, found }
}

fn beginning(file: &str, head: &[u8]) -> Error {
    let expected = "an IDX file: 0, 0, its type (8, 9, 11, 12, 13 or 14) and a number of sizes";
    wrong(file, expected.into(), format!("{head:?}"))
}

fn listed(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("({})", sizes.join(" × "))
}

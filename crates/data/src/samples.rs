//! Small tables to try things on, behind the feature `samples`: nobody wants data in a dependency.
//!
//! | | rows | columns | to be predicted | by, terms |
//! |---|---|---|---|---|
//! | [`penguins`] | 344 | 8, some text, some values missing | `species` | Gorman, Horst and Hill; CC0 |
//! | [`iris`] | 150 | 4 numbers, 1 text | `species` | Fisher; CC BY 4.0 |
//! | [`digits`] | 1797 | 64 pixels, the digit | `digit` | Alpaydin and Kaynak; CC BY 4.0 |
//!
//! `crates/data/samples/README.md` says where they come from. CC BY 4.0 asks whoever passes the
//! data on, in a program as well, to name the authors.

use std::io::Read;

use crate::gzip::unpacked;
use crate::{Column, Error, Table};

const PENGUINS: &[u8] = include_bytes!("../samples/penguins.csv");
const IRIS: &[u8] = include_bytes!("../samples/iris.csv");
const DIGITS: &[u8] = include_bytes!("../samples/digits.csv.gz");

const IRIS_COLUMNS: &str = "sepal length,sepal width,petal length,petal width,species\n";
const IRIS_SPECIES: [&str; 3] = ["setosa", "versicolor", "virginica"];

/// Penguins of three species on three islands: what was measured of each, with values missing.
///
/// 344 rows with the columns `species`, `island`, `bill_length_mm`, `bill_depth_mm`,
/// `flipper_length_mm`, `body_mass_g`, `sex`, `year`. Horst, Hill and Gorman, *palmerpenguins*,
/// 2020, <https://doi.org/10.5281/zenodo.3960218>; CC0.
///
/// # Errors
/// None: the table is part of the program.
///
/// # Examples
/// ```
/// use data::{Preprocessor, samples};
///
/// let penguins = samples::penguins()?;
/// let learned = Preprocessor::fit(&penguins, "species")?;
/// assert_eq!(learned.class_names(), ["Adelie", "Chinstrap", "Gentoo"]);
/// assert_eq!(penguins.column("sex")?.n_missing(), 11);
/// # Ok::<(), data::Error>(())
/// ```
pub fn penguins() -> Result<Table, Error> {
    Table::read_csv_from(PENGUINS, "penguins.csv")
}

/// Iris flowers of three species: length and width of sepal and petal, in cm.
///
/// 150 rows, 50 of each `species`. Fisher, *The use of multiple measurements in taxonomic
/// problems*, Annals of Eugenics 7, 1936; UCI Machine Learning Repository,
/// <https://doi.org/10.24432/C56C76>; CC BY 4.0.
///
/// # Errors
/// None: the table is part of the program.
///
/// # Examples
/// ```
/// let iris = data::samples::iris()?;
/// assert_eq!((iris.n_rows(), iris.n_columns()), (150, 5));
/// assert_eq!(iris.column("species")?.text()?.words(), ["setosa", "versicolor", "virginica"]);
/// # Ok::<(), data::Error>(())
/// ```
pub fn iris() -> Result<Table, Error> {
    // The first line holds counts, and the names of the species.
    let first = IRIS.iter().position(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let table = Table::read_csv_from(IRIS_COLUMNS.as_bytes().chain(&IRIS[first..]), "iris.csv")?;
    let species = table.column("species")?.numbers()?;
    let species = species.iter().map(|&class| IRIS_SPECIES.get(class as usize).copied());
    let species = Column::text_of("species", species);
    let lengths = table.columns().iter().filter(|column| column.name() != "species").cloned();
    Table::new(lengths.chain([species]).collect())
}

/// Handwritten digits: 8 × 8 pixels from 0 to 16, row by row, and the digit.
///
/// 1797 rows with the columns `pixel 0` … `pixel 63` and `digit`. Alpaydin and Kaynak, *Optical
/// recognition of handwritten digits*, UCI Machine Learning Repository,
/// <https://doi.org/10.24432/C50P49>, test half; CC BY 4.0.
///
/// # Errors
/// None: the table is part of the program.
///
/// # Examples
/// ```
/// use data::{Preprocessor, samples};
///
/// let digits = samples::digits()?;
/// let learned = Preprocessor::builder().class_target("digit").fit(&digits)?;
/// let dataset = learned.transform::<f32>(&digits)?;
/// assert_eq!((dataset.features().dim(), learned.class_names().len()), ((1797, 64), 10));
/// # Ok::<(), data::Error>(())
/// ```
pub fn digits() -> Result<Table, Error> {
    let pixels: String = (0..64).map(|i| format!("pixel {i},")).collect();
    let header = format!("{pixels}digit\n");
    let rows = unpacked(DIGITS).map_err(|error| Error::io("digits.csv.gz", &error))?;
    Table::read_csv_from(header.as_bytes().chain(rows), "digits.csv.gz")
}

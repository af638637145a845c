//! Where a tensor stands in a model.

use std::fmt::{self, Write};

/// The name of a tensor or a layer within a model: `3.0.weight` is the tensor `weight` of layer 0
/// within layer 3.
///
/// The names are those of PyTorch's `state_dict`. A path is a chain of references to the paths
/// above it, so that a walk over a model names every tensor without allocating;
/// [`to_string`](ToString::to_string) makes a name to keep.
///
/// ```
/// use tensor_core::Path;
///
/// let root = Path::root();
/// let block = root.index(3);
/// let layer = block.index(0);
/// let weight = layer.name("weight");
/// assert_eq!(weight.to_string(), "3.0.weight");
/// assert!(weight == *"3.0.weight");
/// assert!(weight.is_within("3") && weight.is_within("3.0") && !weight.is_within("0"));
/// assert_eq!(weight.leaf(), "weight");
/// ```
#[derive(Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    segment: Segment,
}

#[derive(Clone, Copy)]
enum Segment {
    /// The model itself, which has no name.
    Root,
    Index(usize),
    Name(&'static str),
}

impl<'a> Path<'a> {
    /// The empty path: the model itself.
    #[inline]
    pub const fn root() -> Self {
        Self { parent: None, segment: Segment::Root }
    }

    /// The path of a tensor of a model that has no layers.
    #[inline]
    pub const fn of(name: &'static str) -> Self {
        Self { parent: None, segment: Segment::Name(name) }
    }

    /// The path of entry `i` of what stands here: of a layer among layers.
    #[inline]
    pub const fn index(&'a self, i: usize) -> Self {
        self.child(Segment::Index(i))
    }

    /// The path of what is called `name` here: of a tensor of a layer.
    #[inline]
    pub const fn name(&'a self, name: &'static str) -> Self {
        self.child(Segment::Name(name))
    }

    #[inline]
    const fn child(&'a self, segment: Segment) -> Self {
        // The root has no name, so that nothing has to refer to it.
        let parent = if let Segment::Root = self.segment { None } else { Some(self) };
        Self { parent, segment }
    }

    /// The last part of it if that is a name, `weight` of `3.0.weight`; otherwise the empty string.
    pub const fn leaf(&self) -> &'static str {
        match self.segment {
            Segment::Name(name) => name,
            Segment::Root | Segment::Index(_) => "",
        }
    }

    /// Whether it is `prefix`, or stands below it: `3.0.weight` is within `3` and within `3.0`, and
    /// not within `3.0.w`. Everything is within the empty path.
    pub fn is_within(&self, prefix: &str) -> bool {
        prefix.is_empty() || *self == *prefix || self.parent.is_some_and(|p| p.is_within(prefix))
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}.")?;
        }
        match self.segment {
            Segment::Root => Ok(()),
            Segment::Index(i) => write!(f, "{i}"),
            Segment::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Debug for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Compares with a name without allocating.
impl PartialEq<str> for Path<'_> {
    fn eq(&self, name: &str) -> bool {
        let mut remainder = Remainder(name);
        write!(remainder, "{self}").is_ok() && remainder.0.is_empty()
    }
}

impl PartialEq for Path<'_> {
    fn eq(&self, other: &Self) -> bool {
        *self == *other.to_string().as_str()
    }
}

/// What is left of a name once all that was written has been taken off its front.
struct Remainder<'a>(&'a str);

impl Write for Remainder<'_> {
    fn write_str(&mut self, written: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(written).ok_or(fmt::Error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn a_path_is_printed_as_pytorch_names_it() {
        let root = Path::root();
        assert_eq!(root.to_string(), "");
        assert_eq!(root.name("weight").to_string(), "weight");
        let layer = root.index(12);
        assert_eq!(layer.name("bias").to_string(), "12.bias");
        assert_eq!(format!("{:?}", layer.index(0)), "\"12.0\"");
    }

    #[test]
    fn a_path_equals_its_own_name_and_no_other() {
        let root = Path::root();
        let layer = root.index(1);
        let weight = layer.name("weight");
        for (name, same) in [
            ("1.weight", true),
            ("1.weigh", false),
            ("1.weights", false),
            ("weight", false),
            ("11.weight", false),
            ("", false),
        ] {
            assert_eq!(weight == *name, same, "{name}");
        }
        assert_eq!(weight, layer.name("weight"));
        assert_ne!(weight, layer.name("bias"));
        assert!(root == *"");
    }

    #[test]
    fn a_path_is_within_whole_parts_only() {
        let root = Path::root();
        let (one, eleven) = (root.index(1), root.index(11));
        assert!(one.name("weight").is_within("1") && one.is_within("1"));
        assert!(!eleven.name("weight").is_within("1") && !one.is_within("1.weight"));
        assert!(one.is_within("") && root.is_within("") && !root.is_within("1"));
    }
}

//! Matrices with every layout that a caller may have: rows or columns first, gaps, reversed axes,
//! an offset.

use ndarray::{Array2, ArrayBase, ArrayView2, ArrayViewMut2, Axis, Ix2, RawData, Slice};
use tensor_core::Float;

use crate::draw::Draw;

/// A matrix that lies in a larger array. What is not its own holds a NaN of one bit pattern.
#[derive(Debug, Clone)]
pub(crate) struct Laid<F> {
    base: Array2<F>,
    layout: Layout,
    shape: [usize; 2],
}

/// How a matrix lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Layout {
    transposed: bool,
    /// Of rows and of columns.
    steps: [usize; 2],
    offsets: [usize; 2],
    reversed: [bool; 2],
}

/// What fills the gaps.
const GAP: u64 = 0x7ff8_dead_0000_0000;

pub(crate) const ROW_MAJOR: Layout =
    Layout { transposed: false, steps: [1, 1], offsets: [0, 0], reversed: [false, false] };

impl Layout {
    pub(crate) fn draw(draw: &mut Draw) -> Self {
        if draw.once_in(3) {
            return ROW_MAJOR;
        }
        let mut pair = |n: usize| [draw.below(n), draw.below(n)];
        let steps = pair(3).map(|s| s.max(1));
        let offsets = pair(3);
        let reversed = pair(4).map(|r| r == 3);
        Self { transposed: draw.once_in(3), steps, offsets, reversed }
    }

    /// The matrix of this shape within a view of the array that it lies in.
    fn place<S: RawData>(self, base: ArrayBase<S, Ix2>, shape: [usize; 2]) -> ArrayBase<S, Ix2> {
        let mut view = if self.transposed { base.reversed_axes() } else { base };
        for (axis, n) in shape.into_iter().enumerate() {
            let (offset, step) = (self.offsets[axis] as isize, self.steps[axis]);
            let end = offset + (n * step) as isize;
            view.slice_axis_inplace(Axis(axis), Slice::new(offset, Some(end), step as isize));
            if self.reversed[axis] {
                view.invert_axis(Axis(axis));
            }
        }
        view
    }
}

impl<F: Float> Laid<F> {
    pub(crate) fn new(
        layout: Layout,
        [rows, columns]: [usize; 2],
        mut value: impl FnMut() -> F,
    ) -> Self {
        let Layout { steps, offsets, transposed, .. } = layout;
        let (r, c) = (offsets[0] + rows * steps[0], offsets[1] + columns * steps[1]);
        let shape = if transposed { (c, r) } else { (r, c) };
        let base = Array2::from_elem(shape, F::of(f64::from_bits(GAP)));
        let mut laid = Self { base, layout, shape: [rows, columns] };
        laid.view_mut().iter_mut().for_each(|x| *x = value());
        laid
    }

    /// With values and layout drawn.
    pub(crate) fn draw(draw: &mut Draw, shape: [usize; 2]) -> Self {
        let (layout, values) = (Layout::draw(draw), draw.values());
        Self::new(layout, shape, || draw.value(values))
    }

    /// Memory to be written: its old values are numbers that must not matter.
    pub(crate) fn output(draw: &mut Draw, shape: [usize; 2]) -> Self {
        let old = F::of(draw.one_of(&[0.0, 1.0, f64::NAN, f64::INFINITY]));
        Self::new(Layout::draw(draw), shape, || old)
    }

    /// The same values in another layout.
    pub(crate) fn moved(&self, layout: Layout) -> Self {
        let view = self.view();
        let mut values = view.iter().copied();
        Self::new(layout, self.shape, || values.next().unwrap_or_default())
    }

    pub(crate) fn view(&self) -> ArrayView2<'_, F> {
        self.layout.place(self.base.view(), self.shape)
    }

    pub(crate) fn view_mut(&mut self) -> ArrayViewMut2<'_, F> {
        self.layout.place(self.base.view_mut(), self.shape)
    }

    /// The bits of every value, row by row.
    pub(crate) fn bits(&self) -> Vec<u64> {
        bits(self.view().iter())
    }

    /// Whether what is not the matrix's own is as it was.
    pub(crate) fn gaps_are_untouched(&self) -> bool {
        let gap = F::of(f64::from_bits(GAP)).as_f64().to_bits();
        let n = self.base.iter().filter(|x| x.as_f64().to_bits() == gap).count();
        n >= self.base.len() - self.shape[0] * self.shape[1]
    }

    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }
}

/// The bits of numbers, with one NaN for all; those of an `f32` are exact in an `f64`.
pub(crate) fn bits<'a, F: Float>(values: impl Iterator<Item = &'a F>) -> Vec<u64> {
    let one = |x: &F| if x.is_nan() { f64::NAN } else { x.as_f64() };
    values.map(|x| one(x).to_bits()).collect()
}

//! Choices of a batch normalization.

/// Choices of a [`BatchNorm1d`](super::BatchNorm1d) beyond its width: `ε`, the momentum and the
/// kind of running variance, and whether it has parameters. The default is what the course notes
/// use (see the page `course` of the crate `models`), [`pytorch`](Self::pytorch) what PyTorch does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchNorm1dConfig {
    /// ε: added to the variance.
    pub eps: f64,
    /// `1 − α`: the factor of the newest batch in the running statistics, in `[0, 1]`.
    pub momentum: f64,
    /// Whether the running variance is that of the population, `N/(N − 1)` times the batch's.
    pub unbiased_running_var: bool,
    /// Whether there are a γ and a β.
    pub affine: bool,
}

/// Those of the course notes: ε = 1e-8, α = 0.9, the running variance biased like the batch's.
impl Default for BatchNorm1dConfig {
    fn default() -> Self {
        Self { eps: 1e-8, momentum: 0.1, unbiased_running_var: false, affine: true }
    }
}

impl BatchNorm1dConfig {
    /// PyTorch's: ε = 1e-5, momentum 0.1, unbiased running variance.
    pub fn pytorch() -> Self {
        Self { eps: 1e-5, unbiased_running_var: true, ..Self::default() }
    }
}

//! What is said of openSMILE's sets alike.

use super::statistics::{Plain, Unit};
use super::{Family, Side};

/// A statistic of a contour.
pub(super) struct Statistic {
    /// The end of a feature's name.
    pub suffix: &'static str,
    /// A noun for it.
    pub words: &'static str,
    /// How it is computed.
    pub definition: &'static str,
    /// The unit of its values.
    pub unit: Unit,
    /// The values that it takes; those of the contour if it has none.
    pub range: Option<&'static str>,
    /// What one would not expect of it.
    pub deviation: Option<&'static str>,
    /// Whether it is easy to picture, and as what.
    pub plain: Option<Plain>,
}

impl Statistic {
    pub(super) const fn new(
        suffix: &'static str,
        words: &'static str,
        definition: &'static str,
        unit: Unit,
    ) -> Statistic {
        Statistic {
            suffix,
            words,
            definition,
            unit,
            range: None,
            deviation: None,
            plain: None,
        }
    }

    pub(super) const fn range(self, range: &'static str) -> Statistic {
        Statistic {
            range: Some(range),
            ..self
        }
    }

    pub(super) const fn odd(self, deviation: &'static str) -> Statistic {
        Statistic {
            deviation: Some(deviation),
            ..self
        }
    }

    pub(super) const fn plain(self, plain: Plain) -> Statistic {
        Statistic {
            plain: Some(plain),
            ..self
        }
    }
}

/// The half that a family of openSMILE's descriptors belongs to.
pub(super) fn side(family: Family) -> Side {
    match family {
        Family::SpectralEnvelope | Family::SpectralShape => Side::Filter,
        _ => Side::Source,
    }
}

/// What one would not expect of a statistic of a contour: what that is of either.
pub(super) fn deviations<'a>(
    of_contour: Option<&'a str>,
    of_statistic: Option<&'a str>,
) -> Option<String> {
    let both: Vec<&str> = of_contour.into_iter().chain(of_statistic).collect();
    (!both.is_empty()).then(|| both.join("; "))
}

//! How many domains have figures of their own where a series for each costs somebody something.

use std::fmt;

use super::Written;

/// Which domains have metrics under their own name; the rest is summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DomainLabels {
    /// Each.
    #[default]
    All,
    /// So many of them.
    Top(u32),
    /// None.
    None,
}

impl DomainLabels {
    /// How many may have a name.
    pub fn most(self) -> usize {
        match self {
            DomainLabels::All => usize::MAX,
            DomainLabels::Top(most) => most as usize,
            DomainLabels::None => 0,
        }
    }
}

impl Written for DomainLabels {
    const ALLOWED: &'static str = "all, none, or a number of domains like top:50";

    fn read(text: &str) -> Option<DomainLabels> {
        match (text, text.strip_prefix("top:")) {
            ("all", _) => Some(DomainLabels::All),
            ("none", _) => Some(DomainLabels::None),
            (_, most) => most?.parse().ok().filter(|most| *most > 0).map(DomainLabels::Top),
        }
    }
}

impl fmt::Display for DomainLabels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DomainLabels::All => f.write_str("all"),
            DomainLabels::Top(most) => write!(f, "top:{most}"),
            DomainLabels::None => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn print_and_read_are_inverses() {
        for text in ["all", "none", "top:50", "top:1"] {
            assert_eq!(
                DomainLabels::read(text).map(|read| read.to_string()).as_deref(),
                Some(text)
            );
        }
        for wrong in ["", "top", "top:", "top:0", "top:-1", "top:99999999999", "some", "ALL"] {
            assert_eq!(DomainLabels::read(wrong), None, "{wrong:?}");
        }
    }
}

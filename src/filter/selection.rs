//! The values of one filter: wanted and unwanted.

/// A packet passes if it has one of the wanted values, if there are any, and none of the unwanted ones. A packet that
/// lacks the field has no value.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection<T> {
    /// Wanted values.
    pub any: Vec<T>,
    /// Unwanted values.
    pub none: Vec<T>,
}

impl<T> Default for Selection<T> {
    fn default() -> Self {
        Selection { any: Vec::new(), none: Vec::new() }
    }
}

impl<T> From<Vec<T>> for Selection<T> {
    /// These values are wanted.
    fn from(any: Vec<T>) -> Self {
        Selection { any, none: Vec::new() }
    }
}

impl<T> Selection<T> {
    /// These values are unwanted.
    pub fn without(none: Vec<T>) -> Self {
        Selection { any: Vec::new(), none }
    }

    /// Parses values; `!VALUE` and `not:VALUE`, which a shell takes unquoted, are unwanted ones.
    pub fn read<E>(texts: &[String], read: impl Fn(&str) -> Result<T, E>) -> Result<Self, E> {
        let mut selection = Selection::default();
        for text in texts {
            match text.strip_prefix('!').or_else(|| text.strip_prefix("not:")) {
                Some(unwanted) => selection.none.push(read(unwanted)?),
                None => selection.any.push(read(text)?),
            }
        }
        Ok(selection)
    }

    /// Whether the filter is unset.
    pub fn is_empty(&self) -> bool {
        self.any.is_empty() && self.none.is_empty()
    }

    /// Whether a packet passes; `has` says whether it has a value.
    pub fn passes(&self, has: impl Fn(&T) -> bool) -> bool {
        (self.any.is_empty() || self.any.iter().any(&has)) && !self.none.iter().any(has)
    }

    /// As typed: `192.0.2.1`, `not:192.0.2.3`.
    pub fn texts(&self, text: impl Fn(&T) -> String) -> Vec<String> {
        let unwanted = self.none.iter().map(|value| format!("not:{}", text(value)));
        self.any.iter().map(&text).chain(unwanted).collect()
    }

    /// In words: `from 192.0.2.1 or 192.0.2.2`, `not from 192.0.2.3`; none for an empty list.
    pub(super) fn words(&self, what: &str, text: impl Fn(&T) -> String) -> [Option<String>; 2] {
        let joined = |values: &[T]| values.iter().map(&text).collect::<Vec<_>>().join(" or ");
        [
            (!self.any.is_empty()).then(|| format!("{what} {}", joined(&self.any))),
            (!self.none.is_empty()).then(|| format!("not {what} {}", joined(&self.none))),
        ]
    }
}

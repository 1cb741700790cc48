//! Counts in words: `1 packet`, `2 packets`.

/// A count with its noun; `one` is the singular.
pub fn counted(count: u64, one: &str) -> String {
    format!("{count} {}", noun(count, one))
}

/// The noun alone. Every noun that ipta counts forms its plural with an s.
pub fn noun(count: u64, one: &str) -> String {
    format!("{one}{}", agree(count, "", "s"))
}

/// The form that agrees with a count: `is` or `are`.
pub fn agree<'w>(count: u64, one: &'w str, many: &'w str) -> &'w str {
    if count == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_thing_is_no_plural() {
        let said = |count| format!("{} {}", counted(count, "packet"), agree(count, "has", "have"));
        assert_eq!(
            [said(0), said(1), said(2)],
            ["0 packets have", "1 packet has", "2 packets have"].map(str::to_owned)
        );
    }
}

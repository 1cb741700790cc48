//! Server text for use in messages.

/// Server text on one line, without control characters.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_control() || c == ' ').filter(|w| !w.is_empty()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_the_servers_stays_on_one_line() {
        assert_eq!(one_line("You have\nan\u{1b}[31m error"), "You have an [31m error");
    }
}

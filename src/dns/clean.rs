//! Makes host names from the DNS safe to display: the owner of an address can give it any name.

use std::net::IpAddr;

/// The longest possible name, in bytes, without the trailing dot (RFC 1035, 3.1).
const LONGEST: usize = 253;

/// A name safe to display: ASCII letters, digits, `-`, `_` and `.` stay, every other byte becomes `?`, one trailing
/// dot is dropped, and at most 253 bytes are kept. None for what is not a name: nothing at all, only dots, or the
/// text of an address, which would pass for another host.
pub fn clean_name(name: &[u8]) -> Option<String> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    let shown = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(*byte),
        _ => '?',
    };
    let text: String = name.iter().take(LONGEST).map(shown).collect();
    let is_name = text.bytes().any(|byte| byte != b'.');
    let is_address = std::str::from_utf8(name).is_ok_and(|name| name.parse::<IpAddr>().is_ok());
    (is_name && !is_address).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_stays_and_loses_its_last_dot() {
        assert_eq!(clean_name(b"mail-1.Example.com.").as_deref(), Some("mail-1.Example.com"));
        assert_eq!(clean_name(b"_dmarc.example.com").as_deref(), Some("_dmarc.example.com"));
    }

    #[test]
    fn bytes_that_could_steer_a_terminal_or_a_page_become_question_marks() {
        assert_eq!(clean_name(b"a\x1b[2Jb<i>.net\n").as_deref(), Some("a??2Jb?i?.net?"));
        assert_eq!(clean_name("\u{e4}.se".as_bytes()).as_deref(), Some("??.se"));
        assert_eq!(clean_name(b"two words").as_deref(), Some("two?words"));
    }

    #[test]
    fn the_text_of_an_address_is_no_name() {
        assert_eq!(clean_name(b"192.0.2.1"), None);
        assert_eq!(clean_name(b"192.0.2.1."), None);
        assert_eq!(clean_name(b"2001:db8::1"), None);
        assert_eq!(clean_name(b"1.2.0.192.in-addr.arpa").as_deref(), Some("1.2.0.192.in-addr.arpa"));
    }

    #[test]
    fn nothing_and_dots_are_no_name_and_a_long_one_is_cut() {
        assert_eq!(clean_name(b""), None);
        assert_eq!(clean_name(b".."), None);
        assert_eq!(clean_name(&[b'a'; 400]).map(|name| name.len()), Some(253));
    }
}

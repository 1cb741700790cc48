//! What a log prefix says: the action word, and whether the packet was let through.
//!
//! Administrators choose their own prefixes (`--log-prefix`), so their meaning is a list of rules. The first rule
//! that matches a prefix decides.

use std::sync::OnceLock;

use regex::bytes::Regex;

use super::Verdict;

/// One rule.
#[derive(Clone, Debug)]
pub enum Rule {
    /// `IPT: ACTION `, the manual's: ACCEPT is accept, any other word is deny.
    Ipt,
    /// Any prefix: the action is the prefix without surrounding blanks, brackets and a trailing colon.
    Any,
    /// A preset or the user's own.
    Pattern(Pattern),
}

/// A regular expression matched against the whole prefix.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    /// Compiled on first use; none if it does not compile. Most logs have one kind of prefix, and compiling every
    /// preset takes longer than reading a small log.
    regex: OnceLock<Option<Regex>>,
    /// The action, if no group `action` captures it.
    action: Option<String>,
    verdicts: Verdicts,
}

/// How a pattern's action word becomes a verdict.
#[derive(Clone, Debug)]
pub enum Verdicts {
    /// By the words in it, as in [`verdict_of_words`].
    Words,
    /// Always this one.
    Always(Verdict),
    /// A preset's own words; any other is [`Verdict::Other`].
    Listed {
        /// Words that mean 'let through'.
        accept: &'static [&'static str],
        /// Words that mean 'not let through'.
        deny: &'static [&'static str],
    },
}

/// What a rule makes of a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrefixMatch<'a> {
    /// The action word.
    pub action: &'a [u8],
    /// What it means.
    pub verdict: Verdict,
}

fn hint(nearest: &Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!(" (nearest: {nearest})"))
}

/// Why a rule cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The text is not a preset's name and has no group `action`.
    #[error("'{text}' is not a preset{} and has no group such as (?<action>\\w+)", hint(.nearest))]
    NoPreset {
        /// The text given.
        text: String,
        /// The preset with the closest name.
        nearest: Option<&'static str>,
    },
    /// A preset with an action or a verdict.
    #[error("the preset '{text}' has actions and verdicts of its own; leave out action and verdict")]
    Settled {
        /// The preset.
        text: String,
    },
    /// The regular expression is invalid.
    #[error("'{text}' is not a regular expression: {why}")]
    NoRegex {
        /// The text given.
        text: String,
        /// One line from the regex parser.
        why: String,
    },
}

impl Rule {
    /// Whether the rule matches a prefix; `tag` as in [`Rules::settle`].
    pub fn takes(&self, prefix: &[u8], tag: usize) -> bool {
        self.settle(prefix, tag).is_some()
    }

    fn settle<'a>(&'a self, prefix: &'a [u8], tag: usize) -> Option<PrefixMatch<'a>> {
        match self {
            Rule::Ipt => ipt(prefix),
            Rule::Any => (tag == 0 || cannot_be_a_tag(prefix, tag)).then(|| any(prefix)),
            Rule::Pattern(pattern) => pattern.settle(prefix, tag),
        }
    }
}

impl Pattern {
    /// A pattern; none if there is neither a group `action` nor an `action`.
    pub(super) fn of(
        text: &str,
        action: Option<&str>,
        verdicts: Verdicts,
    ) -> Result<Option<Pattern>, RuleError> {
        let regex = compile(text)?;
        let says = action.is_some() || regex.capture_names().flatten().any(|name| name == "action");
        Ok(says.then(|| Pattern { regex: Some(regex).into(), ..Pattern::of_preset(text, action, verdicts) }))
    }

    /// A pattern known to be valid.
    pub(super) fn of_preset(text: &str, action: Option<&str>, verdicts: Verdicts) -> Pattern {
        let (text, action) = (text.to_owned(), action.map(str::to_owned));
        Pattern { text, regex: OnceLock::new(), action, verdicts }
    }

    fn settle<'a>(&'a self, prefix: &'a [u8], tag: usize) -> Option<PrefixMatch<'a>> {
        let regex = self.regex.get_or_init(|| compile(&self.text).ok()).as_ref()?;
        let captures = regex.captures(prefix)?;
        // Words up to a colon may be another program's tag, and the rest is then what an attacker made it log. The
        // prefix is the firewall's own only if the pattern requires these very words: with their letters and digits
        // replaced it must not match.
        if tag > 0 && !cannot_be_a_tag(prefix, tag) {
            let mut masked = prefix.to_vec();
            for byte in masked.iter_mut().take(tag) {
                *byte = match *byte {
                    b'A'..=b'Z' => b'X',
                    b'a'..=b'z' => b'x',
                    b'0'..=b'9' => b'0',
                    other => other,
                };
            }
            if regex.is_match(&masked) {
                return None;
            }
        }
        let action = match (&self.action, captures.name("action")) {
            (Some(action), _) => action.as_bytes(),
            (None, Some(group)) => group.as_bytes(),
            (None, None) => return None,
        };
        Some(PrefixMatch { action, verdict: self.verdicts.of(action) })
    }
}

impl Verdicts {
    fn of(&self, action: &[u8]) -> Verdict {
        match self {
            Verdicts::Words => verdict_of_words(action),
            Verdicts::Always(verdict) => *verdict,
            Verdicts::Listed { accept, deny } => {
                let among = |words: &[&str]| words.iter().any(|word| word.as_bytes() == action);
                match (among(accept), among(deny)) {
                    (true, _) => Verdict::Accept,
                    (_, true) => Verdict::Deny,
                    _ => Verdict::Other,
                }
            }
        }
    }
}

/// The rules of one call, in the order given.
#[derive(Clone, Debug)]
pub struct Rules(Vec<Rule>);

impl Default for Rules {
    /// The manual's prefix only.
    fn default() -> Self {
        Rules(vec![Rule::Ipt])
    }
}

impl Rules {
    /// These rules; the first that matches a prefix decides.
    pub fn new(rules: Vec<Rule>) -> Self {
        Rules(rules)
    }

    /// Matches a prefix against the rules. `tag` is how much of it may be another program's tag: up to its first
    /// colon if nothing says that the kernel wrote it, else 0.
    #[inline]
    pub fn settle<'a>(&'a self, prefix: &'a [u8], tag: usize) -> Option<PrefixMatch<'a>> {
        self.0.iter().find_map(|rule| rule.settle(prefix, tag))
    }

    /// Whether matching is expensive enough to cache.
    pub(super) fn are_expensive(&self) -> bool {
        self.0.iter().any(|rule| !matches!(rule, Rule::Ipt))
    }

    /// Whether the text begins with a prefix of these rules although no packet follows: the kernel's line was cut.
    /// Only the manual's prefix can be recognized this way.
    pub(super) fn begins(&self, text: &[u8]) -> bool {
        text.starts_with(IPT) && self.0.iter().any(|rule| matches!(rule, Rule::Ipt))
    }

    /// Where a prefix of these rules begins in a run of bytes, for a second record on a line.
    pub(super) fn find_in(&self, between: &[u8]) -> Option<usize> {
        let ipt = self.0.iter().any(|rule| matches!(rule, Rule::Ipt));
        ipt.then(|| memchr::memmem::rfind(between, IPT)).flatten()
    }
}

/// The manual's marker, with its blank (chapter 2.7).
const IPT: &[u8] = b"IPT: ";

/// `IPT: DROP ` gives DROP, `IPT: DROP: ` too. The word ends at a blank or at `IN=`.
fn ipt(prefix: &[u8]) -> Option<PrefixMatch<'_>> {
    let words = prefix.strip_prefix(IPT)?.trim_ascii_start();
    let end = words.iter().position(|b| *b == b' ').unwrap_or(words.len());
    let action = words[..end].strip_suffix(b":").unwrap_or(&words[..end]);
    let verdict = if action == b"ACCEPT" { Verdict::Accept } else { Verdict::Deny };
    (!action.is_empty()).then_some(PrefixMatch { action, verdict })
}

/// Any prefix: `[UFW BLOCK] ` gives `UFW BLOCK`.
fn any(prefix: &[u8]) -> PrefixMatch<'_> {
    let mut action = prefix.trim_ascii();
    action = action.strip_suffix(b":").unwrap_or(action);
    for (open, close) in [(b'[', b']'), (b'(', b')'), (b'<', b'>'), (b'{', b'}')] {
        if let [first, inner @ .., last] = action
            && *first == open
            && *last == close
        {
            action = inner.trim_ascii();
        }
    }
    action = action.strip_suffix(b":").unwrap_or(action).trim_ascii();
    PrefixMatch { action, verdict: verdict_of_words(action) }
}

/// `DENY:`, `Shorewall:net-fw:DROP:` and `[FW: DROP]` are prefixes, `sshd:` and `nginx: DROP` are another
/// program's words: a prefix is distinguishable from a tag if it is the manual's own, entirely in brackets, or
/// names a verdict and has no word after the tag (`tag` is where the tag would end).
fn cannot_be_a_tag(prefix: &[u8], tag: usize) -> bool {
    if prefix.starts_with(IPT) {
        return true;
    }
    let words = prefix.trim_ascii();
    if let [b'[', inner @ .., b']'] = words {
        return !inner.contains(&b']');
    }
    let after = prefix.get(tag..).unwrap_or_default().trim_ascii_end();
    !after.contains(&b' ') && verdict_of_words(words) != Verdict::Other
}

/// The verdict that the words of a text express, case ignored: accept if one is ACCEPT, ALLOW, PASS or PERMIT, deny
/// if one is DROP, DENY, REJECT, BLOCK or INVALID, else other.
pub fn verdict_of_words(text: &[u8]) -> Verdict {
    const ACCEPT: [&[u8]; 4] = [b"ACCEPT", b"ALLOW", b"PASS", b"PERMIT"];
    const DENY: [&[u8]; 5] = [b"DROP", b"DENY", b"REJECT", b"BLOCK", b"INVALID"];
    let has = |wanted: &[&[u8]]| {
        text.split(|b| !b.is_ascii_alphanumeric())
            .any(|word| wanted.iter().any(|w| w.eq_ignore_ascii_case(word)))
    };
    if has(&ACCEPT) {
        Verdict::Accept
    } else if has(&DENY) {
        Verdict::Deny
    } else {
        Verdict::Other
    }
}

fn compile(text: &str) -> Result<Regex, RuleError> {
    Regex::new(text).map_err(|error| {
        let why = error.to_string();
        let why = why.lines().next_back().unwrap_or_default().trim_start_matches("error: ").to_owned();
        RuleError::NoRegex { text: text.to_owned(), why }
    })
}

#[cfg(test)]
mod tests {
    use super::super::presets::named;
    use super::*;

    fn rules(text: &str) -> Rules {
        Rules::new(named(text).unwrap())
    }

    /// How the rules match a prefix that the kernel wrote.
    fn settled(text: &str, prefix: &str) -> Option<(String, Verdict)> {
        let rules = rules(text);
        let settled = rules.settle(prefix.as_bytes(), 0)?;
        Some((String::from_utf8_lossy(settled.action).into_owned(), settled.verdict))
    }

    /// Whether the rules match a prefix that another program may have written.
    fn claimed(text: &str, prefix: &str) -> bool {
        let tag = prefix.find(':').map_or(0, |colon| colon + 1);
        rules(text).settle(prefix.as_bytes(), tag).is_some()
    }

    #[test]
    fn a_verdict_is_a_whole_word_of_any_case() {
        for (text, expected) in [
            ("ACCEPT", Verdict::Accept),
            ("ufw allow", Verdict::Accept),
            ("net2fw-pass", Verdict::Accept),
            ("Permit_all", Verdict::Accept),
            ("DROP", Verdict::Deny),
            ("x:deny:y", Verdict::Deny),
            ("REJECT.", Verdict::Deny),
            ("[block]", Verdict::Deny),
            ("STATE_INVALID", Verdict::Deny),
            ("ACCEPT or DROP", Verdict::Accept),
            ("DROPPED", Verdict::Other),
            ("bypass", Verdict::Other),
            ("", Verdict::Other),
        ] {
            assert_eq!(verdict_of_words(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn the_manuals_prefix_has_one_word_and_accept_alone_accepts() {
        let ipt = |prefix| settled("ipt", prefix);
        assert_eq!(ipt("IPT: ACCEPT "), Some(("ACCEPT".into(), Verdict::Accept)));
        assert_eq!(ipt("IPT: accept "), Some(("accept".into(), Verdict::Deny)));
        assert_eq!(ipt("IPT: DROP"), Some(("DROP".into(), Verdict::Deny)));
        assert_eq!(ipt("IPT:  CBLK why "), Some(("CBLK".into(), Verdict::Deny)));
        for other in ["IPT:DROP ", "IPT: ", "ipt: DROP ", "x IPT: DROP ", ""] {
            assert_eq!(ipt(other), None, "{other}");
        }
    }

    #[test]
    fn any_prefix_loses_outer_blanks_brackets_and_its_final_colon() {
        for (prefix, action) in [
            (" DROP: ", "DROP"),
            ("[DROP]: ", "DROP"),
            ("[DROP:] ", "DROP"),
            ("<{DROP}>", "DROP"),
            ("[a] b", "[a] b"),
            ("*LOG*", "*LOG*"),
            ("", ""),
            ("[", "["),
        ] {
            assert_eq!(settled("any", prefix).unwrap().0, action, "{prefix}");
        }
    }

    #[test]
    fn a_value_is_a_preset_or_an_expression_with_a_group() {
        for preset in super::super::presets::names() {
            assert!(named(preset).is_ok(), "{preset}");
        }
        let message = |text| named(text).unwrap_err().to_string();
        assert!(message("ufv").contains("nearest: ufw"));
        assert!(message("UFW").contains("nearest: ufw"));
        assert!(message("firewall-d").contains("nearest: firewalld"));
        assert!(message("^FW: DROP").contains("no group such as"));
        let with_action = super::super::presets::configured("auto", Some("X"), None).unwrap_err();
        assert!(with_action.to_string().contains("leave out action and verdict"));
        assert!(message("(?<action>").contains("is not a regular expression"));
        assert!(!message("(?<action>").contains('\n'));
        assert_eq!(settled(r"^FW (?<action>\w+)", "FW pass "), Some(("pass".into(), Verdict::Accept)));
        // A group that did not participate in the match decides nothing.
        assert_eq!(settled("FW( (?<action>DROP))?", "FW x "), None);
    }

    #[test]
    fn a_configured_pattern_has_its_own_action_and_verdict() {
        let prefix = b"noise 17 ";
        let rule = |action, verdict| {
            super::super::presets::configured(r"^noise (?<action>\d+)", action, verdict).unwrap()
        };
        for (rule, action, verdict) in [
            (rule(None, None), "17", Verdict::Other),
            (rule(Some("DROP"), None), "DROP", Verdict::Deny),
            (rule(Some("DROP"), Some(Verdict::Other)), "DROP", Verdict::Other),
            (rule(None, Some(Verdict::Accept)), "17", Verdict::Accept),
        ] {
            let rules = Rules::new(vec![rule]);
            let settled = rules.settle(prefix, 0).unwrap();
            assert_eq!((settled.action, settled.verdict), (action.as_bytes(), verdict));
        }
        assert!(super::super::presets::configured("^noise", None, None).is_err());
        assert!(super::super::presets::configured("^noise", Some("X"), None).is_ok());
        assert!(super::super::presets::configured("(", Some("X"), None).is_err());
    }

    #[test]
    fn the_first_rule_that_takes_a_prefix_settles_it() {
        let mut list = named(r"^\[UFW (?<action>\w+) ").unwrap();
        list.extend(named("ufw").unwrap());
        list.extend(named("any").unwrap());
        let rules = Rules::new(list);
        let action =
            |prefix: &[u8]| String::from_utf8_lossy(rules.settle(prefix, 0).unwrap().action).into_owned();
        assert_eq!(action(b"[UFW LIMIT BLOCK] "), "LIMIT");
        assert_eq!(action(b"[UFW BLOCK] "), "BLOCK");
        assert_eq!(action(b"[X]"), "X");
    }

    #[test]
    fn words_before_a_colon_that_may_be_a_tag_must_be_what_the_rule_looks_for() {
        assert!(claimed("ipt", "IPT: DROP "));
        assert!(claimed("any", "DENY: "));
        assert!(claimed("any", "MY CHAIN DROP: "));
        assert!(claimed("any", "[net: DROP] "));
        assert!(claimed("any", "plain words "));
        assert!(!claimed("any", "sshd: DROP "));
        assert!(!claimed("any", "sshd: "));
        assert!(!claimed("any", "[app] x: DROP "));
        assert!(claimed("^edge: (?<action>.*)", "edge: x "));
        assert!(claimed("(?<action>DROP)", "DROP: "));
        for pattern in [
            "(?<action>DROP)",
            ".*(?<action>DROP)",
            r"^\S+ x (?<action>DROP)",
            r"(?<action>[A-Z]+)",
            r"(?<action>\w+)",
        ] {
            for tag in ["sshd", "CRON", "my app", "x11", "a.b/c"] {
                assert!(!claimed(pattern, &format!("{tag}: x DROP ")), "{pattern} {tag}");
            }
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_do_not_hide_a_pattern() {
        let rules = rules("(?<action>DROP)");
        assert!(rules.settle(b"\xff\xfe DROP \x00", 0).is_some());
    }
}

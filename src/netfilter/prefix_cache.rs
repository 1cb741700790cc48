//! Caches how the rules match a prefix: a log has few prefixes and a great many lines.

use super::Verdict;
use super::prefix::{PrefixMatch, Rules};

/// The most recent prefixes, with their matches.
#[derive(Debug, Default)]
pub struct PrefixCache {
    known: Vec<CachedPrefix>,
    /// The eviction cursor.
    oldest: usize,
}

#[derive(Debug, Default)]
struct CachedPrefix {
    prefix: Vec<u8>,
    tag: usize,
    taken: Option<Verdict>,
    action: Vec<u8>,
}

/// More than a firewall usually has; a linear search stays cheap.
const KEPT: usize = 16;

/// Longer prefixes are not worth caching: no kernel writes them.
const LONGEST: usize = 256;

impl PrefixCache {
    /// Like [`Rules::settle`]. Must always be called with the same rules.
    #[inline]
    pub fn settle<'a>(
        &'a mut self,
        rules: &'a Rules,
        prefix: &'a [u8],
        tag: usize,
    ) -> Option<PrefixMatch<'a>> {
        if !rules.are_expensive() || prefix.len() > LONGEST {
            return rules.settle(prefix, tag);
        }
        let met = |known: &CachedPrefix| known.tag == tag && known.prefix == prefix;
        let at = match self.known.iter().position(met) {
            Some(at) => at,
            None => self.learn(rules, prefix, tag),
        };
        let known = self.known.get(at)?;
        Some(PrefixMatch { verdict: known.taken?, action: &known.action })
    }

    #[cold]
    fn learn(&mut self, rules: &Rules, prefix: &[u8], tag: usize) -> usize {
        let at = if self.known.len() < KEPT {
            self.known.push(CachedPrefix::default());
            self.known.len() - 1
        } else {
            self.oldest = (self.oldest + 1) % KEPT;
            self.oldest
        };
        let known = &mut self.known[at];
        let settled = rules.settle(prefix, tag);
        known.prefix.clear();
        known.prefix.extend_from_slice(prefix);
        known.tag = tag;
        known.taken = settled.map(|settled| settled.verdict);
        known.action.clear();
        known.action.extend_from_slice(settled.map_or(b"", |settled| settled.action));
        at
    }
}

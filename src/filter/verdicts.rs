//! The verdict of a packet: the one settled when its line was read, unless the call says what its action word means.

use crate::netfilter::{Packet, Verdict};

/// The verdicts that a call assigns to action words, each exactly as logged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionVerdicts(Vec<(String, Verdict)>);

impl ActionVerdicts {
    /// Gives these words this verdict.
    pub fn with(mut self, words: &[String], verdict: Verdict) -> Self {
        self.0.extend(words.iter().map(|word| (word.clone(), verdict)));
        self
    }

    /// A packet's verdict under the call.
    pub fn of(&self, packet: &Packet<'_>) -> Verdict {
        self.of_action(packet.action, packet.verdict)
    }

    /// The verdict of an action under the call; `verdict` is the firewall's own.
    pub fn of_action(&self, action: &[u8], verdict: Verdict) -> Verdict {
        let said = self.0.iter().find(|(word, _)| word.as_bytes() == action);
        said.map_or(verdict, |(_, verdict)| *verdict)
    }

    /// The words that were given a verdict, or those that were given another.
    pub fn words(&self, verdict: Verdict, meant: bool) -> Vec<&str> {
        self.0.iter().filter(|(_, is)| (*is == verdict) == meant).map(|(word, _)| word.as_str()).collect()
    }
}

//! The filters as an SQL condition, equivalent to [`Filters::pass`].

use std::ops::RangeInclusive;

use super::columns::address_bytes;
use super::schema::Dialect;
use super::value::Value;
use crate::filter::{Filters, Network, Protocol, Selection};
use crate::netfilter::{Time, Verdict};

/// An SQL condition and the values of its placeholders.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub sql: String,
    pub values: Vec<Value>,
    dialect: Dialect,
}

impl Condition {
    /// All filters.
    pub fn of(dialect: Dialect, filters: &Filters) -> Condition {
        let mut condition = Condition::rest(dialect, filters);
        condition.times(filters);
        condition
    }

    /// Matches every packet.
    pub fn everything(dialect: Dialect) -> Condition {
        Condition { sql: "1=1".to_owned(), values: Vec::new(), dialect }
    }

    /// All filters except the time filters.
    pub fn rest(dialect: Dialect, filters: &Filters) -> Condition {
        let mut condition = Condition::everything(dialect);
        condition.networks("src_ip", &filters.src);
        condition.networks("dst_ip", &filters.dst);
        condition.ports("src_prt", &filters.sport);
        condition.ports("dst_prt", &filters.dport);
        condition.any(&filters.proto, |condition, word| condition.proto(word));
        condition.any(&filters.action, |condition, word| condition.folded("action", word));
        condition.any(&filters.iface, |condition, word| {
            condition.word("if_in", word);
            condition.sql.push_str(" OR ");
            condition.word("if_out", word);
        });
        condition.any(&filters.log_host, |condition, word| condition.word("host", word));
        if filters.no_local {
            condition.not_word("if_in", "lo");
            condition.not_word("if_out", "lo");
        }
        if filters.no_accept {
            for word in filters.verdicts.words(Verdict::Accept, true) {
                condition.not_word("action", word);
            }
            // Words that mean another verdict, whatever was stored with them.
            let others = filters.verdicts.words(Verdict::Accept, false);
            if others.is_empty() {
                condition.not_word("verdict", "accept");
            } else {
                condition.sql.push_str(" AND (");
                condition.compare("verdict", "<>", "accept");
                condition.sql.push_str(" OR ");
                condition.one_of(&others, &mut |condition, word| condition.word("action", word));
                condition.sql.push(')');
            }
        }
        condition
    }

    /// The time filters alone, if any.
    pub fn only_times(dialect: Dialect, filters: &Filters) -> Option<Condition> {
        (filters.since.is_some() || filters.until.is_some()).then(|| {
            let mut condition = Condition::everything(dialect);
            condition.times(filters);
            condition
        })
    }

    fn times(&mut self, filters: &Filters) {
        if filters.since.is_none() && filters.until.is_none() {
            return;
        }
        // No column holds a time beyond these two, so there is no need for a literal that the column's type
        // may not accept.
        let impossible =
            filters.since.is_some_and(|t| t > Time::MAX) || filters.until.is_some_and(|t| t <= Time::MIN);
        if impossible {
            self.sql.push_str(" AND 1=0");
            return;
        }
        self.sql.push_str(" AND `timestamp` IS NOT NULL");
        if let Some(since) = filters.since.filter(|t| *t > Time::MIN) {
            self.sql.push_str(" AND `timestamp` >= ?");
            self.values.push(Value::Time(since));
        }
        if let Some(until) = filters.until.filter(|t| *t <= Time::MAX) {
            self.sql.push_str(" AND `timestamp` < ?");
            self.values.push(Value::Time(until));
        }
    }

    /// Any of the wanted values, if any are given, and none of the unwanted. NULL is neither; avoids the
    /// operator NOT (see [`Condition::not_word`]).
    fn any<T>(&mut self, selection: &Selection<T>, mut one: impl FnMut(&mut Condition, &T)) {
        if !selection.any.is_empty() {
            self.sql.push_str(" AND ");
            self.one_of(&selection.any, &mut one);
        }
        if !selection.none.is_empty() {
            self.sql.push_str(" AND CASE WHEN ");
            self.one_of(&selection.none, &mut one);
            self.sql.push_str(" THEN 0 ELSE 1 END = 1");
        }
    }

    /// ORs the wanted values as a balanced tree: SQLite limits expression depth to 1000, and a chain of ORs
    /// is as deep as it is long.
    fn one_of<T>(&mut self, wanted: &[T], one: &mut impl FnMut(&mut Condition, &T)) {
        self.sql.push('(');
        if let [only] = wanted {
            one(self, only);
        } else {
            let (left, right) = wanted.split_at(wanted.len() / 2);
            self.one_of(left, one);
            self.sql.push_str(" OR ");
            self.one_of(right, one);
        }
        self.sql.push(')');
    }

    /// The length distinguishes the families: without it an IPv6 address could sort bytewise between two IPv4
    /// addresses.
    fn networks(&mut self, column: &str, wanted: &Selection<Network>) {
        self.any(wanted, |condition, network| {
            let (first, last) = network.bounds();
            let length = if first.is_ipv4() { 4 } else { 16 };
            condition
                .sql
                .push_str(&format!("(LENGTH(`{column}`) = {length} AND `{column}` BETWEEN ? AND ?)"));
            condition.values.push(Value::Bytes(address_bytes(first)));
            condition.values.push(Value::Bytes(address_bytes(last)));
        });
    }

    fn ports(&mut self, column: &str, wanted: &Selection<RangeInclusive<u16>>) {
        self.any(wanted, |condition, range| {
            condition.sql.push_str(&format!("`{column}` BETWEEN ? AND ?"));
            condition.values.push(Value::Unsigned((*range.start()).into()));
            condition.values.push(Value::Unsigned((*range.end()).into()));
        });
    }

    /// The same bytes. MySQL's collation utf8mb4_bin pads with spaces, so 'DROP ' would equal 'DROP'; binary
    /// strings are compared as they are.
    fn word(&mut self, column: &str, word: &str) {
        self.compare(column, "=", word);
    }

    /// Different bytes. Avoids the operator NOT, which binds tighter than `=` under the SQL mode
    /// HIGH_NOT_PRECEDENCE. These columns are NOT NULL, so `<>` misses no row.
    fn not_word(&mut self, column: &str, word: &str) {
        self.sql.push_str(" AND ");
        self.compare(column, "<>", word);
    }

    fn compare(&mut self, column: &str, operator: &str, word: &str) {
        self.sql.push_str(&match self.dialect {
            Dialect::MySql => format!("`{column}` {operator} CAST(? AS BINARY)"),
            Dialect::Sqlite => format!("`{column}` {operator} ?"),
        });
        self.values.push(Value::Text(word.to_owned()));
    }

    /// A protocol by any of its spellings.
    fn proto(&mut self, protocol: &Protocol) {
        let spellings: Vec<&str> = protocol.spellings().collect();
        self.one_of(&spellings, &mut |condition, word| condition.folded("proto", word));
    }

    /// Equal as [`same_word`](crate::filter::same_word) defines it: bytewise, ignoring the case of ASCII
    /// letters. MySQL's LOWER folds all of Unicode, but among texts of an ASCII word's length in bytes, only
    /// ASCII text folds to that word. A non-ASCII word is compared byte by byte. OCTET_LENGTH, because LENGTH
    /// counts characters under MariaDB's SQL mode ORACLE.
    fn folded(&mut self, column: &str, word: &str) {
        if self.dialect == Dialect::Sqlite {
            self.sql.push_str(&format!("`{column}` = ? COLLATE NOCASE"));
            self.values.push(Value::Text(word.to_owned()));
            return;
        }
        self.sql.push_str(&format!("(OCTET_LENGTH(`{column}`) = {}", word.len()));
        if word.is_ascii() {
            self.sql.push_str(&format!(" AND LOWER(`{column}`) = CAST(? AS BINARY)"));
            self.values.push(Value::Text(word.to_ascii_lowercase()));
        } else {
            for (n, byte) in word.bytes().enumerate() {
                self.sql
                    .push_str(&format!(" AND SUBSTRING(CAST(`{column}` AS BINARY), {}, 1) IN (?, ?)", n + 1));
                self.values.push(Value::Bytes(vec![byte.to_ascii_lowercase()]));
                self.values.push(Value::Bytes(vec![byte.to_ascii_uppercase()]));
            }
        }
        self.sql.push(')');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::ActionVerdicts;

    /// Under the SQL mode HIGH_NOT_PRECEDENCE `NOT a = b` is `(NOT a) = b`, and nothing passes.
    #[test]
    fn no_condition_needs_to_know_how_tightly_not_binds() {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let filters = Filters {
            since: Some(Time(0)),
            until: Some(Time(Time::SECOND)),
            src: vec!["192.0.2.0/24".parse().expect("a network")].into(),
            dport: vec![22..=22].into(),
            proto: vec!["icmp".parse().expect("a protocol"), "tcp".parse().expect("a protocol")].into(),
            action: words(&["drop", "dröp"]).into(),
            iface: words(&["eth0"]).into(),
            log_host: words(&["gw"]).into(),
            no_local: true,
            no_accept: true,
            verdicts: ActionVerdicts::default().with(&words(&["PASS"]), Verdict::Accept),
            ..Filters::default()
        };
        for dialect in [Dialect::MySql, Dialect::Sqlite] {
            let sql = Condition::of(dialect, &filters).sql;
            assert!(sql.contains("`if_out` <> ") && sql.contains("`verdict` <> "), "{sql}");
            assert!(!sql.replace("IS NOT NULL", "").contains("NOT "), "{sql}");
        }
    }
}

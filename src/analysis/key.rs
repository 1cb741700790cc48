//! Group keys: the fields that a group shares, packed into one integer.

use std::net::IpAddr;

use super::addresses::Addr;
use super::counter::{InternedPacket, Interner};
use super::table::Cell;
use super::words::Word;

/// A field of a group key, or a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Number of packets.
    Count,
    /// Source address.
    Source,
    /// Source port of the group's first packet.
    SourcePort,
    /// Destination address; that of the first packet if not in the key.
    Destination,
    /// Destination port.
    DestinationPort,
    /// Protocol.
    Protocol,
    /// Action word.
    Action,
    /// Inbound interface.
    InterfaceIn,
    /// Logging host.
    Host,
}

impl Field {
    pub(super) fn head(self) -> &'static str {
        match self {
            Field::Count => "Count",
            Field::Source => "Source IP",
            Field::SourcePort => "SPort",
            Field::Destination => "Dest IP",
            Field::DestinationPort => "DPort",
            Field::Protocol => "Proto",
            Field::Action => "Action",
            Field::InterfaceIn => "IF In",
            Field::Host => "Host",
        }
    }
}

/// Fields packed into 128 bits, the first one highest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u128);

/// Bits of a port, including one for 'none'.
const PORT_BITS: u32 = 17;

impl Key {
    /// The key of a packet.
    pub fn of(fields: &[Field], seen: &InternedPacket<'_>) -> Key {
        fields.iter().fold(Key::default(), |key, field| match field {
            Field::Source => key.address(seen.src),
            Field::Destination => key.address(seen.dst),
            Field::SourcePort => key.port(seen.packet.src_port()),
            Field::DestinationPort => key.port(seen.packet.dst_port()),
            Field::Action => key.word(seen.action),
            Field::Protocol => key.word(seen.proto),
            Field::InterfaceIn => key.word(seen.if_in),
            Field::Host => key.word(seen.host),
            Field::Count => key,
        })
    }

    /// Appends an address.
    pub fn address(self, addr: Addr) -> Key {
        Key(self.0 << Addr::BITS | u128::from(addr.bits()))
    }

    /// Appends a port.
    pub fn port(self, port: Option<u16>) -> Key {
        Key(self.0 << PORT_BITS | u128::from(port.map_or(1 << 16, u32::from)))
    }

    /// Appends a word.
    pub fn word(self, word: Word) -> Key {
        Key(self.0 << Word::BITS | u128::from(word.bits()))
    }

    /// Pops the last field, an address.
    pub fn pop_address(&mut self) -> Addr {
        Addr::from_bits(self.pop(Addr::BITS) as u64)
    }

    /// Pops the last field, a port.
    pub fn pop_port(&mut self) -> Option<u16> {
        u16::try_from(self.pop(PORT_BITS)).ok()
    }

    /// Pops the last field, a word.
    pub fn pop_word(&mut self) -> Word {
        Word::from_bits(self.pop(Word::BITS) as u32)
    }

    fn pop(&mut self, bits: u32) -> u128 {
        let value = self.0 & ((1 << bits) - 1);
        self.0 >>= bits;
        value
    }

    /// The value of one of its fields.
    pub fn value<'n>(mut self, fields: &[Field], wanted: Field, numbers: &'n Interner) -> KeyValue<'n> {
        for field in fields.iter().rev() {
            let value = match field {
                Field::Source | Field::Destination => {
                    KeyValue::Address(numbers.addresses.address(self.pop_address()))
                }
                Field::SourcePort | Field::DestinationPort => KeyValue::Port(self.pop_port()),
                Field::Action | Field::Protocol | Field::InterfaceIn | Field::Host => {
                    KeyValue::Word(numbers.words.text(self.pop_word()))
                }
                Field::Count => continue,
            };
            if *field == wanted {
                return value;
            }
        }
        KeyValue::None
    }
}

/// How many bits a key of these fields takes.
#[cfg(test)]
pub fn bits(fields: &[Field]) -> u32 {
    let of = |field: &Field| match field {
        Field::Source | Field::Destination => Addr::BITS,
        Field::SourcePort | Field::DestinationPort => PORT_BITS,
        Field::Action | Field::Protocol | Field::InterfaceIn | Field::Host => Word::BITS,
        Field::Count => 0,
    };
    fields.iter().map(of).sum()
}

/// A field unpacked from a key.
pub enum KeyValue<'n> {
    /// An address, if any.
    Address(Option<IpAddr>),
    /// A port, if any.
    Port(Option<u16>),
    /// A word; empty if missing.
    Word(&'n str),
    /// The key has no such field.
    None,
}

impl KeyValue<'_> {
    /// As a table cell.
    pub fn cell(&self) -> Cell {
        match self {
            KeyValue::Address(address) => Cell::address(*address),
            KeyValue::Port(port) => Cell::port(*port),
            KeyValue::Word(word) => Cell::word(word),
            KeyValue::None => Cell::Missing,
        }
    }

    /// Ascending, missing values last; both of the same field.
    pub fn compare(&self, other: &KeyValue<'_>) -> std::cmp::Ordering {
        use super::table::missing_last;
        fn text(word: &str) -> Option<&str> {
            (!word.is_empty()).then_some(word)
        }
        match (self, other) {
            (KeyValue::Address(a), KeyValue::Address(b)) => missing_last(*a, *b),
            (KeyValue::Port(a), KeyValue::Port(b)) => missing_last(*a, *b),
            (KeyValue::Word(a), KeyValue::Word(b)) => missing_last(text(a), text(b)),
            _ => std::cmp::Ordering::Equal,
        }
    }
}

//! Crate internals for `tests/` and `benches/`; not a stable API for anyone else.

pub mod cli {
    //! The command line.
    pub use crate::cli::{HISTORIC, Stop, command, parse};
}

pub mod analysis {
    //! Report modules.
    pub use crate::analysis::all as modules;
}

pub mod config {
    //! Settings.
    pub use crate::config::{Call, Layer, Password, Place, Server, load, merge, save};
}

pub mod dns {
    //! Names.
    pub use crate::dns::KnownName;
}

pub mod escape {
    //! Escaping of untrusted text for its destination.
    pub use crate::escape::{html, markdown, spreadsheet, terminal};
}

pub mod filter {
    //! Which packets count.
    pub use crate::filter::{ActionVerdicts, Filters, Protocol, Selection, services, when};
}

pub mod netfilter {
    //! The parser of log lines.
    pub use crate::netfilter::{
        Packet, Reader, TcpFlags, Time, Verdict, batch, prefix, presets, stats, timestamp,
    };
}

pub mod store {
    //! Where packets are stored.
    pub use crate::store::{
        Columns, Entry, KnownPackets, Notice, Pushed, Reconciled, Step, Store, StoreError, Stored, TableKind,
        TableName, create_database, identity, open,
    };
}

//! Where packets are kept: one trait, a MySQL server and one SQLite file behind it.
//!
//! Owns the logs tables, the import ledger and the name cache, and every word of SQL. Must not
//! know commands, reports or log files. Table names come in as [`TableName`] only; values are
//! bound, or escaped by the driver.

mod condition;
pub mod identity;
mod ledger;
mod messages;
mod moment;
mod mysql;
mod name;
mod schema;
mod sqlite;

pub use mysql::create_database;
pub use name::TableName;

use std::net::IpAddr;

use crate::analysis::filter::Filters;
use crate::config::Place;
use crate::dns::Known;
use crate::netfilter::batch::Batch;
use crate::netfilter::{Packet, Time};

/// What went wrong in a store. Each message is one line that names the thing and the way out.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No server answers, the password is wrong, the file does not open, no right, disk full ...
    #[error("{0}")]
    Failed(String),
    /// The server does not let this account in: another, or a password, may help.
    #[error("{0}")]
    Refused(String),
    /// The answer to a COMMIT never came: the work may be done or not; the ledger knows.
    #[error("{0}")]
    Unsure(String),
}

/// Opens a store: connects to the server's database, or opens the file. With `create_file` a
/// missing file is made; without, it is an error.
pub fn open(place: &Place, create_file: bool) -> Result<Box<dyn Store + Send>, StoreError> {
    Ok(match place {
        Place::Server(server) => Box::new(mysql::open(server)?),
        Place::File(path) => Box::new(sqlite::open(path, create_file)?),
    })
}

/// What a name stands for in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// No table of that name.
    Missing,
    /// A logs table of this version of the schema.
    Logs {
        /// Random, made with the table: tells a table from another that replaced it.
        incarnation: String,
    },
    /// A logs table of another schema version of ipta.
    OtherVersion(u32),
    /// A logs table made by the C program (integer addresses).
    Historic,
    /// The cache of names.
    Names,
    /// The import ledger.
    Ledger,
    /// Not ipta's.
    Foreign,
}

/// A row of `--list-tables`.
#[derive(Clone, Debug)]
pub struct TableInfo {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: TableKind,
    /// Rows, and whether they were counted (else the server's estimate).
    pub rows: Option<(u64, bool)>,
    /// Time of the first and last packet.
    pub span: Option<(Time, Time)>,
    /// What was imported into it, newest first.
    pub imports: Vec<Entry>,
}

/// How far one log has been imported into one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Row number in the ledger; 0 before it is stored.
    pub id: u64,
    /// Incarnation of the logs table that the rows went into.
    pub incarnation: String,
    /// The first min(4096, offset) bytes of the (uncompressed) log.
    pub head: Vec<u8>,
    /// The last min(256, offset) bytes before the offset.
    pub tail: Vec<u8>,
    /// Bytes of the (uncompressed) log that are in, always behind a line's end.
    pub offset: u64,
    /// Lines in them.
    pub lines: u64,
    /// Packets in them.
    pub packets: u64,
    /// Least time of those packets.
    pub first: Option<Time>,
    /// Greatest time of those packets.
    pub last: Option<Time>,
    /// Path when last imported; for display only.
    pub path: String,
    /// Device and inode when last imported; for display only.
    pub device: u64,
    /// See `device`.
    pub inode: u64,
    /// When the last chunk went in.
    pub at: Option<Time>,
}

/// What `--delete-all-tables` did.
#[derive(Clone, Debug, Default)]
pub struct DroppedAll {
    /// Tables of ipta's, dropped.
    pub dropped: Vec<String>,
    /// Tables that are not ipta's, left alone.
    pub left: Vec<String>,
}

/// Where packets are kept. Both implementations pass one test suite (`tests/`).
///
/// Rows and ledger change in one transaction: `begin`, then `advance` or `add_entry` and `insert`
/// in any number, then `commit`. Dropping a store in a transaction rolls it back.
pub trait Store {
    /// What messages call it: `database 'ipta'` or `file 'packets.db'`.
    fn place(&self) -> String;

    /// What stands under that name.
    fn kind(&mut self, table: &TableName) -> Result<TableKind, StoreError>;

    /// Makes a logs table (and the ledger, where it is missing). The name must be free.
    fn create_table(&mut self, table: &TableName) -> Result<(), StoreError>;

    /// Finishes what a killed run left half done (intents). To be called before a table is used.
    fn finish_intents(&mut self) -> Result<(), StoreError>;

    /// Empties a logs table and forgets its ledger entries; survives a kill at any moment.
    fn clear_table(&mut self, table: &TableName) -> Result<(), StoreError>;

    /// Drops a logs table or name cache with its ledger entries; survives a kill at any moment.
    fn drop_table(&mut self, table: &TableName) -> Result<(), StoreError>;

    /// Drops every table of ipta's, the ledger last.
    fn drop_all(&mut self) -> Result<DroppedAll, StoreError>;

    /// All tables, by name. Rows are counted exactly where a second suffices.
    fn list(&mut self) -> Result<Vec<TableInfo>, StoreError>;

    /// Whether the table has no row.
    fn is_empty(&mut self, table: &TableName) -> Result<bool, StoreError>;

    /// The ledger's entries of this table, of any incarnation, by id.
    fn entries(&mut self, table: &TableName) -> Result<Vec<Entry>, StoreError>;

    /// Removes ledger entries of this table (outside a transaction: at once).
    fn forget(&mut self, table: &TableName, ids: &[u64]) -> Result<(), StoreError>;

    /// Waits for and takes the lock under which new files are looked up and entered; held until
    /// `unlock` or the store is dropped. (On SQLite the write lock of `begin` does the same.)
    /// Finishes what a run that was killed since has left half done on this table.
    fn lock(&mut self, table: &TableName) -> Result<(), StoreError>;

    /// Gives that lock back.
    fn unlock(&mut self) -> Result<(), StoreError>;

    /// Begins a transaction, on SQLite with its write lock taken.
    fn begin(&mut self) -> Result<(), StoreError>;

    /// Adds packets to a logs table, within a transaction.
    fn insert(&mut self, table: &TableName, packets: &Batch) -> Result<(), StoreError>;

    /// Adds a ledger entry, within a transaction; gives its id.
    fn add_entry(&mut self, table: &TableName, entry: &Entry) -> Result<u64, StoreError>;

    /// Moves an entry on, within a transaction: `false`, and nothing changed, if its offset is no
    /// longer `from` (another import was faster).
    fn advance(&mut self, entry: &Entry, from: u64) -> Result<bool, StoreError>;

    /// Ends a transaction. `Unsure` if the answer never came.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Undoes a transaction.
    fn rollback(&mut self) -> Result<(), StoreError>;

    /// Every packet of a logs table that passes the filters, in the order of its rows (id), with
    /// its row number. Filters are applied here, in SQL where they can be. Only the columns that
    /// `columns` asks for are filled; the others are empty.
    fn packets(
        &mut self,
        table: &TableName,
        filters: &Filters,
        columns: Columns,
        each: &mut dyn FnMut(u64, &Packet<'_>),
    ) -> Result<(), StoreError>;

    /// How many packets pass all filters but the time filters, and have no time.
    fn count_timeless(&mut self, table: &TableName, filters: &Filters) -> Result<u64, StoreError>;

    /// Makes a name cache table. The name must be free.
    fn create_names(&mut self, table: &TableName) -> Result<(), StoreError>;

    /// What the name cache knows of an address.
    fn name_of(&mut self, table: &TableName, address: IpAddr) -> Result<Option<Known>, StoreError>;

    /// Keeps a name, over what was known before.
    fn keep_name(&mut self, table: &TableName, address: IpAddr, known: &Known) -> Result<(), StoreError>;

    /// Every cached name, by address (IPv4 before IPv6, then numerically).
    fn names(&mut self, table: &TableName) -> Result<Vec<(IpAddr, Known)>, StoreError>;

    /// Removes names learned before a moment (seconds since 1970; `None`: all). Gives how many.
    fn prune_names(&mut self, table: &TableName, before: Option<i64>) -> Result<u64, StoreError>;
}

/// Columns that a reader of packets wants beside the ones the analysis always needs (time,
/// verdict, action, proto, if_in, src, dst, ports).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// `host`
    pub host: bool,
    /// `if_out`
    pub if_out: bool,
    /// `prefix`
    pub prefix: bool,
    /// `mac`
    pub mac: bool,
    /// `length`
    pub length: bool,
    /// `ttl`
    pub ttl: bool,
    /// `tcp_flags`
    pub tcp_flags: bool,
    /// `icmp_type` and `icmp_code`
    pub icmp: bool,
}

impl Columns {
    /// The columns that every reader gets, in the order in which they are read.
    const ALWAYS: [&'static str; 10] =
        ["id", "timestamp", "verdict", "action", "proto", "if_in", "src_ip", "dst_ip", "src_prt", "dst_prt"];

    /// The others in the order in which they are read behind those, and whether they are wanted.
    fn optional(self) -> [(bool, &'static str); 9] {
        [
            (self.host, "host"),
            (self.if_out, "if_out"),
            (self.prefix, "prefix"),
            (self.mac, "mac"),
            (self.length, "length"),
            (self.ttl, "ttl"),
            (self.tcp_flags, "tcp_flags"),
            (self.icmp, "icmp_type"),
            (self.icmp, "icmp_code"),
        ]
    }
}

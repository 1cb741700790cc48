//! Counting in parallel with reading: packets go in batches from the reading thread to the counting
//! threads, one for the modules that look for attacks and one for the others.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::anyhow;

use crate::analysis::table::Table;
use crate::analysis::{self, Before, Context, Fold, Module, Totals, Want};
use crate::netfilter::batch::Batch;
use crate::netfilter::{Packet, Time};

/// Packets per batch: enough to be worth handing over, few enough to stay in cache.
pub const BATCH: usize = 2048;

/// Batches queued for a counting thread: enough to keep reading while it has a slow moment.
const WAITING: usize = 32;

/// How the `MAC=` of an Ethernet broadcast frame begins.
const BROADCAST: &[u8] = b"ff:ff:ff:ff:ff:ff";

/// What was counted.
#[derive(Default)]
pub struct Counted {
    /// The modules' tables, in module order.
    pub tables: Vec<Table>,
    /// The sums over all packets.
    pub totals: Totals,
    /// Those of the previous period, if the context names one.
    pub before: Option<Before>,
    /// The earliest packet that there is, whether it passes the filters or not; needed with `before` only.
    pub earliest: Option<Time>,
    /// The modules that need packets in chronological order and got them in another.
    pub out_of_order: Vec<&'static Module>,
}

/// Accepts packets for counting.
pub struct Feed {
    batch: Batch,
    needs: Needs,
    counters: Vec<SyncSender<Arc<Batch>>>,
}

/// Which text fields of packets the modules use.
#[derive(Clone, Copy)]
pub struct Needs {
    host: bool,
    evidence: bool,
}

impl Needs {
    /// Adds a packet to a batch, without the text fields that no module uses.
    pub fn push(self, batch: &mut Batch, packet: &Packet<'_>) {
        let host = if self.host { packet.host } else { b"" };
        let prefix = if self.evidence { packet.prefix } else { b"" };
        // All that matters of a frame's addresses is whether it was broadcast.
        let mac = if self.evidence && packet.mac.starts_with(BROADCAST) { BROADCAST } else { b"" };
        batch.push_with(packet, [host, prefix, packet.action, packet.if_in, b"", mac, packet.proto]);
    }
}

impl Feed {
    /// Which text fields of packets are needed.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// Adds a packet.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        self.needs.push(&mut self.batch, packet);
        if self.batch.len() >= BATCH {
            self.hand_over();
        }
    }

    /// Adds a batch of packets that [`Needs::push`] filled.
    pub fn batch(&mut self, batch: Batch) {
        let batch = Arc::new(batch);
        for counter in &self.counters {
            // A counting thread that is gone has panicked; its join reports that.
            let _ = counter.send(Arc::clone(&batch));
        }
    }

    fn hand_over(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.batch(batch);
    }
}

/// Counts what `read` feeds, at most `limit` rows per module.
pub fn count<R>(
    modules: &[&'static Module],
    context: &Context,
    limit: usize,
    read: impl FnOnce(&mut Feed) -> anyhow::Result<R>,
) -> anyhow::Result<(Counted, R)> {
    let (attacks, others): (Vec<_>, Vec<_>) =
        modules.iter().copied().partition(|module| module.finds_attacks());
    // Packets are counted even without any module.
    let alone = modules.is_empty().then(Vec::new);
    let shares = [others, attacks].into_iter().filter(|share| !share.is_empty()).chain(alone);
    let shares: Vec<Vec<&'static Module>> = shares.collect();
    thread::scope(|scope| {
        let mut counters = Vec::new();
        let mut threads = Vec::new();
        for (n, share) in shares.iter().enumerate() {
            let (sender, batches) = sync_channel(WAITING);
            counters.push(sender);
            // The sums are the same for every share.
            let with_totals = n == 0;
            threads.push(scope.spawn(move || {
                let fold = match with_totals {
                    true => Fold::with_totals(share, context),
                    false => Fold::new(share, context),
                };
                run(fold, limit, batches)
            }));
        }
        let mut feed = Feed {
            batch: Batch::default(),
            needs: Needs {
                host: analysis::wants(modules, Want::Host),
                evidence: analysis::wants(modules, Want::Evidence),
            },
            counters,
        };
        let outcome = read(&mut feed);
        feed.hand_over();
        drop(feed);
        let mut counted = Counted::default();
        for thread in threads {
            let share = thread.join().map_err(|_| anyhow!("counting failed; this is a bug in ipta"))?;
            counted.tables.extend(share.tables);
            counted.out_of_order.extend(share.out_of_order);
            if let Some((totals, before)) = share.sums {
                counted.totals = totals;
                counted.before = before;
            }
        }
        let place = |table: &Table| modules.iter().position(|module| module.name == table.name);
        counted.tables.sort_by_key(place);
        Ok((counted, outcome?))
    })
}

/// A counting thread.
fn run(mut fold: Fold<'_>, limit: usize, batches: Receiver<Arc<Batch>>) -> Share {
    for batch in batches {
        fold.packets(&batch);
    }
    let sums = fold.totals().map(|totals| (totals, fold.before()));
    let out_of_order = fold.out_of_order();
    Share { tables: fold.finish(limit), sums, out_of_order }
}

/// The result of a counting thread.
struct Share {
    tables: Vec<Table>,
    /// The sums, and those of the previous period, from the thread that adds them up.
    sums: Option<(Totals, Option<Before>)>,
    /// See [`Counted::out_of_order`].
    out_of_order: Vec<&'static Module>,
}

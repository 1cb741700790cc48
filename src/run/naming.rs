//! Names for addresses (`--rdns`), and the names that a store keeps between runs.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::session::Session;
use crate::analysis::quantity::{agree, counted};
use crate::config::Settings;
use crate::dns::{Ages, NameState, Names, Options, System};
use crate::netfilter::Packet;
use crate::report::console::Console;
use crate::store::{Store, TableKind, TableName};

/// Reverse lookups of one call.
pub struct Naming {
    names: Names,
}

/// Lookups for follow, which waits a second at most.
pub fn live(settings: &Settings) -> Options {
    Options { ages: Ages::hours(settings.dns_ttl), queue: 8192, ..Options::default() }
}

/// Lookups for scan: three seconds per address; if no name server answers at all, lines wait at most
/// 1.5 seconds for the first answer.
pub fn scanning(settings: &Settings) -> Options {
    Options { silence: Some(Duration::from_millis(1_500)), ..whole_log(settings) }
}

/// Three seconds per address.
fn whole_log(settings: &Settings) -> Options {
    Options {
        timeout: Duration::from_secs(3),
        workers: 64,
        most_workers: 256,
        queue: 65_536,
        ..live(settings)
    }
}

/// Lookups for analyze: three seconds per address, ten seconds in all.
pub fn report(settings: &Settings) -> Options {
    Options { budget: Some(Duration::from_secs(10)), ..whole_log(settings) }
}

impl Naming {
    /// Uses the system's resolver.
    pub fn new(options: Options) -> Naming {
        Naming { names: Names::new(System, options) }
    }

    /// Requests a packet's names without waiting.
    pub fn ask(&self, packet: &Packet<'_>) {
        for address in ends(packet) {
            self.names.ask(address);
        }
    }

    /// Until when a packet waits for its names; none if there is nothing to wait for: they are
    /// known, will not come, or have timed out.
    pub fn patience(&self, packet: &Packet<'_>) -> Option<Instant> {
        ends(packet).filter_map(|address| self.names.patience(address)).max()
    }

    /// Calls a function after every answer.
    pub fn on_answer(&self, call: impl Fn() + Send + Sync + 'static) {
        self.names.on_answer(call);
    }

    /// An address's name; waits as long as the options allow.
    pub fn of(&self, address: Option<IpAddr>) -> Option<String> {
        self.names.name(address?)
    }

    /// Waits for an address's name until a deadline, if a lookup is pending.
    pub fn until(&self, address: Option<IpAddr>, deadline: Instant) {
        if let Some(address) = address
            && self.names.patience(address).is_some()
        {
            self.names.wait(address, deadline);
        }
    }

    /// Reports problems with the name servers.
    pub fn tell(&self, console: &mut Console<'_>) {
        for note in self.names.take_notes() {
            console.warn(&note.to_string());
        }
    }

    /// Says at the end why addresses appear instead of names.
    pub fn tell_missed(&self, console: &mut Console<'_>) {
        self.tell(console);
        let missed = self.names.missed();
        if missed == 0 {
            return;
        }
        let questions = counted(missed, "name lookup");
        let addresses = agree(missed, "its address is", "their addresses are");
        console.warn(&format!(
            "{questions} got no answer in time from the name servers in /etc/resolv.conf; {addresses} shown instead."
        ));
    }

    /// Resolves these addresses: first from the store's cache if it has one, then by parallel
    /// lookups. New names go into the cache.
    pub fn resolve(
        &self,
        addresses: &[IpAddr],
        session: &mut Session<'_, '_>,
        cached: bool,
    ) -> anyhow::Result<()> {
        let mut cache = match cached {
            true => Cache::of(session)?,
            false => None,
        };
        if let Some(cache) = &mut cache {
            cache.recall(&self.names, addresses)?;
        }
        for address in addresses {
            self.names.ask(*address);
        }
        for address in addresses {
            self.names.name(*address);
        }
        let kept = cache.map(|mut cache| cache.keep(&self.names));
        if let Some(Err(error)) = kept {
            // A read-only account still gets its report.
            session
                .console
                .warn(&format!("New names could not be saved in table '{}': {error:#}", session.dns_table));
        }
        self.tell_missed(session.console);
        Ok(())
    }

    /// An address's name, if known.
    pub fn known(&self, address: IpAddr) -> Option<String> {
        match self.names.get(address) {
            Some(NameState::Named(name)) => Some(name.to_string()),
            _ => None,
        }
    }
}

fn ends(packet: &Packet<'_>) -> impl Iterator<Item = IpAddr> {
    [packet.src, packet.dst].into_iter().flatten()
}

/// The name cache table of the call's store.
struct Cache<'s> {
    store: &'s mut Store,
    table: TableName,
}

impl<'s> Cache<'s> {
    /// None, silently, if there is no such table.
    fn of(session: &'s mut Session<'_, '_>) -> anyhow::Result<Option<Cache<'s>>> {
        let table = session.dns_table.clone();
        let kind = session.store.open()?.kind(&table)?;
        if kind != TableKind::Names && kind != TableKind::Missing {
            session.console.note(&format!(
                "Table '{table}' in {} is not a table for names, so names are not cached. To cache them in another table: {} \
                 --dns-create-table names",
                session.store.place(),
                session.invocation()
            ));
        }
        let store = session.store.open()?;
        Ok((kind == TableKind::Names).then_some(Cache { store, table }))
    }
}

impl Cache<'_> {
    /// Gives the pool the addresses' cached names that are still valid, so that they need no lookup.
    fn recall(&mut self, names: &Names, addresses: &[IpAddr]) -> anyhow::Result<()> {
        for address in addresses.iter().filter(|address| names.wants(**address)) {
            if let Some(known) = self.store.name_of(&self.table, *address)? {
                names.remember(*address, &known);
            }
        }
        Ok(())
    }

    /// Stores what was learned since the last call.
    fn keep(&mut self, names: &Names) -> anyhow::Result<()> {
        for (address, known) in names.learned() {
            self.store.keep_name(&self.table, address, &known)?;
        }
        Ok(())
    }
}

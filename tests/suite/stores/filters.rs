//! Stores filter in SQL; they pick what `Filters::pass` picks, row by row.

use ipta::exports::config::Place;
use ipta::exports::filter::{ActionVerdicts, Filters, Protocol, Selection};
use ipta::exports::netfilter::{Packet, Time, Verdict};
use ipta::exports::store::{self, Columns};

use super::{EVERYTHING, Home, PLAIN, address, batch, put, read, table, unheard};
use crate::harness::Server;

/// A small number generator, the same in every run (Knuth's MMIX constants).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

const SECONDS: [i64; 4] = [-1, 0, 1_714_800_000, 1_714_800_001];

/// Words that are alike: to a collation, to a careless comparison, to case folding.
const ACTIONS: [&str; 12] = [
    "DROP",
    "drop",
    "DROP ",
    " DROP",
    "DRÖP",
    "dröp",
    "drÖp",
    "DROP%",
    "",
    "ACCEPT",
    // Begins with the kelvin sign, which Unicode folds to a k.
    "\u{212A}EEP",
    "keep",
];
const PROTOS: [&str; 12] =
    ["TCP", "tcp", "Tcp", "TCP ", "6", "06", "UDP", "ICMP", "icmpv6", "ICMPv6", "2", "\u{130}CMP"];
const INTERFACES: [&str; 6] = ["", "lo", "LO", "lo0", "eth0", "eth1"];
const HOSTS: [&str; 5] = ["", "fw1", "FW1", "fw1 ", "f\u{fc}"];
const ADDRESSES: [&str; 10] = [
    "0.0.0.0",
    "192.0.2.1",
    "192.0.2.255",
    "192.0.3.0",
    "203.0.113.9",
    "255.255.255.255",
    "::",
    "2001:db8::1",
    // Begins with the bytes of 192.0.2.
    "c000:0201::1",
    "::ffff:192.0.2.1",
];
const PORTS: [u16; 6] = [0, 21, 22, 1023, 1024, 65535];

fn packets(numbers: &mut Numbers) -> Vec<Packet<'static>> {
    let make = |_| Packet {
        time: (numbers.below(4) > 0)
            .then(|| Time(numbers.pick(&SECONDS) * Time::SECOND + numbers.pick(&[0, 1, 999_999]))),
        host: numbers.pick(&HOSTS).as_bytes(),
        action: numbers.pick(&ACTIONS).as_bytes(),
        verdict: numbers.pick(&[Verdict::Accept, Verdict::Deny, Verdict::Other]),
        if_in: numbers.pick(&INTERFACES).as_bytes(),
        if_out: numbers.pick(&INTERFACES).as_bytes(),
        src: (numbers.below(8) > 0).then(|| address(numbers.pick(&ADDRESSES))),
        dst: (numbers.below(8) > 0).then(|| address(numbers.pick(&ADDRESSES))),
        src_port: (numbers.below(4) > 0).then(|| numbers.pick(&PORTS)),
        dst_port: (numbers.below(4) > 0).then(|| numbers.pick(&PORTS)),
        proto: numbers.pick(&PROTOS).as_bytes(),
        ..PLAIN
    };
    (0..400).map(make).collect()
}

/// Every filter alone, with values a careless condition would get wrong.
fn single() -> Vec<Filters> {
    let none = Filters::default;
    let denied = |list: &[&str]| ActionVerdicts::default().with(&words(list), Verdict::Deny);
    let mut all = vec![
        none(),
        Filters { no_local: true, ..none() },
        Filters { no_accept: true, ..none() },
        Filters {
            no_accept: true,
            verdicts: ActionVerdicts::default().with(&words(&["DROP", "é"]), Verdict::Accept),
            ..none()
        },
        Filters { verdicts: ActionVerdicts::default().with(&words(&["DROP"]), Verdict::Accept), ..none() },
        Filters { no_accept: true, verdicts: denied(&["ACCEPT", "é"]), ..none() },
        Filters {
            no_accept: true,
            verdicts: denied(&["ACCEPT"]).with(&words(&["DROP"]), Verdict::Accept),
            ..none()
        },
        Filters { proto: protocols(&["TCP", "igmp"]).into(), ..none() },
        Filters { iface: words(&["eth0", "LO"]).into(), ..none() },
    ];
    for second in SECONDS {
        let time = Some(Time(second * Time::SECOND));
        all.push(Filters { since: time, ..none() });
        all.push(Filters { until: time, ..none() });
        all.push(Filters { since: time, until: Some(Time((second + 1) * Time::SECOND)), ..none() });
    }
    for time in [Time(i64::MIN), Time::MIN, Time::MAX, Time(i64::MAX)] {
        all.push(Filters { since: Some(time), ..none() });
        all.push(Filters { until: Some(time), ..none() });
    }
    for network in [
        "192.0.2.1",
        "192.0.2.0/24",
        "192.0.2.0/23",
        "0.0.0.0/0",
        "::/0",
        "2001:db8::/32",
        "::ffff:192.0.2.1",
        "c000:200::/23",
        "255.255.255.255",
    ] {
        let network = network.parse().expect("a network");
        all.push(Filters { src: vec![network].into(), ..none() });
        all.push(Filters { dst: vec![network, "203.0.113.9".parse().expect("a network")].into(), ..none() });
    }
    for range in [0..=0, 22..=22, 21..=1023, 1024..=65535, 0..=65535] {
        all.push(Filters { sport: vec![range.clone()].into(), ..none() });
        all.push(Filters { dport: vec![range, 1023..=1023].into(), ..none() });
    }
    let each = |words: &[&'static str], make: fn(Vec<String>) -> Filters| -> Vec<Filters> {
        words.iter().map(|word| make(vec![(*word).to_owned()])).collect()
    };
    for proto in ["tcp", "TCP", "6", "udp", "icmp", "Icmp", "1", "icmpv6", "58", "igmp", "2", "arp"] {
        all.push(Filters { proto: protocols(&[proto]).into(), ..none() });
    }
    all.extend(each(&ACTIONS, |action| Filters { action: action.into(), ..Filters::default() }));
    all.extend(each(&["Drop", "KEEP", "DRöP", "\u{212A}eep"], |action| Filters {
        action: action.into(),
        ..Filters::default()
    }));
    all.extend(each(&INTERFACES, |iface| Filters { iface: iface.into(), ..Filters::default() }));
    all.extend(each(&HOSTS, |log_host| Filters { log_host: log_host.into(), ..Filters::default() }));
    let negations: Vec<Filters> = all.iter().map(negated).collect();
    all.extend(negations);
    all
}

fn protocols(names: &[&str]) -> Vec<Protocol> {
    names.iter().map(|name| name.parse().expect(name)).collect()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// The values of two selections as one.
fn joined<T: Clone>(one: &Selection<T>, other: &Selection<T>) -> Selection<T> {
    Selection { any: [&one.any[..], &other.any].concat(), none: [&one.none[..], &other.none].concat() }
}

/// The same values, excluded.
fn negated(filters: &Filters) -> Filters {
    fn of<T: Clone>(selection: &Selection<T>) -> Selection<T> {
        Selection::without(selection.any.clone())
    }
    Filters {
        src: of(&filters.src),
        dst: of(&filters.dst),
        sport: of(&filters.sport),
        dport: of(&filters.dport),
        proto: of(&filters.proto),
        action: of(&filters.action),
        iface: of(&filters.iface),
        log_host: of(&filters.log_host),
        ..filters.clone()
    }
}

/// Both sets of filters at once; the first's values take precedence.
fn both(one: &Filters, other: &Filters) -> Filters {
    Filters {
        since: one.since.or(other.since),
        until: one.until.or(other.until),
        src: joined(&one.src, &other.src),
        dst: joined(&one.dst, &other.dst),
        sport: joined(&one.sport, &other.sport),
        dport: joined(&one.dport, &other.dport),
        proto: joined(&one.proto, &other.proto),
        action: joined(&one.action, &other.action),
        iface: joined(&one.iface, &other.iface),
        log_host: joined(&one.log_host, &other.log_host),
        no_local: one.no_local || other.no_local,
        no_accept: one.no_accept || other.no_accept,
        verdicts: match one.verdicts == ActionVerdicts::default() {
            true => other.verdicts.clone(),
            false => one.verdicts.clone(),
        },
    }
}

pub fn the_filters_pick_what_pass_picks(home: &Home) {
    let mut numbers = Numbers(2015);
    let packets = packets(&mut numbers);
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    put(&mut store, &table("logs"), &batch(&packets));
    let (ids, _) = read(&mut store, &table("logs"), &Filters::default(), Columns::default());
    assert_eq!(ids.len(), packets.len());

    let mut sets = single();
    let alone = sets.len();
    for _ in 0..200 {
        let (one, other) = (numbers.below(alone), numbers.below(alone));
        sets.push(both(&sets[one], &sets[other]));
    }
    let mut picked_some = 0;
    for filters in &sets {
        let wanted: Vec<u64> =
            ids.iter().zip(&packets).filter(|(_, p)| filters.pass(p)).map(|(id, _)| *id).collect();
        let (got, _) = read(&mut store, &table("logs"), filters, EVERYTHING);
        assert_eq!(got, wanted, "{filters:?}");
        let timeless = packets.iter().filter(|p| p.time.is_none() && filters.pass_rest(p)).count();
        let counted = store.count_timeless(&table("logs"), filters).expect("counts");
        assert_eq!(counted, timeless as u64, "{filters:?}");
        picked_some += usize::from(!wanted.is_empty() && wanted.len() < packets.len());
    }
    assert!(picked_some * 2 > sets.len(), "most filters should pick a part: {picked_some} of {}", sets.len());
}

/// The modes that change how a condition is read: how tightly NOT binds, what quotes, backslashes and empty
/// texts are, what LENGTH counts, and the modes of other vendors' servers.
const SQL_MODES: [&str; 10] = [
    "HIGH_NOT_PRECEDENCE",
    "ANSI_QUOTES",
    "NO_BACKSLASH_ESCAPES",
    "PIPES_AS_CONCAT",
    "PAD_CHAR_TO_FULL_LENGTH",
    "EMPTY_STRING_IS_NULL",
    "IGNORE_SPACE",
    "ANSI",
    "ORACLE",
    "",
];

#[test]
fn the_filters_pick_the_same_under_every_sql_mode() {
    let server = Server::start(&[]);
    let home = Place::Server(server.fresh_database());
    let open = || store::open(&home, false, unheard()).expect("the store opens");
    let packets = packets(&mut Numbers(1999));
    let mut store = open();
    store.create_table(&table("logs")).expect("creates");
    put(&mut store, &table("logs"), &batch(&packets));
    let (ids, _) = read(&mut store, &table("logs"), &Filters::default(), Columns::default());
    for mode in SQL_MODES {
        // MySQL no longer has modes of other vendors' servers.
        if server.try_sql("", &format!("SET GLOBAL sql_mode = '{mode}'")).is_err() {
            assert!(["ORACLE", "EMPTY_STRING_IS_NULL"].contains(&mode), "{mode}");
            continue;
        }
        let mut store = open();
        // No search for an empty word: none can be typed.
        for filters in
            single().iter().filter(|f| ![&f.action, &f.iface, &f.log_host].contains(&&words(&[""]).into()))
        {
            let wanted: Vec<u64> =
                ids.iter().zip(&packets).filter(|(_, p)| filters.pass(p)).map(|(id, _)| *id).collect();
            let (got, _) = read(&mut store, &table("logs"), filters, Columns::default());
            assert_eq!(got, wanted, "{mode}: {filters:?}");
        }
    }
}

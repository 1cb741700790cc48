//! A Galera cluster: each call through another node, and every count exact.
//!
//! `make test-servers` runs these. On their own (`cargo test -- --ignored servers::galera`), they start a
//! cluster themselves.

use std::process::Command;
use std::time::{Duration, Instant};

use ipta::exports::config::Server as Account;

use crate::crashes::{Dice, Running};
use crate::harness::{Server, nodes, tally};
use crate::process::{Said, TestDir, account_options, lines, run};

/// Rounds per test.
const ROUNDS: u64 = 50;

/// Packets in most logs, and in every fifth: several chunks.
const FEW: u64 = 2000;
const MANY: u64 = 45_000;

/// One database, seen through every node.
struct Cluster {
    dir: TestDir,
    nodes: Vec<(&'static Server, Account)>,
}

impl Cluster {
    fn new() -> Cluster {
        let servers = nodes();
        assert!(servers.len() > 1, "these tests need a cluster: name its nodes in IPTA_TEST_SERVER");
        let account = servers[0].fresh_database();
        let nodes = servers.iter().map(|server| (server, server.account_here(&account))).collect();
        let cluster = Cluster { dir: TestDir::new(), nodes };
        cluster.ipta(0, &["--create-table"]).fine();
        cluster
    }

    /// A call through one node, not yet started.
    fn command(&self, node: usize, args: &[&str]) -> Command {
        let mut all = account_options(&self.nodes[node % self.nodes.len()].1);
        all.extend(args.iter().map(|&arg| arg.to_owned()));
        self.dir.command(all)
    }

    fn ipta(&self, node: usize, args: &[&str]) -> Said {
        run(self.command(node, args), "")
    }

    fn number(&self, node: usize, sql: &str) -> u64 {
        let (server, account) = &self.nodes[node % self.nodes.len()];
        server.sql(&account.database, sql).parse().expect("a number")
    }

    /// Rows in the table, and distinct ones, as a client of this node counts them.
    fn counted(&self, node: usize) -> (u64, u64) {
        let different = "SELECT COUNT(*) FROM (SELECT DISTINCT src_prt, src_ip, timestamp FROM logs) AS seen";
        (self.number(node, "SELECT COUNT(*) FROM logs"), self.number(node, different))
    }

    fn timed(&self, packets: u64) -> Duration {
        self.dir.write("a.log", lines(0..packets));
        let begun = Instant::now();
        self.ipta(0, &["-c", "-i", "a.log"]).fine();
        begun.elapsed()
    }

    /// Runs `round` repeatedly, each time on an empty table, and checks that every packet of the log is in
    /// the table once. Reports all wrong rounds together.
    fn every_round_is_exact(&self, mut round: impl FnMut(&Round) -> Vec<String>) {
        let mut wrong = Vec::new();
        let takes = [FEW, MANY].map(|packets| self.timed(packets));
        for number in 0..ROUNDS {
            let many = number % 5 == 4;
            let (packets, takes) = if many { (MANY, takes[1]) } else { (FEW, takes[0]) };
            let this = Round { node: number as usize, packets, takes };
            self.dir.write("a.log", lines(0..packets));
            self.ipta(this.node, &["-c"]).fine();
            let mut faults = round(&this);
            let counted = self.counted(this.node + 2);
            tally(if counted == (packets, packets) { "right" } else { "wrong" });
            if counted != (packets, packets) {
                faults.push(format!("{} rows, {} different, of {packets}", counted.0, counted.1));
            }
            if !faults.is_empty() {
                wrong.push(format!("round {number}: {}", faults.join("; ")));
            }
        }
        assert!(wrong.is_empty(), "{} of {ROUNDS} rounds are wrong:\n{}", wrong.len(), wrong.join("\n"));
    }
}

/// One round of a test.
struct Round {
    /// The node to begin with; each gets its turn.
    node: usize,
    /// Packets in `a.log`.
    packets: u64,
    /// How long its import takes undisturbed.
    takes: Duration,
}

impl Round {
    /// A moment while such an import runs, or just after.
    fn moment(&self, dice: &mut Dice) -> Duration {
        Duration::from_micros(dice.below(self.takes.as_micros() as u64 * 11 / 10))
    }
}

/// A fault, unless the call succeeded.
fn fault(said: &Said, call: &str) -> Option<String> {
    (said.status != Some(0)).then(|| format!("{call} ended with {:?}: {}", said.status, said.err))
}

#[test]
#[ignore = "a cluster: make test-servers"]
fn two_imports_of_one_log_through_two_nodes_at_once_are_exact() {
    let cluster = Cluster::new();
    cluster.every_round_is_exact(|round| {
        let import = |node| Running::start(cluster.command(node, &["-i", "a.log"]));
        let runs = [import(round.node), import(round.node + 1)];
        runs.into_iter().filter_map(|mut run| fault(&run.said(), "an import")).collect()
    });
}

#[test]
#[ignore = "a cluster: make test-servers"]
fn imports_through_three_nodes_without_a_pause_are_exact() {
    let cluster = Cluster::new();
    cluster.every_round_is_exact(|round| {
        let mut faults = Vec::new();
        for n in 0..3 {
            let said = cluster.ipta(round.node + n, &["-i", "a.log"]);
            let wanted =
                if n == 0 { format!("{} packets stored", round.packets) } else { "0 new".to_owned() };
            if said.status != Some(0) || !said.err.contains(&wanted) {
                faults.push(format!("import {n} said {:?}", said.err));
            }
        }
        faults
    });
}

#[test]
#[ignore = "a cluster: make test-servers"]
fn a_report_right_after_an_import_through_another_node_is_whole() {
    let cluster = Cluster::new();
    cluster.every_round_is_exact(|round| {
        let import = cluster.ipta(round.node, &["-i", "a.log"]);
        let report = cluster.ipta(round.node + 1, &["-a", "--format", "json"]);
        let mut faults: Vec<String> = fault(&import, "the import").into_iter().collect();
        let said = report.out.lines().find(|line| line.contains("\"packets\"")).unwrap_or_default();
        if said.trim() != format!("\"packets\": {},", round.packets) {
            faults.push(format!("the report is partial: {said}"));
        }
        faults
    });
}

#[test]
#[ignore = "a cluster: make test-servers"]
fn an_import_killed_on_one_node_and_resumed_at_once_on_another_is_exact() {
    let cluster = Cluster::new();
    let mut dice = Dice(0x5eed_0011);
    cluster.every_round_is_exact(|round| {
        let import = Running::start(cluster.command(round.node, &["-i", "a.log"]));
        import.kill_after(round.moment(&mut dice));
        let resumed = cluster.ipta(round.node + 1, &["-i", "a.log"]);
        fault(&resumed, "the second import").into_iter().collect()
    });
}

#[test]
#[ignore = "a cluster: make test-servers"]
fn a_clear_through_one_node_beside_an_import_through_another_loses_nothing() {
    let cluster = Cluster::new();
    let mut dice = Dice(0x5eed_0012);
    cluster.every_round_is_exact(|round| {
        let mut import = Running::start(cluster.command(round.node, &["-i", "a.log"]));
        std::thread::sleep(round.moment(&mut dice));
        let clear = cluster.ipta(round.node + 1, &["-c"]);
        let mut faults: Vec<String> = fault(&import.said(), "the import").into_iter().collect();
        faults.extend(fault(&clear, "the clear"));
        // Whichever came first: what the ledger says is in is in.
        let again = cluster.ipta(round.node + 1, &["-i", "a.log"]);
        faults.extend(fault(&again, "the import after it"));
        faults
    });
}

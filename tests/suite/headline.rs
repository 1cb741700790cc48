//! The line that summarizes a report: above the text, inside the other formats.

use crate::process::{TestDir, lines};

const DENIED: &str =
    "* 3 packets from 3 sources, 2026-05-17 00:00:00 to 2026-05-17 00:00:02: 0 accepted, 3 denied\n";

#[test]
fn it_goes_to_standard_error_before_a_text_report() {
    let dir = TestDir::new();
    dir.write("a.log", lines(0..3));
    let said = dir.ipta(["a.log"]).fine();
    assert_eq!(said.err, DENIED);
    assert!(!said.out.contains("3 packets"), "{said:#?}");
    assert_eq!(dir.ipta(["--quiet", "a.log"]).fine().err, "");
}

#[test]
fn it_counts_what_was_accepted_what_was_denied_and_what_was_neither() {
    let dir = TestDir::new();
    let line = |action: &str, n: u8| {
        format!(
            "2026-05-17T00:00:0{n}+00:00 fw kernel: IPT: {action} IN=eth0 OUT= SRC=192.0.2.{} DST=198.51.100.1 \
             PROTO=TCP SPT=1 DPT=22\n",
            n / 2
        )
    };
    dir.write("a.log", [line("ACCEPT", 1), line("DROP", 2), line("DROP", 3), line("ACCEPT", 5)].concat());
    assert!(dir.ipta(["a.log"]).fine().err.contains(": 2 accepted, 2 denied\n"));
    let overruled = dir.ipta(["a.log", "--deny-action", "ACCEPT"]).fine();
    assert!(overruled.err.contains(": 0 accepted, 4 denied\n"), "{overruled:#?}");
    let said = dir.ipta(["a.log", "--format", "json"]).fine();
    assert_eq!(said.err, "");
    for member in ["\"packets\": 4", "\"accepted\": 2", "\"denied\": 2", "\"other\": 0", "\"sources\": 3"] {
        assert!(said.out.contains(member), "no {member} in {said:#?}");
    }
    for format in ["html", "markdown"] {
        let said = dir.ipta(["a.log", "--format", format]).fine();
        assert!(said.out.contains("4 packets from 3 sources"), "{said:#?}");
    }
    dir.write("ufw.log", "2026-05-17T00:00:01+00:00 fw kernel: [UFW AUDIT] IN=eth0 OUT= SRC=192.0.2.1 DST=198.51.100.1 PROTO=TCP SPT=1 DPT=22\n");
    let said = dir.ipta(["ufw.log"]).fine();
    assert!(
        said.err.contains("1 packet from 1 source, ")
            && said.err.contains(": 0 accepted, 0 denied, 1 neither\n"),
        "{said:#?}"
    );
}

#[test]
fn accepted_shows_what_was_let_in() {
    let dir = TestDir::new();
    let line = |action: &str, port: u16| {
        format!(
            "2026-05-17T00:00:00+00:00 fw kernel: IPT: {action} IN=eth0 OUT= SRC=192.0.2.1 DST=198.51.100.1 \
             PROTO=TCP SPT=1 DPT={port}\n"
        )
    };
    dir.write(
        "a.log",
        [line("ACCEPT", 22), line("DROP", 23), line("ACCEPT", 22), line("ACCEPT", 25)].concat(),
    );
    let said = dir.ipta(["a.log", "--modules", "accepted"]).fine();
    assert_eq!(
        said.out,
        "
Accepted packets
 Count DPort Proto  IF In
------ ----- ------ ----------
     2    22 TCP    eth0
     1    25 TCP    eth0
"
    );
}

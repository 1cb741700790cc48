use clap::CommandFactory;

use super::super::args::Args;
use super::*;

fn os(args: &[&str]) -> Vec<OsString> {
    args.iter().map(OsString::from).collect()
}

fn rewritten(args: &[&str]) -> Vec<String> {
    let mut command = Args::command();
    command.build();
    rewrite(&os(args), &command)
        .expect("not misread")
        .into_iter()
        .map(|token| token.to_string_lossy().into_owned())
        .collect()
}

#[test]
fn every_historic_spelling_becomes_its_long_form() {
    for (short, long) in HISTORIC {
        assert_eq!(rewritten(&[short]), [long]);
        assert_eq!(rewritten(&["--yes", short, "x"]), ["--yes", long, "x"]);
        assert_eq!(rewritten(&[&format!("{short}=x")]), [format!("{long}=x")]);
        assert!(
            Args::command().get_arguments().any(|arg| arg.get_long() == long.strip_prefix("--")),
            "{long}"
        );
    }
}

#[test]
fn the_value_of_the_option_before_is_left_alone() {
    for option in ["-p", "--db-pass", "-cp", "--lines", "--dns-ttl"] {
        assert_eq!(rewritten(&[option, "-ct", "-lt"]), [option, "-ct", "--list-tables"], "{option}");
    }
}

#[test]
fn a_value_in_the_same_argument_ends_the_option() {
    for option in ["-px", "--db-pass=x", "-p=x", "-Cpx"] {
        assert_eq!(rewritten(&[option, "-ct"]), [option, "--create-table"], "{option}");
    }
}

#[test]
fn options_without_a_necessary_value_are_followed_by_options() {
    for option in ["-a", "-c", "-r", "--create-table", "--analyze", "-ct", "-pi"] {
        assert_eq!(rewritten(&[option, "-lt"]).last().map(String::as_str), Some("--list-tables"), "{option}");
    }
    assert_eq!(rewritten(&["-i", "a.log", "-ct", "t"]), ["-i", "a.log", "--create-table", "t"]);
    assert_eq!(rewritten(&["-dt", "-ct"]), ["--delete-table", "--create-table"]);
}

#[test]
fn nothing_behind_two_dashes_is_rewritten() {
    assert_eq!(rewritten(&["-lt", "--", "-ct"]), ["--list-tables", "--", "-ct"]);
    assert_eq!(rewritten(&["-p", "--", "-ct"]), ["-p", "--", "--create-table"]);
}

fn gathered(args: &[&str]) -> Vec<String> {
    let mut command = Args::command();
    command.build();
    gather(args.iter().map(OsString::from).collect(), &command)
        .into_iter()
        .map(|token| token.to_string_lossy().into_owned())
        .collect()
}

#[test]
fn logs_may_be_anywhere() {
    assert_eq!(gathered(&["--import", "--again", "a", "b"]), ["--import", "a", "b", "--again"]);
    assert_eq!(gathered(&["-a", "--limit", "5", "a", "-r"]), ["-a", "a", "--limit", "5", "-r"]);
    assert_eq!(gathered(&["--scan", "a", "--time", "b"]), ["--scan", "a", "b", "--time"]);
    assert_eq!(gathered(&["-f", "--no-accept", "a"]), ["-f", "a", "--no-accept"]);
    assert_eq!(gathered(&["a", "--time", "--scan", "b"]), ["--time", "--scan", "b", "a"]);
    assert_eq!(gathered(&["--doctor", "--quiet", "a"]), ["--doctor", "a", "--quiet"]);
}

#[test]
fn words_that_may_mean_something_else_stay_where_they_are() {
    for args in [
        &["--import", "a", "--analyze", "--again", "b"][..],
        &["-i", "a", "-p", "x", "secret"],
        &["-i", "a", "--db-pass-i", "secret"],
        &["-i", "a", "--create-table", "t"],
        &["-lt", "a"],
    ] {
        assert_eq!(gathered(args), args);
    }
}

#[test]
fn nothing_else_changes() {
    for token in [
        "-ca", "-tc", "-CT", "--ct", "ct", "-", "", "-c", "-t", "-x", "-é", "-dipta", "-p-ct", "-punky",
        "-tlogs", "-lx",
    ] {
        assert_eq!(rewritten(&[token]), [token]);
    }
}

#[test]
fn what_clap_would_misread_is_asked_back() {
    for (token, readings) in [
        ("-ctlogs", vec!["--create-table logs", "--clear --db-table logs"]),
        ("-ctmy logs", vec!["--create-table 'my logs'", "--clear --db-table 'my logs'"]),
        ("-cdfw", vec!["--create-db --db-name fw", "--clear --db-name fw"]),
        ("-dtfoo", vec!["--delete-table foo", "--db-name tfoo"]),
        ("-dafoo", vec!["--delete-all-tables", "--db-name afoo"]),
        ("-dpfoo", vec!["--dns-prune", "--db-name pfoo"]),
        ("-ltfoo", vec!["--list-tables", "--limit tfoo, which is not a number"]),
        ("-aifoo", vec!["--analyze-interactive", "--analyze ifoo"]),
        ("-rdnsfoo", vec!["--rdns", "--rdns --db-name nsfoo"]),
        ("-ar", vec!["-a -r", "--analyze r"]),
        ("-help", vec!["--help"]),
        ("-import", vec!["--import"]),
        ("-dport", vec!["--dport"]),
        ("-src", vec!["--src"]),
        ("-limit=5", vec!["--limit=5"]),
    ] {
        let found = rewrite(&os(&["-r", token]), &Args::command()).expect_err(token);
        let texts = found.readings.iter().map(|(Reading::Plain(text) | Reading::Remark(text))| text);
        assert_eq!((found.at, found.token.as_str()), (1, token));
        assert_eq!(texts.collect::<Vec<_>>(), readings, "{token}");
    }
}

#[test]
fn what_may_be_a_password_is_not_repeated() {
    for (token, shown, first) in [("-pisecret", "-pi...", 'i'), ("-prefix", "-prefix", 'r')] {
        let found = rewrite(&os(&[token]), &Args::command()).expect_err(token);
        let option = if token == "-prefix" { "--prefix" } else { "--db-pass-i" };
        let password = format!("--db-pass PASSWORD, if the password begins with {first}");
        assert_eq!(found.token, shown);
        assert_eq!(found.readings, [Reading::Plain(option.to_owned()), Reading::Remark(password)]);
    }
    for args in [&["-p", "-pisecret"][..], &["--db-pass", "-dtfoo"], &["-cp", "-ctfoo"], &["-p=-pix"]] {
        assert_eq!(rewritten(args), args);
    }
}

#[test]
fn a_call_is_shown_without_its_password() {
    let mut command = Args::command();
    command.build();
    for (args, expected) in [
        (&["-p", "hunter2", "X", "-a"][..], "-pi -b -a"),
        (&["-phunter2", "X"], "-pi -b"),
        (&["-rp", "hunter2", "X"], "-r -pi -b"),
        (&["-rphunter2", "X"], "-r -pi -b"),
        (&["--db-pass=hunter2", "X"], "-pi -b"),
        (&["--db-pass", "hunter2", "X"], "-pi -b"),
        (&["-p=hunter2", "X"], "-pi -b"),
        (&["-pi", "X"], "-pi -b"),
        (&["-h", "db 1", "X", "-t", "it's"], "-h 'db 1' -b -t 'it'\\''s'"),
    ] {
        let at = args.iter().position(|arg| *arg == "X").expect("the one to replace");
        assert_eq!(shown(&os(args), at, "-b", &command), expected);
    }
}

#[test]
fn bytes_that_are_no_text_pass_through() {
    use std::os::unix::ffi::OsStringExt;
    let raw = OsString::from_vec(b"-i\xff".to_vec());
    let args = [raw.clone(), "-ct".into()];
    assert_eq!(rewrite(&args, &Args::command()), Ok(vec![raw, "--create-table".into()]));
}

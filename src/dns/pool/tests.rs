use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

use super::super::lookup::Answer;
use super::*;

/// A resolver that answers with its function and counts calls.
struct Fake<F> {
    asked: Arc<AtomicUsize>,
    answer: F,
}

impl<F: Fn(IpAddr) -> Answer + Send + Sync> Lookup for Fake<F> {
    fn name(&self, address: IpAddr) -> Answer {
        self.asked.fetch_add(1, Ordering::SeqCst);
        (self.answer)(address)
    }
}

fn names<F>(options: Options, answer: F) -> (Names, Arc<AtomicUsize>)
where
    F: Fn(IpAddr) -> Answer + Send + Sync + 'static,
{
    let asked = Arc::new(AtomicUsize::new(0));
    let fake = Fake { asked: Arc::clone(&asked), answer };
    (Names::new(fake, options), asked)
}

fn ip(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

fn host(address: IpAddr) -> Answer {
    Answer::Name(format!("host-{address}.example.com."))
}

fn never(_: IpAddr) -> Answer {
    loop {
        thread::park();
    }
}

/// Waits for something that another thread does.
fn until(what: impl Fn() -> bool) {
    let limit = soon();
    while !what() {
        assert!(Instant::now() < limit, "it never happened");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_name_is_found_cleaned_and_asked_for_once() {
    let (names, asked) = names(Options::default(), |_| Answer::Name("a\x1bb.example.com.".to_owned()));
    for _ in 0..3 {
        assert_eq!(names.wait(ip(1), soon()).as_deref(), Some("a?b.example.com"));
    }
    assert_eq!(names.get(ip(1)), Some(NameState::Named("a?b.example.com".into())));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn no_name_is_an_answer_too_and_kept() {
    let (names, asked) = names(Options::default(), |_| Answer::NoName);
    assert_eq!(names.wait(ip(1), soon()), None);
    assert_eq!(names.wait(ip(1), soon()), None);
    assert_eq!(names.get(ip(1)), Some(NameState::Nameless));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn a_name_that_is_an_address_is_no_name() {
    let (names, _) = names(Options::default(), |_| Answer::Name("198.51.100.1".to_owned()));
    assert_eq!(names.wait(ip(1), soon()), None);
    assert_eq!(names.get(ip(1)), Some(NameState::Nameless));
}

#[test]
fn no_answer_is_forgotten_after_a_while_and_asked_for_again() {
    let options = Options { retry: Duration::from_millis(50), ..Options::default() };
    let (names, asked) = names(options, |_| Answer::TryAgain);
    assert_eq!(names.wait(ip(1), soon()), None);
    assert_eq!(names.wait(ip(1), soon()), None);
    assert_eq!(names.get(ip(1)), Some(NameState::Unanswered));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    thread::sleep(Duration::from_millis(60));
    assert_eq!(names.get(ip(1)), None);
    assert_eq!(names.wait(ip(1), soon()), None);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert!(names.learned().is_empty(), "a silent server has taught nothing");
}

#[test]
fn many_callers_ask_one_address_once() {
    let (names, asked) = names(Options::default(), |address| {
        thread::sleep(Duration::from_millis(50));
        host(address)
    });
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| assert!(names.wait(ip(7), soon()).is_some()));
        }
    });
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn addresses_without_an_owner_are_never_asked_for() {
    let (names, asked) = names(Options::default(), host);
    for address in [[127, 0, 0, 1], [224, 0, 0, 1], [255, 255, 255, 255], [0, 0, 0, 0]] {
        assert_eq!(names.wait(address.into(), soon()), None);
        assert!(!names.wants(address.into()));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[test]
fn asking_does_not_wait_and_the_answer_calls() {
    let (names, asked) = names(Options::default(), |address| {
        thread::sleep(Duration::from_millis(50));
        host(address)
    });
    let (sender, calls) = sync_channel(1);
    names.on_answer(move || {
        let _ = sender.try_send(());
    });
    let begin = Instant::now();
    for _ in 0..3 {
        names.ask(ip(1));
    }
    assert!(begin.elapsed() < Duration::from_millis(40));
    assert_eq!(names.get(ip(1)), Some(NameState::Asked));
    calls.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(matches!(names.get(ip(1)), Some(NameState::Named(_))));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn five_hundred_addresses_are_asked_for_side_by_side() {
    let (names, asked) = names(Options::default(), |address| {
        thread::sleep(Duration::from_millis(10));
        host(address)
    });
    let begin = Instant::now();
    let all: Vec<IpAddr> = (0..500_u32).map(|n| IpAddr::from((0xc633_0000 + n).to_be_bytes())).collect();
    all.iter().for_each(|address| names.ask(*address));
    for address in &all {
        assert_eq!(names.name(*address), Some(format!("host-{address}.example.com")));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 500);
    // One after the other they would take 5 s.
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    assert_eq!(names.shared.lock().workers, 16);
}

#[test]
fn a_deadline_is_kept_within_fifty_milliseconds() {
    let (names, _) = names(Options::default(), never);
    let begin = Instant::now();
    assert_eq!(names.wait(ip(1), begin + Duration::from_millis(200)), None);
    let took = begin.elapsed();
    assert!(took >= Duration::from_millis(200) && took < Duration::from_millis(250), "{took:?}");
    assert_eq!(names.get(ip(1)), Some(NameState::Asked));
}

#[test]
fn a_late_answer_serves_later_calls_and_a_late_address_is_waited_for_once() {
    let options = Options { timeout: Duration::from_millis(100), ..Options::default() };
    let (names, asked) = names(options, |address| {
        thread::sleep(Duration::from_millis(300));
        host(address)
    });
    assert_eq!(names.name(ip(1)), None);
    let begin = Instant::now();
    assert_eq!(names.name(ip(1)), None);
    assert!(begin.elapsed() < Duration::from_millis(50), "it had its time already");
    until(|| names.name(ip(1)).is_some());
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn the_budget_limits_all_waits_together() {
    let options = Options {
        timeout: Duration::from_millis(100),
        budget: Some(Duration::from_millis(250)),
        give_up: 1000,
        ..Options::default()
    };
    let (names, _) = names(options, |address| if address == ip(99) { host(address) } else { never(address) });
    assert!(names.name(ip(99)).is_some());
    let begin = Instant::now();
    for last in 1..=10 {
        assert_eq!(names.name(ip(last)), None);
    }
    let took = begin.elapsed();
    assert!(took >= Duration::from_millis(240) && took < Duration::from_millis(320), "{took:?}");
    assert!(names.name(ip(99)).is_some(), "what is known costs nothing");
}

#[test]
fn twenty_timeouts_in_a_row_pause_the_asking_and_are_told_once() {
    let options = Options {
        workers: 4,
        timeout: Duration::from_millis(10),
        pause: Duration::from_millis(300),
        ..Options::default()
    };
    let (names, asked) = names(options, never);
    for last in 1..=19 {
        assert_eq!(names.name(ip(last)), None);
    }
    assert!(names.take_notes().is_empty());
    assert_eq!(names.name(ip(20)), None);
    assert_eq!(
        names.take_notes(),
        [ResolverNote::Paused { unanswered: 20, pause: Duration::from_millis(300) }]
    );

    let begin = Instant::now();
    for last in 21..=60 {
        assert_eq!(names.name(ip(last)), None);
        assert_eq!(names.get(ip(last)), None, "not asked for");
    }
    assert!(begin.elapsed() < Duration::from_millis(50), "a pause waits for nothing");

    thread::sleep(Duration::from_millis(300));
    assert_eq!(names.name(ip(70)), None);
    names.ask(ip(71));
    assert_eq!(names.get(ip(71)), None, "one more time-out pauses again");
    assert!(names.take_notes().is_empty(), "said once");
    let asked = asked.load(Ordering::SeqCst);
    assert!(asked <= 21, "{asked} questions of 61 addresses");
}

#[test]
fn an_answer_in_time_starts_the_count_anew() {
    let options = Options { timeout: Duration::from_millis(10), give_up: 3, ..Options::default() };
    let (names, _) =
        names(options, |address| if address == ip(100) { host(address) } else { never(address) });
    let slow = |from: u8, to: u8| (from..=to).for_each(|last| assert_eq!(names.name(ip(last)), None));
    slow(1, 2);
    assert!(names.wait(ip(100), soon()).is_some());
    slow(3, 4);
    assert!(names.take_notes().is_empty());
    slow(5, 5);
    assert_eq!(names.take_notes().len(), 1);
}

#[test]
fn hung_lookups_hold_up_neither_the_end_nor_a_full_queue() {
    let options = Options { workers: 2, queue: 3, timeout: Duration::from_millis(10), ..Options::default() };
    let (names, asked) = names(Options { most_workers: 2, ..options }, never);
    for last in 1..=2 {
        names.ask(ip(last));
    }
    until(|| asked.load(Ordering::SeqCst) == 2);
    for last in 3..=20 {
        names.ask(ip(last));
    }
    assert_eq!(names.shared.lock().queue.len(), 3);
    assert_eq!(names.get(ip(6)), None);
    let begin = Instant::now();
    drop(names);
    assert!(begin.elapsed() < Duration::from_millis(50));
}

#[test]
fn what_is_waited_for_comes_before_what_was_asked_in_advance() {
    let options = Options { workers: 1, ..Options::default() };
    let (names, asked) = names(options, |address| {
        thread::sleep(Duration::from_millis(20));
        host(address)
    });
    for last in 1..=50 {
        names.ask(ip(last));
    }
    assert!(names.wait(ip(50), soon()).is_some());
    assert!(asked.load(Ordering::SeqCst) <= 4, "{}", asked.load(Ordering::SeqCst));
}

#[test]
fn what_is_remembered_is_not_asked_for_while_it_holds() {
    let hour = 3600;
    let old = KnownName { name: Some("old.example.com".to_owned()), at: now() - 400 * hour };
    let fresh = KnownName { name: Some("fresh\n.example.com".to_owned()), at: now() - 300 * hour };

    let (names, asked) = names(Options::default(), host);
    assert!([1, 2, 3].iter().all(|n| names.wants(ip(*n))));
    names.remember(ip(1), &old);
    names.remember(ip(2), &fresh);
    assert_eq!(names.wait(ip(2), soon()).as_deref(), Some("fresh?.example.com"));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    assert_eq!(names.wait(ip(1), soon()).as_deref(), Some("host-192.0.2.1.example.com"));

    let learned = names.learned();
    assert_eq!(learned.len(), 1, "what was not asked for was not learned");
    assert_eq!(learned[0].1.name.as_deref(), Some("host-192.0.2.1.example.com"));
    assert!(names.learned().is_empty());
}

/// Sixteen threads hang at once; the seventeenth address must not wait for them.
#[test]
fn threads_that_hang_are_replaced_so_that_waits_overlap() {
    let options = Options { workers: 4, timeout: Duration::from_millis(200), ..Options::default() };
    let (names, _) = names(options, |address| match address {
        IpAddr::V4(v4) if v4.octets()[3] <= 12 => never(address),
        _ => host(address),
    });
    for last in 1..=40 {
        names.ask(ip(last));
    }
    let begin = Instant::now();
    for last in 1..=40 {
        assert_eq!(names.name(ip(last)).is_some(), last > 12, "{last}");
    }
    // Twelve addresses on four threads: three times 200 ms, not twelve times.
    let took = begin.elapsed();
    assert!(took < Duration::from_millis(1000), "{took:?}");
    assert_eq!(names.missed(), 12);
}

#[test]
fn with_every_thread_hung_nothing_waits() {
    let options =
        Options { workers: 2, most_workers: 4, timeout: Duration::from_millis(50), ..Options::default() };
    let (names, asked) = names(options, never);
    for last in 1..=15 {
        names.ask(ip(last));
    }
    let begin = Instant::now();
    for last in 1..=15 {
        assert_eq!(names.name(ip(last)), None);
    }
    assert!(begin.elapsed() < Duration::from_millis(250), "{:?}", begin.elapsed());
    assert_eq!(asked.load(Ordering::SeqCst), 4);
    assert_eq!(names.missed(), 15, "those that could not be asked count too");
}

#[test]
fn a_server_that_answers_meanwhile_is_not_given_up_for_some_addresses() {
    let options = Options { timeout: Duration::from_millis(100), give_up: 3, ..Options::default() };
    let (names, _) = names(options, |address| {
        if address == ip(100) {
            thread::sleep(Duration::from_millis(20));
            host(address)
        } else {
            never(address)
        }
    });
    (1..=6).for_each(|last| names.ask(ip(last)));
    names.ask(ip(100));
    (1..=6).for_each(|last| assert_eq!(names.name(ip(last)), None));
    assert!(names.take_notes().is_empty(), "the server is alive");
    assert_eq!(names.missed(), 6);
}

#[test]
fn a_server_that_refuses_every_question_is_told_of_too() {
    let (names, asked) = names(Options::default(), |_| Answer::TryAgain);
    for last in 1..=30 {
        assert_eq!(names.name(ip(last)), None);
    }
    assert_eq!(names.take_notes().len(), 1);
    assert_eq!(asked.load(Ordering::SeqCst), 20);
}

#[test]
fn patience_ends_a_time_out_after_the_first_question_even_if_asked_again() {
    let options = Options { timeout: Duration::from_millis(100), ..Options::default() };
    let (names, _) = names(options, |address| if address == ip(1) { never(address) } else { host(address) });
    assert_eq!(names.patience(ip(1)), None, "not asked for");
    names.ask(ip(1));
    let until = names.patience(ip(1)).unwrap();
    thread::sleep(Duration::from_millis(20));
    names.ask(ip(1));
    assert_eq!(names.patience(ip(1)), Some(until));
    names.wait(ip(1), until);
    assert_eq!(names.patience(ip(1)), None, "it had its time");
    assert!(names.wait(ip(2), soon()).is_some());
    assert_eq!(names.patience(ip(2)), None, "known");
}

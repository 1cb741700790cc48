use super::sample::{Datum, database, sample};
use super::*;

fn of(bytes: Vec<u8>) -> Result<Databases, String> {
    let mut databases = Databases { readers: Vec::new(), countries: false, systems: false };
    databases.add(Path::new("test.mmdb"), bytes).map(|()| databases)
}

fn origin(databases: &Databases, address: &str) -> (String, String) {
    let origin = databases.of(address.parse().expect("an address"));
    let country = origin.country.map(|c| format!("{} {}", c.code, c.name.unwrap_or_default()));
    (country.unwrap_or_default(), origin.system.map(|system| system.words()).unwrap_or_default())
}

#[test]
fn every_makers_fields_are_read() {
    let databases = of(sample()).expect("a database");
    assert!(databases.knows_countries() && databases.knows_systems());
    let expected = ("SE Sweden".to_owned(), "AS64496 Example Net".to_owned());
    assert_eq!(origin(&databases, "192.0.2.7"), expected);
    assert_eq!(origin(&databases, "2001:db8::7"), expected);
    assert_eq!(origin(&databases, "198.51.100.7"), ("NO ".to_owned(), "AS64497".to_owned()));
    assert_eq!(origin(&databases, "10.0.0.1"), (String::new(), String::new()));
}

#[test]
fn the_first_database_that_knows_something_is_believed() {
    let countries = database(&[("192.0.2.0", 24, &[("country_code", Datum::Text("DK"))])]);
    let mut databases = of(countries).expect("a database");
    assert!(databases.knows_countries() && !databases.knows_systems());
    databases.add(Path::new("more.mmdb"), sample()).expect("a database");
    assert_eq!(origin(&databases, "192.0.2.7"), ("DK ".to_owned(), "AS64496 Example Net".to_owned()));
    assert_eq!(origin(&databases, "198.51.100.7").0, "NO ");
}

#[test]
fn what_is_no_database_or_knows_nothing_is_named() {
    for bytes in [Vec::new(), b"no database".to_vec()] {
        assert!(
            of(bytes)
                .err()
                .is_some_and(|error| error.contains("test.mmdb is not a readable MaxMind database"))
        );
    }
    let other = database(&[("192.0.2.0", 24, &[("color", Datum::Text("red"))])]);
    assert!(of(other).err().is_some_and(|error| error.contains("neither countries nor")));
    assert!(Databases::open(&["/nowhere.mmdb".into()]).err().is_some_and(|e| e.contains("/nowhere.mmdb")));
}

#[test]
fn damage_is_an_error_or_unknown_but_never_a_panic() {
    let whole = sample();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        for bytes in [damaged, whole[..at].to_vec()] {
            if let Ok(databases) = of(bytes) {
                for address in ["192.0.2.7", "203.0.113.7", "2001:db8::7", "10.0.0.1"] {
                    origin(&databases, address);
                }
            }
        }
    }
}

#[test]
fn a_name_is_short_and_on_one_line() {
    let long = cleaned(&format!("a\n\tb\x1b {}", "x".repeat(200)));
    assert!(long.starts_with("a b x") && long.chars().count() == NAME, "{long}");
}

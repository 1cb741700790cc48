//! Where addresses are located: databases in MaxMind's format (MMDB, version 2 of its specification).
//!
//! Owns reading such files. Only this module knows what each vendor calls a field.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use maxminddb::Reader;
use serde_json::Value;

use crate::analysis::{Country, Origin, Origins, System};
use crate::fault::said;

/// Maximum characters of a name; longer ones are cut.
const NAME: usize = 60;

/// Records sampled to see what a database contains.
const SAMPLE: usize = 100;

/// Several databases that complement each other: the first that knows something wins.
pub struct Databases {
    readers: Vec<Reader<Vec<u8>>>,
    countries: bool,
    systems: bool,
}

impl Databases {
    /// Reads these files. The error names the one that is not a database or cannot be read.
    pub fn open(paths: &[PathBuf]) -> Result<Databases, String> {
        let mut databases = Databases { readers: Vec::new(), countries: false, systems: false };
        for path in paths {
            let bytes = std::fs::read(path).map_err(|error| {
                format!(
                    "cannot read the geolocation database {}: {}; check --geoip-database, or geoip_databases in the \
                     configuration file",
                    path.display(),
                    said(&error)
                )
            })?;
            databases.add(path, bytes)?;
        }
        Ok(databases)
    }

    fn add(&mut self, path: &Path, bytes: Vec<u8>) -> Result<(), String> {
        let none =
            || format!("{} is not a readable MaxMind database (.mmdb); download it again", path.display());
        let reader = Reader::from_source(bytes).map_err(|_| none())?;
        let records = reader.networks(Default::default()).map_err(|_| none())?;
        let records = records.take(SAMPLE).filter_map(|found| found.ok()?.decode::<Value>().ok()?);
        let (mut countries, mut systems) = (false, false);
        for record in records {
            countries |= country(&record).is_some();
            systems |= system(&record).is_some();
        }
        if !countries && !systems {
            return Err(format!(
                "{} contains neither countries nor autonomous systems; use a country or ASN database",
                path.display()
            ));
        }
        self.countries |= countries;
        self.systems |= systems;
        self.readers.push(reader);
        Ok(())
    }
}

impl Origins for Databases {
    fn of(&self, address: IpAddr) -> Origin {
        let mut origin = Origin::default();
        for reader in &self.readers {
            // An IPv4-only database knows no IPv6 address, a damaged record nothing.
            let record = reader.lookup(address).and_then(|found| found.decode::<Value>());
            if let Ok(Some(record)) = record {
                origin.country = origin.country.or_else(|| country(&record));
                origin.system = origin.system.or_else(|| system(&record));
            }
        }
        origin
    }

    fn knows_countries(&self) -> bool {
        self.countries
    }

    fn knows_systems(&self) -> bool {
        self.systems
    }
}

impl fmt::Debug for Databases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} databases", self.readers.len())
    }
}

/// GeoLite2 and DB-IP have an object `country` with `iso_code` and `names`; ip-location-db has a `country_code`.
fn country(record: &Value) -> Option<Country> {
    let object = &record["country"];
    let code = [&object["iso_code"], &record["country_code"], object];
    let code = code.into_iter().find_map(Value::as_str)?.to_ascii_uppercase();
    if code.len() != 2 || !code.bytes().all(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let name = object["names"]["en"].as_str().or_else(|| record["country_name"].as_str());
    Some(Country { code, name: name.map(cleaned).filter(|name| !name.is_empty()) })
}

fn system(record: &Value) -> Option<System> {
    let number = &record["autonomous_system_number"];
    let of_text = || number.as_str()?.trim_start_matches("AS").parse().ok();
    let number = number.as_u64().or_else(of_text).and_then(|number| u32::try_from(number).ok())?;
    let name = record["autonomous_system_organization"].as_str().map(cleaned).unwrap_or_default();
    Some(System { number, name })
}

/// A name from a third-party file, short and on one line.
fn cleaned(name: &str) -> String {
    let one_line = name.split_whitespace().collect::<Vec<_>>().join(" ");
    one_line.chars().filter(|c| !c.is_control()).take(NAME).collect()
}

#[cfg(test)]
pub mod sample;
#[cfg(test)]
mod tests;

//! The table by which servers are told apart.

use std::sync::LazyLock;

use regex::bytes::Regex;
use serde::{Deserialize, Deserializer};

/// All of it.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    #[serde(rename = "kind")]
    pub(super) kinds: Vec<Kind>,
    #[serde(rename = "sign")]
    pub(super) signs: Vec<Sign>,
    #[serde(rename = "mask")]
    pub(super) masks: Vec<Mask>,
    #[serde(rename = "hole")]
    pub(super) holes: Vec<Hole>,
}

/// A kind of server.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kind {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) family: String,
}

/// A sign of some kinds, in one answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sign {
    pub(super) id: String,
    pub(super) at: String,
    #[serde(default, deserialize_with = "pattern")]
    pub(super) is: Option<Regex>,
    #[serde(default, deserialize_with = "pattern")]
    pub(super) absent: Option<Regex>,
    pub(super) says: String,
    pub(super) weight: u32,
    pub(super) of: Vec<String>,
    /// Kinds that do so in places: it tells nothing of them.
    #[serde(default)]
    pub(super) also: Vec<String>,
    pub(super) source: String,
    /// Somebody has seen a server say so, or its source text.
    #[serde(default = "yes")]
    pub(super) verified: bool,
}

fn yes() -> bool {
    true
}

impl Sign {
    /// Is it there? What is absent from a refusal is absent from no list.
    pub(super) fn holds(&self, octets: &[u8]) -> bool {
        let is_there = self.is.as_ref().is_some_and(|is| is.is_match(octets));
        let lacks = |absent: &Regex| octets.first() == Some(&b'2') && !absent.is_match(octets);
        is_there || self.absent.as_ref().is_some_and(lacks)
    }

    /// Does a kind do so in places?
    pub(super) fn is_also_of(&self, kind: &Kind) -> bool {
        self.also.contains(&kind.id)
    }

    pub(super) fn is_of(&self, kind: &Kind) -> bool {
        self.of.contains(&kind.id)
    }
}

/// A sign of something between us and the server.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mask {
    pub(super) at: String,
    #[serde(deserialize_with = "must")]
    pub(super) is: Regex,
    pub(super) says: String,
}

/// A hole, and the versions that have it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hole {
    pub(super) id: String,
    pub(super) cve: String,
    #[serde(deserialize_with = "must")]
    pub(super) version: Regex,
    pub(super) from: String,
    pub(super) to: String,
    /// Only where this is among the extensions.
    #[serde(default)]
    pub(super) offers: Option<String>,
    /// Only where this is not.
    #[serde(default)]
    pub(super) lacks: Option<String>,
    pub(super) says: String,
}

fn must<'de, D: Deserializer<'de>>(from: D) -> Result<Regex, D::Error> {
    let text = String::deserialize(from)?;
    Regex::new(&text).map_err(serde::de::Error::custom)
}

fn pattern<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Regex>, D::Error> {
    must(from).map(Some)
}

/// The table. A test reads it; one that could not be read would tell nobody.
pub(super) static TABLE: LazyLock<Table> = LazyLock::new(|| read().unwrap_or_default());

pub(super) fn read() -> Result<Table, toml::de::Error> {
    toml::from_str(include_str!("fingerprints.toml"))
}

/// The numbers of a version, to be compared.
pub(super) fn numbers(version: &str) -> Vec<u64> {
    let pieces = version.split('.').take(8);
    pieces.map(|piece| piece.parse().unwrap_or(0)).collect()
}

//! How a source is written in the settings.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::{CommandLine, SecretSource};

/// What may be in the braces: exactly one of these.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Braces {
    command: Option<CommandLine>,
    file: Option<PathBuf>,
    fd: Option<u32>,
    credential: Option<String>,
}

impl Braces {
    fn source(self) -> Option<SecretSource> {
        let Braces { command, file, fd, credential } = self;
        match (command, file, fd, credential) {
            (Some(line), None, None, None) => Some(SecretSource::Command(line)),
            (None, Some(path), None, None) => Some(SecretSource::File(path)),
            (None, None, Some(n), None) => Some(SecretSource::Fd(n)),
            (None, None, None, Some(name)) => Some(SecretSource::Credential(name)),
            _ => None,
        }
    }
}

const FORMS: &str = "one of { command = \"...\" }, { file = \"...\" }, { fd = 3 }, \
                     { credential = \"...\" }";

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SecretSource, D::Error> {
        deserializer.deserialize_any(SourceVisitor)
    }
}

struct SourceVisitor;

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = SecretSource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FORMS)
    }

    /// The text is most likely the password itself, so the error must not repeat it.
    fn visit_str<E: Error>(self, _: &str) -> Result<SecretSource, E> {
        Err(E::custom(format!("a password does not stand in the settings; say {FORMS}")))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SecretSource, A::Error> {
        let braces = Braces::deserialize(MapAccessDeserializer::new(map))?;
        braces.source().ok_or_else(|| A::Error::custom(format!("expected exactly {FORMS}")))
    }
}

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
    netrc: Option<PathBuf>,
}

impl Braces {
    fn source(self) -> Option<SecretSource> {
        let named = [
            self.command.map(SecretSource::Command),
            self.file.map(SecretSource::File),
            self.fd.map(SecretSource::Fd),
            self.credential.map(SecretSource::Credential),
            self.netrc.map(SecretSource::Netrc),
        ];
        let mut named = named.into_iter().flatten();
        named.next().filter(|_| named.next().is_none())
    }
}

const FORMS: &str = "one of { command = \"...\" }, { file = \"...\" }, { fd = 3 }, \
                     { credential = \"...\" }, { netrc = \"...\" }";

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

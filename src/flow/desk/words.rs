//! A reply's text in JSON: a string, or `{"b64": "..."}` where it is not UTF-8.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::smtp::Reply;

/// What a reply says in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Words<'a> {
    /// As a rule.
    Text(Cow<'a, str>),
    /// What is not UTF-8.
    Octets(Cow<'a, [u8]>),
}

impl<'a> Words<'a> {
    pub fn of(reply: &'a Reply) -> Words<'a> {
        match &reply.octets {
            Some(octets) => Words::Octets(Cow::Borrowed(octets)),
            None => Words::Text(Cow::Borrowed(&reply.text)),
        }
    }

    /// A reply's `text` and `octets`.
    pub fn apart(&self) -> (String, Option<Box<[u8]>>) {
        match self {
            Words::Text(text) => (text.clone().into_owned(), None),
            Words::Octets(octets) => {
                (String::from_utf8_lossy(octets).into_owned(), Some(octets.as_ref().into()))
            }
        }
    }
}

impl Serialize for Words<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Words::Text(text) => text.serialize(to),
            Words::Octets(octets) => Form::Octets { b64: BASE64.encode(octets) }.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Words<'_> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match Form::deserialize(from)? {
            Form::Text(text) => Words::Text(text.into()),
            Form::Octets { b64 } => {
                let octets = BASE64.decode(b64).map_err(D::Error::custom)?;
                // Octets that are a text after all are kept as one.
                match String::from_utf8(octets) {
                    Ok(text) => Words::Text(text.into()),
                    Err(odd) => Words::Octets(odd.into_bytes().into()),
                }
            }
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Form {
    Text(String),
    Octets { b64: String },
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    #[test]
    fn words_come_back_as_they_were_said() {
        for (words, told) in [
            (Words::Text("voll \u{e4}".into()), json!("voll \u{e4}")),
            (Words::Octets((&b"bo\xeete pleine"[..]).into()), json!({"b64": "Ym/udGUgcGxlaW5l"})),
        ] {
            assert_eq!(to_value(&words).unwrap(), told);
            assert_eq!(from_value::<Words<'_>>(told).unwrap(), words);
        }
        let legible = from_value::<Words<'_>>(json!({"b64": "ZnVsbA=="})).unwrap();
        assert_eq!(legible, Words::Text("full".into()));
        for garbage in [json!({"b64": "?"}), json!({"b64": "", "x": 1}), json!(7)] {
            assert!(from_value::<Words<'_>>(garbage).is_err());
        }
    }
}

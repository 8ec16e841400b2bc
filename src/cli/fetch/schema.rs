//! The JSON Schemas (2020-12) of what `atrn-fetch` tells pipes.

use crate::flow::desk::record::{self, MESSAGE};
use crate::flow::summary::Summary;

/// Of each record of its own, with its name.
pub const SCHEMAS: [(&str, &str); 6] = [
    ("odmr.fetch/1", Summary::SCHEMA),
    ("odmr.fetch.status/1", include_str!("schema/status.json")),
    ("odmr.fetch.check/1", include_str!("schema/check.json")),
    ("odmr.fetch.target/1", include_str!("schema/target.json")),
    ("odmr.fetch.plan/1", include_str!("schema/plan.json")),
    ("odmr.fetch.config/1", include_str!("schema/config.json")),
];

/// Those, and that of a message in an account's own queue, which is `queuectl`'s.
pub fn all() -> Vec<(&'static str, &'static str)> {
    let message = record::SCHEMAS.into_iter().filter(|(name, _)| *name == MESSAGE);
    SCHEMAS.into_iter().chain(message).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_schema_is_json_of_the_name_it_is_listed_under() {
        assert_eq!(all().len(), SCHEMAS.len() + 1);
        for (name, text) in all() {
            let schema: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(schema["properties"]["schema"]["const"], name);
            assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        }
    }
}

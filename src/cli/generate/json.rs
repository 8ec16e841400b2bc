//! The page on the records that pipes read, made of their schemas.

use serde_json::Value;

use super::{escaped, tagged};
use crate::cli::fetch::schema;
use crate::flow::desk::record::SCHEMAS;

const HEAD: &str = r#".SH NAME
odmr\-json \- the records that queuectl(8) and atrn\-fetch(1) write for pipes
.SH DESCRIPTION
With
.B \-\-json
a record is a line of JSON: an object whose
.B schema
says of what kind it is. Within one number of a schema fields are added and never taken away, and none changes what it means. A field that has nothing to tell is null; none is left out.
.PP
Times are RFC 3339 in UTC, in whole seconds but for
.BR started ;
what ends in
.B _s
is seconds, in
.B ms
milliseconds; sizes are octets. Ids sort by the time at which messages came. A field within a field has a dot before its name, as
.B \-\-fields
takes it; of a list,
.B []
stands for each element.
.PP
.B queuectl schema NAME
and
.B atrn\-fetch schema NAME
print the JSON Schema (2020\-12) from which a section of this page is made.
"#;

const TAIL: &str = r#".SH EXAMPLES
.nf
.RS
queuectl list \-\-json | jq \-r 'select(.age_s>86400)|[.id,.domain,.age_s]|@tsv'
queuectl list \-\-json | jq \-r '.last|select(.)|.text' | sort | uniq \-c | sort \-rn
queuectl domains \-\-json | jq \-r 'select(.oldest_s>172800)|.account' | sort \-u
atrn\-fetch status \-\-json | jq \-r 'select(.troubles|length>0)|.account'
queuectl watch \-\-json | jq \-\-unbuffered \-r 'select(.event=="expired")|.domain'
.RE
.fi
.SH "SEE ALSO"
queuectl(8), atrn\-fetch(1), odmr\-control(7), odmr\-exit\-codes(7)
"#;

pub(super) fn page() -> String {
    let all = SCHEMAS.iter().chain(&schema::SCHEMAS);
    let sections = all.filter_map(|(name, text)| section(name, text));
    format!("{HEAD}{}{TAIL}", sections.collect::<String>())
}

/// The keys of one record, and no head.
pub(super) fn keys(text: &str) -> String {
    let mut page = String::new();
    if let Ok(schema) = serde_json::from_str(text) {
        fields(&schema, "", &mut page);
    }
    page
}

/// A schema as a section. The test of what is generated would miss one that cannot be read.
fn section(name: &str, text: &str) -> Option<String> {
    let schema: Value = serde_json::from_str(text).ok()?;
    let title = schema["title"].as_str().unwrap_or_default();
    let mut page = format!(".SH \"{}\"\n{}.\n", escaped(name), escaped(title));
    fields(&schema, "", &mut page);
    Some(page)
}

fn fields(object: &Value, within: &str, page: &mut String) {
    let Some(properties) = object["properties"].as_object() else { return };
    for (name, field) in properties.iter().filter(|(name, _)| *name != "schema") {
        let path = format!("{within}{name}");
        let said = field["description"].as_str().unwrap_or("See below.");
        let text = format!("({}) {said}{}", kind(field), allowed(field));
        page.push_str(&tagged(&escaped(&path), &escaped(&text)));
        fields(field, &format!("{path}."), page);
        fields(&field["items"], &format!("{path}[]."), page);
    }
}

/// `text or null`.
fn kind(field: &Value) -> String {
    let word = |kind: &Value| match kind.as_str() {
        Some("string") if field["format"] == "date-time" => "time".to_owned(),
        Some("string") => "text".to_owned(),
        Some("array") => "list".to_owned(),
        Some(other) => other.to_owned(),
        None => "text".to_owned(),
    };
    if let Some(forms) = field["anyOf"].as_array() {
        return forms.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    match &field["type"] {
        Value::Array(kinds) if kinds.len() > 2 => "whatever it is".to_owned(),
        Value::Array(kinds) => kinds.iter().map(word).collect::<Vec<_>>().join(" or "),
        kind => word(kind),
    }
}

/// What it can be, where that is one of a few words.
fn allowed(field: &Value) -> String {
    let words = field["enum"].as_array().map(Vec::as_slice).unwrap_or_default();
    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
    if words.is_empty() { String::new() } else { format!(" One of: {}.", words.join(", ")) }
}

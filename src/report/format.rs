//! How records are put on a page. All but `human` and `wide` are stable.

use std::borrow::Cow;
use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde_json::Value;

use crate::smtp::escape::{Escaped, deceives};

/// A page's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table for people, cut to the terminal's width. Not stable.
    Human,
    /// The same with every column, as wide as it is.
    Wide,
    /// One array.
    Json,
    /// An object a line.
    Jsonl,
    /// Commas, RFC 4180.
    Csv,
    /// Tabs; what is none of text's characters is escaped.
    Tsv,
    /// The ids, a line each.
    Ids,
    /// The ids, a NUL behind each.
    Ids0,
    /// Text with `{field}` in it.
    Template(String),
    /// How much there is, for Prometheus.
    Prometheus,
    /// The same, as a plugin of Nagios says it.
    Nagios,
}

/// The forms by name.
pub const FORMATS: &str =
    "human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios";

impl std::str::FromStr for Format {
    type Err = String;
    fn from_str(text: &str) -> Result<Format, String> {
        Ok(match text {
            "human" => Format::Human,
            "wide" => Format::Wide,
            "json" => Format::Json,
            "jsonl" => Format::Jsonl,
            "csv" => Format::Csv,
            "tsv" => Format::Tsv,
            "ids" => Format::Ids,
            "ids0" => Format::Ids0,
            "prometheus" => Format::Prometheus,
            "nagios" => Format::Nagios,
            _ => match text.strip_prefix("template:") {
                Some(template) => Format::Template(closed(unescaped(template))?),
                None => return Err(format!("saw {text:?}; allowed: {FORMATS}")),
            },
        })
    }
}

/// A brace that is opened before a name and not closed would swallow what stands behind it. One before
/// anything else is text.
fn closed(template: String) -> Result<String, String> {
    for part in template.split('{').skip(1).filter(|part| !part.contains('}')) {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.'));
        let name = &part[..end.unwrap_or(part.len())];
        if !name.is_empty() {
            return Err(format!("template: saw {:?}; expected }} behind it", format!("{{{name}")));
        }
    }
    Ok(template)
}

/// `\t` and `\n`, which no shell makes of itself.
fn unescaped(template: &str) -> String {
    template.replace("\\t", "\t").replace("\\n", "\n").replace("\\0", "\0")
}

/// A page being written.
pub struct Page<W: Write> {
    out: W,
    format: Format,
    /// Which fields, in which order; dots lead into objects.
    fields: Vec<String>,
    rows: u64,
    table: Option<Table>,
}

impl<W: Write> Page<W> {
    /// A page of this form. `fields` are those that were asked for, `usual` those of a table when none
    /// were; `width` is the terminal's, if there is one.
    pub fn new(
        out: W,
        format: Format,
        fields: Vec<String>,
        usual: &[&str],
        width: Option<u16>,
    ) -> Page<W> {
        let tabular = matches!(format, Format::Human | Format::Wide | Format::Csv | Format::Tsv);
        let fields = match fields.is_empty() && tabular {
            true => usual.iter().map(|&field| field.to_owned()).collect(),
            false => fields,
        };
        let table =
            matches!(format, Format::Human | Format::Wide).then(|| table(&fields, &format, width));
        Page { out, format, fields, rows: 0, table }
    }

    /// Can it take a record's own line as it is?
    pub fn takes_lines(&self) -> bool {
        self.format == Format::Jsonl && self.fields.is_empty()
    }

    /// Puts such a line on it.
    ///
    /// # Errors
    /// What writing has to say.
    pub fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.rows += 1;
        let is_plain = line.iter().all(|octet| matches!(octet, 0x20..=0x7e));
        match std::str::from_utf8(line) {
            Ok(_) if is_plain => self.out.write_all(line)?,
            // JSON writes control characters as escapes: whoever sends them bare means the terminal.
            Ok(text) => {
                let bare = |c: char| if c.is_ascii_control() { ' ' } else { c };
                let text: String = text.chars().map(bare).collect();
                self.out.write_all(harmless(&text).as_bytes())?;
            }
            Err(_) => self.out.write_all(Escaped(line).to_string().as_bytes())?,
        }
        self.out.write_all(b"\n")
    }

    /// Puts a record on it.
    ///
    /// # Errors
    /// What writing has to say.
    pub fn record(&mut self, record: &Value) -> io::Result<()> {
        self.rows += 1;
        let fields = &self.fields;
        match &self.format {
            Format::Human | Format::Wide => {
                let cells = fields.iter().map(|field| {
                    let field = known(record, field);
                    shown(&field, &at(record, &field))
                });
                self.table.iter_mut().for_each(|table| _ = table.add_row(cells.clone()));
                Ok(())
            }
            Format::Json => {
                self.out.write_all(if self.rows == 1 { b"[" } else { b",\n " })?;
                self.out.write_all(chosen(record, fields)?.as_bytes())
            }
            Format::Jsonl => {
                writeln!(self.out, "{}", chosen(record, fields)?)
            }
            Format::Csv => {
                if self.rows == 1 {
                    self.out.write_all(joined(fields.iter().cloned(), ",", csv).as_bytes())?;
                }
                let cells = fields.iter().map(|field| plain(&at(record, field)));
                self.out.write_all(joined(cells, ",", csv).as_bytes())
            }
            Format::Tsv => {
                let cells = fields.iter().map(|field| plain(&at(record, field)));
                let row = cells.map(|cell| Escaped::text(&cell).to_string());
                writeln!(self.out, "{}", row.collect::<Vec<_>>().join("\t"))
            }
            // What has no name is no line, and no NUL: those would be names of nothing.
            Format::Ids | Format::Ids0 if record["id"].is_null() => Ok(()),
            Format::Ids => writeln!(self.out, "{}", Escaped::text(&plain(&at(record, "id")))),
            Format::Ids0 => write!(self.out, "{}\0", Escaped::text(&plain(&at(record, "id")))),
            // Their maker counts records instead of showing them.
            Format::Prometheus | Format::Nagios => Ok(()),
            Format::Template(template) => {
                let text = filled(template, record);
                self.out.write_all(text.as_bytes())?;
                if text.ends_with(['\n', '\0']) { Ok(()) } else { self.out.write_all(b"\n") }
            }
        }
    }

    /// Hands on what is on it so far.
    ///
    /// # Errors
    /// What writing has to say.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Ends it. Says how many records there were.
    ///
    /// # Errors
    /// What writing has to say.
    pub fn end(mut self) -> io::Result<u64> {
        match (&self.format, self.table.take()) {
            (_, Some(table)) if self.rows > 0 => writeln!(self.out, "{}", table.trim_fmt())?,
            (Format::Json, _) => {
                self.out.write_all(if self.rows == 0 { b"[]\n" } else { b"]\n" })?;
            }
            _ => {}
        }
        self.out.flush()?;
        Ok(self.rows)
    }
}

fn table(fields: &[String], format: &Format, width: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    match (format, width) {
        (Format::Human, Some(width)) => {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        _ => _ = table.set_content_arrangement(ContentArrangement::Disabled),
    }
    let leaf = |field: &str| field.rsplit('.').next().unwrap_or(field).to_owned();
    let shared = |field: &str| fields.iter().filter(|other| leaf(other) == leaf(field)).count() > 1;
    table.set_header(fields.iter().map(|field| heading(field, shared(field))));
    for (n, field) in fields.iter().enumerate() {
        if let Some(column) = table.column_mut(n) {
            column.set_padding((0, 2));
            if is_number(field) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    table
}

/// `age_s` is shown as an age, under that name. Where several end alike it takes the whole of each.
fn heading(field: &str, whole: bool) -> String {
    let field = field.trim_end_matches("_s");
    let (of, leaf) = field.rsplit_once('.').unwrap_or(("", field));
    let leaf = leaf.replace("messages_per_h", "per h");
    match whole && !of.is_empty() {
        true => format!("{of} {leaf}").replace('.', " ").to_uppercase(),
        false => leaf.to_uppercase(),
    }
}

fn is_number(field: &str) -> bool {
    let leaf = field.rsplit('.').next().unwrap_or(field);
    leaf.ends_with("_s")
        || leaf.ends_with("_per_h")
        || field.starts_with("by_state.")
        || field.starts_with("ages.")
        || matches!(
            leaf,
            "age"
                | "size"
                | "bytes"
                | "messages"
                | "attempts"
                | "done"
                | "matched"
                | "busy"
                | "unfit"
                | "missing"
        )
}

/// A value for people: ages as two units, octets as sizes, nothing that moves a cursor.
fn shown(field: &str, value: &Value) -> String {
    match (field.rsplit('.').next().unwrap_or(field), value) {
        (_, Value::Null) => "-".to_owned(),
        ("size" | "bytes", Value::Number(octets)) => {
            self::octets(octets.as_u64().unwrap_or_default())
        }
        (field, Value::Number(seconds)) if field.ends_with("_s") => {
            age(seconds.as_i64().unwrap_or_default())
        }
        ("sender", Value::String(text)) if text.is_empty() => "<>".to_owned(),
        (_, value) => Escaped::text(&plain(value)).to_string(),
    }
}

/// A size in few characters: `1.5M`.
pub fn octets(octets: u64) -> String {
    bytesize::ByteSize(octets).display().iec_short().to_string()
}

/// `2d3h`, `5h12m`, `40s`; what is past has a minus, and what nobody will live to see is never.
pub fn age(seconds: i64) -> String {
    let (sign, s) =
        if seconds < 0 { ("-", seconds.unsigned_abs()) } else { ("", seconds.unsigned_abs()) };
    let (d, h, m) = (s / 86_400, s / 3600 % 24, s / 60 % 60);
    match (d, h, m) {
        (0, 0, 0) => format!("{sign}{s}s"),
        (0, 0, m) => format!("{sign}{m}m"),
        (0, h, m) => format!("{sign}{h}h{m:02}m"),
        (d, _, _) if d > 36_500 => "never".to_owned(),
        (d, h, _) => format!("{sign}{d}d{h:02}h"),
    }
}

/// An age by its short name: `age_s` of `age`.
pub fn in_seconds(name: &str) -> String {
    format!("{name}_s")
}

/// The name that this record has a field by: an age may be named without its unit.
fn known<'a>(record: &Value, field: &'a str) -> Cow<'a, str> {
    let has = |path: &str| record.pointer(&format!("/{}", path.replace('.', "/"))).is_some();
    let seconds = in_seconds(field);
    match !has(field) && has(&seconds) {
        true => Cow::Owned(seconds),
        false => Cow::Borrowed(field),
    }
}

/// The value at a dotted path. Of a list of objects: that field of each. Of an age without its unit: that age.
fn at(record: &Value, path: &str) -> Value {
    let step = |value: Value, name: &str| match value {
        Value::Object(mut fields) => match fields.remove(name) {
            Some(value) => value,
            None => fields.remove(&in_seconds(name)).unwrap_or_default(),
        },
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| at(&item, name)).collect())
        }
        _ => Value::Null,
    };
    match path.split_once('.') {
        None => step(record.clone(), path),
        Some((first, rest)) => at(&step(record.clone(), first), rest),
    }
}

/// The record as JSON that may meet a terminal. With those fields only, flat, under their dotted names and in
/// their order, which no map of names would keep.
fn chosen(record: &Value, fields: &[String]) -> io::Result<String> {
    if fields.is_empty() {
        return json(record);
    }
    let mut members = Vec::with_capacity(fields.len());
    for (n, field) in fields.iter().enumerate() {
        // The same name twice is one member.
        if !fields[..n].contains(field) {
            members.push(format!("{}:{}", serde_json::to_string(field)?, at(record, field)));
        }
    }
    Ok(harmless(&format!("{{{}}}", members.join(","))).into_owned())
}

/// A text of a record. One that is not UTF-8 is `{"b64": "..."}` there, and read as well as can be.
pub fn words(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Object(fields) if fields.len() == 1 => {
            let octets = BASE64.decode(fields.get("b64")?.as_str()?).ok()?;
            Some(Cow::Owned(String::from_utf8_lossy(&octets).into_owned()))
        }
        _ => None,
    }
}

/// A value without quotes; a list's, with commas between.
fn plain(value: &Value) -> String {
    if let Some(text) = words(value) {
        return text.into_owned();
    }
    match value {
        Value::Null => String::new(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn joined(
    cells: impl Iterator<Item = String>,
    between: &str,
    cell: fn(String) -> String,
) -> String {
    let mut line = cells.map(cell).collect::<Vec<_>>().join(between);
    line.push_str("\r\n");
    line
}

/// JSON that may meet a terminal.
fn json(value: &Value) -> io::Result<String> {
    Ok(harmless(&serde_json::to_string(value)?).into_owned())
}

/// The same JSON with what is legal in it and unsafe on a terminal spelt out: C1 controls, and what has
/// no width or turns the direction. Such characters stand in strings only.
pub fn harmless(json: &str) -> Cow<'_, str> {
    if !json.contains(deceives) {
        return json.into();
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match deceives(c) {
            true => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                safe.push_str(&format!("\\u{unit:04x}"));
            }),
            false => safe.push(c),
        }
    }
    safe.into()
}

fn csv(cell: String) -> String {
    let cell = Escaped::text(&cell).to_string();
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

impl Format {
    /// The fields that a template names.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        let template = match self {
            Format::Template(template) => template.as_str(),
            _ => "",
        };
        let behind = template.split('{').skip(1);
        behind.filter_map(|rest| Some(rest.split_once('}')?.0)).filter(|name| is_name(name))
    }
}

/// May it stand between braces? Others are braces.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
}

/// `{id}` and the like are filled in; a brace that names nothing stays as it is.
fn filled(template: &str, record: &Value) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        match after.split_once('}') {
            Some((name, behind)) if is_name(name) => {
                text.push_str(&Escaped::text(&plain(&at(record, name))).to_string());
                rest = behind;
            }
            _ => {
                text.push('{');
                rest = after;
            }
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn page(format: &str, fields: &[&str], records: &[Value]) -> String {
        let mut out = Vec::new();
        let fields = fields.iter().map(|&field| field.to_owned()).collect();
        let mut page =
            Page::new(&mut out, format.parse().unwrap(), fields, &["id", "size", "age_s"], None);
        records.iter().for_each(|record| page.record(record).unwrap());
        page.end().unwrap();
        String::from_utf8(out).unwrap()
    }

    fn two() -> [Value; 2] {
        let to = |address: &str| json!([{"address": address, "state": "waiting"}]);
        [
            json!({"id": "01A", "size": 81920, "age_s": 18_000, "sender": "", "recipients": to("a@b.c")}),
            json!({"id": "01B", "size": 10, "age_s": 7, "sender": "x,\"y\"\u{1b}[2J@z", "recipients": to("d@e.f")}),
        ]
    }

    #[test]
    fn what_ends_alike_is_told_apart_in_the_headings() {
        let record = serde_json::json!({"key": "all", "in": {"bytes": 2048, "messages_per_h": 1.5},
            "out": {"bytes": 7, "messages_per_h": 0.0}});
        let fields = ["key", "in.bytes", "in.messages_per_h", "out.bytes", "out.messages_per_h"];
        let told = page("human", &fields, &[record]);
        let head: Vec<&str> = told.lines().next().unwrap_or_default().split("  ").collect();
        let head: Vec<&str> = head.into_iter().map(str::trim).filter(|w| !w.is_empty()).collect();
        assert_eq!(head, ["KEY", "IN BYTES", "IN PER H", "OUT BYTES", "OUT PER H"], "{told}");
        assert!(told.contains("2.0K"), "{told}");
    }

    #[test]
    fn each_form_is_what_it_says() {
        let two = two();
        assert_eq!(page("ids", &[], &two), "01A\n01B\n");
        assert_eq!(page("ids0", &[], &two), "01A\x0001B\0");
        assert_eq!(page("tsv", &["id", "sender"], &two), "01A\t\n01B\tx,\"y\"\\x1b[2J@z\n");
        assert_eq!(
            page("csv", &["id", "sender"], &two),
            "id,sender\r\n01A,\r\n01B,\"x,\"\"y\"\"\\x1b[2J@z\"\r\n"
        );
        assert_eq!(
            page("jsonl", &["id", "recipients.address"], &two[..1]),
            "{\"id\":\"01A\",\"recipients.address\":[\"a@b.c\"]}\n"
        );
        assert_eq!(
            page("json", &["size", "id", "age", "size"], &two[..1]),
            "[{\"size\":81920,\"id\":\"01A\",\"age\":18000}]\n",
            "in the order in which they are named"
        );
        assert_eq!(page("human", &["age"], &two), "  AGE\n5h00m\n   7s\n");
        assert_eq!(page("template:{age}", &[], &two[..1]), "18000\n");
        let nameless = [json!({"id": null, "size": 1}), json!({"size": 1})];
        assert_eq!((page("ids", &[], &nameless), page("ids0", &[], &nameless)), Default::default());
        assert_eq!(page("json", &["id"], &two), "[{\"id\":\"01A\"},\n {\"id\":\"01B\"}]\n");
        assert_eq!(page("json", &[], &[]), "[]\n");
        assert_eq!(
            page("template:{id} is {size} {not this} {", &[], &two[..1]),
            "01A is 81920 {not this} {\n"
        );
        assert_eq!(
            page("human", &[], &two),
            "ID    SIZE    AGE\n01A  80.0K  5h00m\n01B    10B     7s\n"
        );
        assert_eq!(page("human", &[], &[]), "");
    }

    #[test]
    fn nothing_moves_a_cursor() {
        let hostile = json!({"id": "01C", "sender": "a\u{1b}[2J\u{9b}31m\u{202e}\u{feff}b@c"});
        for format in ["human", "wide", "csv", "tsv", "template:{sender}", "json", "jsonl"] {
            let told = page(format, &["sender"], std::slice::from_ref(&hostile));
            assert!(
                !told.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{feff}']),
                "{format}: {told:?}"
            );
        }
        let mut out = Vec::new();
        let mut page = Page::new(&mut out, Format::Jsonl, Vec::new(), &[], None);
        page.line(&serde_json::to_vec(&hostile).unwrap()).unwrap();
        page.end().unwrap();
        assert!(out.is_ascii());
        assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), hostile, "it is the same JSON");
    }

    #[test]
    fn an_unknown_form_is_told_with_those_there_are() {
        assert!("xml".parse::<Format>().unwrap_err().contains(FORMATS));
    }

    #[test]
    fn times_are_told_in_few_characters() {
        let day = 86_400;
        let told = [-40, 59, 3_720, 2 * day + 3 * 3600, 100 * 365 * day, 40_000 * day].map(age);
        assert_eq!(told, ["-40s", "59s", "1h02m", "2d03h", "36500d00h", "never"]);
    }
}

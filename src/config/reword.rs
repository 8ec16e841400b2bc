//! What the TOML reader says, said in the words of someone who edits a settings file.
//!
//! The reader's messages have a few fixed shapes (`unknown field`, `invalid type`...). Each becomes
//! "what was seen; what is allowed"; whatever is of no known shape stays as it came, in one line.

/// The fault and, where one can be guessed, the hint.
pub(super) fn mistake(message: &str, key: &str) -> (String, Option<String>) {
    let message = message.trim().replace('\n', "; ");
    unknown_key(&message, key)
        .or_else(|| unknown_word(&message))
        .or_else(|| wrong_value(&message))
        .or_else(|| missing(&message))
        .unwrap_or((message, None))
}

fn unknown_key(message: &str, key: &str) -> Option<(String, Option<String>)> {
    let rest = message.strip_prefix("unknown field ")?;
    let (seen, allowed) = seen_and_allowed(rest);
    let at_top = !key.contains('.');
    let place = if at_top { "at the top of the file" } else { "here" };
    let fault = format!("unknown key; allowed {place}: {}", allowed.join(", "));
    let hint = now_said(seen, &allowed).or_else(|| did_you_mean(seen, &allowed));
    Some((fault, hint))
}

/// What a key of before is called now.
fn now_said(seen: &str, allowed: &[&str]) -> Option<String> {
    let (_, now) = REPLACED.iter().find(|(before, _)| *before == seen)?;
    allowed.contains(&"verb").then(|| format!("say {now} instead"))
}

const REPLACED: [(&str, &str); 2] = [
    ("turn", "verb = \"turn\", or verb = \"atrn\" where it was false,"),
    ("force_atrn", "verb = \"atrn\""),
];

fn unknown_word(message: &str) -> Option<(String, Option<String>)> {
    let rest = message.strip_prefix("unknown variant ")?;
    let (seen, allowed) = seen_and_allowed(rest);
    let fault = format!("saw {seen:?}; allowed: {}", allowed.join(", "));
    Some((fault, did_you_mean(seen, &allowed)))
}

fn wrong_value(message: &str) -> Option<(String, Option<String>)> {
    let rest = message
        .strip_prefix("invalid value: ")
        .or_else(|| message.strip_prefix("invalid type: "))?;
    let (seen, expected) = rest.rsplit_once(", expected ")?;
    Some((format!("saw {}; allowed: {}", seen.replace('`', ""), plain(expected)), None))
}

fn missing(message: &str) -> Option<(String, Option<String>)> {
    let name = message.strip_prefix("missing field ")?;
    Some((format!("key {} is missing", name.replace('`', "")), None))
}

/// Serde's names for kinds of values, in plain words.
fn plain(expected: &str) -> &str {
    match expected {
        "a boolean" => "true or false",
        "a string" | "path string" => "text in quotes",
        "a sequence" => "a list, like [\"...\"]",
        "a map" => "a table",
        "u16" | "a nonzero u16" => "a whole number up to 65535",
        "u32" | "u64" | "usize" => "a whole number",
        "a nonzero u32" => "a whole number above 0",
        table if table.starts_with("struct ") => "a table",
        other => other,
    }
}

/// The words between backticks: first what was seen, then what is allowed.
fn seen_and_allowed(text: &str) -> (&str, Vec<&str>) {
    let mut words = text.split('`').skip(1).step_by(2);
    (words.next().unwrap_or_default(), words.collect())
}

/// "did you mean ...?" where one of the allowed words is near enough.
pub(crate) fn did_you_mean(seen: &str, allowed: &[&str]) -> Option<String> {
    let distance = |word: &&&str| strsim::damerau_levenshtein(seen, word);
    let nearest = allowed.iter().min_by_key(distance)?;
    let near_enough = distance(&nearest) <= 1 + seen.len().min(nearest.len()) / 4;
    near_enough.then(|| format!("did you mean {nearest:?}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(message: &str) -> String {
        mistake(message, "mx.key").0
    }

    #[test]
    fn each_shape_names_what_was_seen_and_what_is_allowed() {
        assert_eq!(
            said("unknown field `x`, expected `a` or `b`"),
            "unknown key; allowed here: a, b"
        );
        assert_eq!(
            said("unknown variant `x`, expected one of `a`, `b`, `c`"),
            "saw \"x\"; allowed: a, b, c"
        );
        assert_eq!(
            said("invalid type: integer `5`, expected a string"),
            "saw integer 5; allowed: text in quotes"
        );
        assert_eq!(
            said("invalid value: integer `70000`, expected u16"),
            "saw integer 70000; allowed: a whole number up to 65535"
        );
        assert_eq!(said("missing field `x`"), "key x is missing");
        assert_eq!(said("duplicate key"), "duplicate key");
    }

    #[test]
    fn a_key_of_before_is_told_with_its_successor() {
        let hint = |message: &str| mistake(message, "account.a.turn").1;
        let told = hint("unknown field `force_atrn`, expected one of `user`, `verb`");
        assert_eq!(told.as_deref(), Some("say verb = \"atrn\" instead"));
        assert_eq!(hint("unknown field `turn`, expected `listen` or `port`"), None);
    }

    #[test]
    fn a_slip_of_the_finger_is_guessed_and_a_stranger_is_not() {
        let keys = ["max_size", "listen", "max_recipients"];
        assert_eq!(did_you_mean("max_sise", &keys).as_deref(), Some("did you mean \"max_size\"?"));
        assert_eq!(did_you_mean("lisetn", &keys).as_deref(), Some("did you mean \"listen\"?"));
        assert_eq!(did_you_mean("colour", &keys), None);
    }
}

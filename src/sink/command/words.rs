//! A program's arguments and variables for one message. Addresses are strangers' text: no shell ever
//! sees them, and none may pass for an option.

use std::ffi::OsString;

use super::Per;
use crate::mail::Recipient;
use crate::smtp::ReversePath;

/// What may stand in an argument for something of the envelope.
pub const PLACEHOLDERS: [&str; 6] =
    ["{sender}", "{recipient}", "{recipients}", "{local}", "{extension}", "{domain}"];

/// This stands for every recipient, each an argument of its own; so it must be a whole argument.
pub const ALL: &str = "{recipients}";

/// What to do about a fault.
pub const HINT: &str = "per = \"recipient\" runs the program once for each; {recipients} and {sender} may stand for all";

/// The envelope as arguments and variables tell it.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// Where a failure notice would go.
    pub from: &'a ReversePath,
    /// At least one.
    pub to: &'a [Recipient],
}

/// An address would have been taken for an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LooksLikeAnOption;

/// Which placeholder in the settings is none, or stands where it cannot.
pub fn fault(arguments: &[String], per: Per) -> Option<String> {
    let one_recipient = per == Per::Recipient;
    arguments.iter().find_map(|argument| {
        let mut rest = argument.as_str();
        while let Some(at) = rest.find('{') {
            let known = PLACEHOLDERS.iter().find(|name| rest[at..].starts_with(**name));
            match known {
                Some(&ALL) if argument != ALL => {
                    return Some(format!("{ALL} must be an argument of its own"));
                }
                Some(&("{recipient}" | "{local}" | "{extension}" | "{domain}"))
                    if !one_recipient =>
                {
                    return Some(format!("{argument:?} is about one recipient"));
                }
                Some(name) => rest = &rest[at + name.len()..],
                None => rest = &rest[at + 1..],
            }
        }
        None
    })
}

/// The arguments for this envelope.
///
/// # Errors
/// [`LooksLikeAnOption`] when an address begins with `-` at the beginning of an argument, and no `--`
/// stands before it.
pub fn arguments(
    template: &[String],
    envelope: Envelope<'_>,
) -> Result<Vec<OsString>, LooksLikeAnOption> {
    let mut filled: Vec<OsString> = Vec::with_capacity(template.len());
    let mut only_operands = false;
    for argument in template {
        let values = match argument.as_str() {
            ALL => envelope.to.iter().map(|to| to.path.as_str().to_owned()).collect(),
            _ => vec![filled_in(argument, envelope)],
        };
        let is_ours = argument.starts_with('-');
        if !is_ours && !only_operands && values.iter().any(|value| value.starts_with('-')) {
            return Err(LooksLikeAnOption);
        }
        // The value of an option, joined to its letter, is not there: it is an empty one, and not the word
        // that follows.
        let is_bare =
            |value: &String| value.len() == 2 && value.starts_with('-') && value != argument;
        let lacks_value = is_ours && !only_operands && values.iter().any(is_bare);
        only_operands |= argument == "--";
        filled.extend(values.into_iter().map(OsString::from));
        filled.extend(lacks_value.then(OsString::new));
    }
    Ok(filled)
}

/// Each placeholder once, from left to right: what an address holds is never looked at again.
fn filled_in(argument: &str, envelope: Envelope<'_>) -> String {
    let (mut text, mut rest) = (String::new(), argument);
    while let Some(at) = rest.find('{') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let name = PLACEHOLDERS.iter().find(|name| rest.starts_with(**name));
        match name.and_then(|name| Some((name.len(), value(name, envelope)?))) {
            Some((length, value)) => {
                text.push_str(&value);
                rest = &rest[length..];
            }
            None => {
                text.push('{');
                rest = &rest[1..];
            }
        }
    }
    text + rest
}

fn value(name: &str, envelope: Envelope<'_>) -> Option<String> {
    let recipient = envelope.to.first()?;
    let (local, extension, domain) = parts(recipient);
    Some(match name {
        "{sender}" => envelope.from.as_str().to_owned(),
        "{recipient}" => recipient.path.as_str().to_owned(),
        "{local}" => local,
        "{extension}" => extension,
        "{domain}" => domain,
        _ => return None,
    })
}

/// Local part, what stands behind a `+` in it, and domain.
fn parts(recipient: &Recipient) -> (String, String, String) {
    let Some(mailbox) = recipient.path.mailbox() else {
        return (recipient.path.as_str().to_owned(), String::new(), String::new());
    };
    let name = mailbox.plain_local_part();
    let (local, extension) = name.split_once('+').unwrap_or((&name, ""));
    (local.to_owned(), extension.to_owned(), mailbox.host().to_string())
}

/// The variables for this envelope. Names that other mail programs use too, where there are any.
pub fn variables(envelope: Envelope<'_>) -> Vec<(&'static str, OsString)> {
    let all = envelope.to.iter().map(|to| to.path.as_str()).collect::<Vec<_>>().join("\n");
    let mut variables = vec![("SENDER", envelope.from.as_str().into()), ("RECIPIENTS", all.into())];
    if let [only] = envelope.to {
        let (local, extension, domain) = parts(only);
        variables.extend([
            ("RECIPIENT", only.path.as_str().into()),
            ("LOCAL", local.into()),
            ("EXTENSION", extension.into()),
            ("DOMAIN", domain.into()),
        ]);
    }
    variables
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::{ForwardPath, RcptParams};
    use proptest::prelude::*;

    fn to(address: &str) -> Recipient {
        Recipient { path: ForwardPath::parse(address).unwrap(), params: RcptParams::default() }
    }

    fn filled(
        template: &[&str],
        from: &str,
        to: &[Recipient],
    ) -> Result<Vec<String>, LooksLikeAnOption> {
        let template: Vec<String> = template.iter().map(|word| (*word).to_owned()).collect();
        let from = ReversePath::parse(from).unwrap();
        let words = arguments(&template, Envelope { from: &from, to })?;
        Ok(words.into_iter().map(|word| word.into_string().unwrap()).collect())
    }

    #[test]
    fn placeholders_are_filled_in() {
        let words = ["-f", "{sender}", "-a", "{extension}", "-d", "{local}", "{domain}{x}{"];
        let filled = filled(&words, "a@x.net", &[to("bob+news@example.org")]).unwrap();
        assert_eq!(filled, ["-f", "a@x.net", "-a", "news", "-d", "bob", "example.org{x}{"]);
    }

    #[test]
    fn all_recipients_are_arguments_of_their_own() {
        let both = [to("b@example.org"), to("\"c d\"@example.org")];
        assert_eq!(
            filled(&["--", "{recipients}"], "", &both).unwrap(),
            ["--", "b@example.org", "\"c d\"@example.org"]
        );
    }

    #[test]
    fn an_address_is_no_option() {
        let hostile = [to("-oQ/tmp@example.org")];
        assert_eq!(filled(&["{recipient}"], "", &hostile), Err(LooksLikeAnOption));
        assert_eq!(filled(&["{recipients}"], "", &hostile), Err(LooksLikeAnOption));
        assert_eq!(
            filled(&["-f", "{sender}"], "-Cx@x.net", &[to("b@x.org")]),
            Err(LooksLikeAnOption)
        );
        assert!(filled(&["--", "{recipient}"], "", &hostile).is_ok());
        assert!(filled(&["--to={recipient}"], "", &hostile).is_ok());
        assert!(filled(&["-f{sender}"], "-Cx@x.net", &hostile).is_ok());
        // A notice has no sender; what follows the option is still no value of it.
        assert_eq!(
            filled(&["-f{sender}", "--", "{recipient}"], "", &hostile).unwrap(),
            ["-f", "", "--", "-oQ/tmp@example.org"]
        );
        assert_eq!(filled(&["-f", "--from={sender}"], "", &hostile).unwrap(), ["-f", "--from="]);
    }

    #[test]
    fn an_address_with_braces_is_not_filled_in_again() {
        let filled = filled(&["<{sender}>"], "{recipient}@x.net", &[to("b@example.org")]).unwrap();
        assert_eq!(filled, ["<{recipient}@x.net>"]);
    }

    #[test]
    fn what_cannot_stand_is_found_in_the_settings() {
        let fault = |words: &[&str], per| {
            fault(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), per)
        };
        assert!(fault(&["x{recipients}"], Per::Recipient).unwrap().contains("of its own"));
        assert!(fault(&["{local}"], Per::Message).unwrap().contains("one recipient"));
        assert_eq!(fault(&["{recipients}", "{sender}", "{else}"], Per::Message), None);
        assert_eq!(fault(&["{local}", "{domain}"], Per::Recipient), None);
    }

    proptest! {
        #[test]
        fn no_address_is_ever_an_option(local in "[-a-z]{1,8}", words in prop::collection::vec(
            prop_oneof![Just("{recipient}"), Just("{sender}"), Just("x"), Just("{recipients}")], 1..5)) {
            let address = format!("{local}@example.org");
            let words: Vec<&str> = words;
            match filled(&words, &address, &[to(&address)]) {
                Ok(filled) => prop_assert!(filled.iter().all(|word| !word.starts_with('-'))),
                Err(LooksLikeAnOption) => prop_assert!(local.starts_with('-')),
            }
        }
    }
}

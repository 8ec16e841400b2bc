//! Reading a condition. It is short and shallow, whoever wrote it.

use std::str::FromStr;

use wildmatch::WildMatch;

use super::{Condition, FLAGS, Pattern, QUANTITIES, Quantity, Relation, TEXTS, Text, Tree};
use crate::config::accounts::Network;
use crate::config::value::{self, Duration, Size};
use crate::queue::Standing;

/// Octets.
const LONGEST: usize = 4096;
/// Parentheses and denials within each other.
const DEEPEST: usize = 32;

/// The longest first: `!=` is not a `!`.
const SIGNS: [&str; 14] =
    ["&&", "||", "==", "!=", "<=", ">=", "=~", "!~", "=", "<", ">", "~", "!", "("];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Sign(&'static str),
    Word(String),
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Condition, String> {
        if text.len() > LONGEST {
            return Err(format!("expected a condition of {LONGEST} octets at most"));
        }
        let mut parser = Parser { rest: text, depth: 0 };
        let tree = parser.any()?;
        match parser.rest.trim_start() {
            "" => Ok(Condition(tree)),
            rest => Err(format!("expected && or || before {:?}", shown(rest))),
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Tree, String> {
        let mut trees = vec![self.all()?];
        while self.takes("||") {
            trees.push(self.all()?);
        }
        Ok(joined(trees, Tree::Any))
    }

    fn all(&mut self) -> Result<Tree, String> {
        let mut trees = vec![self.one()?];
        while self.takes("&&") {
            trees.push(self.one()?);
        }
        Ok(joined(trees, Tree::All))
    }

    fn one(&mut self) -> Result<Tree, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("expected {DEEPEST} parentheses and ! within each other at most"));
        }
        let before = self.rest.trim_start();
        let tree = match self.token()? {
            Some(Token::Sign("!")) => Tree::Not(Box::new(self.one()?)),
            Some(Token::Sign("(")) => {
                let tree = self.any()?;
                if !self.takes(")") {
                    return Err(format!("expected a ) for {:?}", shown(before)));
                }
                tree
            }
            Some(Token::Word(name)) => self.test(&name)?,
            Some(Token::Sign(_)) => {
                return Err(format!("expected a test before {:?}", shown(before)));
            }
            None => return Err("expected a test, such as age > 2d, at the end".to_owned()),
        };
        self.depth -= 1;
        Ok(tree)
    }

    fn test(&mut self, name: &str) -> Result<Tree, String> {
        if let Some(flag) = known(&FLAGS, name) {
            return Ok(Tree::Flag(flag));
        }
        if let Some(quantity) = known(&QUANTITIES, name) {
            let allowed = format!("expected {name} with =, !=, <, <=, > or >=");
            let (relation, denied) = match self.sign(&allowed)? {
                "=" | "==" => (Relation::Is, false),
                "!=" => (Relation::Is, true),
                "<" => (Relation::Less, false),
                "<=" => (Relation::AtMost, false),
                ">" => (Relation::More, false),
                ">=" => (Relation::AtLeast, false),
                _ => return Err(allowed),
            };
            let value = quantity.read(&self.value(name)?)?;
            return Ok(denied_if(denied, Tree::Number(quantity, relation, value)));
        }
        let Some(text) = known(&TEXTS, name) else { return Err(names(name)) };
        let allowed = format!("expected {name} with =, !=, ~ or !~");
        let (found, denied) = match self.sign(&allowed)? {
            "=" | "==" => (false, false),
            "!=" => (false, true),
            "~" | "=~" => (true, false),
            "!~" => (true, true),
            _ => return Err(allowed),
        };
        let pattern = text.read(found, &self.value(name)?)?;
        Ok(denied_if(denied, Tree::Text(text, pattern)))
    }

    fn sign(&mut self, allowed: &str) -> Result<&'static str, String> {
        match self.token()? {
            Some(Token::Sign(sign)) => Ok(sign),
            _ => Err(allowed.to_owned()),
        }
    }

    fn value(&mut self, name: &str) -> Result<String, String> {
        match self.token()? {
            Some(Token::Word(value)) => Ok(value),
            _ => Err(format!(
                "expected something to compare {name} with; quotes around what has signs in it"
            )),
        }
    }

    /// Is this sign the next?
    fn takes(&mut self, sign: &str) -> bool {
        match self.rest.trim_start().strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn token(&mut self) -> Result<Option<Token>, String> {
        let text = self.rest.trim_start();
        let Some(first) = text.chars().next() else { return Ok(None) };
        if let Some(rest) = text.strip_prefix("<>") {
            self.rest = rest;
            return Ok(Some(Token::Word("<>".to_owned())));
        }
        if let Some(sign) = SIGNS.iter().find(|sign| text.starts_with(**sign)) {
            self.rest = &text[sign.len()..];
            return Ok(Some(Token::Sign(sign)));
        }
        if matches!(first, '"' | '\'') {
            let quoted = text[1..].split_once(first);
            let (word, rest) =
                quoted.ok_or_else(|| format!("expected a {first} behind {:?}", shown(text)))?;
            self.rest = rest;
            return Ok(Some(Token::Word(word.to_owned())));
        }
        let ends =
            |c: char| c.is_whitespace() || "()&|!=~\"'".contains(c) || (c == '<' || c == '>');
        let end = text.find(ends).unwrap_or(text.len());
        if end == 0 {
            return Err(format!("expected a test before {:?}", shown(text)));
        }
        self.rest = &text[end..];
        Ok(Some(Token::Word(text[..end].to_owned())))
    }
}

impl Quantity {
    fn read(self, word: &str) -> Result<u64, String> {
        let wrong = |bad: value::BadValue| bad.to_string();
        match self {
            Quantity::Size => value::read::<Size>(word).map(Size::octets).map_err(wrong),
            Quantity::Age | Quantity::ExpiresIn | Quantity::Idle => {
                value::read::<Duration>(word).map(|time| time.get().as_secs()).map_err(wrong)
            }
            Quantity::Attempts | Quantity::Recipients | Quantity::Code => {
                word.parse().map_err(|_| format!("expected a count in place of {word:?}"))
            }
        }
    }
}

impl Text {
    fn read(self, found: bool, word: &str) -> Result<Pattern, String> {
        match self {
            _ if found => {
                let wrong = |bad: String| format!("expected {bad} in place of {word:?}");
                word.parse().map(Pattern::Found).map_err(wrong)
            }
            Text::Source => {
                let wrong = |bad: <Network as FromStr>::Err| format!("{word:?}: {bad}");
                word.parse().map(Pattern::Within).map_err(wrong)
            }
            Text::State if !Standing::ALL.iter().any(|(_, name)| *name == word) => {
                Err(format!("expected one of {}", Standing::ALL.map(|(_, name)| name).join(", ")))
            }
            Text::Sender if word == "<>" => Ok(Pattern::Like(WildMatch::new(""))),
            _ => Ok(Pattern::Like(WildMatch::new_case_insensitive(word))),
        }
    }
}

fn joined(mut trees: Vec<Tree>, join: fn(Vec<Tree>) -> Tree) -> Tree {
    match trees.len() {
        1 => trees.remove(0),
        _ => join(trees),
    }
}

fn denied_if(denied: bool, tree: Tree) -> Tree {
    if denied { Tree::Not(Box::new(tree)) } else { tree }
}

fn known<T: Copy>(all: &[(&str, T)], name: &str) -> Option<T> {
    all.iter().find(|(known, _)| *known == name).map(|(_, what)| *what)
}

fn names(name: &str) -> String {
    let flags = FLAGS.iter().map(|(name, _)| *name);
    let others =
        QUANTITIES.iter().map(|(name, _)| *name).chain(TEXTS.iter().map(|(name, _)| *name));
    let all: Vec<&str> = others.chain(flags).collect();
    format!("expected one of {} in place of {name:?}", all.join(", "))
}

/// The beginning of what was not understood.
fn shown(text: &str) -> String {
    text.chars().take(24).collect()
}

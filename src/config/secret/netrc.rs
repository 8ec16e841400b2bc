//! The password in a netrc file, as ftp(1), curl and fetchmail keep it.
//!
//! ```text
//! machine odmr.example.net login acme password "correct horse"
//! default login anonymous password x
//! ```
//!
//! Words between blanks or line ends; one in quotes may hold blanks, and a backslash in it takes the
//! next octet as it is. `#` in front of a word begins a comment. What `macdef` defines is skipped.

/// What stands in the way of reading it: the line, from 1, and what is wrong there. Never a word of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadNetrc {
    pub line: usize,
    pub what: &'static str,
}

/// The password of this user on this machine: the first entry that fits both. An entry without a login
/// fits every user, `default` every machine.
pub(super) fn find(text: &str, machine: &str, user: &str) -> Result<Option<String>, BadNetrc> {
    let mut words = Words { text, line: 1 };
    let mut entry: Option<Entry> = None;
    while let Some(word) = words.next()? {
        match word.as_str() {
            "machine" | "default" => {
                if let Some(found) = entry.take().and_then(|entry| entry.of(user)) {
                    return Ok(Some(found));
                }
                let fits = word == "default" || words.value()?.eq_ignore_ascii_case(machine);
                entry = Some(Entry { fits, login: None, password: None });
            }
            "macdef" => words.skip_macro(),
            key @ ("login" | "user" | "password" | "passwd" | "account") => {
                let line = words.line;
                let value = words.value()?;
                let what = "stands in front of the first machine";
                let entry = entry.as_mut().ok_or(BadNetrc { line, what })?;
                match key {
                    "login" | "user" => entry.login = Some(value),
                    "account" => {}
                    _ => entry.password = Some(value),
                }
            }
            _ => {
                let what = "expected machine, default, login, password, account or macdef";
                return Err(BadNetrc { line: words.line, what });
            }
        }
    }
    Ok(entry.and_then(|entry| entry.of(user)))
}

struct Entry {
    fits: bool,
    login: Option<String>,
    password: Option<String>,
}

impl Entry {
    fn of(self, user: &str) -> Option<String> {
        let fits = self.fits && self.login.is_none_or(|login| login == user);
        self.password.filter(|_| fits)
    }
}

struct Words<'a> {
    text: &'a str,
    line: usize,
}

impl Words<'_> {
    fn value(&mut self) -> Result<String, BadNetrc> {
        let what = "ends behind a word that wants a value";
        self.next()?.ok_or(BadNetrc { line: self.line, what })
    }

    fn next(&mut self) -> Result<Option<String>, BadNetrc> {
        loop {
            self.skip(|c| c.is_whitespace());
            match self.text.chars().next() {
                None => return Ok(None),
                Some('#') => self.skip(|c| c != '\n'),
                Some('"') => return self.quoted().map(Some),
                Some(_) => {
                    let end = self.text.find(char::is_whitespace).unwrap_or(self.text.len());
                    let (word, rest) = self.text.split_at(end);
                    self.text = rest;
                    return Ok(Some(word.to_owned()));
                }
            }
        }
    }

    fn quoted(&mut self) -> Result<String, BadNetrc> {
        let (mut word, mut escaped) = (String::new(), false);
        for (at, c) in self.text.char_indices().skip(1) {
            match c {
                _ if std::mem::take(&mut escaped) => word.push(c),
                '\\' => escaped = true,
                '"' => {
                    self.text = &self.text[at + 1..];
                    return Ok(word);
                }
                '\n' => break,
                c => word.push(c),
            }
        }
        Err(BadNetrc { line: self.line, what: "a quote that is not closed on its line" })
    }

    /// A macro ends at an empty line.
    fn skip_macro(&mut self) {
        let end = self.text.find("\n\n").map_or(self.text.len(), |end| end + 2);
        self.line += self.text[..end].matches('\n').count();
        self.text = &self.text[end..];
    }

    fn skip(&mut self, unwanted: impl Fn(char) -> bool) {
        let end = self.text.find(|c| !unwanted(c)).unwrap_or(self.text.len());
        self.line += self.text[..end].matches('\n').count();
        self.text = &self.text[end..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# ours\nmachine other.test login acme password no\n\
        machine odmr.example.net\n  login acme\n  password \"correct \\\"horse\"\n\
        macdef init\ncd /pub\nmachine odmr.example.net login guest password no\n\n\
        machine ODMR.example.net login guest account x password plain#word\n\
        machine any.test password for-all\ndefault login ann password last\n";

    fn of(machine: &str, user: &str) -> Option<String> {
        find(FILE, machine, user).unwrap()
    }

    #[test]
    fn the_first_entry_that_fits_counts() {
        assert_eq!(of("odmr.example.net", "acme").as_deref(), Some("correct \"horse"));
        assert_eq!(of("odmr.example.net", "guest").as_deref(), Some("plain#word"));
        assert_eq!(of("any.test", "whoever").as_deref(), Some("for-all"));
        assert_eq!(of("else.test", "ann").as_deref(), Some("last"));
        assert_eq!(of("else.test", "acme"), None);
        assert_eq!(find("", "a", "b"), Ok(None));
    }

    #[test]
    fn what_is_wrong_is_told_by_its_line_and_never_by_its_words() {
        let bad = |text: &str| find(text, "a", "b").unwrap_err().line;
        assert_eq!(bad("machine a\n\nsecret"), 3);
        assert_eq!(bad("machine a login"), 1);
        assert_eq!(bad("machine a\npassword \"open\nx\""), 2);
        assert_eq!(bad("password x\nmachine a"), 1);
    }

    proptest::proptest! {
        #[test]
        fn no_text_upsets_it(text in "(machine|login|password|default|macdef|\"|\\\\|#|\n| |a|\u{e9}){0,40}") {
            let _ = find(&text, "a", "a");
        }
    }
}

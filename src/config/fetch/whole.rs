//! What holds for a run as a whole, however many accounts it has: `[run]` of the settings file.

use serde::{Deserialize, Serialize};

use super::choice::{ExitCodes, Judge};
use super::show::{Setting, Shown, lines};
use super::{Files, Origin};

/// What one layer says of it: nothing, something, or all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, clap::Args)]
#[serde(default, deny_unknown_fields)]
pub struct Whole {
    /// Of several accounts, which one decides how the program ends
    #[arg(long, value_name = "WHICH", env = "ODMR_EXIT", help_heading = "Behaviour")]
    pub exit: Option<Judge>,
    /// Whose numbers the program ends with, see odmr-exit-codes(7)
    #[arg(long, value_name = "WHOSE", env = "ODMR_EXIT_CODES", help_heading = "Behaviour")]
    pub exit_codes: Option<ExitCodes>,
    /// Exit with N when everything went well and there was no mail
    #[arg(long, value_name = "N", env = "ODMR_NO_MAIL_EXIT", help_heading = "Behaviour")]
    pub no_mail_exit: Option<u8>,
}

impl Whole {
    /// Every key, in the order of the manual page.
    pub const KEYS: [&str; 3] = ["exit", "exit_codes", "no_mail_exit"];

    /// What is not said here is taken from a layer further off.
    #[must_use]
    pub fn or(self, further: Whole) -> Whole {
        Whole {
            exit: self.exit.or(further.exit),
            exit_codes: self.exit_codes.or(further.exit_codes),
            no_mail_exit: self.no_mail_exit.or(further.no_mail_exit),
        }
    }

    /// Splits by key: those for which `first` holds, and the others.
    pub fn partition(self, first: impl Fn(&str) -> bool) -> (Whole, Whole) {
        let only = |wanted: bool| Whole {
            exit: self.exit.filter(|_| first("exit") == wanted),
            exit_codes: self.exit_codes.filter(|_| first("exit_codes") == wanted),
            no_mail_exit: self.no_mail_exit.filter(|_| first("no_mail_exit") == wanted),
        };
        (only(true), only(false))
    }

    /// Which account decides.
    pub fn judge(self) -> Judge {
        self.exit.unwrap_or(Judge::Worst)
    }

    /// Whose numbers.
    pub fn codes(self) -> ExitCodes {
        self.exit_codes.unwrap_or(ExitCodes::Native)
    }

    /// Each key with its value, or its default where it has one.
    fn shown(self) -> [(&'static str, Option<toml::Value>); 3] {
        [
            ("exit", self.judge().shown()),
            ("exit_codes", self.codes().shown()),
            ("no_mail_exit", self.no_mail_exit.map(|code| i64::from(code).into())),
        ]
    }

    fn says(self, key: &str) -> bool {
        match key {
            "exit" => self.exit.is_some(),
            "exit_codes" => self.exit_codes.is_some(),
            _ => self.no_mail_exit.is_some(),
        }
    }
}

/// What counts for a run as a whole, and who said it.
#[derive(Clone, Debug)]
pub struct WholeEffective {
    /// The settings.
    pub whole: Whole,
    layers: Vec<(Whole, Origin)>,
}

impl WholeEffective {
    /// Every setting with its value and origin.
    pub fn settings(&self) -> Vec<Setting> {
        let origin = |key: &str| {
            let said = self.layers.iter().find(|(layer, _)| layer.says(key));
            said.map_or(Origin::Default, |(_, origin)| origin.clone()).to_string()
        };
        let shown = self.whole.shown().into_iter();
        shown.map(|(key, value)| Setting { key, value, origin: origin(key) }).collect()
    }

    /// As a table of a file.
    pub fn show(&self, with_origin: bool) -> String {
        format!("[run]\n{}", lines(self.settings(), with_origin))
    }
}

impl Files {
    /// What counts for a run as a whole: these layers, then the files.
    pub fn whole(&self, nearest: Vec<(Whole, Origin)>) -> WholeEffective {
        let mut layers = nearest;
        for (owner, document, file) in &self.0 {
            let (path, table) = (document.path().to_owned(), "run".to_owned());
            layers.push((file.run, Origin::File { owner: *owner, path, table }));
        }
        let whole = layers.iter().fold(Whole::default(), |whole, (layer, _)| whole.or(*layer));
        WholeEffective { whole, layers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Document;
    use crate::config::fetch::Owner;

    #[test]
    fn the_nearest_says_what_counts_key_by_key() {
        let file = |owner, path: &str, text: &str| (owner, Document::new(path, text));
        let files = Files::parse(vec![
            file(Owner::User, "/u", "[run]\nexit = \"first\"\n"),
            file(Owner::System, "/s", "[run]\nexit = \"any\"\nexit_codes = \"fetchmail\"\n"),
        ])
        .unwrap();
        let flag = Whole { no_mail_exit: Some(9), ..Whole::default() };
        let counts = files.whole(vec![(flag, Origin::Flag)]);
        assert_eq!(
            (counts.whole.judge(), counts.whole.codes()),
            (Judge::First, ExitCodes::Fetchmail)
        );
        let origins: Vec<String> = counts.settings().into_iter().map(|s| s.origin).collect();
        assert_eq!(origins, ["/u [run]", "/s [run]", "flag"]);
        let shown = Files::default().whole(Vec::new()).show(false);
        assert_eq!(
            shown,
            "[run]\nexit = \"worst\"\nexit_codes = \"native\"\n#no_mail_exit is not set\n"
        );
    }

    #[test]
    fn an_account_has_none_of_these_keys() {
        let text = "[account.a]\nexit = \"any\"\n";
        let parsed = Files::parse(vec![(Owner::User, Document::new("/u", text))]);
        assert!(parsed.is_err());
    }
}

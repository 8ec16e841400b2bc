//! How the program ends: which of several accounts decides, and in whose numbers it is said.

use crate::config::fetch::{ExitCodes, Judge, Whole};
use crate::exit::Exit;
use crate::flow::summary::{Later, Outcome, Summary};

/// How one account ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// In our own table.
    pub exit: Exit,
    /// Why it is for later, where it is.
    pub later: Option<Later>,
    /// All went well, and there was no mail.
    pub no_mail: bool,
}

impl From<Exit> for Ended {
    fn from(exit: Exit) -> Ended {
        Ended { exit, later: None, no_mail: false }
    }
}

impl Ended {
    /// An account whose providers told this, and which ends so.
    pub fn of<'a>(exit: Exit, summaries: impl Iterator<Item = &'a Summary> + Clone) -> Ended {
        let later = summaries.clone().filter(|summary| summary.exit == exit);
        let asked = summaries.clone().next().is_some();
        let none = summaries.clone().all(|summary| summary.result == Outcome::NoMail);
        Ended {
            exit,
            later: later.last().and_then(|summary| summary.later),
            no_mail: asked && none && exit == Exit::Ok,
        }
    }
}

/// Which of the accounts decides. Of none it is all right.
pub fn judged(judge: Judge, all: &[Ended]) -> Ended {
    let well = all.iter().filter(|ended| ended.exit == Exit::Ok);
    let bad = || all.iter().filter(|ended| ended.exit != Exit::Ok);
    let worst = || bad().max_by_key(|ended| ended.exit);
    let decides = match judge {
        Judge::Any if well.clone().next().is_some() => None,
        Judge::Any | Judge::Worst => worst(),
        Judge::First => bad().next(),
    };
    // Mail for one account is mail.
    let no_mail = well.clone().next().is_some() && well.clone().all(|ended| ended.no_mail);
    decides.copied().unwrap_or(Ended { no_mail, ..Exit::Ok.into() })
}

/// The number that the program ends with.
pub fn number(whole: Whole, ended: Ended) -> u8 {
    match (whole.no_mail_exit, whole.codes()) {
        (Some(code), _) if ended.no_mail => code,
        (_, ExitCodes::Native) => ended.exit as u8,
        (_, ExitCodes::Fetchmail) => of_fetchmail(ended),
    }
}

/// What fetchmail ends with, and over what: for the manual page, in the order of its numbers.
pub const FETCHMAIL: [(u8, &str); 15] = [
    (0, "mail came, and all of it was taken"),
    (1, "there was no mail"),
    (2, "the provider cannot be reached (69)"),
    (3, "the login, a domain that is not ours, or TLS policy (77)"),
    (4, "the provider does not speak the protocol (76)"),
    (5, "the command line, or input data (64, 65, 66)"),
    (6, "the configuration, also loose permissions (78)"),
    (7, "the line broke, or somebody was silent for too long (75)"),
    (8, "another run holds the account (75)"),
    (10, "our own target cannot be written, or reached (73; 75)"),
    (11, "the provider's name is not known (68)"),
    (12, "a file of ours cannot be read or written (74)"),
    (13, "some mail was put off, or there may be more (1)"),
    (14, "the provider has no time just now: 421, 450, 451 (75)"),
    (23, "a bug of ours, or the system refused (70, 71)"),
];

fn of_fetchmail(ended: Ended) -> u8 {
    match ended.exit {
        Exit::Ok => u8::from(ended.no_mail),
        Exit::Partial => 13,
        Exit::Usage | Exit::Data | Exit::NoInput => 5,
        Exit::NoHost => 11,
        Exit::Unavailable => 2,
        Exit::Software | Exit::Os => 23,
        Exit::CantCreate => 10,
        Exit::Io => 12,
        Exit::TempFail => match ended.later {
            Some(Later::Held) => 8,
            Some(Later::Target) => 10,
            Some(Later::Busy) => 14,
            None => 7,
        },
        Exit::Protocol => 4,
        Exit::NoPerm => 3,
        Exit::Config => 6,
        // A signal, and the answers of a check for monitoring, are what they are.
        Exit::Critical | Exit::Unknown | Exit::Interrupted | Exit::Terminated => ended.exit as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(exit: Exit) -> Ended {
        exit.into()
    }

    const NO_MAIL: Ended = Ended { exit: Exit::Ok, later: None, no_mail: true };

    #[test]
    fn who_decides_is_who_was_said_to() {
        let all = [Exit::TempFail, Exit::Ok, Exit::NoPerm].map(ended);
        assert_eq!(judged(Judge::Worst, &all).exit, Exit::NoPerm);
        assert_eq!(judged(Judge::First, &all).exit, Exit::TempFail);
        assert_eq!(judged(Judge::Any, &all).exit, Exit::Ok);
        let bad = [Exit::TempFail, Exit::NoPerm, Exit::Partial].map(ended);
        assert_eq!(judged(Judge::Any, &bad).exit, Exit::NoPerm);
        for judge in [Judge::Worst, Judge::First, Judge::Any] {
            assert_eq!(judged(judge, &[ended(Exit::Ok); 2]).exit, Exit::Ok);
            assert_eq!(judged(judge, &[]), ended(Exit::Ok));
        }
    }

    #[test]
    fn there_is_no_mail_only_where_nobody_has_any() {
        let told = |judge, all: &[Ended]| judged(judge, all).no_mail;
        assert!(told(Judge::Worst, &[NO_MAIL, NO_MAIL]));
        assert!(!told(Judge::Worst, &[NO_MAIL, ended(Exit::Ok)]));
        assert!(!told(Judge::Worst, &[NO_MAIL, ended(Exit::TempFail)]));
        assert!(told(Judge::Any, &[NO_MAIL, ended(Exit::TempFail)]));
        assert!(!told(Judge::Worst, &[]));
    }

    #[test]
    fn fetchmails_numbers_are_those_of_its_manual() {
        let whole = Whole { exit_codes: Some(ExitCodes::Fetchmail), ..Whole::default() };
        let number = |ended| number(whole, ended);
        let told = [
            (Exit::Ok, 0),
            (Exit::Partial, 13),
            (Exit::Usage, 5),
            (Exit::Config, 6),
            (Exit::NoHost, 11),
            (Exit::Unavailable, 2),
            (Exit::CantCreate, 10),
            (Exit::Io, 12),
            (Exit::TempFail, 7),
            (Exit::Protocol, 4),
            (Exit::NoPerm, 3),
            (Exit::Software, 23),
            (Exit::Interrupted, 130),
        ];
        for (exit, code) in told {
            assert_eq!(number(ended(exit)), code, "{exit:?}");
        }
        assert_eq!(number(NO_MAIL), 1);
        let later = |later| Ended { later: Some(later), ..ended(Exit::TempFail) };
        let later = [Later::Held, Later::Target, Later::Busy].map(later);
        assert_eq!(later.map(number), [8, 10, 14]);
    }

    #[test]
    fn a_number_of_ones_own_for_no_mail_goes_before_others() {
        let whole = Whole { no_mail_exit: Some(9), ..Whole::default() };
        assert_eq!(number(whole, NO_MAIL), 9);
        let whole = Whole { exit_codes: Some(ExitCodes::Fetchmail), ..whole };
        assert_eq!(number(whole, NO_MAIL), 9);
        assert_eq!(number(Whole::default(), NO_MAIL), 0);
        assert_eq!(number(whole, ended(Exit::TempFail)), 7);
    }
}

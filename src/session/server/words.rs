//! What the server says. All its replies stand here, each with its enhanced status (RFC 3463), so
//! that they can be read side by side with RFC 5321, section 4.2.3 and RFC 2645, section 7.

use super::ServerSettings;
use crate::session::Profile;
use crate::smtp::{BadPath, Reply, SyntaxError, Verb};

pub(super) const OK: Reply = Reply::new(250, (0, 0), "ok");
pub(super) const SENDER_OK: Reply = Reply::new(250, (1, 0), "sender ok");
pub(super) const RECIPIENT_OK: Reply = Reply::new(250, (1, 5), "recipient ok");
pub(super) const CHUNK_OK: Reply = Reply::new(250, (0, 0), "chunk ok");
/// One line, in one write: older Exchange servers stumble over anything else.
pub(super) const GO_AHEAD: Reply = Reply::plain(354, "end with a dot on a line by itself");
pub(super) const READY_FOR_TLS: Reply = Reply::new(220, (0, 0), "go ahead");
pub(super) const AUTHENTICATED: Reply = Reply::new(235, (7, 0), "authenticated");
pub(super) const CANNOT_VERIFY: Reply =
    Reply::new(252, (5, 0), "cannot say; send the mail and see");

pub(super) const TOO_SLOW: Reply = Reply::new(421, (4, 2), "too slow, closing; call again");
pub(super) const TOO_MANY_ERRORS: Reply = Reply::new(421, (7, 0), "too many errors, closing");
pub(super) const TOO_MANY_REFUSALS: Reply =
    Reply::new(421, (7, 0), "too many refused recipients, closing");
pub(super) const TOO_MANY_FAILURES: Reply =
    Reply::new(421, (7, 0), "too many failed authentications, closing");
pub(super) const NOTHING_BUT_NOISE: Reply =
    Reply::new(421, (7, 0), "many commands and no mail, closing");
pub(super) const SESSION_OVER: Reply = Reply::new(421, (4, 2), "long enough, closing; call again");
pub(super) const ENOUGH_FOR_ONE: Reply =
    Reply::new(421, (5, 3), "enough mail for one session, closing; call again");
pub(super) const ENDLESS: Reply =
    Reply::new(421, (3, 4), "far larger than this server takes, closing");
pub(super) const TOO_MANY_RECIPIENTS: Reply =
    Reply::new(452, (5, 3), "too many recipients; send the rest in a transaction of their own");

pub(super) const LINE_TOO_LONG: Reply = Reply::new(500, (5, 6), "line too long");
pub(super) const BAD_LINE: Reply =
    Reply::new(500, (5, 2), "a command line ends in CRLF and holds no bare CR, LF or NUL");
pub(super) const LMTP_ONLY: Reply = Reply::new(500, (5, 1), "this is LMTP: say LHLO");
pub(super) const UNKNOWN: Reply = Reply::new(500, (5, 1), "no such command");
pub(super) const BAD_ARGUMENT: Reply = Reply::new(501, (5, 4), "wrong argument");
pub(super) const BAD_BASE64: Reply = Reply::new(501, (5, 2), "not base64");
pub(super) const CANCELLED: Reply = Reply::new(501, (7, 0), "authentication cancelled");
pub(super) const NOT_IMPLEMENTED: Reply = Reply::new(502, (5, 1), "not implemented here");
pub(super) const SAY_HELLO: Reply = Reply::new(503, (5, 1), "say EHLO first");
pub(super) const MAIL_FIRST: Reply = Reply::new(503, (5, 1), "MAIL first");
pub(super) const RCPT_FIRST: Reply = Reply::new(503, (5, 1), "no valid recipients");
pub(super) const NESTED: Reply = Reply::new(503, (5, 1), "a transaction is open already");
pub(super) const CHUNKS_BEGUN: Reply =
    Reply::new(503, (5, 1), "this mail comes by BDAT; RSET to begin anew");
pub(super) const NEEDS_BDAT: Reply = Reply::new(503, (5, 1), "BINARYMIME content comes by BDAT");
pub(super) const ALREADY_TLS: Reply = Reply::new(503, (5, 1), "TLS is on already");
pub(super) const ALREADY_AUTHENTICATED: Reply = Reply::new(503, (5, 1), "already authenticated");
pub(super) const BAD_INTRODUCTION: Reply =
    Reply::new(501, (5, 4), "not ADDR=192.0.2.7 HELO=name and the like, or not an address");
pub(super) const NOT_NOW: Reply = Reply::new(503, (5, 1), "not inside a transaction");
pub(super) const NOTHING_MAY_FOLLOW: Reply = Reply::new(
    503,
    (5, 1),
    "nothing may be sent behind this command before it is answered; closing",
);
pub(super) const NO_SUCH_MECHANISM: Reply = Reply::new(504, (5, 4), "no such mechanism here");
/// As Exchange says it to strangers, and so goes on without (KB 843106).
pub(super) const NOT_AMONG_US: Reply = Reply::new(504, (7, 0), "this is no Exchange");
pub(super) const TLS_FIRST: Reply = Reply::new(530, (7, 0), "STARTTLS first");
pub(super) const MAY_NOT_SEND_NOW: Reply =
    Reply::new(450, (7, 1), "this account may not send mail; please keep it");
pub(super) const MAY_NOT_SEND: Reply = Reply::new(550, (7, 1), "this account may not send mail");
pub(super) const AUTH_REQUIRED: Reply = Reply::new(530, (7, 0), "authentication required");
pub(super) const NEEDS_TLS: Reply = Reply::new(538, (7, 11), "that mechanism needs TLS");
pub(super) const BARE_LINE_ENDS: Reply = Reply::new(
    550,
    (6, 0),
    "the content holds a bare CR or LF; lines end in CRLF (RFC 5321, section 2.3.8)",
);
pub(super) const TOO_LARGE: Reply = Reply::new(552, (3, 4), "larger than this server takes");
pub(super) const BAD_ADDRESS: Reply = Reply::new(553, (1, 3), "not an address");
/// RFC 3463, section 3.2: the other one is about a destination.
pub(super) const BAD_SENDER: Reply = Reply::new(553, (1, 7), "not an address");
pub(super) const UTF8_ORCPT: Reply =
    Reply::new(501, (5, 4), "an ORCPT beyond ASCII needs SMTPUTF8 (RFC 6533, section 3)");
pub(super) const NEEDS_UTF8_SENDER: Reply =
    Reply::new(550, (6, 7), "an address beyond ASCII needs SMTPUTF8");
pub(super) const NEEDS_UTF8: Reply =
    Reply::new(553, (6, 7), "an address beyond ASCII needs SMTPUTF8");
pub(super) const GOING_IN_CIRCLES: Reply =
    Reply::new(554, (4, 6), "too many Received fields; this mail is going in circles");
pub(super) const NOT_SMTP: Reply = Reply::new(554, (5, 0), "this is SMTP; closing");
pub(super) const NO_SUCH_PARAMETER: Reply = Reply::new(555, (5, 4), "no such parameter here");

pub(super) fn greeting(settings: &ServerSettings) -> Reply {
    let what = match settings.profile {
        Profile::Mx | Profile::Exchange => "ESMTP ready",
        Profile::Odmr => "ESMTP ODMR ready",
        Profile::Reversed => "ESMTP ODMR customer ready",
        Profile::Lmtp => "LMTP ready",
    };
    Reply::plain(220, "").saying(format!("{} {what}", settings.name))
}

pub(super) fn goodbye(settings: &ServerSettings) -> Reply {
    Reply::new(221, (0, 0), "").saying(format!("{} goodbye", settings.name))
}

pub(super) fn help(settings: &ServerSettings) -> Reply {
    let text = match settings.profile {
        Profile::Odmr => "on-demand mail relay, RFC 2645: EHLO, AUTH, then ATRN [domain,...]",
        Profile::Exchange => "mail relay on demand: EHLO, AUTH, your own mail if any, then TURN",
        Profile::Mx | Profile::Reversed => "SMTP as in RFC 5321",
        Profile::Lmtp => "LMTP as in RFC 2033",
    };
    Reply::new(214, (0, 0), text)
}

/// What a line that is no command is told. RFC 5321, sections 4.2.4 and 4.1.1.11.
pub(super) fn syntax(verb: Option<Verb>, error: &SyntaxError) -> Reply {
    match error {
        SyntaxError::UnknownVerb => UNKNOWN,
        SyntaxError::NotText => {
            BAD_LINE.saying("a command line is ASCII, or UTF-8 where SMTPUTF8 allows it")
        }
        SyntaxError::Argument(verb) => BAD_ARGUMENT.saying(argument_hint(*verb)),
        SyntaxError::ParamValue(name) => BAD_ARGUMENT.saying(format!("wrong value: {name}")),
        SyntaxError::ParamUnknown => NO_SUCH_PARAMETER,
        SyntaxError::Path(BadPath::Brackets | BadPath::Empty) => {
            BAD_ARGUMENT.saying("give an address in angle brackets")
        }
        SyntaxError::Path(bad) if verb == Some(Verb::Mail) => BAD_SENDER.saying(bad.to_string()),
        SyntaxError::Path(bad) => BAD_ADDRESS.saying(bad.to_string()),
    }
}

fn argument_hint(verb: Verb) -> String {
    match verb {
        Verb::Ehlo | Verb::Helo => format!("{verb} wants your host's name, and nothing else"),
        Verb::Mail => "use MAIL FROM:<address> [parameters]".to_owned(),
        Verb::Rcpt => "use RCPT TO:<address> [parameters]".to_owned(),
        Verb::Bdat => "use BDAT octets [LAST]".to_owned(),
        Verb::Auth => "use AUTH mechanism [initial-response]".to_owned(),
        // fetchmail without `fetchdomains` sends its short host name.
        Verb::Atrn => {
            "use ATRN [domain,domain,...]: whole domain names like example.org, no blanks \
                       (fetchmail: set fetchdomains)"
                .to_owned()
        }
        Verb::Data | Verb::Rset | Verb::Quit | Verb::Starttls | Verb::Turn => {
            format!("{verb} takes no argument")
        }
        _ => format!("wrong argument to {verb}"),
    }
}

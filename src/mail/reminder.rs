//! What a customer is told when its mail waits for long: one mail for all of it.

use jiff::Timestamp;
use mail_builder::MessageBuilder;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;

use super::trace::date;
use crate::smtp::{Domain, Mailbox};

/// Such a mail, to be written.
#[derive(Clone, Debug)]
pub struct Reminder<'a> {
    /// Our name.
    pub reporter: &'a str,
    /// The mail's own name, unique at our name: the left half of its Message-ID.
    pub name: &'a str,
    /// Whom to tell.
    pub to: &'a Mailbox,
    /// When it is written.
    pub at: Timestamp,
    /// Whose mail waits.
    pub domain: &'a Domain,
    /// How many messages wait.
    pub messages: u64,
    /// Their octets.
    pub octets: u64,
    /// When the first of those came that nobody has been told of.
    pub since: Timestamp,
    /// When that one is given up.
    pub until: Timestamp,
}

impl Reminder<'_> {
    /// The mail, lines ending in CRLF. ASCII, but for the address of a reader who has one of UTF-8.
    pub fn to_mail(&self) -> Vec<u8> {
        let raw = |text: String| Raw::new(text);
        let mail = MessageBuilder::new()
            .header("Date", raw(date(self.at)))
            .header("From", raw(format!("Mail Delivery System <MAILER-DAEMON@{}>", self.reporter)))
            .header("To", raw(format!("<{}>", self.to)))
            .header("Message-ID", raw(format!("<{}@{}>", self.name, self.reporter)))
            .header("Auto-Submitted", raw("auto-generated".to_owned()))
            .header("Subject", raw(format!("Mail for {} waits to be collected", self.domain)))
            .body(MimePart::new("text/plain", self.text()));
        let mut octets = Vec::with_capacity(2048);
        mail.serialize(&mut octets);
        octets
    }

    fn text(&self) -> String {
        let Reminder { reporter, domain, messages, .. } = self;
        let (since, until) = (date(self.since), date(self.until));
        let size = bytesize::ByteSize(self.octets).display().iec();
        let messages = match messages {
            1 => "1 message".to_owned(),
            many => format!("{many} messages"),
        };
        format!(
            "This is the mail system at {reporter}.\n\n\
             It holds {messages} ({size}) for {domain}.\n\
             The server of that domain has not collected them.\n\n\
             \x20 waiting since:  {since}\n\
             \x20 given up after: {until}\n\n\
             Nothing is lost yet. What is not collected in time goes back to its\n\
             senders.\n\n\
             What to look at: is the server up, can it reach {reporter},\n\
             and does it still log in? Where it runs atrn-fetch, \"atrn-fetch status\"\n\
             tells how its last calls went; \"atrn-fetch check\" tries the way and the\n\
             login.\n\n\
             Of this mail there is no other word. When mail that comes later waits\n\
             for as long, you are told of that.\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_waits_for_whom_and_until_when() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let mail = Reminder {
            reporter: "provider.test",
            name: "01",
            to: &Mailbox::parse("admin@elsewhere.test").unwrap(),
            at: at(1_800_000_000),
            domain: &Domain::parse("example.org").unwrap(),
            messages: 12,
            octets: 3 << 20,
            since: at(1_799_900_000),
            until: at(1_801_700_000),
        };
        let mail = String::from_utf8(mail.to_mail()).unwrap();
        for line in [
            "To: <admin@elsewhere.test>\r\n",
            "Message-ID: <01@provider.test>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Subject: Mail for example.org waits to be collected\r\n",
            "It holds 12 messages (3.0 MiB) for example.org.\r\n",
            "waiting since:  Thu, 14 Jan 2027 04:13:20 +0000",
            "given up after: Thu, 04 Feb 2027 00:13:20 +0000",
        ] {
            assert!(mail.contains(line), "{line:?} is missing from\n{mail}");
        }
        assert!(!mail.contains("=\r\n"), "lines are broken\n{mail}");
    }
}

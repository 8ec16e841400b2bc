//! One message under way: its envelope line by line, its content, and what was answered.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::{Encoding, Outgoing, Owed, Verdict, lines};
use crate::session::client::ClientLine;
use crate::smtp::dots::DotEncoder;
use crate::smtp::{Capabilities, Reply, Said, Stage};

#[derive(Debug)]
pub(super) struct Job {
    pub(super) message: Outgoing,
    pub(super) phase: Phase,
    pub(super) asked_for_content: bool,
    /// Content follows the envelope without waiting for the answers to it.
    pub(super) streamed: bool,
    /// What the content was told before its end.
    pub(super) early: Option<Reply>,
    /// Commands not said yet.
    unsaid: VecDeque<(Owed, String)>,
    mail: Option<Reply>,
    rcpt: Vec<Option<Reply>>,
    data: Option<Reply>,
    /// Content goes by BDAT rather than DATA.
    chunked: bool,
    encoding: Encoding,
    /// Replies about the envelope that are still to come.
    outstanding: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// MAIL, RCPT and perhaps DATA are being said and answered.
    Envelope,
    /// All of it is answered.
    Decided,
    /// Content is on its way.
    Content,
    /// All content is said; the verdict is to come.
    Final,
}

impl Job {
    pub(super) fn new(
        message: Outgoing,
        offers: &Capabilities,
        rset: bool,
        streamed: bool,
        chunked: bool,
    ) -> Job {
        let token = message.token;
        let mut unsaid = VecDeque::with_capacity(message.recipients.len() + 3);
        if rset {
            unsaid.push_back((Owed::Rset, "RSET".to_owned()));
        }
        unsaid.push_back((Owed::Mail(token), lines::mail(&message, offers)));
        for (n, recipient) in message.recipients.iter().enumerate() {
            unsaid.push_back((Owed::Rcpt(token, n), lines::rcpt(&message, recipient, offers)));
        }
        if !chunked {
            unsaid.push_back((Owed::Data(token), "DATA".to_owned()));
        }
        let outstanding = unsaid.len() - usize::from(rset);
        let encoding =
            if chunked { Encoding::Chunk } else { Encoding::Dots(DotEncoder::default()) };
        let rcpt = vec![None; message.recipients.len()];
        let (mail, data, phase) = (None, None, Phase::Envelope);
        Job {
            message,
            phase,
            asked_for_content: false,
            streamed: streamed && chunked,
            early: None,
            unsaid,
            mail,
            rcpt,
            data,
            chunked,
            encoding,
            outstanding,
        }
    }

    /// Says as much of the envelope as may be said now: all of it in a group, or one command once
    /// everything before it is answered.
    pub(super) fn say_more(
        &mut self,
        line: &mut ClientLine,
        owed: &mut VecDeque<Owed>,
        grouped: bool,
    ) {
        while (grouped || owed.is_empty()) && self.phase == Phase::Envelope {
            let Some((what, text)) = self.unsaid.pop_front() else { break };
            line.say(&text);
            owed.push_back(what);
        }
        if self.streamed && self.phase == Phase::Envelope {
            self.phase = Phase::Decided;
        }
    }

    pub(super) fn mail_answered(&mut self, reply: Reply) {
        let refused = !reply.is_positive();
        self.mail = Some(reply);
        self.one_less();
        if refused {
            self.skip_unsaid(|_| true);
        }
    }

    pub(super) fn rcpt_answered(&mut self, n: usize, reply: Reply) {
        if let Some(slot) = self.rcpt.get_mut(n) {
            *slot = Some(reply);
        }
        self.one_less();
        let all_in = self.rcpt.iter().all(Option::is_some);
        if all_in && !self.anybody_accepted() {
            self.skip_unsaid(|owed| matches!(owed, Owed::Data(_)));
        }
    }

    pub(super) fn data_answered(&mut self, reply: Reply) {
        self.data = Some(reply);
        self.one_less();
    }

    fn one_less(&mut self) {
        self.outstanding = self.outstanding.saturating_sub(1);
        self.decide();
    }

    /// All is answered that was waited for.
    fn decide(&mut self) {
        if self.outstanding == 0 && !self.streamed {
            self.phase = Phase::Decided;
        }
    }

    /// Lockstep only: commands that make no sense any more are never said.
    fn skip_unsaid(&mut self, moot: impl Fn(&Owed) -> bool) {
        let before = self.unsaid.len();
        self.unsaid.retain(|(owed, _)| !moot(owed));
        self.outstanding = self.outstanding.saturating_sub(before - self.unsaid.len());
        self.decide();
    }

    pub(super) fn anybody_accepted(&self) -> bool {
        let accepted = |reply: &Option<Reply>| reply.as_ref().is_some_and(Reply::is_positive);
        accepted(&self.mail) && self.rcpt.iter().any(accepted)
    }

    pub(super) fn is_chunked(&self) -> bool {
        self.chunked
    }

    pub(super) fn may_send_content(&self) -> bool {
        self.chunked || self.data.as_ref().is_some_and(|reply| reply.code == 354)
    }

    /// DATA was granted although nobody accepted: it must be ended by a lone dot, and nothing will
    /// be delivered. RFC 2920, section 3.1.
    pub(super) fn unwanted_354(&self) -> bool {
        self.data.as_ref().is_some_and(|reply| reply.code == 354)
    }

    pub(super) fn begin_content(&mut self, line: &mut ClientLine, owed: &mut VecDeque<Owed>) {
        self.phase = Phase::Content;
        if self.chunked {
            line.say(&format!("BDAT {} LAST", self.message.size));
            owed.push_back(Owed::Final(self.message.token));
        }
    }

    pub(super) fn encode(&mut self, octets: &Bytes, out: &mut BytesMut) {
        match &mut self.encoding {
            Encoding::Chunk => out.extend_from_slice(octets),
            Encoding::Dots(encoder) => encoder.encode(octets, out),
        }
    }

    pub(super) fn end_content(&mut self, line: &mut ClientLine, owed: &mut VecDeque<Owed>) {
        self.phase = Phase::Final;
        if let Encoding::Dots(encoder) = std::mem::replace(&mut self.encoding, Encoding::Chunk) {
            encoder.finish(&mut line.out);
            owed.push_back(Owed::Final(self.message.token));
        }
    }

    /// What became of each recipient, the reply to the content being `end` if it got that far.
    pub(super) fn verdicts(self, end: Option<&Reply>) -> Vec<Verdict> {
        let common = match (&self.mail, &self.data) {
            (Some(mail), _) if !mail.is_positive() => Some((Stage::Mail, mail)),
            (_, Some(data)) if data.code != 354 => Some((Stage::Data, data)),
            _ => None,
        };
        // Where the envelope was refused and content was sent all the same, what the content was told
        // is only an echo.
        let verdict = |rcpt: &Option<Reply>| match (rcpt, common, end) {
            (Some(rcpt), _, _) if !rcpt.is_positive() && self.mail_accepted() => {
                refusal_of_rcpt(rcpt)
            }
            (_, Some((stage, common)), _) => of(stage, common),
            (_, None, Some(end)) => of(Stage::Content, end),
            (_, None, None) => Verdict::Unanswered,
        };
        self.rcpt.iter().map(verdict).collect()
    }

    fn mail_accepted(&self) -> bool {
        self.mail.as_ref().is_some_and(Reply::is_positive)
    }
}

/// What a reply means for the mail. Not every 5xx is about the mail: one that says that we are out
/// of step, not understood or not logged in is about the session, and no sender is sent a notice
/// because of a session.
fn of(stage: Stage, reply: &Reply) -> Verdict {
    let said = Said::new(stage, reply.clone());
    match reply.code {
        200..=299 => Verdict::Taken(said),
        500 | 502 | 503 | 530 | 538 => Verdict::NotNow(said),
        500..=599 => Verdict::Never(said),
        _ => Verdict::NotNow(said),
    }
}

/// 552 to RCPT is how old servers say "too many recipients": not for ever. RFC 5321, section
/// 4.5.3.1.10.
fn refusal_of_rcpt(reply: &Reply) -> Verdict {
    match reply.code {
        552 => Verdict::NotNow(Said::new(Stage::Rcpt, reply.clone())),
        _ => of(Stage::Rcpt, reply),
    }
}

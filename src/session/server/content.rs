//! Content: DATA (RFC 5321, section 4.1.1.4) and BDAT (RFC 3030), streamed through with bounded
//! buffers.
//!
//! A fault in the content (too large, a bare CR or LF, too many hops) is answered behind its real
//! end and not before: whoever closes early, or guesses where the end is, mistakes the rest of a
//! mail for commands.

use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::{Event, Question, ServerSession, State, words};
use crate::mail::header::HeaderWatch;
use crate::session::Patience;
use crate::smtp::bdat::Chunk;
use crate::smtp::dots::{DotDecoder, LineEndWatch};
use crate::smtp::{Body, Reply};

/// So many octets, a tebibyte, are no mail, also where there is no limit: who declares more counts on a number that
/// runs over somewhere, or wants the line kept busy.
const NO_MAIL: u64 = 1 << 40;

/// Content on its way in.
#[derive(Debug)]
pub(super) struct Intake {
    size: u64,
    header: HeaderWatch,
    dots: DotDecoder,
    ends: LineEndWatch,
    /// The content ended with a CR so far, where what ends with LF alone is mended.
    cr: bool,
    /// A NUL has come: it is no text.
    nul: bool,
    /// When the first octets of this DATA or chunk came, and how many had come before them.
    started: Option<(Instant, u64)>,
    /// Decoded octets that the caller has not seen yet.
    ready: BytesMut,
    /// Too much has come: nothing more is passed on, all of it is heard out.
    over: bool,
}

impl Intake {
    fn new() -> Intake {
        Intake {
            size: 0,
            header: HeaderWatch::default(),
            dots: DotDecoder::default(),
            ends: LineEndWatch::default(),
            cr: false,
            nul: false,
            started: None,
            ready: BytesMut::new(),
            over: false,
        }
    }

    /// A dot and CRLF came last, and the dot stands behind text.
    pub(super) fn ends_in_a_stray_dot(&self) -> bool {
        self.dots.ends_in_a_stray_dot()
    }

    /// A CR or LF has stood alone for certain, while the content is still coming; of what was mended, a CR.
    fn has_seen_bare_ends(&self, mended: bool) -> bool {
        !mended && self.dots.saw_bare_cr_or_lf() || self.ends.has_seen_bare()
    }

    /// One stood alone, now that the content is complete.
    fn holds_bare_ends(&self, mended: bool) -> bool {
        !mended && self.dots.saw_bare_cr_or_lf() || self.ends.saw_bare_cr_or_lf()
    }

    /// Gives each LF that stands alone its CR. What is watched from here on is what comes of it.
    fn mend(&mut self, piece: &[u8]) -> BytesMut {
        let mut mended = BytesMut::with_capacity(piece.len());
        for line in piece.split_inclusive(|octet| *octet == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(text) if !(text.ends_with(b"\r") || text.is_empty() && self.cr) => {
                    mended.extend_from_slice(text);
                    mended.extend_from_slice(b"\r\n");
                }
                _ => mended.extend_from_slice(line),
            }
            self.cr = line.ends_with(b"\r");
        }
        self.ends.watch(&mended);
        mended
    }

    /// When content this slow is no mail any more; no time runs before its first octet.
    pub(super) fn slowest_end(&self, patience: &Patience) -> Option<Instant> {
        let (started, before) = self.started?;
        let earned = Duration::from_secs((self.size - before) / patience.slowest.max(1));
        Some(started + patience.block + earned)
    }
}

impl<Stage> ServerSession<Stage> {
    /// DATA. Refused without a valid recipient (RFC 2920, section 3.2) and for binary content.
    pub(super) fn data(&mut self) {
        let Some(transaction) = &self.transaction else {
            return self.out_of_place(words::MAIL_FIRST);
        };
        if transaction.intake.is_some() || transaction.spoilt {
            self.error(words::CHUNKS_BEGUN);
        } else if transaction.envelope.recipients.is_empty() {
            self.out_of_place(words::RCPT_FIRST);
        } else if transaction.envelope.params.body == Body::Binary {
            self.error(words::NEEDS_BDAT);
        } else {
            self.ask(Question::BeginData, Event::Begin);
        }
    }

    pub(super) fn begin_data(&mut self, yes: bool, reply: Reply) {
        let last_words = reply.code == 421;
        self.say(reply);
        if yes {
            self.begin();
            self.state = State::Data;
        } else if last_words {
            self.close();
        }
    }

    fn begin(&mut self) {
        if let Some(transaction) = &mut self.transaction {
            transaction.intake = Some(Intake::new());
        }
    }

    /// BDAT. Its octets follow at once, so whatever is wrong, they are swallowed before the reply.
    pub(super) fn bdat(&mut self, size: u64, last: bool) {
        let chunk = Chunk::new(size, last);
        if !self.settings.chunking {
            return self.refuse_chunk(chunk, size, words::NOT_IMPLEMENTED);
        }
        let Some(transaction) = &self.transaction else {
            return self.refuse_chunk(chunk, size, words::MAIL_FIRST);
        };
        let have = transaction.intake.as_ref().map_or(0, |intake| intake.size);
        if transaction.spoilt {
            self.refuse_chunk(chunk, size, words::CHUNKS_BEGUN);
        } else if transaction.envelope.recipients.is_empty() {
            self.refuse_chunk(chunk, size, words::RCPT_FIRST);
        } else if have.saturating_add(size) > self.largest() {
            self.refuse_chunk(chunk, size, words::TOO_LARGE);
        } else if transaction.intake.is_some() {
            self.state = State::Chunk(chunk);
        } else {
            self.ask(Question::BeginChunk(chunk), Event::Begin);
        }
    }

    pub(super) fn begin_chunk(&mut self, yes: bool, chunk: Chunk, reply: Reply) {
        if yes {
            self.begin();
            self.state = State::Chunk(chunk);
        } else {
            self.swallow_and_say(chunk, reply);
        }
    }

    fn swallow_and_say(&mut self, chunk: Chunk, reply: Reply) {
        let times = if chunk.is_last() { self.final_replies() } else { 1 };
        self.spoil(chunk);
        self.state = State::Swallow(chunk, reply, times);
    }

    /// Hears a chunk out and refuses it; one that would take for ever ends the session instead.
    pub(super) fn refuse_chunk(&mut self, chunk: Chunk, size: u64, reply: Reply) {
        self.counts.errors += u32::from(!self.moot);
        if size > self.endless() {
            self.say(reply);
            return self.close_with(words::ENDLESS);
        }
        if self.counts.errors > self.settings.max_errors {
            self.say(reply);
            return self.close_with(words::TOO_MANY_ERRORS);
        }
        self.swallow_and_say(chunk, reply);
    }

    /// Content beyond this is not heard out, only to be refused at its end.
    fn endless(&self) -> u64 {
        self.settings.max_size.saturating_mul(4).min(NO_MAIL)
    }

    /// No content beyond this is begun, whatever the settings say.
    pub(super) fn largest(&self) -> u64 {
        self.settings.max_size.min(NO_MAIL)
    }

    /// The transaction can only be reset now; with its last chunk it is over, as it is behind DATA.
    /// The caller is told where it keeps content, or where there is no transaction any more.
    fn spoil(&mut self, chunk: Chunk) {
        let Some(transaction) = &mut self.transaction else { return };
        transaction.spoilt = true;
        if transaction.intake.take().is_some() || chunk.is_last() {
            self.events.push_back(Event::Reset);
        }
        if chunk.is_last() {
            self.transaction = None;
        }
    }

    pub(super) fn swallow(&mut self) -> bool {
        let State::Swallow(chunk, ..) = &mut self.state else { return false };
        let taken = chunk.take(self.input.len());
        let complete = chunk.is_complete();
        let _ = self.input.split_to(taken);
        if !complete {
            return taken > 0;
        }
        if let State::Swallow(_, reply, times) = std::mem::replace(&mut self.state, State::Command)
        {
            let last_words = reply.code == 421;
            (1..times).for_each(|_| self.say(reply.clone()));
            self.say(reply);
            if last_words {
                self.close();
            }
        }
        true
    }

    pub(super) fn take_data(&mut self, now: Instant) -> bool {
        if self.input.is_empty() {
            return false;
        }
        let Some(intake) =
            self.transaction.as_mut().and_then(|transaction| transaction.intake.as_mut())
        else {
            return false;
        };
        intake.started.get_or_insert((now, 0));
        intake.ready.reserve(self.input.len());
        let (taken, ended) = intake.dots.decode(&self.input, &mut intake.ready);
        let _ = self.input.split_to(taken);
        self.pass_on(ended);
        true
    }

    pub(super) fn take_chunk(&mut self, now: Instant) -> bool {
        let State::Chunk(chunk) = &mut self.state else { return false };
        let Some(transaction) = &mut self.transaction else { return false };
        let is_binary = transaction.envelope.params.body == Body::Binary;
        let Some(intake) = &mut transaction.intake else { return false };
        if self.input.is_empty() && !chunk.is_complete() {
            return false;
        }
        intake.started.get_or_insert((now, intake.size));
        let taken = chunk.take(self.input.len());
        let (complete, last) = (chunk.is_complete(), chunk.is_last());
        if complete && taken > 0 {
            self.counts.brought_something();
        }
        intake.ready = self.input.split_to(taken);
        if !self.settings.mends_bare_lf || is_binary {
            intake.ends.watch(&intake.ready);
        }
        intake.nul = intake.nul || memchr::memchr(0, &intake.ready).is_some();
        self.pass_on(complete && last);
        if complete && !last {
            self.stop_the_clock();
            self.state = State::Command;
            self.say(words::CHUNK_OK);
        }
        true
    }

    /// Between two chunks it is a command that is waited for.
    fn stop_the_clock(&mut self) {
        let intake = self.transaction.as_mut().and_then(|transaction| transaction.intake.as_mut());
        if let Some(intake) = intake {
            intake.started = None;
        }
    }

    /// Gives what was decoded to the caller, and asks what to answer where it ends.
    fn pass_on(&mut self, ended: bool) {
        let (limit, max_received) = (self.settings.max_size, self.settings.max_received);
        let Some(transaction) = &mut self.transaction else { return };
        let Some(intake) = &mut transaction.intake else { return };
        let body = transaction.envelope.params.body;
        let mends = self.settings.mends_bare_lf && body != Body::Binary;
        let mut piece = intake.ready.split();
        if mends {
            piece = intake.mend(&piece);
        }
        let room = limit.saturating_sub(intake.size);
        intake.size += piece.len() as u64;
        intake.over |= intake.size > limit;
        intake.header.watch(&piece);
        piece.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        let fault = content_fault(intake, body, mends, max_received);
        let size = intake.size;
        // Not an octet from the first bare CR or LF on: the next hop may be reading along, and may
        // take LF.LF for an end and what follows for commands.
        let spoilt = body != Body::Binary && intake.has_seen_bare_ends(mends);
        if !piece.is_empty() && !spoilt {
            self.events.push_back(Event::Content(piece.freeze()));
        }
        // Said to be binary, and a text all the same: any server can take it.
        if ended && body == Body::Binary && !intake.nul && !intake.holds_bare_ends(false) {
            transaction.envelope.params.body = Body::EightBit;
        }
        if ended {
            self.end(size, fault);
        } else if size > self.endless() {
            self.close_with(words::ENDLESS);
        }
    }

    fn end(&mut self, size: u64, fault: Option<Reply>) {
        self.counts.idle = 0;
        let side = self.other_side();
        self.transcript.said(side, format_args!("({size} octets of content)"));
        match fault {
            Some(reply) => {
                *self.counts.at_end.entry(reply.code).or_default() += 1;
                let times = self.final_replies();
                self.state = State::Command;
                self.transaction = None;
                self.events.push_back(Event::Reset);
                (0..times).for_each(|_| self.say(reply.clone()));
            }
            None => self.ask(Question::End, Event::End),
        }
    }
}

/// What is wrong with content that has come to its end.
fn content_fault(intake: &Intake, body: Body, mends: bool, max_received: u32) -> Option<Reply> {
    if intake.over {
        Some(words::TOO_LARGE)
    } else if body != Body::Binary && intake.holds_bare_ends(mends) {
        Some(words::BARE_LINE_ENDS)
    } else if intake.header.received() > max_received {
        Some(words::GOING_IN_CIRCLES)
    } else {
        None
    }
}

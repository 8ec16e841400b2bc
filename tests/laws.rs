//! What holds of every session, whatever is said in it.

mod stage;

use std::sync::Arc;
use std::time::Instant;

use odmr::session::transcript::Transcript;
use odmr::session::turn::ReversedClient;
use odmr::session::{
    ClientSession, Event, Mx, Odmr, Outgoing, Profile, Reversed, Sending, ServerSession,
    ServerSettings, Step, Verdict,
};
use odmr::smtp::{Body, Command, MailParams, command};
use proptest::prelude::*;
use stage::chatter::{cuts, lines_of_content, octets, replies, talk};
use stage::couple::{Couple, Parcel};
use stage::house;
use stage::pure::{logged_in, turned};

/// Of the ways to send: with and without PIPELINING, by BDAT and by DATA, and this one.
const STREAM: usize = 4;
const PIPELINING: &str = "250-PIPELINING\r\n";

fn settings(profile: Profile) -> ServerSettings {
    let mut settings = ServerSettings {
        max_size: 10_000,
        max_errors: 1000,
        max_refusals: 1000,
        starttls: true,
        ..ServerSettings::new(profile, "mx.example.net")
    };
    settings.mechanisms.clear = vec!["PLAIN".into(), "CRAM-MD5".into()];
    settings.mechanisms.tls = settings.mechanisms.clear.clone();
    settings
}

/// What a server has said and asked, in order. Neighbouring pieces of content count as one, and
/// so do neighbouring flights: how they are cut is nobody's business. Content that came to no end
/// counts for nothing: how much of it was passed on before its fault was found does depend on the cut.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    said: Vec<u8>,
    asked: Vec<String>,
    content: Vec<u8>,
    /// How much of the content is that of mails which came to their end.
    ended: usize,
    closed: bool,
    /// Of so many ends of content one is answered at once; the others when nothing more is heard.
    hasty: usize,
    ends: usize,
}

impl Told {
    fn note(&mut self, event: String) {
        self.asked.push(event);
    }

    /// Answers everything with yes but what names "no".
    fn decide<Stage>(&mut self, session: &mut ServerSession<Stage>, event: Event) {
        match event {
            Event::Content(piece) => return self.content.extend_from_slice(&piece),
            Event::Closed => self.closed = true,
            Event::Starttls => session.secured("TLSv1.3"),
            Event::Auth(..) => session.challenge(b"who?"),
            Event::Response(_) => session.auth_refused(odmr::smtp::Reply::new(535, (7, 8), "no")),
            Event::Recipient(ref recipient) if recipient.path.as_str().contains("no") => {
                session.answer(odmr::smtp::Reply::new(550, (1, 1), "no"));
            }
            Event::Reset => self.content.truncate(self.ended),
            Event::End => {
                self.ended = self.content.len();
                self.ends += 1;
                if self.hasty == 0 || session.owed() == 0 && self.ends.is_multiple_of(self.hasty) {
                    session.answer(odmr::smtp::Reply::new(250, (0, 0), "kept"));
                } else {
                    session.answer_later();
                }
            }
            _ => session.accept(),
        }
        self.note(format!("{event:?} after {} octets", self.content.len()));
    }

    fn drive<Stage>(session: &mut ServerSession<Stage>, bytes: &[u8], cuts: &[usize]) -> Told {
        Told::default().go_on(session, bytes, cuts)
    }

    fn go_on<Stage>(
        self,
        session: &mut ServerSession<Stage>,
        bytes: &[u8],
        cuts: &[usize],
    ) -> Told {
        let (mut told, mut cuts) = (self, cuts.iter().copied().cycle());
        let now = Instant::now();
        let mut rest = bytes;
        loop {
            while !told.closed {
                match session.poll(now) {
                    Step::Starved if session.owed() == 0 => break,
                    Step::Starved => {
                        session.answer_oldest(odmr::smtp::Reply::new(250, (0, 0), "kept"));
                    }
                    Step::Send(out) => told.said.extend_from_slice(&out),
                    Step::Event(event) => told.decide(session, event),
                }
            }
            if rest.is_empty() || told.closed {
                told.content.truncate(told.ended);
                return told;
            }
            let (piece, behind) = rest.split_at(cuts.next().unwrap_or(1).clamp(1, rest.len()));
            session.feed(piece);
            rest = behind;
        }
    }
}

fn mx() -> ServerSession<Mx> {
    ServerSession::mx(Arc::new(settings(Profile::Mx)), Instant::now())
}

fn provider() -> ServerSession<Odmr> {
    let settings = Arc::new(settings(Profile::Odmr));
    ServerSession::odmr(settings, false, Transcript::kept(), Instant::now())
}

fn customer() -> ServerSession<Reversed> {
    turned(settings(Profile::Reversed), true, Instant::now())
}

fn sender() -> ClientSession<Reversed> {
    let now = Instant::now();
    let (session, request) = logged_in(now);
    let client = ReversedClient { name: "mx.example.net".into(), patience: house::patience() };
    session.turn(request, odmr::odmr::Answer::Turn.reply(), client, now).expect("a turn")
}

/// What a sender makes of replies that arrive one by one, each only when something is awaited.
fn drive_sender(replies: &[u8], cuts: &[usize]) -> (Vec<u8>, Vec<String>) {
    let (mut session, now) = (sender(), Instant::now());
    let (mut said, mut told, mut left) = (Vec::new(), Vec::new(), 0..3u64);
    let (mut rest, mut cuts) = (replies, cuts.iter().copied().cycle());
    loop {
        match session.poll(now) {
            Err(fault) => {
                told.push(format!("{fault} {:?}", session.lost()));
                return (said, told);
            }
            Ok(Step::Send(bytes)) => said.extend_from_slice(&bytes),
            Ok(Step::Event(Sending::Closed)) => return (said, told),
            Ok(Step::Event(Sending::Wants)) => match left.next() {
                Some(token) => session.offer(parcel(token, b"x\r\n".to_vec(), 2, false).outgoing),
                None => session.no_more(),
            },
            Ok(Step::Event(Sending::Content(_))) => session.content(&"x\r\n".into(), true, now),
            Ok(Step::Event(event)) => told.push(format!("{event:?}")),
            Ok(Step::Starved) if rest.is_empty() => {
                told.push(format!("{:?}", session.lost()));
                return (said, told);
            }
            Ok(Step::Starved) => {
                // No more than one reply at a time, or a later one would come before its question.
                let end =
                    rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
                let (piece, behind) = rest.split_at(cuts.next().unwrap_or(1).clamp(1, end));
                session.feed(piece);
                rest = behind;
            }
        }
    }
}

fn parcel(token: u64, content: Vec<u8>, recipients: usize, binary: bool) -> Parcel {
    let Ok(Command::Mail(reverse_path, _)) = command::parse(b"MAIL FROM:<a@example.com>") else {
        unreachable!()
    };
    let recipient = |n| {
        let line = format!("RCPT TO:<u{n}@example.org>");
        let Ok(Command::Rcpt(path, params)) = command::parse(line.as_bytes()) else {
            unreachable!()
        };
        odmr::mail::Recipient { path, params }
    };
    let outgoing = Outgoing {
        token,
        reverse_path,
        params: MailParams {
            body: if binary { Body::Binary } else { Body::SevenBit },
            ..MailParams::default()
        },
        recipients: (0..recipients).map(recipient).collect(),
        size: content.len() as u64,
        ends_in_crlf: content.is_empty() || content.ends_with(b"\r\n"),
        long_lines: false,
        eight_bit: !content.is_ascii(),
    };
    Parcel { outgoing, content, verdicts: None }
}

fn delivered(parcel: &Parcel) -> bool {
    parcel
        .verdicts
        .as_ref()
        .is_some_and(|all| all.iter().all(|one| matches!(one, Verdict::Taken(_))))
}

/// Lets two of our own talk, and wants every message delivered once, in order, bit for bit.
fn carried(parcels: Vec<Parcel>, hide: &[&'static str], chunking: bool, cuts: &[usize]) -> usize {
    carried_by(parcels, hide, chunking, false, cuts)
}

fn carried_by(
    parcels: Vec<Parcel>,
    hide: &[&'static str],
    chunking: bool,
    stream: bool,
    cuts: &[usize],
) -> usize {
    let contents: Vec<Vec<u8>> = parcels.iter().map(|parcel| parcel.content.clone()).collect();
    let settings =
        ServerSettings { chunking, ..ServerSettings::new(Profile::Reversed, house::CUSTOMER) };
    let mut couple = Couple::new(settings, parcels);
    couple.hide = hide.to_vec();
    couple.stream = stream;
    couple.piece = 7;
    let mut cuts = cuts.iter().copied().cycle();
    couple.talk(|most| cuts.next().unwrap_or(most));
    assert!(couple.over && couple.closed, "both have come to an end");
    assert!(couple.parcels.iter().all(delivered), "every message was taken");
    assert_eq!(couple.arrived, contents);
    couple.flights
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn where_the_bytes_are_cut_changes_nothing_at_the_mx(talk in talk(), cuts in cuts()) {
        let whole = Told::drive(&mut mx(), &talk, &[usize::MAX]);
        prop_assert_eq!(&Told::drive(&mut mx(), &talk, &cuts), &whole);
        prop_assert_eq!(&Told::drive(&mut mx(), &talk, &[1]), &whole);
    }

    #[test]
    fn where_the_bytes_are_cut_changes_nothing_at_the_provider(talk in talk(), cuts in cuts()) {
        let whole = Told::drive(&mut provider(), &talk, &[usize::MAX]);
        prop_assert_eq!(&Told::drive(&mut provider(), &talk, &cuts), &whole);
    }

    #[test]
    fn where_the_bytes_are_cut_changes_nothing_at_the_customer(talk in talk(), cuts in cuts()) {
        let whole = Told::drive(&mut customer(), &talk, &[usize::MAX]);
        prop_assert_eq!(&Told::drive(&mut customer(), &talk, &cuts), &whole);
    }

    /// What is said, and in what order, does not depend on when content is answered.
    #[test]
    fn an_answer_put_off_changes_nothing_that_is_said(talk in talk(), cuts in cuts(), hasty in 1usize..4) {
        let at_once = Told::drive(&mut customer(), &talk, &[usize::MAX]);
        let later = Told { hasty, ..Told::default() };
        let later = later.go_on(&mut customer(), &talk, &cuts);
        prop_assert_eq!(later, Told { hasty, ..at_once });
    }

    #[test]
    fn where_the_replies_are_cut_changes_nothing_for_the_sender(replies in replies(), cuts in cuts()) {
        prop_assert_eq!(drive_sender(&replies, &cuts), drive_sender(&replies, &[usize::MAX]));
    }

    /// Every command has its replies before the next command has any, whatever is pipelined.
    #[test]
    fn a_server_answers_in_order(verbs in prop::collection::vec(0usize..4, 1..40), cuts in cuts()) {
        let asks = ["NOOP", "VRFY x", "EXPN x", "RCPT TO:<u@example.org>"];
        let codes = ["250", "252", "502", "503"];
        let talk: String = verbs.iter().map(|n| format!("{}\r\n", asks[*n])).collect();
        let told = Told::drive(&mut mx(), talk.as_bytes(), &cuts);
        let said = String::from_utf8(told.said).unwrap();
        let heard: Vec<&str> = said.lines().skip(1).map(|line| &line[..3]).collect();
        let expected: Vec<&str> = verbs.iter().map(|n| codes[*n]).collect();
        prop_assert_eq!(heard, expected);
    }

    #[test]
    fn no_bytes_panic_a_sender(replies in replies(), junk in octets(), cuts in cuts()) {
        let _ = drive_sender(&[replies, junk].concat(), &cuts);
    }

    #[test]
    fn no_bytes_panic_a_caller(replies in replies(), junk in octets(), which in 0usize..6) {
        let now = Instant::now();
        let mut call = ClientSession::<Odmr>::calling(house::patience(), Transcript::kept(), now);
        call.feed(b"220 hi\r\n");
        let _ = call.poll(now);
        match which {
            0 => call.ehlo("me", now),
            1 => call.starttls(now),
            2 => drop(call.auth("PLAIN", Some(b"x"), now)),
            3 => call.atrn(&[], now),
            4 => call.quit(now),
            _ => {}
        }
        call.feed(&[replies, junk].concat());
        for _ in 0..50 {
            if !matches!(call.poll(now), Ok(Step::Send(_) | Step::Event(_))) {
                break;
            }
        }
    }

    #[test]
    fn content_arrives_bit_for_bit_in_every_gear(
        contents in prop::collection::vec(lines_of_content(), 1..6), gear in 0usize..5, cuts in cuts(),
    ) {
        let parcels = contents.into_iter().enumerate().map(|(n, c)| parcel(n as u64, c, 1 + n % 3, false)).collect();
        let hide: &[&'static str] = if gear.is_multiple_of(2) { &[PIPELINING] } else { &[] };
        let hide = if gear == STREAM { &[] } else { hide };
        carried_by(parcels, hide, gear < 2 || gear == STREAM, gear == STREAM, &cuts);
    }

    #[test]
    fn any_octets_arrive_bit_for_bit_with_binarymime(
        contents in prop::collection::vec(octets(), 1..6), lockstep: bool, stream: bool, cuts in cuts(),
    ) {
        let parcels = contents.into_iter().enumerate().map(|(n, c)| parcel(n as u64, c, 1, true)).collect();
        let hide: &[&'static str] = if lockstep { &[PIPELINING] } else { &[] };
        carried_by(parcels, hide, true, stream, &cuts);
    }

    /// A line that breaks anywhere loses nothing, refuses nothing, and settles only what the
    /// customer has taken.
    #[test]
    fn a_cut_line_settles_only_what_was_taken(cut in 0usize..2500, gear in 0usize..5) {
        let settings = ServerSettings { chunking: gear < 2 || gear == STREAM, ..ServerSettings::new(Profile::Reversed, "c") };
        let parcels = (0..5).map(|n| parcel(n, b"Subject: x\r\n\r\n.dot\r\n".to_vec(), 2, false)).collect();
        let mut couple = Couple::new(settings, parcels);
        couple.stream = gear == STREAM;
        couple.hide = if gear < STREAM && gear.is_multiple_of(2) { vec![PIPELINING] } else { vec![] };
        couple.talk_until(cut);
        for (token, verdicts) in couple.sender.lost() {
            prop_assert!(verdicts.iter().all(|one| *one == Verdict::Unanswered));
            prop_assert!(couple.parcels[token as usize].verdicts.is_none());
        }
        let settled = couple.parcels.iter().filter(|parcel| parcel.verdicts.is_some());
        let taken = couple.arrived.len();
        prop_assert!(settled.clone().all(delivered));
        prop_assert!(settled.count() <= taken, "nothing is settled that was not taken");
    }
}

/// One message, one round trip: 100 of them in at most 110.
#[test]
fn gear_two_costs_one_round_trip_a_message() {
    for chunking in [true, false] {
        let content =
            |n: u64| format!("Subject: {n}\r\n\r\n{}\r\n", "x".repeat(n as usize)).into_bytes();
        let parcels: Vec<Parcel> = (0..100).map(|n| parcel(n, content(n), 1, false)).collect();
        let flights = carried_whole(parcels, &[], chunking);
        assert!(flights <= 110, "{flights} round trips for 100 messages, chunking {chunking}");
    }
}

/// The setting out, and nothing for each message: the answers to a window come in one flight.
#[test]
fn a_stream_costs_hardly_any() {
    let parcels = (0..100).map(|n| parcel(n, b"x\r\n".to_vec(), 1, false)).collect();
    let flights = carried_by(parcels, &[], true, true, &[usize::MAX]);
    assert!(flights <= 6, "{flights} round trips for 100 messages");
}

#[test]
fn lockstep_costs_four() {
    let parcels = (0..100).map(|n| parcel(n, b"x\r\n".to_vec(), 1, false)).collect();
    let flights = carried_whole(parcels, &[PIPELINING], false);
    assert!((400..=410).contains(&flights), "{flights}");
}

fn carried_whole(parcels: Vec<Parcel>, hide: &[&'static str], chunking: bool) -> usize {
    carried(parcels, hide, chunking, &[usize::MAX])
}

/// The line breaks after every octet, in every gear: the customer had refused one recipient and
/// taken the other, and what has no final reply is neither settled nor refused.
#[test]
fn a_line_cut_at_each_octet_settles_only_what_was_answered() {
    for gear in 0..=STREAM {
        let mut most = 0;
        loop {
            let settings = ServerSettings {
                chunking: gear < 2 || gear == STREAM,
                ..ServerSettings::new(Profile::Reversed, "c")
            };
            let parcels = (0..2).map(|n| parcel(n, b"a\r\n.b\r\n".to_vec(), 2, false)).collect();
            let mut couple = Couple::new(settings, parcels);
            couple.stream = gear == STREAM;
            couple.hide = if gear < STREAM && gear % 2 == 0 { vec![PIPELINING] } else { vec![] };
            couple.refused = Some("u1@example.org");
            couple.talk_until(most);
            if couple.over {
                break;
            }
            let unanswered =
                |verdicts: &[Verdict]| verdicts.iter().all(|one| *one == Verdict::Unanswered);
            assert!(couple.sender.lost().iter().all(|(_, verdicts)| unanswered(verdicts)));
            let settled = couple.parcels.iter().filter_map(|parcel| parcel.verdicts.as_ref());
            let settled: Vec<_> = settled.collect();
            assert!(settled.len() <= couple.arrived.len(), "after {most} octets");
            assert!(
                settled
                    .iter()
                    .all(|verdicts| matches!(verdicts[..], [Verdict::Taken(_), Verdict::Never(_)]))
            );
            most += 1;
        }
        assert!(most > 200, "gear {gear} was over after {most} octets");
    }
}

/// RFC 2645, section 5.2.1: at least ten minutes for ATRN, five for everything else; and no wait
/// of any role is without end while it is the other side's move.
#[test]
fn every_wait_has_an_end_and_atrns_is_long() {
    let now = Instant::now();
    let mut call = ClientSession::<Odmr>::calling(house::patience(), Transcript::default(), now);
    let left = |call: &ClientSession<Odmr>| call.deadline().map(|end| (end - now).as_secs());
    assert_eq!(left(&call), Some(300));
    call.feed(b"220 hi\r\n");
    let _ = call.poll(now);
    assert_eq!(left(&call), None, "it is our own move");
    call.ehlo("me", now);
    assert_eq!(left(&call), Some(300));
    call.atrn(&[], now);
    assert!(left(&call).is_some_and(|seconds| seconds >= 600));
    assert!(mx().deadline().is_some() && provider().deadline().is_some());
    assert!(customer().deadline().is_some() && sender().deadline().is_some());
}

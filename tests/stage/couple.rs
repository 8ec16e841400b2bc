//! Both sides of a reversed session, talking to each other in memory: the provider's sender and
//! the customer's server. The test decides how the bytes are cut, and counts the flights.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;
use odmr::session::server::ServerSettings;
use odmr::session::turn::ReversedClient;
use odmr::session::{
    ClientSession, Event, Outgoing, Reversed, Sending, ServerSession, Step, Verdict,
};

use odmr::smtp::Reply;

use super::house;
use super::pure::{logged_in, turned};

/// A message, what became of it, and how often it arrived.
pub struct Parcel {
    pub outgoing: Outgoing,
    pub content: Vec<u8>,
    pub verdicts: Option<Vec<Verdict>>,
}

pub struct Couple {
    pub sender: ClientSession<Reversed>,
    pub taker: ServerSession<Reversed>,
    pub parcels: Vec<Parcel>,
    waiting: VecDeque<usize>,
    /// Lines of the EHLO reply that a lesser server would not have.
    pub hide: Vec<&'static str>,
    /// A recipient that the customer does not know.
    pub refused: Option<&'static str>,
    /// Whole transactions without waiting, and the customer puts its answers off until it has heard
    /// all there is. Without it the sender is held to its second gear.
    pub stream: bool,
    /// Octets of content handed over at a time.
    pub piece: usize,
    given: usize,
    /// What the customer has taken, in order.
    pub arrived: Vec<Vec<u8>>,
    incoming: Vec<u8>,
    /// Times the line turned from one speaker to the other.
    pub flights: usize,
    pub over: bool,
    pub closed: bool,
    now: Instant,
}

impl Couple {
    pub fn new(settings: ServerSettings, parcels: Vec<Parcel>) -> Couple {
        let now = Instant::now();
        let (session, request) = logged_in(now);
        let client = ReversedClient { name: house::PROVIDER.into(), patience: house::patience() };
        let reply = odmr::odmr::Answer::Turn.reply();
        let mut sender = session.turn(request, reply, client, now).expect("nobody spoke too soon");
        assert!(matches!(sender.poll(now), Ok(Step::Send(_))));
        Couple {
            sender,
            taker: turned(settings, true, now),
            waiting: (0..parcels.len()).collect(),
            parcels,
            hide: Vec::new(),
            refused: None,
            stream: false,
            piece: usize::MAX,
            given: 0,
            arrived: Vec::new(),
            incoming: Vec::new(),
            flights: 0,
            over: false,
            closed: false,
            now,
        }
    }

    /// Both say all they can, in turn, until neither has more. `cut` says how many of so many
    /// octets travel together.
    pub fn talk(&mut self, mut cut: impl FnMut(usize) -> usize) {
        let mut down = self.taker_says();
        assert!(self.sender_says().is_empty(), "the customer greets first");
        for _ in 0..100_000 {
            self.flights += usize::from(!down.is_empty());
            let silent = down.is_empty();
            // Asked only when something was heard, as the flows do.
            let mut up = Vec::new();
            for piece in pieces(&std::mem::take(&mut down), &mut cut) {
                self.sender.feed(piece);
                up.extend(self.sender_says());
            }
            if silent && up.is_empty() {
                return;
            }
            for piece in pieces(&up, &mut cut) {
                self.taker.feed(piece);
                down.extend(self.taker_says());
            }
        }
        panic!("the two never came to an end");
    }

    /// Talks until so many octets have gone up and down, and no further.
    pub fn talk_until(&mut self, most: usize) {
        let mut left = most;
        let mut down = self.taker_says();
        while left > 0 {
            let heard = down.len().min(left);
            left -= heard;
            self.sender.feed(&down[..heard]);
            let up = self.sender_says();
            let heard = up.len().min(left);
            left -= heard;
            self.taker.feed(&up[..heard]);
            down = self.taker_says();
            if up.is_empty() && down.is_empty() {
                return;
            }
        }
    }

    pub fn taker_says(&mut self) -> Vec<u8> {
        let mut said = Vec::new();
        while !self.closed {
            match self.taker.poll(self.now) {
                Step::Starved if self.taker.owed() == 0 => break,
                Step::Starved => self.taker.answer_oldest(Reply::new(250, (0, 0), "safe")),
                Step::Send(bytes) => said.extend_from_slice(&bytes),
                Step::Event(Event::Content(piece)) => self.incoming.extend_from_slice(&piece),
                Step::Event(Event::End) => {
                    self.arrived.push(std::mem::take(&mut self.incoming));
                    if self.stream { self.taker.answer_later() } else { self.taker.accept() }
                }
                Step::Event(Event::Recipient(recipient))
                    if self.refused == Some(recipient.path.as_str()) =>
                {
                    self.taker.answer(Reply::new(550, (1, 1), "nobody"));
                }
                Step::Event(Event::Reset) => self.incoming.clear(),
                Step::Event(Event::Closed) => self.closed = true,
                Step::Event(_) => self.taker.accept(),
            }
        }
        self.hide.iter().fold(said, |said, line| without(&said, line))
    }

    pub fn sender_says(&mut self) -> Vec<u8> {
        let mut said = Vec::new();
        while !self.over {
            match self.sender.poll(self.now).expect("our own server keeps the protocol") {
                Step::Starved => break,
                Step::Send(bytes) => said.extend_from_slice(&bytes),
                Step::Event(event) => self.decide(event),
            }
        }
        said
    }

    fn decide(&mut self, event: Sending) {
        match event {
            Sending::Wants => match self.waiting.pop_front() {
                Some(n) => {
                    self.given = 0;
                    self.sender.offer(self.parcels[n].outgoing.clone());
                }
                None => self.sender.no_more(),
            },
            Sending::Content(token) => self.give(token as usize),
            Sending::Outcome(token, verdicts) => {
                let parcel = &mut self.parcels[token as usize];
                assert!(parcel.verdicts.is_none(), "two outcomes of one message");
                parcel.verdicts = Some(verdicts);
            }
            Sending::Ready(_) => self.sender.stream(self.stream),
            Sending::Stopped(_) => {}
            Sending::Closed => self.over = true,
        }
    }

    fn give(&mut self, n: usize) {
        let content = &self.parcels[n].content;
        let rest = &content[self.given.min(content.len())..];
        let piece = &rest[..rest.len().min(self.piece)];
        let last = piece.len() == rest.len();
        self.given = if last { 0 } else { self.given + piece.len() };
        let piece = Bytes::copy_from_slice(piece);
        self.sender.content(&piece, last, self.now);
    }
}

/// `octets` without `line`, wherever it stands.
fn without(octets: &[u8], line: &str) -> Vec<u8> {
    let at = octets.windows(line.len()).position(|window| window == line.as_bytes());
    at.map_or_else(|| octets.to_vec(), |at| [&octets[..at], &octets[at + line.len()..]].concat())
}

/// `octets` in pieces of the sizes that `cut` says.
pub fn pieces<'a>(octets: &'a [u8], cut: &mut impl FnMut(usize) -> usize) -> Vec<&'a [u8]> {
    let (mut rest, mut all) = (octets, Vec::new());
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(cut(rest.len()).clamp(1, rest.len()));
        all.push(piece);
        rest = behind;
    }
    all
}

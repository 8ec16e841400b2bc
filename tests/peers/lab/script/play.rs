//! Scripts being played, and what came of it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::line::Line;
use super::{Script, Step};
use crate::lab::Lab;
use crate::lab::wait::{PATIENCE, within};

/// A script that was played, to its end or as far as it went.
#[derive(Debug)]
pub struct Played {
    /// Every line said and heard, in order, each behind its speaker's letter.
    pub ladder: Vec<String>,
    /// Why it ended before its end, if it did.
    pub surprise: Option<String>,
    theirs: char,
}

impl Played {
    /// Fails the test, showing the ladder, unless all went as written.
    pub fn went_as_written(self) -> Played {
        assert!(self.surprise.is_none(), "{}\n{self:#?}", self.surprise.as_deref().unwrap_or(""));
        self
    }

    /// The other side's lines.
    pub fn heard(&self) -> impl Iterator<Item = &str> {
        let theirs = format!("{}: ", self.theirs);
        self.ladder.iter().filter_map(move |line| line.strip_prefix(&theirs))
    }
}

/// Scripts waiting for callers: the first caller meets the first script, and so on.
pub struct Stage {
    /// Where to call.
    pub address: SocketAddr,
    closing: Arc<AtomicBool>,
    plays: Option<JoinHandle<Vec<Played>>>,
}

impl Stage {
    /// Listens, and plays each script once.
    pub fn open(lab: &Lab, scripts: Vec<Script>) -> Stage {
        let address = lab.free();
        let listener = TcpListener::bind(address).expect("a free port");
        listener.set_nonblocking(true).expect("a listener");
        let closing = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&closing);
        let plays = thread::spawn(move || {
            scripts.iter().map_while(|script| play_next(&listener, script, &seen)).collect()
        });
        Stage { address, closing, plays: Some(plays) }
    }

    /// Says that nobody will call any more, and returns what was played.
    pub fn close(mut self) -> Vec<Played> {
        self.closing.store(true, Ordering::SeqCst);
        let plays = self.plays.take().expect("closed once");
        plays.join().expect("a player that does not panic")
    }

    /// The same for the one script that this stage has.
    pub fn close_one(self) -> Played {
        self.close().pop().expect("nobody called")
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::SeqCst);
    }
}

impl Script {
    /// Calls a server and plays there.
    pub fn call(&self, server: SocketAddr) -> Played {
        let tcp = TcpStream::connect(server).unwrap_or_else(|why| panic!("{server}: {why}"));
        self.play(tcp)
    }

    fn play(&self, tcp: TcpStream) -> Played {
        let mut player = Player { script: self, ladder: Vec::new() };
        let outcome = Line::over(tcp, self.patience).map_err(|why| why.to_string());
        let outcome = outcome.and_then(|mut line| player.play(&mut line));
        Played { surprise: outcome.err(), ladder: player.ladder, theirs: self.theirs }
    }
}

fn play_next(listener: &TcpListener, script: &Script, closing: &AtomicBool) -> Option<Played> {
    let tcp = within(PATIENCE, || match listener.accept() {
        Ok((tcp, _)) => Some(Some(tcp)),
        Err(_) => closing.load(Ordering::SeqCst).then_some(None),
    });
    let tcp = tcp.flatten()?;
    tcp.set_nonblocking(false).expect("a connection");
    Some(script.play(tcp))
}

struct Player<'a> {
    script: &'a Script,
    ladder: Vec<String>,
}

impl Player<'_> {
    fn play(&mut self, line: &mut Line) -> Result<(), String> {
        for step in &self.script.steps {
            match step {
                Step::Say(octets) => self.say(line, octets)?,
                Step::Hear(pattern) => self.hear(line, pattern)?,
                Step::HearUntil(pattern) => self.hear_until(line, pattern)?,
                Step::StartTls => self.start_tls(line)?,
                Step::Bare => line.bare()?,
                Step::Pace(pace) => line.pace = *pace,
                Step::Drop => {
                    line.close();
                    return Ok(());
                }
                Step::Stall => self.stall(line)?,
                Step::Closed => self.must_close(line)?,
            }
        }
        // Hear the peer out, so that nothing we said is lost to a reset.
        line.finish();
        self.stall(line)
    }

    fn say(&mut self, line: &mut Line, octets: &[u8]) -> Result<(), String> {
        for said in octets.split_inclusive(|octet| *octet == b'\n') {
            let said = said.strip_suffix(b"\r\n").unwrap_or(said).escape_ascii();
            self.ladder.push(format!("{}: {said}", self.script.ours));
        }
        line.say(octets)
    }

    fn hear(&mut self, line: &mut Line, pattern: &str) -> Result<(), String> {
        match self.listen(line)? {
            Some(heard) if matches(pattern, &heard) => Ok(()),
            Some(heard) => Err(format!("expected {pattern:?}, heard {heard:?}")),
            None => Err(format!("expected {pattern:?}, but the line was closed")),
        }
    }

    fn hear_until(&mut self, line: &mut Line, pattern: &str) -> Result<(), String> {
        loop {
            match self.listen(line)? {
                Some(heard) if matches(pattern, &heard) => return Ok(()),
                Some(_) => {}
                None => return Err(format!("expected {pattern:?}, but the line was closed")),
            }
        }
    }

    fn must_close(&mut self, line: &mut Line) -> Result<(), String> {
        match self.listen(line)? {
            Some(heard) => Err(format!("expected the end, heard {heard:?}")),
            None => Ok(()),
        }
    }

    fn stall(&mut self, line: &mut Line) -> Result<(), String> {
        while self.listen(line)?.is_some() {}
        Ok(())
    }

    fn listen(&mut self, line: &mut Line) -> Result<Option<String>, String> {
        let heard = line.hear()?;
        if let Some(heard) = &heard {
            self.ladder.push(format!("{}: {heard}", self.script.theirs));
        }
        Ok(heard)
    }

    fn start_tls(&mut self, line: &mut Line) -> Result<(), String> {
        let script = self.script;
        match (&script.server_tls, &script.client_tls) {
            (Some(config), _) => line.serve_tls(Arc::clone(config)),
            (None, Some(config)) => line.call_tls(Arc::clone(config)),
            (None, None) => Err("the script says [tls], and has no certificate".to_owned()),
        }
    }
}

/// Whether a line fits a pattern in which `*` stands for any text.
fn matches(pattern: &str, line: &str) -> bool {
    let (pattern, line) = (pattern.to_ascii_lowercase(), line.to_ascii_lowercase());
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == line };
    let Some(rest) = line.strip_prefix(head) else { return false };
    let mut ends = (0..=rest.len()).rev().filter(|at| rest.is_char_boundary(*at));
    ends.any(|at| matches(tail, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_is_any_text() {
        assert!(matches("250*", "250 ok"));
        assert!(matches("EHLO *", "ehlo here.test"));
        assert!(matches("*SIZE*", "250-SIZE 5"));
        assert!(matches("*", ""));
        assert!(!matches("250 *", "250-ok"));
        assert!(!matches("QUIT", "QUIT now"));
    }
}

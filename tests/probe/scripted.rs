//! A provider that keeps every rule but one.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// What it can break: the rules that a provider can break over a line in clear, without anybody waiting for long.
pub const BREAKS: &[&str] = &[
    "odmr.ehlo-only",
    "odmr.other-502",
    "odmr.quit-initial",
    "odmr.quit-tail",
    "odmr.quit-auth",
    "odmr.auth-again",
    "odmr.ehlo-atrn",
    "atrn.preauth",
    "atrn.partial-auth",
    "atrn.failed-auth",
    "atrn.cancelled-auth",
    "turn.plain",
    "atrn.syntax",
    "atrn.syntax-label",
    "atrn.syntax-other",
    "atrn.space-list",
    "atrn.idn",
    "atrn.foreign",
    "atrn.foreign-below",
    "atrn.code-250",
    "atrn.noarg",
    "atrn.case",
    "atrn.case-domain",
    "atrn.dup",
    "atrn.twice",
    "atrn.rate",
    "atrn.nomail",
    "atrn.pipelined",
    "rev.rcpt-4xx",
    "rev.domains",
    "rev.waits",
    "rev.ehlo",
    "rev.helo",
    "rev.multiline-220",
    "rev.reject-greet",
    "rev.reject-greet-5xx",
    "rev.mail-4xx",
    "rev.data-4xx",
    "rev.eod-4xx",
    "rev.eod-drop",
    "rev.drop-ehlo",
    "rev.drop-mail",
    "rev.drop-rcpt",
    "rev.drop-data",
    "rev.drop-content",
    "rev.421",
    "rev.ext",
    "rev.ext-all",
    "rev.lines",
    "rev.quit",
    "rev.no-return",
    "rev.parallel",
    "atrn.foreign-above",
    "atrn.backend-down",
    "atrn.wait",
    "rev.no-relay-use",
    "rev.timeouts",
];

/// What it can break of the rules that need a letter put in.
pub const BREAKS_WITH_LETTERS: &[&str] = &[
    "rev.rcpt-5xx",
    "rev.mail-5xx",
    "rev.data-5xx",
    "rev.eod-5xx",
    "rev.dots",
    "rev.8bit",
    "rev.long-lines",
    "rev.bare-lf",
    "rev.trace",
    "rev.null-sender",
    "rev.delay-dsn",
    "rev.drop-anywhere",
];

const DOMAIN: &str = "example.org";

/// One at work. It ends with the process of the test.
pub struct Scripted {
    /// Where it listens.
    pub at: SocketAddr,
    /// Where mail comes in.
    pub mx: SocketAddr,
}

/// A letter that has come in.
#[derive(Clone)]
struct Letter {
    from: String,
    to: String,
    /// As it came, dots and all, without the last one.
    content: Vec<u8>,
}

struct House {
    breaks: &'static str,
    mail: Mutex<Vec<usize>>,
    letters: Mutex<Vec<Letter>>,
    busy: AtomicBool,
}

impl House {
    fn keep(&self, from: &str, to: &str, content: Vec<u8>) {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.letters.lock().expect("letters").push(Letter { from, to, content });
    }

    fn drop_letter(&self, letter: &Letter) {
        let mut letters = self.letters.lock().expect("letters");
        if let Some(at) = letters.iter().position(|one| one.content == letter.content) {
            letters.remove(at);
        }
    }

    fn breaks(&self, id: &str) -> bool {
        self.breaks == id
    }
}

impl Scripted {
    /// One that breaks this.
    pub fn start(breaks: &'static str) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("its address");
        let empty =
            ["atrn.twice", "atrn.rate", "atrn.nomail", "leaves behind 453"].contains(&breaks);
        let mail = Mutex::new(if empty { Vec::new() } else { vec![1, 2, 3] });
        let letters = Mutex::new(Vec::new());
        let house = Arc::new(House { breaks, mail, letters, busy: AtomicBool::new(false) });
        let door = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mx = door.local_addr().expect("its address");
        let inside = Arc::clone(&house);
        std::thread::spawn(move || {
            for stream in door.incoming() {
                let mut line = Line::of(stream.expect("a sender"), Arc::clone(&inside));
                let _ = line.take_in();
            }
        });
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (house, stream) = (Arc::clone(&house), stream.expect("a caller"));
                std::thread::spawn(move || {
                    let mut line = Line::of(stream, Arc::clone(&house));
                    let _ = line.serve();
                });
            }
        });
        Scripted { at, mx }
    }
}

/// The line is closed.
struct Gone;

struct Line {
    house: Arc<House>,
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    is_in: bool,
    asked: usize,
}

impl Line {
    fn of(stream: TcpStream, house: Arc<House>) -> Line {
        let reader = BufReader::new(stream.try_clone().expect("a reader"));
        Line { house, reader, writer: stream, is_in: false, asked: 0 }
    }

    fn say(&mut self, text: &str) -> Result<(), Gone> {
        self.writer.write_all(format!("{text}\r\n").as_bytes()).map_err(|_| Gone)
    }

    fn hear(&mut self) -> Result<String, Gone> {
        let mut line = Vec::new();
        match self.reader.read_until(b'\n', &mut line) {
            Ok(1..) => Ok(String::from_utf8_lossy(&line).trim_end().to_owned()),
            _ => Err(Gone),
        }
    }

    /// The code of a reply, and whether it had several lines.
    fn reply(&mut self) -> Result<(u16, bool), Gone> {
        let mut many = false;
        loop {
            let line = self.hear()?;
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok((line.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0), many));
            }
            many = true;
        }
    }

    fn ask(&mut self, line: &str) -> Result<u16, Gone> {
        self.say(line)?;
        Ok(self.reply()?.0)
    }

    fn breaks(&self, id: &str) -> bool {
        self.house.breaks(id)
    }

    fn serve(&mut self) -> Result<(), Gone> {
        self.say("220 provider.test ODMR")?;
        loop {
            let line = self.hear()?;
            let verb = line.split(' ').next().unwrap_or_default();
            let verb =
                if self.breaks("atrn.case") { verb.to_owned() } else { verb.to_ascii_uppercase() };
            match verb.as_str() {
                "EHLO" if self.breaks("odmr.ehlo-atrn") => {
                    self.say("250-provider.test\r\n250 AUTH CRAM-MD5")?;
                }
                "EHLO" => self.say("250-provider.test\r\n250-AUTH CRAM-MD5\r\n250 ATRN")?,
                "HELO" if self.breaks("odmr.ehlo-only") => {
                    self.say("250 provider.test")?;
                    self.is_in = true;
                }
                "VRFY" if self.breaks("odmr.other-502") => return Ok(()),
                "QUIT" if self.breaks("odmr.quit-initial") && !self.is_in => self.say("250 bye")?,
                "QUIT" if self.breaks("odmr.quit-auth") && self.is_in => self.say("250 bye")?,
                "QUIT" => {
                    self.say("221 2.0.0 bye")?;
                    if !self.breaks("odmr.quit-tail") {
                        return Ok(());
                    }
                }
                "AUTH" if self.is_in && !self.breaks("odmr.auth-again") => {
                    self.say("503 5.5.1 again?")?
                }
                "AUTH" => self.auth()?,
                "TURN" if self.breaks("turn.plain") => self.say("250 turning")?,
                "ATRN" => {
                    if self.atrn(&line)? {
                        return self.turned();
                    }
                }
                _ => self.say("502 5.5.1 not here")?,
            }
        }
    }

    fn auth(&mut self) -> Result<(), Gone> {
        self.say("334 PDE4OTYuNjk3MTcwOTUyQHByb3ZpZGVyLnRlc3Q+")?;
        let answer = self.hear()?;
        if answer.starts_with("ATRN") && self.breaks("atrn.partial-auth") {
            return self.say("250 2.0.0 turning");
        }
        // "acme " and a digest.
        let is_right = answer.starts_with("YWNtZS");
        let is_let_in = match answer.as_str() {
            "*" => self.breaks("atrn.cancelled-auth"),
            _ => self.breaks("atrn.failed-auth"),
        };
        self.is_in |= is_right || is_let_in;
        self.say(match answer.as_str() {
            _ if is_right => "235 2.7.0 welcome",
            "*" => "501 5.7.0 as you like",
            _ => "535 5.7.8 no",
        })
    }

    /// Answers ATRN; is the line turned?
    fn atrn(&mut self, line: &str) -> Result<bool, Gone> {
        self.asked += 1;
        let list = line.split_once(' ').map(|(_, list)| list);
        let code = self.answer(list.unwrap_or(DOMAIN), list.is_none());
        if code == 0 {
            return Err(Gone);
        }
        // What came behind ATRN was said by somebody who guessed.
        if code == 250 && !self.reader.buffer().is_empty() && !self.breaks("atrn.pipelined") {
            self.house.busy.store(false, Ordering::SeqCst);
            self.say("503 5.5.1 too early")?;
            return Err(Gone);
        }
        self.say(&format!("{code} provider.test"))?;
        if code == 453 && self.breaks("leaves behind 453") {
            return Err(Gone);
        }
        Ok(matches!(code, 250 | 251))
    }

    fn answer(&self, list: &str, is_bare: bool) -> u16 {
        if !self.is_in {
            return if self.breaks("atrn.preauth") { 250 } else { 530 };
        }
        let is_broken = |id: &str| self.breaks(id);
        let names: Vec<&str> = list.split(',').map(str::trim).collect();
        let is_label = |label: &str| {
            !label.is_empty()
                && label.len() < 64
                && !label.starts_with('-')
                && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
        };
        let is_domain = |name: &&str| name.contains('.') && name.split('.').all(is_label);
        match () {
            () if list.contains(' ') && list.contains(',') => {
                if is_broken("atrn.space-list") {
                    0
                } else {
                    501
                }
            }
            () if is_broken("atrn.backend-down") => 554,
            () if is_broken("atrn.wait") => 0,
            () if is_broken("atrn.foreign-above") && names.contains(&"org") => 250,
            () if names.iter().any(|name| name.is_empty()) || list.contains(' ') => {
                if is_broken("atrn.syntax") { 250 } else { 501 }
            }
            () if list.contains('[') && is_broken("atrn.syntax-other") => 0,
            () if !names.iter().all(is_domain) => {
                if is_broken("atrn.syntax-label") {
                    250
                } else {
                    501
                }
            }
            () if list.starts_with("xn--") && is_broken("atrn.idn") => 501,
            () if is_bare && is_broken("atrn.noarg") => 501,
            () if names.len() == 2 && names[0] == names[1] && is_broken("atrn.dup") => 501,
            () if list == "EXAMPLE.ORG" && is_broken("atrn.case-domain") => 550,
            () if list == "EXAMPLE.ORG" && is_broken("450 for capitals") => 450,
            () if is_broken("450 for everything") => 450,
            () => self.granted(&names),
        }
    }

    fn granted(&self, names: &[&str]) -> u16 {
        let is_own = |name: &&str| {
            name.eq_ignore_ascii_case(DOMAIN)
                || self.breaks("atrn.foreign-below") && name.ends_with(DOMAIN)
        };
        let is_nothing = self.house.mail.lock().expect("mail").is_empty()
            && self.house.letters.lock().expect("letters").is_empty();
        match () {
            () if self.breaks("atrn.foreign") && names.iter().any(is_own) => 250,
            () if !names.iter().all(is_own) => 450,
            () if is_nothing && self.breaks("atrn.nomail") => 554,
            () if self.asked > 1 && (self.breaks("atrn.twice") || self.breaks("atrn.rate")) => 554,
            () if is_nothing => 453,
            () if self.breaks("atrn.code-250") => 251,
            () if self.house.busy.swap(true, Ordering::SeqCst) && !self.breaks("rev.parallel") => {
                450
            }
            () => 250,
        }
    }

    /// The line is turned: from here on this is the client.
    fn turned(&mut self) -> Result<(), Gone> {
        let told = self.deliver();
        self.house.busy.store(false, Ordering::SeqCst);
        told
    }

    fn forget(&self, broken: &str) {
        if !broken.is_empty() && self.breaks(broken) {
            self.house.mail.lock().expect("mail").clear();
        }
    }

    fn deliver(&mut self) -> Result<(), Gone> {
        if self.breaks("rev.timeouts") {
            let soon = Some(std::time::Duration::from_secs(1));
            self.writer.set_read_timeout(soon).map_err(|_| Gone)?;
        }
        let early = self.breaks("rev.waits") || self.breaks("rev.delay");
        if early {
            self.say("EHLO provider.test")?;
        }
        let (code, many) = self.reply()?;
        if code == 421 {
            self.forget("rev.reject-greet");
        } else if code >= 400 {
            self.forget("rev.reject-greet-5xx");
        }
        if code >= 400 {
            return self.say("QUIT");
        }
        if many && self.breaks("rev.multiline-220") {
            return Ok(());
        }
        if !early {
            let verb = if self.breaks("rev.ehlo") { "HELO" } else { "EHLO" };
            self.say(&format!("{verb} provider.test"))?;
        }
        let Ok((code, _)) = self.reply() else {
            self.forget("rev.drop-ehlo");
            return Err(Gone);
        };
        if code >= 500 && !self.breaks("rev.helo") {
            self.ask("HELO provider.test")?;
        }
        let mut letters = self.house.letters.lock().expect("letters").clone();
        if self.breaks("rev.order") {
            letters.reverse();
        }
        for letter in letters {
            if !self.letter(&letter)? {
                break;
            }
        }
        let mail = self.house.mail.lock().expect("mail").clone();
        for n in mail {
            if let Err(Gone) = self.message(n) {
                self.forget(if code == 421 { "rev.421" } else { "" });
                return Err(Gone);
            }
        }
        self.say("QUIT")?;
        if self.breaks("rev.quit") {
            return Ok(());
        }
        self.reply()?;
        while self.breaks("rev.no-return") {
            self.hear()?;
            self.say("250 provider.test")?;
        }
        Ok(())
    }

    fn message(&mut self, n: usize) -> Result<(), Gone> {
        let params = match self.house.breaks {
            "rev.ext" => " SIZE=100",
            "rev.ext-all" => " TRANSID=<1@provider.test>",
            _ => "",
        };
        let told = self.ask(&format!("MAIL FROM:<a{n}@sender.test>{params}"));
        match told {
            Err(Gone) => {
                self.forget("rev.drop-mail");
                return Err(Gone);
            }
            Ok(400..) => {
                self.forget("rev.mail-4xx");
                return Ok(());
            }
            Ok(_) => {}
        }
        let domain = if self.breaks("rev.domains") { "elsewhere.test" } else { DOMAIN };
        let taken = self.ask(&format!("RCPT TO:<box{n}@{domain}>"));
        if taken.as_ref().is_ok_and(|code| *code == 250) && self.breaks("rev.no-relay-use") {
            self.ask("RCPT TO:<box@elsewhere.test>")?;
        }
        match taken {
            Err(Gone) => {
                self.forget("rev.drop-rcpt");
                return Err(Gone);
            }
            Ok(421) => {
                self.forget("rev.421");
                return Err(Gone);
            }
            Ok(400..) => {
                if self.breaks("rev.rcpt-4xx") {
                    self.ask("DATA")?;
                }
                self.forget("lost on 451");
                self.ask("RSET")?;
                return Ok(());
            }
            Ok(_) => {}
        }
        self.content()
    }

    fn content(&mut self) -> Result<(), Gone> {
        match self.ask("DATA") {
            Err(Gone) => {
                self.forget("rev.drop-data");
                return Err(Gone);
            }
            Ok(354) => {}
            Ok(_) => {
                self.forget("rev.data-4xx");
                self.ask("RSET")?;
                return Ok(());
            }
        }
        let end = if self.breaks("rev.lines") { "\n" } else { "\r\n" };
        self.say(&format!("Subject: x{end}"))?;
        match self.ask("Text.\r\n.") {
            Err(Gone) => {
                self.forget("rev.eod-drop");
                self.forget("rev.drop-content");
                Err(Gone)
            }
            Ok(_) => {
                self.forget("rev.eod-4xx");
                Ok(())
            }
        }
    }

    /// Takes letters in from whoever has some.
    fn take_in(&mut self) -> Result<(), Gone> {
        self.say("220 provider.test MX")?;
        let (mut from, mut to) = (String::new(), String::new());
        loop {
            let line = self.hear()?;
            let path = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            let answer = match line.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" => "250-provider.test\r\n250 8BITMIME",
                "MAIL" => {
                    from = path;
                    "250 ok"
                }
                "RCPT" => {
                    to = path;
                    "250 ok"
                }
                "DATA" => {
                    self.say("354 go on")?;
                    let content = self.whole()?;
                    self.house.keep(&from, &to, content);
                    "250 ok"
                }
                _ => return self.say("221 bye"),
            };
            self.say(answer)?;
        }
    }

    /// A content up to its last dot, which is left out.
    fn whole(&mut self) -> Result<Vec<u8>, Gone> {
        let (mut content, mut octet) = (b"\r\n".to_vec(), [0; 1]);
        while !content.ends_with(b"\r\n.\r\n") {
            std::io::Read::read_exact(&mut self.reader, &mut octet).map_err(|_| Gone)?;
            content.push(octet[0]);
        }
        content.truncate(content.len() - 3);
        Ok(content.split_off(2))
    }

    /// Sends one letter; may there be another?
    fn letter(&mut self, letter: &Letter) -> Result<bool, Gone> {
        let eight = letter.content.iter().any(|octet| *octet > 0x7f);
        let body = if eight { " BODY=8BITMIME" } else { "" };
        let from = match letter.from.as_str() {
            "" if self.breaks("rev.null-sender") => "postmaster@provider.test",
            from => from,
        };
        let steps = [
            (format!("MAIL FROM:<{from}>{body}"), 250, "rev.mail-5xx"),
            (format!("RCPT TO:<{}>", letter.to), 250, "rev.rcpt-5xx"),
            ("DATA".to_owned(), 354, "rev.data-5xx"),
        ];
        for (line, code, id) in steps {
            let heard = self.ask(&line).inspect_err(|_| self.lose(letter))?;
            if heard != code {
                return self.refused(letter, heard, id);
            }
        }
        self.writer.write_all(&self.as_sent(letter)).map_err(|_| Gone)?;
        match self.ask(".").inspect_err(|_| self.lose(letter))? {
            250 => {
                self.house.drop_letter(letter);
                Ok(true)
            }
            code => self.refused(letter, code, "rev.eod-5xx"),
        }
    }

    fn lose(&self, letter: &Letter) {
        if self.breaks("rev.drop-anywhere") {
            self.house.drop_letter(letter);
        }
    }

    /// What is sent of it, and what else becomes of it there is the rule that is broken.
    fn as_sent(&self, letter: &Letter) -> Vec<u8> {
        let own = &b"Received: by provider.test\r\n"[..];
        let mut content = [own, &letter.content].concat();
        let replace = |content: &mut Vec<u8>, from: &[u8], to: &[u8]| {
            while let Some(at) = content.windows(from.len()).position(|piece| piece == from) {
                content.splice(at..at + from.len(), to.iter().copied());
            }
        };
        match self.house.breaks {
            "rev.dots" => replace(&mut content, b"\r\n..", b"\r\n."),
            "rev.8bit" => content.iter_mut().for_each(|octet| *octet &= 0x7f),
            "rev.long-lines" => replace(&mut content, &[b'x'; 500], b"y\r\nz"),
            "rev.trace" => content = content.split_off(own.len()),
            "rev.bare-lf" => {}
            _ => {
                let bare = |at: usize| content[at] == b'\n' && at > 0 && content[at - 1] != b'\r';
                let all: Vec<usize> = (0..content.len()).filter(|at| bare(*at)).collect();
                all.into_iter().rev().for_each(|at| content.insert(at, b'\r'));
            }
        }
        content
    }

    /// It was refused.
    fn refused(&mut self, letter: &Letter, code: u16, id: &str) -> Result<bool, Gone> {
        self.ask("RSET")?;
        let notice = || {
            let content = format!("Subject: {} is late\r\n\r\n{}\r\n", letter.to, letter.from);
            self.house.keep("", &letter.from, content.into_bytes());
        };
        let is_broken = self.breaks(id);
        match (code, id) {
            (400..500, _) => {
                if self.breaks("rev.delay-dsn") {
                    notice();
                }
            }
            (_, "rev.mail-5xx") if is_broken => {}
            (_, "rev.rcpt-5xx") if is_broken => self.house.drop_letter(letter),
            (_, "rev.data-5xx") if is_broken => {
                self.house.drop_letter(letter);
                notice();
                notice();
            }
            _ => {
                self.house.drop_letter(letter);
                notice();
            }
        }
        // The others have to be sent in the same session.
        Ok(!is_broken || id != "rev.eod-5xx")
    }
}

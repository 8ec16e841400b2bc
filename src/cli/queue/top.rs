//! `queuectl top`: what waits for whom, live.

mod reasons;
mod view;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::{DefaultTerminal, Terminal, backend::TestBackend};
use serde_json::Value;
use tokio::sync::mpsc;

use self::view::{Mode, View};
use super::{Top, parsed, width};
use crate::cli::style::has_colour;
use crate::cli::tell;
use crate::exit::{Exit, Failure};
use crate::flow::desk::client::{Office, ask};
use crate::flow::desk::selection::Selection;
use crate::flow::desk::wire::{ActWord, Request};

/// Over how long rates are taken.
const LATELY: Duration = Duration::from_secs(10);
/// The share of the time that is spent on looking how old everything is.
const SHARE: u32 = 20;
/// How often it changes how much waited of late.
const MINUTE: Duration = Duration::from_secs(60);
/// Messages of a domain that are shown.
const MESSAGES: u64 = 200;

/// Shows it until a key ends it; or once.
pub(super) async fn top(office: &Office, flags: Top) -> Result<Exit, Failure> {
    let mut screen = Screen {
        office,
        view: View {
            ascii: flags.ascii,
            colourless: flags.no_color || !has_colour(&std::io::stdout()),
            ..View::default()
        },
        came: VecDeque::new(),
        went: VecDeque::new(),
        ages: Ages::default(),
        depth_again: None,
    };
    if flags.once {
        for event in all(office, happened(Some(0), true)).await.unwrap_or_default() {
            screen.hear(event);
        }
        screen.look().await?;
        let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
        let wide = width().unwrap_or(110);
        let high = size.map(|size| size.ws_row).filter(|rows| *rows > 4).unwrap_or(40);
        return tell(&screen.frame(wide, high)?);
    }
    // The first look may fail; then nobody's screen is touched.
    screen.look().await?;
    let mut terminal = ratatui::try_init().map_err(|error| {
        let hint = "--once prints one frame, to wherever";
        Failure::new(Exit::Os, format!("the terminal: {error}")).hint(Some(hint))
    })?;
    let ended = screen.run(&mut terminal, flags.interval.get()).await;
    ratatui::restore();
    ended.map(|()| Exit::Ok)
}

struct Screen<'a> {
    office: &'a Office,
    view: View,
    came: VecDeque<Timestamp>,
    went: VecDeque<Timestamp>,
    ages: Ages,
    /// When to ask again how much waited of late.
    depth_again: Option<Instant>,
}

/// How old everything is takes a walk; between two of them the last one is shown.
#[derive(Default)]
struct Ages {
    again: Option<Instant>,
    known: std::collections::HashMap<String, Value>,
}

impl Screen<'_> {
    async fn run(&mut self, terminal: &mut DefaultTerminal, pace: Duration) -> Result<(), Failure> {
        let (keys, mut pressed) = mpsc::channel(32);
        std::thread::spawn(move || read_keys(&keys));
        let mut events = self.listen();
        let mut tick = tokio::time::interval(pace);
        loop {
            terminal
                .draw(|frame| self.view.draw(frame))
                .map_err(|error| Failure::new(Exit::Io, format!("the terminal: {error}")))?;
            tokio::select! {
                key = pressed.recv() => match key {
                    None => return Ok(()),
                    Some(None) => {}
                    Some(Some(key)) => if !self.press(key).await { return Ok(()) },
                },
                Some(event) = events.recv() => self.hear(event),
                _ = tick.tick() => {
                    // It may be started anew; what was known stays on the screen meanwhile.
                    self.view.notice = match self.look().await {
                        Ok(()) => String::new(),
                        Err(failure) => failure.what,
                    };
                }
            }
        }
    }

    /// One frame as text.
    fn frame(&self, wide: u16, high: u16) -> Result<String, Failure> {
        let Ok(mut terminal) = Terminal::new(TestBackend::new(wide, high));
        let Ok(_) = terminal.draw(|frame| self.view.draw(frame));
        let buffer = terminal.backend().buffer();
        let row = |y| (0..wide).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        let rows: Vec<String> = (0..high).map(|y| row(y).trim_end().to_owned()).collect();
        Ok(format!("{}\n", rows.join("\n")))
    }

    /// New figures.
    async fn look(&mut self) -> Result<(), Failure> {
        let began = Instant::now();
        let ages = self.ages.again.is_none_or(|again| began >= again);
        let request = Request::Domains { domain: Vec::new(), ages };
        let mut domains = all(self.office, request).await?;
        if ages {
            let known = |domain: &Value| {
                Some((domain["domain"].as_str()?.to_owned(), domain["age_hist"].clone()))
            };
            self.ages.known = domains.iter().filter_map(known).collect();
            self.ages.again = Some(Instant::now() + began.elapsed() * SHARE);
        } else {
            for domain in &mut domains {
                let name = domain["domain"].as_str().unwrap_or_default();
                domain["age_hist"] = self.ages.known.get(name).cloned().unwrap_or_default();
            }
        }
        self.view.take(domains);
        self.look_at_the_daemon().await;
        // A spool that nobody has opened has none.
        let request = Request::Sessions { limit: Some(50), account: Vec::new() };
        self.view.sessions = all(self.office, request).await.unwrap_or_default();
        if let Mode::Messages(domain) = &self.view.mode {
            let filter = Selection { domain: vec![domain.clone()], ..Selection::default() };
            let request = Request::list(filter, Some(MESSAGES));
            self.view.messages = all(self.office, request).await?;
        }
        let now = Timestamp::now().to_string();
        self.view.clock = now.get(11..19).unwrap_or_default().to_owned();
        let now = Timestamp::now();
        self.view.now = Some(now);
        for times in [&mut self.came, &mut self.went] {
            while times.front().is_some_and(|time| is_before(*time, now, LATELY)) {
                times.pop_front();
            }
        }
        self.view.reasons.forget(now);
        let rate = |times: &VecDeque<Timestamp>| times.len() as f64 / LATELY.as_secs_f64();
        self.view.rates = Some((rate(&self.came), rate(&self.went)));
        Ok(())
    }

    /// How the daemon itself does. An earlier one does not tell, and a spool that nobody has opened has none.
    async fn look_at_the_daemon(&mut self) {
        let now = Instant::now();
        let depth = self.depth_again.is_none_or(|again| now >= again);
        let told = all(self.office, Request::Overview { depth }).await.unwrap_or_default();
        let Some(mut told) = told.into_iter().next() else { return };
        match depth {
            true => self.depth_again = Some(now + MINUTE),
            false => told["depth"] = self.view.daemon["depth"].take(),
        }
        self.view.daemon = told;
    }

    fn hear(&mut self, event: Value) {
        let at = event["at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        if let Some(at) = at {
            match event["event"].as_str() {
                Some("queued") => self.came.push_back(at),
                Some("delivered") => self.went.push_back(at),
                _ => self.view.reasons.hear(at, &event),
            }
        }
        self.view.hear(event);
    }

    /// What has happened, as far as odmrd remembers, and what happens; as long as somebody can be asked.
    fn listen(&self) -> mpsc::Receiver<Value> {
        let (tell, heard) = mpsc::channel(256);
        let office = self.office.clone();
        tokio::spawn(async move {
            let mut after = Some(0);
            while !tell.is_closed() {
                if let Ok(mut answer) = ask(&office, happened(after, false)).await {
                    while let Ok(Some(line)) = answer.next().await {
                        let Ok(event) = parsed(line) else { break };
                        after = event["seq"].as_u64().or(after);
                        if tell.send(event).await.is_err() {
                            return;
                        }
                    }
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        heard
    }

    /// What a key does. Says whether to go on.
    async fn press(&mut self, key: KeyEvent) -> bool {
        if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
            return false;
        }
        match self.view.mode.clone() {
            Mode::Filter => self.type_filter(key.code),
            Mode::Confirm(word, domain) => {
                self.view.mode = Mode::Browse;
                if key.code == KeyCode::Char('y') {
                    self.view.notice = self.order(word, &domain).await;
                }
            }
            Mode::Help => self.view.mode = Mode::Browse,
            Mode::Messages(_) => match key.code {
                KeyCode::Char('q') => return false,
                KeyCode::Esc | KeyCode::Enter => self.view.mode = Mode::Browse,
                _ => {}
            },
            Mode::Browse => return self.browse(key.code).await,
        }
        true
    }

    fn type_filter(&mut self, key: KeyCode) {
        match key {
            KeyCode::Char(c) => self.view.filter.extend(c.to_lowercase()),
            KeyCode::Backspace => drop(self.view.filter.pop()),
            KeyCode::Esc => {
                self.view.filter.clear();
                self.view.mode = Mode::Browse;
            }
            KeyCode::Enter => self.view.mode = Mode::Browse,
            _ => {}
        }
        self.view.selected = 0;
    }

    async fn browse(&mut self, key: KeyCode) -> bool {
        let chosen = self.view.chosen().and_then(|domain| domain["domain"].as_str());
        let chosen = chosen.map(str::to_owned);
        match key {
            KeyCode::Char('q') | KeyCode::Esc => return false,
            KeyCode::Down | KeyCode::Char('j') => self.view.step(1),
            KeyCode::Up | KeyCode::Char('k') => self.view.step(-1),
            KeyCode::PageDown => self.view.step(20),
            KeyCode::PageUp => self.view.step(-20),
            KeyCode::Home => self.view.step(isize::MIN),
            KeyCode::End => self.view.step(isize::MAX),
            KeyCode::Char('?') => self.view.mode = Mode::Help,
            KeyCode::Char('/') => self.view.mode = Mode::Filter,
            KeyCode::Char('s') => {
                self.view.order = self.view.order.next();
                self.view.arrange();
            }
            KeyCode::Char('h') => self.ask("hold", chosen),
            KeyCode::Char('r') => self.ask("release", chosen),
            KeyCode::Enter => {
                if let Some(domain) = chosen {
                    self.view.messages.clear();
                    self.view.mode = Mode::Messages(domain);
                    if let Err(failure) = self.look().await {
                        self.view.notice = failure.what;
                    }
                }
            }
            _ => {}
        }
        true
    }

    fn ask(&mut self, word: &'static str, domain: Option<String>) {
        if let Some(domain) = domain {
            self.view.mode = Mode::Confirm(word, domain);
        }
    }

    /// Carries it out. Says what came of it.
    async fn order(&self, word: &str, domain: &str) -> String {
        let (action, state) = match word {
            "hold" => (ActWord::Hold, Vec::new()),
            _ => (ActWord::Release, vec!["held".to_owned()]),
        };
        let filter = Selection { domain: vec![domain.to_owned()], state, ..Selection::default() };
        let request = Request::Act {
            action,
            filter,
            dry_run: false,
            reason: Some("from queuectl top".to_owned()),
            until: None,
            reply: None,
            to: None,
            before: Some(Timestamp::now()),
            most: None,
            future: false,
        };
        match all(self.office, request).await {
            Ok(told) => {
                let done = told.first().and_then(|told| told["done"].as_u64());
                format!("{word}: {} messages", done.unwrap_or_default())
            }
            Err(failure) => failure.what,
        }
    }
}

fn happened(after: Option<u64>, so_far: bool) -> Request {
    let (event, domain, account, id, code) = Default::default();
    Request::Watch { after, event, domain, account, id, code, so_far }
}

/// Was it longer ago than that?
fn is_before(at: Timestamp, now: Timestamp, span: Duration) -> bool {
    now.duration_since(at).unsigned_abs() > span
}

/// Everything that is told in answer.
async fn all(office: &Office, request: Request) -> Result<Vec<Value>, Failure> {
    let mut answer = ask(office, request).await?;
    let mut records = Vec::new();
    while let Some(line) = answer.next().await? {
        records.push(parsed(line)?);
    }
    Ok(records)
}

/// Keys, and `None` where the window has another size; until nobody wants them.
fn read_keys(to: &mpsc::Sender<Option<KeyEvent>>) {
    while !to.is_closed() {
        match event::poll(Duration::from_millis(200)) {
            Ok(false) => continue,
            Ok(true) => {}
            Err(_) => return,
        }
        let told = match event::read() {
            Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => Some(key),
            Ok(Event::Resize(..)) => None,
            Ok(_) => continue,
            Err(_) => return,
        };
        if to.blocking_send(told).is_err() {
            return;
        }
    }
}

//! What the screen shows: figures, how they are arranged, and how a frame is drawn from them.

use std::collections::VecDeque;

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row, Table};
use serde_json::Value;

use super::reasons::Reasons;
use crate::report::{age, octets, words};
use crate::smtp::escape::Escaped;

/// Events that are remembered for the lower pane.
const TICKER: usize = 200;
/// Given up within this time, in seconds: to be seen.
const SOON: i64 = 86_400;

/// A column: what stands above it, its width, and how soon it goes where there is no room for all (0 goes
/// last). Half a number would be another number.
struct Column(&'static str, Constraint, u8);

use Constraint::{Length, Min};

const DOMAINS: [Column; 10] = [
    Column("DOMAIN", Min(20), 0),
    Column("ACCOUNT", Length(12), 8),
    Column("MSGS", Length(8), 1),
    Column("SIZE", Length(8), 3),
    Column("OLDEST", Length(7), 2),
    Column("AGES", Length(6), 7),
    Column("EXPIRES", Length(8), 4),
    Column("LAST CALL", Length(10), 5),
    Column("RESULT", Length(11), 6),
    Column("24H", Length(8), 9),
];

const MESSAGES: [Column; 8] = [
    Column("ID", Length(26), 0),
    Column("STATE", Length(10), 1),
    Column("AGE", Length(7), 2),
    Column("EXPIRES", Length(8), 5),
    Column("SIZE", Length(8), 6),
    Column("SENDER", Min(12), 7),
    Column("RECIPIENT", Min(12), 3),
    Column("LAST WORD", Min(8), 4),
];

/// Which columns there is room for, in their order.
fn fitting(columns: &[Column], width: u16) -> Vec<usize> {
    let mut by_worth: Vec<usize> = (0..columns.len()).collect();
    by_worth.sort_by_key(|n| columns[*n].2);
    let mut left = width + 1;
    let room = |n: &usize| {
        let (Min(least) | Length(least)) = columns[*n].1 else { return false };
        left.checked_sub(least + 1).inspect(|rest| left = *rest).is_some()
    };
    let mut fit: Vec<usize> = by_worth.into_iter().take_while(room).collect();
    fit.sort_unstable();
    if fit.is_empty() { vec![0] } else { fit }
}

fn kept<const N: usize>(cells: [Cell<'static>; N], columns: &[usize]) -> Row<'static> {
    Row::new(
        cells.into_iter().enumerate().filter(|(n, _)| columns.contains(n)).map(|(_, cell)| cell),
    )
}

fn table<'a>(columns: &[Column], fit: &[usize], rows: impl Iterator<Item = Row<'a>>) -> Table<'a> {
    let header: Vec<&str> = fit.iter().map(|n| columns[*n].0).collect();
    let header = Row::new(header).style(Style::new().add_modifier(Modifier::BOLD));
    Table::new(rows, fit.iter().map(|n| columns[*n].1)).header(header)
}

/// In what order domains stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The fullest first.
    #[default]
    Messages,
    /// The largest first.
    Bytes,
    /// Whose oldest is oldest.
    Oldest,
    /// Whose oldest is given up next.
    Expiry,
    /// By name.
    Domain,
}

impl Order {
    /// The one after it.
    pub fn next(self) -> Order {
        use Order::{Bytes, Domain, Expiry, Messages, Oldest};
        match self {
            Messages => Bytes,
            Bytes => Oldest,
            Oldest => Expiry,
            Expiry => Domain,
            Domain => Messages,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Order::Messages => "messages",
            Order::Bytes => "bytes",
            Order::Oldest => "oldest",
            Order::Expiry => "expiry",
            Order::Domain => "domain",
        }
    }
}

/// What the keys mean just now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Moving about.
    #[default]
    Browse,
    /// A part of a domain's name is being typed.
    Filter,
    /// An order waits for its `y`: the word for it, and the domain.
    Confirm(&'static str, String),
    /// A domain's messages are shown.
    Messages(String),
    /// What the keys and columns mean is shown.
    Help,
}

/// Everything on the screen.
#[derive(Debug, Default)]
pub struct View {
    /// The time, to be shown.
    pub clock: String,
    /// The same, to reckon with.
    pub now: Option<Timestamp>,
    /// How odmrd itself does, where it tells.
    pub daemon: Value,
    /// Domains as odmrd tells of them, in order.
    pub domains: Vec<Value>,
    /// The last sessions, the newest first.
    pub sessions: Vec<Value>,
    /// What has happened of late, the newest last.
    pub events: VecDeque<Value>,
    /// Why mail was put off or refused.
    pub reasons: Reasons,
    /// Messages that came, and that were handed over, in a second.
    pub rates: Option<(f64, f64)>,
    /// The messages of the domain that is looked into.
    pub messages: Vec<Value>,
    /// How domains are arranged.
    pub order: Order,
    /// Only domains with this in their name.
    pub filter: String,
    /// Which of those that are shown.
    pub selected: usize,
    /// What the keys mean.
    pub mode: Mode,
    /// The last thing that went wrong, or was done.
    pub notice: String,
    /// No characters beyond ASCII.
    pub ascii: bool,
    /// Nothing in red.
    pub colourless: bool,
}

impl View {
    fn red(&self, yes: bool) -> Style {
        if yes && !self.colourless { Style::new().fg(Color::Red) } else { Style::new() }
    }

    /// New figures, arranged as the old ones were.
    pub fn take(&mut self, domains: Vec<Value>) {
        let before = self.chosen().map(|domain| text(domain, "domain"));
        self.domains = domains;
        self.arrange();
        let again = before.and_then(|before| {
            self.shown().position(|domain| domain["domain"].as_str() == Some(&before))
        });
        self.selected = again.unwrap_or(self.selected).min(self.shown().count().saturating_sub(1));
    }

    /// Something has happened.
    pub fn hear(&mut self, event: Value) {
        if self.events.len() >= TICKER {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Puts the domains in order.
    pub fn arrange(&mut self) {
        let most = |key: &'static str| move |domain: &Value| -domain[key].as_i64().unwrap_or(-1);
        match self.order {
            Order::Messages => self.domains.sort_by_key(most("messages")),
            Order::Bytes => self.domains.sort_by_key(most("bytes")),
            Order::Oldest => self.domains.sort_by_key(most("oldest_s")),
            Order::Expiry => {
                self.domains.sort_by_key(|d| d["next_expiry_s"].as_i64().unwrap_or(i64::MAX));
            }
            Order::Domain => self.domains.sort_by_key(|domain| text(domain, "domain")),
        }
    }

    /// The domains that pass the filter.
    pub fn shown(&self) -> impl Iterator<Item = &Value> {
        self.domains.iter().filter(|domain| text(domain, "domain").contains(&self.filter))
    }

    /// The one under the cursor.
    pub fn chosen(&self) -> Option<&Value> {
        self.shown().nth(self.selected)
    }

    /// Moves the cursor.
    pub fn step(&mut self, by: isize) {
        let last = self.shown().count().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }

    /// Draws a frame.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        let below = if frame.area().height > 16 { frame.area().height / 4 } else { 0 };
        let why = if below > 0 { 2 } else { 0 };
        let known = u16::from(!self.daemon.is_null());
        let [head, daemon, middle, sessions, reasons, events, foot] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(known),
            Constraint::Min(2),
            Constraint::Length(below),
            Constraint::Length(why),
            Constraint::Length(below),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        frame.render_widget(self.head(), head);
        frame.render_widget(self.daemon(), daemon);
        match &self.mode {
            Mode::Messages(domain) => self.draw_messages(frame, middle, domain),
            Mode::Help => draw_help(frame, middle, self.ascii),
            _ => self.draw_domains(frame, middle),
        }
        self.draw_sessions(frame, sessions);
        self.draw_reasons(frame, reasons);
        self.draw_events(frame, events);
        frame.render_widget(self.foot(), foot);
    }

    fn head(&self) -> Paragraph<'_> {
        let sum = |key: &str| self.domains.iter().filter_map(|d| d[key].as_u64()).sum::<u64>();
        let busy: u64 =
            self.domains.iter().filter_map(|d| d["by_state"]["in_session"].as_u64()).sum();
        let rates = self
            .rates
            .map_or_else(String::new, |(came, went)| format!("  in {came:.1}/s  out {went:.1}/s"));
        let line = format!(
            " odmrd  {} domains  {} messages  {}  {busy} in sessions{rates}  {}",
            self.domains.len(),
            sum("messages"),
            octets(sum("bytes")),
            self.clock,
        );
        Paragraph::new(line).style(Style::new().add_modifier(Modifier::REVERSED))
    }

    /// Who it is, since when, where it listens, and whether it has room.
    fn daemon(&self) -> Paragraph<'_> {
        let daemon = &self.daemon;
        let mut words = vec![format!(" {}", text(daemon, "name"))];
        words.extend(daemon["uptime_s"].as_i64().map(|uptime| format!("up {}", age(uptime))));
        let listeners = daemon["listeners"].as_array().into_iter().flatten().map(|one| {
            let address = text(one, "address");
            // Of a socket, all of it.
            let port = address.rsplit_once(':').map_or(address.as_str(), |(_, port)| port);
            format!("{} {port}", text(one, "name"))
        });
        words.extend(listeners);
        words.extend(daemon["sessions"].as_u64().map(|sessions| format!("sessions {sessions}")));
        let space = daemon["free_bytes"].as_u64().zip(daemon["size_bytes"].as_u64());
        words.extend(space.map(|(free, size)| {
            let share = u128::from(free) * 100 / u128::from(size.max(1));
            format!("spool {share}% free")
        }));
        let shut = daemon["accepts"] == false;
        words.extend(shut.then(|| "TAKES NO MAIL".to_owned()));
        Paragraph::new(words.join("  ")).style(self.red(shut))
    }

    fn draw_domains(&self, frame: &mut Frame<'_>, area: Rect) {
        let columns = fitting(&DOMAINS, area.width);
        let room = usize::from(area.height.saturating_sub(1));
        let from = self.selected.saturating_sub(room.saturating_sub(1));
        let rows = self.shown().enumerate().skip(from).take(room);
        let rows = rows.map(|(n, domain)| (self.row(domain, &columns), self.under_cursor(n)));
        let rows = rows.map(|(row, style)| row.style(style));
        frame.render_widget(table(&DOMAINS, &columns, rows), area);
    }

    fn under_cursor(&self, n: usize) -> Style {
        match n == self.selected {
            true => Style::new().add_modifier(Modifier::REVERSED),
            false => Style::new(),
        }
    }

    fn row(&self, domain: &Value, columns: &[usize]) -> Row<'static> {
        let number = |key: &str| domain[key].as_u64().unwrap_or_default();
        let span = |key: &str| domain[key].as_i64().map_or_else(|| "-".to_owned(), age);
        let soon = domain["next_expiry_s"].as_i64().is_some_and(|left| left < SOON);
        let damaged = domain["by_state"]["damaged"].as_u64().unwrap_or_default() > 0;
        let red = |yes: bool| self.red(yes);
        let held = if domain["hold"]["held"] == true { " held" } else { "" };
        let last = &domain["last_session"];
        let cells = [
            Cell::from(text(domain, "domain") + held).style(red(damaged)),
            Cell::from(text(domain, "account")),
            Cell::from(number("messages").to_string()),
            Cell::from(octets(number("bytes"))),
            Cell::from(span("oldest_s")),
            Cell::from(self.bars(&domain["age_hist"]["n"])),
            Cell::from(span("next_expiry_s")).style(red(soon)),
            Cell::from(self.ago(last)),
            Cell::from(text(last, "result")),
            Cell::from(self.depth(domain)),
        ];
        kept(cells, columns)
    }

    /// How many are how old, as bars.
    fn bars(&self, ages: &Value) -> String {
        const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        const PLAIN: [char; 8] = ['.', ':', '-', '=', '+', '*', '%', '#'];
        let bars = if self.ascii { PLAIN } else { BLOCKS };
        let ages: Vec<u64> =
            ages.as_array().into_iter().flatten().map(|n| n.as_u64().unwrap_or_default()).collect();
        let most = ages.iter().copied().max().unwrap_or_default().max(1);
        let bar = |n: u64| match n {
            0 => ' ',
            n => bars[usize::try_from((n * 8).div_ceil(most)).unwrap_or(8).clamp(1, 8) - 1],
        };
        ages.into_iter().map(bar).collect()
    }

    /// How long ago that session was.
    fn ago(&self, session: &Value) -> String {
        let at = session["at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        let since = self.now.zip(at).map(|(now, at)| now.duration_since(at).as_secs().max(0));
        since.map_or_else(|| text(session, "at"), |since| format!("{} ago", age(since)))
    }

    /// How much waited in the last day, each stretch a bar; nothing where that is not written down.
    fn depth(&self, domain: &Value) -> String {
        let name = domain["domain"].as_str().unwrap_or_default();
        self.bars(&self.daemon["depth"]["domains"][name])
    }

    fn draw_messages(&self, frame: &mut Frame<'_>, area: Rect, domain: &str) {
        let columns = fitting(&MESSAGES, area.width);
        let span =
            |message: &Value, key: &str| message[key].as_i64().map_or_else(|| "-".to_owned(), age);
        let rows = self.messages.iter().take(usize::from(area.height)).map(|message| {
            let recipients = message["recipients"].as_array().map_or(0, Vec::len);
            let first = text(&message["recipients"][0], "address");
            let more = if recipients > 1 { format!(" +{}", recipients - 1) } else { String::new() };
            let sender = text(message, "sender");
            let cells = [
                text(message, "id"),
                text(message, "state"),
                span(message, "age_s"),
                span(message, "expires_in_s"),
                octets(message["size"].as_u64().unwrap_or_default()),
                if sender.is_empty() { "<>".to_owned() } else { sender },
                format!("{first}{more}"),
                text(&message["last"], "text"),
            ];
            kept(cells.map(Cell::from), &columns)
        });
        let [title, list] =
            Layout::vertical([Constraint::Length(1), Constraint::Min(1)]).areas(area);
        frame.render_widget(rule(&format!("messages of {domain}"), self.ascii), title);
        frame.render_widget(table(&MESSAGES, &columns, rows), list);
    }

    fn draw_sessions(&self, frame: &mut Frame<'_>, area: Rect) {
        let mut lines = vec![rule("sessions", self.ascii)];
        lines.extend(self.sessions.iter().take(usize::from(area.height)).map(|session| {
            let n = |key: &str| session[key].as_u64().unwrap_or_default();
            let result = session["result"].as_str();
            let ago = match result {
                Some("under_way") => "now".to_owned(),
                _ => session["ago_s"].as_i64().map(age).unwrap_or_default() + " ago",
            };
            let bad = !matches!(result, Some("ok" | "no_mail" | "under_way"));
            let line = format!(
                " {:>11}  {}  {}  {}  {}  {} delivered  {} deferred  {} refused  {}  {} ms",
                ago,
                text(session, "account"),
                text(session, "peer"),
                session["tls"].as_str().unwrap_or("clear"),
                text(session, "result"),
                n("delivered"),
                n("deferred"),
                n("refused"),
                octets(n("bytes")),
                n("ms"),
            );
            Line::from(Span::styled(self.within(line, area), self.red(bad)))
        }));
        frame.render_widget(Paragraph::new(lines), area);
    }

    fn draw_reasons(&self, frame: &mut Frame<'_>, area: Rect) {
        let between = if self.ascii { " | " } else { " │ " };
        let most = self.reasons.most(5);
        let told: Vec<String> =
            most.iter().map(|(reason, times)| format!("{reason}  {times}")).collect();
        let told = if told.is_empty() { "none".to_owned() } else { told.join(between) };
        let lines = vec![
            rule("reasons (1 h)", self.ascii),
            Line::from(self.within(format!(" {told}"), area)),
        ];
        frame.render_widget(Paragraph::new(lines), area);
    }

    /// What is wider than the screen ends in a mark: half a number is another number.
    fn within(&self, line: String, area: Rect) -> String {
        let (width, mark) = (usize::from(area.width), if self.ascii { '>' } else { '…' });
        if Span::raw(&line).width() <= width {
            return line;
        }
        let mut cut = String::new();
        for c in line.chars() {
            cut.push(c);
            if Span::raw(&cut).width() >= width {
                cut.pop();
                break;
            }
        }
        cut.push(mark);
        cut
    }

    fn draw_events(&self, frame: &mut Frame<'_>, area: Rect) {
        let mut lines = vec![rule("what happens", self.ascii)];
        let room = usize::from(area.height.saturating_sub(1));
        let from = self.events.len().saturating_sub(room);
        lines.extend(self.events.iter().skip(from).map(|event| {
            let words = ["at", "event", "domain", "account", "id", "who", "result", "text"];
            let words = words.map(|key| text(event, key));
            let code = event["code"].as_u64().map(|code| code.to_string());
            let words = words.into_iter().chain(code).filter(|word| !word.is_empty());
            Line::from(self.within(format!(" {}", words.collect::<Vec<_>>().join("  ")), area))
        }));
        frame.render_widget(Paragraph::new(lines), area);
    }

    fn foot(&self) -> Paragraph<'_> {
        let line = match &self.mode {
            Mode::Filter => format!(" domains with: {}_   (Enter, Esc)", self.filter),
            Mode::Confirm(word, domain) => {
                format!(" {word} all mail of {domain}?  y does it, any other key does not")
            }
            Mode::Messages(_) => format!(" Esc back  q quit  {}", self.notice),
            Mode::Help => " any key goes back".to_owned(),
            Mode::Browse => format!(
                " up down  / filter{}  s sort: {}  Enter messages  h hold  r release  ? help  q quit  {}",
                if self.filter.is_empty() { String::new() } else { format!(": {}", self.filter) },
                self.order.name(),
                self.notice
            ),
        };
        Paragraph::new(line).style(Style::new().add_modifier(Modifier::BOLD))
    }
}

/// What is behind the keys and columns.
const HELP: [&str; 17] = [
    "",
    "  up down, j k, PgUp PgDn, Home End   move about",
    "  /        show only domains whose name has this in it",
    "  s        sort: messages, bytes, oldest, expiry, domain",
    "  Enter    the messages of a domain; Esc goes back",
    "  h, r     hold, release all mail of a domain; y does it",
    "  q, Esc   quit",
    "",
    "  AGES     how many are up to 1h, 6h, 1d, 3d, 7d old, and older",
    "  EXPIRES  when the oldest is given up; red within a day",
    "  LAST CALL, RESULT   when the customer last called, and what came of it",
    "  24H      the most that waited in each three hours of the last day, the present ones last;",
    "           known where odmrd has [http], for the fullest domains",
    "",
    "  in, out  messages in a second that came and were handed over, of the last ten seconds",
    "  spool    what is free on its disk",
    "",
];

fn draw_help(frame: &mut Frame<'_>, area: Rect, ascii: bool) {
    let mut lines = vec![rule("help", ascii)];
    lines.extend(HELP.iter().map(|line| Line::from(*line)));
    frame.render_widget(Paragraph::new(lines), area);
}

fn rule(title: &str, ascii: bool) -> Line<'static> {
    let dash = if ascii { "-" } else { "─" };
    Line::from(format!(" {} {title} {}", dash.repeat(2), dash.repeat(200)))
}

/// A field, as it may stand on a terminal.
pub(super) fn text(record: &Value, key: &str) -> String {
    words(&record[key]).map(|text| Escaped::text(&text).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use serde_json::json;

    use super::*;

    fn domain(name: &str, messages: u64, oldest: i64, expiry: i64) -> Value {
        json!({"domain": name, "account": "acme", "messages": messages, "bytes": messages * 1024,
            "oldest_s": oldest, "next_expiry_s": expiry, "by_state": {"in_session": 1, "damaged": 0},
            "age_hist": {"n": [1, 8, 0, 4, 0, 0]},
            "last_session": {"at": "2026-11-27T08:00:00Z", "result": "ok"}})
    }

    fn screen(view: &View) -> Vec<String> {
        on_a_screen(view, 110)
    }

    fn on_a_screen(view: &View, width: u16) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(width, 24)).unwrap();
        terminal.draw(|frame| view.draw(frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let row = |y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..buffer.area.height).map(row).collect()
    }

    #[test]
    fn a_frame_shows_what_waits_for_whom() {
        let mut view = View { ascii: true, clock: "08:00:00".to_owned(), ..View::default() };
        view.take(vec![domain("a.example", 1, 90, 100), domain("b.example", 2, 60, 90_000)]);
        view.hear(json!({"event": "queued", "domain": "b\u{1b}[31m.example"}));
        let seen = screen(&view);
        assert!(seen[0].contains("2 domains  3 messages  3.0K"), "{seen:#?}");
        assert!(seen[2].starts_with("b.example") && seen[3].starts_with("a.example"), "{seen:#?}");
        assert!(seen[3].contains(".# ="), "{seen:#?}");
        assert!(seen[3].contains("1m") && seen[3].contains(" ok"), "{seen:#?}");
        let why = seen.iter().position(|line| line.contains("-- reasons (1 h)")).unwrap();
        assert_eq!(seen[why + 1].trim(), "none");
        assert!(seen.iter().all(|line| !line.contains('\u{1b}')));
        assert!(seen.iter().any(|line| line.contains("queued  b\\x1b[31m.example")), "{seen:#?}");
    }

    /// Half a number would be another number.
    #[test]
    fn columns_without_room_are_left_out_and_lines_say_where_they_are_cut() {
        let mut view = View { ascii: true, ..View::default() };
        view.take(vec![domain("a.example", 12_345_678, 90, 86_400)]);
        view.hear(json!({"event": "queued", "domain": "b.example", "text": "x".repeat(200)}));
        for width in 1..=130 {
            let seen = on_a_screen(&view, width);
            let header: Vec<&str> = seen[1].split_whitespace().collect();
            let row = seen[2].trim_end();
            assert_eq!(header.contains(&"MSGS"), row.contains("12345678"), "{width}: {seen:#?}");
            assert_eq!(header.contains(&"EXPIRES"), row.contains("1d00h"), "{width}: {seen:#?}");
            let event = seen.iter().find(|line| line.contains("queued  b.ex"));
            assert!(event.is_none_or(|line| line.trim_end().ends_with('>')), "{width}: {seen:#?}");
        }
        assert!(on_a_screen(&view, 40)[1].contains("MSGS"));
        assert!(on_a_screen(&view, 130)[1].contains("24H"));
    }

    #[test]
    fn the_daemon_and_the_last_day_are_shown_where_they_are_known() {
        let mut view = View { ascii: true, ..View::default() };
        view.now = Some("2026-11-27T10:30:00Z".parse().unwrap());
        view.take(vec![domain("a.example", 1, 90, 100), domain("b.example", 2, 60, 90_000)]);
        view.daemon = json!({"name": "mx.example\u{1b}", "uptime_s": 1_036_800, "sessions": 2, "accepts": true,
            "listeners": [{"name": "smtp", "address": "0.0.0.0:25"}, {"name": "odmr", "address": "[::]:366"},
                {"name": "lmtp", "address": "/run/lmtp"}], "free_bytes": 61, "size_bytes": 100,
            "depth": {"domains": {"b.example": [1, null, 0, 2, 4, 8, 4, 2]}}});
        let seen = screen(&view);
        let line = " mx.example\\x1b  up 12d00h  smtp 25  odmr 366  lmtp /run/lmtp  sessions 2  spool 61% free";
        assert_eq!(seen[1].trim_end(), line);
        assert!(seen[3].trim_end().ends_with("ok          .  :=#=:"), "{seen:#?}");
        assert!(seen[3].contains(" 2h30m ago"), "{seen:#?}");
        assert!(seen[4].trim_end().ends_with("ok"), "{seen:#?}");
        view.daemon["accepts"] = false.into();
        assert!(screen(&view)[1].contains("TAKES NO MAIL"));
        view.mode = Mode::Help;
        let seen = screen(&view);
        assert!(seen.iter().any(|line| line.contains("sort: messages, bytes")), "{seen:#?}");
        assert!(!seen.iter().any(|line| line.contains("b.example")), "{seen:#?}");
    }

    #[test]
    fn the_cursor_stays_on_its_domain_however_they_are_arranged() {
        let mut view = View::default();
        let name = |view: &View| text(view.chosen().unwrap(), "domain");
        view.take(
            (0..50).map(|n| domain(&format!("d{n:02}.example"), n, 50 - n as i64, 9)).collect(),
        );
        view.step(3);
        assert_eq!(name(&view), "d46.example");
        view.order = Order::Domain;
        let domains = view.domains.clone();
        view.take(domains);
        assert_eq!(name(&view), "d46.example");
        view.filter = "d1".to_owned();
        view.step(isize::MAX);
        assert_eq!(name(&view), "d19.example");
        view.take(Vec::new());
        assert!(view.chosen().is_none() && view.selected == 0);
        assert!(screen(&view).len() == 24);
    }
}

//! Logging: talk on stderr, or to the journal, never on stdout.
//!
//! Secrets are kept out by construction. Ours live in types that do not show them; and what
//! belongs to other crates, some of which see raw bytes, is never logged below `info`, whatever
//! the filter asks for.

use super::style::has_colour;
use tracing::{Level, Metadata};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{EnvFilter, LevelFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;

/// Crates that are ours.
const OURS: [&str; 3] = ["odmr", "odmrd", "atrn_fetch"];

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For eyes, on stderr; in colour only on a terminal.
    #[default]
    Human,
    /// One JSON object a line, on stderr.
    Json,
    /// To the systemd journal, each field a field.
    Journald,
}

/// What is logged, and how.
#[derive(Clone, Debug, Default)]
pub struct LogSettings {
    /// How a line looks.
    pub format: LogFormat,
    /// `-v` counted up, `-q` counted down: 0 is `info`.
    pub verbosity: i8,
    /// Levels by module (`odmr::net=trace,warn`); goes before the verbosity.
    pub filter: Option<String>,
    /// Whether human lines begin with the time: for a daemon, not for a tool in a terminal.
    pub times: bool,
}

/// Why nothing is logged.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter cannot be read.
    #[error("log filter {filter:?}: {why}; write levels like \"info\" or \"odmr::net=debug,info\"")]
    Filter {
        /// The filter.
        filter: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is no journal.
    #[error("no journal to log to: {0}; choose the format human or json")]
    NoJournal(std::io::Error),
    /// Logging has been set up before.
    #[error("logging is already set up")]
    Twice,
}

/// Begins to log. Once per program.
///
/// # Errors
///
/// The filter is wrong, or there is no journal.
pub fn start(settings: &LogSettings) -> Result<(), LogError> {
    begin(settings, std::io::stderr)
}

/// Begins to log without ever waiting for whoever reads: what a stalled reader leaves lying beyond
/// 16384 lines is dropped, and no mail waits for it. What has been said is written out when the
/// [`Apart`] is dropped.
///
/// # Errors
///
/// As [`start`].
pub fn start_apart(settings: &LogSettings) -> Result<Apart, LogError> {
    let lines = NonBlockingBuilder::default().buffered_lines_limit(BACKLOG).lossy(true);
    let (writer, guard) = lines.thread_name("log").finish(std::io::stderr());
    let dropped = writer.error_counter();
    begin(settings, writer)?;
    Ok(Apart { dropped, _guard: guard })
}

/// Lines that a reader may be behind.
const BACKLOG: usize = 16_384;

/// A log that is written by a thread of its own.
#[derive(Debug)]
pub struct Apart {
    dropped: ErrorCounter,
    _guard: WorkerGuard,
}

impl Apart {
    /// How many lines nobody took in time.
    pub fn dropped(&self) -> usize {
        self.dropped.dropped_lines()
    }
}

fn begin<W>(settings: &LogSettings, writer: W) -> Result<(), LogError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let colour = has_colour(&std::io::stderr());
    let lines = match settings.format {
        LogFormat::Human => human(settings.times, colour, writer),
        LogFormat::Json => json(writer),
        LogFormat::Journald => tracing_journald::layer().map_err(LogError::NoJournal)?.boxed(),
    };
    let (levels, whose) = (filter(settings)?, filter_fn(whose(settings)));
    // Filters of the whole registry, not of the layer: `enabled!` leaves a mark on the latter that
    // swallows the next line.
    let log = tracing_subscriber::registry().with(lines).with(levels).with(whose);
    log.try_init().map_err(|_| LogError::Twice)
}

type Lines = Box<dyn Layer<Registry> + Send + Sync>;

fn human<W>(times: bool, colour: bool, writer: W) -> Lines
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(colour);
    let layer = layer.with_target(false);
    if times { layer.boxed() } else { layer.without_time().boxed() }
}

fn json<W>(writer: W) -> Lines
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer().with_writer(writer).json().flatten_event(true).boxed()
}

fn filter(settings: &LogSettings) -> Result<EnvFilter, LogError> {
    let Some(filter) = &settings.filter else {
        return Ok(EnvFilter::default().add_directive(level(settings.verbosity).into()));
    };
    EnvFilter::builder()
        .parse(filter)
        .map_err(|why| LogError::Filter { filter: filter.clone(), why: why.to_string() })
}

fn level(verbosity: i8) -> LevelFilter {
    match verbosity {
        ..=-2 => LevelFilter::ERROR,
        -1 => LevelFilter::WARN,
        0 => LevelFilter::INFO,
        1 => LevelFilter::DEBUG,
        2.. => LevelFilter::TRACE,
    }
}

/// Other crates may speak up in a daemon's log, and in a tool's when it is told to say more: it
/// tells what went wrong in its own words. Of a peer's faults in TLS the library warns; we tell them too,
/// and whose they are.
fn whose(settings: &LogSettings) -> impl Fn(&Metadata<'_>) -> bool + use<> {
    let others = settings.times || settings.verbosity > 0 || settings.filter.is_some();
    let asked = settings.verbosity > 0 || settings.filter.is_some();
    move |line| {
        let of = line.target().split("::").next().unwrap_or_default();
        let of_peers = of == "rustls" && *line.level() > Level::ERROR;
        OURS.contains(&of) || others && *line.level() <= Level::INFO && (asked || !of_peers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is written of what `talk` says.
    fn written(
        settings: &LogSettings,
        lines: impl FnOnce(Paper) -> Lines,
        talk: impl FnOnce(),
    ) -> String {
        let paper = Paper::default();
        let lines = lines(paper.clone());
        let (levels, whose) = (filter(settings).unwrap(), filter_fn(whose(settings)));
        let log = tracing_subscriber::registry().with(lines).with(levels).with(whose);
        tracing::subscriber::with_default(log, talk);
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn plain(paper: Paper) -> Lines {
        human(false, false, move || paper.clone())
    }

    #[test]
    fn other_crates_cannot_be_made_to_tell_what_they_see() {
        let settings = LogSettings { filter: Some("trace".into()), ..LogSettings::default() };
        let text = written(&settings, plain, || {
            tracing::trace!(target: "odmr::net", "ours");
            tracing::debug!(target: "rustls::conn", "raw bytes");
            tracing::warn!(target: "rustls::conn", "theirs");
        });
        assert_eq!(text, "TRACE ours\n WARN theirs\n");
    }

    #[test]
    fn a_library_that_warns_of_what_peers_do_is_heard_when_asked_for() {
        let talk = || {
            tracing::warn!(target: "rustls::msgs", "illegal name");
            tracing::error!(target: "rustls::msgs", "broken");
            tracing::warn!(target: "hyper", "theirs");
        };
        let settings = LogSettings { times: true, ..LogSettings::default() };
        assert_eq!(written(&settings, plain, talk), "ERROR broken\n WARN theirs\n");
        let settings = LogSettings { verbosity: 1, ..settings };
        assert_eq!(written(&settings, plain, talk).lines().count(), 3);
    }

    /// A per-layer filter forgot the line that followed such a question.
    #[test]
    fn asking_whether_a_level_is_on_costs_no_line() {
        let text = written(&LogSettings::default(), plain, || {
            for _ in 0..3 {
                assert!(!tracing::enabled!(target: "odmr", tracing::Level::TRACE));
                tracing::info!(target: "odmr", "kept");
            }
        });
        assert_eq!(text.lines().count(), 3, "{text}");
    }

    #[test]
    fn verbosity_counts() {
        for (verbosity, lines) in [(-2, 1), (-1, 2), (0, 3), (1, 4), (2, 5), (9, 5)] {
            let settings = LogSettings { verbosity, ..LogSettings::default() };
            let text = written(&settings, plain, || {
                tracing::error!(target: "odmr", "1");
                tracing::warn!(target: "odmr", "2");
                tracing::info!(target: "odmr", "3");
                tracing::debug!(target: "odmr", "4");
                tracing::trace!(target: "odmr", "5");
            });
            assert_eq!(text.lines().count(), lines, "{text}");
        }
    }

    #[test]
    fn json_is_one_object_a_line() {
        let lines = |paper: Paper| json(move || paper.clone());
        let text = written(&LogSettings::default(), lines, || {
            tracing::info!(target: "odmr", session = "01ARZ", octets = 5, "taken");
        });
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["message"], "taken");
        assert_eq!(value["session"], "01ARZ");
        assert_eq!(value["octets"], 5);
    }

    #[test]
    fn a_bad_filter_is_told() {
        let settings = LogSettings { filter: Some("odmr=loud".into()), ..LogSettings::default() };
        let complaint = filter(&settings).unwrap_err().to_string();
        assert!(complaint.starts_with("log filter \"odmr=loud\": "), "{complaint}");
    }
}

//! Looking again and again, until a change is everywhere or the time is over.

use std::ffi::OsString;
use std::io::{self, Seek, Write};
use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

pub use crate::check::horizon::{Until, View, Watch, views};
pub use crate::finding::{Progress, Shown, Watched, Witness};
use crate::sink::child::Program;
use crate::smtp::escape::Escaped;

/// What tells the time, and lets it pass.
pub trait Time {
    /// Which moment it is.
    fn now(&self) -> Timestamp;

    /// Lets so much pass.
    fn rest(&mut self, time: Duration) -> impl Future<Output = ()>;
}

/// The time of the world.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

impl Time for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn rest(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// Looks until a look says that it is done; not again once the deadline would be over by then. Was it done?
///
/// # Errors
/// What a look has to say.
pub async fn until_done<E>(
    time: &mut impl Time,
    interval: Duration,
    deadline: Duration,
    mut look: impl AsyncFnMut() -> Result<bool, E>,
) -> Result<bool, E> {
    let span = |time: Duration| SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    let later = |at: Timestamp, by| at.checked_add(span(by)).unwrap_or(Timestamp::MAX);
    let end = later(time.now(), deadline);
    loop {
        if look().await? {
            return Ok(true);
        }
        if later(time.now(), interval) > end {
            return Ok(false);
        }
        time.rest(interval).await;
    }
}

/// So long a program may take to hear of a change.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is under way when the deadline comes, a look or programs that hear of a change, is given so long still: all of
/// it together.
pub const GRACE: Duration = Duration::from_secs(3);

/// So long a program may take where so much is left; nothing where nothing is.
pub fn patience(left: Duration) -> Option<Duration> {
    (!left.is_zero()).then(|| left.min(PATIENCE))
}

/// Runs a program that hears of a change: `MXCHECK_DOMAIN` and `MXCHECK_STATE`, and all as JSON on its standard
/// input. No shell is involved. It is killed, and all that it has started, when it takes longer than `patience`.
///
/// # Errors
/// Why it did not end well.
pub async fn call(
    program: &Path,
    domain: &str,
    watched: &Watched,
    patience: Duration,
) -> Result<(), String> {
    let input = || -> io::Result<std::fs::File> {
        let mut file = tempfile::tempfile()?;
        serde_json::to_writer(&file, watched)?;
        file.write_all(b"\n")?;
        file.rewind()?;
        Ok(file)
    };
    let input = input().map_err(|error| format!("no room for its input: {error}"))?;
    let state = match watched.state {
        Progress::Done => "done",
        Progress::Waiting => "waiting",
    };
    let variables: Vec<(&'static str, OsString)> =
        vec![("MXCHECK_DOMAIN", domain.into()), ("MXCHECK_STATE", state.into())];
    let program = Program { path: program.to_owned(), arguments: Vec::new(), variables };
    let ended = program.run(input, patience).await;
    let ended = ended.map_err(|error| format!("cannot be run: {error}"))?;
    match ended.code() {
        Some(0) => Ok(()),
        _ => Err(format!("{}: {}", ended.how(patience), Escaped(&ended.printed))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Clock(Timestamp);

    impl Time for Clock {
        fn now(&self) -> Timestamp {
            self.0
        }

        async fn rest(&mut self, time: Duration) {
            self.0 += time;
        }
    }

    async fn looks(done_after: usize, interval: u64, deadline: u64) -> (bool, usize) {
        let mut clock = Clock(Timestamp::UNIX_EPOCH);
        let (interval, deadline) = (Duration::from_secs(interval), Duration::from_secs(deadline));
        let mut count = 0;
        let done = until_done(&mut clock, interval, deadline, async || {
            count += 1;
            Ok::<bool, ()>(count == done_after)
        });
        let done = done.await.unwrap();
        (done, count)
    }

    #[test]
    fn a_program_gets_no_more_than_is_left() {
        let seconds = Duration::from_secs;
        assert_eq!(patience(seconds(7200)), Some(seconds(60)));
        assert_eq!(patience(seconds(7)), Some(seconds(7)));
        assert_eq!(patience(Duration::ZERO), None, "it is not begun");
    }

    #[tokio::test]
    async fn it_looks_until_it_is_done_or_the_time_is_over() {
        assert_eq!(looks(1, 30, 7200).await, (true, 1));
        assert_eq!(looks(3, 30, 7200).await, (true, 3));
        assert_eq!(looks(9, 30, 60).await, (false, 3), "at 0, 30 and 60 s");
        assert_eq!(looks(9, 30, 59).await, (false, 2));
        assert_eq!(looks(9, 30, 0).await, (false, 1), "once at least");
    }
}

//! Waiting for something to become true: asked often, never for longer than [`PATIENCE`].

use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for a peer before it fails. Generous: a loaded machine is slow, not wrong.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(5);

/// Asks until there is an answer or the time is up.
pub fn within<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::park_timeout(PAUSE);
    }
}

/// Asks until there is an answer; fails the test, naming `what`, when [`PATIENCE`] is at its end.
pub fn until<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, ask).unwrap_or_else(|| panic!("waited {PATIENCE:?} in vain for {what}"))
}

//! What a person or the service manager tells a running program.

use std::io;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// What was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGHUP: read settings, accounts and certificates again.
    Reload,
    /// SIGTERM: end, cleanly.
    Terminate,
    /// SIGINT: somebody pressed Ctrl-C.
    Interrupt,
    /// SIGUSR1: do now what would be done later.
    Wake,
}

/// Hears signals from the moment it is made.
#[derive(Debug)]
pub struct Signals {
    reload: Stream,
    terminate: Stream,
    interrupt: Stream,
    wake: Stream,
    /// A file that may grow no more (RLIMIT_FSIZE) fails the write, and does not end the program without a word.
    _too_large: Stream,
}

impl Signals {
    /// Begins to listen; from now on these signals no longer end the program by themselves.
    ///
    /// # Errors
    ///
    /// The system refused a handler.
    pub fn new() -> io::Result<Signals> {
        Ok(Signals {
            reload: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            wake: signal(SignalKind::user_defined1())?,
            _too_large: signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?,
        })
    }

    /// The same without a runtime, and without a thread: for a program that has much to do before it
    /// can act on what it is told. Whatever is said meanwhile is heard by the first
    /// [`Signals::next`], in whatever runtime that is.
    ///
    /// # Errors
    ///
    /// The system refused a handler.
    pub fn early() -> io::Result<Signals> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let _inside = runtime.enter();
        Signals::new()
    }

    /// Waits for the next. Cancel-safe. An order to end goes before one to reload.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.reload.recv() => Signal::Reload,
            _ = self.wake.recv() => Signal::Wake,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{Signal as Raw, getpid, kill_process};

    /// One test, because a signal is for the whole process: two would hear each other's.
    #[test]
    fn signals_are_heard_from_the_moment_that_somebody_listens() {
        let said = [
            (Raw::HUP, Signal::Reload),
            (Raw::TERM, Signal::Terminate),
            (Raw::INT, Signal::Interrupt),
            (Raw::USR1, Signal::Wake),
        ];
        for (raw, heard) in said {
            let mut signals = Signals::early().unwrap();
            kill_process(getpid(), raw).unwrap();
            let later = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            later.block_on(async {
                assert_eq!(signals.next().await, heard);
                let mut signals = Signals::new().unwrap();
                kill_process(getpid(), raw).unwrap();
                assert_eq!(signals.next().await, heard);
            });
        }
    }
}

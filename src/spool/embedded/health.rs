//! Whether the spool may still accept. A failed write or sync is never tried again: after one the
//! kernel may have dropped what it could not write and say "done" the second time.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::rescue::ADVICE;
use crate::spool::SpoolError;

/// Sound until the first fault, and broken from then on until the process ends.
#[derive(Debug, Default)]
pub(super) struct Health {
    fault: OnceLock<String>,
    damage: OnceLock<String>,
    closed: AtomicBool,
}

impl Health {
    /// Refuses when nothing more can be promised.
    pub(super) fn check(&self) -> Result<(), SpoolError> {
        self.check_sound()?;
        if let Some(damage) = self.damage.get() {
            return Err(SpoolError::Broken(damage.clone()));
        }
        if self.closed.load(Ordering::Relaxed) { Err(closed()) } else { Ok(()) }
    }

    /// No more after this; not a fault.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Refuses after a fault; what was under way when we began to close may still be finished.
    pub(super) fn check_sound(&self) -> Result<(), SpoolError> {
        match self.fault.get() {
            Some(fault) => Err(SpoolError::Broken(fault.clone())),
            None => Ok(()),
        }
    }

    /// Did every write so far succeed?
    pub(super) fn is_sound(&self) -> bool {
        self.check_sound().is_ok()
    }

    /// Remembers that the writer has met damage which could not be mended. No more mail is entrusted
    /// to such a database; what can still be read is handed out, and what can be is recorded.
    pub(super) fn mistrust(&self, damage: String) -> SpoolError {
        if self.damage.set(damage.clone()).is_ok() {
            tracing::error!(
                damage,
                "the spool's database is damaged and accepts no more mail; {ADVICE}"
            );
        }
        SpoolError::Broken(damage)
    }

    /// Remembers a fault that nothing but a new start can mend.
    pub(super) fn fail(&self, fault: String) -> SpoolError {
        tracing::error!(
            fault,
            "the spool cannot be written and accepts no more mail; \
             check the disk and the kernel's log, then restart"
        );
        SpoolError::Broken(self.fault.get_or_init(|| fault).clone())
    }

    /// The writer has gone though nobody asked it to.
    pub(super) fn orphaned(&self) -> SpoolError {
        self.fail("its writer has died".to_owned())
    }
}

/// What is said to whoever comes too late.
pub(super) fn closed() -> SpoolError {
    SpoolError::Broken("it has been closed".to_owned())
}

/// The disk is full, rather than faulty.
pub(super) fn is_full(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

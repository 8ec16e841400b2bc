//! The one writer. Sessions hand it what they want written and wait; it takes everything that is
//! ready, writes it in one transaction, syncs once, and then answers all of them. While it waits
//! for the disk the next group gathers by itself, so the busier it is, the fewer syncs a message
//! costs.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use super::body::Bodies;
use super::claims::{Claim, Key};
use super::commits::Commits;
use super::conclude::{self, Conclusion};
use super::decree::Proclamation;
use super::delay::Telling;
use super::done::Done;
use super::expire::Soonest;
use super::fold::Folder;
use super::health::Health;
use super::keep::Keep;
use super::ledger::{Changes, Ledger};
use super::operate::{self, Noted, Operation};
use super::recover;
use super::rescue::is_damage;
use super::room::Room;
use super::settle::{self, Damage, Noticed, Settlement};
use super::spare::Spare;
use crate::spool::SpoolError;

/// Jobs that may wait for the writer; beyond that, sessions wait to hand theirs in.
const BACKLOG: usize = 1024;
/// Jobs in one transaction. More would make the first of them wait longer than a sync is worth.
const GROUP: usize = 512;
/// Deliveries that may be overdue; beyond that they are repeated after the next start.
const OVERDUE: usize = 10_000;
/// How many entries the job has touched.
pub(super) type Answer = Result<u64, SpoolError>;

/// What is to be written.
#[derive(Debug)]
pub(super) enum Work {
    /// Take a message in.
    Keep(Box<Keep>),
    /// Record what became of an entry.
    Settle(Settlement),
    /// The sender of an entry is told: keep the notice, let go of the entry.
    Conclude(Box<Conclusion>),
    /// Do what an operator has ordered.
    Operate(Box<Operation>),
    Proclaim(Proclamation),
    /// Note an order by which nothing changes here.
    Note(Box<Noted>),
    /// Clear away what an operator has deleted.
    Clear(Vec<Claim>),
    /// Of these entries nobody is to be told.
    NotDue(Vec<Claim>),
    /// Set a damaged entry aside.
    SetAside(Key, Damage, Noticed),
    /// Make the indexes anew.
    Rebuild,
    /// Give up those whose time has run out.
    Expire(Vec<Claim>, Timestamp, Done),
    /// Give back some of the room that gone mail has left in the database.
    Tidy,
    /// Somebody is told that an entry waits.
    Tell(Box<Telling>),
    /// Finish and leave.
    Close,
}

impl Work {
    /// Does it bring mail into the spool?
    fn brings_mail(&self) -> bool {
        matches!(self, Work::Keep(_) | Work::Conclude(_) | Work::Tell(_))
    }
}

/// Work, and who waits for it.
#[derive(Debug)]
struct Job {
    work: Work,
    reply: oneshot::Sender<Answer>,
}

/// What a transaction that came to nothing has left on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Harm {
    /// Nothing: it was rolled back.
    None,
    /// Nobody knows.
    Unknown,
}

/// Why a transaction came to nothing.
#[derive(Debug)]
enum Trouble {
    /// Nothing can be written now.
    Refused(SpoolError, Harm),
    /// Something in it touches a damaged page.
    Damage(rusqlite::Error),
}

/// The writer's own things.
pub(super) struct Writer {
    pub(super) db: Connection,
    pub(super) folder: Folder,
    pub(super) ledger: Arc<Ledger>,
    pub(super) health: Arc<Health>,
    pub(super) room: Arc<Room>,
    pub(super) spare: Spare,
    pub(super) bodies: Arc<Bodies>,
    pub(super) soonest: Arc<Soonest>,
    pub(super) commits: Arc<Commits>,
    pub(super) next_message: i64,
    /// Deliveries that a full disk kept from being recorded. Their leases stay out, and they are
    /// tried with every group until there is room.
    pub(super) overdue: Vec<Settlement>,
    /// The indexes were made anew since the start; that they are damaged again has other reasons.
    pub(super) rebuilt: bool,
}

impl Writer {
    /// Works until told to close, or until nobody is left who could tell.
    fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut closing = Vec::new();
        while let Some(first) = jobs.blocking_recv() {
            let mut group = vec![first];
            while group.len() < GROUP
                && let Ok(job) = jobs.try_recv()
            {
                group.push(job);
            }
            closing.extend(group.extract_if(.., |job| matches!(job.work, Work::Close)));
            if !closing.is_empty() {
                jobs.close();
            }
            self.group(group);
        }
        // Who asked to close is answered by the end of `closing`, when all is done.
        self.make_up();
        self.leave();
    }

    fn group(&mut self, group: Vec<Job>) {
        if group.is_empty() {
            return;
        }
        if group.iter().any(|job| matches!(job.work, Work::Rebuild)) {
            self.rebuild();
        }
        let sound = self.health.check_sound().map_err(|e| Trouble::Refused(e, Harm::Unknown));
        match sound.and_then(|()| self.transaction(&group)) {
            Ok((answers, changes)) => {
                // First: who is told that there is room again may count on it.
                self.spare.renew(&self.room);
                self.done(group, answers, changes);
                self.make_up();
            }
            Err(Trouble::Refused(e @ SpoolError::Full { .. }, harm)) => self.press(group, &e, harm),
            Err(Trouble::Refused(e, harm)) => self.refuse(group, &e, harm),
            Err(Trouble::Damage(_)) if self.rebuild() => self.group(group),
            Err(Trouble::Damage(e)) => self.one_by_one(group, &e),
        }
        self.folder.tend(&self.db);
    }

    /// The disk is full: new mail is refused, and everything else is written in the room kept for it.
    fn press(&mut self, group: Vec<Job>, e: &SpoolError, harm: Harm) {
        let (mail, rest): (Vec<Job>, Vec<Job>) =
            group.into_iter().partition(|job| job.work.brings_mail());
        self.refuse(mail, e, harm);
        if rest.is_empty() {
            return;
        }
        self.spare.give_up();
        self.folder.press(&self.db);
        match self.transaction(&rest) {
            Ok((answers, changes)) => self.done(rest, answers, changes),
            Err(Trouble::Refused(e, harm)) => self.refuse(rest, &e, harm),
            Err(Trouble::Damage(e)) => {
                let refusal = self.health.mistrust(e.to_string());
                self.refuse(rest, &refusal, Harm::Unknown);
            }
        }
    }

    /// Damage is met by one of these, and the others shall not suffer for it. No new mail is taken
    /// into what is damaged.
    fn one_by_one(&mut self, group: Vec<Job>, e: &rusqlite::Error) {
        let refusal = self.health.mistrust(e.to_string());
        let alone = group.len() == 1;
        for job in group {
            match alone || matches!(job.work, Work::Keep(_)) {
                true => self.refuse(vec![job], &refusal, Harm::Unknown),
                false => self.group(vec![job]),
            }
        }
    }

    /// Makes the indexes anew, once: entries themselves may be whole. Says whether that was done.
    fn rebuild(&mut self) -> bool {
        if std::mem::replace(&mut self.rebuilt, true) {
            return false;
        }
        let done = recover::rebuild(&self.db);
        match &done {
            Ok(()) => tracing::warn!("the spool's indexes were made anew"),
            Err(e) => drop(self.health.mistrust(e.to_string())),
        }
        done.is_ok()
    }

    /// There seems to be room again: records what is overdue. Nobody waits for it any more.
    fn make_up(&mut self) {
        let group = self.overdue.split_off(self.overdue.len().saturating_sub(GROUP));
        let job = |settlement| Job { work: Work::Settle(settlement), reply: oneshot::channel().0 };
        self.group(group.into_iter().map(job).collect());
    }

    fn transaction(&mut self, group: &[Job]) -> Result<(Vec<u64>, Changes), Trouble> {
        let before = self.next_message;
        self.write(group).map_err(|e| {
            self.next_message = before;
            self.judge(e)
        })
    }

    fn write(&mut self, group: &[Job]) -> rusqlite::Result<(Vec<u64>, Changes)> {
        let mut changes = Changes::default();
        self.db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let answers = group
            .iter()
            .map(|job| self.apply(&job.work, &mut changes))
            .collect::<rusqlite::Result<_>>()?;
        changes.write(&self.db)?;
        let began = Instant::now();
        self.db.prepare_cached("COMMIT")?.execute([])?;
        self.commits.add(began.elapsed());
        Ok((answers, changes))
    }

    fn apply(&mut self, work: &Work, changes: &mut Changes) -> rusqlite::Result<u64> {
        let db = &self.db;
        match work {
            Work::Keep(keep) => {
                let message = self.next_message;
                self.next_message += 1;
                keep.write(db, message, &self.ledger, changes)
            }
            Work::Settle(settlement) => settlement.write(db, changes),
            Work::Conclude(conclusion) => {
                let notice = self.next_message;
                self.next_message += 1;
                conclusion.write(db, notice, &self.ledger, changes)
            }
            Work::Tell(telling) => {
                let notice = self.next_message;
                self.next_message += 1;
                telling.write(db, notice, &self.ledger, changes)
            }
            Work::Operate(operation) => operation.write(db, &self.ledger, changes),
            Work::Proclaim(proclamation) => proclamation.write(db),
            Work::Note(noted) => noted.write(db),
            Work::Clear(claims) => operate::clear(db, claims, changes),
            Work::NotDue(claims) => {
                claims.iter().try_for_each(|c| conclude::is_not_due_here(db, c.key)).map(|()| 0)
            }
            Work::SetAside(key, damage, noticed) => {
                settle::set_aside(db, *key, *damage, noticed, changes)
            }
            Work::Expire(claims, now, done) => {
                let expire = |claim: &Claim| settle::expire(db, claim.key, *now, changes);
                done.record(claims, expire)
            }
            Work::Tidy => recover::tidy(db),
            // Not inside a transaction; and asking for it is answered by its having been done.
            Work::Rebuild | Work::Close => Ok(0),
        }
    }

    /// The transaction is on disk: say so, and only then let go of what it made superfluous.
    fn done(&self, group: Vec<Job>, answers: Vec<u64>, changes: Changes) {
        self.ledger.enter(&changes);
        for (Job { work, reply }, answer) in group.into_iter().zip(answers) {
            self.finished(work, answer);
            // Somebody who no longer listens has nothing to be told.
            let _ = reply.send(Ok(answer));
        }
        changes.orphaned.iter().for_each(|file| self.bodies.remove(file));
    }

    /// Lets go of work that is done, and of its lease, before anybody hears of it.
    fn finished(&self, work: Work, entries: u64) {
        let kept = match work {
            Work::Keep(keep) => Some(keep),
            Work::Conclude(conclusion) => conclusion.keep,
            Work::Tell(telling) => telling.keep,
            // What waits again may end sooner than anything that waited.
            Work::Operate(_) => {
                self.soonest.forget();
                None
            }
            _ => None,
        };
        if let Some(mut keep) = kept
            && entries > 0
        {
            keep.keep_file();
            keep.arrival.parts.iter().for_each(|part| self.soonest.hear(part.expires));
        }
    }

    /// What a failed transaction means. A full disk that was noticed before the sync, or a lock that
    /// somebody else has, has done no harm once rolled back; of anything else we cannot know what is on disk.
    fn judge(&self, e: rusqlite::Error) -> Trouble {
        let clean = self.db.is_autocommit() || self.db.execute_batch("ROLLBACK").is_ok();
        let (refusal, harm) = match e.sqlite_error_code() {
            Some(ErrorCode::DiskFull) if clean => {
                tracing::error!("the disk is full: no mail is accepted until there is room");
                (self.room.full(), Harm::None)
            }
            // A quota is told as any fault of a write.
            Some(ErrorCode::SystemIoFailure)
                if clean && is_write(&e) && self.bodies.is_out_of_room() =>
            {
                tracing::error!("the quota is used up: no mail is accepted until there is room");
                (self.room.full(), Harm::None)
            }
            Some(ErrorCode::DatabaseBusy) if clean => {
                tracing::error!("another process keeps the spool's database locked");
                let what = "another process keeps the database locked";
                (SpoolError::Broken(what.to_owned()), Harm::None)
            }
            _ if clean && is_damage(&e) => return Trouble::Damage(e),
            _ => (self.health.fail(e.to_string()), Harm::Unknown),
        };
        Trouble::Refused(refusal, harm)
    }

    fn refuse(&mut self, group: Vec<Job>, e: &SpoolError, harm: Harm) {
        for Job { work, reply } in group {
            self.unfinished(work, harm);
            let _ = reply.send(Err(e.clone()));
        }
    }

    /// Lets go of work that could not be done. Mail that is delivered all the same must not
    /// be offered again, so the right to it is not given back: on a full disk, or behind a lock, until it
    /// can be recorded, after a fault until the next start.
    fn unfinished(&mut self, work: Work, harm: Harm) {
        let nothing_is_written = harm == Harm::None;
        match work {
            // After a fault the row may be on disk, and with it the only word of this file.
            Work::Keep(mut keep) if !nothing_is_written => keep.keep_file(),
            Work::Conclude(mut conclusion) if !nothing_is_written => {
                conclusion.keep.iter_mut().for_each(|keep| keep.keep_file());
            }
            Work::Tell(mut telling) if !nothing_is_written => {
                telling.keep.iter_mut().for_each(|keep| keep.keep_file());
            }
            Work::Settle(settlement) if settlement.delivers() => match nothing_is_written {
                true if self.overdue.len() < OVERDUE => self.overdue.push(settlement),
                _ => settlement.claim.withhold(),
            },
            _ => {}
        }
    }

    /// Leaves the spool so that the next start has nothing to make good. After a fault it is left
    /// exactly as it is.
    fn leave(self) {
        self.health.close();
        if !self.health.is_sound() {
            return;
        }
        drop(self.folder);
        if let Err(e) = recover::leave(&self.db, &self.bodies) {
            tracing::warn!(error = %e, "the spool was not left in order; the next start checks it");
        }
    }
}

/// Did a write fail, before anything was to be synced?
/// A quota is told as any fault of a write.
pub(super) fn is_write(e: &rusqlite::Error) -> bool {
    matches!(e, rusqlite::Error::SqliteFailure(fault, _)
        if fault.extended_code == rusqlite::ffi::SQLITE_IOERR_WRITE)
}

/// Where work is handed in. Dropped, it waits until the writer has left.
#[derive(Debug)]
pub(super) struct Desk {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Desk {
    /// Puts the writer to work on a thread of its own.
    pub(super) fn open(writer: Writer) -> io::Result<Desk> {
        let (jobs, waiting) = mpsc::channel(BACKLOG);
        let thread = thread::Builder::new().name("spool".to_owned());
        let thread = thread.spawn(move || writer.run(waiting))?;
        Ok(Desk { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Hands work in and waits until it is on disk. `None` when the writer has left.
    pub(super) async fn submit(&self, work: Work) -> Option<Answer> {
        let (reply, answer) = oneshot::channel();
        let sent = self.jobs.as_ref()?.send(Job { work, reply }).await;
        match sent {
            Ok(()) => answer.await.ok(),
            Err(mpsc::error::SendError(job)) => {
                if let Work::Settle(settlement) = job.work
                    && settlement.delivers()
                {
                    settlement.claim.withhold();
                }
                None
            }
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // If it has panicked, the panic has been told, and the next start checks the spool.
            let _ = thread.join();
        }
    }
}

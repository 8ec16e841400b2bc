//! A program of the user's, run with arguments and never by a shell: listened to, and ended with
//! everything it has started when it takes too long.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Of what a program prints so much is kept; the rest is read, so that it does not stand still, and
/// dropped.
const KEPT: usize = 4096;

/// Reads of what is still in the pipe when a program has ended: as much as a pipe holds.
const LAST_WORDS: usize = 64;

/// What our own environment may pass on. All else, settings and credentials among it, stays with us.
const PASSED_ON: [&str; 9] =
    ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "XDG_RUNTIME_DIR"];

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The file.
    pub path: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables beside the few that are passed on.
    pub variables: Vec<(&'static str, OsString)>,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its status; none where it took too long and was killed.
    pub status: Option<ExitStatus>,
    /// The beginning of what it printed, on either output. Anything may stand in it.
    pub printed: Vec<u8>,
}

impl Ended {
    /// Its exit code; none where a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.and_then(|status| status.code())
    }

    /// How it ended, in words.
    pub fn how(&self, patience: Duration) -> String {
        match self.status {
            None => format!("was killed, since it took longer than {} s", patience.as_secs()),
            Some(status) => match (status.code(), status.signal()) {
                (Some(code), _) => format!("ended with {code}"),
                (None, Some(signal)) => format!("was ended by signal {signal}"),
                (None, None) => "ended".to_owned(),
            },
        }
    }
}

impl Program {
    /// Runs it to its end, or kills it with its whole process group: when it takes longer than
    /// `patience`, and when the caller no longer waits.
    ///
    /// Its input is a whole file and no pipe of ours: if we died, a pipe would end, and what had come so
    /// far would look like all there is.
    ///
    /// # Errors
    /// What the system said: there is no such file, or it is none that can be run.
    pub async fn run(&self, input: File, patience: Duration) -> io::Result<Ended> {
        let (ours, theirs) = io::pipe()?;
        let output = Receiver::from_owned_fd(ours.into())?;
        let mut child = self.command(input, theirs)?.spawn()?;
        let mut group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
        let mut printed = Vec::new();
        let status = match timeout(patience, ended(&mut child, &output, &mut printed)).await {
            Ok(status) => Some(status?),
            Err(_) => {
                group.kill();
                child.wait().await?;
                None
            }
        };
        group.is_over();
        last_words(|| hear(&output, &mut printed));
        Ok(Ended { status, printed })
    }

    fn command(&self, input: File, output: io::PipeWriter) -> io::Result<Command> {
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).env_clear();
        for name in PASSED_ON {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(input).stdout(output.try_clone()?).stderr(output).process_group(0);
        Ok(command)
    }
}

/// The process group of a program that nobody has waited for yet: until then its number is nobody
/// else's.
struct Group(Option<Pid>);

impl Group {
    fn kill(&self) {
        if let Some(group) = self.0 {
            // It may just have ended.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    fn is_over(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn ended(
    child: &mut Child,
    output: &Receiver,
    printed: &mut Vec<u8>,
) -> io::Result<ExitStatus> {
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            status = child.wait() => return status,
            ready = output.readable(), if open => {
                open = ready.is_ok() && hear(output, printed) != Heard::TheEnd;
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    Something,
    Nothing,
    TheEnd,
}

/// Hears what it printed last. Whatever it has started may hold the pipe open for ever, and go on writing
/// into it.
fn last_words(mut hear: impl FnMut() -> Heard) {
    for _ in 0..LAST_WORDS {
        if hear() != Heard::Something {
            return;
        }
    }
}

fn hear(output: &Receiver, printed: &mut Vec<u8>) -> Heard {
    let mut space = [0; 1024];
    match output.try_read(&mut space) {
        Ok(0) => Heard::TheEnd,
        Ok(n) => {
            let room = KEPT.saturating_sub(printed.len());
            printed.extend_from_slice(&space[..n.min(room)]);
            Heard::Something
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Heard::Nothing,
        Err(_) => Heard::TheEnd,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Program {
        Program {
            path: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            variables: vec![("WORD", "said".into())],
        }
    }

    const PATIENCE: Duration = Duration::from_secs(30);

    async fn run(script: &str, input: &[u8]) -> Ended {
        sh(script).run(whole(input), PATIENCE).await.unwrap()
    }

    fn whole(input: &[u8]) -> File {
        use std::io::{Seek, Write};
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(input).unwrap();
        file.rewind().unwrap();
        file
    }

    #[tokio::test]
    async fn it_is_fed_and_heard() {
        let ended = run("cat; echo $WORD >&2; exit 67", b"hello\n").await;
        assert_eq!((ended.code(), &ended.printed[..]), (Some(67), &b"hello\nsaid\n"[..]));
        assert_eq!(ended.how(PATIENCE), "ended with 67");
    }

    #[tokio::test]
    async fn a_flood_of_words_is_heard_and_dropped() {
        let ended = run("head -c 1000000 /dev/zero", b"").await;
        assert_eq!((ended.code(), ended.printed.len()), (Some(0), KEPT));
    }

    #[tokio::test]
    async fn what_it_leaves_running_is_not_waited_for() {
        let ended = run("sleep 600 & echo $!", b"").await;
        let pid = String::from_utf8(ended.printed).unwrap();
        let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, Signal::KILL).unwrap();
    }

    #[test]
    fn what_it_leaves_writing_is_not_heard_for_ever() {
        let mut heard = 0;
        last_words(|| {
            heard += 1;
            assert!(heard <= LAST_WORDS, "it never ends");
            Heard::Something
        });
        assert_eq!(heard, LAST_WORDS);
    }

    /// A program that holds a pipe open together with a child of its own, and what tells that nobody
    /// holds it any more.
    async fn two_sleepers<T>(
        end: impl AsyncFnOnce(Program, tokio::sync::oneshot::Receiver<()>) -> T,
    ) -> T {
        use std::io::Read;
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("alive");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let script = format!("exec 3>{}; sleep 600 & sleep 600", fifo.display());
        let (opened, is_open) = tokio::sync::oneshot::channel();
        let alive = tokio::task::spawn_blocking(move || {
            let mut pipe = File::open(fifo).unwrap();
            opened.send(()).unwrap();
            let mut heard = Vec::new();
            pipe.read_to_end(&mut heard).unwrap();
            heard
        });
        let ended = end(sh(&script), is_open).await;
        assert!(alive.await.unwrap().is_empty());
        ended
    }

    #[tokio::test]
    async fn whoever_takes_too_long_is_killed_with_its_children() {
        tokio::time::pause();
        two_sleepers(async |program, is_open| {
            let running = tokio::spawn(async move { program.run(whole(b""), PATIENCE).await });
            is_open.await.unwrap();
            tokio::time::advance(2 * PATIENCE).await;
            let ended = running.await.unwrap().unwrap();
            assert_eq!(ended.status, None);
            assert!(ended.how(PATIENCE).starts_with("was killed"));
        })
        .await;
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_killed_with_its_children() {
        two_sleepers(async |program, is_open| {
            tokio::select! {
                _ = program.run(whole(b""), PATIENCE) => panic!("it ended"),
                opened = is_open => opened.unwrap(),
            }
        })
        .await;
    }

    #[tokio::test]
    async fn our_settings_are_not_passed_on() {
        let printed = String::from_utf8(run("env", b"").await.printed).unwrap();
        assert!(!printed.contains("CARGO"), "{printed}");
        assert!(printed.contains("WORD=said"), "{printed}");
    }

    #[tokio::test]
    async fn no_such_program_is_told() {
        let nobody = Program { path: "/nowhere".into(), arguments: vec![], variables: vec![] };
        let error = nobody.run(whole(b""), PATIENCE).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}

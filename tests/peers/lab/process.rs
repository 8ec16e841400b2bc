//! Programs that a test starts: each writes a log, is waited for within bounds, and dies with the test.

use std::fs::{self, File};
use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::Lab;
use super::wait::{PATIENCE, until, within};

/// How long a program may take to obey SIGTERM.
const FAREWELL: Duration = Duration::from_secs(5);

/// A running program.
///
/// It leads a process group of its own, so that stopping it stops its children. It also ends when the
/// *thread* that started it ends, even by SIGKILL: start it from the test's own thread.
pub struct Child {
    name: String,
    process: std::process::Child,
    log: PathBuf,
}

impl Child {
    /// Starts `command`, its output going to `NAME.log` in the lab.
    pub fn start(lab: &Lab, name: &str, command: Command) -> Child {
        let log = lab.path(&format!("{name}.log"));
        let out = File::options().create(true).append(true).open(&log).expect("a log file");
        let mut command = tied_to_this_thread(&command);
        command.stdin(Stdio::null()).stdout(out.try_clone().expect("a descriptor")).stderr(out);
        let process = command.spawn().unwrap_or_else(|why| panic!("{name}: {why}"));
        Child { name: name.to_owned(), process, log }
    }

    /// Also shows this file when the test fails, for a program that writes its own log.
    pub fn logging_to(mut self, log: PathBuf) -> Child {
        self.log = log;
        self
    }

    /// Waits until somebody answers at `address`.
    pub fn until_listening(mut self, address: SocketAddr) -> Child {
        let what = format!("{} to listen on {address}", self.name);
        until(&what, || {
            self.must_be_running();
            TcpStream::connect(address).ok()
        });
        self
    }

    /// Waits until somebody at `address` says 220: a port may be bound long before anybody serves it.
    pub fn until_greeting(mut self, address: SocketAddr) -> Child {
        let what = format!("{} to greet on {address}", self.name);
        until(&what, || {
            self.must_be_running();
            greeting(address)
        });
        self
    }

    /// Is this in the log? It is written beside what it tells of, and may come a moment later.
    pub fn has_said(&self, words: &str) -> bool {
        let what = format!("{words:?} in the log of {}", self.name);
        until(&what, || self.log().contains(words).then_some(()));
        true
    }

    /// Waits until the log holds `words`.
    pub fn until_log_says(&mut self, words: &str) {
        let what = format!("{words:?} in the log of {}", self.name);
        until(&what, || {
            self.must_be_running();
            self.log().contains(words).then_some(())
        });
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        read_lossy(&self.log)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Sends a signal to it and its children.
    pub fn signal(&self, signal: Signal) {
        let group = Pid::from_child(&self.process);
        // It may have ended by itself; then there is nobody to tell.
        let _ = kill_process_group(group, signal);
    }

    /// Ends it the hard way, as a power cut would.
    pub fn kill(&mut self) -> ExitStatus {
        self.signal(Signal::KILL);
        self.wait()
    }

    /// Ends it the way an operator would.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Waits for it to end by itself.
    pub fn wait(&mut self) -> ExitStatus {
        self.wait_within(PATIENCE).unwrap_or_else(|| panic!("{} did not end", self.name))
    }

    /// Waits for it to end by itself, but no longer than `limit`.
    pub fn wait_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        within(limit, || self.process.try_wait().expect("a child of ours"))
    }

    fn must_be_running(&mut self) {
        if let Some(status) = self.process.try_wait().expect("a child of ours") {
            panic!("{} ended early: {status}\n{}", self.name, self.log());
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("---- log of {} ----\n{}", self.name, self.log());
        }
        self.signal(Signal::TERM);
        if self.wait_within(FAREWELL).is_none() {
            self.signal(Signal::KILL);
            let _ = self.process.wait();
        }
    }
}

/// A program that was run to its end, or for as long as it was given.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// It was still running when its time was up.
    pub never_ended: bool,
    /// What it wrote to standard output.
    pub out: String,
    /// What it wrote to standard error.
    pub err: String,
}

impl Ran {
    /// Fails the test, showing everything, unless the program ended with 0.
    pub fn succeeded(self) -> Ran {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }
}

/// Runs a program to its end.
pub fn run(lab: &Lab, command: Command) -> Ran {
    run_for(PATIENCE, lab, command)
}

/// Runs a program to its end as a person would see it: its standard error is a terminal. What it
/// wrote there is in `err`, as the terminal got it.
pub fn run_on_a_terminal(lab: &Lab, command: Command) -> Ran {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&screen).and_then(|()| unlockpt(&screen)).expect("a terminal of our own");
    let name = ptsname(&screen, Vec::new()).expect("a name").into_string().expect("a path");
    let terminal = File::options().read(true).write(true).open(name).expect("its other end");
    let size = Winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&terminal, size).expect("a size");
    let looker = std::thread::spawn(move || {
        let (mut screen, mut seen) = (File::from(screen), Vec::new());
        // The last writer's end is told as an error.
        let _ = screen.read_to_end(&mut seen);
        String::from_utf8_lossy(&seen).into_owned()
    });
    let mut ran = run_with(PATIENCE, lab, command, Stdio::null(), Some(terminal));
    ran.err = looker.join().expect("it only reads");
    ran
}

/// Runs a program to its end with this on its standard input.
pub fn run_fed(lab: &Lab, command: Command, input: &str) -> Ran {
    let input = File::open(lab.write("stdin", input)).expect("a file of our own");
    run_with(PATIENCE, lab, command, input.into(), None)
}

/// Runs a program for no longer than `limit`, then kills it.
pub fn run_for(limit: Duration, lab: &Lab, command: Command) -> Ran {
    run_with(limit, lab, command, Stdio::null(), None)
}

fn run_with(
    limit: Duration,
    lab: &Lab,
    command: Command,
    input: Stdio,
    terminal: Option<File>,
) -> Ran {
    let (out, err) = (lab.path("stdout"), lab.path("stderr"));
    let mut command = tied_to_this_thread(&command);
    command.stdin(input);
    let file = |path| File::create(path).expect("a file");
    command.stdout(file(&out)).stderr(terminal.unwrap_or_else(|| file(&err)));
    let mut process = command.spawn().unwrap_or_else(|why| panic!("{command:?}: {why}"));
    // It holds the terminal open for as long as it is there.
    drop(command);
    let ended = within(limit, || process.try_wait().expect("a child of ours"));
    if ended.is_none() {
        let _ = kill_process_group(Pid::from_child(&process), Signal::KILL);
    }
    let status = process.wait().expect("a child of ours");
    Ran {
        code: status.code().filter(|_| status.signal().is_none()),
        never_ended: ended.is_none(),
        out: read_lossy(&out),
        err: read_lossy(&err),
    }
}

/// Whether somebody says 220 here.
fn greeting(address: SocketAddr) -> Option<()> {
    let mut tcp = TcpStream::connect(address).ok()?;
    tcp.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut code = [0; 3];
    tcp.read_exact(&mut code).ok()?;
    (code == *b"220").then_some(())
}

/// The same command, in a process group of its own and told to end when this thread does.
fn tied_to_this_thread(command: &Command) -> Command {
    let mut tied = Command::new("setpriv");
    tied.args(["--pdeathsig", "TERM", "--"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => tied.env(name, value),
            None => tied.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        tied.current_dir(folder);
    }
    tied.process_group(0);
    tied
}

fn read_lossy(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

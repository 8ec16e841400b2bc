//! The one table of exit codes, shared by all our programs.

/// How a program ends. The numbers are those of sysexits where sysexits has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done; "no mail", an empty list and a clean check are this too.
    Ok = 0,
    /// Done, with findings, nothing matched, or some messages deferred.
    Partial = 1,
    /// A check in the form of the Monitoring Plugins: critical.
    Critical = 2,
    /// The same: it could not be made.
    Unknown = 3,
    /// The command line is wrong.
    Usage = 64,
    /// Input data is wrong.
    Data = 65,
    /// No such id or file.
    NoInput = 66,
    /// The host or domain is unknown.
    NoHost = 68,
    /// The host cannot be reached.
    Unavailable = 69,
    /// Our bug.
    Software = 70,
    /// The operating system would not.
    Os = 71,
    /// A file cannot be created.
    CantCreate = 73,
    /// Reading or writing failed.
    Io = 74,
    /// Try later.
    TempFail = 75,
    /// The peer does not speak the protocol.
    Protocol = 76,
    /// Authentication, permission or TLS policy.
    NoPerm = 77,
    /// The configuration is wrong.
    Config = 78,
    /// Interrupted from the keyboard.
    Interrupted = 130,
    /// Told to terminate.
    Terminated = 143,
}

impl Exit {
    /// Every code with what it means, for help texts and manual pages.
    pub const TABLE: [(Exit, &'static str); 17] = [
        (Exit::Ok, "done; \"no mail\", an empty list and a clean check are 0"),
        (Exit::Partial, "done, with findings; nothing matched; some messages deferred"),
        (Exit::Usage, "the command line is wrong"),
        (Exit::Data, "input data is wrong"),
        (Exit::NoInput, "no such id or file"),
        (Exit::NoHost, "host or domain unknown"),
        (Exit::Unavailable, "host not reachable"),
        (Exit::Software, "a bug of ours"),
        (Exit::Os, "the operating system refused"),
        (Exit::CantCreate, "a file cannot be created"),
        (Exit::Io, "reading or writing failed"),
        (Exit::TempFail, "try later: refused for now, timeout, dropped line"),
        (Exit::Protocol, "the peer does not speak the protocol"),
        (Exit::NoPerm, "authentication, permission or TLS policy"),
        (Exit::Config, "configuration, also loose permissions on secrets"),
        (Exit::Interrupted, "interrupted"),
        (Exit::Terminated, "terminated"),
    ];
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> std::process::ExitCode {
        std::process::ExitCode::from(exit as u8)
    }
}

/// Why a program cannot go on: one line of what is wrong, perhaps one of what to do, and how it
/// ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What is wrong; several lines only where several things are.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(exit: Exit, what: impl std::fmt::Display) -> Failure {
        Failure { exit, what: what.to_string(), hint: None }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: Option<impl Into<String>>) -> Failure {
        self.hint = hint.map(Into::into);
        self
    }
}

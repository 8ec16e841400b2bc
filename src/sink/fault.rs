//! Why a target cannot take mail, and who should act.

use std::io;

use crate::smtp::Reply;

/// Why [`open`](super::Sink::open) failed. The provider has not been asked for anything yet.
#[derive(Debug, thiserror::Error)]
pub enum SinkFault {
    /// The settings name something that cannot be: mend the settings.
    #[error("{what}: {problem}")]
    Settings {
        /// What is set.
        what: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The host has no address: mend the name, or the resolver.
    #[error("{target}: the host name does not resolve: {source}")]
    UnknownHost {
        /// The target as configured.
        target: String,
        /// The resolver's word.
        source: io::Error,
    },
    /// Nobody answers there, or the line broke: start the server, or try again.
    #[error("{target}: the connection failed: {source}")]
    Unreachable {
        /// The target as configured.
        target: String,
        /// The system's word.
        source: io::Error,
    },
    /// It did not answer in time: try again.
    #[error("{target}: no answer to {stage} within {seconds} s")]
    Silent {
        /// The target as configured.
        target: String,
        /// What was waited for.
        stage: &'static str,
        /// For how long.
        seconds: u64,
    },
    /// It answered, and does not want our mail: ask whoever runs it.
    #[error("{target}: {stage} was answered \"{reply}\"")]
    Refused {
        /// The target as configured.
        target: String,
        /// What was answered.
        stage: &'static str,
        /// The answer.
        reply: Reply,
    },
    /// It does not offer what the settings want said to it: change its settings, or ours.
    #[error("{target}: {what} is not offered to this host")]
    NotOffered {
        /// The target as configured.
        target: String,
        /// The extension.
        what: &'static str,
    },
    /// What answers there does not speak SMTP or LMTP: check the port.
    #[error("{target}: expected {stage}, heard {heard}")]
    NotSmtp {
        /// The target as configured.
        target: String,
        /// What was waited for.
        stage: &'static str,
        /// What came instead, escaped.
        heard: String,
    },
    /// The program cannot be run: mend the settings, or the program.
    #[error("{path}: is to be run: {source}")]
    Program {
        /// Which.
        path: String,
        /// The system's word.
        source: io::Error,
    },
    /// A directory or file cannot be used: permissions, space, a missing parent.
    #[error("{path}: {doing}: {source}")]
    Disk {
        /// Which.
        path: String,
        /// What was tried.
        doing: &'static str,
        /// The system's word.
        source: io::Error,
    },
}

impl SinkFault {
    /// What to do about it, where there is something to say.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            SinkFault::Settings { .. } => None,
            SinkFault::UnknownHost { .. } => Some("is the name spelt right, and is DNS reachable?"),
            SinkFault::Unreachable { source, .. } => unreachable_hint(source),
            SinkFault::Silent { .. } => {
                Some("the server accepts connections but says nothing; is it overloaded?")
            }
            SinkFault::Refused { reply, .. } if reply.is_transient() => {
                Some("the server asks to be tried later; its own log says why")
            }
            SinkFault::Refused { .. } => Some("does the server allow mail from this host?"),
            SinkFault::NotOffered { .. } => Some(
                "Postfix offers it to the hosts in smtpd_authorized_xclient_hosts; or remove introduce",
            ),
            SinkFault::NotSmtp { .. } => Some("is this the port of an SMTP or LMTP server?"),
            SinkFault::Program { source, .. } => program_hint(source),
            SinkFault::Disk { source, .. } => disk_hint(source),
        }
    }

    /// True when the same attempt may succeed later without anybody's hand.
    pub fn is_transient(&self) -> bool {
        match self {
            SinkFault::Settings { .. }
            | SinkFault::NotOffered { .. }
            | SinkFault::NotSmtp { .. }
            | SinkFault::Program { .. }
            | SinkFault::Disk { .. } => false,
            SinkFault::UnknownHost { .. }
            | SinkFault::Unreachable { .. }
            | SinkFault::Silent { .. } => true,
            SinkFault::Refused { reply, .. } => reply.is_transient(),
        }
    }
}

fn unreachable_hint(source: &io::Error) -> Option<&'static str> {
    match source.kind() {
        io::ErrorKind::ConnectionRefused => Some("is the MTA running, and does it listen there?"),
        io::ErrorKind::NotFound => Some("there is no such socket; is the server running?"),
        io::ErrorKind::PermissionDenied => {
            Some("may this user write to the socket and enter its directory?")
        }
        io::ErrorKind::TimedOut => Some("is a firewall in between?"),
        _ => None,
    }
}

fn program_hint(source: &io::Error) -> Option<&'static str> {
    match source.kind() {
        io::ErrorKind::NotFound => Some(
            "is it installed, and is its whole path right? Its arguments stand in `arguments`, not behind it",
        ),
        io::ErrorKind::PermissionDenied => {
            Some("is it executable (chmod +x), and may this user enter its directory?")
        }
        _ => None,
    }
}

fn disk_hint(source: &io::Error) -> Option<&'static str> {
    match source.kind() {
        io::ErrorKind::NotFound => Some("create the parent directory first"),
        io::ErrorKind::PermissionDenied => {
            Some("the directory must belong to the user that runs this program")
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("make room and try again")
        }
        io::ErrorKind::ReadOnlyFilesystem => Some("the file system is mounted read-only"),
        io::ErrorKind::NotADirectory => Some(
            "something that is no directory is in the way; symbolic links below the base are not followed",
        ),
        io::ErrorKind::CrossesDevices => Some("tmp and new must be on one file system"),
        _ => None,
    }
}

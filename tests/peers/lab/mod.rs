//! The lab: what the tests with real mail programs stand on.
//!
//! A [`Lab`] is one test's own corner of the machine: a temporary folder and a loopback address that
//! nobody else uses. In it live peers ([`postfix`], [`exim`], [`dovecot`], [`fetchmail`], ...), each a
//! [`process::Child`] that dies with the test, and the [`script`] peer, which says what it is told to.
//! What arrives is read by [`maildir`] and judged by [`ledger`].
//!
//! Only [`ours`] knows our own programs; nothing leaves the loopback interface.

pub mod authority;
pub mod dns;
pub mod dovecot;
pub mod exim;
pub mod fetchmail;
pub mod ledger;
pub mod maildir;
pub mod opensmtpd;
pub mod ours;
pub mod post;
pub mod postfix;
pub mod presence;
pub mod process;
pub mod script;
pub mod tools;
pub mod wait;

use std::cell::Cell;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

/// One test's folder and loopback address. Open it before its peers, so that it outlives them.
pub struct Lab {
    folder: TempDir,
    ip: Ipv4Addr,
    /// Held open while the lab is: whoever cannot bind it takes another address.
    _stake: TcpListener,
    last_port: Cell<u16>,
}

/// The port that marks an address as taken. Peers get the ports above it.
const STAKE_PORT: u16 = 3000;

impl Lab {
    /// A fresh corner of the machine.
    pub fn open() -> Lab {
        let folder = tempfile::Builder::new().prefix("odmr-lab-").tempdir().expect("a folder");
        allow(folder.path(), 0o755);
        let (ip, stake) = claim_address();
        Lab { folder, ip, _stake: stake, last_port: Cell::new(STAKE_PORT) }
    }

    /// The loopback address that is this lab's alone.
    pub fn ip(&self) -> Ipv4Addr {
        self.ip
    }

    /// An address and port on which nothing listens yet, never given out twice.
    pub fn free(&self) -> SocketAddr {
        let ports = self.last_port.get() + 1..=u16::MAX;
        let port = ports.into_iter().find(|port| is_free((self.ip, *port).into()));
        let port = port.expect("a free port");
        self.last_port.set(port);
        SocketAddr::from((self.ip, port))
    }

    /// Where `name` is, or would be, in the lab's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file that every peer may read.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        path
    }

    /// A folder that every peer may write to, whichever user it runs as.
    pub fn room(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        allow(&path, 0o777);
        path
    }
}

/// Whether nobody listens there. Does not listen itself: a child that another test is about to start
/// would keep such a socket open for a moment, and the port taken.
fn is_free(address: SocketAddr) -> bool {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_reuse_address(true).expect("a socket");
    socket.bind(&address.into()).is_ok()
}

/// A program of the lab that does what the script says, as a target.
pub fn program(lab: &Lab, name: &str, script: &str) -> String {
    let path = lab.write(name, format!("#!/bin/sh\n{script}\n"));
    allow(&path, 0o755);
    format!("command:{}", path.display())
}

/// Sets a file's permissions.
pub fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .unwrap_or_else(|why| panic!("{}: {why}", path.display()));
}

/// Takes the first loopback address whose stake is free, starting at one that the process id picks.
fn claim_address() -> (Ipv4Addr, TcpListener) {
    let start = std::process::id().wrapping_mul(16);
    (0..5000)
        .map(|step| loopback(start.wrapping_add(step)))
        .find_map(|ip| Some((ip, TcpListener::bind((ip, STAKE_PORT)).ok()?)))
        .expect("a loopback address of our own (Linux answers on all of 127.0.0.0/8)")
}

/// 127.x.y.z, leaving 127.0.0.0/16 to the machine's own services, and no part 0 or 255.
fn loopback(number: u32) -> Ipv4Addr {
    let part = |shift: u32| u8::try_from((number / shift) % 254 + 1).expect("1 to 254");
    Ipv4Addr::new(127, part(254 * 254), part(254), part(1))
}

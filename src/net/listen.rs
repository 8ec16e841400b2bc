//! Sockets that wait for callers.
//!
//! Binding and listening are two steps: low ports are bound by root, before the privileges go and
//! before there are threads; a [`Listener`] belongs to the runtime.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::{TcpListener, UnixListener};

use super::stream::Plain;
use crate::net::Wire;

/// Callers the kernel keeps waiting while we are busy accepting others.
const BACKLOG: i32 = 1024;
/// How long accepting rests when the system has run out of something. Callers wait in the
/// backlog; asking again at once would burn the processor that others need to finish.
const OUT_OF_BREATH: Duration = Duration::from_millis(500);

/// Where to listen: `192.0.2.1:366`, `[::]:25`, or `unix:/run/odmr/lmtp.sock`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ListenAddr {
    /// An address and a port. `[::]` is IPv6 alone, on every system and whatever its settings, so
    /// that `0.0.0.0` and `[::]` can stand side by side.
    Tcp(SocketAddr),
    /// A socket file.
    Unix(PathBuf),
}

/// A text that names no place to listen.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address to listen on; write 192.0.2.1:366, [::]:25 or unix:/path")]
pub struct NotAnAddress(String);

impl FromStr for ListenAddr {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<ListenAddr, NotAnAddress> {
        let wrong = || NotAnAddress(text.to_owned());
        match text.strip_prefix("unix:") {
            Some(path) if path.starts_with('/') => Ok(ListenAddr::Unix(path.into())),
            Some(_) => Err(wrong()),
            None => text.parse().map(ListenAddr::Tcp).map_err(|_| wrong()),
        }
    }
}

impl std::fmt::Display for ListenAddr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ListenAddr::Tcp(address) => write!(f, "{address}"),
            ListenAddr::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Why nobody can be heard at an address: the administrator should act.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// EADDRINUSE.
    #[error("{0}: another server listens there; `ss -ltnp` shows which")]
    InUse(ListenAddr),
    /// EACCES or EPERM.
    #[error(
        "{0}: not permitted; start as root with a user to change to, or by systemd with a socket \
         unit or AmbientCapabilities=CAP_NET_BIND_SERVICE, or take a port from 1024 up"
    )]
    NotPermitted(ListenAddr),
    /// EADDRNOTAVAIL.
    #[error("{0}: no interface of this machine has that address; `ip address` shows which it has")]
    NotOurs(ListenAddr),
    /// There is a file where the socket should be, and it is no socket.
    #[error("{0}: there is a file by that name which is not a socket; remove it or choose another")]
    NotASocket(ListenAddr),
    /// Something else.
    #[error("{0}: cannot listen: {1}")]
    Other(ListenAddr, io::Error),
    /// A socket of the service manager cannot be used.
    #[error("socket {name:?} from the service manager: {why}")]
    Inherited {
        /// Its name: `FileDescriptorName=` of the socket unit.
        name: String,
        /// What is wrong with it.
        why: String,
    },
}

impl ListenError {
    /// Does this system know no addresses of that family?
    pub fn is_of_an_unknown_family(&self) -> bool {
        let unknown = Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error());
        matches!(self, ListenError::Other(_, error) if error.raw_os_error() == unknown)
    }
}

/// A socket that callers may knock at, though nobody answers yet.
#[derive(Debug)]
pub struct Bound {
    pub(super) socket: Socket,
    pub(super) address: ListenAddr,
}

impl Bound {
    /// Binds and starts the backlog.
    ///
    /// # Errors
    ///
    /// Names the address and what to do.
    pub fn bind(address: &ListenAddr) -> Result<Bound, ListenError> {
        let bound = match address {
            ListenAddr::Tcp(at) => bind_tcp(*at),
            ListenAddr::Unix(path) => bind_unix(path),
        };
        let socket = bound.map_err(|error| told(address, error))?;
        let address = actual(&socket).unwrap_or_else(|| address.clone());
        Ok(Bound { socket, address })
    }

    /// Where it listens. A port that was asked for as 0 is known by now.
    pub fn address(&self) -> &ListenAddr {
        &self.address
    }

    /// Begins to answer. To be called within the runtime.
    ///
    /// # Errors
    ///
    /// [`ListenError::Other`] when the runtime cannot take the socket.
    pub fn listen(self) -> Result<Listener, ListenError> {
        let Bound { socket, address } = self;
        let socket = match address {
            ListenAddr::Tcp(_) => TcpListener::from_std(socket.into()).map(Accepting::Tcp),
            ListenAddr::Unix(_) => UnixListener::from_std(socket.into()).map(Accepting::Unix),
        };
        match socket {
            Ok(socket) => Ok(Listener { socket, address }),
            Err(error) => Err(ListenError::Other(address, error)),
        }
    }
}

/// A socket that answers.
#[derive(Debug)]
pub struct Listener {
    socket: Accepting,
    address: ListenAddr,
}

#[derive(Debug)]
enum Accepting {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Where it listens.
    pub fn address(&self) -> &ListenAddr {
        &self.address
    }

    /// Waits for the next caller. Cancel-safe.
    ///
    /// Never fails: a caller that is gone before we come to it is passed over, and when the
    /// system is out of descriptors or memory the listener says so in the log, rests, and tries
    /// again.
    pub async fn accept(&self) -> Wire {
        match self.accept_stream().await {
            Plain::Tcp(stream) => stream.into(),
            Plain::Unix(stream) => stream.into(),
            Plain::Memory(stream) => stream.into(),
        }
    }

    /// The same for whoever speaks something else than mail.
    pub(super) async fn accept_stream(&self) -> Plain {
        loop {
            match self.socket.accept().await {
                Ok(stream) => return stream,
                Err(error) if concerns_the_caller_only(&error) => {}
                Err(error) => {
                    tracing::warn!(listener = %self.address, %error, "cannot accept; resting");
                    tokio::time::sleep(OUT_OF_BREATH).await;
                }
            }
        }
    }
}

impl Accepting {
    async fn accept(&self) -> io::Result<Plain> {
        match self {
            Accepting::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // A reply is written whole: waiting for more only delays it.
                stream.set_nodelay(true)?;
                Ok(Plain::Tcp(stream))
            }
            Accepting::Unix(listener) => Ok(Plain::Unix(listener.accept().await?.0)),
        }
    }
}

/// Linux hands over errors of the connection itself on accept; see accept(2).
fn concerns_the_caller_only(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(
        error.kind(),
        K::ConnectionAborted
            | K::ConnectionReset
            | K::NotConnected
            | K::InvalidInput
            | K::Interrupted
            | K::HostUnreachable
            | K::NetworkUnreachable
            | K::NetworkDown
            | K::TimedOut
    )
}

fn bind_tcp(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // Or a restart would wait for the last connections of the run before to be forgotten.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    open(socket, &address.into())
}

fn bind_unix(path: &Path) -> io::Result<Socket> {
    clear_stale(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    open(socket, &SockAddr::unix(path)?)
}

fn open(socket: Socket, address: &SockAddr) -> io::Result<Socket> {
    socket.bind(address)?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A server that was killed leaves its socket file behind. Removed only if nobody answers.
pub(super) fn clear_stale(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Ok(_) => {}
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    probe.set_nonblocking(true)?;
    match probe.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)
        }
        // Too many wait for an answer there; to wait behind them might have no end.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(io::ErrorKind::AddrInUse.into())
        }
        Err(error) => Err(error),
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
    }
}

fn told(address: &ListenAddr, error: io::Error) -> ListenError {
    let low_port = matches!(address, ListenAddr::Tcp(_));
    let address = address.clone();
    match error.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse(address),
        io::ErrorKind::PermissionDenied if low_port => ListenError::NotPermitted(address),
        io::ErrorKind::AddrNotAvailable => ListenError::NotOurs(address),
        io::ErrorKind::AlreadyExists => ListenError::NotASocket(address),
        _ => ListenError::Other(address, error),
    }
}

pub(super) fn actual(socket: &Socket) -> Option<ListenAddr> {
    let address = socket.local_addr().ok()?;
    let tcp = address.as_socket().map(ListenAddr::Tcp);
    tcp.or_else(|| Some(ListenAddr::Unix(address.as_pathname()?.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn print_and_parse_are_inverses() {
        for text in ["127.0.0.1:366", "[::]:25", "unix:/run/odmr/lmtp.sock"] {
            assert_eq!(text.parse::<ListenAddr>().unwrap().to_string(), text);
        }
        for text in ["366", ":25", "localhost:25", "::1", "unix:relative", "unix:", "1.2.3.4:99999"]
        {
            let complaint = text.parse::<ListenAddr>().unwrap_err().to_string();
            assert!(complaint.starts_with(&format!("{text:?} is no address")));
        }
    }

    fn loopback(port: u16) -> ListenAddr {
        ListenAddr::Tcp(([127, 0, 0, 1], port).into())
    }

    #[test]
    fn a_port_in_use_is_told_with_where_to_look() {
        let first = Bound::bind(&loopback(0)).unwrap();
        let complaint = Bound::bind(first.address()).unwrap_err().to_string();
        assert!(complaint.ends_with("another server listens there; `ss -ltnp` shows which"));
        assert!(complaint.starts_with("127.0.0.1:"));
    }

    #[test]
    fn an_address_of_somebody_else_is_told() {
        let elsewhere = ListenAddr::Tcp("192.0.2.1:0".parse().unwrap());
        assert!(matches!(Bound::bind(&elsewhere), Err(ListenError::NotOurs(_))));
    }

    #[test]
    fn both_families_may_share_a_port() {
        let v4 = Bound::bind(&ListenAddr::Tcp("0.0.0.0:0".parse().unwrap())).unwrap();
        let ListenAddr::Tcp(bound) = v4.address() else { unreachable!() };
        let v6 = ListenAddr::Tcp(SocketAddr::new("::".parse().unwrap(), bound.port()));
        match Bound::bind(&v6) {
            Ok(_) => {}
            // A machine without IPv6 cannot tell.
            Err(ListenError::Other(..) | ListenError::NotOurs(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        let told = |errno| told(&loopback(25), io::Error::from_raw_os_error(errno)).to_string();
        assert!(told(13).starts_with("127.0.0.1:25: not permitted; start as root"));
        assert!(told(1).starts_with("127.0.0.1:25: not permitted"));
        assert!(told(24).starts_with("127.0.0.1:25: cannot listen: Too many open files"));
    }

    #[test]
    fn only_the_callers_own_trouble_is_passed_over() {
        let only = |errno| concerns_the_caller_only(&io::Error::from_raw_os_error(errno));
        let (econnaborted, ehostunreach) = (103, 113);
        assert!(only(econnaborted) && only(ehostunreach));
        let (emfile, enfile, enobufs, enomem) = (24, 23, 105, 12);
        assert!([emfile, enfile, enobufs, enomem].into_iter().all(|errno| !only(errno)));
    }

    #[tokio::test]
    async fn callers_come_in_over_tcp() {
        let listener = Bound::bind(&loopback(0)).unwrap().listen().unwrap();
        let ListenAddr::Tcp(address) = listener.address().clone() else { unreachable!() };
        let (wire, caller) =
            tokio::join!(listener.accept(), tokio::net::TcpStream::connect(address));
        assert_eq!(wire.peer(), caller.unwrap().local_addr().ok());
    }

    #[tokio::test]
    async fn a_socket_file_left_behind_is_taken_over_and_a_live_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lmtp.sock");
        let address = ListenAddr::Unix(path.clone());
        let first = Bound::bind(&address).unwrap();
        assert!(matches!(Bound::bind(&address), Err(ListenError::InUse(_))));
        drop(first);
        let listener = Bound::bind(&address).unwrap().listen().unwrap();
        let (wire, caller) = tokio::join!(listener.accept(), tokio::net::UnixStream::connect(path));
        assert_eq!(wire.peer(), None);
        assert!(caller.is_ok());
    }

    #[test]
    fn a_file_that_is_no_socket_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("precious");
        std::fs::write(&path, "mail").unwrap();
        let refused = Bound::bind(&ListenAddr::Unix(path.clone()));
        assert!(matches!(refused, Err(ListenError::NotASocket(_))));
        assert_eq!(std::fs::read(path).unwrap(), b"mail");
    }
}

//! Calling somebody: a name becomes addresses, and the first that answers becomes a wire.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpSocket, TcpStream, UnixStream, lookup_host};
use tokio::time::timeout;
use tokio_socks::tcp::Socks5Stream;

use crate::net::Wire;
use crate::smtp::escape::Escaped;

/// A peer that vanished without a word is noticed after this much silence. Sessions have
/// deadlines of their own; this is for the machine behind a NAT that has forgotten us.
const KEEPALIVE: Duration = Duration::from_secs(120);
/// A name with more addresses than this is somebody's joke.
const ADDRESSES: usize = 16;

/// Which addresses of a host are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// All, in the order the resolver gives (RFC 6724).
    #[default]
    Any,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

/// How a host is called.
#[derive(Clone, Debug)]
pub struct Calling {
    /// Which of its addresses.
    pub family: Family,
    /// By way of this SOCKS proxy (RFC 1928), its host and port. It looks the host up; what stands here of
    /// addresses is about the way to the proxy.
    pub proxy: Option<(String, u16)>,
    /// From which address of ours; only addresses of its family can be called then.
    pub from: Option<IpAddr>,
    /// How long the look-up may take, and then how long each address.
    pub patience: Duration,
}

impl Default for Calling {
    fn default() -> Calling {
        Calling { family: Family::Any, proxy: None, from: None, patience: Duration::from_secs(30) }
    }
}

/// Why nobody was reached.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The name does not exist: a person should look at it.
    #[error("{host}: no such host")]
    HostUnknown {
        /// The name.
        host: String,
    },
    /// The name exists, but not for the kind of address that was asked for.
    #[error("{host}: has no {} address", if *.family == Family::V4 { "IPv4" } else { "IPv6" })]
    WrongFamily {
        /// The name.
        host: String,
        /// The family that was asked for.
        family: Family,
    },
    /// No name server could tell: trying again is the right answer.
    #[error("{host}: cannot be looked up now: {why}")]
    LookupFailed {
        /// The name.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// No address answers: trying again is the right answer.
    #[error("{target}: not reachable: {}", Said(.attempts))]
    Unreachable {
        /// The host and port, or the socket file.
        target: String,
        /// What each address said.
        attempts: Vec<Attempt>,
    },
}

/// One address that did not answer.
#[derive(Debug)]
pub struct Attempt {
    /// The address; none for a socket file.
    pub address: Option<SocketAddr>,
    /// What it said.
    pub error: io::Error,
}

impl ConnectError {
    /// Is it this end that has no way out: no name server that answers, no route, not even the address
    /// to call from? A host that is down, or a network that swallows what is sent, is not that.
    pub fn is_offline(&self) -> bool {
        match self {
            ConnectError::HostUnknown { .. } | ConnectError::WrongFamily { .. } => false,
            ConnectError::LookupFailed { .. } => true,
            ConnectError::Unreachable { attempts, .. } => {
                attempts.iter().all(|attempt| has_no_way_out(&attempt.error))
            }
        }
    }
}

fn has_no_way_out(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let told = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(told, Some(Errno::NETUNREACH | Errno::NETDOWN | Errno::ADDRNOTAVAIL))
}

struct Said<'a>(&'a [Attempt]);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, attempt) in self.0.iter().enumerate() {
            f.write_str(if n > 0 { "; " } else { "" })?;
            match attempt.address {
                Some(address) => write!(f, "{}: {}", address.ip(), attempt.error)?,
                None => write!(f, "{}", attempt.error)?,
            }
        }
        Ok(())
    }
}

/// Calls a host: a name, an address, or an address in brackets. Tries one address after another.
///
/// # Errors
///
/// Tells an unknown name from a host that does not answer.
pub async fn connect(host: &str, port: u16, calling: &Calling) -> Result<Wire, ConnectError> {
    match &calling.proxy {
        Some((proxy, at)) => {
            let stream = reach(proxy, *at, calling).await?;
            passed_on(stream, host, port, calling.patience).await
        }
        None => Ok(reach(host, port, calling).await?.into()),
    }
}

async fn reach(host: &str, port: u16, calling: &Calling) -> Result<TcpStream, ConnectError> {
    let mut attempts = Vec::new();
    for address in resolve(host, port, calling).await? {
        match call(address, calling).await {
            Ok(stream) => return Ok(stream),
            Err(error) => attempts.push(Attempt { address: Some(address), error }),
        }
    }
    Err(ConnectError::Unreachable { target: format!("{}:{port}", shown(host)), attempts })
}

/// Has the proxy at the other end of the line call the host.
async fn passed_on(
    stream: TcpStream,
    host: &str,
    port: u16,
    patience: Duration,
) -> Result<Wire, ConnectError> {
    let address = stream.peer_addr().ok();
    let asked = Socks5Stream::connect_with_socket(stream, (without_brackets(host), port));
    let error = match timeout(patience, asked).await {
        Ok(Ok(through)) => return Ok(through.into_inner().into()),
        Ok(Err(fault)) => io::Error::other(format!("the proxy: {fault}")),
        Err(_) => silent(patience),
    };
    let target = format!("{}:{port}", shown(host));
    Err(ConnectError::Unreachable { target, attempts: vec![Attempt { address, error }] })
}

fn silent(patience: Duration) -> io::Error {
    let why = format!("no answer within {} s", patience.as_secs());
    io::Error::new(io::ErrorKind::TimedOut, why)
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}

/// Calls a socket file.
///
/// # Errors
///
/// [`ConnectError::Unreachable`] with what the system said.
pub async fn connect_unix(path: &Path) -> Result<Wire, ConnectError> {
    UnixStream::connect(path).await.map(Wire::from).map_err(|error| ConnectError::Unreachable {
        target: path.display().to_string(),
        attempts: vec![Attempt { address: None, error }],
    })
}

async fn call(address: SocketAddr, calling: &Calling) -> io::Result<TcpStream> {
    let patience = calling.patience;
    let stream = match timeout(patience, connected(address, calling.from)).await {
        Ok(connected) => connected?,
        Err(_) => return Err(silent(patience)),
    };
    // A group of commands is written whole: waiting for more only delays it.
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 4);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    Ok(stream)
}

async fn connected(address: SocketAddr, from: Option<IpAddr>) -> io::Result<TcpStream> {
    let Some(own) = from else { return TcpStream::connect(address).await };
    let socket = if own.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.bind(SocketAddr::new(own, 0))?;
    socket.connect(address).await
}

/// The addresses that would be called, in order.
///
/// # Errors
///
/// A name that does not exist, cannot be looked up, or has no address that could be called.
pub async fn resolve(
    host: &str,
    port: u16,
    calling: &Calling,
) -> Result<Vec<SocketAddr>, ConnectError> {
    let all = match without_brackets(host).parse::<IpAddr>() {
        Ok(literal) => vec![SocketAddr::new(literal, port)],
        Err(_) => look_up(host, port, calling.patience).await?,
    };
    let family = match calling.from {
        Some(IpAddr::V4(_)) => Family::V4,
        Some(IpAddr::V6(_)) => Family::V6,
        None => calling.family,
    };
    chosen(all, family).ok_or_else(|| ConnectError::WrongFamily { host: shown(host), family })
}

async fn look_up(
    host: &str,
    port: u16,
    patience: Duration,
) -> Result<Vec<SocketAddr>, ConnectError> {
    match timeout(patience, lookup_host((host, port))).await {
        Ok(Ok(addresses)) => Ok(addresses.collect()),
        Ok(Err(error)) => Err(unresolved(host, &error)),
        Err(_) => Err(ConnectError::LookupFailed {
            host: shown(host),
            why: format!("no answer within {} s", patience.as_secs()),
        }),
    }
}

/// getaddrinfo's code is lost on the way here; its text is not. What it calls temporary
/// (EAI_AGAIN), or a failure of the system itself, says nothing about the name.
fn unresolved(host: &str, error: &io::Error) -> ConnectError {
    let why = error.to_string();
    let host = shown(host);
    let about_the_name = error.raw_os_error().is_none()
        && ["not known", "No address", "nodename", "No such host"].iter().any(|t| why.contains(t));
    if about_the_name {
        ConnectError::HostUnknown { host }
    } else {
        ConnectError::LookupFailed { host, why }
    }
}

/// None if there are addresses, but not of that family. A name may list an address twice.
fn chosen(all: Vec<SocketAddr>, family: Family) -> Option<Vec<SocketAddr>> {
    let mut kept: Vec<SocketAddr> = Vec::new();
    for address in all {
        let fits = match family {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        };
        if fits && !kept.contains(&address) && kept.len() < ADDRESSES {
            kept.push(address);
        }
    }
    (!kept.is_empty()).then_some(kept)
}

fn shown(host: &str) -> String {
    Escaped::text(host).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// A port of loopback that nobody listens on, as long as the socket lives.
    fn silent() -> (socket2::Socket, u16) {
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
        let port = socket.local_addr().unwrap().as_socket().unwrap().port();
        (socket, port)
    }

    #[tokio::test]
    async fn a_listening_host_is_reached_by_address() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        for host in ["127.0.0.1", "[127.0.0.1]"] {
            let wire = connect(host, address.port(), &Calling::default()).await.unwrap();
            assert_eq!(wire.peer(), Some(address));
        }
    }

    #[tokio::test]
    async fn who_does_not_answer_is_told_with_what_was_tried() {
        let (_held, port) = silent();
        let error = connect("127.0.0.1", port, &Calling::default()).await.unwrap_err();
        let expected = format!("127.0.0.1:{port}: not reachable: 127.0.0.1: Connection refused");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }

    #[tokio::test]
    async fn a_family_the_host_does_not_have_is_told() {
        let calling = Calling { family: Family::V6, ..Calling::default() };
        let error = connect("127.0.0.1", 25, &calling).await.unwrap_err();
        assert_eq!(error.to_string(), "127.0.0.1: has no IPv6 address");
    }

    #[tokio::test]
    async fn a_call_comes_from_the_address_that_was_named() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let calling = |from: &str| Calling { from: from.parse().ok(), ..Calling::default() };
        let _wire = connect("127.0.0.1", port, &calling("127.0.0.9")).await.unwrap();
        let (_, caller) = listener.accept().await.unwrap();
        assert_eq!(caller.ip(), "127.0.0.9".parse::<IpAddr>().unwrap());
        let error = connect("127.0.0.1", port, &calling("::1")).await.unwrap_err();
        assert_eq!(error.to_string(), "127.0.0.1: has no IPv6 address");
        // An address that is nobody's here: the link is down.
        let error = connect("127.0.0.1", port, &calling("192.0.2.1")).await.unwrap_err();
        assert!(error.is_offline(), "{error}");
    }

    #[test]
    fn who_is_offline_has_no_way_to_anybody() {
        use rustix::io::Errno;
        let attempt = |errno: Errno| Attempt { address: None, error: errno.into() };
        let told = |all: &[Errno]| {
            let attempts = all.iter().map(|errno| attempt(*errno)).collect();
            ConnectError::Unreachable { target: "p:366".into(), attempts }.is_offline()
        };
        assert!(told(&[Errno::NETUNREACH, Errno::NETUNREACH]));
        assert!(!told(&[Errno::NETUNREACH, Errno::CONNREFUSED]));
        assert!(!told(&[Errno::HOSTUNREACH]) && !told(&[Errno::TIMEDOUT]));
        let host = || "p".to_owned();
        assert!(ConnectError::LookupFailed { host: host(), why: host() }.is_offline());
        assert!(!ConnectError::HostUnknown { host: host() }.is_offline());
    }

    /// A proxy that is asked for this, and answers with this code of RFC 1928, section 6.
    async fn proxy(wanted: &'static [u8], code: u8) -> (Calling, tokio::task::JoinHandle<()>) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let calling = Calling { proxy: Some(("127.0.0.1".into(), port)), ..Calling::default() };
        let played = tokio::spawn(async move {
            let (mut line, _) = listener.accept().await.unwrap();
            let mut hello = [0; 3];
            line.read_exact(&mut hello).await.unwrap();
            assert_eq!(hello, [5, 1, 0]);
            line.write_all(&[5, 0]).await.unwrap();
            let mut asked = vec![0; wanted.len()];
            line.read_exact(&mut asked).await.unwrap();
            assert_eq!(asked, wanted);
            line.write_all(&[5, code, 0, 1, 192, 0, 2, 1, 1, 110]).await.unwrap();
            line.write_all(b"220 behind it\r\n").await.unwrap();
        });
        (calling, played)
    }

    #[tokio::test]
    async fn a_proxy_is_told_the_name_and_looks_it_up_itself() {
        let name: &[u8] = b"\x05\x01\x00\x03\x0eodmr.p.invalid\x01\x6e";
        let (calling, played) = proxy(name, 0).await;
        let mut wire = connect("odmr.p.invalid", 366, &calling).await.unwrap();
        let mut heard = bytes::BytesMut::new();
        wire.read(&mut heard, None).await.unwrap();
        assert!(heard.starts_with(b"220 "));
        played.await.unwrap();
        // An address is told as one.
        let (calling, played) = proxy(b"\x05\x01\x00\x01\xc0\x00\x02\x07\x01\x6e", 4).await;
        let error = connect("192.0.2.7", 366, &calling).await.unwrap_err().to_string();
        assert!(
            error.starts_with("192.0.2.7:366: not reachable: 127.0.0.1: the proxy: "),
            "{error}"
        );
        played.await.unwrap();
    }

    #[tokio::test]
    async fn a_socket_file_that_is_not_there_is_told() {
        let error = connect_unix(Path::new("/nowhere/lmtp.sock")).await.unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/lmtp.sock: not reachable: No such file"));
    }

    #[test]
    fn an_unknown_name_is_not_a_silent_name_server() {
        let judged = |why: &'static str| unresolved("odmr.example", &io::Error::other(why));
        let prefix = "failed to lookup address information";
        for why in ["Name or service not known", "No address associated with hostname"] {
            let why = format!("{prefix}: {why}").leak();
            assert!(matches!(judged(why), ConnectError::HostUnknown { .. }));
        }
        let why = "Temporary failure in name resolution";
        assert!(matches!(judged(why), ConnectError::LookupFailed { .. }));
    }

    #[test]
    fn addresses_are_called_once_each_in_the_resolvers_order() {
        let all = addresses(&["[2001:db8::1]:25", "192.0.2.1:25", "192.0.2.1:25", "192.0.2.2:25"]);
        let v4 = addresses(&["192.0.2.1:25", "192.0.2.2:25"]);
        assert_eq!(chosen(all.clone(), Family::V4), Some(v4));
        assert_eq!(chosen(all.clone(), Family::Any).unwrap().len(), 3);
        assert_eq!(chosen(addresses(&["192.0.2.1:25"]), Family::V6), None);
    }
}

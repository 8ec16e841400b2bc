//! Asking one name server one question, and hearing its whole answer.
//!
//! A resolver hides what a check of a zone wants to know: who answered, whether it speaks for the zone, what
//! the code was. So each server is asked by itself. The format and the defence against forged packets
//! (another id, another question, another sender) are hickory's; that what comes by a line is about this question
//! is looked at here.

mod lines;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::{DnsHandle, DnsRequestSender, FirstAnswer};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{
    DnsRequest, DnsRequestOptions, DnsResponse, Edns, Message, Query, ResponseCode,
};
use hickory_resolver::proto::rr::{DNSClass, Name, RecordType};
use tokio::sync::Semaphore;

use self::lines::Lines;
pub use self::lines::Way;
use super::WireFault;
use super::tls::TlsClient;

/// What fits into a packet on every path. RFC 9715, section 3.2.
const ROOM: u16 = 1232;
/// So many questions of a process are under way at once: each has a socket.
const AT_ONCE: usize = 96;

/// Asks name servers. Clones share the limit on what is under way.
#[derive(Clone, Debug)]
pub struct Asker {
    patience: Duration,
    tries: u8,
    room: Arc<Semaphore>,
    lines: Option<Arc<Lines>>,
}

/// A question.
#[derive(Clone, Debug)]
pub struct Question {
    /// The name.
    pub name: Name,
    /// What is asked for.
    pub kind: RecordType,
    /// May the server ask others (RD)?
    pub recurse: bool,
    /// Need it not check signatures (CD)?
    pub unchecked: bool,
    /// With EDNS?
    pub edns: bool,
    /// With signatures (DO)?
    pub signed: bool,
    /// By TCP from the beginning?
    pub tcp: bool,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mute {
    /// Nothing came in time.
    Timeout,
    /// The port is closed.
    Closed,
    /// There is no way there from here.
    Unroutable,
    /// What came was no answer.
    Garbled(String),
    /// The system would not, or the question cannot be put.
    Fault(String),
}

impl Asker {
    /// Waits so long for each answer, and sends a question so often meanwhile.
    pub fn new(patience: Duration, tries: u8) -> Asker {
        let room = Arc::new(Semaphore::new(AT_ONCE));
        Asker { patience, tries: tries.max(1), room, lines: None }
    }

    /// Also asks those that are asked by TLS or HTTPS, with certificates looked at like this.
    pub fn with_tls(self, tls: TlsClient) -> Asker {
        Asker { lines: Some(Arc::new(Lines::new(tls))), ..self }
    }

    /// Puts the question, and says how long the answer took; waiting for a place to ask from does not count.
    /// [`Mute`] says why there is no answer.
    pub async fn timed(
        &self,
        at: SocketAddr,
        way: &Way,
        question: &Question,
    ) -> (Result<DnsResponse, Mute>, Duration) {
        let _permit = self.room.acquire().await;
        let begun = Instant::now();
        let heard = match (way, &self.lines) {
            (Way::Plain, _) => self.ask(at, question).await,
            (_, Some(lines)) => {
                let request = self.request(question);
                let heard = lines.ask(at, way, request, self.patience, self.tries).await;
                heard.and_then(|answer| about(question, answer))
            }
            (_, None) => Err(Mute::Fault("nobody said how to look at certificates".to_owned())),
        };
        (heard, begun.elapsed())
    }

    /// Puts the question. An answer that did not fit into a packet is asked for again by TCP (RFC 7766,
    /// section 5).
    async fn ask(&self, at: SocketAddr, question: &Question) -> Result<DnsResponse, Mute> {
        let request = self.request(question);
        if question.tcp {
            return about(question, self.by_tcp(at, request).await?);
        }
        let answer = self.by_udp(at, request.clone()).await?;
        match answer.metadata.truncation {
            // What fitted says at least that there is more.
            true => {
                let whole = self.by_tcp(at, request).await;
                Ok(whole.and_then(|whole| about(question, whole)).unwrap_or(answer))
            }
            false => Ok(answer),
        }
    }

    fn request(&self, question: &Question) -> DnsRequest {
        let mut message = Message::query();
        message.add_query(Query::query(question.name.clone(), question.kind));
        message.metadata.recursion_desired = question.recurse;
        message.metadata.checking_disabled = question.unchecked;
        if question.edns {
            let mut edns = Edns::new();
            edns.set_max_payload(ROOM).set_version(0).set_dnssec_ok(question.signed);
            message.set_edns(edns);
        }
        let mut options = DnsRequestOptions::default();
        options.retry_interval = self.patience / u32::from(self.tries);
        DnsRequest::new(message, options)
    }

    async fn by_udp(&self, at: SocketAddr, request: DnsRequest) -> Result<DnsResponse, Mute> {
        let stream = UdpClientStream::builder(at, TokioRuntimeProvider::default())
            .with_timeout(Some(self.patience))
            .with_max_retries(self.tries)
            .with_retry_interval_floor(50);
        let mut stream = stream.build();
        stream.send_message(request).first_answer().await.map_err(|why| mute(&why))
    }

    async fn by_tcp(&self, at: SocketAddr, request: DnsRequest) -> Result<DnsResponse, Mute> {
        // What drives the line ends with the last clone of it.
        let runtime = TokioRuntimeProvider::default();
        let talk = async {
            let driven = runtime.clone();
            let line = TcpClientStream::exchange(at, None, self.patience, None, driven).await?;
            line.send(request).first_answer().await
        };
        match tokio::time::timeout(self.patience, talk).await {
            Ok(answer) => answer.map_err(|why| mute(&why)),
            Err(_) => Err(Mute::Timeout),
        }
    }
}

/// The answer, where it is one to this question: a server that repeats what it was asked has to repeat this. RFC 7766,
/// section 7. An error that says nothing of the name may come without.
fn about(question: &Question, answer: DnsResponse) -> Result<DnsResponse, Mute> {
    let is_it = |asked: &Query| {
        let is_kind = asked.query_type() == question.kind;
        is_kind && asked.query_class() == DNSClass::IN && *asked.name() == question.name
    };
    let code = answer.metadata.response_code;
    let is_error = !matches!(code, ResponseCode::NoError | ResponseCode::NXDomain);
    let fits = match answer.queries.as_slice() {
        [] => is_error,
        asked => asked.iter().all(is_it),
    };
    match fits {
        true => Ok(answer),
        false => Err(Mute::Garbled("it is about another question".to_owned())),
    }
}

/// The resolvers of this machine's settings.
///
/// # Errors
/// They cannot be read, or name none.
pub fn system_resolvers() -> Result<Vec<SocketAddr>, String> {
    let (config, _) =
        hickory_resolver::system_conf::read_system_conf().map_err(|why| why.to_string())?;
    let mut found: Vec<SocketAddr> = Vec::new();
    for server in config.name_servers() {
        let port = server.connections.first().map_or(53, |connection| connection.port);
        let at = SocketAddr::from((server.ip, port));
        if !found.contains(&at) {
            found.push(at);
        }
    }
    match found.is_empty() {
        true => Err("it names no resolver".to_owned()),
        false => Ok(found),
    }
}

fn mute(why: &NetError) -> Mute {
    match why {
        NetError::Timeout => Mute::Timeout,
        NetError::Io(error) => of_io(error),
        NetError::Proto(error) => Mute::Garbled(error.to_string()),
        NetError::Dns(DnsError::ResponseCode(code)) => Mute::Garbled(code.to_string()),
        other => Mute::Fault(other.to_string()),
    }
}

fn of_io(error: &io::Error) -> Mute {
    use io::ErrorKind as Kind;
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return Mute::Fault(WireFault::from(tls).to_string());
    }
    match error.kind() {
        Kind::TimedOut => Mute::Timeout,
        Kind::ConnectionRefused | Kind::ConnectionReset => Mute::Closed,
        Kind::NetworkUnreachable | Kind::HostUnreachable | Kind::AddrNotAvailable => {
            Mute::Unroutable
        }
        Kind::UnexpectedEof => Mute::Garbled("the line was closed in the middle".to_owned()),
        _ => Mute::Fault(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, UdpSocket};

    fn question(name: &str) -> Question {
        Question {
            name: Name::from_ascii(format!("{name}.")).unwrap(),
            kind: RecordType::MX,
            recurse: true,
            unchecked: false,
            edns: true,
            signed: false,
            tcp: false,
        }
    }

    fn quick() -> Asker {
        Asker::new(Duration::from_millis(400), 2)
    }

    /// The question turned into an answer with this second and third octet of the header's flags.
    fn answer(query: &[u8], flags: [u8; 2]) -> Vec<u8> {
        // Header and question; the OPT record of the question goes.
        let end = query[12..].iter().position(|octet| *octet == 0).unwrap() + 12 + 5;
        let counts = [0, 1, 0, 0, 0, 0, 0, 0];
        [&query[..2], &flags, &counts, &query[12..end]].concat()
    }

    /// A server that answers each packet with what this makes of it.
    async fn serving(make: fn(&[u8]) -> Vec<Vec<u8>>) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let at = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut packet = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut packet).await {
                for reply in make(&packet[..length]) {
                    let _ = socket.send_to(&reply, from).await;
                }
            }
        });
        at
    }

    #[tokio::test]
    async fn an_answer_is_heard_with_its_code() {
        let at = serving(|query| vec![answer(query, [0x84, 0x03])]).await;
        let heard = quick().ask(at, &question("example.org")).await.unwrap();
        assert!(heard.metadata.authoritative);
        assert_eq!(u16::from(heard.metadata.response_code), 3);
    }

    #[tokio::test]
    async fn forged_answers_are_not_heard_and_the_true_one_behind_them_is() {
        let forged = |query: &[u8]| {
            let mut other_id = answer(query, [0x84, 0x00]);
            other_id[1] ^= 0xff;
            let mut other_question = answer(query, [0x84, 0x00]);
            other_question[13] ^= 0x01;
            vec![other_id, other_question, vec![0], answer(query, [0x84, 0x05])]
        };
        let heard = quick().ask(serving(forged).await, &question("example.org")).await.unwrap();
        assert_eq!(u16::from(heard.metadata.response_code), 5, "the last one");
    }

    #[tokio::test]
    async fn what_is_no_answer_is_told_as_that_and_silence_ends() {
        let garbled = serving(|query| vec![[&query[..2], &[0xff; 30]].concat()]).await;
        let heard = quick().ask(garbled, &question("example.org")).await;
        assert!(matches!(heard, Err(Mute::Garbled(_))), "{heard:?}");
        let silent = serving(|_| Vec::new()).await;
        let heard = quick().ask(silent, &question("example.org")).await;
        assert_eq!(heard.unwrap_err(), Mute::Timeout);
    }

    #[tokio::test]
    async fn what_was_cut_short_is_asked_for_by_tcp() {
        let line = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = line.local_addr().unwrap();
        let packets = UdpSocket::bind(at).await.unwrap();
        tokio::spawn(async move {
            let mut packet = [0; 1500];
            let (length, from) = packets.recv_from(&mut packet).await.unwrap();
            let _ = packets.send_to(&answer(&packet[..length], [0x86, 0x00]), from).await;
        });
        tokio::spawn(async move {
            let (mut stream, _) = line.accept().await.unwrap();
            let length = usize::from(stream.read_u16().await.unwrap());
            let mut query = vec![0; length];
            stream.read_exact(&mut query).await.unwrap();
            let reply = answer(&query, [0x84, 0x00]);
            stream.write_u16(u16::try_from(reply.len()).unwrap()).await.unwrap();
            stream.write_all(&reply).await.unwrap();
        });
        let heard = quick().ask(at, &question("example.org")).await.unwrap();
        assert!(!heard.metadata.truncation, "the whole answer");
    }

    /// A server that answers each question on a line with what this makes of it.
    async fn serving_lines(make: fn(Vec<u8>) -> Vec<u8>) -> SocketAddr {
        let line = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = line.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = line.accept().await {
                let Ok(length) = stream.read_u16().await else { continue };
                let mut query = vec![0; usize::from(length)];
                stream.read_exact(&mut query).await.unwrap();
                let reply = make(answer(&query, [0x84, 0x00]));
                stream.write_u16(u16::try_from(reply.len()).unwrap()).await.unwrap();
                stream.write_all(&reply).await.unwrap();
            }
        });
        at
    }

    /// RFC 7766, section 7.
    #[tokio::test]
    async fn an_answer_to_another_question_is_none_by_tcp_either() {
        let by_tcp = Question { tcp: true, ..question("example.org") };
        let spoil: [fn(Vec<u8>) -> Vec<u8>; 4] = [
            |mut reply| {
                reply[13] ^= 0x01;
                reply
            },
            |mut reply| {
                // MX is 15: now it is TXT.
                let at = reply.len() - 3;
                reply[at] = 16;
                reply
            },
            |mut reply| {
                let at = reply.len() - 1;
                reply[at] = 3;
                reply
            },
            // No question at all, and no error.
            |reply| [&reply[..4], &[0; 8]].concat(),
        ];
        for make in spoil {
            let heard = quick().ask(serving_lines(make).await, &by_tcp).await;
            assert!(matches!(heard, Err(Mute::Garbled(_))), "{heard:?}");
        }
        let same: fn(Vec<u8>) -> Vec<u8> = |mut reply| {
            reply[13].make_ascii_uppercase();
            reply
        };
        assert!(quick().ask(serving_lines(same).await, &by_tcp).await.is_ok());
    }

    #[tokio::test]
    async fn a_closed_port_is_told_as_that() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let by_tcp = Question { tcp: true, ..question("example.org") };
        assert_eq!(quick().ask(free, &by_tcp).await.unwrap_err(), Mute::Closed);
    }
}

//! A caller whom somebody else introduces: the header of the PROXY protocol, versions 1 and 2, that a
//! load balancer puts before the first octet of the connection.

use std::net::SocketAddr;
use std::time::Duration;

use ppp::{HeaderResult, PartialResult, v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{Line, Wire};

/// Who connects says at once for whom.
const PATIENCE: Duration = Duration::from_secs(5);
/// How every header of version 2 begins; no mail does.
const SIGNATURE: &[u8] = v2::PROTOCOL_PREFIX;
/// The longest header of version 1, its line end included.
const LONGEST_LINE: usize = 107;
/// The longest of version 2 that we read: addresses, and some words beside them that we pass over.
const LONGEST: usize = 4096;
/// Octets of version 2 before its addresses.
const PREAMBLE: usize = 16;

/// Why a caller was not introduced.
#[derive(Debug, thiserror::Error)]
pub enum NotIntroduced {
    /// It says something else, or says it wrongly.
    #[error("no PROXY header: {0}")]
    NoHeader(&'static str),
    /// It says nothing.
    #[error("no PROXY header within {} s", PATIENCE.as_secs())]
    Silent,
    /// The connection is gone.
    #[error("no PROXY header: {0}")]
    Io(#[from] std::io::Error),
}

impl Wire {
    /// Reads the header that a proxy sends first, and no octet more; from now on the wire's peer is
    /// whom it names. A proxy that calls on its own account (LOCAL, UNKNOWN) stays its own peer.
    ///
    /// # Errors
    /// [`NotIntroduced`]: the connection is to be closed, for nobody knows who calls.
    pub async fn introduced(&mut self) -> Result<(), NotIntroduced> {
        let Line::Clear(plain) = &mut self.line else {
            return Err(NotIntroduced::NoHeader("it comes before TLS"));
        };
        let mut stream = plain.stream();
        let header = tokio::time::timeout(PATIENCE, header(&mut stream)).await;
        let header = header.map_err(|_| NotIntroduced::Silent)??;
        if let Some((peer, local)) = caller(&header)? {
            (self.peer, self.local) = (Some(peer), Some(local));
        }
        Ok(())
    }
}

/// The octets of one header.
async fn header(from: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, NotIntroduced> {
    let mut header = vec![0; SIGNATURE.len()];
    from.read_exact(&mut header).await?;
    if header == SIGNATURE {
        header.resize(PREAMBLE, 0);
        from.read_exact(&mut header[SIGNATURE.len()..]).await?;
        let rest = usize::from(u16::from_be_bytes([header[14], header[15]]));
        if rest > LONGEST - PREAMBLE {
            return Err(NotIntroduced::NoHeader("it is too long"));
        }
        header.resize(PREAMBLE + rest, 0);
        from.read_exact(&mut header[PREAMBLE..]).await?;
        return Ok(header);
    }
    if !header.starts_with(b"PROXY ") {
        return Err(NotIntroduced::NoHeader("this begins otherwise"));
    }
    while !header.ends_with(b"\r\n") {
        if header.len() == LONGEST_LINE {
            return Err(NotIntroduced::NoHeader("the line does not end"));
        }
        // What stands behind the line belongs to the session.
        header.push(from.read_u8().await?);
    }
    Ok(header)
}

/// Who calls, and whom it believes to have called. `None` where the proxy speaks for itself.
fn caller(header: &[u8]) -> Result<Option<(SocketAddr, SocketAddr)>, NotIntroduced> {
    let wrong = NotIntroduced::NoHeader;
    let read = HeaderResult::parse(header);
    if read.is_incomplete() {
        return Err(wrong("it is cut short"));
    }
    match read {
        HeaderResult::V1(header) => {
            match header.map_err(|_| wrong("a line of nonsense"))?.addresses {
                v1::Addresses::Tcp4(at) => Ok(Some((
                    (at.source_address, at.source_port).into(),
                    (at.destination_address, at.destination_port).into(),
                ))),
                v1::Addresses::Tcp6(at) => Ok(Some((
                    (at.source_address, at.source_port).into(),
                    (at.destination_address, at.destination_port).into(),
                ))),
                v1::Addresses::Unknown => Ok(None),
            }
        }
        HeaderResult::V2(header) => {
            let header = header.map_err(|_| wrong("octets of nonsense"))?;
            match (header.command, header.addresses) {
                (v2::Command::Local, _) => Ok(None),
                (v2::Command::Proxy, v2::Addresses::IPv4(at)) => Ok(Some((
                    (at.source_address, at.source_port).into(),
                    (at.destination_address, at.destination_port).into(),
                ))),
                (v2::Command::Proxy, v2::Addresses::IPv6(at)) => Ok(Some((
                    (at.source_address, at.source_port).into(),
                    (at.destination_address, at.destination_port).into(),
                ))),
                (v2::Command::Proxy, v2::Addresses::Unix(_) | v2::Addresses::Unspecified) => {
                    Ok(None)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use bytes::BytesMut;
    use proptest::prelude::*;

    use super::*;

    /// A wire on which this was said and which then ended.
    async fn told(octets: &[u8]) -> (Wire, Result<(), NotIntroduced>) {
        let (mut far, near) = tokio::io::duplex(8192);
        tokio::io::AsyncWriteExt::write_all(&mut far, octets).await.unwrap();
        drop(far);
        let mut wire = Wire::from(near);
        let introduced = wire.introduced().await;
        (wire, introduced)
    }

    /// Version 2: what it is about, the family, and the rest.
    fn second(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[0x20 | command, family], &length, rest].concat()
    }

    fn at(text: &str) -> Option<SocketAddr> {
        Some(text.parse().unwrap())
    }

    #[tokio::test]
    async fn the_peer_is_whom_the_header_names_and_the_rest_is_the_sessions() {
        let addresses4 = [192, 0, 2, 7, 198, 51, 100, 1, 0x9c, 0x40, 0, 25];
        let with_words = [&addresses4[..], &[4, 0, 2, 0, 0]].concat();
        let v6 = |text: &str| text.parse::<std::net::Ipv6Addr>().unwrap().octets();
        let (from, to) = (v6("2001:db8::7"), v6("2001:db8::1"));
        let addresses6 = [&from[..], &to, &[0x9c, 0x40, 0, 25]].concat();
        for (header, peer) in [
            (b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 25\r\n".to_vec(), at("192.0.2.7:40000")),
            (
                b"PROXY TCP6 2001:db8::7 2001:db8::1 40000 25\r\n".to_vec(),
                at("[2001:db8::7]:40000"),
            ),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN and whatever\r\n".to_vec(), None),
            (second(1, 0x11, &addresses4), at("192.0.2.7:40000")),
            (second(1, 0x11, &with_words), at("192.0.2.7:40000")),
            (second(1, 0x21, &addresses6), at("[2001:db8::7]:40000")),
            (second(0, 0x11, &addresses4), None),
            (second(0, 0, &[]), None),
        ] {
            let (mut wire, introduced) = told(&[&header, &b"EHLO x\r\n"[..]].concat()).await;
            introduced.unwrap();
            assert_eq!(wire.peer(), peer, "{:?}", header.escape_ascii().to_string());
            let mut input = BytesMut::new();
            wire.read(&mut input, Some(Instant::now() + PATIENCE)).await.unwrap();
            assert_eq!(&input[..], b"EHLO x\r\n");
        }
    }

    #[tokio::test]
    async fn who_says_something_else_is_not_let_in() {
        let endless = [b"PROXY TCP4 ".as_slice(), &[b'1'; 200]].concat();
        let cut = second(1, 0x11, &[192, 0, 2]);
        let too_long = second(1, 0x11, &[0; 5000]);
        let third = [SIGNATURE, &[0x31, 0x11, 0, 12], &[0; 12]].concat();
        for wrong in [
            b"EHLO mx.example.net\r\n".as_slice(),
            b"",
            b"PROXY TCP4",
            b"PROXY TCP4 192.0.2.7 198.51.100.1 40000\r\n",
            b"PROXY TCP4 192.0.2.700 198.51.100.1 40000 25\r\n",
            b"PROXY TCP4 2001:db8::7 2001:db8::1 40000 25\r\n",
            &endless,
            &cut,
            &too_long,
            &third,
        ] {
            let (wire, introduced) = told(wrong).await;
            assert!(introduced.is_err(), "{:?}", wrong.escape_ascii().to_string());
            assert_eq!(wire.peer(), None);
        }
    }

    proptest! {
        #[test]
        fn no_octets_do_any_harm(octets in prop::collection::vec(any::<u8>(), 0..200), like in any::<bool>()) {
            let octets = if like { [SIGNATURE, &octets].concat() } else { octets };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let (wire, introduced) = runtime.block_on(told(&octets));
            prop_assert!(introduced.is_ok() || wire.peer().is_none());
        }
    }
}

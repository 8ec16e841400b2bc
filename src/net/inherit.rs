//! Sockets that the service manager bound for us: `LISTEN_FDS`, sd_listen_fds(3).
//!
//! With them a daemon needs no privilege at all, and no caller is refused while it restarts.

use std::io;

use listenfd::ListenFd;
use socket2::Socket;

use crate::net::listen::{Bound, ListenError, actual};

/// Takes the sockets that systemd bound for us (`LISTEN_FDS`), each with its name, which is the
/// unit's `FileDescriptorName=` (`LISTEN_FDNAMES`). Empty when we were not started that way.
///
/// To be called once, at the very start and before there are threads: it removes the variables
/// from the environment, so that nothing we start takes the sockets for its own. The descriptors
/// become sockets in `listenfd`, which checks what they are; we have no `unsafe` of our own.
///
/// # Errors
///
/// A descriptor that is no listening stream socket, as from a unit with `Accept=yes`.
pub fn inherited() -> Result<Vec<(String, Bound)>, ListenError> {
    let malformed = |error: io::Error| ListenError::Inherited {
        name: "LISTEN_FDS".into(),
        why: error.to_string(),
    };
    // Only what is addressed to this very process (LISTEN_PID); listenfd would also take what
    // bears no address.
    if !is_for_us(std::env::var("LISTEN_PID").ok().as_deref()) {
        return Ok(Vec::new());
    }
    let names: Vec<String> = match sd_notify::listen_fds_with_names() {
        Ok(sockets) => sockets.map(|(_, name)| name).collect(),
        Err(error) => return Err(malformed(error)),
    };
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut descriptors = ListenFd::from_env();
    let take = |(index, name)| take(&mut descriptors, index, name);
    names.into_iter().enumerate().map(take).collect()
}

/// Is what is handed over addressed to this very process? What is no number is told as such.
fn is_for_us(pid: Option<&str>) -> bool {
    let pid = pid.and_then(|pid| pid.parse::<u32>().ok());
    pid.is_none_or(|pid| pid == std::process::id())
}

fn take(
    descriptors: &mut ListenFd,
    index: usize,
    name: String,
) -> Result<(String, Bound), ListenError> {
    let wrong = |why: &str| ListenError::Inherited { name: name.clone(), why: why.into() };
    let tcp = descriptors.take_tcp_listener(index).ok().flatten().map(Socket::from);
    let unix = || descriptors.take_unix_listener(index).ok().flatten().map(Socket::from);
    let socket = tcp.or_else(unix).ok_or_else(|| wrong("it is no stream socket"))?;
    if !rustix::net::sockopt::socket_acceptconn(&socket).unwrap_or(false) {
        return Err(wrong("it does not listen; the unit must say Accept=no"));
    }
    socket.set_nonblocking(true).map_err(|error| wrong(&error.to_string()))?;
    let address = actual(&socket).ok_or_else(|| wrong("it has no address"))?;
    Ok((name, Bound { socket, address }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::ListenAddr;

    fn anywhere() -> ListenAddr {
        ListenAddr::Tcp(([127, 0, 0, 1], 0).into())
    }

    #[test]
    fn nothing_is_inherited_by_default() {
        if std::env::var_os(HANDED_OVER).is_none() {
            assert!(inherited().unwrap().is_empty());
        }
    }

    #[test]
    fn what_is_addressed_to_another_process_is_its() {
        let own = std::process::id();
        assert!(is_for_us(None) && is_for_us(Some("x")) && is_for_us(Some(&own.to_string())));
        assert!(!is_for_us(Some("0")) && !is_for_us(Some(&(own + 1).to_string())));
    }

    /// Set in a process that was given a socket, to the socket's address.
    const HANDED_OVER: &str = "ODMR_TEST_HANDED_OVER";

    /// Starts this very test again with `socket` as descriptor 3, as systemd would.
    fn again_with(socket: std::os::fd::OwnedFd, address: &str, test: &str) -> bool {
        let as_systemd =
            "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=odmr exec \"$0\" --exact \"$1\" 3<&0";
        let mut child = std::process::Command::new("/bin/sh");
        child.args(["-c", as_systemd]).arg(std::env::current_exe().unwrap());
        child.arg(format!("net::inherit::tests::{test}")).env(HANDED_OVER, address);
        child.stdin(socket).output().unwrap().status.success()
    }

    #[test]
    fn a_socket_of_the_service_manager_is_taken_by_its_name() {
        if let Ok(address) = std::env::var(HANDED_OVER) {
            let sockets = inherited().unwrap();
            let named: Vec<_> =
                sockets.iter().map(|(name, b)| (name.as_str(), b.address().to_string())).collect();
            assert_eq!(named, [("odmr", address)]);
            assert!(std::env::var_os("LISTEN_FDS").is_none());
            return;
        }
        let bound = Bound::bind(&anywhere()).unwrap();
        let address = bound.address().to_string();
        let test = "a_socket_of_the_service_manager_is_taken_by_its_name";
        assert!(again_with(bound.socket.into(), &address, test));
    }

    #[test]
    fn a_socket_that_is_a_connection_is_refused() {
        if std::env::var_os(HANDED_OVER).is_some() {
            let complaint = inherited().unwrap_err().to_string();
            assert!(complaint.ends_with("it does not listen; the unit must say Accept=no"));
            return;
        }
        let bound = Bound::bind(&anywhere()).unwrap();
        let ListenAddr::Tcp(address) = bound.address().clone() else { unreachable!() };
        let connected = std::net::TcpStream::connect(address).unwrap();
        let test = "a_socket_that_is_a_connection_is_refused";
        assert!(again_with(connected.into(), &address.to_string(), test));
    }
}

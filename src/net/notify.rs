//! What the service manager is told (sd_notify(3)). Silence where there is none.
//!
//! A message that cannot be sent is a line in the debug log and nothing more: a daemon that
//! stops because nobody listens to it helps no one.

use std::sync::LazyLock;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use sd_notify::NotifyState;

/// More messages do not wait for a manager that reads none.
const WAITING: usize = 32;

/// All ports are bound and the spool is open. Also ends a [`reloading`].
pub fn ready() {
    send(&[NotifyState::Ready]);
}

/// Settings are being read again; [`ready`] must follow.
pub fn reloading() {
    // systemd 253 and later want the time along, to tell this reload from the one before.
    match NotifyState::monotonic_usec_now() {
        Ok(now) => send(&[NotifyState::Reloading, now]),
        Err(_) => send(&[NotifyState::Reloading]),
    }
}

/// We are on our way out.
pub fn stopping() {
    send(&[NotifyState::Stopping]);
}

/// We need this much longer, counted from now, to stop or start.
pub fn extend(time: Duration) {
    let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
    send(&[NotifyState::ExtendTimeoutUsec(micros)]);
}

/// One line for `systemctl status`. Text from the network must have been escaped.
pub fn status(line: &str) {
    // A line end would begin a new variable of the protocol.
    let line = line.replace(['\n', '\r'], " ");
    send(&[NotifyState::Status(&line)]);
}

/// How often [`alive`] is to be called: half of what the unit's `WatchdogSec=` grants.
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|granted| granted / 2)
}

/// We are not stuck.
pub fn alive() {
    send(&[NotifyState::Watchdog]);
}

/// Says it on a thread of its own: the manager's socket may be full, and nobody is to wait for it.
fn send(state: &[NotifyState<'_>]) {
    static MANAGER: LazyLock<Option<SyncSender<String>>> = LazyLock::new(manager);
    let Some(manager) = &*MANAGER else { return };
    let lines: Vec<String> = state.iter().map(ToString::to_string).collect();
    if manager.try_send(lines.join("\n")).is_err() {
        tracing::debug!("the service manager does not listen");
    }
}

/// Who tells the manager; nobody, where there is none.
fn manager() -> Option<SyncSender<String>> {
    let place = std::env::var("NOTIFY_SOCKET").ok()?;
    let (give, take) = sync_channel::<String>(WAITING);
    let tell = move || {
        while let Ok(lines) = take.recv() {
            let told = match place.strip_prefix('@') {
                Some(name) => tell_by_name(name, &lines),
                None => sd_notify::notify(&[NotifyState::Custom(&lines)]),
            };
            if let Err(error) = told {
                tracing::debug!(%error, "cannot notify the service manager");
            }
        }
    };
    std::thread::Builder::new().name("notify".into()).spawn(tell).is_ok().then_some(give)
}

/// A name that no file has: a socket in the abstract namespace, written with an `@` in front.
#[cfg(target_os = "linux")]
fn tell_by_name(name: &str, lines: &str) -> std::io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    let manager = SocketAddr::from_abstract_name(name)?;
    UnixDatagram::unbound()?.send_to_addr(lines.as_bytes(), &manager).map(drop)
}

#[cfg(not(target_os = "linux"))]
fn tell_by_name(_: &str, _: &str) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

//! Names that no other delivery on this or any other host will choose. The Maildir rules: the
//! time, what is unique inside this host, and the host.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// Deliveries of this process so far. Two in one microsecond, or a clock set back, make no
/// difference.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// `seconds.MmicrosecondsPprocessQcount.host`.
pub fn unique(host: &str) -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    spell(since.unwrap_or_default(), std::process::id(), count, host)
}

fn spell(since: Duration, process: u32, count: u64, host: &str) -> String {
    format!("{}.M{}P{process}Q{count}.{host}", since.as_secs(), since.subsec_micros())
}

/// This host's name as a file name may bear it: a slash would be a directory, a colon would
/// begin the flags. What is odd besides becomes `_`.
pub fn host() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    escape(&name)
}

fn escape(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars().take(64) {
        match c {
            '/' => out.push_str("\\057"),
            ':' => out.push_str("\\072"),
            c if c.is_ascii_graphic() && c != ',' => out.push(c),
            _ => out.push('_'),
        }
    }
    if out.is_empty() { "localhost".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelt_as_maildir_wants() {
        let name = spell(Duration::from_micros(1_700_000_000_000_042), 7, 9, "h.test");
        assert_eq!(name, "1700000000.M42P7Q9.h.test");
        assert_ne!(unique("h"), unique("h"));
    }

    #[test]
    fn a_host_name_cannot_break_a_file_name() {
        assert_eq!(escape("a/b:c,d\n"), "a\\057b\\072c_d_");
        assert_eq!(escape(""), "localhost");
    }
}

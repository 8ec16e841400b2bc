//! A socket of this machine, for whoever operates the daemon: who calls is told by the kernel.

use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

use super::listen::clear_stale;

/// Who called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its user.
    pub uid: u32,
    /// Its process, where the kernel says so.
    pub pid: Option<i32>,
}

/// A listening socket. Its file goes away with it, unless another has taken its place.
#[derive(Debug)]
pub struct LocalListener {
    listener: UnixListener,
    path: PathBuf,
    file: Option<File>,
}

/// A file, whatever its name: where it lies, and its number there.
type File = (u64, u64);

/// Why it cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub struct LocalError {
    /// Where.
    pub path: PathBuf,
    /// What the system said.
    pub error: io::Error,
}

impl LocalListener {
    /// Binds it for its owner alone, or for a group too. What a crash has left there is cleared away;
    /// anything that is no socket is not, nor is one that somebody listens at.
    ///
    /// # Errors
    /// [`LocalError`] names the path.
    pub fn bind(path: &Path, group: Option<u32>) -> Result<LocalListener, LocalError> {
        let told = |error| LocalError { path: path.to_owned(), error };
        clear_stale(path).map_err(|error| told(in_words(error)))?;
        let listener = UnixListener::bind(path).map_err(told)?;
        let mode = if group.is_some() { 0o660 } else { 0o600 };
        if group.is_some() {
            std::os::unix::fs::chown(path, None, group).map_err(told)?;
        }
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, permissions).map_err(told)?;
        Ok(LocalListener { listener, path: path.to_owned(), file: file_at(path) })
    }

    /// The next caller. Cancel-safe.
    ///
    /// # Errors
    /// What the system said; the next may be better.
    pub async fn accept(&self) -> io::Result<(UnixStream, Peer)> {
        let (stream, _) = self.listener.accept().await?;
        let facts = stream.peer_cred()?;
        Ok((stream, Peer { uid: facts.uid(), pid: facts.pid() }))
    }
}

impl Drop for LocalListener {
    fn drop(&mut self) {
        if self.file.is_some() && file_at(&self.path) == self.file {
            // Best effort: whoever comes next clears it away too.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn file_at(path: &Path) -> Option<File> {
    std::fs::symlink_metadata(path).ok().map(|facts| (facts.dev(), facts.ino()))
}

fn in_words(error: io::Error) -> io::Error {
    let words = match error.kind() {
        io::ErrorKind::AlreadyExists => "is there, and is no socket",
        io::ErrorKind::AddrInUse => {
            "in use: another server listens there; `ss -lxp` shows which, and control.socket takes another path"
        }
        _ => return error,
    };
    io::Error::new(error.kind(), words)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn is_heard(listener: &LocalListener, path: &Path) -> bool {
        let (heard, called) = tokio::join!(listener.accept(), UnixStream::connect(path));
        heard.is_ok() && called.is_ok()
    }

    #[tokio::test]
    async fn who_listens_there_keeps_its_socket_and_what_a_crash_left_is_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control");
        let first = LocalListener::bind(&path, None).unwrap();
        let told = LocalListener::bind(&path, None).unwrap_err().to_string();
        assert!(told.contains("in use: another server listens there"), "{told}");
        assert!(is_heard(&first, &path).await);
        drop(first);
        assert!(!path.exists());
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "as a crash leaves it");
        let next = LocalListener::bind(&path, None).unwrap();
        assert!(is_heard(&next, &path).await);
    }

    #[tokio::test]
    async fn a_socket_of_another_stays_when_ours_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control");
        let first = LocalListener::bind(&path, None).unwrap();
        std::fs::rename(&path, folder.path().join("moved")).unwrap();
        let second = LocalListener::bind(&path, None).unwrap();
        drop(first);
        assert!(is_heard(&second, &path).await);
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("precious");
        std::fs::write(&path, "mail").unwrap();
        let told = LocalListener::bind(&path, None).unwrap_err().to_string();
        assert!(told.ends_with("precious: is there, and is no socket"), "{told}");
        assert_eq!(std::fs::read(path).unwrap(), b"mail");
    }

    /// A daemon that hangs has a full backlog, and must not make the next one hang too.
    #[tokio::test]
    async fn who_is_too_busy_to_answer_listens_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control");
        let busy =
            socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
        let address = socket2::SockAddr::unix(&path).unwrap();
        busy.bind(&address).unwrap();
        busy.listen(0).unwrap();
        let mut callers = Vec::new();
        loop {
            let caller =
                socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
            caller.set_nonblocking(true).unwrap();
            if caller.connect(&address).is_err() {
                break;
            }
            callers.push(caller);
        }
        let told = LocalListener::bind(&path, None).unwrap_err().to_string();
        assert!(told.contains("in use: another server listens there"), "{told}");
    }
}

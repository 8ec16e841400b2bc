//! A socket of this machine, for whoever operates the daemon: who calls is told by the kernel.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// Who called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its user.
    pub uid: u32,
    /// Its process, where the kernel says so.
    pub pid: Option<i32>,
}

/// A listening socket. Its file goes away with it.
#[derive(Debug)]
pub struct LocalListener {
    listener: UnixListener,
    path: PathBuf,
}

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
    /// anything that is no socket is not.
    ///
    /// # Errors
    /// [`LocalError`] names the path.
    pub fn bind(path: &Path, group: Option<u32>) -> Result<LocalListener, LocalError> {
        let told = |error| LocalError { path: path.to_owned(), error };
        clear(path).map_err(told)?;
        let listener = UnixListener::bind(path).map_err(told)?;
        let mode = if group.is_some() { 0o660 } else { 0o600 };
        if group.is_some() {
            std::os::unix::fs::chown(path, None, group).map_err(told)?;
        }
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, permissions).map_err(told)?;
        Ok(LocalListener { listener, path: path.to_owned() })
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
        // Best effort: whoever comes next clears it away too.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn clear(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt;
    match std::fs::symlink_metadata(path) {
        Ok(facts) if facts.file_type().is_socket() => std::fs::remove_file(path),
        Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, "is there, and is no socket")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

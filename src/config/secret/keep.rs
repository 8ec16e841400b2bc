//! A secret is written to a file for its owner's eyes alone.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

/// Writes a secret as the only line of a file with mode 0600: all of it, or the file stays as it was. A file
/// that was there keeps its owner, and one behind a link is written where it lies.
///
/// # Errors
/// What the system said, or that no file is there but something else.
pub fn keep(path: &Path, secret: &SecretString) -> io::Result<()> {
    let path = match (fs::canonicalize(path), fs::symlink_metadata(path)) {
        (Ok(real), _) => real,
        // A link that leads nowhere now is somebody's to mend.
        (Err(error), Ok(_)) => return Err(error),
        (Err(_), Err(_)) => path.to_owned(),
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut aside = tempfile::Builder::new().prefix(".password-").tempfile_in(folder)?;
    if let Ok(before) = fs::metadata(&path) {
        if !before.is_file() {
            return Err(io::Error::other("is no file"));
        }
        if before.uid() != aside.as_file().metadata()?.uid() {
            fchown(aside.as_file(), Some(before.uid()), Some(before.gid()))?;
        }
    }
    aside.write_all(secret.expose_secret().as_bytes())?;
    aside.write_all(b"\n")?;
    aside.as_file().sync_all()?;
    aside.persist(&path).map_err(|fault| fault.error)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_there_whole_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        for (way, secret) in [(&path, "first"), (&link, "second")] {
            keep(way, &SecretString::from(secret)).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{secret}\n"));
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        }
        assert!(link.is_symlink());
        let astray = folder.path().join("astray");
        std::os::unix::fs::symlink(folder.path().join("gone"), &astray).unwrap();
        let told = keep(&astray, &SecretString::from("x")).unwrap_err();
        assert_eq!(told.kind(), io::ErrorKind::NotFound);
        assert!(astray.is_symlink() && !astray.exists(), "it leads nowhere still");
        fs::remove_file(&astray).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "something is left over");
        assert!(keep(folder.path(), &SecretString::from("x")).is_err());
        assert!(keep(&folder.path().join("nowhere/x"), &SecretString::from("x")).is_err());
    }
}

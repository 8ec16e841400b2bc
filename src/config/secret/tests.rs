use std::fs;
use std::os::fd::AsRawFd;

use secrecy::ExposeSecret;

use super::*;

fn file(folder: &tempfile::TempDir, content: &[u8], mode: u32) -> SecretSource {
    let path = folder.path().join("secret");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    SecretSource::File(path)
}

fn shell(line: &str) -> SecretSource {
    SecretSource::Command(CommandLine::Shell(line.to_owned()))
}

fn words(words: &[&str]) -> SecretSource {
    SecretSource::Command(CommandLine::Words(words.iter().map(|&w| w.to_owned()).collect()))
}

fn got(source: &SecretSource) -> String {
    source.read().unwrap().expose_secret().to_owned()
}

#[test]
fn a_file_gives_its_first_line() {
    let folder = tempfile::tempdir().unwrap();
    for content in [&b"s3 cret"[..], b"s3 cret\n", b"s3 cret\r\nnotes\n\xff"] {
        assert_eq!(got(&file(&folder, content, 0o600)), "s3 cret");
    }
    assert_eq!(got(&file(&folder, b" kept \n", 0o400)), " kept ");
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for mode in [0o640, 0o604, 0o620, 0o666] {
        let error = file(&folder, b"s3cret", mode).read().unwrap_err();
        assert!(matches!(error, SecretError::Loose { mode: seen, .. } if seen == mode));
        assert_eq!(error.exit(), Exit::Config);
        let told = error.to_string();
        assert!(told.contains("chmod 600") && told.contains(&format!("{mode:04o}")), "{told}");
        assert!(!told.contains("s3cret"));
    }
}

#[test]
fn what_is_no_password_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for content in [&b""[..], b"\n", b"\r\nx", b"a\0b\n", b"\xff\n"] {
        let error = file(&folder, content, 0o600).read().unwrap_err();
        assert!(matches!(error, SecretError::Unusable(..)), "{content:?}: {error}");
    }
    let endless = vec![b'x'; MAX_OCTETS + 1];
    assert!(matches!(file(&folder, &endless, 0o600).read(), Err(SecretError::Long(_))));
    let missing = SecretSource::File(folder.path().join("nowhere")).read().unwrap_err();
    assert!(matches!(missing, SecretError::Unreadable { .. }));
}

#[test]
fn a_command_gives_its_first_line() {
    assert_eq!(got(&shell("printf 's3 cret\\nlogin: acme\\n' | cat")), "s3 cret");
    assert_eq!(got(&words(&["printf", "$HOME %s", "x"])), "$HOME x");
}

#[test]
fn a_command_that_fails_stalls_or_floods_is_told() {
    let failed = shell("echo s3cret; exit 3").read().unwrap_err();
    assert!(matches!(failed, SecretError::Failed(..)));
    assert!(failed.to_string().contains("exit status: 3"), "{failed}");
    assert!(!failed.to_string().contains("s3cret"));

    let soon = Duration::from_millis(30);
    assert!(matches!(shell("exec sleep 60").read_within(soon, "", ""), Err(SecretError::Slow(..))));
    let mute = shell("exec sleep 60 >&-").read_within(soon, "", "").unwrap_err();
    assert!(matches!(mute, SecretError::Slow(..)), "{mute}");
    assert_eq!(mute.exit(), Exit::TempFail);
    assert!(matches!(shell("exec cat /dev/zero").read(), Err(SecretError::Long(_))));
    let missing = words(&["/nowhere/at/all"]).read().unwrap_err();
    assert!(matches!(missing, SecretError::Unreadable { .. }));
    assert!(words(&[]).read().is_err());
}

/// As it would be had it been open when the program was started.
fn handed_over(reader: &io::PipeReader) -> u32 {
    rustix::io::fcntl_setfd(reader, rustix::io::FdFlags::empty()).unwrap();
    u32::try_from(reader.as_raw_fd()).unwrap()
}

/// The number that was named may be that of a file of ours by now.
#[test]
fn a_descriptor_of_our_own_is_no_password() {
    let (reader, mut writer) = io::pipe().unwrap();
    io::Write::write_all(&mut writer, b"4711\n").unwrap();
    drop(writer);
    let number = u32::try_from(reader.as_raw_fd()).unwrap();
    let refused = SecretSource::Fd(number).read().unwrap_err().to_string();
    assert!(refused.contains("nobody has handed"), "{refused}");
}

#[test]
fn a_descriptor_gives_what_it_was_opened_on() {
    let (reader, mut writer) = io::pipe().unwrap();
    io::Write::write_all(&mut writer, b"s3cret\n").unwrap();
    drop(writer);
    let number = handed_over(&reader);
    assert_eq!(got(&SecretSource::Fd(number)), "s3cret");
    // The pipe is empty now; a reload, or the next provider, wants it again.
    assert_eq!(got(&SecretSource::Fd(number)), "s3cret");
    assert!(matches!(SecretSource::Fd(99_999).read(), Err(SecretError::Unreadable { .. })));
}

#[test]
fn a_pipe_that_nobody_writes_to_is_not_waited_for() {
    let (reader, _writer) = io::pipe().unwrap();
    let number = handed_over(&reader);
    let waited = SecretSource::Fd(number).read_within(Duration::from_millis(30), "", "");
    assert!(matches!(waited, Err(SecretError::Slow(..))));
}

#[test]
fn a_credential_lies_in_systemds_folder() {
    let path = credential("acme", Some("/run/credentials/u".into())).unwrap();
    assert_eq!(path, Path::new("/run/credentials/u/acme"));
    let absent = credential("acme", None).unwrap_err();
    assert!(absent.to_string().contains("LoadCredential=acme:"), "{absent}");
    for bad in ["", ".", "..", "a/b", "../x", "a\0"] {
        assert!(matches!(credential(bad, None), Err(SecretError::BadCredentialName(_))));
    }
}

#[derive(Debug, serde::Deserialize)]
struct Settings {
    password: SecretSource,
}

fn settings(text: &str) -> Result<SecretSource, String> {
    let read = toml::from_str::<Settings>(text).map(|settings| settings.password);
    read.map_err(|error| error.message().to_owned())
}

#[test]
fn the_settings_name_a_source() {
    assert_eq!(settings("password = { command = 'pass x' }").unwrap(), shell("pass x"));
    assert_eq!(settings("password = { command = ['pass', 'x'] }").unwrap(), words(&["pass", "x"]));
    assert_eq!(settings("password.file = '/x'").unwrap(), SecretSource::File("/x".into()));
    assert_eq!(settings("password = { fd = 3 }").unwrap(), SecretSource::Fd(3));
    let credential = SecretSource::Credential("acme".into());
    assert_eq!(settings("password = { credential = 'acme' }").unwrap(), credential);
}

#[test]
fn a_password_in_the_settings_is_refused_and_not_repeated() {
    let told = settings("password = 's3cret'").unwrap_err();
    assert!(told.contains("does not stand in the settings"), "{told}");
    assert!(!told.contains("s3cret"), "{told}");
    for bad in ["{}", "{ fd = -1 }", "{ fd = 3, file = 'x' }", "{ literal = 's3cret' }", "3"] {
        let told = settings(&format!("password = {bad}")).unwrap_err();
        assert!(!told.contains("s3cret"), "{told}");
    }
}

#[test]
fn a_netrc_that_is_no_file_is_not_waited_for() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let home = tempfile::tempdir().unwrap();
    let pipe = home.path().join("netrc");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    for path in [pipe, "/dev/zero".into(), home.path().to_owned()] {
        let error = SecretSource::Netrc(path).read_for("odmr.example.net", "acme").unwrap_err();
        let told = error.to_string();
        assert!(told.contains("it is no regular file; for a pipe say --password-fd"), "{told}");
    }
}

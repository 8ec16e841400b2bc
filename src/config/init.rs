//! `odmrd init`: settings with comments, an empty account file, a self-signed certificate and the
//! state directory. What is there already is never touched.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::provider::DEFAULT_PATH;
use super::value::Fingerprint;
use crate::exit::Exit;
use crate::smtp::Domain;

const TEMPLATE: &str = include_str!("odmrd.toml.in");
const ACCOUNTS: &str = "# The customers. odmrd account add, passwd and remove keep this file.\n";

/// What a provider begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// The settings file to write; the others go beside it.
    pub config: PathBuf,
    /// Where mail will rest.
    pub state_dir: PathBuf,
    /// The provider's name; a certificate needs one.
    pub hostname: Option<Domain>,
    /// Whether to make a certificate.
    pub certificate: bool,
    /// Whom the daemon is to become.
    pub user: Option<String>,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The files written.
    pub files: Vec<PathBuf>,
    /// By which customers may know the certificate (`atrn-fetch --fingerprint`).
    pub fingerprint: Option<Fingerprint>,
}

/// Why nothing, or not everything, was made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// Somebody was here before; nothing was written.
    #[error("{}: is there already; nothing was written", .0.display())]
    Exists(PathBuf),
    /// No name to make a certificate for; nothing was written.
    #[error(
        "--hostname: not set, and the system's own name is not a full one; a certificate needs it"
    )]
    NoHostname,
    /// The certificate could not be made.
    #[error("no certificate could be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The system would not.
    #[error("{}: cannot be created: {error}", .path.display())]
    Io {
        /// What was to be created.
        path: PathBuf,
        /// Why it was not.
        error: io::Error,
    },
}

impl InitError {
    /// How the program ends.
    pub fn exit(&self) -> Exit {
        match self {
            InitError::NoHostname => Exit::Usage,
            InitError::Certificate(_) => Exit::Software,
            InitError::Exists(_) | InitError::Io { .. } => Exit::CantCreate,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            InitError::Exists(_) => "choose another folder with --dir, or move the file away",
            InitError::NoHostname => "say --hostname mail.example.net, or --no-certificate",
            InitError::Certificate(_) => "--no-certificate leaves it out",
            InitError::Io { .. } => "the folder must be writable; for /etc that takes root",
        }
    }
}

struct Planned {
    path: PathBuf,
    text: String,
    secret: bool,
}

/// Makes a beginning.
///
/// # Errors
/// [`InitError`]; a file that is there already is found out before anything is written.
pub fn begin(beginning: &Beginning) -> Result<Begun, InitError> {
    let (files, fingerprint) = plan(beginning)?;
    if let Some(taken) = files.iter().find(|file| file.path.symlink_metadata().is_ok()) {
        return Err(InitError::Exists(taken.path.clone()));
    }
    let folder = beginning.config.parent().unwrap_or(Path::new("."));
    folder_for_all(folder).map_err(|error| InitError::Io { path: folder.to_owned(), error })?;
    let state_dir = folder.join(&beginning.state_dir);
    folder_of_ours(&state_dir).map_err(|error| InitError::Io { path: state_dir, error })?;
    for file in &files {
        write(file).map_err(|error| InitError::Io { path: file.path.clone(), error })?;
    }
    Ok(Begun { files: files.into_iter().map(|file| file.path).collect(), fingerprint })
}

fn plan(beginning: &Beginning) -> Result<(Vec<Planned>, Option<Fingerprint>), InitError> {
    let beside = |name: &str| beginning.config.with_file_name(name);
    let file = |path, text, secret| Planned { path, text, secret };
    let mut files = vec![
        file(beginning.config.clone(), settings(beginning), false),
        file(beside("accounts.toml"), ACCOUNTS.to_owned(), true),
    ];
    if !beginning.certificate {
        return Ok((files, None));
    }
    let hostname = beginning.hostname.as_ref().ok_or(InitError::NoHostname)?;
    let (certificate, key, fingerprint) = self_signed(hostname)?;
    files.push(file(beside("certificate.pem"), certificate, false));
    files.push(file(beside("key.pem"), key, true));
    Ok((files, Some(fingerprint)))
}

/// The template, filled in.
fn settings(beginning: &Beginning) -> String {
    let hostname = match &beginning.hostname {
        Some(name) => format!("hostname = \"{name}\""),
        None => "# hostname = \"mail.example.net\"".to_owned(),
    };
    let state_dir = match beginning.state_dir.to_str() {
        Some("/var/lib/odmr") => "#state_dir = \"/var/lib/odmr\"".to_owned(),
        _ => {
            format!("state_dir = {}", toml::Value::from(beginning.state_dir.display().to_string()))
        }
    };
    let user = match &beginning.user {
        Some(name) => format!("user = {}", toml::Value::from(name.clone())),
        None => "# user = \"_odmrd\"".to_owned(),
    };
    let mark = if beginning.certificate { "" } else { "# " };
    let tls = format!("{mark}certificate = \"certificate.pem\"\n{mark}key = \"key.pem\"");
    TEMPLATE
        .replace("@hostname@", &hostname)
        .replace("@state_dir@", &state_dir)
        .replace("@tls@", &tls)
        .replace("@user@", &user)
}

/// A certificate that nobody vouches for: customers know it by its fingerprint.
fn self_signed(hostname: &Domain) -> Result<(String, String, Fingerprint), rcgen::Error> {
    let mut params = rcgen::CertificateParams::new(vec![hostname.as_str().to_owned()])?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, hostname.as_str());
    let key = rcgen::KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let fingerprint = Fingerprint(Sha256::digest(certificate.der()).into());
    Ok((certificate.pem(), key.serialize_pem(), fingerprint))
}

fn folder_for_all(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() { Ok(()) } else { std::fs::create_dir_all(path) }
}

/// Mail is for nobody else's eyes.
fn folder_of_ours(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn write(file: &Planned) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(if file.secret { 0o600 } else { 0o644 });
    }
    let mut opened = options.open(&file.path)?;
    opened.write_all(file.text.as_bytes())?;
    opened.sync_all()
}

impl Begun {
    /// What to do next, for the terminal.
    pub fn next_steps(&self) -> String {
        let written = self.files.iter().map(|path| format!("wrote {}\n", path.display()));
        let fingerprint = self.fingerprint.map_or_else(String::new, |fingerprint| {
            format!("\nThe certificate is self-signed; customers know it by\n  --fingerprint {fingerprint}\n")
        });
        let odmrd = self.odmrd();
        format!(
            "{}{fingerprint}\nNext:\n  {odmrd} account add NAME --domain DOMAIN\n  {odmrd} run\n",
            written.collect::<String>()
        )
    }

    /// The program as it must be called to find these settings.
    fn odmrd(&self) -> String {
        let elsewhere = self.files.first().filter(|path| *path != Path::new(DEFAULT_PATH));
        elsewhere.map_or("odmrd".to_owned(), |path| format!("odmrd --config {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::document::Document;
    use crate::config::provider::{Loaded, Settings, load};

    fn beginning(folder: &Path) -> Beginning {
        Beginning {
            config: folder.join("etc/odmrd.toml"),
            state_dir: folder.join("state"),
            hostname: Some(Domain::parse("mail.example.net").unwrap()),
            certificate: true,
            user: Some("nobody".to_owned()),
        }
    }

    fn bare() -> Beginning {
        let state_dir = "/var/lib/odmr".into();
        let config = "odmrd.toml".into();
        Beginning { config, state_dir, hostname: None, certificate: false, user: None }
    }

    fn parse(text: &str) -> Settings {
        Settings::parse(&Document::new("odmrd.toml.in", text)).unwrap()
    }

    /// `#key = value` is a default; `# key = value` is an example.
    fn uncommented(text: &str) -> String {
        let default =
            |line: &str| line.strip_prefix('#').is_some_and(|rest| !rest.starts_with(' '));
        text.lines()
            .map(|line| if default(line) { line.trim_start_matches('#') } else { line })
            .fold(String::new(), |text, line| text + line + "\n")
    }

    #[test]
    fn the_template_says_what_holds_anyway() {
        let text = settings(&bare());
        assert_eq!(parse(&text), Settings::default());
        let mut said = parse(&uncommented(&text));
        assert_eq!(said.accounts.take(), Some("accounts.toml".into()));
        assert_eq!(said, Settings::default());
    }

    #[test]
    fn the_template_names_every_key() {
        let text = settings(&bare());
        let names = |key: &str| {
            text.lines()
                .any(|line| line.trim_start_matches(['#', ' ']).starts_with(&format!("{key} =")))
        };
        let keys = crate::config::provider::keys();
        let missing: Vec<_> = keys
            .iter()
            .filter_map(|key| key.rsplit('.').next())
            .filter(|key| !names(key))
            .collect();
        assert_eq!(missing, Vec::<&str>::new());
    }

    #[test]
    fn a_beginning_passes_its_own_check() {
        let folder = tempfile::tempdir().unwrap();
        let begun = begin(&beginning(folder.path())).unwrap();
        let loaded: Loaded = load(&begun.files[0]).unwrap();
        assert_eq!(loaded.check(), Ok(()));
        assert_eq!(loaded.settings.hostname.as_ref().map(Domain::as_str), Some("mail.example.net"));
        assert_eq!(loaded.settings.state_dir, folder.path().join("state"));
        assert_eq!(loaded.settings.user.as_deref(), Some("nobody"));
        let steps = begun.next_steps();
        assert!(steps.contains("--fingerprint sha256:"));
        let run = format!("  odmrd --config {} run\n", begun.files[0].display());
        assert!(steps.ends_with(&run), "{steps}");
    }

    #[cfg(unix)]
    #[test]
    fn secrets_are_for_the_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let begun = begin(&beginning(folder.path())).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&begun.files[1]), 0o600);
        assert_eq!(mode(&begun.files[3]), 0o600);
        assert_eq!(mode(&folder.path().join("state")), 0o700);
    }

    #[test]
    fn what_is_there_is_never_touched() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("etc/key.pem");
        std::fs::create_dir(folder.path().join("etc")).unwrap();
        std::fs::write(&taken, "mine").unwrap();
        let error = begin(&beginning(folder.path())).unwrap_err();
        let path = taken.display();
        assert_eq!(error.to_string(), format!("{path}: is there already; nothing was written"));
        assert_eq!(error.exit(), Exit::CantCreate);
        assert_eq!(std::fs::read_to_string(&taken).unwrap(), "mine");
        assert_eq!(std::fs::read_dir(taken.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_certificate_needs_a_name() {
        let nameless = Beginning { certificate: true, ..bare() };
        let error = begin(&nameless).unwrap_err();
        assert_eq!(
            (error.exit(), error.hint()),
            (Exit::Usage, "say --hostname mail.example.net, or --no-certificate")
        );
    }
}

//! Postfix instances of our own: one that receives, one that sends everything to a given server.
//!
//! Each has its own configuration, queue and data folders in the lab; the machine's own Postfix, if
//! there is one, is neither read nor disturbed.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use super::Lab;
use super::maildir::Maildir;
use super::process::{Child, Ran, run};

/// What a Postfix is to be.
pub struct Postfix<'lab> {
    lab: &'lab Lab,
    name: String,
    settings: Vec<String>,
    refusals: String,
    address: SocketAddr,
}

/// A Postfix at work.
pub struct RunningPostfix {
    /// Where its smtpd listens.
    pub address: SocketAddr,
    /// Where it delivers, if it receives.
    pub maildir: Maildir,
    master: Child,
    config: PathBuf,
}

/// Postfix will not deliver as root. Debian's `nobody`, `nogroup`.
const NOBODY: u32 = 65534;

/// Each service that our two roles need; nothing listens but the one smtpd.
const SERVICES: &str = "\
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 1 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
tlsmgr    unix - - n 1000? 1 tlsmgr
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
lmtp      unix - - n - - lmtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
";

const COMMON: &str = "\
compatibility_level = 3.6
mydestination =
local_recipient_maps =
inet_protocols = ipv4
biff = no
append_dot_mydomain = no
alias_maps =
alias_database =
disable_dns_lookups = yes
smtp_host_lookup = native
mynetworks = 127.0.0.0/8
message_size_limit = 209715200
virtual_mailbox_limit = 0
mailbox_size_limit = 0
smtpd_client_connection_count_limit = 0
";

impl RunningPostfix {
    /// The command that lists its queue as JSON.
    #[allow(dead_code, reason = "for benches/list.rs, which shares the lab")]
    pub fn list(&self) -> Command {
        let mut command = Command::new("postqueue");
        command.arg("-c").arg(&self.config).arg("-j");
        command
    }
}

impl<'lab> Postfix<'lab> {
    /// A Postfix that takes mail for anybody at `domains` and puts all of it into one Maildir.
    pub fn receiving(lab: &'lab Lab, name: &str, domains: &str) -> Postfix<'lab> {
        let mut postfix = Postfix::new(lab, name);
        let base = lab.room(&format!("{name}-mail"));
        postfix = postfix.set("virtual_mailbox_domains", domains);
        postfix = postfix.set("virtual_mailbox_base", &base.display().to_string());
        postfix = postfix.set("virtual_mailbox_maps", "static:Maildir/");
        postfix = postfix.set("virtual_uid_maps", &format!("static:{NOBODY}"));
        postfix.set("virtual_gid_maps", &format!("static:{NOBODY}"))
    }

    /// A Postfix that hands every message it is given to the server at `next`, retrying soon.
    pub fn sending(lab: &'lab Lab, name: &str, next: SocketAddr) -> Postfix<'lab> {
        let relay = format!("[{}]:{}", next.ip(), next.port());
        let retries = [("minimal_backoff_time", "1s"), ("maximal_backoff_time", "2s")];
        let postfix = Postfix::new(lab, name).set("relayhost", &relay).set("queue_run_delay", "1s");
        retries.into_iter().fold(postfix, |postfix, (key, value)| postfix.set(key, value))
    }

    /// A Postfix that passes on what it takes, to wherever its settings say.
    pub fn in_front(lab: &'lab Lab, name: &str) -> Postfix<'lab> {
        Postfix::new(lab, name)
    }

    /// A line of `main.cf`, after all others.
    pub fn set(mut self, key: &str, value: &str) -> Postfix<'lab> {
        self.settings.push(format!("{key} = {value}"));
        self
    }

    /// Answers RCPT for this address with this reply, such as `450 4.2.1 not now`.
    pub fn refusing(mut self, address: &str, reply: &str) -> Postfix<'lab> {
        let _ = writeln!(self.refusals, "{address} {reply}");
        self
    }

    /// Starts it and waits until it listens.
    pub fn start(self) -> RunningPostfix {
        let address = self.address;
        let config = self.configure(address);
        let mut master = Command::new("/usr/lib/postfix/sbin/master");
        master.arg("-c").arg(&config).arg("-d");
        let log = self.lab.path(&format!("{}-maillog", self.name));
        let master = Child::start(self.lab, &self.name, master).logging_to(log);
        let maildir = Maildir::at(self.lab.path(&format!("{}-mail/Maildir", self.name)));
        RunningPostfix { address, maildir, master: master.until_listening(address), config }
    }

    fn new(lab: &'lab Lab, name: &str) -> Postfix<'lab> {
        let (settings, refusals, address) = (Vec::new(), String::new(), lab.free());
        Postfix { lab, name: name.to_owned(), settings, refusals, address }
    }

    /// At this address.
    pub fn at(self, address: SocketAddr) -> Postfix<'lab> {
        Postfix { address, ..self }
    }

    fn configure(&self, address: SocketAddr) -> PathBuf {
        let config = self.lab.room(&format!("{}-config", self.name));
        super::allow(&config, 0o755);
        self.make_queue();
        write_aged(&config.join("main.cf"), &self.main_cf());
        let smtpd = format!("{address} inet n - n - - smtpd\n{SERVICES}");
        fs::write(config.join("master.cf"), smtpd).expect("master.cf");
        config
    }

    fn main_cf(&self) -> String {
        let at = |what: &str| self.lab.path(&format!("{}-{what}", self.name)).display().to_string();
        let refusals = self.lab.path(&format!("{}-refusals", self.name));
        write_aged(&refusals, &self.refusals);
        let mut text = COMMON.to_owned();
        let _ = writeln!(text, "myhostname = {}.test", self.name);
        let _ = writeln!(text, "queue_directory = {}", at("queue"));
        let _ = writeln!(text, "data_directory = {}", at("data"));
        let _ = writeln!(text, "maillog_file = {}", at("maillog"));
        let _ = writeln!(text, "maillog_file_prefixes = {}", self.lab.path("").display());
        let _ = writeln!(
            text,
            "smtpd_recipient_restrictions = check_recipient_access texthash:{}, \
             permit_mynetworks, reject_unauth_destination",
            refusals.display()
        );
        text + &self.settings.join("\n") + "\n"
    }

    /// The folders that `postfix check` would make. `pid` stays root's, as it would have it.
    fn make_queue(&self) {
        let postfix = user_id("postfix");
        let data = self.lab.room(&format!("{}-data", self.name));
        super::allow(&data, 0o700);
        chown(&data, Some(postfix), None).expect("postfix's own folder");
        for folder in QUEUE_FOLDERS {
            let path = self.lab.room(&format!("{}-queue/{folder}", self.name));
            super::allow(&path, 0o755);
            let owner = if folder == "pid" { 0 } else { postfix };
            chown(&path, Some(owner), None).expect("postfix's own folder");
        }
        super::allow(&self.lab.path(&format!("{}-queue", self.name)), 0o755);
    }
}

const QUEUE_FOLDERS: [&str; 15] = [
    "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop",
    "pid", "private", "public", "saved", "trace", "",
];

impl RunningPostfix {
    /// Its master's process id.
    #[allow(dead_code)] // for the benches, which share this lab
    pub fn pid(&self) -> u32 {
        self.master.pid()
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        self.master.log()
    }

    /// What is left in its queue, one JSON object a line, or nothing.
    pub fn queue(&self, lab: &Lab) -> String {
        self.command(lab, "/usr/sbin/postqueue", "-j").succeeded().out
    }

    /// Tries everything in its queue again, now.
    pub fn flush(&self, lab: &Lab) {
        self.command(lab, "/usr/sbin/postqueue", "-f").succeeded();
    }

    fn command(&self, lab: &Lab, program: &str, flag: &str) -> Ran {
        let mut command = Command::new(program);
        command.arg("-c").arg(&self.config).arg(flag);
        run(lab, command)
    }
}

/// Writes a file and dates it back: Postfix reads a young one over and over for two seconds, lest it
/// be half written.
fn write_aged(path: &Path, text: &str) {
    fs::write(path, text).expect("a file of our own");
    let file = fs::File::options().append(true).open(path).expect("a file of our own");
    file.set_modified(SystemTime::UNIX_EPOCH).expect("a file of our own");
}

/// The number of a user of this machine.
fn user_id(name: &str) -> u32 {
    let users = fs::read_to_string("/etc/passwd").expect("the list of users");
    let mut fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let user = fields.find(|fields| fields[0] == name);
    let id = user.and_then(|fields| fields.get(2)?.parse().ok());
    id.unwrap_or_else(|| panic!("no user {name}: run tests/peers/install.sh"))
}

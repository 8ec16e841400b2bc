//! An Exim of our own that receives into a Maildir.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::Lab;
use super::maildir::Maildir;
use super::presence::Peer;
use super::process::Child;

/// An Exim at work.
pub struct RunningExim {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it delivers.
    pub maildir: Maildir,
    _daemon: Child,
}

/// Starts an Exim that takes mail for anybody at `domains` (its own list syntax, colons between).
pub fn receiving(lab: &Lab, domains: &str) -> RunningExim {
    let maildir = format!(
        "\
maildir:
  driver = appendfile
  maildir_format
  directory = {}/Maildir
  user = Debian-exim
  group = Debian-exim
  return_path_add
  envelope_to_add
",
        lab.path("exim").display()
    );
    let rcpt = format!("  accept domains = {domains}\n");
    start(lab, &rcpt, "everybody:\n  driver = accept\n  transport = maildir\n", &maildir)
}

/// Starts an Exim that passes mail on as these routers and transports say, once this check of a recipient
/// is satisfied.
pub fn in_front(lab: &Lab, check: &str, routers: &str, transports: &str) -> RunningExim {
    let rcpt = format!("{check}\n  accept\n");
    start(lab, &rcpt, routers, transports)
}

/// Starts an Exim of this name that is only asked: whom it takes mail for this check of a recipient says, and these are
/// settings of its TLS, which stands out where there are none.
#[allow(dead_code, reason = "for tests/mxcheck, which shares the lab")]
pub fn asked(lab: &Lab, name: &str, rcpt: &str, tls: &str) -> RunningExim {
    let tls = if tls.is_empty() { "tls_advertise_hosts =" } else { tls };
    let parts = [rcpt, "", ""];
    Plan { name, tls, parts }.start(lab)
}

fn start(lab: &Lab, rcpt: &str, routers: &str, transports: &str) -> RunningExim {
    let parts = [rcpt, routers, transports];
    Plan { name: "exim", tls: "tls_advertise_hosts =", parts }.start(lab)
}

/// What an Exim is to be.
struct Plan<'a> {
    /// Its files are called after this.
    name: &'a str,
    /// Settings, a line each.
    tls: &'a str,
    /// What is to become of a recipient; routers; transports.
    parts: [&'a str; 3],
}

impl Plan<'_> {
    fn start(&self, lab: &Lab) -> RunningExim {
        let (address, name) = (lab.free(), self.name);
        lab.room(name);
        let maildir = Maildir::at(lab.path(&format!("{name}/Maildir")));
        // It starts itself anew as its own user, who may not be let into the folder of the source tree.
        let program = lab.path("exim4");
        if !program.exists() {
            std::fs::copy(Peer::Exim.program(), &program).expect("a copy of Exim");
        }
        let config = lab.write(&format!("{name}.conf"), self.config(lab, &program, address));
        let mut command = Command::new(&program);
        // -bdf: a daemon in the foreground; root may name a configuration of its own.
        command.arg("-C").arg(config).arg("-bdf");
        let log = lab.path(&format!("{name}/mainlog"));
        let daemon = Child::start(lab, name, command).logging_to(log);
        RunningExim { address, maildir, _daemon: daemon.until_listening(address) }
    }

    fn config(&self, lab: &Lab, program: &Path, address: SocketAddr) -> String {
        let ([rcpt, routers, transports], tls) = (self.parts, self.tls);
        let (ip, port, exim) = (address.ip(), address.port(), program.display());
        let folder = lab.path(self.name);
        let folder = folder.display();
        format!(
            "\
exim_path = {exim}
primary_hostname = exim.test
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
pid_file_path = {folder}/pid
local_interfaces = {ip}
daemon_smtp_ports = {port}
message_size_limit = 200M
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0
{tls}
keep_environment =
acl_smtp_rcpt = rcpt
acl_smtp_data = data
begin acl
rcpt:
{rcpt}  deny message = relay not permitted
data:
  accept
begin routers
{routers}
begin transports
{transports}
"
        )
    }
}

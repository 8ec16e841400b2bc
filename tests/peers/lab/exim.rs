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

fn start(lab: &Lab, rcpt: &str, routers: &str, transports: &str) -> RunningExim {
    let address = lab.free();
    lab.room("exim");
    let maildir = Maildir::at(lab.path("exim/Maildir"));
    // It starts itself anew as its own user, who may not be let into the folder of the source tree.
    let program = lab.path("exim4");
    std::fs::copy(Peer::Exim.program(), &program).expect("a copy of Exim");
    let config =
        lab.write("exim.conf", config(lab, &program, address, [rcpt, routers, transports]));
    let mut command = Command::new(&program);
    // -bdf: a daemon in the foreground; root may name a configuration of its own.
    command.arg("-C").arg(config).arg("-bdf");
    let daemon = Child::start(lab, "exim", command).logging_to(lab.path("exim/mainlog"));
    RunningExim { address, maildir, _daemon: daemon.until_listening(address) }
}

fn config(lab: &Lab, program: &Path, address: SocketAddr, parts: [&str; 3]) -> String {
    let [rcpt, routers, transports] = parts;
    let (ip, port, exim) = (address.ip(), address.port(), program.display());
    let folder = lab.path("exim");
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
tls_advertise_hosts =
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

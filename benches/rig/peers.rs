//! The peers, set up to do what ours does: take mail, hold it, deliver nothing.

use std::net::SocketAddr;
use std::process::Command;

use super::load::DOMAIN;
use super::ours::Provider;
use super::yardstick;
use crate::lab::postfix::{Postfix, RunningPostfix};
use crate::lab::presence::Peer;
use crate::lab::process::Child;
use crate::lab::{Lab, allow};

/// Somebody who takes mail in.
pub struct Server {
    /// What the tables call it.
    pub name: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its first process.
    pub pid: u32,
    _running: Running,
}

/// Keeps it alive.
enum Running {
    Child { _child: Child },
    Postfix { _postfix: RunningPostfix },
}

/// Everybody this machine has: ours first, the yardsticks last.
pub fn everybody(lab: &Lab) -> Vec<Server> {
    let mut servers = vec![ours(lab)];
    type Start = fn(&Lab) -> Server;
    let peers: [(Peer, Start); 3] =
        [(Peer::Postfix, postfix), (Peer::Exim, exim), (Peer::OpenSmtpd, opensmtpd)];
    for (peer, start) in peers {
        match peer.find() {
            Some(_) => servers.push(start(lab)),
            None => eprintln!("a peer is missing: run tests/peers/install.sh as root"),
        }
    }
    servers.push(child("limit", yardstick::start(lab, "limit")));
    servers.push(child("discard", yardstick::start(lab, "discard")));
    servers
}

fn child(name: &'static str, (address, child): (SocketAddr, Child)) -> Server {
    Server { name, address, pid: child.pid(), _running: Running::Child { _child: child } }
}

fn ours(lab: &Lab) -> Server {
    let provider = Provider::furnish(lab, "provider");
    child("odmrd", (provider.mx, provider.start()))
}

/// A Postfix whose queue manager is never woken: cleanup puts every message on hold.
fn postfix(lab: &Lab) -> Server {
    let postfix = holding(lab);
    let (address, pid) = (postfix.address, postfix.pid());
    Server { name: "Postfix", address, pid, _running: Running::Postfix { _postfix: postfix } }
}

/// The same, for whoever wants to see its queue.
pub fn holding(lab: &Lab) -> RunningPostfix {
    let settings = [
        ("smtpd_data_restrictions", "check_client_access static:HOLD"),
        ("in_flow_delay", "0"),
        ("default_process_limit", "150"),
    ];
    let postfix = Postfix::receiving(lab, "postfix", DOMAIN);
    let postfix =
        settings.into_iter().fold(postfix, |postfix, (key, value)| postfix.set(key, value));
    postfix.start()
}

/// An Exim that only queues.
fn exim(lab: &Lab) -> Server {
    let address = lab.free();
    lab.room("exim");
    let (folder, program) = (lab.path("exim"), Peer::Exim.program());
    let (folder, exim, ip, port) =
        (folder.display(), program.display(), address.ip(), address.port());
    let config = format!(
        "exim_path = {exim}\nprimary_hostname = exim.test\nspool_directory = {folder}/spool\n\
         log_file_path = {folder}/%slog\npid_file_path = {folder}/pid\n\
         local_interfaces = {ip}\ndaemon_smtp_ports = {port}\nmessage_size_limit = 200M\n\
         smtp_accept_max = 0\nsmtp_accept_max_per_connection = 0\n\
         smtp_accept_queue_per_connection = 0\ntls_advertise_hosts =\nkeep_environment =\n\
         queue_only\nacl_smtp_rcpt = rcpt\nacl_smtp_data = data\n\
         begin acl\nrcpt:\n  accept domains = {DOMAIN}\n  deny\ndata:\n  accept\n"
    );
    let config = lab.write("exim.conf", config);
    let mut command = Command::new(&program);
    command.arg("-C").arg(config).arg("-bdf");
    let daemon = Child::start(lab, "exim", command).logging_to(lab.path("exim/mainlog"));
    child("Exim", (address, daemon.until_listening(address)))
}

/// Makes the lab's folders those that are compiled into OpenSMTPD, then becomes it, asleep on both
/// of its delivering sides.
const OPENSMTPD: &str = "\
set -e
mount --bind \"$1/opensmtpd-spool\" /var/spool
mount --bind \"$1/opensmtpd-lib\" /var/lib
mount --bind \"$1/opensmtpd-run\" /run
mount --bind \"$2/libexec\" /usr/libexec
exec \"$2/sbin/smtpd\" -d -P mda -P mta -f \"$1/opensmtpd.conf\"
";

fn opensmtpd(lab: &Lab) -> Server {
    let address = lab.free();
    for folder in ["spool", "lib", "lib/opensmtpd/empty", "run"] {
        allow(&lab.room(&format!("opensmtpd-{folder}")), 0o755);
    }
    let (ip, port) = (address.ip(), address.port());
    let config = format!(
        "smtp max-message-size 200M\nsmtp limit max-mails 1000000000\nlisten on {ip} port {port}\n\
         action hold relay host smtp://127.0.0.1:9\nmatch from any for domain \"{DOMAIN}\" action hold\n"
    );
    lab.write("opensmtpd.conf", config);
    let program = Peer::OpenSmtpd.program();
    let usr = program.ancestors().nth(2).expect("usr/sbin/smtpd");
    let mut command = Command::new("unshare");
    command.args(["--mount", "--", "sh", "-c", OPENSMTPD, "sh"]).arg(lab.path("")).arg(usr);
    child("OpenSMTPD", (address, Child::start(lab, "opensmtpd", command).until_listening(address)))
}

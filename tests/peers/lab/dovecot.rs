//! A Dovecot of our own that speaks LMTP, on TCP and on a unix socket.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use super::maildir::Maildir;
use super::presence::Peer;
use super::process::Child;
use super::{Lab, allow};

/// A Dovecot at work.
pub struct RunningDovecot {
    /// Where its LMTP server listens.
    pub address: SocketAddr,
    /// The same on a unix socket.
    pub socket: PathBuf,
    /// Its settings file.
    pub config: PathBuf,
    mail: PathBuf,
    _master: Child,
}

impl RunningDovecot {
    /// The Maildir of a user, by the part before the at sign.
    pub fn maildir(&self, local_part: &str) -> Maildir {
        Maildir::at(self.mail.join(local_part))
    }
}

/// Starts a Dovecot that knows these addresses and refuses every other with 550.
pub fn receiving(lab: &Lab, addresses: &[&str]) -> RunningDovecot {
    let address = lab.free();
    let mail = lab.room("dovecot-mail");
    let users = addresses.iter().map(|user| format!("{user}::::::\n")).collect::<String>();
    lab.write("dovecot-users", users);
    let config = lab.write("dovecot.conf", config(lab, address));
    let mut command = Command::new(Peer::Dovecot.program());
    command.arg("-F").arg("-c").arg(&config);
    let master = Child::start(lab, "dovecot", command).logging_to(lab.path("dovecot-log"));
    let master = master.until_listening(address);
    RunningDovecot { address, socket: lab.path("dovecot-run/lmtp"), config, mail, _master: master }
}

/// A Dovecot that checks passwords and does nothing else.
pub struct Oracle {
    /// Where it is asked.
    pub socket: PathBuf,
    _master: Child,
}

/// Starts a Dovecot that knows these users by their passwords.
pub fn knowing(lab: &Lab, users: &[(&str, &str)]) -> Oracle {
    let line = |(user, password): &(&str, &str)| format!("{user}:{{PLAIN}}{password}::::::\n");
    let list = lab.write("oracle-users", users.iter().map(line).collect::<String>());
    oracle(lab, &format!("driver = passwd-file\n  args = {}", list.display()))
}

/// Starts a Dovecot that cannot look any password up.
pub fn at_a_loss(lab: &Lab) -> Oracle {
    // 111 is checkpassword's word for trouble of its own.
    let program = lab.write("oracle-check", "#!/bin/sh\nexit 111\n");
    allow(&program, 0o755);
    oracle(lab, &format!("driver = checkpassword\n  args = {}", program.display()))
}

fn oracle(lab: &Lab, passwords: &str) -> Oracle {
    let folder = lab.path("oracle");
    let folder = folder.display();
    let settings = format!(
        "\
base_dir = {folder}-run
state_dir = {folder}-state
log_path = {folder}-log
protocols =
ssl = no
first_valid_uid = 1
auth_mechanisms = plain login cram-md5 scram-sha-256
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
passdb {{
  {passwords}
}}
service auth {{
  unix_listener auth-client {{
    mode = 0666
  }}
}}
"
    );
    let config = lab.write("oracle.conf", settings);
    let mut command = Command::new(Peer::Dovecot.program());
    command.arg("-F").arg("-c").arg(&config);
    let mut master = Child::start(lab, "oracle", command).logging_to(lab.path("oracle-log"));
    let socket = lab.path("oracle-run/auth-client");
    master.until_log_says("starting up");
    super::wait::until("its socket", || socket.exists().then_some(()));
    Oracle { socket, _master: master }
}

fn config(lab: &Lab, address: SocketAddr) -> String {
    let folder = lab.path("dovecot");
    let (folder, ip, port) = (folder.display(), address.ip(), address.port());
    format!(
        "\
base_dir = {folder}-run
state_dir = {folder}-state
log_path = {folder}-log
protocols = lmtp
ssl = no
listen = {ip}
hostname = dovecot.test
first_valid_uid = 1
mail_location = maildir:{folder}-mail/%n
auth_username_format = %Lu
passdb {{
  driver = passwd-file
  args = {folder}-users
}}
userdb {{
  driver = passwd-file
  args = {folder}-users
  override_fields = uid=nobody gid=nogroup home={folder}-mail/%n
}}
service lmtp {{
  unix_listener lmtp {{
    mode = 0666
  }}
  inet_listener lmtp {{
    address = {ip}
    port = {port}
  }}
}}
"
    )
}

//! An OpenSMTPD of our own that receives into a Maildir.
//!
//! Its folders are compiled in. So it runs in a mount namespace in which they are the lab's.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::Lab;
use super::maildir::Maildir;
use super::presence::Peer;
use super::process::Child;

/// An OpenSMTPD at work.
pub struct RunningOpenSmtpd {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it delivers.
    pub maildir: Maildir,
    _daemon: Child,
}

/// Makes the lab's folders those that the program looks for, then becomes it.
const IN_ITS_OWN_PLACE: &str = "\
set -e
mount --bind \"$1/opensmtpd-spool\" /var/spool
mount --bind \"$1/opensmtpd-lib\" /var/lib
mount --bind \"$1/opensmtpd-run\" /run
mount --bind \"$2/libexec\" /usr/libexec
exec \"$2/sbin/smtpd\" -d -f \"$1/opensmtpd.conf\"
";

/// Starts an OpenSMTPD that takes mail for anybody at `domain`.
pub fn receiving(lab: &Lab, domain: &str) -> RunningOpenSmtpd {
    let address = lab.free();
    for folder in ["spool", "lib", "lib/opensmtpd/empty", "run"] {
        super::allow(&lab.room(&format!("opensmtpd-{folder}")), 0o755);
    }
    let maildir = Maildir::at(lab.room("opensmtpd-mail").join("Maildir"));
    lab.write("opensmtpd.conf", config(maildir.path(), address, domain));
    let program = Peer::OpenSmtpd.program();
    let usr = program.ancestors().nth(2).expect("usr/sbin/smtpd");
    let mut command = Command::new("unshare");
    command.args(["--mount", "--", "sh", "-c", IN_ITS_OWN_PLACE, "sh"]).arg(lab.path("")).arg(usr);
    let daemon = Child::start(lab, "opensmtpd", command).until_listening(address);
    RunningOpenSmtpd { address, maildir, _daemon: daemon }
}

fn config(maildir: &Path, address: SocketAddr, domain: &str) -> String {
    let (maildir, ip, port) = (maildir.display(), address.ip(), address.port());
    format!(
        "\
table everybody {{ \"@\" = \"nobody\" }}
table users {{ \"nobody\" = \"65534:65534:/nonexistent\" }}
smtp max-message-size 200M
listen on {ip} port {port}
action deliver maildir \"{maildir}\" virtual <everybody> userbase <users>
match from any for domain \"{domain}\" action deliver
"
    )
}

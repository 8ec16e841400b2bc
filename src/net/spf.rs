//! Whether a host may send for the domain in its MAIL FROM. RFC 7208. Asks the DNS; never refuses: what
//! is found is written down for whoever filters.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{MessageAuthenticator, SpfResult};
use tokio_util::task::AbortOnDropHandle;

/// All of a verdict's questions together may take so long. RFC 7208, section 4.6.4, asks for 20 s or more;
/// the sender waits meanwhile, but for what the content takes to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks for verdicts. Clones share what the DNS has answered.
#[derive(Clone)]
pub struct Spf(Arc<MessageAuthenticator>);

impl std::fmt::Debug for Spf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Spf")
    }
}

/// A verdict that is being asked for; dropped, nobody asks any more.
#[derive(Debug)]
pub struct Asking(AbortOnDropHandle<&'static str>);

impl Asking {
    /// The verdict in the words of RFC 8601, section 2.7.2.
    pub async fn verdict(self) -> &'static str {
        self.0.await.unwrap_or("temperror")
    }
}

impl Spf {
    /// By this resolver, or by that of the system.
    ///
    /// # Errors
    /// The system names no resolver.
    pub fn by(resolver: Option<SocketAddr>) -> Result<Spf, NetError> {
        let judge = match resolver {
            None => MessageAuthenticator::new_system_conf()?,
            Some(at) => {
                let mut server = NameServerConfig::udp_and_tcp(at.ip());
                for connection in &mut server.connections {
                    connection.port = at.port();
                }
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
                let mut options = ResolverOpts::default();
                (options.timeout, options.attempts) = (Duration::from_secs(2), 1);
                MessageAuthenticator::new(config, options)?
            }
        };
        Ok(Spf(Arc::new(judge)))
    }

    /// Begins to ask about a host that calls itself `helo` and sends as `from`; for a null reverse-path
    /// about the host itself (RFC 7208, section 2.4).
    pub fn ask(&self, ip: IpAddr, helo: String, from: Option<String>, own: String) -> Asking {
        let judge = Arc::clone(&self.0);
        Asking(AbortOnDropHandle::new(tokio::spawn(async move {
            let parameters = match &from {
                Some(from) => SpfParameters::verify_mail_from(ip, &helo, &own, from),
                None => SpfParameters::verify_ehlo(ip, &helo, &own),
            };
            match tokio::time::timeout(PATIENCE, judge.verify_spf(parameters)).await {
                Ok(output) => word(output.result()),
                Err(_) => "temperror",
            }
        })))
    }
}

fn word(result: SpfResult) -> &'static str {
    match result {
        SpfResult::Pass => "pass",
        SpfResult::Fail => "fail",
        SpfResult::SoftFail => "softfail",
        SpfResult::Neutral => "neutral",
        SpfResult::TempError => "temperror",
        SpfResult::PermError => "permerror",
        SpfResult::None => "none",
    }
}

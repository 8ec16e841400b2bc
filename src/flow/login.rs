//! A login at somebody else's server, for those who only look.

use secrecy::SecretString;

use crate::sasl::{Binding, ClientExchange, InClear, NONCE_OCTETS, Policy, choose};

/// A name and a password.
#[derive(Clone, Debug)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub secret: SecretString,
}

/// What is known of the line that it is to be said on.
#[derive(Clone, Copy, Debug)]
pub struct Vetted {
    /// A certificate proves the server to be the one that was meant.
    pub is_proven: bool,
    /// What binds a proof to the line; none in clear.
    pub exporter: Option<[u8; 32]>,
    /// What may be shown to a line that is not proven.
    pub in_clear: InClear,
}

impl Login {
    /// Begins, by the strongest of these mechanisms that shows the password to nobody who should not have it.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn begin(&self, mechanisms: &[String], line: Vetted) -> Result<ClientExchange, String> {
        let policy = Policy {
            verified_tls: line.is_proven,
            binding: line.exporter.is_some(),
            secret: true,
            certificate: false,
            in_clear: line.in_clear,
            forced: None,
        };
        let mechanism = choose(mechanisms, &policy).map_err(|why| why.to_string())?;
        let lists_plus = mechanisms.iter().any(|name| name.ends_with("-PLUS"));
        let binding = match line.exporter {
            Some(octets) if mechanism.binds_channel() => Binding::Exporter(octets),
            Some(_) if !lists_plus => Binding::NotOffered,
            _ => Binding::None,
        };
        let mut nonce = [0; NONCE_OCTETS];
        rand::fill(&mut nonce);
        let secret = Some(self.secret.clone());
        ClientExchange::new(mechanism, &self.user, secret, nonce, binding)
            .map_err(|why| why.to_string())
    }
}

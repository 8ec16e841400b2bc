//! Which mechanisms there are, which one a provider lists, and which one a customer picks.

use std::fmt;

/// A SASL mechanism, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mechanism {
    /// SCRAM tied to this very TLS connection, so that nobody in the middle can pass it on.
    ScramSha256Plus,
    /// Both sides prove that they know the secret, and neither shows it.
    ScramSha256,
    /// The client certificate is the proof.
    External,
    /// The secret is not shown, but the server proves nothing.
    CramMd5,
    /// NTLMv2, for customers that know only that and LOGIN: the secret is not shown, but what the server
    /// keeps is as good as it. We check it, and log in nowhere by it.
    Ntlm,
    /// The secret itself is sent.
    Plain,
    /// The same, in two steps: for Exchange and IIS.
    Login,
}

/// A name that is none of ours: 504 5.5.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no SASL mechanism of this program")]
pub struct UnknownMechanism;

impl Mechanism {
    /// Every mechanism, strongest first.
    pub const ALL: [Mechanism; 7] = [
        Mechanism::ScramSha256Plus,
        Mechanism::ScramSha256,
        Mechanism::External,
        Mechanism::CramMd5,
        Mechanism::Ntlm,
        Mechanism::Plain,
        Mechanism::Login,
    ];

    /// Those by which a customer of ours can log in.
    pub const SPOKEN: [Mechanism; 6] = [
        Mechanism::ScramSha256Plus,
        Mechanism::ScramSha256,
        Mechanism::External,
        Mechanism::CramMd5,
        Mechanism::Plain,
        Mechanism::Login,
    ];

    /// The registered name.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::External => "EXTERNAL",
            Mechanism::CramMd5 => "CRAM-MD5",
            Mechanism::Ntlm => "NTLM",
            Mechanism::Plain => "PLAIN",
            Mechanism::Login => "LOGIN",
        }
    }

    /// Whether the secret itself travels.
    pub fn is_plaintext(self) -> bool {
        matches!(self, Mechanism::Plain | Mechanism::Login)
    }

    /// Whether it uses the TLS connection's channel binding. That may serve for one attempt only
    /// (RFC 9266, section 3): after a failed one, end the connection.
    pub fn binds_channel(self) -> bool {
        self == Mechanism::ScramSha256Plus
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Mechanism {
    type Err = UnknownMechanism;
    fn from_str(text: &str) -> Result<Mechanism, UnknownMechanism> {
        let named = |mechanism: &Mechanism| mechanism.name().eq_ignore_ascii_case(text);
        Mechanism::ALL.into_iter().find(named).ok_or(UnknownMechanism)
    }
}

/// What a provider knows of a connection when it lists its mechanisms.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line {
    /// TLS is up.
    pub tls: bool,
    /// Its exporter may serve as a channel binding (TLS 1.3, or 1.2 with extended master secret).
    pub binding: bool,
    /// The customer showed a certificate.
    pub certificate: bool,
    /// Some account may send its password in clear.
    pub clear_login: bool,
    /// Some account has what NTLM needs.
    pub ntlm: bool,
}

/// What a provider lists after AUTH on such a connection, strongest first.
pub fn offer(line: Line) -> Vec<Mechanism> {
    let fits = |mechanism: &Mechanism| match mechanism {
        Mechanism::ScramSha256Plus => line.tls && line.binding,
        Mechanism::ScramSha256 | Mechanism::CramMd5 => true,
        Mechanism::External => line.tls && line.certificate,
        Mechanism::Ntlm => line.ntlm,
        Mechanism::Plain | Mechanism::Login => line.tls || line.clear_login,
    };
    Mechanism::ALL.into_iter().filter(fits).collect()
}

/// What a customer lets itself say where anybody may listen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InClear {
    /// SCRAM alone.
    #[default]
    Scram,
    /// CRAM-MD5 too: a listener can guess at the secret offline, and the provider proves nothing.
    Cram,
    /// The password itself, for a provider that knows nothing better.
    Password,
}

/// What a customer has and allows when it picks a mechanism.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy {
    /// TLS is up and the provider's certificate was verified. TLS to a stranger is no better than
    /// none, since that stranger may be the one who listens.
    pub verified_tls: bool,
    /// The TLS exporter may serve as a channel binding.
    pub binding: bool,
    /// There is a password.
    pub secret: bool,
    /// There is a client certificate, and it was shown.
    pub certificate: bool,
    /// What may be said without verified TLS.
    pub in_clear: InClear,
    /// Use this one, listed or not (IIS knows more than it lists), if the rest allows it.
    pub forced: Option<Mechanism>,
}

/// What stands between a customer and a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// PLAIN and LOGIN show the password.
    #[error("would show the password; needs verified TLS, or the account's leave")]
    ShowsSecret,
    /// CRAM-MD5 invites guessing.
    #[error("lets a listener guess at the password; needs verified TLS, or the account's leave")]
    InvitesGuessing,
    /// No TLS, or TLS without a unique exporter.
    #[error("needs TLS with channel binding")]
    NoBinding,
    /// No password is known.
    #[error("needs a password")]
    NoSecret,
    /// No certificate was shown.
    #[error("needs TLS with a client certificate")]
    NoCertificate,
    /// We have only the other side of it.
    #[error("is none that this program logs in by")]
    NotSpoken,
    /// A password is there and should be used.
    #[error("is used only where no password is set, or when asked for by name")]
    HasSecret,
}

/// Why no mechanism could be picked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoMechanism {
    /// EHLO listed none.
    #[error("the provider offers no authentication")]
    NothingOffered,
    /// EHLO listed none that we know.
    #[error("the provider offers no mechanism that this program knows")]
    NoneKnown,
    /// Each of those listed met an obstacle.
    #[error("none of the mechanisms offered may be used: {}", told(.0))]
    NoneAllowed(Vec<(Mechanism, Obstacle)>),
    /// The one asked for meets an obstacle.
    #[error("{0} was asked for, but {1}")]
    Forced(Mechanism, Obstacle),
}

fn told(obstacles: &[(Mechanism, Obstacle)]) -> String {
    let one = |(mechanism, obstacle): &(Mechanism, Obstacle)| format!("{mechanism} {obstacle}");
    obstacles.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Picks the strongest mechanism among those listed in EHLO that the account allows.
///
/// # Errors
/// [`NoMechanism`] says what was listed and what stood in the way.
pub fn choose<S: AsRef<str>>(offered: &[S], policy: &Policy) -> Result<Mechanism, NoMechanism> {
    if let Some(forced) = policy.forced {
        return match obstacle(forced, policy) {
            None | Some(Obstacle::HasSecret) => Ok(forced),
            Some(obstacle) => Err(NoMechanism::Forced(forced, obstacle)),
        };
    }
    let listed = |m: &Mechanism| offered.iter().any(|o| o.as_ref().parse() == Ok(*m));
    let known: Vec<Mechanism> = Mechanism::SPOKEN.into_iter().filter(listed).collect();
    let judged = known.iter().map(|&m| (m, obstacle(m, policy)));
    match known.iter().find(|&&m| obstacle(m, policy).is_none()) {
        Some(&mechanism) => Ok(mechanism),
        // Some servers know it and do not say so (IIS). What CRAM-MD5 says gives nothing away.
        None if offered.is_empty() && obstacle(Mechanism::CramMd5, policy).is_none() => {
            Ok(Mechanism::CramMd5)
        }
        None if offered.is_empty() => Err(NoMechanism::NothingOffered),
        None if known.is_empty() => Err(NoMechanism::NoneKnown),
        None => Err(NoMechanism::NoneAllowed(judged.filter_map(|(m, o)| Some((m, o?))).collect())),
    }
}

fn obstacle(mechanism: Mechanism, policy: &Policy) -> Option<Obstacle> {
    let safe = policy.verified_tls;
    match mechanism {
        Mechanism::Ntlm => Some(Obstacle::NotSpoken),
        Mechanism::External if !policy.certificate => Some(Obstacle::NoCertificate),
        Mechanism::External if policy.secret => Some(Obstacle::HasSecret),
        Mechanism::External => None,
        _ if !policy.secret => Some(Obstacle::NoSecret),
        Mechanism::ScramSha256Plus if !policy.binding => Some(Obstacle::NoBinding),
        Mechanism::ScramSha256Plus | Mechanism::ScramSha256 => None,
        Mechanism::CramMd5 if !safe && policy.in_clear == InClear::Scram => {
            Some(Obstacle::InvitesGuessing)
        }
        Mechanism::CramMd5 => None,
        _ if !safe && policy.in_clear != InClear::Password => Some(Obstacle::ShowsSecret),
        Mechanism::Plain | Mechanism::Login => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYTHING: [&str; 8] = [
        "LOGIN",
        "plain",
        "CRAM-MD5",
        "GSSAPI",
        "EXTERNAL",
        "SCRAM-SHA-1",
        "SCRAM-SHA-256",
        "SCRAM-SHA-256-PLUS",
    ];

    fn safe() -> Policy {
        Policy { verified_tls: true, secret: true, ..Policy::default() }
    }

    #[test]
    fn names_are_read_and_written_alike() {
        for mechanism in Mechanism::ALL {
            assert_eq!(mechanism.name().to_lowercase().parse(), Ok(mechanism));
        }
        assert_eq!("SCRAM-SHA-1".parse::<Mechanism>(), Err(UnknownMechanism));
    }

    #[test]
    fn under_tls_the_strongest_is_picked() {
        let bound = Policy { binding: true, ..safe() };
        assert_eq!(choose(&EVERYTHING, &bound), Ok(Mechanism::ScramSha256Plus));
        assert_eq!(choose(&EVERYTHING, &safe()), Ok(Mechanism::ScramSha256));
        assert_eq!(choose(&EVERYTHING[..5], &safe()), Ok(Mechanism::CramMd5));
        assert_eq!(choose(&EVERYTHING[..2], &safe()), Ok(Mechanism::Plain));
        assert_eq!(choose(&EVERYTHING[..1], &safe()), Ok(Mechanism::Login));
    }

    #[test]
    fn in_clear_only_what_the_account_allows() {
        let clear = |in_clear| Policy { secret: true, in_clear, ..Policy::default() };
        let old = &EVERYTHING[..3];
        assert_eq!(choose(&EVERYTHING, &clear(InClear::Scram)), Ok(Mechanism::ScramSha256));
        assert_eq!(choose(old, &clear(InClear::Cram)), Ok(Mechanism::CramMd5));
        assert_eq!(choose(&old[..2], &clear(InClear::Password)), Ok(Mechanism::Plain));
        let refused = choose(old, &clear(InClear::Scram)).unwrap_err();
        assert_eq!(
            refused,
            NoMechanism::NoneAllowed(vec![
                (Mechanism::CramMd5, Obstacle::InvitesGuessing),
                (Mechanism::Plain, Obstacle::ShowsSecret),
                (Mechanism::Login, Obstacle::ShowsSecret),
            ])
        );
        assert!(choose(&old[..2], &clear(InClear::Cram)).is_err());
    }

    #[test]
    fn a_certificate_serves_where_there_is_no_password() {
        let certified = Policy { certificate: true, secret: false, ..safe() };
        assert_eq!(choose(&EVERYTHING, &certified), Ok(Mechanism::External));
        let both = Policy { certificate: true, ..safe() };
        assert_eq!(choose(&EVERYTHING, &both), Ok(Mechanism::ScramSha256));
        let named = Policy { forced: Some(Mechanism::External), ..both };
        assert_eq!(choose(&EVERYTHING, &named), Ok(Mechanism::External));
    }

    #[test]
    fn force_does_not_overrule_the_account() {
        let forced = Some(Mechanism::Login);
        assert_eq!(choose::<&str>(&[], &Policy { forced, ..safe() }), Ok(Mechanism::Login));
        let clear = Policy { forced, secret: true, ..Policy::default() };
        assert_eq!(
            choose(&EVERYTHING, &clear),
            Err(NoMechanism::Forced(Mechanism::Login, Obstacle::ShowsSecret))
        );
    }

    #[test]
    fn an_empty_and_an_unknown_offer_are_told_apart() {
        // Whoever lists nothing may know CRAM-MD5 all the same; a password is said to nobody who did not ask.
        assert_eq!(choose::<&str>(&[], &safe()), Ok(Mechanism::CramMd5));
        let open = Policy { verified_tls: false, ..safe() };
        assert_eq!(choose::<&str>(&[], &open), Err(NoMechanism::NothingOffered));
        // Of NTLM we know one side.
        assert_eq!(choose(&["NTLM"], &safe()), Err(NoMechanism::NoneKnown));
        let forced = Policy { forced: Some(Mechanism::Ntlm), ..safe() };
        assert!(choose(&["NTLM"], &forced).is_err());
    }

    #[test]
    fn a_provider_lists_what_fits_the_line() {
        let clear = offer(Line::default());
        assert_eq!(clear, [Mechanism::ScramSha256, Mechanism::CramMd5]);
        assert!(offer(Line { clear_login: true, ..Line::default() }).contains(&Mechanism::Login));
        let all = Line { tls: true, binding: true, certificate: true, ..Line::default() };
        assert_eq!(offer(all), Mechanism::SPOKEN);
        assert_eq!(offer(Line { ntlm: true, ..all }), Mechanism::ALL);
    }
}

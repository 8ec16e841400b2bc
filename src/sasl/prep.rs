//! SASLprep, RFC 4013: two people who type the same password send the same octets.

use zeroize::Zeroizing;

/// Why a text cannot be a password or a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// Nothing there, or nothing left of it.
    #[error("it is empty")]
    Empty,
    /// RFC 4013 forbids it: a control character, an unassigned one, mixed directions.
    #[error("it holds a character that SASLprep (RFC 4013) forbids, such as a control character")]
    Forbidden,
}

/// The one form in which a name or a password is stored and compared.
///
/// # Errors
/// [`BadSecret`] when RFC 4013 has no such form, or an empty one.
pub fn prepare(text: &str) -> Result<Zeroizing<String>, BadSecret> {
    let prepared = stringprep::saslprep(text).map_err(|_| BadSecret::Forbidden)?;
    match prepared.is_empty() {
        true => Err(BadSecret::Empty),
        false => Ok(Zeroizing::new(prepared.into_owned())),
    }
}

/// The prepared form where there is one, else the text as it came: it will match nothing stored,
/// and costs the same to find out.
pub(super) fn prepare_or_keep(text: &str) -> Zeroizing<String> {
    prepare(text).unwrap_or_else(|_| Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 4013, section 3.
    #[test]
    fn the_rfc_examples() {
        let same = |from: &str, to: &str| assert_eq!(prepare(from).unwrap().as_str(), to);
        same("I\u{ad}X", "IX");
        same("user", "user");
        same("USER", "USER");
        same("\u{aa}", "a");
        same("\u{2168}", "IX");
        assert_eq!(prepare("\u{7}"), Err(BadSecret::Forbidden));
        assert_eq!(prepare("\u{627}1"), Err(BadSecret::Forbidden));
    }

    #[test]
    fn nothing_is_not_a_password() {
        assert_eq!(prepare(""), Err(BadSecret::Empty));
        assert_eq!(prepare("\u{ad}"), Err(BadSecret::Empty));
    }
}

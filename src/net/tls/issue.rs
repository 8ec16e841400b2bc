//! Certificates that are wrong in one way each, of an authority that the other side trusts: does it look?

use std::path::Path;

use zeroize::Zeroizing;

use super::files::SelfSigned;

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It was good until a year ago.
    Expired,
    /// It is for another name.
    WrongName,
    /// What ties it to the authority is not shown.
    NoChain,
}

/// The name in a certificate that is for another name.
const OTHER: &str = "odmr-probe.invalid";

/// An authority that signs for us.
pub struct Authority(rcgen::Issuer<'static, rcgen::KeyPair>);

impl Authority {
    /// Reads its certificate and its key, both PEM.
    ///
    /// # Errors
    /// In a line: the file, and what is wrong with it.
    pub fn read(certificate: &Path, key: &Path) -> Result<Authority, String> {
        let read = |path: &Path| {
            let text = std::fs::read_to_string(path).map(Zeroizing::new);
            text.map_err(|why| format!("{}: {why}", path.display()))
        };
        let pair = rcgen::KeyPair::from_pem(&read(key)?)
            .map_err(|why| format!("{}: {why}", key.display()))?;
        let issuer = rcgen::Issuer::from_ca_cert_pem(&read(certificate)?, pair)
            .map_err(|why| format!("{}: {why}", certificate.display()))?;
        Ok(Authority(issuer))
    }

    /// A certificate for `name` that is in order but for this.
    ///
    /// # Errors
    /// A name that no certificate can carry.
    pub fn issue(&self, name: &str, flaw: Flaw) -> Result<SelfSigned, rcgen::Error> {
        let name = if flaw == Flaw::WrongName { OTHER } else { name };
        let until = if flaw == Flaw::Expired { -1 } else { 1 };
        let key = rcgen::KeyPair::generate()?;
        let params = params(name, until)?;
        let certificate = match flaw {
            Flaw::NoChain => params.signed_by(&key, &unknown()?)?,
            Flaw::Expired | Flaw::WrongName => params.signed_by(&key, &self.0)?,
        };
        Ok(SelfSigned { certificate: certificate.pem(), key: Zeroizing::new(key.serialize_pem()) })
    }
}

/// An authority that stands between, if anywhere: what ties it to another is never shown.
fn unknown() -> Result<rcgen::Issuer<'static, rcgen::KeyPair>, rcgen::Error> {
    let mut params = params("an authority between", 1)?;
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    Ok(rcgen::Issuer::new(params, rcgen::KeyPair::generate()?))
}

/// For this name, good until the year that is so many from now.
fn params(name: &str, until: i32) -> Result<rcgen::CertificateParams, rcgen::Error> {
    let names = if name.contains(' ') { Vec::new() } else { vec![name.to_owned()] };
    let mut params = rcgen::CertificateParams::new(names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    let today = jiff::Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::UTC);
    params.not_before = rcgen::date_time_ymd(i32::from(today.year()) - 3, 1, 1);
    params.not_after = rcgen::date_time_ymd(i32::from(today.year()) + until, 1, 1);
    Ok(params)
}

//! What a handshake agreed on, in the words that logs, trace fields and SASL need.

use rustls::pki_types::CertificateDer;
use rustls::{ClientConnection, ConnectionCommon, ProtocolVersion, ServerConnection};

use crate::net::tls::Fingerprint;

/// RFC 9266, section 2.
const BINDING_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// The facts of one TLS connection.
#[derive(Clone)]
pub struct TlsFacts {
    version: &'static str,
    cipher: String,
    exporter: Option<[u8; 32]>,
    peer_fingerprint: Option<Fingerprint>,
    server_name: Option<String>,
}

impl TlsFacts {
    pub(in crate::net) fn of_server(connection: &ServerConnection) -> TlsFacts {
        TlsFacts::of(connection, connection.server_name().map(str::to_owned))
    }

    pub(in crate::net) fn of_client(connection: &ClientConnection, name: &str) -> TlsFacts {
        TlsFacts::of(connection, Some(name.to_owned()))
    }

    fn of<D>(connection: &ConnectionCommon<D>, server_name: Option<String>) -> TlsFacts {
        let suite = connection.negotiated_cipher_suite().and_then(|s| s.suite().as_str());
        let peer = connection.peer_certificates().and_then(<[CertificateDer<'_>]>::first);
        TlsFacts {
            version: version(connection.protocol_version()),
            // rustls tells the suites of 1.3 apart by a prefix that IANA's names do not have.
            cipher: suite.unwrap_or("unknown").replace("TLS13_", "TLS_"),
            exporter: exporter(connection),
            peer_fingerprint: peer.map(Fingerprint::of),
            server_name,
        }
    }

    /// `TLSv1.3` or `TLSv1.2`.
    pub fn version(&self) -> &'static str {
        self.version
    }

    /// The cipher suite by its IANA name.
    pub fn cipher(&self) -> &str {
        &self.cipher
    }

    /// The channel binding `tls-exporter` (RFC 9266) for one SCRAM-PLUS exchange.
    ///
    /// Only under TLS 1.3: with 1.2 it is sound only with the extended master secret, and whether
    /// that was agreed the TLS library does not tell.
    pub fn exporter(&self) -> Option<&[u8; 32]> {
        self.exporter.as_ref()
    }

    /// The certificate the peer showed and proved to hold the key of.
    pub fn peer_fingerprint(&self) -> Option<Fingerprint> {
        self.peer_fingerprint
    }

    /// The name asked for: what the client sent (SNI), or what we expected of the server.
    /// As received: escape it before it is shown.
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }
}

impl std::fmt::Debug for TlsFacts {
    /// Without the exporter: who has it can bind an authentication to this connection.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsFacts")
            .field("version", &self.version)
            .field("cipher", &self.cipher)
            .field("peer_fingerprint", &self.peer_fingerprint)
            .field("server_name", &self.server_name)
            .finish_non_exhaustive()
    }
}

fn version(version: Option<ProtocolVersion>) -> &'static str {
    match version {
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        _ => "TLS",
    }
}

fn exporter<D>(connection: &ConnectionCommon<D>) -> Option<[u8; 32]> {
    let unique = connection.protocol_version() == Some(ProtocolVersion::TLSv1_3);
    // An empty context, not an absent one, as the RFC has it.
    unique
        .then(|| connection.export_keying_material([0; 32], BINDING_LABEL, Some(&[])).ok())
        .flatten()
}

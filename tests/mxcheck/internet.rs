//! An internet on loopback: NSD has the root and the top-level domains, Knot, another NSD and BIND have the
//! domains below, Unbound looks them up and validates. What is in it stands in `internet.zones`.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

use crate::front::{Standing, answer, between, stand_in_front};
use crate::lab::Lab;
use crate::lab::authority::{Authority, Identity};
use crate::lab::presence::Peer;
use crate::lab::process::{Child, run};
use crate::lab::wait::until;
use crate::web::serve;

const ZONES: &str = include_str!("internet.zones");

/// The servers, for as long as it is held.
pub struct Internet {
    /// Whom to ask.
    pub resolver: SocketAddr,
    /// The first of the two servers that have the domains.
    pub ns1: Ipv4Addr,
    /// Where policies are.
    pub web: Ipv4Addr,
    /// The file with the authority that issues its certificates.
    pub ca: PathBuf,
    /// The resolver by TLS, and by HTTPS.
    pub secured: [SocketAddr; 2],
    /// The file with the key of its root.
    pub anchor: PathBuf,
    /// The certificate whose key is published for `mx.promised.org`.
    pub promised: Identity,
    _servers: Vec<Child>,
    _fronts: Vec<Standing>,
    _corners: Vec<Lab>,
}

/// A zone at a server.
struct Zone {
    name: String,
    server: String,
    file: PathBuf,
}

/// A zone as `internet.zones` has it.
struct Part<'a> {
    name: &'a str,
    servers: &'a str,
    serial: &'a str,
    /// For how long it is remembered that there is nothing, seconds.
    minimum: &'a str,
    /// How it is signed.
    signed: Option<&'a str>,
    body: String,
}

impl Internet {
    /// Starts it. Everybody answers for every zone by then.
    pub fn start(lab: &Lab) -> Internet {
        let corners: Vec<Lab> = (0..10).map(|_| Lab::open()).collect();
        let [root, ns1, ns2, ns3, dead, web, udp, old, strict, alias] =
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(|at| corners[at].ip());
        let places = [
            ("root", root),
            ("ns1", ns1),
            ("ns2", ns2),
            ("ns3", ns3),
            ("dead", dead),
            ("lab", lab.ip()),
            ("web", web),
            ("udp", udp),
            ("old", old),
            ("strict", strict),
            ("alias", alias),
        ];
        let authority = Authority::new(lab);
        let promised = authority.issue(lab, &["mx.promised.org"]);
        let (zones, anchor) = write_zones(lab, &places, &digest_of_key(&promised));
        let site = serve(lab, &authority, web);
        let resolver = lab.free();
        let secured = [lab.free(), lab.free()];
        let (named, front) = named(lab, "ns3", ns3, &zones);
        let servers = vec![
            nsd(lab, "root", root, &zones),
            knot(lab, "ns1", ns1, &zones),
            nsd(lab, "ns2", ns2, &zones),
            named,
            unbound(lab, root, (resolver, secured), &anchor, &authority),
        ];
        for zone in &zones {
            let at = places.iter().find(|(server, _)| *server == zone.server).expect("a server");
            until(&zone.name, || speaks_for((at.1, 53).into(), &zone.name).then_some(()));
        }
        let ca = authority.file().to_owned();
        let servers: Vec<Child> =
            servers.into_iter().map(|child| child.until_listening(resolver)).collect();
        Internet {
            resolver,
            ns1,
            web,
            ca,
            secured,
            anchor,
            promised,
            _servers: servers,
            _fronts: vec![
                front,
                site,
                by_udp_only(udp, ns2),
                behind_an_old_firewall(old, ns2),
                from_before_edns(strict, ns2),
                with_an_alias(alias, ns2),
            ],
            _corners: corners,
        }
    }
}

/// What this server says, to whoever asks by UDP.
fn by_udp_only(at: Ipv4Addr, of: Ipv4Addr) -> Standing {
    Standing::at((at, 53).into()).packets(move |asked| answer((of, 53).into(), asked))
}

/// The same where questions with EDNS are refused, by the header alone: FORMERR. RFC 1035, section 4.1.1.
fn from_before_edns(at: Ipv4Addr, of: Ipv4Addr) -> Standing {
    let of = (of, 53).into();
    let standing = Standing::at((at, 53).into()).packets(move |asked| match asked.get(10..12)? {
        [0, 0] => answer(of, asked),
        _ => Some([&asked[..2], &[0x80 | asked[2], 1], &[0; 8]].concat()),
    });
    standing.lines(move |line| between(line, of))
}

/// The same where a zone is an alias for `good.org` besides, which no server of today loads (RFC 1034, section 3.6.2): so
/// it says of all but what makes it a zone.
fn with_an_alias(at: Ipv4Addr, of: Ipv4Addr) -> Standing {
    let of = (of, 53).into();
    let standing = Standing::at((at, 53).into()).packets(move |asked| {
        let end = asked.get(12..)?.iter().position(|octet| *octet == 0)? + 12 + 5;
        let question = asked.get(12..end)?;
        let is_apex = question.starts_with(b"\x04apex\x03org\0");
        // SOA is 6, NS is 2.
        if !is_apex || matches!(question[question.len() - 3], 2 | 6) {
            return answer(of, asked);
        }
        let to = b"\x04good\x03org\0";
        let alias = [&[0xc0, 12, 0, 5, 0, 1, 0, 0, 14, 16, 0, 10][..], to].concat();
        Some([&asked[..2], &[0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0], question, &alias].concat())
    });
    standing.lines(move |line| between(line, of))
}

/// The same where packets with EDNS (RFC 6891, section 6.1: an additional record) are dropped.
fn behind_an_old_firewall(at: Ipv4Addr, of: Ipv4Addr) -> Standing {
    without_edns((at, 53).into(), (of, 53).into())
}

/// The same, wherever it is.
pub fn without_edns(at: SocketAddr, of: SocketAddr) -> Standing {
    let standing = Standing::at(at).packets(move |asked| {
        let is_plain = asked.get(10..12) == Some(&[0, 0]);
        is_plain.then(|| answer(of, asked)).flatten()
    });
    standing.lines(move |line| between(line, of))
}

/// The zones in files, and the key of the root in another.
fn write_zones(lab: &Lab, places: &[(&str, Ipv4Addr)], key: &str) -> (Vec<Zone>, PathBuf) {
    let mut parts: Vec<Part> = ZONES.split("\nzone ").skip(1).map(part).collect();
    // What a zone vouches for is known once those below are signed.
    parts.sort_by_key(|part| std::cmp::Reverse(part.name.trim_matches('.').split('.').count()));
    parts.sort_by_key(|part| part.name == ".");
    let mut vouched: HashMap<String, String> = HashMap::new();
    let mut zones = Vec::new();
    let mut anchor = PathBuf::new();
    for part in &parts {
        let mut body = part.body.replace("{big}", &many_hosts(40)).replace("{key}", key);
        body = body.replace("{huge}", &many_hosts(101));
        for (place, address) in places {
            body = body.replace(&format!("{{{place}}}"), &address.to_string());
        }
        // Whoever has a server with DANE hears of its failures; of the others each says for itself.
        let says_so = ["_mta-sts", "_smtp._tls"].iter().any(|name| body.contains(name));
        if part.name.ends_with(".org") && !says_so && part.signed != Some("bare") {
            body.push_str("\n_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:tls@provider.net\"\n");
        }
        body.push_str(vouched.get(part.name).map_or("", String::as_str));
        let text = zone_text(part, &body);
        let file = part.name.replace('.', "-");
        let text = match part.signed {
            None => text,
            Some(how) => {
                let (signed, ds) = sign(lab, part.name, how, text);
                let above = part.name.split_once('.').map_or(".", |(_, above)| above);
                let above = if above.is_empty() || !part.name.contains('.') { "." } else { above };
                match (part.name, how) {
                    (".", _) => anchor = lab.write("root.key", ds),
                    (_, "alone") => drop(lab.write("alone.key", ds)),
                    _ => vouched.entry(above.to_owned()).or_default().push_str(&ds),
                }
                signed
            }
        };
        for server in part.servers.split(' ') {
            let file = lab.write(&format!("{server}-{file}.zone"), &text);
            let (name, server) = (part.name.to_owned(), server.to_owned());
            zones.push(Zone { name, server, file });
        }
    }
    (zones, anchor)
}

/// `NAME at SERVERS serial N`, perhaps `minimum N` or `signed HOW`, and its records.
fn part(text: &str) -> Part<'_> {
    let (head, body) = text.split_once('\n').expect("records");
    let (name, rest) = head.split_once(" at ").expect("at");
    let (servers, rest) = rest.split_once(" serial ").expect("serial");
    let (serial, signed) = match rest.split_once(" signed ") {
        Some((serial, how)) => (serial, Some(how)),
        None => (rest, None),
    };
    let (serial, minimum) = serial.split_once(" minimum ").unwrap_or((serial, "300"));
    Part { name, servers, serial, minimum, signed, body: body.to_owned() }
}

fn zone_text(part: &Part, body: &str) -> String {
    let origin = if part.name == "." { ".".to_owned() } else { format!("{}.", part.name) };
    let (serial, minimum) = (part.serial, part.minimum);
    let soa = format!("@ 7200 SOA ns1.dns.net. admin.dns.net. {serial} 3600 600 86400 {minimum}");
    format!("$ORIGIN {origin}\n$TTL 3600\n{soa}\n{body}\n")
}

/// The zone with signatures, broken as it should be, and what the zone above says of its key.
fn sign(lab: &Lab, name: &str, how: &str, text: String) -> (String, String) {
    let file = name.replace('.', "-");
    let keys = lab.room(&format!("keys{file}"));
    let ds = make_key(lab, name, &keys);
    let keys = match how {
        // Signed anew with another key, and nobody told the zone above.
        "rekeyed" => {
            let others = lab.room(&format!("others{file}"));
            make_key(lab, name, &others);
            others
        }
        _ => keys,
    };
    let from = lab.write(&format!("{file}.unsigned"), text);
    let to = lab.path(&format!("{file}.signed"));
    let mut command = Command::new("dnssec-signzone");
    command.args(["-q", "-S", "-z", "-P", "-x", "-O", "full", "-s", "now-259200", "-e"]);
    command.arg(if how == "expired" { "now-90000" } else { "now+1209600" });
    if how == "nsec3" {
        command.args(["-3", "-"]);
    }
    command.arg("-K").arg(&keys).arg("-d").arg(&keys).arg("-o").arg(name).arg("-f").arg(&to);
    let ran = run(lab, {
        command.arg(from);
        command
    });
    assert_eq!(ran.code, Some(0), "dnssec-signzone {name}: {}{}", ran.out, ran.err);
    let mut signed = fs::read_to_string(to).expect("it was signed");
    match how {
        "forged" => signed = signed.replace("IN MX\t10 ", "IN MX\t11 "),
        "bare" => {
            let is_denial =
                |line: &&str| line.contains(" IN NSEC") || line.contains(" IN RRSIG\tNSEC");
            signed = signed.lines().filter(|l| !is_denial(l)).collect::<Vec<_>>().join("\n") + "\n";
        }
        _ => {}
    }
    (signed, ds)
}

/// As TLSA records have it. RFC 6698, section 2.1: SubjectPublicKeyInfo, SHA-256.
fn digest_of_key(identity: &Identity) -> String {
    let pem = fs::read(&identity.certificate).expect("our own certificate");
    let der = CertificateDer::from_pem_slice(&pem).expect("our own certificate");
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).expect("our own certificate");
    let digest = Sha256::digest(parsed.tbs_certificate.subject_pki.raw);
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// A key for the zone, in this folder; what the zone above says of it is given back.
fn make_key(lab: &Lab, zone: &str, folder: &Path) -> String {
    let mut command = Command::new("dnssec-keygen");
    command.args(["-q", "-a", "ECDSAP256SHA256", "-f", "KSK", "-K"]).arg(folder).arg(zone);
    let key = run(lab, command);
    assert_eq!(key.code, Some(0), "dnssec-keygen {zone}: {}", key.err);
    let mut command = Command::new("dnssec-dsfromkey");
    command.arg("-2").arg(folder.join(format!("{}.key", key.out.trim())));
    let ds = run(lab, command);
    assert_eq!(ds.code, Some(0), "dnssec-dsfromkey {zone}: {}", ds.err);
    ds.out
}

/// More MX records than fit into a packet.
fn many_hosts(count: u8) -> String {
    let mut lines = String::new();
    for n in 1..=count {
        let name = format!("a-rather-long-name-of-a-mail-host-{n}");
        writeln!(lines, "@ MX {} {name}\n{name} A 198.51.99.{n}", u16::from(n) + 20)
            .expect("memory");
    }
    lines
}

fn nsd(lab: &Lab, name: &str, ip: Ipv4Addr, zones: &[Zone]) -> Child {
    let room = lab.room(&format!("nsd-{name}"));
    let room = room.display();
    let mut conf = format!(
        "server:\n ip-address: {ip}\n port: 53\n username: \"\"\n zonesdir: \"{room}\"\n database: \"\"\n \
         pidfile: \"{room}/pid\"\n xfrdfile: \"{room}/xfrd\"\n zonelistfile: \"{room}/list\"\n \
         xfrdir: \"{room}\"\n server-count: 1\n do-ip6: no\nremote-control:\n control-enable: no\n"
    );
    for zone in zones.iter().filter(|zone| zone.server == name) {
        let (name, file) = (&zone.name, zone.file.display());
        conf.push_str(&format!("zone:\n name: \"{name}\"\n zonefile: \"{file}\"\n"));
    }
    let conf = lab.write(&format!("nsd-{name}.conf"), conf);
    let mut command = Command::new(Peer::Nsd.program());
    command.arg("-d").arg("-c").arg(conf);
    Child::start(lab, &format!("nsd-{name}"), command)
}

fn knot(lab: &Lab, name: &str, ip: Ipv4Addr, zones: &[Zone]) -> Child {
    let room = lab.room("knot");
    let room = room.display();
    let mut conf = format!(
        "server:\n    listen: {ip}@53\n    rundir: {room}\n    udp-workers: 1\n    tcp-workers: 1\n    \
         background-workers: 1\ndatabase:\n    storage: {room}\nlog:\n  - target: stderr\n    any: info\n\
         policy:\n  - id: signed\n  - id: weekend\n    rrsig-lifetime: 2d\n    rrsig-refresh: 1d\n\
         template:\n  - id: default\n    semantic-checks: false\n    zonefile-sync: -1\n    \
         journal-content: none\nzone:\n"
    );
    for zone in zones.iter().filter(|zone| zone.server == name) {
        let (name, file) = (&zone.name, zone.file.display());
        conf.push_str(&format!("  - domain: {name}\n    file: {file}\n"));
        if let Some(policy) = ["signed", "weekend"].iter().find(|p| name.starts_with(**p)) {
            conf.push_str(&format!("    dnssec-signing: on\n    dnssec-policy: {policy}\n"));
        }
    }
    let conf = lab.write("knot.conf", conf);
    let mut command = Command::new(Peer::Knot.program());
    command.arg("-c").arg(conf);
    Child::start(lab, "knot", command)
}

fn named(lab: &Lab, name: &str, ip: Ipv4Addr, zones: &[Zone]) -> (Child, Standing) {
    let room = lab.room("named");
    let room = room.display();
    let behind = free_port();
    let mut conf = format!(
        "options {{ directory \"{room}\"; listen-on port {behind} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; \
         recursion no; pid-file none; session-keyfile none; lock-file none; notify no; \
         allow-transfer {{ none; }}; dnssec-validation no; check-integrity no; }};\ncontrols {{ }};\n"
    );
    for zone in zones.iter().filter(|zone| zone.server == name) {
        let (name, file) = (&zone.name, zone.file.display());
        conf.push_str(&format!("zone \"{name}\" {{ type primary; file \"{file}\"; }};\n"));
    }
    let conf = lab.write("named.conf", conf);
    let mut command = Command::new(Peer::Bind.program());
    command.args(["-g", "-4", "-n", "1", "-c"]).arg(conf);
    let front = stand_in_front((ip, 53).into(), (Ipv4Addr::LOCALHOST, behind).into());
    (Child::start(lab, "named", command), front)
}

/// A port of 127.0.0.1 that nobody has.
fn free_port() -> u16 {
    let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    socket.local_addr().expect("an address").port()
}

fn unbound(
    lab: &Lab,
    root: Ipv4Addr,
    at: (SocketAddr, [SocketAddr; 2]),
    anchor: &Path,
    authority: &Authority,
) -> Child {
    let hints = format!(". 3600000 NS a.nic.net.\na.nic.net. 3600000 A {root}\n");
    let hints = lab.write("root.hints", hints);
    let (plain, [tls, https]) = at;
    let (ip, port) = (plain.ip(), plain.port());
    let identity = authority.issue(lab, &[&ip.to_string()]);
    let secured = format!(
        " interface: {ip}@{}\n interface: {ip}@{}\n tls-port: {}\n https-port: {}\n \
         tls-service-pem: \"{}\"\n tls-service-key: \"{}\"\n",
        tls.port(),
        https.port(),
        tls.port(),
        https.port(),
        identity.certificate.display(),
        identity.key.display()
    );
    // Inside of somebody's network it is another machine; and somebody else still got the mail when it was last asked.
    let views = " local-data: \"mx.inside.org. A 192.0.3.26\"\n local-data: \"mx.inside.org. AAAA 2a00:1::25\"\n \
                 local-data: \"mx.dns.net. A 192.0.3.26\"\n local-data: \"mx.dns.net. AAAA 2a00:1::25\"\n \
                 local-zone: \"cached.org.\" typetransparent\n local-data: \"cached.org. MX 10 host.provider.net.\"\n";
    let conf = format!(
        "server:\n do-daemonize: no\n interface: {ip}@{port}\n port: {port}\n access-control: 127.0.0.0/8 allow\n \
         chroot: \"\"\n username: \"\"\n directory: \"{}\"\n pidfile: \"\"\n use-syslog: no\n logfile: \"\"\n \
         module-config: \"validator iterator\"\n trust-anchor-file: \"{}\"\n root-hints: \"{}\"\n \
         do-not-query-localhost: no\n do-ip6: no\n num-threads: 1\n{views}{secured}remote-control:\n \
         control-enable: no\n",
        lab.room("unbound").display(),
        anchor.display(),
        hints.display()
    );
    let conf = lab.write("unbound.conf", conf);
    let mut command = Command::new(Peer::Unbound.program());
    command.arg("-d").arg("-c").arg(conf);
    Child::start(lab, "unbound", command)
}

/// Does it answer for the zone with authority? RFC 1035, section 4.1.
fn speaks_for(at: SocketAddr, zone: &str) -> bool {
    let mut query = vec![0x26, 0x45, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in zone.split('.').filter(|label| !label.is_empty()) {
        query.push(u8::try_from(label.len()).expect("a short label"));
        query.extend(label.as_bytes());
    }
    // The root, SOA, IN.
    query.extend([0, 0, 6, 0, 1]);
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout");
    let mut reply = [0; 512];
    let sent = socket.connect(at).and_then(|()| socket.send(&query));
    match sent.and_then(|_| socket.recv(&mut reply)) {
        Ok(length) => length > 12 && reply[2] & 0x04 != 0 && reply[3] & 0x0f == 0,
        Err(_) => false,
    }
}

//! An internet on loopback: NSD has the root and the top-level domains, Knot and another NSD have the domains
//! below, Unbound looks them up. What is in it stands in `internet.zones`.

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::lab::Lab;
use crate::lab::presence::Peer;
use crate::lab::process::Child;
use crate::lab::wait::until;

const ZONES: &str = include_str!("internet.zones");

/// The servers, for as long as it is held.
pub struct Internet {
    /// Whom to ask.
    pub resolver: SocketAddr,
    /// The first of the two servers that have the domains.
    pub ns1: Ipv4Addr,
    _servers: Vec<Child>,
    _corners: Vec<Lab>,
}

/// A zone at a server.
struct Zone {
    name: String,
    server: String,
    file: PathBuf,
}

impl Internet {
    /// Starts it. Everybody answers for every zone by then.
    pub fn start(lab: &Lab) -> Internet {
        let corners: Vec<Lab> = (0..4).map(|_| Lab::open()).collect();
        let [root, ns1, ns2, dead] = [0, 1, 2, 3].map(|at| corners[at].ip());
        let places =
            [("root", root), ("ns1", ns1), ("ns2", ns2), ("dead", dead), ("lab", lab.ip())];
        let zones = write_zones(lab, &places);
        let resolver = lab.free();
        let servers = vec![
            nsd(lab, "root", root, &zones),
            knot(lab, "ns1", ns1, &zones),
            nsd(lab, "ns2", ns2, &zones),
            unbound(lab, root, resolver),
        ];
        for zone in &zones {
            let at = places.iter().find(|(server, _)| *server == zone.server).expect("a server");
            until(&zone.name, || speaks_for((at.1, 53).into(), &zone.name).then_some(()));
        }
        let servers: Vec<Child> =
            servers.into_iter().map(|child| child.until_listening(resolver)).collect();
        Internet { resolver, ns1, _servers: servers, _corners: corners }
    }
}

fn write_zones(lab: &Lab, places: &[(&str, Ipv4Addr)]) -> Vec<Zone> {
    let mut zones = Vec::new();
    for part in ZONES.split("\nzone ").skip(1) {
        let (head, body) = part.split_once('\n').expect("records");
        let (name, rest) = head.split_once(" at ").expect("at");
        let (servers, serial) = rest.split_once(" serial ").expect("serial");
        let mut body = body.replace("{big}", &many_hosts());
        for (place, address) in places {
            body = body.replace(&format!("{{{place}}}"), &address.to_string());
        }
        let origin = if name == "." { ".".to_owned() } else { format!("{name}.") };
        let soa = format!("@ SOA ns1.dns.net. admin.dns.net. {serial} 3600 600 86400 300");
        let text = format!("$ORIGIN {origin}\n$TTL 3600\n{soa}\n{body}\n");
        for server in servers.split(' ') {
            let file = lab.write(&format!("{server}-{}.zone", name.replace('.', "-")), &text);
            zones.push(Zone { name: name.to_owned(), server: server.to_owned(), file });
        }
    }
    zones
}

/// More MX records than fit into a packet.
fn many_hosts() -> String {
    let mut lines = String::new();
    for n in 1..=40 {
        let name = format!("a-rather-long-name-of-a-mail-host-{n}");
        writeln!(lines, "@ MX {} {name}\n{name} A 198.51.99.{n}", n + 20).expect("memory");
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

fn unbound(lab: &Lab, root: Ipv4Addr, at: SocketAddr) -> Child {
    let hints = format!(". 3600000 NS a.nic.net.\na.nic.net. 3600000 A {root}\n");
    let hints = lab.write("root.hints", hints);
    let (ip, port) = (at.ip(), at.port());
    let conf = format!(
        "server:\n do-daemonize: no\n interface: {ip}@{port}\n port: {port}\n access-control: 127.0.0.0/8 allow\n \
         chroot: \"\"\n username: \"\"\n directory: \"{}\"\n pidfile: \"\"\n use-syslog: no\n logfile: \"\"\n \
         module-config: \"iterator\"\n root-hints: \"{}\"\n do-not-query-localhost: no\n do-ip6: no\n \
         num-threads: 1\nremote-control:\n control-enable: no\n",
        lab.room("unbound").display(),
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

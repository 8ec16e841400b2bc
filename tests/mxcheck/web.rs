//! A web server with the policies of the domains of `internet.zones`, over TLS on loopback.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::front::Standing;
use crate::lab::Lab;
use crate::lab::authority::Authority;

/// The hosts in its certificate; `mta-sts.stsname.org` is not one.
const NAMES: &[&str] = &[
    "mta-sts.sts.org",
    "mta-sts.stsother.org",
    "mta-sts.ststest.org",
    "mta-sts.stsmoved.org",
    "mta-sts.stspage.org",
    "mta-sts.stslong.org",
    "mta-sts.coming.org",
    "mta-sts.promised.org",
];

/// Answers at port 443 of this address, for as long as it is held.
pub fn serve(lab: &Lab, authority: &Authority, ip: Ipv4Addr) -> Standing {
    let tls = authority.issue(lab, NAMES).server_tls();
    Standing::at((ip, 443).into()).lines(move |line| {
        answer(line, Arc::clone(&tls));
    })
}

fn answer(stream: TcpStream, tls: Arc<ServerConfig>) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut line = StreamOwned::new(ServerConnection::new(tls).ok()?, stream);
    let mut asked = Vec::new();
    let mut octet = [0];
    while !asked.ends_with(b"\r\n\r\n") && asked.len() < 8192 {
        line.read_exact(&mut octet).ok()?;
        asked.push(octet[0]);
    }
    let asked = String::from_utf8_lossy(&asked).to_ascii_lowercase();
    let host = asked.lines().find_map(|field| field.strip_prefix("host: "))?;
    let is_policy = asked.starts_with("get /.well-known/mta-sts.txt http/1.1\r\n");
    line.write_all(page(host.trim(), is_policy).as_bytes()).ok()?;
    line.conn.send_close_notify();
    line.flush().ok()
}

fn page(host: &str, is_policy: bool) -> String {
    let plain = "text/plain; charset=utf-8";
    match host {
        _ if !is_policy => found("404 Not Found", plain, "", ""),
        "mta-sts.stsother.org" => of_policy("enforce", "mx.elsewhere.org"),
        "mta-sts.promised.org" => of_policy("enforce", "mx.promised.org"),
        "mta-sts.ststest.org" => of_policy("testing", "*.atrn.provider.net"),
        "mta-sts.stsmoved.org" => {
            found("301 Moved Permanently", plain, "Location: https://mta-sts.sts.org/\r\n", "")
        }
        "mta-sts.stspage.org" => found("200 OK", plain, "", "<html>\n<p>It works: now\n</html>\n"),
        "mta-sts.stslong.org" => found("200 OK", plain, "", &"x: y\n".repeat(20_000)),
        _ => of_policy("enforce", "*.provider.net"),
    }
}

fn of_policy(mode: &str, mx: &str) -> String {
    let body = format!("version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: 604800\r\n");
    found("200 OK", "text/plain", "", &body)
}

fn found(status: &str, media: &str, more: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {media}\r\n{more}Content-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
}

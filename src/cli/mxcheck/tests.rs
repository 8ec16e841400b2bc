use super::*;
use crate::flow::check::Depth;

fn parsed(line: &str) -> Result<Cli, String> {
    parse(line.split_whitespace()).map_err(|refusal| refusal.to_string())
}

#[test]
fn what_is_said_is_heard() {
    let cli = parsed(
        "mxcheck example.org --server atrn.example.net,B\u{fc}cher.example.:3660 --ip 192.0.2.0/24 \
         --resolver 192.0.2.53,[2001:db8::1]:5353,::1 --undelegated ns1.example.net=192.0.2.1 \
         --severity mx.redundancy=warning --only mx,ns.lame --fail-on warning --timeout 500ms -4",
    )
    .unwrap();
    let servers: Vec<_> = cli.wanted.server.iter().map(|at| (at.name.as_str(), at.port)).collect();
    assert_eq!(servers, [("atrn.example.net", None), ("xn--bcher-kva.example", Some(3660))]);
    assert_eq!(cli.wanted.expect_addr[0].to_string(), "192.0.2.0/24");
    let resolvers: Vec<String> = cli.asking.resolver.iter().map(ToString::to_string).collect();
    assert_eq!(resolvers, ["192.0.2.53:53", "[2001:db8::1]:5353", "[::1]:53"]);
    assert_eq!(cli.judging.severity, [("mx.redundancy".to_owned(), Severity::Warning)]);
    assert_eq!(cli.output.form(), Form::Human);
}

#[test]
fn what_cannot_be_meant_is_told_with_what_can() {
    for (line, told) in [
        ("mxcheck example.org --server 192.0.2.1", "expected a name"),
        ("mxcheck example.org --expect-addr atrn.example.net", "expected an address"),
        ("mxcheck example.org --skip mx.bypas-equal", "did you mean mx.bypass-equal?"),
        ("mxcheck example.org --severity mx=warning", "is no check, but a group"),
        ("mxcheck example.org --severity mx.count=bad", "allowed: info"),
        ("mxcheck example.org --undelegated 192.0.2.1", "expected NAME=IP"),
        ("mxcheck example.org --resolver dns.example", "expected an address"),
        ("mxcheck example.org --timeout 1h", "expected 50ms to 1m"),
        ("mxcheck example.org --replay x", "cannot be used with"),
        ("mxcheck --explain mx.bypass-equl", "a similar value exists"),
        ("mxcheck example.org -4 -6", "cannot be used with"),
        ("mxcheck example.org --format xml", "allowed: human, json"),
        ("mxcheck example.org --smtp deep", "none, connect, rcpt, full"),
        ("mxcheck example.org --odmr deep", "none, banner, auth, turn"),
        ("mxcheck example.org --rcpt ann@example.org", "expected the part before the @: \"ann\""),
        ("mxcheck example.org --rcpt a>b", "like ann"),
        ("mxcheck example.org --from-addr nobody", "like me@example.net"),
        ("mxcheck example.org --from-addr b\u{fc}cher@example.net", "in ASCII"),
        ("mxcheck example.org --min-size lots", "allowed: a size"),
        ("mxcheck example.org --smtp-port 0", "0 is not in 1..=65535"),
        ("mxcheck example.org --smtp-control a:b:c", "expected a name"),
        ("mxcheck example.org --server a.example:0", "expected NAME or NAME:PORT"),
        ("mxcheck example.org --server a.example:x", "expected NAME or NAME:PORT"),
        ("mxcheck example.org --server ::1", "expected a name"),
        ("mxcheck example.org --smtp-control mx.example.net:x", "expected HOST"),
        ("mxcheck example.org --smtp-timeout 1h", "expected 100ms to 5m"),
        ("mxcheck --replay x --smtp none", "cannot be used with"),
    ] {
        let refused = parsed(line).unwrap_err();
        assert!(refused.contains(told), "{line}: {refused}");
    }
}

#[test]
fn a_name_is_read_in_any_script_and_an_address_is_none() {
    assert_eq!(name("Example.ORG.").unwrap(), "example.org");
    assert_eq!(name("b\u{fc}cher.example").unwrap(), "xn--bcher-kva.example");
    for bad in ["", ".", "a..b", "192.0.2.1", "2001:db8::1", "ann@example.org", "a b", "-a.org"] {
        assert!(name(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_server_that_is_known_to_answer_is_named_in_any_form() {
    for (text, host, port) in [
        ("mx.example.net", "mx.example.net", 25),
        ("mx.example.net:2525", "mx.example.net", 2525),
        ("192.0.2.1", "192.0.2.1", 25),
        ("192.0.2.1:26", "192.0.2.1", 26),
        ("2001:db8::1", "2001:db8::1", 25),
        ("[2001:db8::1]:26", "2001:db8::1", 26),
    ] {
        assert_eq!(control(text).unwrap(), (host.to_owned(), port), "{text}");
    }
}

/// How far one goes by this command line with either kind of server.
fn depths(line: &str) -> (Option<Depth>, Option<Depth>) {
    let live = calling::live(&parsed(line).unwrap()).unwrap();
    live.map_or((None, None), |live| (live.mx, live.odmr))
}

#[test]
fn nobody_is_called_of_whom_nobody_wants_to_hear() {
    let (connect, rcpt) = (Some(Depth::Connect), Some(Depth::Rcpt));
    for (line, expected) in [
        ("", (connect, connect)),
        ("--smtp none --odmr none", (None, None)),
        ("--smtp full", (Some(Depth::Full), connect)),
        ("--rcpt ann", (rcpt, connect)),
        ("--from-addr me@example.net", (rcpt, connect)),
        ("--undelegated ns1.example.net=192.0.2.53", (None, None)),
        ("--undelegated ns1.example.net=192.0.2.53 --smtp connect", (connect, None)),
        ("--only mx", (None, None)),
        ("--only mx,smtp25.banner", (connect, None)),
        ("--only odmr", (None, connect)),
        ("--only critical", (connect, connect)),
        ("--skip smtp25,ptr", (None, connect)),
        ("--skip info", (connect, connect)),
    ] {
        assert_eq!(depths(&format!("mxcheck example.org {line}")), expected, "{line}");
    }
}

#[test]
fn what_is_of_no_use_together_is_told() {
    for (line, told) in [
        ("--smtp connect --rcpt ann", "say --smtp rcpt"),
        ("--smtp none --from-addr me@example.net", "say --smtp rcpt"),
        ("--user acme", "say --odmr auth"),
        ("--password-fd 3", "say --odmr auth"),
        ("--odmr auth", "name the server"),
        ("--odmr auth --server atrn.example.net", "name the account"),
        ("--odmr turn --server atrn.example.net --user acme", "--password-file"),
    ] {
        let cli = parsed(&format!("mxcheck example.org {line}")).unwrap();
        let refused = calling::live(&cli).unwrap_err();
        assert_eq!(refused.exit, crate::exit::Exit::Usage, "{line}");
        assert!(refused.hint.unwrap_or_default().contains(told), "{line}");
    }
}

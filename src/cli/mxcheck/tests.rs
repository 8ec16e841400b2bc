use super::*;

fn parsed(line: &str) -> Result<Cli, String> {
    parse(line.split_whitespace()).map_err(|refusal| refusal.to_string())
}

#[test]
fn what_is_said_is_heard() {
    let cli = parsed(
        "mxcheck example.org --server atrn.example.net,B\u{fc}cher.example. --ip 192.0.2.0/24 \
         --resolver 192.0.2.53,[2001:db8::1]:5353,::1 --undelegated ns1.example.net=192.0.2.1 \
         --severity mx.redundancy=warning --only mx,ns.lame --fail-on warning --timeout 500ms -4",
    )
    .unwrap();
    assert_eq!(cli.wanted.server, ["atrn.example.net", "xn--bcher-kva.example"]);
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

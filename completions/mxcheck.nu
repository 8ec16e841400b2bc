module completions {

  def "nu-complete mxcheck explain" [] {
    [ "in.domain" "dns.resolver" "dns.exists" "dns.servfail" "in.no-expectation" "in.expected-resolves" "ns.unreachable" "ns.lame" "dns.tcp" "ns.edns" "ns.count" "ns.diverse" "ns.cname" "ns.parent-child" "ns.glue" "ns.all-agree" "ns.addr-agree" "ns.serial" "ns.resolver-differs" "target.owner-cname" "target.none" "target.implicit" "target.nullmx" "target.nullmx-mixed" "target.ip-literal" "target.hostname" "target.cname" "target.takeover" "target.dangling" "target.v6-only" "target.v4-only" "target.special-addr" "target.views" "mx.missing-dot" "mx.near-miss" "mx.expected-present" "mx.former-provider" "mx.direct-customer" "mx.bypass-preferred" "mx.bypass-equal" "mx.bypass-backup" "mx.expected-best" "mx.addr-mismatch" "mx.addr-partial" "mx.complete" "mx.vanity" "mx.customer-backup-loop" "mx.duplicate" "mx.count" "mx.redundancy" "mx.wildcard" "mx.subdomains" "ptr.exists" "ptr.fcrdns" "ptr.generic" "dnssec.ds-orphan" "dnssec.no-ds" "dnssec.state" "dnssec.expiry" "dnssec.mx-zone" "dane.present" "dane.insecure" "dane.usable" "dane.rollover" "dane.odmr" "ttl.mx-high" "ttl.mx-low" "ttl.addr-low" "ttl.rrset" "ttl.negative" "spf.one" "sts.record" "tlsrpt.record" "tlsrpt.with-sts" "dmarc.exists" "sts.fetch" "sts.syntax" "sts.mx-match" "sts.covers-new" "sts.max-age" "spf.limits" "spf.relay-listed" "spf.inbound-hop" "spf.helo" ]
  }

  def "nu-complete mxcheck color" [] {
    [ "auto" "always" "never" ]
  }

  # Check that all mail for a domain reaches the server that holds it, and only that
  export extern mxcheck [
    --from-file: path         # A file with a domain a line; # begins a comment, - is standard input
    --replay: path            # Judge what --save has written; nobody is asked
    --explain: string@"nu-complete mxcheck explain" # Say what a check is about
    --list-checks             # List every check there is; with --json as JSON
    --server: string          # The server that should get the mail; its addresses are looked up and expected too
    --expect-mx: string       # A name that should get the mail, wherever it leads
    --expect-addr: string     # An address or network where the server is, instead of those that are looked up
    --ip: string              # An address or network where the server is, instead of those that are looked up
    --allow-mx: string        # Another target that is tolerated
    --deny-mx: string         # A target of a former provider
    --customer-addr: string   # The customer's own address or network, to which no mail should go directly
    --also: string            # Another name that should go the same way
    --outbound                # The server sends the domain's mail too
    --planned-change          # A change is planned: long times to live are a warning
    --resolver: string        # Ask this resolver instead of the system's
    --authoritative           # Judge by what the zone's own servers say; resolvers only help to find them
    --resolver-only           # Ask resolvers only, where nobody else can be asked from here
    --undelegated: string     # Ask these servers about a zone that is not delegated to them yet
    --ca: path                # Trust the authorities in this PEM file, and no others, for certificates of resolvers and policies
    --sts-server: string      # Fetch the MTA-STS policy there, whatever the DNS says: to see one before it is live
    -4                        # Ask over IPv4 only
    -6                        # Ask over IPv6 only
    --timeout: string         # Wait so long for each answer
    --retries: string         # Ask so often again meanwhile
    --jobs: string            # So many domains at once
    --only: string            # These only: ids, groups like mx, or severities
    --skip: string            # Not these; --skip info leaves out what is cosmetic
    --severity: string        # Take a check for this bad
    --trust-anchor: path      # Trust these keys to begin with instead of the root's: DS or DNSKEY records, as in a zone file
    --fail-on: string         # From here on findings make it end with 1: info, notice, warning, error or critical
    --warn-as-ok              # --format nagios: warnings are OK
    --format(-f): string      # The form: human, json, jsonl, nagios, prometheus, tap, junit, sarif or markdown [default: human]
    --json                    # Short for --format jsonl
    --output(-o): path        # Write it there, all or nothing
    --save: path              # Also keep what was found out, for --replay
    --quiet(-q)               # Say nothing of domains in order (human and markdown)
    --verbose(-v)             # Tell what is in order too, and who said what (human)
    --color: string@"nu-complete mxcheck color" # With colour: always, never, or auto for on a terminal
    --help(-h)                # Print help (see more with '--help')
    --version(-V)             # Print version
    ...domains: string        # The domains
  ]

}

export use completions *

module completions {

  def "nu-complete mxcheck explain" [] {
    [ "in.domain" "dns.resolver" "dns.exists" "dns.servfail" "dns.excess" "in.no-expectation" "in.expected-resolves" "ns.unreachable" "ns.lame" "dns.tcp" "ns.edns" "ns.count" "ns.diverse" "ns.cname" "ns.parent-child" "ns.glue" "ns.all-agree" "ns.addr-agree" "ns.serial" "ns.resolver-differs" "target.owner-cname" "target.none" "target.implicit" "target.nullmx" "target.nullmx-mixed" "target.ip-literal" "target.hostname" "target.cname" "target.takeover" "target.dangling" "target.v6-only" "target.v4-only" "target.special-addr" "target.views" "mx.missing-dot" "mx.near-miss" "mx.expected-present" "mx.former-provider" "mx.direct-customer" "mx.bypass-preferred" "mx.bypass-equal" "mx.bypass-backup" "mx.expected-best" "mx.addr-mismatch" "mx.addr-partial" "mx.complete" "mx.vanity" "mx.customer-backup-loop" "mx.duplicate" "mx.count" "mx.redundancy" "mx.wildcard" "mx.subdomains" "ptr.exists" "ptr.fcrdns" "ptr.generic" "ptr.banner" "smtp25.dnsbl" "dnssec.ds-orphan" "dnssec.no-ds" "dnssec.state" "dnssec.expiry" "dnssec.mx-zone" "dane.present" "dane.insecure" "dane.usable" "dane.rollover" "dane.odmr" "ttl.mx-high" "ttl.mx-low" "ttl.addr-low" "ttl.rrset" "ttl.negative" "spf.one" "sts.record" "tlsrpt.record" "tlsrpt.with-sts" "dmarc.exists" "sts.fetch" "sts.syntax" "sts.mx-match" "sts.covers-new" "sts.max-age" "spf.limits" "spf.relay-listed" "spf.inbound-hop" "spf.helo" "prov.one-owner" "prov.no-mx-here" "prov.unprovisioned" "prov.orphan-queue" "prov.expiry" "prov.stale-account" "prov.own-server" "prov.two-ways" "watch.changed" "sts.id" "watch.propagating" "smtp25.egress" "smtp25.connect" "smtp25.banner" "smtp25.delay" "smtp25.masked" "smtp25.ehlo" "smtp25.old-exchange" "smtp25.starttls" "smtp25.handshake" "smtp25.cert-name" "smtp25.cert-chain" "smtp25.cert-expiry" "smtp25.cert-key" "smtp25.auth-clear" "dane.no-starttls" "dane.match" "sts.cert" "smtp25.null-sender" "smtp25.rcpt" "smtp25.postmaster" "smtp25.catch-all" "smtp25.size" "smtp25.8bit" "smtp25.utf8" "smtp25.atrn-shown" "smtp25.open-relay" "smtp25.turn-open" "odmr.connect" "odmr.ehlo-atrn" "odmr.ehlo-auth" "odmr.cram" "odmr.tls" "odmr.preauth" "odmr.auth-clear" "odmr.login" "odmr.foreign" "odmr.domain" "odmr.same-host" "odmr.one-login" ]
  }

  def "nu-complete mxcheck smtp" [] {
    [ "none" "connect" "rcpt" "full" ]
  }

  def "nu-complete mxcheck odmr" [] {
    [ "none" "banner" "auth" "turn" ]
  }

  def "nu-complete mxcheck clear_auth" [] {
    [ "scram" "cram-md5" ]
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
    --schema                  # Print the JSON Schema of what --json tells
    --config: path            # Check all customers' domains of an odmrd with these settings, and what waits for them
    --inbound-list: path      # Mail for these domains, one a line, is let in: with --config they should be customers'
    --spool: path             # With --config: look at the spool in this folder instead of asking odmrd
    --server: string          # The server that should get the mail; its addresses are looked up and expected too. A port is where mail is fetched there, instead of 366
    --queue-host: string      # Where the mail is fetched, if that is another server than the one that gets it
    --poll-interval: string   # With --config: customers call so often; mail should wait for four times that, and senders not be told sooner
    --longest-outage: string  # With --config: a customer may be away for so long; mail should wait for longer
    --expect-mx: string       # A name that should get the mail, wherever it leads
    --expect-addr: string     # An address or network where the server is, instead of those that are looked up
    --ip: string              # An address or network where the server is, instead of those that are looked up
    --allow-mx: string        # Another target that is tolerated
    --deny-mx: string         # A target of a former provider
    --customer-addr: string   # The customer's own address or network, to which no mail should go directly; self: this machine's
    --also: string            # Another name that should go the same way
    --outbound                # The server sends the domain's mail too
    --dnsbl: string           # Tell whether an address of the servers is on this list (RFC 5782), like bl.example.net
    --planned-change          # A change is planned: long times to live are a warning
    --role: string            # For whom it is told: customer, provider or observer [default: customer, with --config provider]
    --pin                     # With --state: the records are to stay as they were first seen; a change is an error
    --resolver: string        # Ask this resolver instead of the system's
    --both                    # Judge by what the zone's own servers say, and look at what resolvers say beside it: so it is unless said otherwise
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
    --smtp: string@"nu-complete mxcheck smtp" # How far to go with the servers of the MX records: none, connect (greeting and TLS), rcpt (whom they take mail for), or full (also whether they relay, or turn, for anybody; only for servers that are yours) [default: connect; none with --undelegated]
    --rcpt: string            # Somebody who exists, by the part before the @, for whom mail should be taken
    --from-addr: string       # Ask as this sender instead of as a failure notice, which has none
    --min-size: string        # Messages of this size should be taken
    --max-size: string        # Your own server takes no larger messages than this
    --odmr: string@"nu-complete mxcheck odmr" # How far to go with the servers of --server: none, banner (what they offer), auth (can you log in), or turn (also whether you may have the mail of the domain; it is not taken) [default: banner; none with --undelegated]
    --user: string            # --odmr auth and turn: the name to log in by
    --password-command: string # Run this command; the first line it prints is the password
    --password-file: path     # The first line of this file is the password; others must not be able to read it
    --password-fd: string     # Read the password from this open file descriptor
    --netrc: path             # The password is that of the server and user in this netrc file
    --credential: string      # The systemd credential of this name is the password
    --clear-auth: string@"nu-complete mxcheck clear_auth" # --odmr auth and turn: what may be said without TLS, or to a server that no certificate proves: scram, or cram-md5 too, from which a listener can guess at the password; nothing shows the password itself
    --smtp-port: string       # The port of the servers of the MX records, instead of 25; then addresses that only this network has are called too
    --odmr-port: string       # The port of those servers of --server that are named without one, instead of 366; the same holds
    --smtp-control: string    # A mail server that is known to answer: is called where no other does, to see whether this network lets anybody out
    --smtp-timeout: string    # Wait so long for each answer of a mail server
    --only: string            # These only: ids, groups like mx, or severities
    --skip: string            # Not these; --skip info leaves out what is cosmetic
    --severity: string        # Take a check for this bad
    --trust-anchor: path      # Trust these keys to begin with instead of the root's: DS or DNSKEY records, as in a zone file
    --fail-on: string         # From here on findings make it end with 1: info, notice, warning, error or critical; with --format nagios they are CRITICAL. Up to error mx.bypass-backup, a warning, ends it with 1 too: not all mail comes to the server; say --allow-mx NAME where that is meant so
    --warn-as-ok              # --format nagios: warnings are OK
    --watch                   # Look again and again until every server shows that all mail goes where it should, then end with 0; with 75 at the deadline
    --interval: string        # Look every so often
    --deadline: string        # Give up after so long
    --until: string           # Wait for: all, auth (the zone's own servers) or resolvers
    --on-change: path         # Run this program whenever a server shows something else; it finds MXCHECK_DOMAIN and MXCHECK_STATE, and all as JSON on its standard input
    --format(-f): string      # The form: human, json, jsonl, nagios, prometheus, tap, junit, sarif or markdown [default: human]
    --json                    # Short for --format jsonl
    --output(-o): path        # Write it there, all or nothing
    --save: path              # Also keep what was found out, for --replay
    --state: path             # Tell what has changed since the last run with this file, and remember how it is
    --quiet(-q)               # Say nothing of domains in order (human and markdown)
    --verbose(-v)             # Tell what is in order too, and who said what (human)
    --color: string@"nu-complete mxcheck color" # With colour: always, never, or auto for on a terminal
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help (see more with '--help')
    --version(-V)             # Print version
    ...domains: string        # The domains
  ]

}

export use completions *

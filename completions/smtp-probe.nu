module completions {

  # Ask a mail server whether it keeps to the rules, one by one
  export extern smtp-probe [
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help (see more with '--help')
    --version(-V)             # Print version
  ]

  def "nu-complete smtp-probe server profile" [] {
    [ "mx" "submission" "lmtp" "odmr" "exchange" ]
  }

  def "nu-complete smtp-probe server clear_auth" [] {
    [ "none" "cram-md5" "plain" ]
  }

  def "nu-complete smtp-probe server tls" [] {
    [ "none" "starttls" "implicit" ]
  }

  def "nu-complete smtp-probe server format" [] {
    [ "human" "json" "jsonl" "tap" "tap14" "junit" "sarif" "markdown" "html" ]
  }

  # Ask a server
  export extern "smtp-probe server" [
    --profile: string@"nu-complete smtp-probe server profile" # What it is for: mail from strangers, from those who have logged in (port 587), for mailboxes (24), for customers who call (366), or an Exchange 2003
    --sink: string            # Where smtp-probe listens, as the server that this one sends mail for --rcpt on to; an address and a port
    --anywhere                # --sink may be where other machines can call
    --user: string            # Who logs in, for the rules that are for such
    --password-command: string # Run this command; the first line it prints is the password
    --password-file: path     # The first line of this file is the password; others must not be able to read it
    --password-fd: string     # Read the password from this open file descriptor
    --netrc: path             # The password is that of the server and user in this netrc file
    --credential: string      # The systemd credential of this name is the password
    --clear-auth: string@"nu-complete smtp-probe server clear_auth" # What may be shown to a line that no certificate vouches for
    --only: string            # These rules only: ids, or * at the end of one
    --skip: string            # Not these
    --group: string           # Rules of these groups only: relay, tls, syn ...
    --rcpt: string            # A mailbox that the server has [default: postmaster at the server's domain]
    --from: string            # Who sends [default: nobody, the null reverse-path]
    --foreign: string         # A mailbox that is somebody else's; nothing is sent there
    --ehlo: string            # What to say in EHLO [default: this machine's name]
    --tls: string@"nu-complete smtp-probe server tls" # How to come to TLS where a rule needs no more than that, a login above all
    --implicit-tls            # Short for --tls implicit
    --servername: string      # The name that is said in a handshake and looked for in the certificate [default: the server's]
    --fingerprint: string     # The one certificate that is good, whoever vouches for it
    --ca: path                # Certificates that are vouched for by these are good ones [default: this machine's]
    -4                        # Call over IPv4 only
    -6                        # Call over IPv6 only
    --timeout: string         # Wait so long for each answer
    --pause: string           # Wait so long before each new call [default: 250ms, and 0s on this machine]
    --data                    # Content may be sent: --rcpt is a mailbox of yours
    --intrusive               # What a server may take for an attack may be tried: it is a server of yours
    --slow                    # What takes minutes may be tried
    --format(-f): string@"nu-complete smtp-probe server format" # The form
    --json                    # Short for --format jsonl
    --fail-on: string         # A rule of this level or above that is not kept makes it end with 1; what is put up with does not. From the least: info, interop, should, must, security (or sec)
    --transcript: path        # Write what was said into this folder, a file for each call, without passwords
    --redact                  # Leave passwords out of all that is told: that is always done, and may be said
    --verbose(-v)             # Tell what is kept too, and what was said
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help (see more with '--help')
    place: string             # The server; the port of its kind where none is named
  ]

  def "nu-complete smtp-probe provider clear_auth" [] {
    [ "none" "cram-md5" "plain" ]
  }

  def "nu-complete smtp-probe provider tls" [] {
    [ "none" "starttls" "implicit" ]
  }

  def "nu-complete smtp-probe provider format" [] {
    [ "human" "json" "jsonl" "tap" "tap14" "junit" "sarif" "markdown" "html" ]
  }

  # Ask a provider of on-demand mail, whose customer you are
  export extern "smtp-probe provider" [
    --user: string            # Who logs in
    --password-command: string # Run this command; the first line it prints is the password
    --password-file: path     # The first line of this file is the password; others must not be able to read it
    --password-fd: string     # Read the password from this open file descriptor
    --netrc: path             # The password is that of the server and user in this netrc file
    --credential: string      # The systemd credential of this name is the password
    --clear-auth: string@"nu-complete smtp-probe provider clear_auth" # What may be shown to a line that no certificate vouches for
    --domain: string          # The domain whose mail the account may have [default: example.org]
    --foreign-domain: string  # A domain that is somebody else's
    --turn                    # The line may be turned, and mail be heard of; it is refused for now
    --submit: string          # Where mail for the domain comes in: letters of our own are put in, and taken out again
    --backend-down            # The provider cannot look up its customers now: you have seen to that
    --only: string            # These rules only: ids, or * at the end of one
    --skip: string            # Not these
    --group: string           # Rules of these groups only: relay, tls, syn ...
    --rcpt: string            # A mailbox that the server has [default: postmaster at the server's domain]
    --from: string            # Who sends [default: nobody, the null reverse-path]
    --foreign: string         # A mailbox that is somebody else's; nothing is sent there
    --ehlo: string            # What to say in EHLO [default: this machine's name]
    --tls: string@"nu-complete smtp-probe provider tls" # How to come to TLS where a rule needs no more than that, a login above all
    --implicit-tls            # Short for --tls implicit
    --servername: string      # The name that is said in a handshake and looked for in the certificate [default: the server's]
    --fingerprint: string     # The one certificate that is good, whoever vouches for it
    --ca: path                # Certificates that are vouched for by these are good ones [default: this machine's]
    -4                        # Call over IPv4 only
    -6                        # Call over IPv6 only
    --timeout: string         # Wait so long for each answer
    --pause: string           # Wait so long before each new call [default: 250ms, and 0s on this machine]
    --data                    # Content may be sent: --rcpt is a mailbox of yours
    --intrusive               # What a server may take for an attack may be tried: it is a server of yours
    --slow                    # What takes minutes may be tried
    --format(-f): string@"nu-complete smtp-probe provider format" # The form
    --json                    # Short for --format jsonl
    --fail-on: string         # A rule of this level or above that is not kept makes it end with 1; what is put up with does not. From the least: info, interop, should, must, security (or sec)
    --transcript: path        # Write what was said into this folder, a file for each call, without passwords
    --redact                  # Leave passwords out of all that is told: that is always done, and may be said
    --verbose(-v)             # Tell what is kept too, and what was said
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help (see more with '--help')
    place: string             # The provider; 366 where no port is named
  ]

  def "nu-complete smtp-probe customer format" [] {
    [ "human" "json" "jsonl" "tap" "tap14" "junit" "sarif" "markdown" "html" ]
  }

  # Play the provider of on-demand mail, and judge who calls
  export extern "smtp-probe customer" [
    --listen: string          # Where the customer calls; port 366 where none is named
    --scenario: string        # What is tried: ids, with or without cust. before them, * at the end of one, or all
    --domain: string          # The domain whose mail is fetched, where the customer does not say
    --rcpt: string            # A mailbox that the customer has [default: postmaster at the domain]
    --from: string            # Who sends [default: nobody, the null reverse-path]
    --foreign: string         # A mailbox that is somebody else's
    --name: string            # What we call ourselves [default: this machine's name]
    --timeout: string         # Wait so long for each answer
    --wait: string            # Wait so long for a call
    --data                    # Content may be sent: --rcpt is a mailbox of yours
    --suite                   # Try the rules for servers, too: behind the turn the customer is one
    --target: string          # Where the customer delivers: we listen there, too, by SMTP or LMTP, and refuse what a rule wants refused
    --cert: path              # The certificate that is shown behind STARTTLS; the customer should take it
    --key: path               # Its key
    --issuer: path            # An authority that the customer trusts: it signs certificates that are wrong in one way
    --issuer-key: path        # Its key
    --servername: string      # The name that the customer looks for in a certificate [default: --name]
    --pinned                  # The customer goes by the fingerprint of --cert
    --domains: string         # The customer is set up for so many domains
    --intrusive               # What a customer may take for an attack may be tried
    --slow                    # What takes minutes may be tried
    --format(-f): string@"nu-complete smtp-probe customer format" # The form
    --json                    # Short for --format jsonl
    --fail-on: string         # A rule of this level or above that is not kept makes it end with 1; what is put up with does not. From the least: info, interop, should, must, security (or sec)
    --transcript: path        # Write what was said into this folder, a file for each call, without passwords
    --redact                  # Leave passwords out of all that is told: that is always done, and may be said
    --verbose(-v)             # Tell what is kept too, and what was said
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete smtp-probe identify level" [] {
    [ "passive" "standard" ]
  }

  def "nu-complete smtp-probe identify tls" [] {
    [ "none" "starttls" "implicit" ]
  }

  def "nu-complete smtp-probe identify format" [] {
    [ "human" "json" "jsonl" "tap" "tap14" "junit" "sarif" "markdown" "html" ]
  }

  # Tell what a server is, by how it speaks
  export extern "smtp-probe identify" [
    --level: string@"nu-complete smtp-probe identify level" # How far it is asked
    --no-ntlm                 # Ask for no challenge of NTLM, which names the machine, its domain and the build of Windows
    --ehlo: string            # What to say in EHLO [default: this machine's name]
    --tls: string@"nu-complete smtp-probe identify tls" # How to come to TLS where a rule needs no more than that, a login above all
    --implicit-tls            # Short for --tls implicit
    --servername: string      # The name that is said in a handshake and looked for in the certificate [default: the server's]
    --fingerprint: string     # The one certificate that is good, whoever vouches for it
    --ca: path                # Certificates that are vouched for by these are good ones [default: this machine's]
    -4                        # Call over IPv4 only
    -6                        # Call over IPv6 only
    --timeout: string         # Wait so long for each answer
    --pause: string           # Wait so long before each new call [default: 250ms, and 0s on this machine]
    --format(-f): string@"nu-complete smtp-probe identify format" # The form
    --json                    # Short for --format jsonl
    --fail-on: string         # A rule of this level or above that is not kept makes it end with 1; what is put up with does not. From the least: info, interop, should, must, security (or sec)
    --transcript: path        # Write what was said into this folder, a file for each call, without passwords
    --redact                  # Leave passwords out of all that is told: that is always done, and may be said
    --verbose(-v)             # Tell what is kept too, and what was said
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help (see more with '--help')
    place: string             # The server; 25 where no port is named
  ]

  def "nu-complete smtp-probe emulate format" [] {
    [ "human" "jsonl" ]
  }

  # Play a server that others have
  export extern "smtp-probe emulate" [
    --listen: string          # Where it listens; port 366 where none is named
    --call: string            # It is a customer, and calls there once: mail first, then what waits. Port 366 where none is named
    --user: string            # By what name it logs in; there is one login for all
    --password-command: string # Run this command; the first line it prints is the password
    --password-file: path     # The first line of this file is the password; others must not be able to read it
    --password-fd: string     # Read the password from this open file descriptor
    --netrc: path             # The password is that of the server and user in this netrc file
    --credential: string      # The systemd credential of this name is the password
    --timeout: string         # Wait so long for each answer of who is called, or whose line was turned
    --anywhere                # Other machines may call, or be called
    --domain: string          # The domains whose mail it takes and holds
    --messages: string        # So many messages wait, or are brought first [default: 1, and 0 with --call]
    --rcpt: string            # Who gets them [default: postmaster at the domain]
    --from: string            # Who sends them [default: nobody, the null reverse-path]
    --keep: path              # Write what is received into this folder, a new file for each message
    --sessions: string        # End after so many sessions
    --show                    # Print the profile, to make one's own of it
    --fault: string           # Get this wrong on purpose, whatever the profile says; again for more. A value stands behind =
    --list-faults             # Print the faults that there are, and what each does
    --format(-f): string@"nu-complete smtp-probe emulate format" # The form
    --json                    # Short for --format jsonl
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help (see more with '--help')
    profile?: string          # exchange2003-ws2003, exchange2003-w2k, iis6, iis5, strict-2645, fetchmail, or a file with a profile of yours
  ]

  def "nu-complete smtp-probe script clear_auth" [] {
    [ "none" "cram-md5" "plain" ]
  }

  def "nu-complete smtp-probe script tls" [] {
    [ "none" "starttls" "implicit" ]
  }

  def "nu-complete smtp-probe script format" [] {
    [ "human" "json" "jsonl" "tap" "tap14" "junit" "sarif" "markdown" "html" ]
  }

  # Play talks of your own against a server
  export extern "smtp-probe script" [
    --user: string            # Who logs in, for the talks that say * login or begin there
    --password-command: string # Run this command; the first line it prints is the password
    --password-file: path     # The first line of this file is the password; others must not be able to read it
    --password-fd: string     # Read the password from this open file descriptor
    --netrc: path             # The password is that of the server and user in this netrc file
    --credential: string      # The systemd credential of this name is the password
    --clear-auth: string@"nu-complete smtp-probe script clear_auth" # What may be shown to a line that no certificate vouches for
    --rcpt: string            # A mailbox that the server has [default: postmaster at the server's domain]
    --from: string            # Who sends [default: nobody, the null reverse-path]
    --foreign: string         # A mailbox that is somebody else's; nothing is sent there
    --ehlo: string            # What to say in EHLO [default: this machine's name]
    --tls: string@"nu-complete smtp-probe script tls" # How to come to TLS where a rule needs no more than that, a login above all
    --implicit-tls            # Short for --tls implicit
    --servername: string      # The name that is said in a handshake and looked for in the certificate [default: the server's]
    --fingerprint: string     # The one certificate that is good, whoever vouches for it
    --ca: path                # Certificates that are vouched for by these are good ones [default: this machine's]
    -4                        # Call over IPv4 only
    -6                        # Call over IPv6 only
    --timeout: string         # Wait so long for each answer
    --pause: string           # Wait so long before each new call [default: 250ms, and 0s on this machine]
    --data                    # Content may be sent: --rcpt is a mailbox of yours
    --intrusive               # What a server may take for an attack may be tried: it is a server of yours
    --slow                    # What takes minutes may be tried
    --format(-f): string@"nu-complete smtp-probe script format" # The form
    --json                    # Short for --format jsonl
    --fail-on: string         # A rule of this level or above that is not kept makes it end with 1; what is put up with does not. From the least: info, interop, should, must, security (or sec)
    --transcript: path        # Write what was said into this folder, a file for each call, without passwords
    --redact                  # Leave passwords out of all that is told: that is always done, and may be said
    --verbose(-v)             # Tell what is kept too, and what was said
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help (see more with '--help')
    file: path                # The talks
    place: string             # The server; 25 where no port is named
  ]

  # Tell what has changed between two reports that --format json or jsonl wrote
  export extern "smtp-probe diff" [
    --fail-on: string         # A rule of this level or above that is not kept any more makes it end with 1
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
    old: path                 # The report before
    new: path                 # The report after
  ]

  # List every rule there is; with --json as JSON
  export extern "smtp-probe list" [
    --json                    # As JSON, an object a line
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
  ]

  def "nu-complete smtp-probe explain id" [] {
    [ "greet.fqdn" "greet.time" "greet.mask" "greet.leak" "ehlo.fqdn" "ehlo.keyword-syntax" "ehlo.dup" "ehlo.param-syntax" "utf8.requires-8bit" "bin.requires" "ext.xexch50" "ext.x-link2state" "ext.x-exps" "ext.tls" "rep.tarpit" "auth.clear" "auth.equals" "tls.adv" "tls.handshake" "tls.version" "tls.cipher" "tls.curve" "tls.name" "tls.chain" "tls.expiry" "tls.key" "tls.sni" "tls.dane" "tls.closenotify" "tls.implicit465" "auth.replay" "lim.limits-ext" "rob.v6" "tls.not-listed" "rep.code" "rep.multi" "rep.crlf" "rep.len" "rep.class" "rep.ascii" "greet.code" "greet.silent" "greet.multiline" "greet.early" "ehlo.ok" "ehlo.case" "ehlo.noarg" "helo.noarg" "helo.ok" "ehlo.helo-list" "ehlo.literal4" "ehlo.literal6" "ehlo.bad" "ehlo.no-lies" "ehlo.domain-case" "ehlo.again" "ehlo.8bit-arg" "lmtp.lhlo" "lmtp.no-helo" "lmtp.no-rcpt" "lmtp.each-rcpt" "state.mail-first" "state.rcpt-first" "state.data-first" "state.data-norcpt" "state.mail-twice" "state.rset" "state.rset-anytime" "cmd.noop" "cmd.noop-arg" "cmd.quit" "cmd.close-unasked" "cmd.vrfy" "cmd.expn" "cmd.help" "cmd.unknown" "cmd.unknown-flood" "cmd.obsolete" "cmd.turn" "cmd.http" "syn.empty" "syn.trailing-sp" "syn.leading-sp" "syn.tab" "syn.space-colon" "syn.nobrackets" "syn.unbalanced" "syn.quoted-local" "syn.srcroute" "syn.literal-rcpt" "syn.postmaster" "syn.unqualified" "syn.nul" "syn.8bit" "syn.bare-lf" "syn.bare-cr" "syn.domain-ascii" "rep.4xx-policy" "lim.cmd512" "lim.cmd-long" "lim.local64" "lim.domain255" "lim.path256" "lim.rcpt-over" "lim.conn" "lim.rcpt100" "pipe.order" "pipe.batch" "pipe.flush" "pipe.nolose" "pipe.data-refused" "pipe.sync-verbs" "pipe.split" "pipe.not-adv" "size.param" "size.huge" "size.zero" "size.bad" "8bit.param" "utf8.mail" "utf8.rcpt" "utf8.undeclared" "utf8.malformed" "dsn.ret" "dsn.envid" "dsn.notify" "dsn.orcpt" "dsn.never-mix" "dsn.ret-bad" "param.unknown" "param.notadv" "ext.requiretls" "etrn.adv" "bdat.nomail" "bdat.badarg" "bdat.huge" "bin.data" "auth.syntax" "auth.unknown" "auth.in-mail" "auth.required" "tls.arg" "tls.no-again" "tls.inject" "tls.fixation" "tls.reset" "tls.mail-noehlo" "rob.fragment" "rob.slowloris" "rob.rst" "rob.half-close" "relay.own" "relay.foreign" "relay.percent" "relay.bang" "relay.quoted" "relay.literal" "relay.nested-route" "relay.host-prefix" "relay.postmaster" "relay.mixed-case" "relay.trailing-dot" "relay.idn" "relay.unknown-user" "relay.auth-scope" "relay.own-sender" "relay.null-sender" "relay.vrfy-leak" "auth.b64" "auth.cancel" "auth.empty-ir" "auth.again" "auth.throttle" "auth.bad" "auth.long" "tls.fail-soft" "data.354" "data.empty" "data.nohdr" "data.id" "size.actual" "lim.received100" "state.after-data" "state.all-rcpt-fail" "lim.text1000" "lim.body64k" "bdat.basic" "bdat.zero-last" "bdat.data-mix" "bdat.after-last" "smug.lf-lf" "smug.lf-crlf" "smug.crlf-lf" "smug.cr-cr" "smug.crlf-crcrlf" "smug.nul-after" "smug.cr-lf" "smug.lf-cr" "smug.cr-crlf" "smug.crlf-cr" "smug.crcrlf-crcrlf" "smug.nul-before" "smug.pipe-after-eod" "time.idle" "time.data" "time.eod" "data.dot" "data.trace" "data.abort" "8bit.content" "bdat.dots" "lim.text-long" "smug.outbound" "smug.bdat-body" "dsn.null" "odmr.port" "odmr.ehlo-atrn" "odmr.ehlo-auth" "odmr.cram" "odmr.ehlo-only" "odmr.other-502" "odmr.quit-initial" "odmr.quit-tail" "atrn.preauth" "atrn.preauth-tls" "atrn.partial-auth" "atrn.failed-auth" "atrn.cancelled-auth" "turn.plain" "odmr.quit-auth" "odmr.auth-again" "atrn.syntax" "atrn.syntax-label" "atrn.syntax-other" "atrn.space-list" "atrn.idn" "atrn.foreign" "atrn.foreign-below" "atrn.foreign-above" "atrn.backend-down" "atrn.code-250" "atrn.noarg" "atrn.case" "atrn.case-domain" "atrn.dup" "atrn.twice" "atrn.rate" "atrn.nomail" "rev.rcpt-4xx" "rev.domains" "rev.waits" "rev.ehlo" "rev.multiline-220" "rev.reject-greet" "rev.reject-greet-5xx" "rev.mail-4xx" "rev.data-4xx" "rev.eod-4xx" "rev.eod-drop" "rev.drop-ehlo" "rev.drop-mail" "rev.drop-rcpt" "rev.drop-data" "rev.drop-content" "rev.421" "rev.ext-all" "rev.starttls" "rev.lines" "rev.quit" "rev.no-return" "rev.rset-reuse" "atrn.pipelined" "rev.parallel" "rev.delay" "rev.no-relay-use" "rev.timeouts" "atrn.wait" "rev.helo" "rev.ext" "rev.rcpt-5xx" "rev.mail-5xx" "rev.data-5xx" "rev.eod-5xx" "rev.dots" "rev.8bit" "rev.long-lines" "rev.bare-lf" "rev.trace" "rev.order" "rev.null-sender" "rev.delay-dsn" "rev.drop-anywhere" "cust.ehlo-not-helo" "cust.waits220" "cust.multiline220" "cust.greet-421" "cust.greet-554" "cust.no-atrn" "cust.mech-choice" "cust.cram-unoffered" "cust.auth-535" "cust.auth-454" "cust.auth-504" "cust.auth-530" "cust.auth-challenge-junk" "cust.atrn-syntax" "cust.atrn-once" "cust.many-domains" "cust.250-slow" "cust.verb-turn" "cust.atrn-453" "cust.atrn-450" "cust.atrn-451" "cust.atrn-502" "cust.atrn-530" "cust.atrn-5xx" "cust.atrn-421" "cust.atrn-drop" "cust.tls-required" "cust.tls-cert.self-signed" "cust.tls-cert.expired" "cust.tls-cert.wrong-name" "cust.tls-cert.chain" "cust.tls-cert.pinned" "cust.tls-inject" "cust.atrn-after-tls-only" "cust.endless" "cust.greets-first" "cust.250-quit" "cust.quit-221" "cust.reversed-helo" "cust.odd-name" "cust.8bitmime" "cust.space-colon" "cust.null-sender" "cust.postmaster" "cust.foreign-rcpt" "cust.foreign-forms" "cust.rcpt-100" "cust.rset-reuse" "cust.order" "cust.atrn-again-refused" "cust.unknown" "cust.pipelining" "cust.chunking" "cust.size" "cust.8bit" "cust.utf8" "cust.dsn" "cust.two-messages" "cust.fragments" "cust.drop-rcpt" "cust.mid-drop" "cust.smug.lf-lf" "cust.smug.lf-crlf" "cust.smug.crlf-lf" "cust.smug.cr-cr" "cust.smug.crlf-crcrlf" "cust.smug.cr-lf" "cust.smug.lf-cr" "cust.smug.cr-crlf" "cust.smug.crlf-cr" "cust.smug.crcrlf-crcrlf" "cust.smug.nul-before" "cust.smug.nul-after" "cust.suite-a" "cust.told-apart" "cust.lock" "cust.report" "cust.local-mta-down" "cust.target-4xx" "cust.target-5xx" "cust.no-250-before-safe" "cust.dup-on-drop" "cust.hang" "id.product" "id.agrees" "id.holes" "id.turns" ]
  }

  # Say what a rule is about
  export extern "smtp-probe explain" [
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
    id: string@"nu-complete smtp-probe explain id" # The rule
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "smtp-probe help" [
  ]

  # Ask a server
  export extern "smtp-probe help server" [
  ]

  # Ask a provider of on-demand mail, whose customer you are
  export extern "smtp-probe help provider" [
  ]

  # Play the provider of on-demand mail, and judge who calls
  export extern "smtp-probe help customer" [
  ]

  # Tell what a server is, by how it speaks
  export extern "smtp-probe help identify" [
  ]

  # Play a server that others have
  export extern "smtp-probe help emulate" [
  ]

  # Play talks of your own against a server
  export extern "smtp-probe help script" [
  ]

  # Tell what has changed between two reports that --format json or jsonl wrote
  export extern "smtp-probe help diff" [
  ]

  # List every rule there is; with --json as JSON
  export extern "smtp-probe help list" [
  ]

  # Say what a rule is about
  export extern "smtp-probe help explain" [
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "smtp-probe help help" [
  ]

}

export use completions *

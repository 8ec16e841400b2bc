module completions {

  # Ask a mail server whether it keeps to the rules, one by one
  export extern smtp-probe [
    --help(-h)                # Print help (see more with '--help')
    --version(-V)             # Print version
  ]

  def "nu-complete smtp-probe server format" [] {
    [ "human" "json" "jsonl" "tap" "junit" "sarif" "markdown" ]
  }

  # Ask a server
  export extern "smtp-probe server" [
    --only: string            # These rules only: ids, or * at the end of one
    --skip: string            # Not these
    --group: string           # Rules of these groups only: relay, tls, syn ...
    --rcpt: string            # A mailbox that the server has [default: postmaster at the server's domain]
    --from: string            # Who sends [default: nobody, the null reverse-path]
    --foreign: string         # A mailbox that is somebody else's; nothing is sent there
    --ehlo: string            # What to say in EHLO [default: this machine's name]
    --implicit-tls            # TLS from the first octet, as on port 465
    -4                        # Call over IPv4 only
    -6                        # Call over IPv6 only
    --timeout: string         # Wait so long for each answer
    --pause: string           # Wait so long before each new call [default: 250ms, and 0s on this machine]
    --data                    # Content may be sent: --rcpt is a mailbox of yours
    --intrusive               # What a server may take for an attack may be tried: it is a server of yours
    --slow                    # What takes minutes may be tried
    --format(-f): string@"nu-complete smtp-probe server format" # The form
    --json                    # Short for --format jsonl
    --fail-on: string         # A rule of this level that is not kept makes it end with 1
    --verbose(-v)             # Tell what is kept too, and what was said
    --help(-h)                # Print help (see more with '--help')
    place: string             # The server; 25 where no port is named
  ]

  def "nu-complete smtp-probe script format" [] {
    [ "human" "json" "jsonl" "tap" "junit" "sarif" "markdown" ]
  }

  # Play talks of your own against a server
  export extern "smtp-probe script" [
    --rcpt: string            # A mailbox that the server has [default: postmaster at the server's domain]
    --from: string            # Who sends [default: nobody, the null reverse-path]
    --foreign: string         # A mailbox that is somebody else's; nothing is sent there
    --ehlo: string            # What to say in EHLO [default: this machine's name]
    --implicit-tls            # TLS from the first octet, as on port 465
    -4                        # Call over IPv4 only
    -6                        # Call over IPv6 only
    --timeout: string         # Wait so long for each answer
    --pause: string           # Wait so long before each new call [default: 250ms, and 0s on this machine]
    --data                    # Content may be sent: --rcpt is a mailbox of yours
    --intrusive               # What a server may take for an attack may be tried: it is a server of yours
    --slow                    # What takes minutes may be tried
    --format(-f): string@"nu-complete smtp-probe script format" # The form
    --json                    # Short for --format jsonl
    --fail-on: string         # A rule of this level that is not kept makes it end with 1
    --verbose(-v)             # Tell what is kept too, and what was said
    --help(-h)                # Print help (see more with '--help')
    file: path                # The talks
    place: string             # The server; 25 where no port is named
  ]

  # List every rule there is; with --json as JSON
  export extern "smtp-probe list" [
    --json                    # As JSON, an object a line
    --help(-h)                # Print help
  ]

  def "nu-complete smtp-probe explain id" [] {
    [ "greet.fqdn" "greet.time" "greet.mask" "greet.leak" "ehlo.fqdn" "ehlo.keyword-syntax" "ehlo.dup" "ehlo.param-syntax" "utf8.requires-8bit" "bin.requires" "ext.exchange" "auth.clear" "auth.equals" "tls.adv" "tls.handshake" "tls.version" "tls.trust" "tls.not-listed" "rep.code" "rep.multi" "rep.crlf" "rep.len" "rep.class" "rep.ascii" "greet.code" "greet.silent" "greet.early" "ehlo.ok" "ehlo.case" "ehlo.noarg" "helo.noarg" "helo.ok" "ehlo.helo-list" "ehlo.literal4" "ehlo.literal6" "ehlo.bad" "ehlo.again" "ehlo.8bit-arg" "state.mail-first" "state.rcpt-first" "state.data-first" "state.data-norcpt" "state.mail-twice" "state.rset" "state.rset-anytime" "cmd.noop" "cmd.noop-arg" "cmd.quit" "cmd.vrfy" "cmd.expn" "cmd.help" "cmd.unknown" "cmd.obsolete" "cmd.turn" "cmd.http" "syn.empty" "syn.trailing-sp" "syn.leading-sp" "syn.tab" "syn.space-colon" "syn.nobrackets" "syn.unbalanced" "syn.quoted-local" "syn.srcroute" "syn.postmaster" "syn.unqualified" "syn.nul" "syn.8bit" "syn.bare-lf" "syn.bare-cr" "syn.domain-ascii" "lim.cmd512" "lim.cmd-long" "lim.local64" "lim.rcpt100" "pipe.order" "pipe.batch" "pipe.split" "pipe.not-adv" "size.param" "size.huge" "size.bad" "8bit.param" "utf8.mail" "utf8.undeclared" "utf8.malformed" "dsn.ret" "dsn.notify" "dsn.never-mix" "dsn.ret-bad" "param.unknown" "param.notadv" "ext.requiretls" "bdat.nomail" "bdat.badarg" "bdat.huge" "bin.data" "auth.syntax" "auth.unknown" "auth.in-mail" "tls.arg" "tls.no-again" "tls.inject" "tls.fixation" "tls.mail-noehlo" "rob.fragment" "relay.own" "relay.foreign" "relay.percent" "relay.bang" "relay.quoted" "relay.literal" "relay.own-sender" "relay.null-sender" "relay.vrfy-leak" ]
  }

  # Say what a rule is about
  export extern "smtp-probe explain" [
    --help(-h)                # Print help
    id: string@"nu-complete smtp-probe explain id" # The rule
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "smtp-probe help" [
  ]

  # Ask a server
  export extern "smtp-probe help server" [
  ]

  # Play talks of your own against a server
  export extern "smtp-probe help script" [
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

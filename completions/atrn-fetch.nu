module completions {

  # Collect a domain's mail from its ODMR provider with ATRN (RFC 2645), and land it safely
  export extern atrn-fetch [
    --help(-h)                # Print help (see more with '--help')
    --version(-V)             # Print version
  ]

  def "nu-complete atrn-fetch run format" [] {
    [ "human" "json" "jsonl" "nagios" "prometheus" ]
  }

  def "nu-complete atrn-fetch run profile" [] {
    [ "odmr" "exchange" ]
  }

  def "nu-complete atrn-fetch run tls" [] {
    [ "require" "starttls" "implicit" "opportunistic" "none" ]
  }

  def "nu-complete atrn-fetch run tls_min" [] {
    [ "1.2" "1.3" ]
  }

  def "nu-complete atrn-fetch run family" [] {
    [ "any" "ipv4" "ipv6" ]
  }

  def "nu-complete atrn-fetch run ask" [] {
    [ "first" "all" ]
  }

  def "nu-complete atrn-fetch run mechanism" [] {
    [ "auto" "scram-sha-256-plus" "scram-sha-256" "cram-md5" "plain" "login" "external" ]
  }

  def "nu-complete atrn-fetch run clear_auth" [] {
    [ "none" "cram-md5" "plain" ]
  }

  def "nu-complete atrn-fetch run introduce" [] {
    [ "none" "xclient" "proxy" ]
  }

  def "nu-complete atrn-fetch run others" [] {
    [ "inbox" "local-part" "refuse" ]
  }

  def "nu-complete atrn-fetch run per" [] {
    [ "message" "recipient" ]
  }

  def "nu-complete atrn-fetch run verb" [] {
    [ "auto" "atrn" "turn" ]
  }

  def "nu-complete atrn-fetch run lock" [] {
    [ "wait" "skip" "fail" ]
  }

  def "nu-complete atrn-fetch run only_if_online" [] {
    [ "true" "false" ]
  }

  def "nu-complete atrn-fetch run exit" [] {
    [ "worst" "any" "first" ]
  }

  def "nu-complete atrn-fetch run exit_codes" [] {
    [ "native" "fetchmail" ]
  }

  # Fetch (this is what happens when no command is named)
  export extern "atrn-fetch run" [
    --all                     # Every account of the settings files, one after the other
    --config(-c): path        # The settings file; the user's and the system's are then left alone
    --server: string          # The provider to call: a name or an address
    --ca: path                # Trust the certificates signed by those in this PEM file, and no others
    --fingerprint: string     # Trust the certificate with this SHA-256 (sha256:...), whoever signed it
    --servername: string      # The name the provider's certificate must bear, if not that of --server
    --certificate: path       # Our own TLS certificate, a chain in PEM
    --key: path               # The key to it, in PEM, readable by nobody else
    --ehlo: string            # The name we give with EHLO and in our greeting, if not the system's
    --bind: string            # Call from this address of ours, and so over its link
    --proxy: string           # Call by way of this proxy, which looks the provider up itself: socks5://HOST:PORT
    --user: string            # The name to log in with
    --domain: string          # A domain to ask for with ATRN; none: all the provider has for us (repeatable)
    --accept-domain: string   # A domain to accept mail for, when none is asked for by name (repeatable)
    --deliver: string         # Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH
    --spool: path             # Keep mail in a queue in this folder first; it goes on to the target from there, also later
    --bounces: string         # With --spool: the server that tells senders what the target refused; smtp:HOST:PORT
    --map-domain: string      # Tell the target recipients of this domain at that one; mail is judged by the first (repeatable)
    --folder: string          # Mail for this recipient goes to this folder of the Maildir (repeatable)
    --argument: string        # An argument for the program of command:, placeholders like {recipient} in it (repeatable)
    --max-messages: string    # Take this many messages, then say 421; the rest stays at the provider
    --max-bytes: string       # Take this much in all, then say 421
    --max-message-size: string # Put off messages larger than this with 452
    --transcript: path        # Write the dialogue of each session to this folder, secrets removed
    --on-mail: string         # Run this program when mail has come; its arguments follow, one a flag (repeatable)
    --on-error: string        # Run this program when something is wrong, or is no longer (repeatable, like --on-mail)
    --state-dir: path         # Remember in this folder how runs went
    --ipv4(-4)                # Call IPv4 addresses only; the same as --family ipv4
    --ipv6(-6)                # Call IPv6 addresses only; the same as --family ipv6
    --password-command: string # Run this command; the first line it prints is the password
    --password-file: path     # The first line of this file is the password; others must not be able to read it
    --password-fd: string     # Read the password from this open file descriptor
    --netrc: path             # The password is that of the server and user in this netrc file
    --credential: string      # The systemd credential of this name is the password
    --no-mail-exit: string    # Exit with N when everything went well and there was no mail
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --format(-f): string@"nu-complete atrn-fetch run format" # For whom standard output is
    --json                    # The same as --format jsonl
    --quiet(-q)               # Say nothing unless something is wrong, and the same trouble only once in --report-interval
    --verbose(-v)             # Say more; twice: the whole dialogue, secrets removed
    --summary: path           # Write a JSON object on each account's run to this file
    --dry-run(-n)             # Say what would be done, and do nothing: nobody is called, no password is read
    --profile: string@"nu-complete atrn-fetch run profile" # What kind of provider is called; sets what holds for port and max_rounds, and what follows a refusal [default: odmr]
    --port: string            # Its port [default: 366]
    --tls: string@"nu-complete atrn-fetch run tls" # How the line is encrypted [default: starttls]
    --tls-min: string@"nu-complete atrn-fetch run tls_min" # The least that TLS may be [default: 1.2]
    --family: string@"nu-complete atrn-fetch run family" # Which addresses of the provider are called; -4 and -6 for short [default: any]
    --ask: string@"nu-complete atrn-fetch run ask" # Which of several providers to ask [default: first]
    --mech: string@"nu-complete atrn-fetch run mechanism" # How to log in [default: auto]
    --clear-auth: string@"nu-complete atrn-fetch run clear_auth" # What may be used to log in while the line is in clear [default: none]
    --lifetime: string        # With --spool: how long to try the target before the sender is told [default: 21d]
    --introduce: string@"nu-complete atrn-fetch run introduce" # With --spool: tell the target which host the mail came from, as the provider's Received field has it [default: none]
    --dedupe: string          # Do not deliver again what came before, to the octet, within this time; 0s: whatever comes [default: 0s]
    --others: string@"nu-complete atrn-fetch run others" # Where mail in a Maildir goes whose recipient has no folder by name [default: inbox]
    --per: string@"nu-complete atrn-fetch run per" # How often the program of command: is run [default: recipient]
    --verb: string@"nu-complete atrn-fetch run verb" # By which command the mail is asked for [default: auto]
    --max-session: string     # Say 421 after this long [default: 1h]
    --max-rounds: string      # Call this often in a row while the provider has more mail [default: 5]
    --timeout-connect: string # Wait this long for a connection [default: 30s]
    --timeout-greeting: string # Wait this long for the greeting, and for the TLS handshake [default: 5m]
    --timeout-command: string # Wait this long for a reply or a command [default: 5m]
    --timeout-data: string    # Wait this long for the next octets of a message [default: 5m]
    --timeout-turn: string    # Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]
    --timeout-target: string  # Wait this long for each reply of the target server; for its answer to a message, 10m at least [default: 1m]
    --timeout-program: string # Wait this long for the program of command: to end [default: 5m]
    --lock: string@"nu-complete atrn-fetch run lock" # What to do when another run holds the account [default: fail]
    --only-if-online: string@"nu-complete atrn-fetch run only_if_online" # Where there is no way to the provider at all, no route or no name server, let it be: exit 0 [default: false]
    --jitter: string          # Wait before a call, by chance, for at most this long [default: 0s]
    --interval: string        # As a daemon: call this often [default: 15m]
    --max-backoff: string     # As a daemon: call this often at least, whatever is wrong [default: 4h]
    --report-interval: string # With --quiet, tell the same trouble once in this time [default: 1d]
    --exit: string@"nu-complete atrn-fetch run exit" # Of several accounts, which one decides how the program ends [default: worst]
    --exit-codes: string@"nu-complete atrn-fetch run exit_codes" # Whose numbers the program ends with, see odmr-exit-codes(7) [default: native]
    --help(-h)                # Print help (see more with '--help')
    ...accounts: string       # The accounts, by their names in the settings file; none: the only one, or that of the flags
  ]

  def "nu-complete atrn-fetch daemon format" [] {
    [ "human" "json" "jsonl" "nagios" "prometheus" ]
  }

  def "nu-complete atrn-fetch daemon profile" [] {
    [ "odmr" "exchange" ]
  }

  def "nu-complete atrn-fetch daemon tls" [] {
    [ "require" "starttls" "implicit" "opportunistic" "none" ]
  }

  def "nu-complete atrn-fetch daemon tls_min" [] {
    [ "1.2" "1.3" ]
  }

  def "nu-complete atrn-fetch daemon family" [] {
    [ "any" "ipv4" "ipv6" ]
  }

  def "nu-complete atrn-fetch daemon ask" [] {
    [ "first" "all" ]
  }

  def "nu-complete atrn-fetch daemon mechanism" [] {
    [ "auto" "scram-sha-256-plus" "scram-sha-256" "cram-md5" "plain" "login" "external" ]
  }

  def "nu-complete atrn-fetch daemon clear_auth" [] {
    [ "none" "cram-md5" "plain" ]
  }

  def "nu-complete atrn-fetch daemon introduce" [] {
    [ "none" "xclient" "proxy" ]
  }

  def "nu-complete atrn-fetch daemon others" [] {
    [ "inbox" "local-part" "refuse" ]
  }

  def "nu-complete atrn-fetch daemon per" [] {
    [ "message" "recipient" ]
  }

  def "nu-complete atrn-fetch daemon verb" [] {
    [ "auto" "atrn" "turn" ]
  }

  def "nu-complete atrn-fetch daemon lock" [] {
    [ "wait" "skip" "fail" ]
  }

  def "nu-complete atrn-fetch daemon only_if_online" [] {
    [ "true" "false" ]
  }

  def "nu-complete atrn-fetch daemon exit" [] {
    [ "worst" "any" "first" ]
  }

  def "nu-complete atrn-fetch daemon exit_codes" [] {
    [ "native" "fetchmail" ]
  }

  # Keep fetching, each account in its own rhythm; SIGUSR1 fetches now, SIGHUP reads the settings anew
  export extern "atrn-fetch daemon" [
    --all                     # Every account of the settings files, one after the other
    --config(-c): path        # The settings file; the user's and the system's are then left alone
    --server: string          # The provider to call: a name or an address
    --ca: path                # Trust the certificates signed by those in this PEM file, and no others
    --fingerprint: string     # Trust the certificate with this SHA-256 (sha256:...), whoever signed it
    --servername: string      # The name the provider's certificate must bear, if not that of --server
    --certificate: path       # Our own TLS certificate, a chain in PEM
    --key: path               # The key to it, in PEM, readable by nobody else
    --ehlo: string            # The name we give with EHLO and in our greeting, if not the system's
    --bind: string            # Call from this address of ours, and so over its link
    --proxy: string           # Call by way of this proxy, which looks the provider up itself: socks5://HOST:PORT
    --user: string            # The name to log in with
    --domain: string          # A domain to ask for with ATRN; none: all the provider has for us (repeatable)
    --accept-domain: string   # A domain to accept mail for, when none is asked for by name (repeatable)
    --deliver: string         # Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH
    --spool: path             # Keep mail in a queue in this folder first; it goes on to the target from there, also later
    --bounces: string         # With --spool: the server that tells senders what the target refused; smtp:HOST:PORT
    --map-domain: string      # Tell the target recipients of this domain at that one; mail is judged by the first (repeatable)
    --folder: string          # Mail for this recipient goes to this folder of the Maildir (repeatable)
    --argument: string        # An argument for the program of command:, placeholders like {recipient} in it (repeatable)
    --max-messages: string    # Take this many messages, then say 421; the rest stays at the provider
    --max-bytes: string       # Take this much in all, then say 421
    --max-message-size: string # Put off messages larger than this with 452
    --transcript: path        # Write the dialogue of each session to this folder, secrets removed
    --on-mail: string         # Run this program when mail has come; its arguments follow, one a flag (repeatable)
    --on-error: string        # Run this program when something is wrong, or is no longer (repeatable, like --on-mail)
    --state-dir: path         # Remember in this folder how runs went
    --ipv4(-4)                # Call IPv4 addresses only; the same as --family ipv4
    --ipv6(-6)                # Call IPv6 addresses only; the same as --family ipv6
    --password-command: string # Run this command; the first line it prints is the password
    --password-file: path     # The first line of this file is the password; others must not be able to read it
    --password-fd: string     # Read the password from this open file descriptor
    --netrc: path             # The password is that of the server and user in this netrc file
    --credential: string      # The systemd credential of this name is the password
    --no-mail-exit: string    # Exit with N when everything went well and there was no mail
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --format(-f): string@"nu-complete atrn-fetch daemon format" # For whom standard output is
    --json                    # The same as --format jsonl
    --quiet(-q)               # Say nothing unless something is wrong, and the same trouble only once in --report-interval
    --verbose(-v)             # Say more; twice: the whole dialogue, secrets removed
    --at-once: string         # Fetch for this many accounts at a time
    --profile: string@"nu-complete atrn-fetch daemon profile" # What kind of provider is called; sets what holds for port and max_rounds, and what follows a refusal [default: odmr]
    --port: string            # Its port [default: 366]
    --tls: string@"nu-complete atrn-fetch daemon tls" # How the line is encrypted [default: starttls]
    --tls-min: string@"nu-complete atrn-fetch daemon tls_min" # The least that TLS may be [default: 1.2]
    --family: string@"nu-complete atrn-fetch daemon family" # Which addresses of the provider are called; -4 and -6 for short [default: any]
    --ask: string@"nu-complete atrn-fetch daemon ask" # Which of several providers to ask [default: first]
    --mech: string@"nu-complete atrn-fetch daemon mechanism" # How to log in [default: auto]
    --clear-auth: string@"nu-complete atrn-fetch daemon clear_auth" # What may be used to log in while the line is in clear [default: none]
    --lifetime: string        # With --spool: how long to try the target before the sender is told [default: 21d]
    --introduce: string@"nu-complete atrn-fetch daemon introduce" # With --spool: tell the target which host the mail came from, as the provider's Received field has it [default: none]
    --dedupe: string          # Do not deliver again what came before, to the octet, within this time; 0s: whatever comes [default: 0s]
    --others: string@"nu-complete atrn-fetch daemon others" # Where mail in a Maildir goes whose recipient has no folder by name [default: inbox]
    --per: string@"nu-complete atrn-fetch daemon per" # How often the program of command: is run [default: recipient]
    --verb: string@"nu-complete atrn-fetch daemon verb" # By which command the mail is asked for [default: auto]
    --max-session: string     # Say 421 after this long [default: 1h]
    --max-rounds: string      # Call this often in a row while the provider has more mail [default: 5]
    --timeout-connect: string # Wait this long for a connection [default: 30s]
    --timeout-greeting: string # Wait this long for the greeting, and for the TLS handshake [default: 5m]
    --timeout-command: string # Wait this long for a reply or a command [default: 5m]
    --timeout-data: string    # Wait this long for the next octets of a message [default: 5m]
    --timeout-turn: string    # Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]
    --timeout-target: string  # Wait this long for each reply of the target server; for its answer to a message, 10m at least [default: 1m]
    --timeout-program: string # Wait this long for the program of command: to end [default: 5m]
    --lock: string@"nu-complete atrn-fetch daemon lock" # What to do when another run holds the account [default: fail]
    --only-if-online: string@"nu-complete atrn-fetch daemon only_if_online" # Where there is no way to the provider at all, no route or no name server, let it be: exit 0 [default: false]
    --jitter: string          # Wait before a call, by chance, for at most this long [default: 0s]
    --interval: string        # As a daemon: call this often [default: 15m]
    --max-backoff: string     # As a daemon: call this often at least, whatever is wrong [default: 4h]
    --report-interval: string # With --quiet, tell the same trouble once in this time [default: 1d]
    --exit: string@"nu-complete atrn-fetch daemon exit" # Of several accounts, which one decides how the program ends [default: worst]
    --exit-codes: string@"nu-complete atrn-fetch daemon exit_codes" # Whose numbers the program ends with, see odmr-exit-codes(7) [default: native]
    --help(-h)                # Print help (see more with '--help')
    ...accounts: string       # The accounts, by their names in the settings file; none: the only one, or that of the flags
  ]

  def "nu-complete atrn-fetch status format" [] {
    [ "human" "json" "jsonl" "nagios" "prometheus" ]
  }

  def "nu-complete atrn-fetch status profile" [] {
    [ "odmr" "exchange" ]
  }

  def "nu-complete atrn-fetch status tls" [] {
    [ "require" "starttls" "implicit" "opportunistic" "none" ]
  }

  def "nu-complete atrn-fetch status tls_min" [] {
    [ "1.2" "1.3" ]
  }

  def "nu-complete atrn-fetch status family" [] {
    [ "any" "ipv4" "ipv6" ]
  }

  def "nu-complete atrn-fetch status ask" [] {
    [ "first" "all" ]
  }

  def "nu-complete atrn-fetch status mechanism" [] {
    [ "auto" "scram-sha-256-plus" "scram-sha-256" "cram-md5" "plain" "login" "external" ]
  }

  def "nu-complete atrn-fetch status clear_auth" [] {
    [ "none" "cram-md5" "plain" ]
  }

  def "nu-complete atrn-fetch status introduce" [] {
    [ "none" "xclient" "proxy" ]
  }

  def "nu-complete atrn-fetch status others" [] {
    [ "inbox" "local-part" "refuse" ]
  }

  def "nu-complete atrn-fetch status per" [] {
    [ "message" "recipient" ]
  }

  def "nu-complete atrn-fetch status verb" [] {
    [ "auto" "atrn" "turn" ]
  }

  def "nu-complete atrn-fetch status lock" [] {
    [ "wait" "skip" "fail" ]
  }

  def "nu-complete atrn-fetch status only_if_online" [] {
    [ "true" "false" ]
  }

  def "nu-complete atrn-fetch status exit" [] {
    [ "worst" "any" "first" ]
  }

  def "nu-complete atrn-fetch status exit_codes" [] {
    [ "native" "fetchmail" ]
  }

  # Show how the last runs went, and when the next are due; 1 when something is wrong
  export extern "atrn-fetch status" [
    --all                     # Every account of the settings files, one after the other
    --config(-c): path        # The settings file; the user's and the system's are then left alone
    --server: string          # The provider to call: a name or an address
    --ca: path                # Trust the certificates signed by those in this PEM file, and no others
    --fingerprint: string     # Trust the certificate with this SHA-256 (sha256:...), whoever signed it
    --servername: string      # The name the provider's certificate must bear, if not that of --server
    --certificate: path       # Our own TLS certificate, a chain in PEM
    --key: path               # The key to it, in PEM, readable by nobody else
    --ehlo: string            # The name we give with EHLO and in our greeting, if not the system's
    --bind: string            # Call from this address of ours, and so over its link
    --proxy: string           # Call by way of this proxy, which looks the provider up itself: socks5://HOST:PORT
    --user: string            # The name to log in with
    --domain: string          # A domain to ask for with ATRN; none: all the provider has for us (repeatable)
    --accept-domain: string   # A domain to accept mail for, when none is asked for by name (repeatable)
    --deliver: string         # Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH
    --spool: path             # Keep mail in a queue in this folder first; it goes on to the target from there, also later
    --bounces: string         # With --spool: the server that tells senders what the target refused; smtp:HOST:PORT
    --map-domain: string      # Tell the target recipients of this domain at that one; mail is judged by the first (repeatable)
    --folder: string          # Mail for this recipient goes to this folder of the Maildir (repeatable)
    --argument: string        # An argument for the program of command:, placeholders like {recipient} in it (repeatable)
    --max-messages: string    # Take this many messages, then say 421; the rest stays at the provider
    --max-bytes: string       # Take this much in all, then say 421
    --max-message-size: string # Put off messages larger than this with 452
    --transcript: path        # Write the dialogue of each session to this folder, secrets removed
    --on-mail: string         # Run this program when mail has come; its arguments follow, one a flag (repeatable)
    --on-error: string        # Run this program when something is wrong, or is no longer (repeatable, like --on-mail)
    --state-dir: path         # Remember in this folder how runs went
    --ipv4(-4)                # Call IPv4 addresses only; the same as --family ipv4
    --ipv6(-6)                # Call IPv6 addresses only; the same as --family ipv6
    --password-command: string # Run this command; the first line it prints is the password
    --password-file: path     # The first line of this file is the password; others must not be able to read it
    --password-fd: string     # Read the password from this open file descriptor
    --netrc: path             # The password is that of the server and user in this netrc file
    --credential: string      # The systemd credential of this name is the password
    --no-mail-exit: string    # Exit with N when everything went well and there was no mail
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --format(-f): string@"nu-complete atrn-fetch status format" # For whom standard output is
    --json                    # The same as --format jsonl
    --quiet(-q)               # Say nothing unless something is wrong, and the same trouble only once in --report-interval
    --verbose(-v)             # Say more; twice: the whole dialogue, secrets removed
    --max-age: string         # Something is wrong, too, when the last success of an account is older than this
    --profile: string@"nu-complete atrn-fetch status profile" # What kind of provider is called; sets what holds for port and max_rounds, and what follows a refusal [default: odmr]
    --port: string            # Its port [default: 366]
    --tls: string@"nu-complete atrn-fetch status tls" # How the line is encrypted [default: starttls]
    --tls-min: string@"nu-complete atrn-fetch status tls_min" # The least that TLS may be [default: 1.2]
    --family: string@"nu-complete atrn-fetch status family" # Which addresses of the provider are called; -4 and -6 for short [default: any]
    --ask: string@"nu-complete atrn-fetch status ask" # Which of several providers to ask [default: first]
    --mech: string@"nu-complete atrn-fetch status mechanism" # How to log in [default: auto]
    --clear-auth: string@"nu-complete atrn-fetch status clear_auth" # What may be used to log in while the line is in clear [default: none]
    --lifetime: string        # With --spool: how long to try the target before the sender is told [default: 21d]
    --introduce: string@"nu-complete atrn-fetch status introduce" # With --spool: tell the target which host the mail came from, as the provider's Received field has it [default: none]
    --dedupe: string          # Do not deliver again what came before, to the octet, within this time; 0s: whatever comes [default: 0s]
    --others: string@"nu-complete atrn-fetch status others" # Where mail in a Maildir goes whose recipient has no folder by name [default: inbox]
    --per: string@"nu-complete atrn-fetch status per" # How often the program of command: is run [default: recipient]
    --verb: string@"nu-complete atrn-fetch status verb" # By which command the mail is asked for [default: auto]
    --max-session: string     # Say 421 after this long [default: 1h]
    --max-rounds: string      # Call this often in a row while the provider has more mail [default: 5]
    --timeout-connect: string # Wait this long for a connection [default: 30s]
    --timeout-greeting: string # Wait this long for the greeting, and for the TLS handshake [default: 5m]
    --timeout-command: string # Wait this long for a reply or a command [default: 5m]
    --timeout-data: string    # Wait this long for the next octets of a message [default: 5m]
    --timeout-turn: string    # Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]
    --timeout-target: string  # Wait this long for each reply of the target server; for its answer to a message, 10m at least [default: 1m]
    --timeout-program: string # Wait this long for the program of command: to end [default: 5m]
    --lock: string@"nu-complete atrn-fetch status lock" # What to do when another run holds the account [default: fail]
    --only-if-online: string@"nu-complete atrn-fetch status only_if_online" # Where there is no way to the provider at all, no route or no name server, let it be: exit 0 [default: false]
    --jitter: string          # Wait before a call, by chance, for at most this long [default: 0s]
    --interval: string        # As a daemon: call this often [default: 15m]
    --max-backoff: string     # As a daemon: call this often at least, whatever is wrong [default: 4h]
    --report-interval: string # With --quiet, tell the same trouble once in this time [default: 1d]
    --exit: string@"nu-complete atrn-fetch status exit" # Of several accounts, which one decides how the program ends [default: worst]
    --exit-codes: string@"nu-complete atrn-fetch status exit_codes" # Whose numbers the program ends with, see odmr-exit-codes(7) [default: native]
    --help(-h)                # Print help (see more with '--help')
    ...accounts: string       # The accounts, by their names in the settings file; none: the only one, or that of the flags
  ]

  def "nu-complete atrn-fetch init format" [] {
    [ "human" "json" "jsonl" "nagios" "prometheus" ]
  }

  def "nu-complete atrn-fetch init profile" [] {
    [ "odmr" "exchange" ]
  }

  def "nu-complete atrn-fetch init tls" [] {
    [ "require" "starttls" "implicit" "opportunistic" "none" ]
  }

  def "nu-complete atrn-fetch init tls_min" [] {
    [ "1.2" "1.3" ]
  }

  def "nu-complete atrn-fetch init family" [] {
    [ "any" "ipv4" "ipv6" ]
  }

  def "nu-complete atrn-fetch init ask" [] {
    [ "first" "all" ]
  }

  def "nu-complete atrn-fetch init mechanism" [] {
    [ "auto" "scram-sha-256-plus" "scram-sha-256" "cram-md5" "plain" "login" "external" ]
  }

  def "nu-complete atrn-fetch init clear_auth" [] {
    [ "none" "cram-md5" "plain" ]
  }

  def "nu-complete atrn-fetch init introduce" [] {
    [ "none" "xclient" "proxy" ]
  }

  def "nu-complete atrn-fetch init others" [] {
    [ "inbox" "local-part" "refuse" ]
  }

  def "nu-complete atrn-fetch init per" [] {
    [ "message" "recipient" ]
  }

  def "nu-complete atrn-fetch init verb" [] {
    [ "auto" "atrn" "turn" ]
  }

  def "nu-complete atrn-fetch init lock" [] {
    [ "wait" "skip" "fail" ]
  }

  def "nu-complete atrn-fetch init only_if_online" [] {
    [ "true" "false" ]
  }

  def "nu-complete atrn-fetch init exit" [] {
    [ "worst" "any" "first" ]
  }

  def "nu-complete atrn-fetch init exit_codes" [] {
    [ "native" "fetchmail" ]
  }

  # Write a settings file to begin with, from the flags given; asks nothing, overwrites nothing
  export extern "atrn-fetch init" [
    --all                     # Every account of the settings files, one after the other
    --config(-c): path        # The settings file; the user's and the system's are then left alone
    --server: string          # The provider to call: a name or an address
    --ca: path                # Trust the certificates signed by those in this PEM file, and no others
    --fingerprint: string     # Trust the certificate with this SHA-256 (sha256:...), whoever signed it
    --servername: string      # The name the provider's certificate must bear, if not that of --server
    --certificate: path       # Our own TLS certificate, a chain in PEM
    --key: path               # The key to it, in PEM, readable by nobody else
    --ehlo: string            # The name we give with EHLO and in our greeting, if not the system's
    --bind: string            # Call from this address of ours, and so over its link
    --proxy: string           # Call by way of this proxy, which looks the provider up itself: socks5://HOST:PORT
    --user: string            # The name to log in with
    --domain: string          # A domain to ask for with ATRN; none: all the provider has for us (repeatable)
    --accept-domain: string   # A domain to accept mail for, when none is asked for by name (repeatable)
    --deliver: string         # Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH
    --spool: path             # Keep mail in a queue in this folder first; it goes on to the target from there, also later
    --bounces: string         # With --spool: the server that tells senders what the target refused; smtp:HOST:PORT
    --map-domain: string      # Tell the target recipients of this domain at that one; mail is judged by the first (repeatable)
    --folder: string          # Mail for this recipient goes to this folder of the Maildir (repeatable)
    --argument: string        # An argument for the program of command:, placeholders like {recipient} in it (repeatable)
    --max-messages: string    # Take this many messages, then say 421; the rest stays at the provider
    --max-bytes: string       # Take this much in all, then say 421
    --max-message-size: string # Put off messages larger than this with 452
    --transcript: path        # Write the dialogue of each session to this folder, secrets removed
    --on-mail: string         # Run this program when mail has come; its arguments follow, one a flag (repeatable)
    --on-error: string        # Run this program when something is wrong, or is no longer (repeatable, like --on-mail)
    --state-dir: path         # Remember in this folder how runs went
    --ipv4(-4)                # Call IPv4 addresses only; the same as --family ipv4
    --ipv6(-6)                # Call IPv6 addresses only; the same as --family ipv6
    --password-command: string # Run this command; the first line it prints is the password
    --password-file: path     # The first line of this file is the password; others must not be able to read it
    --password-fd: string     # Read the password from this open file descriptor
    --netrc: path             # The password is that of the server and user in this netrc file
    --credential: string      # The systemd credential of this name is the password
    --no-mail-exit: string    # Exit with N when everything went well and there was no mail
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --format(-f): string@"nu-complete atrn-fetch init format" # For whom standard output is
    --json                    # The same as --format jsonl
    --quiet(-q)               # Say nothing unless something is wrong, and the same trouble only once in --report-interval
    --verbose(-v)             # Say more; twice: the whole dialogue, secrets removed
    --password-stdin          # Read the password from the first line of standard input, and keep it in a file beside the settings
    --print                   # Show what would be written, and write nothing
    --profile: string@"nu-complete atrn-fetch init profile" # What kind of provider is called; sets what holds for port and max_rounds, and what follows a refusal [default: odmr]
    --port: string            # Its port [default: 366]
    --tls: string@"nu-complete atrn-fetch init tls" # How the line is encrypted [default: starttls]
    --tls-min: string@"nu-complete atrn-fetch init tls_min" # The least that TLS may be [default: 1.2]
    --family: string@"nu-complete atrn-fetch init family" # Which addresses of the provider are called; -4 and -6 for short [default: any]
    --ask: string@"nu-complete atrn-fetch init ask" # Which of several providers to ask [default: first]
    --mech: string@"nu-complete atrn-fetch init mechanism" # How to log in [default: auto]
    --clear-auth: string@"nu-complete atrn-fetch init clear_auth" # What may be used to log in while the line is in clear [default: none]
    --lifetime: string        # With --spool: how long to try the target before the sender is told [default: 21d]
    --introduce: string@"nu-complete atrn-fetch init introduce" # With --spool: tell the target which host the mail came from, as the provider's Received field has it [default: none]
    --dedupe: string          # Do not deliver again what came before, to the octet, within this time; 0s: whatever comes [default: 0s]
    --others: string@"nu-complete atrn-fetch init others" # Where mail in a Maildir goes whose recipient has no folder by name [default: inbox]
    --per: string@"nu-complete atrn-fetch init per" # How often the program of command: is run [default: recipient]
    --verb: string@"nu-complete atrn-fetch init verb" # By which command the mail is asked for [default: auto]
    --max-session: string     # Say 421 after this long [default: 1h]
    --max-rounds: string      # Call this often in a row while the provider has more mail [default: 5]
    --timeout-connect: string # Wait this long for a connection [default: 30s]
    --timeout-greeting: string # Wait this long for the greeting, and for the TLS handshake [default: 5m]
    --timeout-command: string # Wait this long for a reply or a command [default: 5m]
    --timeout-data: string    # Wait this long for the next octets of a message [default: 5m]
    --timeout-turn: string    # Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]
    --timeout-target: string  # Wait this long for each reply of the target server; for its answer to a message, 10m at least [default: 1m]
    --timeout-program: string # Wait this long for the program of command: to end [default: 5m]
    --lock: string@"nu-complete atrn-fetch init lock" # What to do when another run holds the account [default: fail]
    --only-if-online: string@"nu-complete atrn-fetch init only_if_online" # Where there is no way to the provider at all, no route or no name server, let it be: exit 0 [default: false]
    --jitter: string          # Wait before a call, by chance, for at most this long [default: 0s]
    --interval: string        # As a daemon: call this often [default: 15m]
    --max-backoff: string     # As a daemon: call this often at least, whatever is wrong [default: 4h]
    --report-interval: string # With --quiet, tell the same trouble once in this time [default: 1d]
    --exit: string@"nu-complete atrn-fetch init exit" # Of several accounts, which one decides how the program ends [default: worst]
    --exit-codes: string@"nu-complete atrn-fetch init exit_codes" # Whose numbers the program ends with, see odmr-exit-codes(7) [default: native]
    --help(-h)                # Print help (see more with '--help')
    ...accounts: string       # The accounts, by their names in the settings file; none: the only one, or that of the flags
  ]

  def "nu-complete atrn-fetch import-fetchmailrc format" [] {
    [ "human" "json" "jsonl" "nagios" "prometheus" ]
  }

  def "nu-complete atrn-fetch import-fetchmailrc profile" [] {
    [ "odmr" "exchange" ]
  }

  def "nu-complete atrn-fetch import-fetchmailrc tls" [] {
    [ "require" "starttls" "implicit" "opportunistic" "none" ]
  }

  def "nu-complete atrn-fetch import-fetchmailrc tls_min" [] {
    [ "1.2" "1.3" ]
  }

  def "nu-complete atrn-fetch import-fetchmailrc family" [] {
    [ "any" "ipv4" "ipv6" ]
  }

  def "nu-complete atrn-fetch import-fetchmailrc ask" [] {
    [ "first" "all" ]
  }

  def "nu-complete atrn-fetch import-fetchmailrc mechanism" [] {
    [ "auto" "scram-sha-256-plus" "scram-sha-256" "cram-md5" "plain" "login" "external" ]
  }

  def "nu-complete atrn-fetch import-fetchmailrc clear_auth" [] {
    [ "none" "cram-md5" "plain" ]
  }

  def "nu-complete atrn-fetch import-fetchmailrc introduce" [] {
    [ "none" "xclient" "proxy" ]
  }

  def "nu-complete atrn-fetch import-fetchmailrc others" [] {
    [ "inbox" "local-part" "refuse" ]
  }

  def "nu-complete atrn-fetch import-fetchmailrc per" [] {
    [ "message" "recipient" ]
  }

  def "nu-complete atrn-fetch import-fetchmailrc verb" [] {
    [ "auto" "atrn" "turn" ]
  }

  def "nu-complete atrn-fetch import-fetchmailrc lock" [] {
    [ "wait" "skip" "fail" ]
  }

  def "nu-complete atrn-fetch import-fetchmailrc only_if_online" [] {
    [ "true" "false" ]
  }

  def "nu-complete atrn-fetch import-fetchmailrc exit" [] {
    [ "worst" "any" "first" ]
  }

  def "nu-complete atrn-fetch import-fetchmailrc exit_codes" [] {
    [ "native" "fetchmail" ]
  }

  # Take the settings over from fetchmail: its entries for ODMR become accounts; overwrites nothing
  export extern "atrn-fetch import-fetchmailrc" [
    --all                     # Every account of the settings files, one after the other
    --config(-c): path        # The settings file; the user's and the system's are then left alone
    --server: string          # The provider to call: a name or an address
    --ca: path                # Trust the certificates signed by those in this PEM file, and no others
    --fingerprint: string     # Trust the certificate with this SHA-256 (sha256:...), whoever signed it
    --servername: string      # The name the provider's certificate must bear, if not that of --server
    --certificate: path       # Our own TLS certificate, a chain in PEM
    --key: path               # The key to it, in PEM, readable by nobody else
    --ehlo: string            # The name we give with EHLO and in our greeting, if not the system's
    --bind: string            # Call from this address of ours, and so over its link
    --proxy: string           # Call by way of this proxy, which looks the provider up itself: socks5://HOST:PORT
    --user: string            # The name to log in with
    --domain: string          # A domain to ask for with ATRN; none: all the provider has for us (repeatable)
    --accept-domain: string   # A domain to accept mail for, when none is asked for by name (repeatable)
    --deliver: string         # Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH
    --spool: path             # Keep mail in a queue in this folder first; it goes on to the target from there, also later
    --bounces: string         # With --spool: the server that tells senders what the target refused; smtp:HOST:PORT
    --map-domain: string      # Tell the target recipients of this domain at that one; mail is judged by the first (repeatable)
    --folder: string          # Mail for this recipient goes to this folder of the Maildir (repeatable)
    --argument: string        # An argument for the program of command:, placeholders like {recipient} in it (repeatable)
    --max-messages: string    # Take this many messages, then say 421; the rest stays at the provider
    --max-bytes: string       # Take this much in all, then say 421
    --max-message-size: string # Put off messages larger than this with 452
    --transcript: path        # Write the dialogue of each session to this folder, secrets removed
    --on-mail: string         # Run this program when mail has come; its arguments follow, one a flag (repeatable)
    --on-error: string        # Run this program when something is wrong, or is no longer (repeatable, like --on-mail)
    --state-dir: path         # Remember in this folder how runs went
    --ipv4(-4)                # Call IPv4 addresses only; the same as --family ipv4
    --ipv6(-6)                # Call IPv6 addresses only; the same as --family ipv6
    --password-command: string # Run this command; the first line it prints is the password
    --password-file: path     # The first line of this file is the password; others must not be able to read it
    --password-fd: string     # Read the password from this open file descriptor
    --netrc: path             # The password is that of the server and user in this netrc file
    --credential: string      # The systemd credential of this name is the password
    --no-mail-exit: string    # Exit with N when everything went well and there was no mail
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --format(-f): string@"nu-complete atrn-fetch import-fetchmailrc format" # For whom standard output is
    --json                    # The same as --format jsonl
    --quiet(-q)               # Say nothing unless something is wrong, and the same trouble only once in --report-interval
    --verbose(-v)             # Say more; twice: the whole dialogue, secrets removed
    --print                   # Show what would be written, without the passwords, and write nothing
    --profile: string@"nu-complete atrn-fetch import-fetchmailrc profile" # What kind of provider is called; sets what holds for port and max_rounds, and what follows a refusal [default: odmr]
    --port: string            # Its port [default: 366]
    --tls: string@"nu-complete atrn-fetch import-fetchmailrc tls" # How the line is encrypted [default: starttls]
    --tls-min: string@"nu-complete atrn-fetch import-fetchmailrc tls_min" # The least that TLS may be [default: 1.2]
    --family: string@"nu-complete atrn-fetch import-fetchmailrc family" # Which addresses of the provider are called; -4 and -6 for short [default: any]
    --ask: string@"nu-complete atrn-fetch import-fetchmailrc ask" # Which of several providers to ask [default: first]
    --mech: string@"nu-complete atrn-fetch import-fetchmailrc mechanism" # How to log in [default: auto]
    --clear-auth: string@"nu-complete atrn-fetch import-fetchmailrc clear_auth" # What may be used to log in while the line is in clear [default: none]
    --lifetime: string        # With --spool: how long to try the target before the sender is told [default: 21d]
    --introduce: string@"nu-complete atrn-fetch import-fetchmailrc introduce" # With --spool: tell the target which host the mail came from, as the provider's Received field has it [default: none]
    --dedupe: string          # Do not deliver again what came before, to the octet, within this time; 0s: whatever comes [default: 0s]
    --others: string@"nu-complete atrn-fetch import-fetchmailrc others" # Where mail in a Maildir goes whose recipient has no folder by name [default: inbox]
    --per: string@"nu-complete atrn-fetch import-fetchmailrc per" # How often the program of command: is run [default: recipient]
    --verb: string@"nu-complete atrn-fetch import-fetchmailrc verb" # By which command the mail is asked for [default: auto]
    --max-session: string     # Say 421 after this long [default: 1h]
    --max-rounds: string      # Call this often in a row while the provider has more mail [default: 5]
    --timeout-connect: string # Wait this long for a connection [default: 30s]
    --timeout-greeting: string # Wait this long for the greeting, and for the TLS handshake [default: 5m]
    --timeout-command: string # Wait this long for a reply or a command [default: 5m]
    --timeout-data: string    # Wait this long for the next octets of a message [default: 5m]
    --timeout-turn: string    # Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]
    --timeout-target: string  # Wait this long for each reply of the target server; for its answer to a message, 10m at least [default: 1m]
    --timeout-program: string # Wait this long for the program of command: to end [default: 5m]
    --lock: string@"nu-complete atrn-fetch import-fetchmailrc lock" # What to do when another run holds the account [default: fail]
    --only-if-online: string@"nu-complete atrn-fetch import-fetchmailrc only_if_online" # Where there is no way to the provider at all, no route or no name server, let it be: exit 0 [default: false]
    --jitter: string          # Wait before a call, by chance, for at most this long [default: 0s]
    --interval: string        # As a daemon: call this often [default: 15m]
    --max-backoff: string     # As a daemon: call this often at least, whatever is wrong [default: 4h]
    --report-interval: string # With --quiet, tell the same trouble once in this time [default: 1d]
    --exit: string@"nu-complete atrn-fetch import-fetchmailrc exit" # Of several accounts, which one decides how the program ends [default: worst]
    --exit-codes: string@"nu-complete atrn-fetch import-fetchmailrc exit_codes" # Whose numbers the program ends with, see odmr-exit-codes(7) [default: native]
    --help(-h)                # Print help (see more with '--help')
    file?: path               # fetchmail's run control file; - is standard input [default: ~/.fetchmailrc]
    ...accounts: string       # The accounts, by their names in the settings file; none: the only one, or that of the flags
  ]

  def "nu-complete atrn-fetch check format" [] {
    [ "human" "json" "jsonl" "nagios" "prometheus" ]
  }

  def "nu-complete atrn-fetch check profile" [] {
    [ "odmr" "exchange" ]
  }

  def "nu-complete atrn-fetch check tls" [] {
    [ "require" "starttls" "implicit" "opportunistic" "none" ]
  }

  def "nu-complete atrn-fetch check tls_min" [] {
    [ "1.2" "1.3" ]
  }

  def "nu-complete atrn-fetch check family" [] {
    [ "any" "ipv4" "ipv6" ]
  }

  def "nu-complete atrn-fetch check ask" [] {
    [ "first" "all" ]
  }

  def "nu-complete atrn-fetch check mechanism" [] {
    [ "auto" "scram-sha-256-plus" "scram-sha-256" "cram-md5" "plain" "login" "external" ]
  }

  def "nu-complete atrn-fetch check clear_auth" [] {
    [ "none" "cram-md5" "plain" ]
  }

  def "nu-complete atrn-fetch check introduce" [] {
    [ "none" "xclient" "proxy" ]
  }

  def "nu-complete atrn-fetch check others" [] {
    [ "inbox" "local-part" "refuse" ]
  }

  def "nu-complete atrn-fetch check per" [] {
    [ "message" "recipient" ]
  }

  def "nu-complete atrn-fetch check verb" [] {
    [ "auto" "atrn" "turn" ]
  }

  def "nu-complete atrn-fetch check lock" [] {
    [ "wait" "skip" "fail" ]
  }

  def "nu-complete atrn-fetch check only_if_online" [] {
    [ "true" "false" ]
  }

  def "nu-complete atrn-fetch check exit" [] {
    [ "worst" "any" "first" ]
  }

  def "nu-complete atrn-fetch check exit_codes" [] {
    [ "native" "fetchmail" ]
  }

  # Log in, show what the provider can do, and leave without the turn
  export extern "atrn-fetch check" [
    --all                     # Every account of the settings files, one after the other
    --config(-c): path        # The settings file; the user's and the system's are then left alone
    --server: string          # The provider to call: a name or an address
    --ca: path                # Trust the certificates signed by those in this PEM file, and no others
    --fingerprint: string     # Trust the certificate with this SHA-256 (sha256:...), whoever signed it
    --servername: string      # The name the provider's certificate must bear, if not that of --server
    --certificate: path       # Our own TLS certificate, a chain in PEM
    --key: path               # The key to it, in PEM, readable by nobody else
    --ehlo: string            # The name we give with EHLO and in our greeting, if not the system's
    --bind: string            # Call from this address of ours, and so over its link
    --proxy: string           # Call by way of this proxy, which looks the provider up itself: socks5://HOST:PORT
    --user: string            # The name to log in with
    --domain: string          # A domain to ask for with ATRN; none: all the provider has for us (repeatable)
    --accept-domain: string   # A domain to accept mail for, when none is asked for by name (repeatable)
    --deliver: string         # Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH
    --spool: path             # Keep mail in a queue in this folder first; it goes on to the target from there, also later
    --bounces: string         # With --spool: the server that tells senders what the target refused; smtp:HOST:PORT
    --map-domain: string      # Tell the target recipients of this domain at that one; mail is judged by the first (repeatable)
    --folder: string          # Mail for this recipient goes to this folder of the Maildir (repeatable)
    --argument: string        # An argument for the program of command:, placeholders like {recipient} in it (repeatable)
    --max-messages: string    # Take this many messages, then say 421; the rest stays at the provider
    --max-bytes: string       # Take this much in all, then say 421
    --max-message-size: string # Put off messages larger than this with 452
    --transcript: path        # Write the dialogue of each session to this folder, secrets removed
    --on-mail: string         # Run this program when mail has come; its arguments follow, one a flag (repeatable)
    --on-error: string        # Run this program when something is wrong, or is no longer (repeatable, like --on-mail)
    --state-dir: path         # Remember in this folder how runs went
    --ipv4(-4)                # Call IPv4 addresses only; the same as --family ipv4
    --ipv6(-6)                # Call IPv6 addresses only; the same as --family ipv6
    --password-command: string # Run this command; the first line it prints is the password
    --password-file: path     # The first line of this file is the password; others must not be able to read it
    --password-fd: string     # Read the password from this open file descriptor
    --netrc: path             # The password is that of the server and user in this netrc file
    --credential: string      # The systemd credential of this name is the password
    --no-mail-exit: string    # Exit with N when everything went well and there was no mail
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --format(-f): string@"nu-complete atrn-fetch check format" # For whom standard output is
    --json                    # The same as --format jsonl
    --quiet(-q)               # Say nothing unless something is wrong, and the same trouble only once in --report-interval
    --verbose(-v)             # Say more; twice: the whole dialogue, secrets removed
    --profile: string@"nu-complete atrn-fetch check profile" # What kind of provider is called; sets what holds for port and max_rounds, and what follows a refusal [default: odmr]
    --port: string            # Its port [default: 366]
    --tls: string@"nu-complete atrn-fetch check tls" # How the line is encrypted [default: starttls]
    --tls-min: string@"nu-complete atrn-fetch check tls_min" # The least that TLS may be [default: 1.2]
    --family: string@"nu-complete atrn-fetch check family" # Which addresses of the provider are called; -4 and -6 for short [default: any]
    --ask: string@"nu-complete atrn-fetch check ask" # Which of several providers to ask [default: first]
    --mech: string@"nu-complete atrn-fetch check mechanism" # How to log in [default: auto]
    --clear-auth: string@"nu-complete atrn-fetch check clear_auth" # What may be used to log in while the line is in clear [default: none]
    --lifetime: string        # With --spool: how long to try the target before the sender is told [default: 21d]
    --introduce: string@"nu-complete atrn-fetch check introduce" # With --spool: tell the target which host the mail came from, as the provider's Received field has it [default: none]
    --dedupe: string          # Do not deliver again what came before, to the octet, within this time; 0s: whatever comes [default: 0s]
    --others: string@"nu-complete atrn-fetch check others" # Where mail in a Maildir goes whose recipient has no folder by name [default: inbox]
    --per: string@"nu-complete atrn-fetch check per" # How often the program of command: is run [default: recipient]
    --verb: string@"nu-complete atrn-fetch check verb" # By which command the mail is asked for [default: auto]
    --max-session: string     # Say 421 after this long [default: 1h]
    --max-rounds: string      # Call this often in a row while the provider has more mail [default: 5]
    --timeout-connect: string # Wait this long for a connection [default: 30s]
    --timeout-greeting: string # Wait this long for the greeting, and for the TLS handshake [default: 5m]
    --timeout-command: string # Wait this long for a reply or a command [default: 5m]
    --timeout-data: string    # Wait this long for the next octets of a message [default: 5m]
    --timeout-turn: string    # Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]
    --timeout-target: string  # Wait this long for each reply of the target server; for its answer to a message, 10m at least [default: 1m]
    --timeout-program: string # Wait this long for the program of command: to end [default: 5m]
    --lock: string@"nu-complete atrn-fetch check lock" # What to do when another run holds the account [default: fail]
    --only-if-online: string@"nu-complete atrn-fetch check only_if_online" # Where there is no way to the provider at all, no route or no name server, let it be: exit 0 [default: false]
    --jitter: string          # Wait before a call, by chance, for at most this long [default: 0s]
    --interval: string        # As a daemon: call this often [default: 15m]
    --max-backoff: string     # As a daemon: call this often at least, whatever is wrong [default: 4h]
    --report-interval: string # With --quiet, tell the same trouble once in this time [default: 1d]
    --exit: string@"nu-complete atrn-fetch check exit" # Of several accounts, which one decides how the program ends [default: worst]
    --exit-codes: string@"nu-complete atrn-fetch check exit_codes" # Whose numbers the program ends with, see odmr-exit-codes(7) [default: native]
    --help(-h)                # Print help (see more with '--help')
    ...accounts: string       # The accounts, by their names in the settings file; none: the only one, or that of the flags
  ]

  def "nu-complete atrn-fetch test-target format" [] {
    [ "human" "json" "jsonl" "nagios" "prometheus" ]
  }

  def "nu-complete atrn-fetch test-target profile" [] {
    [ "odmr" "exchange" ]
  }

  def "nu-complete atrn-fetch test-target tls" [] {
    [ "require" "starttls" "implicit" "opportunistic" "none" ]
  }

  def "nu-complete atrn-fetch test-target tls_min" [] {
    [ "1.2" "1.3" ]
  }

  def "nu-complete atrn-fetch test-target family" [] {
    [ "any" "ipv4" "ipv6" ]
  }

  def "nu-complete atrn-fetch test-target ask" [] {
    [ "first" "all" ]
  }

  def "nu-complete atrn-fetch test-target mechanism" [] {
    [ "auto" "scram-sha-256-plus" "scram-sha-256" "cram-md5" "plain" "login" "external" ]
  }

  def "nu-complete atrn-fetch test-target clear_auth" [] {
    [ "none" "cram-md5" "plain" ]
  }

  def "nu-complete atrn-fetch test-target introduce" [] {
    [ "none" "xclient" "proxy" ]
  }

  def "nu-complete atrn-fetch test-target others" [] {
    [ "inbox" "local-part" "refuse" ]
  }

  def "nu-complete atrn-fetch test-target per" [] {
    [ "message" "recipient" ]
  }

  def "nu-complete atrn-fetch test-target verb" [] {
    [ "auto" "atrn" "turn" ]
  }

  def "nu-complete atrn-fetch test-target lock" [] {
    [ "wait" "skip" "fail" ]
  }

  def "nu-complete atrn-fetch test-target only_if_online" [] {
    [ "true" "false" ]
  }

  def "nu-complete atrn-fetch test-target exit" [] {
    [ "worst" "any" "first" ]
  }

  def "nu-complete atrn-fetch test-target exit_codes" [] {
    [ "native" "fetchmail" ]
  }

  # Try the place where mail would be delivered; the provider is not called
  export extern "atrn-fetch test-target" [
    --all                     # Every account of the settings files, one after the other
    --config(-c): path        # The settings file; the user's and the system's are then left alone
    --server: string          # The provider to call: a name or an address
    --ca: path                # Trust the certificates signed by those in this PEM file, and no others
    --fingerprint: string     # Trust the certificate with this SHA-256 (sha256:...), whoever signed it
    --servername: string      # The name the provider's certificate must bear, if not that of --server
    --certificate: path       # Our own TLS certificate, a chain in PEM
    --key: path               # The key to it, in PEM, readable by nobody else
    --ehlo: string            # The name we give with EHLO and in our greeting, if not the system's
    --bind: string            # Call from this address of ours, and so over its link
    --proxy: string           # Call by way of this proxy, which looks the provider up itself: socks5://HOST:PORT
    --user: string            # The name to log in with
    --domain: string          # A domain to ask for with ATRN; none: all the provider has for us (repeatable)
    --accept-domain: string   # A domain to accept mail for, when none is asked for by name (repeatable)
    --deliver: string         # Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH
    --spool: path             # Keep mail in a queue in this folder first; it goes on to the target from there, also later
    --bounces: string         # With --spool: the server that tells senders what the target refused; smtp:HOST:PORT
    --map-domain: string      # Tell the target recipients of this domain at that one; mail is judged by the first (repeatable)
    --folder: string          # Mail for this recipient goes to this folder of the Maildir (repeatable)
    --argument: string        # An argument for the program of command:, placeholders like {recipient} in it (repeatable)
    --max-messages: string    # Take this many messages, then say 421; the rest stays at the provider
    --max-bytes: string       # Take this much in all, then say 421
    --max-message-size: string # Put off messages larger than this with 452
    --transcript: path        # Write the dialogue of each session to this folder, secrets removed
    --on-mail: string         # Run this program when mail has come; its arguments follow, one a flag (repeatable)
    --on-error: string        # Run this program when something is wrong, or is no longer (repeatable, like --on-mail)
    --state-dir: path         # Remember in this folder how runs went
    --ipv4(-4)                # Call IPv4 addresses only; the same as --family ipv4
    --ipv6(-6)                # Call IPv6 addresses only; the same as --family ipv6
    --password-command: string # Run this command; the first line it prints is the password
    --password-file: path     # The first line of this file is the password; others must not be able to read it
    --password-fd: string     # Read the password from this open file descriptor
    --netrc: path             # The password is that of the server and user in this netrc file
    --credential: string      # The systemd credential of this name is the password
    --no-mail-exit: string    # Exit with N when everything went well and there was no mail
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --format(-f): string@"nu-complete atrn-fetch test-target format" # For whom standard output is
    --json                    # The same as --format jsonl
    --quiet(-q)               # Say nothing unless something is wrong, and the same trouble only once in --report-interval
    --verbose(-v)             # Say more; twice: the whole dialogue, secrets removed
    --profile: string@"nu-complete atrn-fetch test-target profile" # What kind of provider is called; sets what holds for port and max_rounds, and what follows a refusal [default: odmr]
    --port: string            # Its port [default: 366]
    --tls: string@"nu-complete atrn-fetch test-target tls" # How the line is encrypted [default: starttls]
    --tls-min: string@"nu-complete atrn-fetch test-target tls_min" # The least that TLS may be [default: 1.2]
    --family: string@"nu-complete atrn-fetch test-target family" # Which addresses of the provider are called; -4 and -6 for short [default: any]
    --ask: string@"nu-complete atrn-fetch test-target ask" # Which of several providers to ask [default: first]
    --mech: string@"nu-complete atrn-fetch test-target mechanism" # How to log in [default: auto]
    --clear-auth: string@"nu-complete atrn-fetch test-target clear_auth" # What may be used to log in while the line is in clear [default: none]
    --lifetime: string        # With --spool: how long to try the target before the sender is told [default: 21d]
    --introduce: string@"nu-complete atrn-fetch test-target introduce" # With --spool: tell the target which host the mail came from, as the provider's Received field has it [default: none]
    --dedupe: string          # Do not deliver again what came before, to the octet, within this time; 0s: whatever comes [default: 0s]
    --others: string@"nu-complete atrn-fetch test-target others" # Where mail in a Maildir goes whose recipient has no folder by name [default: inbox]
    --per: string@"nu-complete atrn-fetch test-target per" # How often the program of command: is run [default: recipient]
    --verb: string@"nu-complete atrn-fetch test-target verb" # By which command the mail is asked for [default: auto]
    --max-session: string     # Say 421 after this long [default: 1h]
    --max-rounds: string      # Call this often in a row while the provider has more mail [default: 5]
    --timeout-connect: string # Wait this long for a connection [default: 30s]
    --timeout-greeting: string # Wait this long for the greeting, and for the TLS handshake [default: 5m]
    --timeout-command: string # Wait this long for a reply or a command [default: 5m]
    --timeout-data: string    # Wait this long for the next octets of a message [default: 5m]
    --timeout-turn: string    # Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]
    --timeout-target: string  # Wait this long for each reply of the target server; for its answer to a message, 10m at least [default: 1m]
    --timeout-program: string # Wait this long for the program of command: to end [default: 5m]
    --lock: string@"nu-complete atrn-fetch test-target lock" # What to do when another run holds the account [default: fail]
    --only-if-online: string@"nu-complete atrn-fetch test-target only_if_online" # Where there is no way to the provider at all, no route or no name server, let it be: exit 0 [default: false]
    --jitter: string          # Wait before a call, by chance, for at most this long [default: 0s]
    --interval: string        # As a daemon: call this often [default: 15m]
    --max-backoff: string     # As a daemon: call this often at least, whatever is wrong [default: 4h]
    --report-interval: string # With --quiet, tell the same trouble once in this time [default: 1d]
    --exit: string@"nu-complete atrn-fetch test-target exit" # Of several accounts, which one decides how the program ends [default: worst]
    --exit-codes: string@"nu-complete atrn-fetch test-target exit_codes" # Whose numbers the program ends with, see odmr-exit-codes(7) [default: native]
    --help(-h)                # Print help (see more with '--help')
    ...accounts: string       # The accounts, by their names in the settings file; none: the only one, or that of the flags
  ]

  def "nu-complete atrn-fetch passwd format" [] {
    [ "human" "json" "jsonl" "nagios" "prometheus" ]
  }

  def "nu-complete atrn-fetch passwd profile" [] {
    [ "odmr" "exchange" ]
  }

  def "nu-complete atrn-fetch passwd tls" [] {
    [ "require" "starttls" "implicit" "opportunistic" "none" ]
  }

  def "nu-complete atrn-fetch passwd tls_min" [] {
    [ "1.2" "1.3" ]
  }

  def "nu-complete atrn-fetch passwd family" [] {
    [ "any" "ipv4" "ipv6" ]
  }

  def "nu-complete atrn-fetch passwd ask" [] {
    [ "first" "all" ]
  }

  def "nu-complete atrn-fetch passwd mechanism" [] {
    [ "auto" "scram-sha-256-plus" "scram-sha-256" "cram-md5" "plain" "login" "external" ]
  }

  def "nu-complete atrn-fetch passwd clear_auth" [] {
    [ "none" "cram-md5" "plain" ]
  }

  def "nu-complete atrn-fetch passwd introduce" [] {
    [ "none" "xclient" "proxy" ]
  }

  def "nu-complete atrn-fetch passwd others" [] {
    [ "inbox" "local-part" "refuse" ]
  }

  def "nu-complete atrn-fetch passwd per" [] {
    [ "message" "recipient" ]
  }

  def "nu-complete atrn-fetch passwd verb" [] {
    [ "auto" "atrn" "turn" ]
  }

  def "nu-complete atrn-fetch passwd lock" [] {
    [ "wait" "skip" "fail" ]
  }

  def "nu-complete atrn-fetch passwd only_if_online" [] {
    [ "true" "false" ]
  }

  def "nu-complete atrn-fetch passwd exit" [] {
    [ "worst" "any" "first" ]
  }

  def "nu-complete atrn-fetch passwd exit_codes" [] {
    [ "native" "fetchmail" ]
  }

  # Give an account a new password, in the file that its settings name; asked for without echo
  export extern "atrn-fetch passwd" [
    --all                     # Every account of the settings files, one after the other
    --config(-c): path        # The settings file; the user's and the system's are then left alone
    --server: string          # The provider to call: a name or an address
    --ca: path                # Trust the certificates signed by those in this PEM file, and no others
    --fingerprint: string     # Trust the certificate with this SHA-256 (sha256:...), whoever signed it
    --servername: string      # The name the provider's certificate must bear, if not that of --server
    --certificate: path       # Our own TLS certificate, a chain in PEM
    --key: path               # The key to it, in PEM, readable by nobody else
    --ehlo: string            # The name we give with EHLO and in our greeting, if not the system's
    --bind: string            # Call from this address of ours, and so over its link
    --proxy: string           # Call by way of this proxy, which looks the provider up itself: socks5://HOST:PORT
    --user: string            # The name to log in with
    --domain: string          # A domain to ask for with ATRN; none: all the provider has for us (repeatable)
    --accept-domain: string   # A domain to accept mail for, when none is asked for by name (repeatable)
    --deliver: string         # Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH
    --spool: path             # Keep mail in a queue in this folder first; it goes on to the target from there, also later
    --bounces: string         # With --spool: the server that tells senders what the target refused; smtp:HOST:PORT
    --map-domain: string      # Tell the target recipients of this domain at that one; mail is judged by the first (repeatable)
    --folder: string          # Mail for this recipient goes to this folder of the Maildir (repeatable)
    --argument: string        # An argument for the program of command:, placeholders like {recipient} in it (repeatable)
    --max-messages: string    # Take this many messages, then say 421; the rest stays at the provider
    --max-bytes: string       # Take this much in all, then say 421
    --max-message-size: string # Put off messages larger than this with 452
    --transcript: path        # Write the dialogue of each session to this folder, secrets removed
    --on-mail: string         # Run this program when mail has come; its arguments follow, one a flag (repeatable)
    --on-error: string        # Run this program when something is wrong, or is no longer (repeatable, like --on-mail)
    --state-dir: path         # Remember in this folder how runs went
    --ipv4(-4)                # Call IPv4 addresses only; the same as --family ipv4
    --ipv6(-6)                # Call IPv6 addresses only; the same as --family ipv6
    --password-command: string # Run this command; the first line it prints is the password
    --password-file: path     # The first line of this file is the password; others must not be able to read it
    --password-fd: string     # Read the password from this open file descriptor
    --netrc: path             # The password is that of the server and user in this netrc file
    --credential: string      # The systemd credential of this name is the password
    --no-mail-exit: string    # Exit with N when everything went well and there was no mail
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --format(-f): string@"nu-complete atrn-fetch passwd format" # For whom standard output is
    --json                    # The same as --format jsonl
    --quiet(-q)               # Say nothing unless something is wrong, and the same trouble only once in --report-interval
    --verbose(-v)             # Say more; twice: the whole dialogue, secrets removed
    --password-stdin          # Read the new password from the first line of standard input
    --profile: string@"nu-complete atrn-fetch passwd profile" # What kind of provider is called; sets what holds for port and max_rounds, and what follows a refusal [default: odmr]
    --port: string            # Its port [default: 366]
    --tls: string@"nu-complete atrn-fetch passwd tls" # How the line is encrypted [default: starttls]
    --tls-min: string@"nu-complete atrn-fetch passwd tls_min" # The least that TLS may be [default: 1.2]
    --family: string@"nu-complete atrn-fetch passwd family" # Which addresses of the provider are called; -4 and -6 for short [default: any]
    --ask: string@"nu-complete atrn-fetch passwd ask" # Which of several providers to ask [default: first]
    --mech: string@"nu-complete atrn-fetch passwd mechanism" # How to log in [default: auto]
    --clear-auth: string@"nu-complete atrn-fetch passwd clear_auth" # What may be used to log in while the line is in clear [default: none]
    --lifetime: string        # With --spool: how long to try the target before the sender is told [default: 21d]
    --introduce: string@"nu-complete atrn-fetch passwd introduce" # With --spool: tell the target which host the mail came from, as the provider's Received field has it [default: none]
    --dedupe: string          # Do not deliver again what came before, to the octet, within this time; 0s: whatever comes [default: 0s]
    --others: string@"nu-complete atrn-fetch passwd others" # Where mail in a Maildir goes whose recipient has no folder by name [default: inbox]
    --per: string@"nu-complete atrn-fetch passwd per" # How often the program of command: is run [default: recipient]
    --verb: string@"nu-complete atrn-fetch passwd verb" # By which command the mail is asked for [default: auto]
    --max-session: string     # Say 421 after this long [default: 1h]
    --max-rounds: string      # Call this often in a row while the provider has more mail [default: 5]
    --timeout-connect: string # Wait this long for a connection [default: 30s]
    --timeout-greeting: string # Wait this long for the greeting, and for the TLS handshake [default: 5m]
    --timeout-command: string # Wait this long for a reply or a command [default: 5m]
    --timeout-data: string    # Wait this long for the next octets of a message [default: 5m]
    --timeout-turn: string    # Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]
    --timeout-target: string  # Wait this long for each reply of the target server; for its answer to a message, 10m at least [default: 1m]
    --timeout-program: string # Wait this long for the program of command: to end [default: 5m]
    --lock: string@"nu-complete atrn-fetch passwd lock" # What to do when another run holds the account [default: fail]
    --only-if-online: string@"nu-complete atrn-fetch passwd only_if_online" # Where there is no way to the provider at all, no route or no name server, let it be: exit 0 [default: false]
    --jitter: string          # Wait before a call, by chance, for at most this long [default: 0s]
    --interval: string        # As a daemon: call this often [default: 15m]
    --max-backoff: string     # As a daemon: call this often at least, whatever is wrong [default: 4h]
    --report-interval: string # With --quiet, tell the same trouble once in this time [default: 1d]
    --exit: string@"nu-complete atrn-fetch passwd exit" # Of several accounts, which one decides how the program ends [default: worst]
    --exit-codes: string@"nu-complete atrn-fetch passwd exit_codes" # Whose numbers the program ends with, see odmr-exit-codes(7) [default: native]
    --help(-h)                # Print help (see more with '--help')
    ...accounts: string       # The accounts, by their names in the settings file; none: the only one, or that of the flags
  ]

  def "nu-complete atrn-fetch queue format" [] {
    [ "human" "json" "jsonl" "nagios" "prometheus" ]
  }

  def "nu-complete atrn-fetch queue profile" [] {
    [ "odmr" "exchange" ]
  }

  def "nu-complete atrn-fetch queue tls" [] {
    [ "require" "starttls" "implicit" "opportunistic" "none" ]
  }

  def "nu-complete atrn-fetch queue tls_min" [] {
    [ "1.2" "1.3" ]
  }

  def "nu-complete atrn-fetch queue family" [] {
    [ "any" "ipv4" "ipv6" ]
  }

  def "nu-complete atrn-fetch queue ask" [] {
    [ "first" "all" ]
  }

  def "nu-complete atrn-fetch queue mechanism" [] {
    [ "auto" "scram-sha-256-plus" "scram-sha-256" "cram-md5" "plain" "login" "external" ]
  }

  def "nu-complete atrn-fetch queue clear_auth" [] {
    [ "none" "cram-md5" "plain" ]
  }

  def "nu-complete atrn-fetch queue introduce" [] {
    [ "none" "xclient" "proxy" ]
  }

  def "nu-complete atrn-fetch queue others" [] {
    [ "inbox" "local-part" "refuse" ]
  }

  def "nu-complete atrn-fetch queue per" [] {
    [ "message" "recipient" ]
  }

  def "nu-complete atrn-fetch queue verb" [] {
    [ "auto" "atrn" "turn" ]
  }

  def "nu-complete atrn-fetch queue lock" [] {
    [ "wait" "skip" "fail" ]
  }

  def "nu-complete atrn-fetch queue only_if_online" [] {
    [ "true" "false" ]
  }

  def "nu-complete atrn-fetch queue exit" [] {
    [ "worst" "any" "first" ]
  }

  def "nu-complete atrn-fetch queue exit_codes" [] {
    [ "native" "fetchmail" ]
  }

  # Show what waits in the account's own queue (spool) for its target, and act on it
  export extern "atrn-fetch queue" [
    --all                     # Every account of the settings files, one after the other
    --config(-c): path        # The settings file; the user's and the system's are then left alone
    --server: string          # The provider to call: a name or an address
    --ca: path                # Trust the certificates signed by those in this PEM file, and no others
    --fingerprint: string     # Trust the certificate with this SHA-256 (sha256:...), whoever signed it
    --servername: string      # The name the provider's certificate must bear, if not that of --server
    --certificate: path       # Our own TLS certificate, a chain in PEM
    --key: path               # The key to it, in PEM, readable by nobody else
    --ehlo: string            # The name we give with EHLO and in our greeting, if not the system's
    --bind: string            # Call from this address of ours, and so over its link
    --proxy: string           # Call by way of this proxy, which looks the provider up itself: socks5://HOST:PORT
    --user: string            # The name to log in with
    --domain: string          # A domain to ask for with ATRN; none: all the provider has for us (repeatable)
    --accept-domain: string   # A domain to accept mail for, when none is asked for by name (repeatable)
    --deliver: string         # Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH
    --spool: path             # Keep mail in a queue in this folder first; it goes on to the target from there, also later
    --bounces: string         # With --spool: the server that tells senders what the target refused; smtp:HOST:PORT
    --map-domain: string      # Tell the target recipients of this domain at that one; mail is judged by the first (repeatable)
    --folder: string          # Mail for this recipient goes to this folder of the Maildir (repeatable)
    --argument: string        # An argument for the program of command:, placeholders like {recipient} in it (repeatable)
    --max-messages: string    # Take this many messages, then say 421; the rest stays at the provider
    --max-bytes: string       # Take this much in all, then say 421
    --max-message-size: string # Put off messages larger than this with 452
    --transcript: path        # Write the dialogue of each session to this folder, secrets removed
    --on-mail: string         # Run this program when mail has come; its arguments follow, one a flag (repeatable)
    --on-error: string        # Run this program when something is wrong, or is no longer (repeatable, like --on-mail)
    --state-dir: path         # Remember in this folder how runs went
    --ipv4(-4)                # Call IPv4 addresses only; the same as --family ipv4
    --ipv6(-6)                # Call IPv6 addresses only; the same as --family ipv6
    --password-command: string # Run this command; the first line it prints is the password
    --password-file: path     # The first line of this file is the password; others must not be able to read it
    --password-fd: string     # Read the password from this open file descriptor
    --netrc: path             # The password is that of the server and user in this netrc file
    --credential: string      # The systemd credential of this name is the password
    --no-mail-exit: string    # Exit with N when everything went well and there was no mail
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --format(-f): string@"nu-complete atrn-fetch queue format" # For whom standard output is
    --json                    # The same as --format jsonl
    --quiet(-q)               # Say nothing unless something is wrong, and the same trouble only once in --report-interval
    --verbose(-v)             # Say more; twice: the whole dialogue, secrets removed
    --retry                   # Bring all that waits to the target now; the provider is not called
    --drop: string            # Drop this message; nobody is told (repeatable)
    --profile: string@"nu-complete atrn-fetch queue profile" # What kind of provider is called; sets what holds for port and max_rounds, and what follows a refusal [default: odmr]
    --port: string            # Its port [default: 366]
    --tls: string@"nu-complete atrn-fetch queue tls" # How the line is encrypted [default: starttls]
    --tls-min: string@"nu-complete atrn-fetch queue tls_min" # The least that TLS may be [default: 1.2]
    --family: string@"nu-complete atrn-fetch queue family" # Which addresses of the provider are called; -4 and -6 for short [default: any]
    --ask: string@"nu-complete atrn-fetch queue ask" # Which of several providers to ask [default: first]
    --mech: string@"nu-complete atrn-fetch queue mechanism" # How to log in [default: auto]
    --clear-auth: string@"nu-complete atrn-fetch queue clear_auth" # What may be used to log in while the line is in clear [default: none]
    --lifetime: string        # With --spool: how long to try the target before the sender is told [default: 21d]
    --introduce: string@"nu-complete atrn-fetch queue introduce" # With --spool: tell the target which host the mail came from, as the provider's Received field has it [default: none]
    --dedupe: string          # Do not deliver again what came before, to the octet, within this time; 0s: whatever comes [default: 0s]
    --others: string@"nu-complete atrn-fetch queue others" # Where mail in a Maildir goes whose recipient has no folder by name [default: inbox]
    --per: string@"nu-complete atrn-fetch queue per" # How often the program of command: is run [default: recipient]
    --verb: string@"nu-complete atrn-fetch queue verb" # By which command the mail is asked for [default: auto]
    --max-session: string     # Say 421 after this long [default: 1h]
    --max-rounds: string      # Call this often in a row while the provider has more mail [default: 5]
    --timeout-connect: string # Wait this long for a connection [default: 30s]
    --timeout-greeting: string # Wait this long for the greeting, and for the TLS handshake [default: 5m]
    --timeout-command: string # Wait this long for a reply or a command [default: 5m]
    --timeout-data: string    # Wait this long for the next octets of a message [default: 5m]
    --timeout-turn: string    # Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]
    --timeout-target: string  # Wait this long for each reply of the target server; for its answer to a message, 10m at least [default: 1m]
    --timeout-program: string # Wait this long for the program of command: to end [default: 5m]
    --lock: string@"nu-complete atrn-fetch queue lock" # What to do when another run holds the account [default: fail]
    --only-if-online: string@"nu-complete atrn-fetch queue only_if_online" # Where there is no way to the provider at all, no route or no name server, let it be: exit 0 [default: false]
    --jitter: string          # Wait before a call, by chance, for at most this long [default: 0s]
    --interval: string        # As a daemon: call this often [default: 15m]
    --max-backoff: string     # As a daemon: call this often at least, whatever is wrong [default: 4h]
    --report-interval: string # With --quiet, tell the same trouble once in this time [default: 1d]
    --exit: string@"nu-complete atrn-fetch queue exit" # Of several accounts, which one decides how the program ends [default: worst]
    --exit-codes: string@"nu-complete atrn-fetch queue exit_codes" # Whose numbers the program ends with, see odmr-exit-codes(7) [default: native]
    --help(-h)                # Print help (see more with '--help')
    ...accounts: string       # The accounts, by their names in the settings file; none: the only one, or that of the flags
  ]

  def "nu-complete atrn-fetch show-config format" [] {
    [ "human" "json" "jsonl" "nagios" "prometheus" ]
  }

  def "nu-complete atrn-fetch show-config profile" [] {
    [ "odmr" "exchange" ]
  }

  def "nu-complete atrn-fetch show-config tls" [] {
    [ "require" "starttls" "implicit" "opportunistic" "none" ]
  }

  def "nu-complete atrn-fetch show-config tls_min" [] {
    [ "1.2" "1.3" ]
  }

  def "nu-complete atrn-fetch show-config family" [] {
    [ "any" "ipv4" "ipv6" ]
  }

  def "nu-complete atrn-fetch show-config ask" [] {
    [ "first" "all" ]
  }

  def "nu-complete atrn-fetch show-config mechanism" [] {
    [ "auto" "scram-sha-256-plus" "scram-sha-256" "cram-md5" "plain" "login" "external" ]
  }

  def "nu-complete atrn-fetch show-config clear_auth" [] {
    [ "none" "cram-md5" "plain" ]
  }

  def "nu-complete atrn-fetch show-config introduce" [] {
    [ "none" "xclient" "proxy" ]
  }

  def "nu-complete atrn-fetch show-config others" [] {
    [ "inbox" "local-part" "refuse" ]
  }

  def "nu-complete atrn-fetch show-config per" [] {
    [ "message" "recipient" ]
  }

  def "nu-complete atrn-fetch show-config verb" [] {
    [ "auto" "atrn" "turn" ]
  }

  def "nu-complete atrn-fetch show-config lock" [] {
    [ "wait" "skip" "fail" ]
  }

  def "nu-complete atrn-fetch show-config only_if_online" [] {
    [ "true" "false" ]
  }

  def "nu-complete atrn-fetch show-config exit" [] {
    [ "worst" "any" "first" ]
  }

  def "nu-complete atrn-fetch show-config exit_codes" [] {
    [ "native" "fetchmail" ]
  }

  # Show the settings that count; never a secret
  export extern "atrn-fetch show-config" [
    --all                     # Every account of the settings files, one after the other
    --config(-c): path        # The settings file; the user's and the system's are then left alone
    --server: string          # The provider to call: a name or an address
    --ca: path                # Trust the certificates signed by those in this PEM file, and no others
    --fingerprint: string     # Trust the certificate with this SHA-256 (sha256:...), whoever signed it
    --servername: string      # The name the provider's certificate must bear, if not that of --server
    --certificate: path       # Our own TLS certificate, a chain in PEM
    --key: path               # The key to it, in PEM, readable by nobody else
    --ehlo: string            # The name we give with EHLO and in our greeting, if not the system's
    --bind: string            # Call from this address of ours, and so over its link
    --proxy: string           # Call by way of this proxy, which looks the provider up itself: socks5://HOST:PORT
    --user: string            # The name to log in with
    --domain: string          # A domain to ask for with ATRN; none: all the provider has for us (repeatable)
    --accept-domain: string   # A domain to accept mail for, when none is asked for by name (repeatable)
    --deliver: string         # Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH
    --spool: path             # Keep mail in a queue in this folder first; it goes on to the target from there, also later
    --bounces: string         # With --spool: the server that tells senders what the target refused; smtp:HOST:PORT
    --map-domain: string      # Tell the target recipients of this domain at that one; mail is judged by the first (repeatable)
    --folder: string          # Mail for this recipient goes to this folder of the Maildir (repeatable)
    --argument: string        # An argument for the program of command:, placeholders like {recipient} in it (repeatable)
    --max-messages: string    # Take this many messages, then say 421; the rest stays at the provider
    --max-bytes: string       # Take this much in all, then say 421
    --max-message-size: string # Put off messages larger than this with 452
    --transcript: path        # Write the dialogue of each session to this folder, secrets removed
    --on-mail: string         # Run this program when mail has come; its arguments follow, one a flag (repeatable)
    --on-error: string        # Run this program when something is wrong, or is no longer (repeatable, like --on-mail)
    --state-dir: path         # Remember in this folder how runs went
    --ipv4(-4)                # Call IPv4 addresses only; the same as --family ipv4
    --ipv6(-6)                # Call IPv6 addresses only; the same as --family ipv6
    --password-command: string # Run this command; the first line it prints is the password
    --password-file: path     # The first line of this file is the password; others must not be able to read it
    --password-fd: string     # Read the password from this open file descriptor
    --netrc: path             # The password is that of the server and user in this netrc file
    --credential: string      # The systemd credential of this name is the password
    --no-mail-exit: string    # Exit with N when everything went well and there was no mail
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --format(-f): string@"nu-complete atrn-fetch show-config format" # For whom standard output is
    --json                    # The same as --format jsonl
    --quiet(-q)               # Say nothing unless something is wrong, and the same trouble only once in --report-interval
    --verbose(-v)             # Say more; twice: the whole dialogue, secrets removed
    --origin                  # Say of each setting where it comes from
    --profile: string@"nu-complete atrn-fetch show-config profile" # What kind of provider is called; sets what holds for port and max_rounds, and what follows a refusal [default: odmr]
    --port: string            # Its port [default: 366]
    --tls: string@"nu-complete atrn-fetch show-config tls" # How the line is encrypted [default: starttls]
    --tls-min: string@"nu-complete atrn-fetch show-config tls_min" # The least that TLS may be [default: 1.2]
    --family: string@"nu-complete atrn-fetch show-config family" # Which addresses of the provider are called; -4 and -6 for short [default: any]
    --ask: string@"nu-complete atrn-fetch show-config ask" # Which of several providers to ask [default: first]
    --mech: string@"nu-complete atrn-fetch show-config mechanism" # How to log in [default: auto]
    --clear-auth: string@"nu-complete atrn-fetch show-config clear_auth" # What may be used to log in while the line is in clear [default: none]
    --lifetime: string        # With --spool: how long to try the target before the sender is told [default: 21d]
    --introduce: string@"nu-complete atrn-fetch show-config introduce" # With --spool: tell the target which host the mail came from, as the provider's Received field has it [default: none]
    --dedupe: string          # Do not deliver again what came before, to the octet, within this time; 0s: whatever comes [default: 0s]
    --others: string@"nu-complete atrn-fetch show-config others" # Where mail in a Maildir goes whose recipient has no folder by name [default: inbox]
    --per: string@"nu-complete atrn-fetch show-config per" # How often the program of command: is run [default: recipient]
    --verb: string@"nu-complete atrn-fetch show-config verb" # By which command the mail is asked for [default: auto]
    --max-session: string     # Say 421 after this long [default: 1h]
    --max-rounds: string      # Call this often in a row while the provider has more mail [default: 5]
    --timeout-connect: string # Wait this long for a connection [default: 30s]
    --timeout-greeting: string # Wait this long for the greeting, and for the TLS handshake [default: 5m]
    --timeout-command: string # Wait this long for a reply or a command [default: 5m]
    --timeout-data: string    # Wait this long for the next octets of a message [default: 5m]
    --timeout-turn: string    # Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]
    --timeout-target: string  # Wait this long for each reply of the target server; for its answer to a message, 10m at least [default: 1m]
    --timeout-program: string # Wait this long for the program of command: to end [default: 5m]
    --lock: string@"nu-complete atrn-fetch show-config lock" # What to do when another run holds the account [default: fail]
    --only-if-online: string@"nu-complete atrn-fetch show-config only_if_online" # Where there is no way to the provider at all, no route or no name server, let it be: exit 0 [default: false]
    --jitter: string          # Wait before a call, by chance, for at most this long [default: 0s]
    --interval: string        # As a daemon: call this often [default: 15m]
    --max-backoff: string     # As a daemon: call this often at least, whatever is wrong [default: 4h]
    --report-interval: string # With --quiet, tell the same trouble once in this time [default: 1d]
    --exit: string@"nu-complete atrn-fetch show-config exit" # Of several accounts, which one decides how the program ends [default: worst]
    --exit-codes: string@"nu-complete atrn-fetch show-config exit_codes" # Whose numbers the program ends with, see odmr-exit-codes(7) [default: native]
    --help(-h)                # Print help (see more with '--help')
    ...accounts: string       # The accounts, by their names in the settings file; none: the only one, or that of the flags
  ]

  # Print the JSON Schema of what is told
  export extern "atrn-fetch schema" [
    --help(-h)                # Print help
    name?: string             # Which; without it, their names
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "atrn-fetch help" [
  ]

  # Fetch (this is what happens when no command is named)
  export extern "atrn-fetch help run" [
  ]

  # Keep fetching, each account in its own rhythm; SIGUSR1 fetches now, SIGHUP reads the settings anew
  export extern "atrn-fetch help daemon" [
  ]

  # Show how the last runs went, and when the next are due; 1 when something is wrong
  export extern "atrn-fetch help status" [
  ]

  # Write a settings file to begin with, from the flags given; asks nothing, overwrites nothing
  export extern "atrn-fetch help init" [
  ]

  # Take the settings over from fetchmail: its entries for ODMR become accounts; overwrites nothing
  export extern "atrn-fetch help import-fetchmailrc" [
  ]

  # Log in, show what the provider can do, and leave without the turn
  export extern "atrn-fetch help check" [
  ]

  # Try the place where mail would be delivered; the provider is not called
  export extern "atrn-fetch help test-target" [
  ]

  # Give an account a new password, in the file that its settings name; asked for without echo
  export extern "atrn-fetch help passwd" [
  ]

  # Show what waits in the account's own queue (spool) for its target, and act on it
  export extern "atrn-fetch help queue" [
  ]

  # Show the settings that count; never a secret
  export extern "atrn-fetch help show-config" [
  ]

  # Print the JSON Schema of what is told
  export extern "atrn-fetch help schema" [
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "atrn-fetch help help" [
  ]

}

export use completions *

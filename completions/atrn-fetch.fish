# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_atrn_fetch_global_optspecs
    string join \n h/help V/version
end

function __fish_atrn_fetch_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_atrn_fetch_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_atrn_fetch_using_subcommand
    set -l cmd (__fish_atrn_fetch_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c atrn-fetch -n "__fish_atrn_fetch_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c atrn-fetch -n "__fish_atrn_fetch_needs_command" -s V -l version -d 'Print version'
complete -c atrn-fetch -n "__fish_atrn_fetch_needs_command" -f -a "run" -d 'Fetch (this is what happens when no command is named)'
complete -c atrn-fetch -n "__fish_atrn_fetch_needs_command" -f -a "daemon" -d 'Keep fetching, each account in its own rhythm; SIGUSR1 fetches now, SIGHUP reads the settings anew'
complete -c atrn-fetch -n "__fish_atrn_fetch_needs_command" -f -a "status" -d 'Show how the last runs went, and when the next are due; 1 when something is wrong'
complete -c atrn-fetch -n "__fish_atrn_fetch_needs_command" -f -a "init" -d 'Write a settings file to begin with, from the flags given; asks nothing, overwrites nothing'
complete -c atrn-fetch -n "__fish_atrn_fetch_needs_command" -f -a "import-fetchmailrc" -d 'Take the settings over from fetchmail: its entries for ODMR become accounts; overwrites nothing'
complete -c atrn-fetch -n "__fish_atrn_fetch_needs_command" -f -a "check" -d 'Log in, show what the provider can do, and leave without the turn'
complete -c atrn-fetch -n "__fish_atrn_fetch_needs_command" -f -a "test-target" -d 'Try the place where mail would be delivered; the provider is not called'
complete -c atrn-fetch -n "__fish_atrn_fetch_needs_command" -f -a "show-config" -d 'Show the settings that count; never a secret'
complete -c atrn-fetch -n "__fish_atrn_fetch_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -s c -l config -d 'The settings file; the user\'s and the system\'s are then left alone' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l server -d 'The provider to call: a name or an address' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l ca -d 'Trust the certificates signed by those in this PEM file, and no others' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l fingerprint -d 'Trust the certificate with this SHA-256 (sha256:...), whoever signed it' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l servername -d 'The name the provider\'s certificate must bear, if not that of --server' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l certificate -d 'Our own TLS certificate, a chain in PEM' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l key -d 'The key to it, in PEM, readable by nobody else' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l ehlo -d 'The name we give with EHLO and in our greeting, if not the system\'s' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l user -d 'The name to log in with' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l domain -d 'A domain to ask for with ATRN; none: all the provider has for us (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l accept-domain -d 'A domain to accept mail for, when none is asked for by name (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l deliver -d 'Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l folder -d 'Mail for this recipient goes to this folder of the Maildir (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l argument -d 'An argument for the program of command:, placeholders like {recipient} in it (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l max-messages -d 'Take this many messages, then say 421; the rest stays at the provider' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l max-bytes -d 'Take this much in all, then say 421' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l max-message-size -d 'Put off messages larger than this with 452' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l transcript -d 'Write the dialogue of each session to this folder, secrets removed' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l on-mail -d 'Run this program when mail has come; its arguments follow, one a flag (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l on-error -d 'Run this program when something is wrong, or is no longer (repeatable, like --on-mail)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l state-dir -d 'Remember in this folder how runs went' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l password-command -d 'Run this command; the first line it prints is the password' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l password-file -d 'The first line of this file is the password; others must not be able to read it' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l password-fd -d 'Read the password from this open file descriptor' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l netrc -d 'The password is that of the server and user in this netrc file' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l credential -d 'The systemd credential of this name is the password' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -s f -l format -d 'For whom standard output is' -r -f -a "human\t'Text for people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l summary -d 'Write a JSON object on each account\'s run to this file' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l no-mail-exit -d 'Exit with N when everything went well and there was no mail' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l port -d 'Its port [default: 366]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l tls -d 'How the line is encrypted [default: starttls]' -r -f -a "require\t'Encrypted either way: TLS at once where the server greets nobody in clear, else STARTTLS'
starttls\t'STARTTLS, and nothing is said before it'
implicit\t'TLS from the first octet'
opportunistic\t'STARTTLS where it is offered; somebody in between can prevent it'
none\t'In clear'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l ask -d 'Which of several providers to ask [default: first]' -r -f -a "first\t'The first that can be reached'
all\t'Each of them, one after the other'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l mech -d 'How to log in [default: auto]' -r -f -a "auto\t'The strongest of those offered that the line is safe for'
scram-sha-256-plus\t'SCRAM bound to the TLS channel: nobody in between can pass it on'
scram-sha-256\t'SCRAM: neither side tells the other the password'
cram-md5\t'The mechanism every RFC 2645 server has'
plain\t'The password itself, under TLS'
login\t'The password itself, for servers that know no PLAIN'
external\t'Our TLS client certificate'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l clear-auth -d 'What may be used to log in while the line is in clear [default: none]' -r -f -a "none\t'Nothing: no login without TLS, except by SCRAM'
cram-md5\t'CRAM-MD5, whose answers can be guessed at leisure by whoever hears them'
plain\t'CRAM-MD5, PLAIN and LOGIN: whoever hears the line has the password'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l per -d 'How often the program of command: is run [default: recipient]' -r -f -a "message\t'Once for each message; its answer is for all recipients'
recipient\t'Once for each recipient, who then has an answer of his own'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l force-atrn -d 'Say ATRN even to a server that does not list it [default: false]' -r -f -a "true\t''
false\t''"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l turn -d 'Say a bare TURN, logged in, to a server that lists TURN and no ATRN [default: false]' -r -f -a "true\t''
false\t''"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l max-session -d 'Say 421 after this long [default: 1h]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l max-rounds -d 'Call this often in a row while the provider has more mail [default: 5]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l timeout-connect -d 'Wait this long for a connection [default: 30s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l timeout-greeting -d 'Wait this long for the greeting, and for the TLS handshake [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l timeout-command -d 'Wait this long for a reply or a command [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l timeout-data -d 'Wait this long for the next octets of a message [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l timeout-turn -d 'Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l timeout-program -d 'Wait this long for the program of command: to end [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l lock -d 'What to do when another run holds the account [default: fail]' -r -f -a "wait\t'Wait until it is done'
skip\t'Leave the account to it; exit 0'
fail\t'Exit 75'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l jitter -d 'Wait before a call, by chance, for at most this long [default: 0s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l interval -d 'As a daemon: call this often [default: 15m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l max-backoff -d 'As a daemon: call this often at least, whatever is wrong [default: 4h]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l report-interval -d 'With --quiet, tell the same trouble once in this time [default: 1d]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l all -d 'Every account of the settings files, one after the other'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -l json -d 'The same as --format jsonl'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -s q -l quiet -d 'Say nothing unless something is wrong, and the same trouble only once in --report-interval'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -s v -l verbose -d 'Say more; twice: the whole dialogue, secrets removed'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -s c -l config -d 'The settings file; the user\'s and the system\'s are then left alone' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l server -d 'The provider to call: a name or an address' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l ca -d 'Trust the certificates signed by those in this PEM file, and no others' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l fingerprint -d 'Trust the certificate with this SHA-256 (sha256:...), whoever signed it' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l servername -d 'The name the provider\'s certificate must bear, if not that of --server' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l certificate -d 'Our own TLS certificate, a chain in PEM' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l key -d 'The key to it, in PEM, readable by nobody else' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l ehlo -d 'The name we give with EHLO and in our greeting, if not the system\'s' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l user -d 'The name to log in with' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l domain -d 'A domain to ask for with ATRN; none: all the provider has for us (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l accept-domain -d 'A domain to accept mail for, when none is asked for by name (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l deliver -d 'Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l folder -d 'Mail for this recipient goes to this folder of the Maildir (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l argument -d 'An argument for the program of command:, placeholders like {recipient} in it (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l max-messages -d 'Take this many messages, then say 421; the rest stays at the provider' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l max-bytes -d 'Take this much in all, then say 421' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l max-message-size -d 'Put off messages larger than this with 452' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l transcript -d 'Write the dialogue of each session to this folder, secrets removed' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l on-mail -d 'Run this program when mail has come; its arguments follow, one a flag (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l on-error -d 'Run this program when something is wrong, or is no longer (repeatable, like --on-mail)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l state-dir -d 'Remember in this folder how runs went' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l password-command -d 'Run this command; the first line it prints is the password' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l password-file -d 'The first line of this file is the password; others must not be able to read it' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l password-fd -d 'Read the password from this open file descriptor' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l netrc -d 'The password is that of the server and user in this netrc file' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l credential -d 'The systemd credential of this name is the password' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -s f -l format -d 'For whom standard output is' -r -f -a "human\t'Text for people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l at-once -d 'Fetch for this many accounts at a time' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l port -d 'Its port [default: 366]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l tls -d 'How the line is encrypted [default: starttls]' -r -f -a "require\t'Encrypted either way: TLS at once where the server greets nobody in clear, else STARTTLS'
starttls\t'STARTTLS, and nothing is said before it'
implicit\t'TLS from the first octet'
opportunistic\t'STARTTLS where it is offered; somebody in between can prevent it'
none\t'In clear'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l ask -d 'Which of several providers to ask [default: first]' -r -f -a "first\t'The first that can be reached'
all\t'Each of them, one after the other'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l mech -d 'How to log in [default: auto]' -r -f -a "auto\t'The strongest of those offered that the line is safe for'
scram-sha-256-plus\t'SCRAM bound to the TLS channel: nobody in between can pass it on'
scram-sha-256\t'SCRAM: neither side tells the other the password'
cram-md5\t'The mechanism every RFC 2645 server has'
plain\t'The password itself, under TLS'
login\t'The password itself, for servers that know no PLAIN'
external\t'Our TLS client certificate'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l clear-auth -d 'What may be used to log in while the line is in clear [default: none]' -r -f -a "none\t'Nothing: no login without TLS, except by SCRAM'
cram-md5\t'CRAM-MD5, whose answers can be guessed at leisure by whoever hears them'
plain\t'CRAM-MD5, PLAIN and LOGIN: whoever hears the line has the password'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l per -d 'How often the program of command: is run [default: recipient]' -r -f -a "message\t'Once for each message; its answer is for all recipients'
recipient\t'Once for each recipient, who then has an answer of his own'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l force-atrn -d 'Say ATRN even to a server that does not list it [default: false]' -r -f -a "true\t''
false\t''"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l turn -d 'Say a bare TURN, logged in, to a server that lists TURN and no ATRN [default: false]' -r -f -a "true\t''
false\t''"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l max-session -d 'Say 421 after this long [default: 1h]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l max-rounds -d 'Call this often in a row while the provider has more mail [default: 5]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l timeout-connect -d 'Wait this long for a connection [default: 30s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l timeout-greeting -d 'Wait this long for the greeting, and for the TLS handshake [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l timeout-command -d 'Wait this long for a reply or a command [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l timeout-data -d 'Wait this long for the next octets of a message [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l timeout-turn -d 'Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l timeout-program -d 'Wait this long for the program of command: to end [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l lock -d 'What to do when another run holds the account [default: fail]' -r -f -a "wait\t'Wait until it is done'
skip\t'Leave the account to it; exit 0'
fail\t'Exit 75'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l jitter -d 'Wait before a call, by chance, for at most this long [default: 0s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l interval -d 'As a daemon: call this often [default: 15m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l max-backoff -d 'As a daemon: call this often at least, whatever is wrong [default: 4h]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l report-interval -d 'With --quiet, tell the same trouble once in this time [default: 1d]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l all -d 'Every account of the settings files, one after the other'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -l json -d 'The same as --format jsonl'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -s q -l quiet -d 'Say nothing unless something is wrong, and the same trouble only once in --report-interval'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -s v -l verbose -d 'Say more; twice: the whole dialogue, secrets removed'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand daemon" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -s c -l config -d 'The settings file; the user\'s and the system\'s are then left alone' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l server -d 'The provider to call: a name or an address' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l ca -d 'Trust the certificates signed by those in this PEM file, and no others' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l fingerprint -d 'Trust the certificate with this SHA-256 (sha256:...), whoever signed it' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l servername -d 'The name the provider\'s certificate must bear, if not that of --server' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l certificate -d 'Our own TLS certificate, a chain in PEM' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l key -d 'The key to it, in PEM, readable by nobody else' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l ehlo -d 'The name we give with EHLO and in our greeting, if not the system\'s' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l user -d 'The name to log in with' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l domain -d 'A domain to ask for with ATRN; none: all the provider has for us (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l accept-domain -d 'A domain to accept mail for, when none is asked for by name (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l deliver -d 'Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l folder -d 'Mail for this recipient goes to this folder of the Maildir (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l argument -d 'An argument for the program of command:, placeholders like {recipient} in it (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l max-messages -d 'Take this many messages, then say 421; the rest stays at the provider' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l max-bytes -d 'Take this much in all, then say 421' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l max-message-size -d 'Put off messages larger than this with 452' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l transcript -d 'Write the dialogue of each session to this folder, secrets removed' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l on-mail -d 'Run this program when mail has come; its arguments follow, one a flag (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l on-error -d 'Run this program when something is wrong, or is no longer (repeatable, like --on-mail)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l state-dir -d 'Remember in this folder how runs went' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l password-command -d 'Run this command; the first line it prints is the password' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l password-file -d 'The first line of this file is the password; others must not be able to read it' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l password-fd -d 'Read the password from this open file descriptor' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l netrc -d 'The password is that of the server and user in this netrc file' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l credential -d 'The systemd credential of this name is the password' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -s f -l format -d 'For whom standard output is' -r -f -a "human\t'Text for people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l max-age -d 'Something is wrong, too, when the last success of an account is older than this' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l port -d 'Its port [default: 366]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l tls -d 'How the line is encrypted [default: starttls]' -r -f -a "require\t'Encrypted either way: TLS at once where the server greets nobody in clear, else STARTTLS'
starttls\t'STARTTLS, and nothing is said before it'
implicit\t'TLS from the first octet'
opportunistic\t'STARTTLS where it is offered; somebody in between can prevent it'
none\t'In clear'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l ask -d 'Which of several providers to ask [default: first]' -r -f -a "first\t'The first that can be reached'
all\t'Each of them, one after the other'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l mech -d 'How to log in [default: auto]' -r -f -a "auto\t'The strongest of those offered that the line is safe for'
scram-sha-256-plus\t'SCRAM bound to the TLS channel: nobody in between can pass it on'
scram-sha-256\t'SCRAM: neither side tells the other the password'
cram-md5\t'The mechanism every RFC 2645 server has'
plain\t'The password itself, under TLS'
login\t'The password itself, for servers that know no PLAIN'
external\t'Our TLS client certificate'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l clear-auth -d 'What may be used to log in while the line is in clear [default: none]' -r -f -a "none\t'Nothing: no login without TLS, except by SCRAM'
cram-md5\t'CRAM-MD5, whose answers can be guessed at leisure by whoever hears them'
plain\t'CRAM-MD5, PLAIN and LOGIN: whoever hears the line has the password'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l per -d 'How often the program of command: is run [default: recipient]' -r -f -a "message\t'Once for each message; its answer is for all recipients'
recipient\t'Once for each recipient, who then has an answer of his own'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l force-atrn -d 'Say ATRN even to a server that does not list it [default: false]' -r -f -a "true\t''
false\t''"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l turn -d 'Say a bare TURN, logged in, to a server that lists TURN and no ATRN [default: false]' -r -f -a "true\t''
false\t''"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l max-session -d 'Say 421 after this long [default: 1h]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l max-rounds -d 'Call this often in a row while the provider has more mail [default: 5]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l timeout-connect -d 'Wait this long for a connection [default: 30s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l timeout-greeting -d 'Wait this long for the greeting, and for the TLS handshake [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l timeout-command -d 'Wait this long for a reply or a command [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l timeout-data -d 'Wait this long for the next octets of a message [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l timeout-turn -d 'Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l timeout-program -d 'Wait this long for the program of command: to end [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l lock -d 'What to do when another run holds the account [default: fail]' -r -f -a "wait\t'Wait until it is done'
skip\t'Leave the account to it; exit 0'
fail\t'Exit 75'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l jitter -d 'Wait before a call, by chance, for at most this long [default: 0s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l interval -d 'As a daemon: call this often [default: 15m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l max-backoff -d 'As a daemon: call this often at least, whatever is wrong [default: 4h]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l report-interval -d 'With --quiet, tell the same trouble once in this time [default: 1d]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l all -d 'Every account of the settings files, one after the other'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -l json -d 'The same as --format jsonl'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -s q -l quiet -d 'Say nothing unless something is wrong, and the same trouble only once in --report-interval'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -s v -l verbose -d 'Say more; twice: the whole dialogue, secrets removed'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -s c -l config -d 'The settings file; the user\'s and the system\'s are then left alone' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l server -d 'The provider to call: a name or an address' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l ca -d 'Trust the certificates signed by those in this PEM file, and no others' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l fingerprint -d 'Trust the certificate with this SHA-256 (sha256:...), whoever signed it' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l servername -d 'The name the provider\'s certificate must bear, if not that of --server' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l certificate -d 'Our own TLS certificate, a chain in PEM' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l key -d 'The key to it, in PEM, readable by nobody else' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l ehlo -d 'The name we give with EHLO and in our greeting, if not the system\'s' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l user -d 'The name to log in with' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l domain -d 'A domain to ask for with ATRN; none: all the provider has for us (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l accept-domain -d 'A domain to accept mail for, when none is asked for by name (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l deliver -d 'Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l folder -d 'Mail for this recipient goes to this folder of the Maildir (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l argument -d 'An argument for the program of command:, placeholders like {recipient} in it (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l max-messages -d 'Take this many messages, then say 421; the rest stays at the provider' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l max-bytes -d 'Take this much in all, then say 421' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l max-message-size -d 'Put off messages larger than this with 452' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l transcript -d 'Write the dialogue of each session to this folder, secrets removed' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l on-mail -d 'Run this program when mail has come; its arguments follow, one a flag (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l on-error -d 'Run this program when something is wrong, or is no longer (repeatable, like --on-mail)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l state-dir -d 'Remember in this folder how runs went' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l password-command -d 'Run this command; the first line it prints is the password' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l password-file -d 'The first line of this file is the password; others must not be able to read it' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l password-fd -d 'Read the password from this open file descriptor' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l netrc -d 'The password is that of the server and user in this netrc file' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l credential -d 'The systemd credential of this name is the password' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -s f -l format -d 'For whom standard output is' -r -f -a "human\t'Text for people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l port -d 'Its port [default: 366]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l tls -d 'How the line is encrypted [default: starttls]' -r -f -a "require\t'Encrypted either way: TLS at once where the server greets nobody in clear, else STARTTLS'
starttls\t'STARTTLS, and nothing is said before it'
implicit\t'TLS from the first octet'
opportunistic\t'STARTTLS where it is offered; somebody in between can prevent it'
none\t'In clear'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l ask -d 'Which of several providers to ask [default: first]' -r -f -a "first\t'The first that can be reached'
all\t'Each of them, one after the other'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l mech -d 'How to log in [default: auto]' -r -f -a "auto\t'The strongest of those offered that the line is safe for'
scram-sha-256-plus\t'SCRAM bound to the TLS channel: nobody in between can pass it on'
scram-sha-256\t'SCRAM: neither side tells the other the password'
cram-md5\t'The mechanism every RFC 2645 server has'
plain\t'The password itself, under TLS'
login\t'The password itself, for servers that know no PLAIN'
external\t'Our TLS client certificate'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l clear-auth -d 'What may be used to log in while the line is in clear [default: none]' -r -f -a "none\t'Nothing: no login without TLS, except by SCRAM'
cram-md5\t'CRAM-MD5, whose answers can be guessed at leisure by whoever hears them'
plain\t'CRAM-MD5, PLAIN and LOGIN: whoever hears the line has the password'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l per -d 'How often the program of command: is run [default: recipient]' -r -f -a "message\t'Once for each message; its answer is for all recipients'
recipient\t'Once for each recipient, who then has an answer of his own'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l force-atrn -d 'Say ATRN even to a server that does not list it [default: false]' -r -f -a "true\t''
false\t''"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l turn -d 'Say a bare TURN, logged in, to a server that lists TURN and no ATRN [default: false]' -r -f -a "true\t''
false\t''"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l max-session -d 'Say 421 after this long [default: 1h]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l max-rounds -d 'Call this often in a row while the provider has more mail [default: 5]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l timeout-connect -d 'Wait this long for a connection [default: 30s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l timeout-greeting -d 'Wait this long for the greeting, and for the TLS handshake [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l timeout-command -d 'Wait this long for a reply or a command [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l timeout-data -d 'Wait this long for the next octets of a message [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l timeout-turn -d 'Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l timeout-program -d 'Wait this long for the program of command: to end [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l lock -d 'What to do when another run holds the account [default: fail]' -r -f -a "wait\t'Wait until it is done'
skip\t'Leave the account to it; exit 0'
fail\t'Exit 75'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l jitter -d 'Wait before a call, by chance, for at most this long [default: 0s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l interval -d 'As a daemon: call this often [default: 15m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l max-backoff -d 'As a daemon: call this often at least, whatever is wrong [default: 4h]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l report-interval -d 'With --quiet, tell the same trouble once in this time [default: 1d]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l all -d 'Every account of the settings files, one after the other'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l json -d 'The same as --format jsonl'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -s q -l quiet -d 'Say nothing unless something is wrong, and the same trouble only once in --report-interval'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -s v -l verbose -d 'Say more; twice: the whole dialogue, secrets removed'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l password-stdin -d 'Read the password from the first line of standard input, and keep it in a file beside the settings'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -l print -d 'Show what would be written, and write nothing'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -s c -l config -d 'The settings file; the user\'s and the system\'s are then left alone' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l server -d 'The provider to call: a name or an address' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l ca -d 'Trust the certificates signed by those in this PEM file, and no others' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l fingerprint -d 'Trust the certificate with this SHA-256 (sha256:...), whoever signed it' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l servername -d 'The name the provider\'s certificate must bear, if not that of --server' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l certificate -d 'Our own TLS certificate, a chain in PEM' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l key -d 'The key to it, in PEM, readable by nobody else' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l ehlo -d 'The name we give with EHLO and in our greeting, if not the system\'s' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l user -d 'The name to log in with' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l domain -d 'A domain to ask for with ATRN; none: all the provider has for us (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l accept-domain -d 'A domain to accept mail for, when none is asked for by name (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l deliver -d 'Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l folder -d 'Mail for this recipient goes to this folder of the Maildir (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l argument -d 'An argument for the program of command:, placeholders like {recipient} in it (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l max-messages -d 'Take this many messages, then say 421; the rest stays at the provider' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l max-bytes -d 'Take this much in all, then say 421' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l max-message-size -d 'Put off messages larger than this with 452' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l transcript -d 'Write the dialogue of each session to this folder, secrets removed' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l on-mail -d 'Run this program when mail has come; its arguments follow, one a flag (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l on-error -d 'Run this program when something is wrong, or is no longer (repeatable, like --on-mail)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l state-dir -d 'Remember in this folder how runs went' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l password-command -d 'Run this command; the first line it prints is the password' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l password-file -d 'The first line of this file is the password; others must not be able to read it' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l password-fd -d 'Read the password from this open file descriptor' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l netrc -d 'The password is that of the server and user in this netrc file' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l credential -d 'The systemd credential of this name is the password' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -s f -l format -d 'For whom standard output is' -r -f -a "human\t'Text for people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l port -d 'Its port [default: 366]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l tls -d 'How the line is encrypted [default: starttls]' -r -f -a "require\t'Encrypted either way: TLS at once where the server greets nobody in clear, else STARTTLS'
starttls\t'STARTTLS, and nothing is said before it'
implicit\t'TLS from the first octet'
opportunistic\t'STARTTLS where it is offered; somebody in between can prevent it'
none\t'In clear'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l ask -d 'Which of several providers to ask [default: first]' -r -f -a "first\t'The first that can be reached'
all\t'Each of them, one after the other'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l mech -d 'How to log in [default: auto]' -r -f -a "auto\t'The strongest of those offered that the line is safe for'
scram-sha-256-plus\t'SCRAM bound to the TLS channel: nobody in between can pass it on'
scram-sha-256\t'SCRAM: neither side tells the other the password'
cram-md5\t'The mechanism every RFC 2645 server has'
plain\t'The password itself, under TLS'
login\t'The password itself, for servers that know no PLAIN'
external\t'Our TLS client certificate'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l clear-auth -d 'What may be used to log in while the line is in clear [default: none]' -r -f -a "none\t'Nothing: no login without TLS, except by SCRAM'
cram-md5\t'CRAM-MD5, whose answers can be guessed at leisure by whoever hears them'
plain\t'CRAM-MD5, PLAIN and LOGIN: whoever hears the line has the password'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l per -d 'How often the program of command: is run [default: recipient]' -r -f -a "message\t'Once for each message; its answer is for all recipients'
recipient\t'Once for each recipient, who then has an answer of his own'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l force-atrn -d 'Say ATRN even to a server that does not list it [default: false]' -r -f -a "true\t''
false\t''"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l turn -d 'Say a bare TURN, logged in, to a server that lists TURN and no ATRN [default: false]' -r -f -a "true\t''
false\t''"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l max-session -d 'Say 421 after this long [default: 1h]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l max-rounds -d 'Call this often in a row while the provider has more mail [default: 5]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l timeout-connect -d 'Wait this long for a connection [default: 30s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l timeout-greeting -d 'Wait this long for the greeting, and for the TLS handshake [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l timeout-command -d 'Wait this long for a reply or a command [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l timeout-data -d 'Wait this long for the next octets of a message [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l timeout-turn -d 'Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l timeout-program -d 'Wait this long for the program of command: to end [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l lock -d 'What to do when another run holds the account [default: fail]' -r -f -a "wait\t'Wait until it is done'
skip\t'Leave the account to it; exit 0'
fail\t'Exit 75'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l jitter -d 'Wait before a call, by chance, for at most this long [default: 0s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l interval -d 'As a daemon: call this often [default: 15m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l max-backoff -d 'As a daemon: call this often at least, whatever is wrong [default: 4h]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l report-interval -d 'With --quiet, tell the same trouble once in this time [default: 1d]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l all -d 'Every account of the settings files, one after the other'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l json -d 'The same as --format jsonl'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -s q -l quiet -d 'Say nothing unless something is wrong, and the same trouble only once in --report-interval'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -s v -l verbose -d 'Say more; twice: the whole dialogue, secrets removed'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -l print -d 'Show what would be written, without the passwords, and write nothing'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand import-fetchmailrc" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -s c -l config -d 'The settings file; the user\'s and the system\'s are then left alone' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l server -d 'The provider to call: a name or an address' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l ca -d 'Trust the certificates signed by those in this PEM file, and no others' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l fingerprint -d 'Trust the certificate with this SHA-256 (sha256:...), whoever signed it' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l servername -d 'The name the provider\'s certificate must bear, if not that of --server' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l certificate -d 'Our own TLS certificate, a chain in PEM' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l key -d 'The key to it, in PEM, readable by nobody else' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l ehlo -d 'The name we give with EHLO and in our greeting, if not the system\'s' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l user -d 'The name to log in with' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l domain -d 'A domain to ask for with ATRN; none: all the provider has for us (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l accept-domain -d 'A domain to accept mail for, when none is asked for by name (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l deliver -d 'Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l folder -d 'Mail for this recipient goes to this folder of the Maildir (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l argument -d 'An argument for the program of command:, placeholders like {recipient} in it (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l max-messages -d 'Take this many messages, then say 421; the rest stays at the provider' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l max-bytes -d 'Take this much in all, then say 421' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l max-message-size -d 'Put off messages larger than this with 452' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l transcript -d 'Write the dialogue of each session to this folder, secrets removed' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l on-mail -d 'Run this program when mail has come; its arguments follow, one a flag (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l on-error -d 'Run this program when something is wrong, or is no longer (repeatable, like --on-mail)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l state-dir -d 'Remember in this folder how runs went' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l password-command -d 'Run this command; the first line it prints is the password' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l password-file -d 'The first line of this file is the password; others must not be able to read it' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l password-fd -d 'Read the password from this open file descriptor' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l netrc -d 'The password is that of the server and user in this netrc file' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l credential -d 'The systemd credential of this name is the password' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -s f -l format -d 'For whom standard output is' -r -f -a "human\t'Text for people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l port -d 'Its port [default: 366]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l tls -d 'How the line is encrypted [default: starttls]' -r -f -a "require\t'Encrypted either way: TLS at once where the server greets nobody in clear, else STARTTLS'
starttls\t'STARTTLS, and nothing is said before it'
implicit\t'TLS from the first octet'
opportunistic\t'STARTTLS where it is offered; somebody in between can prevent it'
none\t'In clear'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l ask -d 'Which of several providers to ask [default: first]' -r -f -a "first\t'The first that can be reached'
all\t'Each of them, one after the other'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l mech -d 'How to log in [default: auto]' -r -f -a "auto\t'The strongest of those offered that the line is safe for'
scram-sha-256-plus\t'SCRAM bound to the TLS channel: nobody in between can pass it on'
scram-sha-256\t'SCRAM: neither side tells the other the password'
cram-md5\t'The mechanism every RFC 2645 server has'
plain\t'The password itself, under TLS'
login\t'The password itself, for servers that know no PLAIN'
external\t'Our TLS client certificate'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l clear-auth -d 'What may be used to log in while the line is in clear [default: none]' -r -f -a "none\t'Nothing: no login without TLS, except by SCRAM'
cram-md5\t'CRAM-MD5, whose answers can be guessed at leisure by whoever hears them'
plain\t'CRAM-MD5, PLAIN and LOGIN: whoever hears the line has the password'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l per -d 'How often the program of command: is run [default: recipient]' -r -f -a "message\t'Once for each message; its answer is for all recipients'
recipient\t'Once for each recipient, who then has an answer of his own'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l force-atrn -d 'Say ATRN even to a server that does not list it [default: false]' -r -f -a "true\t''
false\t''"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l turn -d 'Say a bare TURN, logged in, to a server that lists TURN and no ATRN [default: false]' -r -f -a "true\t''
false\t''"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l max-session -d 'Say 421 after this long [default: 1h]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l max-rounds -d 'Call this often in a row while the provider has more mail [default: 5]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l timeout-connect -d 'Wait this long for a connection [default: 30s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l timeout-greeting -d 'Wait this long for the greeting, and for the TLS handshake [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l timeout-command -d 'Wait this long for a reply or a command [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l timeout-data -d 'Wait this long for the next octets of a message [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l timeout-turn -d 'Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l timeout-program -d 'Wait this long for the program of command: to end [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l lock -d 'What to do when another run holds the account [default: fail]' -r -f -a "wait\t'Wait until it is done'
skip\t'Leave the account to it; exit 0'
fail\t'Exit 75'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l jitter -d 'Wait before a call, by chance, for at most this long [default: 0s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l interval -d 'As a daemon: call this often [default: 15m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l max-backoff -d 'As a daemon: call this often at least, whatever is wrong [default: 4h]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l report-interval -d 'With --quiet, tell the same trouble once in this time [default: 1d]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l all -d 'Every account of the settings files, one after the other'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -l json -d 'The same as --format jsonl'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -s q -l quiet -d 'Say nothing unless something is wrong, and the same trouble only once in --report-interval'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -s v -l verbose -d 'Say more; twice: the whole dialogue, secrets removed'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -s c -l config -d 'The settings file; the user\'s and the system\'s are then left alone' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l server -d 'The provider to call: a name or an address' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l ca -d 'Trust the certificates signed by those in this PEM file, and no others' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l fingerprint -d 'Trust the certificate with this SHA-256 (sha256:...), whoever signed it' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l servername -d 'The name the provider\'s certificate must bear, if not that of --server' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l certificate -d 'Our own TLS certificate, a chain in PEM' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l key -d 'The key to it, in PEM, readable by nobody else' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l ehlo -d 'The name we give with EHLO and in our greeting, if not the system\'s' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l user -d 'The name to log in with' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l domain -d 'A domain to ask for with ATRN; none: all the provider has for us (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l accept-domain -d 'A domain to accept mail for, when none is asked for by name (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l deliver -d 'Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l folder -d 'Mail for this recipient goes to this folder of the Maildir (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l argument -d 'An argument for the program of command:, placeholders like {recipient} in it (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l max-messages -d 'Take this many messages, then say 421; the rest stays at the provider' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l max-bytes -d 'Take this much in all, then say 421' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l max-message-size -d 'Put off messages larger than this with 452' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l transcript -d 'Write the dialogue of each session to this folder, secrets removed' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l on-mail -d 'Run this program when mail has come; its arguments follow, one a flag (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l on-error -d 'Run this program when something is wrong, or is no longer (repeatable, like --on-mail)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l state-dir -d 'Remember in this folder how runs went' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l password-command -d 'Run this command; the first line it prints is the password' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l password-file -d 'The first line of this file is the password; others must not be able to read it' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l password-fd -d 'Read the password from this open file descriptor' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l netrc -d 'The password is that of the server and user in this netrc file' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l credential -d 'The systemd credential of this name is the password' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -s f -l format -d 'For whom standard output is' -r -f -a "human\t'Text for people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l port -d 'Its port [default: 366]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l tls -d 'How the line is encrypted [default: starttls]' -r -f -a "require\t'Encrypted either way: TLS at once where the server greets nobody in clear, else STARTTLS'
starttls\t'STARTTLS, and nothing is said before it'
implicit\t'TLS from the first octet'
opportunistic\t'STARTTLS where it is offered; somebody in between can prevent it'
none\t'In clear'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l ask -d 'Which of several providers to ask [default: first]' -r -f -a "first\t'The first that can be reached'
all\t'Each of them, one after the other'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l mech -d 'How to log in [default: auto]' -r -f -a "auto\t'The strongest of those offered that the line is safe for'
scram-sha-256-plus\t'SCRAM bound to the TLS channel: nobody in between can pass it on'
scram-sha-256\t'SCRAM: neither side tells the other the password'
cram-md5\t'The mechanism every RFC 2645 server has'
plain\t'The password itself, under TLS'
login\t'The password itself, for servers that know no PLAIN'
external\t'Our TLS client certificate'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l clear-auth -d 'What may be used to log in while the line is in clear [default: none]' -r -f -a "none\t'Nothing: no login without TLS, except by SCRAM'
cram-md5\t'CRAM-MD5, whose answers can be guessed at leisure by whoever hears them'
plain\t'CRAM-MD5, PLAIN and LOGIN: whoever hears the line has the password'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l per -d 'How often the program of command: is run [default: recipient]' -r -f -a "message\t'Once for each message; its answer is for all recipients'
recipient\t'Once for each recipient, who then has an answer of his own'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l force-atrn -d 'Say ATRN even to a server that does not list it [default: false]' -r -f -a "true\t''
false\t''"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l turn -d 'Say a bare TURN, logged in, to a server that lists TURN and no ATRN [default: false]' -r -f -a "true\t''
false\t''"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l max-session -d 'Say 421 after this long [default: 1h]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l max-rounds -d 'Call this often in a row while the provider has more mail [default: 5]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l timeout-connect -d 'Wait this long for a connection [default: 30s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l timeout-greeting -d 'Wait this long for the greeting, and for the TLS handshake [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l timeout-command -d 'Wait this long for a reply or a command [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l timeout-data -d 'Wait this long for the next octets of a message [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l timeout-turn -d 'Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l timeout-program -d 'Wait this long for the program of command: to end [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l lock -d 'What to do when another run holds the account [default: fail]' -r -f -a "wait\t'Wait until it is done'
skip\t'Leave the account to it; exit 0'
fail\t'Exit 75'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l jitter -d 'Wait before a call, by chance, for at most this long [default: 0s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l interval -d 'As a daemon: call this often [default: 15m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l max-backoff -d 'As a daemon: call this often at least, whatever is wrong [default: 4h]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l report-interval -d 'With --quiet, tell the same trouble once in this time [default: 1d]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l all -d 'Every account of the settings files, one after the other'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -l json -d 'The same as --format jsonl'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -s q -l quiet -d 'Say nothing unless something is wrong, and the same trouble only once in --report-interval'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -s v -l verbose -d 'Say more; twice: the whole dialogue, secrets removed'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand test-target" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -s c -l config -d 'The settings file; the user\'s and the system\'s are then left alone' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l server -d 'The provider to call: a name or an address' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l ca -d 'Trust the certificates signed by those in this PEM file, and no others' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l fingerprint -d 'Trust the certificate with this SHA-256 (sha256:...), whoever signed it' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l servername -d 'The name the provider\'s certificate must bear, if not that of --server' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l certificate -d 'Our own TLS certificate, a chain in PEM' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l key -d 'The key to it, in PEM, readable by nobody else' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l ehlo -d 'The name we give with EHLO and in our greeting, if not the system\'s' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l user -d 'The name to log in with' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l domain -d 'A domain to ask for with ATRN; none: all the provider has for us (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l accept-domain -d 'A domain to accept mail for, when none is asked for by name (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l deliver -d 'Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l folder -d 'Mail for this recipient goes to this folder of the Maildir (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l argument -d 'An argument for the program of command:, placeholders like {recipient} in it (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l max-messages -d 'Take this many messages, then say 421; the rest stays at the provider' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l max-bytes -d 'Take this much in all, then say 421' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l max-message-size -d 'Put off messages larger than this with 452' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l transcript -d 'Write the dialogue of each session to this folder, secrets removed' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l on-mail -d 'Run this program when mail has come; its arguments follow, one a flag (repeatable)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l on-error -d 'Run this program when something is wrong, or is no longer (repeatable, like --on-mail)' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l state-dir -d 'Remember in this folder how runs went' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l password-command -d 'Run this command; the first line it prints is the password' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l password-file -d 'The first line of this file is the password; others must not be able to read it' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l password-fd -d 'Read the password from this open file descriptor' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l netrc -d 'The password is that of the server and user in this netrc file' -r -F
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l credential -d 'The systemd credential of this name is the password' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -s f -l format -d 'For whom standard output is' -r -f -a "human\t'Text for people'
json\t'One JSON document'
jsonl\t'One JSON object a line'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l port -d 'Its port [default: 366]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l tls -d 'How the line is encrypted [default: starttls]' -r -f -a "require\t'Encrypted either way: TLS at once where the server greets nobody in clear, else STARTTLS'
starttls\t'STARTTLS, and nothing is said before it'
implicit\t'TLS from the first octet'
opportunistic\t'STARTTLS where it is offered; somebody in between can prevent it'
none\t'In clear'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l ask -d 'Which of several providers to ask [default: first]' -r -f -a "first\t'The first that can be reached'
all\t'Each of them, one after the other'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l mech -d 'How to log in [default: auto]' -r -f -a "auto\t'The strongest of those offered that the line is safe for'
scram-sha-256-plus\t'SCRAM bound to the TLS channel: nobody in between can pass it on'
scram-sha-256\t'SCRAM: neither side tells the other the password'
cram-md5\t'The mechanism every RFC 2645 server has'
plain\t'The password itself, under TLS'
login\t'The password itself, for servers that know no PLAIN'
external\t'Our TLS client certificate'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l clear-auth -d 'What may be used to log in while the line is in clear [default: none]' -r -f -a "none\t'Nothing: no login without TLS, except by SCRAM'
cram-md5\t'CRAM-MD5, whose answers can be guessed at leisure by whoever hears them'
plain\t'CRAM-MD5, PLAIN and LOGIN: whoever hears the line has the password'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l per -d 'How often the program of command: is run [default: recipient]' -r -f -a "message\t'Once for each message; its answer is for all recipients'
recipient\t'Once for each recipient, who then has an answer of his own'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l force-atrn -d 'Say ATRN even to a server that does not list it [default: false]' -r -f -a "true\t''
false\t''"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l turn -d 'Say a bare TURN, logged in, to a server that lists TURN and no ATRN [default: false]' -r -f -a "true\t''
false\t''"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l max-session -d 'Say 421 after this long [default: 1h]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l max-rounds -d 'Call this often in a row while the provider has more mail [default: 5]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l timeout-connect -d 'Wait this long for a connection [default: 30s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l timeout-greeting -d 'Wait this long for the greeting, and for the TLS handshake [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l timeout-command -d 'Wait this long for a reply or a command [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l timeout-data -d 'Wait this long for the next octets of a message [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l timeout-turn -d 'Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l timeout-program -d 'Wait this long for the program of command: to end [default: 5m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l lock -d 'What to do when another run holds the account [default: fail]' -r -f -a "wait\t'Wait until it is done'
skip\t'Leave the account to it; exit 0'
fail\t'Exit 75'"
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l jitter -d 'Wait before a call, by chance, for at most this long [default: 0s]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l interval -d 'As a daemon: call this often [default: 15m]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l max-backoff -d 'As a daemon: call this often at least, whatever is wrong [default: 4h]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l report-interval -d 'With --quiet, tell the same trouble once in this time [default: 1d]' -r
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l all -d 'Every account of the settings files, one after the other'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l json -d 'The same as --format jsonl'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -s q -l quiet -d 'Say nothing unless something is wrong, and the same trouble only once in --report-interval'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -s v -l verbose -d 'Say more; twice: the whole dialogue, secrets removed'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -l origin -d 'Say of each setting where it comes from'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand show-config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand help; and not __fish_seen_subcommand_from run daemon status init import-fetchmailrc check test-target show-config help" -f -a "run" -d 'Fetch (this is what happens when no command is named)'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand help; and not __fish_seen_subcommand_from run daemon status init import-fetchmailrc check test-target show-config help" -f -a "daemon" -d 'Keep fetching, each account in its own rhythm; SIGUSR1 fetches now, SIGHUP reads the settings anew'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand help; and not __fish_seen_subcommand_from run daemon status init import-fetchmailrc check test-target show-config help" -f -a "status" -d 'Show how the last runs went, and when the next are due; 1 when something is wrong'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand help; and not __fish_seen_subcommand_from run daemon status init import-fetchmailrc check test-target show-config help" -f -a "init" -d 'Write a settings file to begin with, from the flags given; asks nothing, overwrites nothing'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand help; and not __fish_seen_subcommand_from run daemon status init import-fetchmailrc check test-target show-config help" -f -a "import-fetchmailrc" -d 'Take the settings over from fetchmail: its entries for ODMR become accounts; overwrites nothing'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand help; and not __fish_seen_subcommand_from run daemon status init import-fetchmailrc check test-target show-config help" -f -a "check" -d 'Log in, show what the provider can do, and leave without the turn'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand help; and not __fish_seen_subcommand_from run daemon status init import-fetchmailrc check test-target show-config help" -f -a "test-target" -d 'Try the place where mail would be delivered; the provider is not called'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand help; and not __fish_seen_subcommand_from run daemon status init import-fetchmailrc check test-target show-config help" -f -a "show-config" -d 'Show the settings that count; never a secret'
complete -c atrn-fetch -n "__fish_atrn_fetch_using_subcommand help; and not __fish_seen_subcommand_from run daemon status init import-fetchmailrc check test-target show-config help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'


using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'atrn-fetch' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'atrn-fetch'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'atrn-fetch' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Fetch (this is what happens when no command is named)')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Log in, show what the provider can do, and leave without the turn')
            [CompletionResult]::new('test-target', 'test-target', [CompletionResultType]::ParameterValue, 'Try the place where mail would be delivered; the provider is not called')
            [CompletionResult]::new('show-config', 'show-config', [CompletionResultType]::ParameterValue, 'Show the settings that count; never a secret')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'atrn-fetch;run' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings file; the user''s and the system''s are then left alone')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file; the user''s and the system''s are then left alone')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'The provider to call: a name or an address')
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'Trust the certificates signed by those in this PEM file, and no others')
            [CompletionResult]::new('--fingerprint', '--fingerprint', [CompletionResultType]::ParameterName, 'Trust the certificate with this SHA-256 (sha256:...), whoever signed it')
            [CompletionResult]::new('--servername', '--servername', [CompletionResultType]::ParameterName, 'The name the provider''s certificate must bear, if not that of --server')
            [CompletionResult]::new('--certificate', '--certificate', [CompletionResultType]::ParameterName, 'Our own TLS certificate, a chain in PEM')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'The key to it, in PEM, readable by nobody else')
            [CompletionResult]::new('--ehlo', '--ehlo', [CompletionResultType]::ParameterName, 'The name we give with EHLO and in our greeting, if not the system''s')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'The name to log in with')
            [CompletionResult]::new('--domain', '--domain', [CompletionResultType]::ParameterName, 'A domain to ask for with ATRN; none: all the provider has for us (repeatable)')
            [CompletionResult]::new('--accept-domain', '--accept-domain', [CompletionResultType]::ParameterName, 'A domain to accept mail for, when none is asked for by name (repeatable)')
            [CompletionResult]::new('--deliver', '--deliver', [CompletionResultType]::ParameterName, 'Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH')
            [CompletionResult]::new('--folder', '--folder', [CompletionResultType]::ParameterName, 'Mail for this recipient goes to this folder of the Maildir (repeatable)')
            [CompletionResult]::new('--argument', '--argument', [CompletionResultType]::ParameterName, 'An argument for the program of command:, placeholders like {recipient} in it (repeatable)')
            [CompletionResult]::new('--max-messages', '--max-messages', [CompletionResultType]::ParameterName, 'Take this many messages, then say 421; the rest stays at the provider')
            [CompletionResult]::new('--max-bytes', '--max-bytes', [CompletionResultType]::ParameterName, 'Take this much in all, then say 421')
            [CompletionResult]::new('--max-message-size', '--max-message-size', [CompletionResultType]::ParameterName, 'Put off messages larger than this with 452')
            [CompletionResult]::new('--transcript', '--transcript', [CompletionResultType]::ParameterName, 'Write the dialogue of each session to this folder, secrets removed')
            [CompletionResult]::new('--on-mail', '--on-mail', [CompletionResultType]::ParameterName, 'Run this program when mail has come; its arguments follow, one a flag (repeatable)')
            [CompletionResult]::new('--on-error', '--on-error', [CompletionResultType]::ParameterName, 'Run this program when something is wrong, or is no longer (repeatable, like --on-mail)')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Remember in this folder how runs went')
            [CompletionResult]::new('--password-command', '--password-command', [CompletionResultType]::ParameterName, 'Run this command; the first line it prints is the password')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'The first line of this file is the password; others must not be able to read it')
            [CompletionResult]::new('--password-fd', '--password-fd', [CompletionResultType]::ParameterName, 'Read the password from this open file descriptor')
            [CompletionResult]::new('--credential', '--credential', [CompletionResultType]::ParameterName, 'The systemd credential of this name is the password')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'For whom standard output is')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'For whom standard output is')
            [CompletionResult]::new('--summary', '--summary', [CompletionResultType]::ParameterName, 'Write a JSON object on each account''s run to this file')
            [CompletionResult]::new('--no-mail-exit', '--no-mail-exit', [CompletionResultType]::ParameterName, 'Exit with N when everything went well and there was no mail')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Its port [default: 366]')
            [CompletionResult]::new('--tls', '--tls', [CompletionResultType]::ParameterName, 'How the line is encrypted [default: starttls]')
            [CompletionResult]::new('--ask', '--ask', [CompletionResultType]::ParameterName, 'Which of several providers to ask [default: first]')
            [CompletionResult]::new('--mech', '--mech', [CompletionResultType]::ParameterName, 'How to log in [default: auto]')
            [CompletionResult]::new('--clear-auth', '--clear-auth', [CompletionResultType]::ParameterName, 'What may be used to log in while the line is in clear [default: none]')
            [CompletionResult]::new('--per', '--per', [CompletionResultType]::ParameterName, 'How often the program of command: is run [default: recipient]')
            [CompletionResult]::new('--force-atrn', '--force-atrn', [CompletionResultType]::ParameterName, 'Say ATRN even to a server that does not list it [default: false]')
            [CompletionResult]::new('--turn', '--turn', [CompletionResultType]::ParameterName, 'Say a bare TURN, logged in, to a server that lists TURN and no ATRN [default: false]')
            [CompletionResult]::new('--max-session', '--max-session', [CompletionResultType]::ParameterName, 'Say 421 after this long [default: 1h]')
            [CompletionResult]::new('--max-rounds', '--max-rounds', [CompletionResultType]::ParameterName, 'Call this often in a row while the provider has more mail [default: 5]')
            [CompletionResult]::new('--timeout-connect', '--timeout-connect', [CompletionResultType]::ParameterName, 'Wait this long for a connection [default: 30s]')
            [CompletionResult]::new('--timeout-greeting', '--timeout-greeting', [CompletionResultType]::ParameterName, 'Wait this long for the greeting, and for the TLS handshake [default: 5m]')
            [CompletionResult]::new('--timeout-command', '--timeout-command', [CompletionResultType]::ParameterName, 'Wait this long for a reply or a command [default: 5m]')
            [CompletionResult]::new('--timeout-data', '--timeout-data', [CompletionResultType]::ParameterName, 'Wait this long for the next octets of a message [default: 5m]')
            [CompletionResult]::new('--timeout-turn', '--timeout-turn', [CompletionResultType]::ParameterName, 'Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]')
            [CompletionResult]::new('--timeout-program', '--timeout-program', [CompletionResultType]::ParameterName, 'Wait this long for the program of command: to end [default: 5m]')
            [CompletionResult]::new('--lock', '--lock', [CompletionResultType]::ParameterName, 'What to do when another run holds the account [default: fail]')
            [CompletionResult]::new('--report-interval', '--report-interval', [CompletionResultType]::ParameterName, 'With --quiet, tell the same trouble once in this time [default: 1d]')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every account of the settings files, one after the other')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'The same as --format jsonl')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong, and the same trouble only once in --report-interval')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong, and the same trouble only once in --report-interval')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice: the whole dialogue, secrets removed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice: the whole dialogue, secrets removed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'atrn-fetch;check' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings file; the user''s and the system''s are then left alone')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file; the user''s and the system''s are then left alone')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'The provider to call: a name or an address')
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'Trust the certificates signed by those in this PEM file, and no others')
            [CompletionResult]::new('--fingerprint', '--fingerprint', [CompletionResultType]::ParameterName, 'Trust the certificate with this SHA-256 (sha256:...), whoever signed it')
            [CompletionResult]::new('--servername', '--servername', [CompletionResultType]::ParameterName, 'The name the provider''s certificate must bear, if not that of --server')
            [CompletionResult]::new('--certificate', '--certificate', [CompletionResultType]::ParameterName, 'Our own TLS certificate, a chain in PEM')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'The key to it, in PEM, readable by nobody else')
            [CompletionResult]::new('--ehlo', '--ehlo', [CompletionResultType]::ParameterName, 'The name we give with EHLO and in our greeting, if not the system''s')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'The name to log in with')
            [CompletionResult]::new('--domain', '--domain', [CompletionResultType]::ParameterName, 'A domain to ask for with ATRN; none: all the provider has for us (repeatable)')
            [CompletionResult]::new('--accept-domain', '--accept-domain', [CompletionResultType]::ParameterName, 'A domain to accept mail for, when none is asked for by name (repeatable)')
            [CompletionResult]::new('--deliver', '--deliver', [CompletionResultType]::ParameterName, 'Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH')
            [CompletionResult]::new('--folder', '--folder', [CompletionResultType]::ParameterName, 'Mail for this recipient goes to this folder of the Maildir (repeatable)')
            [CompletionResult]::new('--argument', '--argument', [CompletionResultType]::ParameterName, 'An argument for the program of command:, placeholders like {recipient} in it (repeatable)')
            [CompletionResult]::new('--max-messages', '--max-messages', [CompletionResultType]::ParameterName, 'Take this many messages, then say 421; the rest stays at the provider')
            [CompletionResult]::new('--max-bytes', '--max-bytes', [CompletionResultType]::ParameterName, 'Take this much in all, then say 421')
            [CompletionResult]::new('--max-message-size', '--max-message-size', [CompletionResultType]::ParameterName, 'Put off messages larger than this with 452')
            [CompletionResult]::new('--transcript', '--transcript', [CompletionResultType]::ParameterName, 'Write the dialogue of each session to this folder, secrets removed')
            [CompletionResult]::new('--on-mail', '--on-mail', [CompletionResultType]::ParameterName, 'Run this program when mail has come; its arguments follow, one a flag (repeatable)')
            [CompletionResult]::new('--on-error', '--on-error', [CompletionResultType]::ParameterName, 'Run this program when something is wrong, or is no longer (repeatable, like --on-mail)')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Remember in this folder how runs went')
            [CompletionResult]::new('--password-command', '--password-command', [CompletionResultType]::ParameterName, 'Run this command; the first line it prints is the password')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'The first line of this file is the password; others must not be able to read it')
            [CompletionResult]::new('--password-fd', '--password-fd', [CompletionResultType]::ParameterName, 'Read the password from this open file descriptor')
            [CompletionResult]::new('--credential', '--credential', [CompletionResultType]::ParameterName, 'The systemd credential of this name is the password')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'For whom standard output is')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'For whom standard output is')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Its port [default: 366]')
            [CompletionResult]::new('--tls', '--tls', [CompletionResultType]::ParameterName, 'How the line is encrypted [default: starttls]')
            [CompletionResult]::new('--ask', '--ask', [CompletionResultType]::ParameterName, 'Which of several providers to ask [default: first]')
            [CompletionResult]::new('--mech', '--mech', [CompletionResultType]::ParameterName, 'How to log in [default: auto]')
            [CompletionResult]::new('--clear-auth', '--clear-auth', [CompletionResultType]::ParameterName, 'What may be used to log in while the line is in clear [default: none]')
            [CompletionResult]::new('--per', '--per', [CompletionResultType]::ParameterName, 'How often the program of command: is run [default: recipient]')
            [CompletionResult]::new('--force-atrn', '--force-atrn', [CompletionResultType]::ParameterName, 'Say ATRN even to a server that does not list it [default: false]')
            [CompletionResult]::new('--turn', '--turn', [CompletionResultType]::ParameterName, 'Say a bare TURN, logged in, to a server that lists TURN and no ATRN [default: false]')
            [CompletionResult]::new('--max-session', '--max-session', [CompletionResultType]::ParameterName, 'Say 421 after this long [default: 1h]')
            [CompletionResult]::new('--max-rounds', '--max-rounds', [CompletionResultType]::ParameterName, 'Call this often in a row while the provider has more mail [default: 5]')
            [CompletionResult]::new('--timeout-connect', '--timeout-connect', [CompletionResultType]::ParameterName, 'Wait this long for a connection [default: 30s]')
            [CompletionResult]::new('--timeout-greeting', '--timeout-greeting', [CompletionResultType]::ParameterName, 'Wait this long for the greeting, and for the TLS handshake [default: 5m]')
            [CompletionResult]::new('--timeout-command', '--timeout-command', [CompletionResultType]::ParameterName, 'Wait this long for a reply or a command [default: 5m]')
            [CompletionResult]::new('--timeout-data', '--timeout-data', [CompletionResultType]::ParameterName, 'Wait this long for the next octets of a message [default: 5m]')
            [CompletionResult]::new('--timeout-turn', '--timeout-turn', [CompletionResultType]::ParameterName, 'Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]')
            [CompletionResult]::new('--timeout-program', '--timeout-program', [CompletionResultType]::ParameterName, 'Wait this long for the program of command: to end [default: 5m]')
            [CompletionResult]::new('--lock', '--lock', [CompletionResultType]::ParameterName, 'What to do when another run holds the account [default: fail]')
            [CompletionResult]::new('--report-interval', '--report-interval', [CompletionResultType]::ParameterName, 'With --quiet, tell the same trouble once in this time [default: 1d]')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every account of the settings files, one after the other')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'The same as --format jsonl')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong, and the same trouble only once in --report-interval')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong, and the same trouble only once in --report-interval')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice: the whole dialogue, secrets removed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice: the whole dialogue, secrets removed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'atrn-fetch;test-target' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings file; the user''s and the system''s are then left alone')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file; the user''s and the system''s are then left alone')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'The provider to call: a name or an address')
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'Trust the certificates signed by those in this PEM file, and no others')
            [CompletionResult]::new('--fingerprint', '--fingerprint', [CompletionResultType]::ParameterName, 'Trust the certificate with this SHA-256 (sha256:...), whoever signed it')
            [CompletionResult]::new('--servername', '--servername', [CompletionResultType]::ParameterName, 'The name the provider''s certificate must bear, if not that of --server')
            [CompletionResult]::new('--certificate', '--certificate', [CompletionResultType]::ParameterName, 'Our own TLS certificate, a chain in PEM')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'The key to it, in PEM, readable by nobody else')
            [CompletionResult]::new('--ehlo', '--ehlo', [CompletionResultType]::ParameterName, 'The name we give with EHLO and in our greeting, if not the system''s')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'The name to log in with')
            [CompletionResult]::new('--domain', '--domain', [CompletionResultType]::ParameterName, 'A domain to ask for with ATRN; none: all the provider has for us (repeatable)')
            [CompletionResult]::new('--accept-domain', '--accept-domain', [CompletionResultType]::ParameterName, 'A domain to accept mail for, when none is asked for by name (repeatable)')
            [CompletionResult]::new('--deliver', '--deliver', [CompletionResultType]::ParameterName, 'Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH')
            [CompletionResult]::new('--folder', '--folder', [CompletionResultType]::ParameterName, 'Mail for this recipient goes to this folder of the Maildir (repeatable)')
            [CompletionResult]::new('--argument', '--argument', [CompletionResultType]::ParameterName, 'An argument for the program of command:, placeholders like {recipient} in it (repeatable)')
            [CompletionResult]::new('--max-messages', '--max-messages', [CompletionResultType]::ParameterName, 'Take this many messages, then say 421; the rest stays at the provider')
            [CompletionResult]::new('--max-bytes', '--max-bytes', [CompletionResultType]::ParameterName, 'Take this much in all, then say 421')
            [CompletionResult]::new('--max-message-size', '--max-message-size', [CompletionResultType]::ParameterName, 'Put off messages larger than this with 452')
            [CompletionResult]::new('--transcript', '--transcript', [CompletionResultType]::ParameterName, 'Write the dialogue of each session to this folder, secrets removed')
            [CompletionResult]::new('--on-mail', '--on-mail', [CompletionResultType]::ParameterName, 'Run this program when mail has come; its arguments follow, one a flag (repeatable)')
            [CompletionResult]::new('--on-error', '--on-error', [CompletionResultType]::ParameterName, 'Run this program when something is wrong, or is no longer (repeatable, like --on-mail)')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Remember in this folder how runs went')
            [CompletionResult]::new('--password-command', '--password-command', [CompletionResultType]::ParameterName, 'Run this command; the first line it prints is the password')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'The first line of this file is the password; others must not be able to read it')
            [CompletionResult]::new('--password-fd', '--password-fd', [CompletionResultType]::ParameterName, 'Read the password from this open file descriptor')
            [CompletionResult]::new('--credential', '--credential', [CompletionResultType]::ParameterName, 'The systemd credential of this name is the password')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'For whom standard output is')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'For whom standard output is')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Its port [default: 366]')
            [CompletionResult]::new('--tls', '--tls', [CompletionResultType]::ParameterName, 'How the line is encrypted [default: starttls]')
            [CompletionResult]::new('--ask', '--ask', [CompletionResultType]::ParameterName, 'Which of several providers to ask [default: first]')
            [CompletionResult]::new('--mech', '--mech', [CompletionResultType]::ParameterName, 'How to log in [default: auto]')
            [CompletionResult]::new('--clear-auth', '--clear-auth', [CompletionResultType]::ParameterName, 'What may be used to log in while the line is in clear [default: none]')
            [CompletionResult]::new('--per', '--per', [CompletionResultType]::ParameterName, 'How often the program of command: is run [default: recipient]')
            [CompletionResult]::new('--force-atrn', '--force-atrn', [CompletionResultType]::ParameterName, 'Say ATRN even to a server that does not list it [default: false]')
            [CompletionResult]::new('--turn', '--turn', [CompletionResultType]::ParameterName, 'Say a bare TURN, logged in, to a server that lists TURN and no ATRN [default: false]')
            [CompletionResult]::new('--max-session', '--max-session', [CompletionResultType]::ParameterName, 'Say 421 after this long [default: 1h]')
            [CompletionResult]::new('--max-rounds', '--max-rounds', [CompletionResultType]::ParameterName, 'Call this often in a row while the provider has more mail [default: 5]')
            [CompletionResult]::new('--timeout-connect', '--timeout-connect', [CompletionResultType]::ParameterName, 'Wait this long for a connection [default: 30s]')
            [CompletionResult]::new('--timeout-greeting', '--timeout-greeting', [CompletionResultType]::ParameterName, 'Wait this long for the greeting, and for the TLS handshake [default: 5m]')
            [CompletionResult]::new('--timeout-command', '--timeout-command', [CompletionResultType]::ParameterName, 'Wait this long for a reply or a command [default: 5m]')
            [CompletionResult]::new('--timeout-data', '--timeout-data', [CompletionResultType]::ParameterName, 'Wait this long for the next octets of a message [default: 5m]')
            [CompletionResult]::new('--timeout-turn', '--timeout-turn', [CompletionResultType]::ParameterName, 'Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]')
            [CompletionResult]::new('--timeout-program', '--timeout-program', [CompletionResultType]::ParameterName, 'Wait this long for the program of command: to end [default: 5m]')
            [CompletionResult]::new('--lock', '--lock', [CompletionResultType]::ParameterName, 'What to do when another run holds the account [default: fail]')
            [CompletionResult]::new('--report-interval', '--report-interval', [CompletionResultType]::ParameterName, 'With --quiet, tell the same trouble once in this time [default: 1d]')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every account of the settings files, one after the other')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'The same as --format jsonl')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong, and the same trouble only once in --report-interval')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong, and the same trouble only once in --report-interval')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice: the whole dialogue, secrets removed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice: the whole dialogue, secrets removed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'atrn-fetch;show-config' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings file; the user''s and the system''s are then left alone')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file; the user''s and the system''s are then left alone')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'The provider to call: a name or an address')
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'Trust the certificates signed by those in this PEM file, and no others')
            [CompletionResult]::new('--fingerprint', '--fingerprint', [CompletionResultType]::ParameterName, 'Trust the certificate with this SHA-256 (sha256:...), whoever signed it')
            [CompletionResult]::new('--servername', '--servername', [CompletionResultType]::ParameterName, 'The name the provider''s certificate must bear, if not that of --server')
            [CompletionResult]::new('--certificate', '--certificate', [CompletionResultType]::ParameterName, 'Our own TLS certificate, a chain in PEM')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'The key to it, in PEM, readable by nobody else')
            [CompletionResult]::new('--ehlo', '--ehlo', [CompletionResultType]::ParameterName, 'The name we give with EHLO and in our greeting, if not the system''s')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'The name to log in with')
            [CompletionResult]::new('--domain', '--domain', [CompletionResultType]::ParameterName, 'A domain to ask for with ATRN; none: all the provider has for us (repeatable)')
            [CompletionResult]::new('--accept-domain', '--accept-domain', [CompletionResultType]::ParameterName, 'A domain to accept mail for, when none is asked for by name (repeatable)')
            [CompletionResult]::new('--deliver', '--deliver', [CompletionResultType]::ParameterName, 'Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH')
            [CompletionResult]::new('--folder', '--folder', [CompletionResultType]::ParameterName, 'Mail for this recipient goes to this folder of the Maildir (repeatable)')
            [CompletionResult]::new('--argument', '--argument', [CompletionResultType]::ParameterName, 'An argument for the program of command:, placeholders like {recipient} in it (repeatable)')
            [CompletionResult]::new('--max-messages', '--max-messages', [CompletionResultType]::ParameterName, 'Take this many messages, then say 421; the rest stays at the provider')
            [CompletionResult]::new('--max-bytes', '--max-bytes', [CompletionResultType]::ParameterName, 'Take this much in all, then say 421')
            [CompletionResult]::new('--max-message-size', '--max-message-size', [CompletionResultType]::ParameterName, 'Put off messages larger than this with 452')
            [CompletionResult]::new('--transcript', '--transcript', [CompletionResultType]::ParameterName, 'Write the dialogue of each session to this folder, secrets removed')
            [CompletionResult]::new('--on-mail', '--on-mail', [CompletionResultType]::ParameterName, 'Run this program when mail has come; its arguments follow, one a flag (repeatable)')
            [CompletionResult]::new('--on-error', '--on-error', [CompletionResultType]::ParameterName, 'Run this program when something is wrong, or is no longer (repeatable, like --on-mail)')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Remember in this folder how runs went')
            [CompletionResult]::new('--password-command', '--password-command', [CompletionResultType]::ParameterName, 'Run this command; the first line it prints is the password')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'The first line of this file is the password; others must not be able to read it')
            [CompletionResult]::new('--password-fd', '--password-fd', [CompletionResultType]::ParameterName, 'Read the password from this open file descriptor')
            [CompletionResult]::new('--credential', '--credential', [CompletionResultType]::ParameterName, 'The systemd credential of this name is the password')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'For whom standard output is')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'For whom standard output is')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Its port [default: 366]')
            [CompletionResult]::new('--tls', '--tls', [CompletionResultType]::ParameterName, 'How the line is encrypted [default: starttls]')
            [CompletionResult]::new('--ask', '--ask', [CompletionResultType]::ParameterName, 'Which of several providers to ask [default: first]')
            [CompletionResult]::new('--mech', '--mech', [CompletionResultType]::ParameterName, 'How to log in [default: auto]')
            [CompletionResult]::new('--clear-auth', '--clear-auth', [CompletionResultType]::ParameterName, 'What may be used to log in while the line is in clear [default: none]')
            [CompletionResult]::new('--per', '--per', [CompletionResultType]::ParameterName, 'How often the program of command: is run [default: recipient]')
            [CompletionResult]::new('--force-atrn', '--force-atrn', [CompletionResultType]::ParameterName, 'Say ATRN even to a server that does not list it [default: false]')
            [CompletionResult]::new('--turn', '--turn', [CompletionResultType]::ParameterName, 'Say a bare TURN, logged in, to a server that lists TURN and no ATRN [default: false]')
            [CompletionResult]::new('--max-session', '--max-session', [CompletionResultType]::ParameterName, 'Say 421 after this long [default: 1h]')
            [CompletionResult]::new('--max-rounds', '--max-rounds', [CompletionResultType]::ParameterName, 'Call this often in a row while the provider has more mail [default: 5]')
            [CompletionResult]::new('--timeout-connect', '--timeout-connect', [CompletionResultType]::ParameterName, 'Wait this long for a connection [default: 30s]')
            [CompletionResult]::new('--timeout-greeting', '--timeout-greeting', [CompletionResultType]::ParameterName, 'Wait this long for the greeting, and for the TLS handshake [default: 5m]')
            [CompletionResult]::new('--timeout-command', '--timeout-command', [CompletionResultType]::ParameterName, 'Wait this long for a reply or a command [default: 5m]')
            [CompletionResult]::new('--timeout-data', '--timeout-data', [CompletionResultType]::ParameterName, 'Wait this long for the next octets of a message [default: 5m]')
            [CompletionResult]::new('--timeout-turn', '--timeout-turn', [CompletionResultType]::ParameterName, 'Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1) [default: 10m30s]')
            [CompletionResult]::new('--timeout-program', '--timeout-program', [CompletionResultType]::ParameterName, 'Wait this long for the program of command: to end [default: 5m]')
            [CompletionResult]::new('--lock', '--lock', [CompletionResultType]::ParameterName, 'What to do when another run holds the account [default: fail]')
            [CompletionResult]::new('--report-interval', '--report-interval', [CompletionResultType]::ParameterName, 'With --quiet, tell the same trouble once in this time [default: 1d]')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every account of the settings files, one after the other')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'The same as --format jsonl')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong, and the same trouble only once in --report-interval')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong, and the same trouble only once in --report-interval')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice: the whole dialogue, secrets removed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice: the whole dialogue, secrets removed')
            [CompletionResult]::new('--origin', '--origin', [CompletionResultType]::ParameterName, 'Say of each setting where it comes from')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'atrn-fetch;help' {
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Fetch (this is what happens when no command is named)')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Log in, show what the provider can do, and leave without the turn')
            [CompletionResult]::new('test-target', 'test-target', [CompletionResultType]::ParameterValue, 'Try the place where mail would be delivered; the provider is not called')
            [CompletionResult]::new('show-config', 'show-config', [CompletionResultType]::ParameterValue, 'Show the settings that count; never a secret')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'atrn-fetch;help;run' {
            break
        }
        'atrn-fetch;help;check' {
            break
        }
        'atrn-fetch;help;test-target' {
            break
        }
        'atrn-fetch;help;show-config' {
            break
        }
        'atrn-fetch;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}

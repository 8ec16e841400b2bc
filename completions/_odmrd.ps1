
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'odmrd' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'odmrd'
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
        'odmrd' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Serve until told to stop; SIGHUP reads settings, accounts and certificates anew')
            [CompletionResult]::new('check-config', 'check-config', [CompletionResultType]::ParameterValue, 'Judge settings and accounts, say what is wrong, and stop')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write commented settings, a self-signed certificate and the state directory')
            [CompletionResult]::new('account', 'account', [CompletionResultType]::ParameterValue, 'The customers')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Show the whole journey on this machine: a mail comes in and a customer collects it')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'odmrd;run' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'odmrd;check-config' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'odmrd;init' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'The folder for the files; nothing in it is overwritten [default: that of --config]')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Where mail will rest; a relative one starts at the folder of the settings')
            [CompletionResult]::new('--hostname', '--hostname', [CompletionResultType]::ParameterName, 'The provider''s full name [default: the system''s]')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Whom the daemon becomes once its ports are bound; it gives this user the files it needs')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--no-certificate', '--no-certificate', [CompletionResultType]::ParameterName, 'Make no certificate')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'odmrd;account' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a customer')
            [CompletionResult]::new('passwd', 'passwd', [CompletionResultType]::ParameterValue, 'Give a customer a new password')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the customers')
            [CompletionResult]::new('ls', 'ls', [CompletionResultType]::ParameterValue, 'List the customers')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a customer; mail that waits for its domains stays')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Remove a customer; mail that waits for its domains stays')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'odmrd;account;add' {
            [CompletionResult]::new('--domain', '--domain', [CompletionResultType]::ParameterName, 'A domain whose mail is the customer''s (repeatable)')
            [CompletionResult]::new('--alias', '--alias', [CompletionResultType]::ParameterName, 'Another name to log in with (repeatable)')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'Read the password from the first line of a file')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--submit', '--submit', [CompletionResultType]::ParameterName, 'The customer may send mail of its own, through the smarthost')
            [CompletionResult]::new('--dovecot', '--dovecot', [CompletionResultType]::ParameterName, 'Keep no password: Dovecot has it, and is asked at odmr.dovecot_socket')
            [CompletionResult]::new('--password-stdin', '--password-stdin', [CompletionResultType]::ParameterName, 'Read the password from the first line of standard input')
            [CompletionResult]::new('--generate', '--generate', [CompletionResultType]::ParameterName, 'Make a password up and show it once')
            [CompletionResult]::new('--no-cram', '--no-cram', [CompletionResultType]::ParameterName, 'Keep nothing for CRAM-MD5, whose secrets are worth the password; fetchmail then cannot log in')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'odmrd;account;passwd' {
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'Read the password from the first line of a file')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--password-stdin', '--password-stdin', [CompletionResultType]::ParameterName, 'Read the password from the first line of standard input')
            [CompletionResult]::new('--generate', '--generate', [CompletionResultType]::ParameterName, 'Make a password up and show it once')
            [CompletionResult]::new('--no-cram', '--no-cram', [CompletionResultType]::ParameterName, 'Keep nothing for CRAM-MD5, whose secrets are worth the password; fetchmail then cannot log in')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'odmrd;account;list' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object a line')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'odmrd;account;ls' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object a line')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'odmrd;account;remove' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'odmrd;account;rm' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'odmrd;account;help' {
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a customer')
            [CompletionResult]::new('passwd', 'passwd', [CompletionResultType]::ParameterValue, 'Give a customer a new password')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the customers')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a customer; mail that waits for its domains stays')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'odmrd;account;help;add' {
            break
        }
        'odmrd;account;help;passwd' {
            break
        }
        'odmrd;account;help;list' {
            break
        }
        'odmrd;account;help;remove' {
            break
        }
        'odmrd;account;help;help' {
            break
        }
        'odmrd;demo' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Leave the demo''s folder behind, to look into')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'odmrd;help' {
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Serve until told to stop; SIGHUP reads settings, accounts and certificates anew')
            [CompletionResult]::new('check-config', 'check-config', [CompletionResultType]::ParameterValue, 'Judge settings and accounts, say what is wrong, and stop')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write commented settings, a self-signed certificate and the state directory')
            [CompletionResult]::new('account', 'account', [CompletionResultType]::ParameterValue, 'The customers')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Show the whole journey on this machine: a mail comes in and a customer collects it')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'odmrd;help;run' {
            break
        }
        'odmrd;help;check-config' {
            break
        }
        'odmrd;help;init' {
            break
        }
        'odmrd;help;account' {
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a customer')
            [CompletionResult]::new('passwd', 'passwd', [CompletionResultType]::ParameterValue, 'Give a customer a new password')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the customers')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a customer; mail that waits for its domains stays')
            break
        }
        'odmrd;help;account;add' {
            break
        }
        'odmrd;help;account;passwd' {
            break
        }
        'odmrd;help;account;list' {
            break
        }
        'odmrd;help;account;remove' {
            break
        }
        'odmrd;help;demo' {
            break
        }
        'odmrd;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}

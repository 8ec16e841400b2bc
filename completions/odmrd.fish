# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_odmrd_global_optspecs
    string join \n c/config= h/help V/version
end

function __fish_odmrd_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_odmrd_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_odmrd_using_subcommand
    set -l cmd (__fish_odmrd_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c odmrd -n "__fish_odmrd_needs_command" -s c -l config -d 'The settings file' -r -F
complete -c odmrd -n "__fish_odmrd_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c odmrd -n "__fish_odmrd_needs_command" -s V -l version -d 'Print version'
complete -c odmrd -n "__fish_odmrd_needs_command" -f -a "run" -d 'Serve until told to stop; SIGHUP reads settings, accounts and certificates anew'
complete -c odmrd -n "__fish_odmrd_needs_command" -f -a "check-config" -d 'Judge settings and accounts, say what is wrong, and stop'
complete -c odmrd -n "__fish_odmrd_needs_command" -f -a "init" -d 'Write commented settings, a self-signed certificate and the state directory'
complete -c odmrd -n "__fish_odmrd_needs_command" -f -a "account" -d 'The customers'
complete -c odmrd -n "__fish_odmrd_needs_command" -f -a "demo" -d 'Show the whole journey on this machine: a mail comes in and a customer collects it'
complete -c odmrd -n "__fish_odmrd_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c odmrd -n "__fish_odmrd_using_subcommand run" -s c -l config -d 'The settings file' -r -F
complete -c odmrd -n "__fish_odmrd_using_subcommand run" -s h -l help -d 'Print help'
complete -c odmrd -n "__fish_odmrd_using_subcommand check-config" -s c -l config -d 'The settings file' -r -F
complete -c odmrd -n "__fish_odmrd_using_subcommand check-config" -s h -l help -d 'Print help'
complete -c odmrd -n "__fish_odmrd_using_subcommand init" -l dir -d 'The folder for the files; nothing in it is overwritten [default: that of --config]' -r -F
complete -c odmrd -n "__fish_odmrd_using_subcommand init" -l state-dir -d 'Where mail will rest; a relative one starts at the folder of the settings' -r -F
complete -c odmrd -n "__fish_odmrd_using_subcommand init" -l hostname -d 'The provider\'s full name [default: the system\'s]' -r
complete -c odmrd -n "__fish_odmrd_using_subcommand init" -l user -d 'Whom the daemon becomes once its ports are bound; it gives this user the files it needs' -r
complete -c odmrd -n "__fish_odmrd_using_subcommand init" -s c -l config -d 'The settings file' -r -F
complete -c odmrd -n "__fish_odmrd_using_subcommand init" -l no-certificate -d 'Make no certificate'
complete -c odmrd -n "__fish_odmrd_using_subcommand init" -s h -l help -d 'Print help'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and not __fish_seen_subcommand_from add passwd list ls remove rm help" -s c -l config -d 'The settings file' -r -F
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and not __fish_seen_subcommand_from add passwd list ls remove rm help" -s h -l help -d 'Print help'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and not __fish_seen_subcommand_from add passwd list ls remove rm help" -f -a "add" -d 'Add a customer'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and not __fish_seen_subcommand_from add passwd list ls remove rm help" -f -a "passwd" -d 'Give a customer a new password'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and not __fish_seen_subcommand_from add passwd list ls remove rm help" -f -a "list" -d 'List the customers'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and not __fish_seen_subcommand_from add passwd list ls remove rm help" -f -a "ls" -d 'List the customers'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and not __fish_seen_subcommand_from add passwd list ls remove rm help" -f -a "remove" -d 'Remove a customer; mail that waits for its domains stays'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and not __fish_seen_subcommand_from add passwd list ls remove rm help" -f -a "rm" -d 'Remove a customer; mail that waits for its domains stays'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and not __fish_seen_subcommand_from add passwd list ls remove rm help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from add" -l domain -d 'A domain whose mail is the customer\'s (repeatable)' -r
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from add" -l alias -d 'Another name to log in with (repeatable)' -r
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from add" -l password-file -d 'Read the password from the first line of a file' -r -F
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from add" -s c -l config -d 'The settings file' -r -F
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from add" -l submit -d 'The customer may send mail of its own, through the smarthost'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from add" -l dovecot -d 'Keep no password: Dovecot has it, and is asked at odmr.dovecot_socket'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from add" -l password-stdin -d 'Read the password from the first line of standard input'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from add" -l generate -d 'Make a password up and show it once'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from add" -l no-cram -d 'Keep nothing for CRAM-MD5, whose secrets are worth the password; fetchmail then cannot log in'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from passwd" -l password-file -d 'Read the password from the first line of a file' -r -F
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from passwd" -s c -l config -d 'The settings file' -r -F
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from passwd" -l password-stdin -d 'Read the password from the first line of standard input'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from passwd" -l generate -d 'Make a password up and show it once'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from passwd" -l no-cram -d 'Keep nothing for CRAM-MD5, whose secrets are worth the password; fetchmail then cannot log in'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from passwd" -s h -l help -d 'Print help'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from list" -s c -l config -d 'The settings file' -r -F
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from list" -l json -d 'One JSON object a line'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from ls" -s c -l config -d 'The settings file' -r -F
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from ls" -l json -d 'One JSON object a line'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from remove" -s c -l config -d 'The settings file' -r -F
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from rm" -s c -l config -d 'The settings file' -r -F
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add a customer'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "passwd" -d 'Give a customer a new password'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the customers'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Remove a customer; mail that waits for its domains stays'
complete -c odmrd -n "__fish_odmrd_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c odmrd -n "__fish_odmrd_using_subcommand demo" -s c -l config -d 'The settings file' -r -F
complete -c odmrd -n "__fish_odmrd_using_subcommand demo" -l keep -d 'Leave the demo\'s folder behind, to look into'
complete -c odmrd -n "__fish_odmrd_using_subcommand demo" -s h -l help -d 'Print help'
complete -c odmrd -n "__fish_odmrd_using_subcommand help; and not __fish_seen_subcommand_from run check-config init account demo help" -f -a "run" -d 'Serve until told to stop; SIGHUP reads settings, accounts and certificates anew'
complete -c odmrd -n "__fish_odmrd_using_subcommand help; and not __fish_seen_subcommand_from run check-config init account demo help" -f -a "check-config" -d 'Judge settings and accounts, say what is wrong, and stop'
complete -c odmrd -n "__fish_odmrd_using_subcommand help; and not __fish_seen_subcommand_from run check-config init account demo help" -f -a "init" -d 'Write commented settings, a self-signed certificate and the state directory'
complete -c odmrd -n "__fish_odmrd_using_subcommand help; and not __fish_seen_subcommand_from run check-config init account demo help" -f -a "account" -d 'The customers'
complete -c odmrd -n "__fish_odmrd_using_subcommand help; and not __fish_seen_subcommand_from run check-config init account demo help" -f -a "demo" -d 'Show the whole journey on this machine: a mail comes in and a customer collects it'
complete -c odmrd -n "__fish_odmrd_using_subcommand help; and not __fish_seen_subcommand_from run check-config init account demo help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c odmrd -n "__fish_odmrd_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "add" -d 'Add a customer'
complete -c odmrd -n "__fish_odmrd_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "passwd" -d 'Give a customer a new password'
complete -c odmrd -n "__fish_odmrd_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "list" -d 'List the customers'
complete -c odmrd -n "__fish_odmrd_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "remove" -d 'Remove a customer; mail that waits for its domains stays'

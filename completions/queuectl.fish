# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_queuectl_global_optspecs
    string join \n c/config= socket= spool= h/help V/version
end

function __fish_queuectl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_queuectl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_queuectl_using_subcommand
    set -l cmd (__fish_queuectl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c queuectl -n "__fish_queuectl_needs_command" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_needs_command" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_needs_command" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c queuectl -n "__fish_queuectl_needs_command" -s V -l version -d 'Print version'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "list" -d 'The messages in the queue'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "show" -d 'All that is known of a message'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "domains" -d 'What waits for each domain'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "stats" -d 'The queue by groups'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "hold" -d 'Keep messages from being handed over'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "release" -d 'Have held messages handed over again'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "delete" -d 'Drop messages; nobody is told'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "bounce" -d 'Refuse messages: each sender is told, as if the customer had refused'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "expire" -d 'Give messages up now, as if their time had run out: each sender is told'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "requeue" -d 'Forget that messages were tried: back to their place in the queue'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "redirect" -d 'Give messages to another domain of ours: their recipients get the same names there'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "export" -d 'Write messages into files, content and envelope; they stay in the queue'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "import" -d 'Take messages in that export has written; what is there already is not taken twice'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "verify" -d 'Look the whole spool through: rows, contents, counts, files; 1 when something is wrong'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "sessions" -d 'Customers\' sessions that have ended, since odmrd was started; the last hundred'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "audit" -d 'What operators did'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "wait" -d 'Wait until there are no such messages, or until there are'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "watch" -d 'Follow what happens: mail that comes, waits, goes; sessions; orders'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "top" -d 'A live view: domains, sessions, what happens'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "schema" -d 'The JSON Schema of what is told'
complete -c queuectl -n "__fish_queuectl_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l domain -d 'Of this domain, or of all below it (*.example.org)' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l account -d 'Of this account' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l state -d 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l sender -d 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l rcpt -d 'To this recipient, likewise' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l id -d 'With this id; - reads ids from standard input, one a line or with a NUL behind each' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l older -d 'Waiting for longer than this: 90m, 3d' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l newer -d 'Taken within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l larger -d 'Larger than this: 10 MiB' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l smaller -d 'Smaller than this' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l expires-within -d 'Given up within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l attempts -d 'Tried by so many sessions: 3, \'>3\', \'<=2\'' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l code -d 'Of which the customer last said this: 452, 4xx, 4.2.2' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l said -d 'Of which the customer last said something in which this regular expression is found' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l source -d 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l format -d 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l warning -d '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l critical -d '--format nagios: more than this are critical' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l fields -d 'These fields only, in this order; a dot leads into an object: id,source.ip' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l sort -d 'In the order of this field; the whole list is kept in memory for it' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l limit -d 'At most so many' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l held -d 'Held by an operator'
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l damaged -d 'Set aside because they are damaged'
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l json -d 'Short for --format jsonl'
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l reverse -d 'The other way round'
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l by-recipient -d 'A row for each recipient'
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l fail-if-empty -d 'Exit with 1 when there are none'
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -l fail-if-any -d 'Exit with 1 when there are any'
complete -c queuectl -n "__fish_queuectl_using_subcommand list" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand show" -l format -d 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand show" -l warning -d '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand show" -l critical -d '--format nagios: more than this are critical' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand show" -l fields -d 'These fields only, in this order; a dot leads into an object: id,source.ip' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand show" -l sort -d 'In the order of this field; the whole list is kept in memory for it' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand show" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand show" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand show" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand show" -l raw -l eml -d 'The content as it would be handed over, to the octet; on a terminal, harmless'
complete -c queuectl -n "__fish_queuectl_using_subcommand show" -l headers -d 'The header of it'
complete -c queuectl -n "__fish_queuectl_using_subcommand show" -l body -d 'What stands behind the header'
complete -c queuectl -n "__fish_queuectl_using_subcommand show" -l json -d 'Short for --format jsonl'
complete -c queuectl -n "__fish_queuectl_using_subcommand show" -l reverse -d 'The other way round'
complete -c queuectl -n "__fish_queuectl_using_subcommand show" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand domains" -l format -d 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand domains" -l warning -d '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand domains" -l critical -d '--format nagios: more than this are critical' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand domains" -l fields -d 'These fields only, in this order; a dot leads into an object: id,source.ip' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand domains" -l sort -d 'In the order of this field; the whole list is kept in memory for it' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand domains" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand domains" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand domains" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand domains" -l ages -d 'Count recipients and ages too, which takes a walk through all that waits'
complete -c queuectl -n "__fish_queuectl_using_subcommand domains" -l json -d 'Short for --format jsonl'
complete -c queuectl -n "__fish_queuectl_using_subcommand domains" -l reverse -d 'The other way round'
complete -c queuectl -n "__fish_queuectl_using_subcommand domains" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l domain -d 'Of this domain, or of all below it (*.example.org)' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l account -d 'Of this account' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l state -d 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l sender -d 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l rcpt -d 'To this recipient, likewise' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l id -d 'With this id; - reads ids from standard input, one a line or with a NUL behind each' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l older -d 'Waiting for longer than this: 90m, 3d' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l newer -d 'Taken within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l larger -d 'Larger than this: 10 MiB' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l smaller -d 'Smaller than this' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l expires-within -d 'Given up within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l attempts -d 'Tried by so many sessions: 3, \'>3\', \'<=2\'' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l code -d 'Of which the customer last said this: 452, 4xx, 4.2.2' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l said -d 'Of which the customer last said something in which this regular expression is found' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l source -d 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l group-by -d 'What the messages of a group have in common' -r -f -a "domain\t'Whose they are'
account\t'The account that may claim them'
sender\t'Who sent them'
state\t'How they stand'
reason\t'What the customer last said of them'
age\t'How old they are: up to 1h, 6h, 1d, 3d, 7d, or older'"
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l format -d 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l warning -d '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l critical -d '--format nagios: more than this are critical' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l fields -d 'These fields only, in this order; a dot leads into an object: id,source.ip' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l sort -d 'In the order of this field; the whole list is kept in memory for it' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l held -d 'Held by an operator'
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l damaged -d 'Set aside because they are damaged'
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l json -d 'Short for --format jsonl'
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -l reverse -d 'The other way round'
complete -c queuectl -n "__fish_queuectl_using_subcommand stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l domain -d 'Of this domain, or of all below it (*.example.org)' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l account -d 'Of this account' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l state -d 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l sender -d 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l rcpt -d 'To this recipient, likewise' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l id -d 'With this id; - reads ids from standard input, one a line or with a NUL behind each' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l older -d 'Waiting for longer than this: 90m, 3d' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l newer -d 'Taken within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l larger -d 'Larger than this: 10 MiB' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l smaller -d 'Smaller than this' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l expires-within -d 'Given up within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l attempts -d 'Tried by so many sessions: 3, \'>3\', \'<=2\'' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l code -d 'Of which the customer last said this: 452, 4xx, 4.2.2' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l said -d 'Of which the customer last said something in which this regular expression is found' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l source -d 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l reason -d 'Why, for the audit' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l format -d 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l warning -d '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l critical -d '--format nagios: more than this are critical' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l fields -d 'These fields only, in this order; a dot leads into an object: id,source.ip' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l sort -d 'In the order of this field; the whole list is kept in memory for it' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l until -d 'Until then: 2026-12-24T18:00:00Z, or 12h, 3d from now; without it, until released' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l held -d 'Held by an operator'
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l damaged -d 'Set aside because they are damaged'
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l all -d 'Every message that there is'
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -s n -l dry-run -d 'Only show which those would be'
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -s y -l yes -d 'Do not ask'
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l allow-none -d 'Exit with 0 when there were no such messages'
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l json -d 'Short for --format jsonl'
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -l reverse -d 'The other way round'
complete -c queuectl -n "__fish_queuectl_using_subcommand hold" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l domain -d 'Of this domain, or of all below it (*.example.org)' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l account -d 'Of this account' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l state -d 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l sender -d 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l rcpt -d 'To this recipient, likewise' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l id -d 'With this id; - reads ids from standard input, one a line or with a NUL behind each' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l older -d 'Waiting for longer than this: 90m, 3d' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l newer -d 'Taken within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l larger -d 'Larger than this: 10 MiB' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l smaller -d 'Smaller than this' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l expires-within -d 'Given up within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l attempts -d 'Tried by so many sessions: 3, \'>3\', \'<=2\'' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l code -d 'Of which the customer last said this: 452, 4xx, 4.2.2' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l said -d 'Of which the customer last said something in which this regular expression is found' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l source -d 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l reason -d 'Why, for the audit' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l format -d 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l warning -d '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l critical -d '--format nagios: more than this are critical' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l fields -d 'These fields only, in this order; a dot leads into an object: id,source.ip' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l sort -d 'In the order of this field; the whole list is kept in memory for it' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l held -d 'Held by an operator'
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l damaged -d 'Set aside because they are damaged'
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l all -d 'Every message that there is'
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -s n -l dry-run -d 'Only show which those would be'
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -s y -l yes -d 'Do not ask'
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l allow-none -d 'Exit with 0 when there were no such messages'
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l json -d 'Short for --format jsonl'
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -l reverse -d 'The other way round'
complete -c queuectl -n "__fish_queuectl_using_subcommand release" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l domain -d 'Of this domain, or of all below it (*.example.org)' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l account -d 'Of this account' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l state -d 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l sender -d 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l rcpt -d 'To this recipient, likewise' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l id -d 'With this id; - reads ids from standard input, one a line or with a NUL behind each' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l older -d 'Waiting for longer than this: 90m, 3d' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l newer -d 'Taken within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l larger -d 'Larger than this: 10 MiB' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l smaller -d 'Smaller than this' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l expires-within -d 'Given up within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l attempts -d 'Tried by so many sessions: 3, \'>3\', \'<=2\'' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l code -d 'Of which the customer last said this: 452, 4xx, 4.2.2' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l said -d 'Of which the customer last said something in which this regular expression is found' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l source -d 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l reason -d 'Why, for the audit' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l format -d 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l warning -d '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l critical -d '--format nagios: more than this are critical' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l fields -d 'These fields only, in this order; a dot leads into an object: id,source.ip' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l sort -d 'In the order of this field; the whole list is kept in memory for it' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l held -d 'Held by an operator'
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l damaged -d 'Set aside because they are damaged'
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l all -d 'Every message that there is'
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -s n -l dry-run -d 'Only show which those would be'
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -s y -l yes -d 'Do not ask'
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l allow-none -d 'Exit with 0 when there were no such messages'
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l json -d 'Short for --format jsonl'
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l reverse -d 'The other way round'
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -l undo -d 'Call back what was deleted, within a day'
complete -c queuectl -n "__fish_queuectl_using_subcommand delete" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l domain -d 'Of this domain, or of all below it (*.example.org)' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l account -d 'Of this account' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l state -d 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l sender -d 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l rcpt -d 'To this recipient, likewise' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l id -d 'With this id; - reads ids from standard input, one a line or with a NUL behind each' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l older -d 'Waiting for longer than this: 90m, 3d' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l newer -d 'Taken within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l larger -d 'Larger than this: 10 MiB' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l smaller -d 'Smaller than this' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l expires-within -d 'Given up within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l attempts -d 'Tried by so many sessions: 3, \'>3\', \'<=2\'' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l code -d 'Of which the customer last said this: 452, 4xx, 4.2.2' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l said -d 'Of which the customer last said something in which this regular expression is found' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l source -d 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l reason -d 'Why, for the audit' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l format -d 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l warning -d '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l critical -d '--format nagios: more than this are critical' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l fields -d 'These fields only, in this order; a dot leads into an object: id,source.ip' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l sort -d 'In the order of this field; the whole list is kept in memory for it' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l status -d 'The enhanced status that senders are told' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l text -d 'And the words' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l held -d 'Held by an operator'
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l damaged -d 'Set aside because they are damaged'
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l all -d 'Every message that there is'
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -s n -l dry-run -d 'Only show which those would be'
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -s y -l yes -d 'Do not ask'
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l allow-none -d 'Exit with 0 when there were no such messages'
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l json -d 'Short for --format jsonl'
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -l reverse -d 'The other way round'
complete -c queuectl -n "__fish_queuectl_using_subcommand bounce" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l domain -d 'Of this domain, or of all below it (*.example.org)' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l account -d 'Of this account' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l state -d 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l sender -d 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l rcpt -d 'To this recipient, likewise' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l id -d 'With this id; - reads ids from standard input, one a line or with a NUL behind each' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l older -d 'Waiting for longer than this: 90m, 3d' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l newer -d 'Taken within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l larger -d 'Larger than this: 10 MiB' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l smaller -d 'Smaller than this' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l expires-within -d 'Given up within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l attempts -d 'Tried by so many sessions: 3, \'>3\', \'<=2\'' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l code -d 'Of which the customer last said this: 452, 4xx, 4.2.2' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l said -d 'Of which the customer last said something in which this regular expression is found' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l source -d 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l reason -d 'Why, for the audit' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l format -d 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l warning -d '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l critical -d '--format nagios: more than this are critical' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l fields -d 'These fields only, in this order; a dot leads into an object: id,source.ip' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l sort -d 'In the order of this field; the whole list is kept in memory for it' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l held -d 'Held by an operator'
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l damaged -d 'Set aside because they are damaged'
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l all -d 'Every message that there is'
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -s n -l dry-run -d 'Only show which those would be'
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -s y -l yes -d 'Do not ask'
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l allow-none -d 'Exit with 0 when there were no such messages'
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l json -d 'Short for --format jsonl'
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -l reverse -d 'The other way round'
complete -c queuectl -n "__fish_queuectl_using_subcommand expire" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l domain -d 'Of this domain, or of all below it (*.example.org)' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l account -d 'Of this account' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l state -d 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l sender -d 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l rcpt -d 'To this recipient, likewise' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l id -d 'With this id; - reads ids from standard input, one a line or with a NUL behind each' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l older -d 'Waiting for longer than this: 90m, 3d' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l newer -d 'Taken within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l larger -d 'Larger than this: 10 MiB' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l smaller -d 'Smaller than this' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l expires-within -d 'Given up within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l attempts -d 'Tried by so many sessions: 3, \'>3\', \'<=2\'' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l code -d 'Of which the customer last said this: 452, 4xx, 4.2.2' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l said -d 'Of which the customer last said something in which this regular expression is found' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l source -d 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l reason -d 'Why, for the audit' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l format -d 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l warning -d '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l critical -d '--format nagios: more than this are critical' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l fields -d 'These fields only, in this order; a dot leads into an object: id,source.ip' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l sort -d 'In the order of this field; the whole list is kept in memory for it' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l held -d 'Held by an operator'
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l damaged -d 'Set aside because they are damaged'
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l all -d 'Every message that there is'
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -s n -l dry-run -d 'Only show which those would be'
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -s y -l yes -d 'Do not ask'
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l allow-none -d 'Exit with 0 when there were no such messages'
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l json -d 'Short for --format jsonl'
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -l reverse -d 'The other way round'
complete -c queuectl -n "__fish_queuectl_using_subcommand requeue" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l domain -d 'Of this domain, or of all below it (*.example.org)' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l account -d 'Of this account' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l state -d 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l sender -d 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l rcpt -d 'To this recipient, likewise' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l id -d 'With this id; - reads ids from standard input, one a line or with a NUL behind each' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l older -d 'Waiting for longer than this: 90m, 3d' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l newer -d 'Taken within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l larger -d 'Larger than this: 10 MiB' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l smaller -d 'Smaller than this' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l expires-within -d 'Given up within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l attempts -d 'Tried by so many sessions: 3, \'>3\', \'<=2\'' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l code -d 'Of which the customer last said this: 452, 4xx, 4.2.2' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l said -d 'Of which the customer last said something in which this regular expression is found' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l source -d 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l reason -d 'Why, for the audit' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l format -d 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l warning -d '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l critical -d '--format nagios: more than this are critical' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l fields -d 'These fields only, in this order; a dot leads into an object: id,source.ip' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l sort -d 'In the order of this field; the whole list is kept in memory for it' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l to -d 'To this domain, which a customer must have' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l held -d 'Held by an operator'
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l damaged -d 'Set aside because they are damaged'
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l all -d 'Every message that there is'
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -s n -l dry-run -d 'Only show which those would be'
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -s y -l yes -d 'Do not ask'
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l allow-none -d 'Exit with 0 when there were no such messages'
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l json -d 'Short for --format jsonl'
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -l reverse -d 'The other way round'
complete -c queuectl -n "__fish_queuectl_using_subcommand redirect" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l domain -d 'Of this domain, or of all below it (*.example.org)' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l account -d 'Of this account' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l state -d 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l sender -d 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l rcpt -d 'To this recipient, likewise' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l id -d 'With this id; - reads ids from standard input, one a line or with a NUL behind each' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l older -d 'Waiting for longer than this: 90m, 3d' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l newer -d 'Taken within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l larger -d 'Larger than this: 10 MiB' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l smaller -d 'Smaller than this' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l expires-within -d 'Given up within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l attempts -d 'Tried by so many sessions: 3, \'>3\', \'<=2\'' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l code -d 'Of which the customer last said this: 452, 4xx, 4.2.2' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l said -d 'Of which the customer last said something in which this regular expression is found' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l source -d 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l as -d 'As eml (with a .json each), maildir or mbox (with their envelopes beside them)' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l held -d 'Held by an operator'
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -l damaged -d 'Set aside because they are damaged'
complete -c queuectl -n "__fish_queuectl_using_subcommand export" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand import" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand import" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand import" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand import" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand verify" -l format -d 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand verify" -l warning -d '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand verify" -l critical -d '--format nagios: more than this are critical' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand verify" -l fields -d 'These fields only, in this order; a dot leads into an object: id,source.ip' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand verify" -l sort -d 'In the order of this field; the whole list is kept in memory for it' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand verify" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand verify" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand verify" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand verify" -l repair -d 'Mend what can be mended, of a spool that nobody uses (--spool): indexes and counts are made anew, files that no message speaks of are cleared away, damaged mail is set aside and kept'
complete -c queuectl -n "__fish_queuectl_using_subcommand verify" -s n -l dry-run -d 'With --repair: only look'
complete -c queuectl -n "__fish_queuectl_using_subcommand verify" -l json -d 'Short for --format jsonl'
complete -c queuectl -n "__fish_queuectl_using_subcommand verify" -l reverse -d 'The other way round'
complete -c queuectl -n "__fish_queuectl_using_subcommand verify" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand sessions" -l account -d 'Of this account only (repeatable)' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand sessions" -l limit -d 'The last so many' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand sessions" -l format -d 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand sessions" -l warning -d '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand sessions" -l critical -d '--format nagios: more than this are critical' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand sessions" -l fields -d 'These fields only, in this order; a dot leads into an object: id,source.ip' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand sessions" -l sort -d 'In the order of this field; the whole list is kept in memory for it' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand sessions" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand sessions" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand sessions" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand sessions" -l json -d 'Short for --format jsonl'
complete -c queuectl -n "__fish_queuectl_using_subcommand sessions" -l reverse -d 'The other way round'
complete -c queuectl -n "__fish_queuectl_using_subcommand sessions" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand audit" -l limit -d 'The last so many' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand audit" -l format -d 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand audit" -l warning -d '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand audit" -l critical -d '--format nagios: more than this are critical' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand audit" -l fields -d 'These fields only, in this order; a dot leads into an object: id,source.ip' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand audit" -l sort -d 'In the order of this field; the whole list is kept in memory for it' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand audit" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand audit" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand audit" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand audit" -l json -d 'Short for --format jsonl'
complete -c queuectl -n "__fish_queuectl_using_subcommand audit" -l reverse -d 'The other way round'
complete -c queuectl -n "__fish_queuectl_using_subcommand audit" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l domain -d 'Of this domain, or of all below it (*.example.org)' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l account -d 'Of this account' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l state -d 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l sender -d 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l rcpt -d 'To this recipient, likewise' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l id -d 'With this id; - reads ids from standard input, one a line or with a NUL behind each' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l older -d 'Waiting for longer than this: 90m, 3d' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l newer -d 'Taken within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l larger -d 'Larger than this: 10 MiB' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l smaller -d 'Smaller than this' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l expires-within -d 'Given up within this time' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l attempts -d 'Tried by so many sessions: 3, \'>3\', \'<=2\'' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l code -d 'Of which the customer last said this: 452, 4xx, 4.2.2' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l said -d 'Of which the customer last said something in which this regular expression is found' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l source -d 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l timeout -d 'Give up after this, with 75' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l held -d 'Held by an operator'
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l damaged -d 'Set aside because they are damaged'
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l empty -d 'Until there are none; this is so unless --any is said'
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -l any -d 'Until there are any'
complete -c queuectl -n "__fish_queuectl_using_subcommand wait" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand watch" -l from-cursor -d 'What came behind this `seq` too, as far as odmrd remembers it: the last ten thousand' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand watch" -l event -d 'These only: queued, session_start, delivered, deferred, refused, held, released, deleted, undeleted, expired, bounced, requeued, redirected, session_end' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand watch" -l domain -d 'Of this domain only, or of all below it (*.example.org)' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand watch" -l account -d 'Of this account only' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand watch" -l limit -d 'End after so many' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand watch" -l format -d 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand watch" -l warning -d '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand watch" -l critical -d '--format nagios: more than this are critical' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand watch" -l fields -d 'These fields only, in this order; a dot leads into an object: id,source.ip' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand watch" -l sort -d 'In the order of this field; the whole list is kept in memory for it' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand watch" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand watch" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand watch" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand watch" -l json -d 'Short for --format jsonl'
complete -c queuectl -n "__fish_queuectl_using_subcommand watch" -l reverse -d 'The other way round'
complete -c queuectl -n "__fish_queuectl_using_subcommand watch" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand top" -l interval -d 'How often to look anew' -r
complete -c queuectl -n "__fish_queuectl_using_subcommand top" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand top" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand top" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand top" -l once -d 'Print one frame, and end'
complete -c queuectl -n "__fish_queuectl_using_subcommand top" -l ascii -d 'No characters beyond ASCII'
complete -c queuectl -n "__fish_queuectl_using_subcommand top" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand schema" -s c -l config -d 'The settings of odmrd, where its control socket stands' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand schema" -l socket -d 'Ask at this socket' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand schema" -l spool -d 'Look at the spool in this folder, read-only, whether odmrd runs or not' -r -F
complete -c queuectl -n "__fish_queuectl_using_subcommand schema" -s h -l help -d 'Print help'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "list" -d 'The messages in the queue'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "show" -d 'All that is known of a message'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "domains" -d 'What waits for each domain'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "stats" -d 'The queue by groups'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "hold" -d 'Keep messages from being handed over'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "release" -d 'Have held messages handed over again'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "delete" -d 'Drop messages; nobody is told'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "bounce" -d 'Refuse messages: each sender is told, as if the customer had refused'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "expire" -d 'Give messages up now, as if their time had run out: each sender is told'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "requeue" -d 'Forget that messages were tried: back to their place in the queue'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "redirect" -d 'Give messages to another domain of ours: their recipients get the same names there'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "export" -d 'Write messages into files, content and envelope; they stay in the queue'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "import" -d 'Take messages in that export has written; what is there already is not taken twice'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "verify" -d 'Look the whole spool through: rows, contents, counts, files; 1 when something is wrong'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "sessions" -d 'Customers\' sessions that have ended, since odmrd was started; the last hundred'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "audit" -d 'What operators did'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "wait" -d 'Wait until there are no such messages, or until there are'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "watch" -d 'Follow what happens: mail that comes, waits, goes; sessions; orders'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "top" -d 'A live view: domains, sessions, what happens'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "schema" -d 'The JSON Schema of what is told'
complete -c queuectl -n "__fish_queuectl_using_subcommand help; and not __fish_seen_subcommand_from list show domains stats hold release delete bounce expire requeue redirect export import verify sessions audit wait watch top schema help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'

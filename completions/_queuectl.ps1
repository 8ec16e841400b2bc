
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'queuectl' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'queuectl'
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
        'queuectl' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'The messages in the queue')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'All that is known of a message')
            [CompletionResult]::new('domains', 'domains', [CompletionResultType]::ParameterValue, 'What waits for each domain')
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'The queue by groups')
            [CompletionResult]::new('hold', 'hold', [CompletionResultType]::ParameterValue, 'Keep messages from being handed over')
            [CompletionResult]::new('release', 'release', [CompletionResultType]::ParameterValue, 'Have held messages handed over again')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Drop messages; nobody is told')
            [CompletionResult]::new('bounce', 'bounce', [CompletionResultType]::ParameterValue, 'Refuse messages: each sender is told, as if the customer had refused')
            [CompletionResult]::new('expire', 'expire', [CompletionResultType]::ParameterValue, 'Give messages up now, as if their time had run out: each sender is told')
            [CompletionResult]::new('requeue', 'requeue', [CompletionResultType]::ParameterValue, 'Forget that messages were tried: back to their place in the queue')
            [CompletionResult]::new('redirect', 'redirect', [CompletionResultType]::ParameterValue, 'Give messages to another domain of ours: their recipients get the same names there')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write messages into files, content and envelope; they stay in the queue')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Take messages in that export has written; what is there already is not taken twice')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Look the whole spool through: rows, contents, counts, files; 1 when something is wrong')
            [CompletionResult]::new('sessions', 'sessions', [CompletionResultType]::ParameterValue, 'Customers'' sessions that have ended, since odmrd was started; the last hundred')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'What operators did')
            [CompletionResult]::new('wait', 'wait', [CompletionResultType]::ParameterValue, 'Wait until there are no such messages, or until there are')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Follow what happens: mail that comes, waits, goes; sessions; orders')
            [CompletionResult]::new('top', 'top', [CompletionResultType]::ParameterValue, 'A live view: domains, sessions, what happens')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'The JSON Schema of what is told')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'queuectl;list' {
            [CompletionResult]::new('--domain', '--domain', [CompletionResultType]::ParameterName, 'Of this domain, or of all below it (*.example.org)')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Of this account')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted')
            [CompletionResult]::new('--sender', '--sender', [CompletionResultType]::ParameterName, 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path')
            [CompletionResult]::new('--rcpt', '--rcpt', [CompletionResultType]::ParameterName, 'To this recipient, likewise')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'With this id; - reads ids from standard input, one a line or with a NUL behind each')
            [CompletionResult]::new('--older', '--older', [CompletionResultType]::ParameterName, 'Waiting for longer than this: 90m, 3d')
            [CompletionResult]::new('--newer', '--newer', [CompletionResultType]::ParameterName, 'Taken within this time')
            [CompletionResult]::new('--larger', '--larger', [CompletionResultType]::ParameterName, 'Larger than this: 10 MiB')
            [CompletionResult]::new('--smaller', '--smaller', [CompletionResultType]::ParameterName, 'Smaller than this')
            [CompletionResult]::new('--expires-within', '--expires-within', [CompletionResultType]::ParameterName, 'Given up within this time')
            [CompletionResult]::new('--attempts', '--attempts', [CompletionResultType]::ParameterName, 'Tried by so many sessions: 3, ''>3'', ''<=2''')
            [CompletionResult]::new('--code', '--code', [CompletionResultType]::ParameterName, 'Of which the customer last said this: 452, 4xx, 4.2.2')
            [CompletionResult]::new('--said', '--said', [CompletionResultType]::ParameterName, 'Of which the customer last said something in which this regular expression is found')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]')
            [CompletionResult]::new('--warning', '--warning', [CompletionResultType]::ParameterName, '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10')
            [CompletionResult]::new('--critical', '--critical', [CompletionResultType]::ParameterName, '--format nagios: more than this are critical')
            [CompletionResult]::new('--fields', '--fields', [CompletionResultType]::ParameterName, 'These fields only, in this order; a dot leads into an object: id,source.ip')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'In the order of this field; the whole list is kept in memory for it')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'At most so many')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('--held', '--held', [CompletionResultType]::ParameterName, 'Held by an operator')
            [CompletionResult]::new('--damaged', '--damaged', [CompletionResultType]::ParameterName, 'Set aside because they are damaged')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Short for --format jsonl')
            [CompletionResult]::new('--reverse', '--reverse', [CompletionResultType]::ParameterName, 'The other way round')
            [CompletionResult]::new('--by-recipient', '--by-recipient', [CompletionResultType]::ParameterName, 'A row for each recipient')
            [CompletionResult]::new('--fail-if-empty', '--fail-if-empty', [CompletionResultType]::ParameterName, 'Exit with 1 when there are none')
            [CompletionResult]::new('--fail-if-any', '--fail-if-any', [CompletionResultType]::ParameterName, 'Exit with 1 when there are any')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;show' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]')
            [CompletionResult]::new('--warning', '--warning', [CompletionResultType]::ParameterName, '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10')
            [CompletionResult]::new('--critical', '--critical', [CompletionResultType]::ParameterName, '--format nagios: more than this are critical')
            [CompletionResult]::new('--fields', '--fields', [CompletionResultType]::ParameterName, 'These fields only, in this order; a dot leads into an object: id,source.ip')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'In the order of this field; the whole list is kept in memory for it')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('--raw', '--raw', [CompletionResultType]::ParameterName, 'The content as it would be handed over, to the octet; on a terminal, harmless')
            [CompletionResult]::new('--eml', '--eml', [CompletionResultType]::ParameterName, 'The content as it would be handed over, to the octet; on a terminal, harmless')
            [CompletionResult]::new('--headers', '--headers', [CompletionResultType]::ParameterName, 'The header of it')
            [CompletionResult]::new('--body', '--body', [CompletionResultType]::ParameterName, 'What stands behind the header')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Short for --format jsonl')
            [CompletionResult]::new('--reverse', '--reverse', [CompletionResultType]::ParameterName, 'The other way round')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;domains' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]')
            [CompletionResult]::new('--warning', '--warning', [CompletionResultType]::ParameterName, '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10')
            [CompletionResult]::new('--critical', '--critical', [CompletionResultType]::ParameterName, '--format nagios: more than this are critical')
            [CompletionResult]::new('--fields', '--fields', [CompletionResultType]::ParameterName, 'These fields only, in this order; a dot leads into an object: id,source.ip')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'In the order of this field; the whole list is kept in memory for it')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('--ages', '--ages', [CompletionResultType]::ParameterName, 'Count recipients and ages too, which takes a walk through all that waits')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Short for --format jsonl')
            [CompletionResult]::new('--reverse', '--reverse', [CompletionResultType]::ParameterName, 'The other way round')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;stats' {
            [CompletionResult]::new('--domain', '--domain', [CompletionResultType]::ParameterName, 'Of this domain, or of all below it (*.example.org)')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Of this account')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted')
            [CompletionResult]::new('--sender', '--sender', [CompletionResultType]::ParameterName, 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path')
            [CompletionResult]::new('--rcpt', '--rcpt', [CompletionResultType]::ParameterName, 'To this recipient, likewise')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'With this id; - reads ids from standard input, one a line or with a NUL behind each')
            [CompletionResult]::new('--older', '--older', [CompletionResultType]::ParameterName, 'Waiting for longer than this: 90m, 3d')
            [CompletionResult]::new('--newer', '--newer', [CompletionResultType]::ParameterName, 'Taken within this time')
            [CompletionResult]::new('--larger', '--larger', [CompletionResultType]::ParameterName, 'Larger than this: 10 MiB')
            [CompletionResult]::new('--smaller', '--smaller', [CompletionResultType]::ParameterName, 'Smaller than this')
            [CompletionResult]::new('--expires-within', '--expires-within', [CompletionResultType]::ParameterName, 'Given up within this time')
            [CompletionResult]::new('--attempts', '--attempts', [CompletionResultType]::ParameterName, 'Tried by so many sessions: 3, ''>3'', ''<=2''')
            [CompletionResult]::new('--code', '--code', [CompletionResultType]::ParameterName, 'Of which the customer last said this: 452, 4xx, 4.2.2')
            [CompletionResult]::new('--said', '--said', [CompletionResultType]::ParameterName, 'Of which the customer last said something in which this regular expression is found')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32')
            [CompletionResult]::new('--group-by', '--group-by', [CompletionResultType]::ParameterName, 'What the messages of a group have in common')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]')
            [CompletionResult]::new('--warning', '--warning', [CompletionResultType]::ParameterName, '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10')
            [CompletionResult]::new('--critical', '--critical', [CompletionResultType]::ParameterName, '--format nagios: more than this are critical')
            [CompletionResult]::new('--fields', '--fields', [CompletionResultType]::ParameterName, 'These fields only, in this order; a dot leads into an object: id,source.ip')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'In the order of this field; the whole list is kept in memory for it')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('--held', '--held', [CompletionResultType]::ParameterName, 'Held by an operator')
            [CompletionResult]::new('--damaged', '--damaged', [CompletionResultType]::ParameterName, 'Set aside because they are damaged')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Short for --format jsonl')
            [CompletionResult]::new('--reverse', '--reverse', [CompletionResultType]::ParameterName, 'The other way round')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'queuectl;hold' {
            [CompletionResult]::new('--domain', '--domain', [CompletionResultType]::ParameterName, 'Of this domain, or of all below it (*.example.org)')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Of this account')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted')
            [CompletionResult]::new('--sender', '--sender', [CompletionResultType]::ParameterName, 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path')
            [CompletionResult]::new('--rcpt', '--rcpt', [CompletionResultType]::ParameterName, 'To this recipient, likewise')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'With this id; - reads ids from standard input, one a line or with a NUL behind each')
            [CompletionResult]::new('--older', '--older', [CompletionResultType]::ParameterName, 'Waiting for longer than this: 90m, 3d')
            [CompletionResult]::new('--newer', '--newer', [CompletionResultType]::ParameterName, 'Taken within this time')
            [CompletionResult]::new('--larger', '--larger', [CompletionResultType]::ParameterName, 'Larger than this: 10 MiB')
            [CompletionResult]::new('--smaller', '--smaller', [CompletionResultType]::ParameterName, 'Smaller than this')
            [CompletionResult]::new('--expires-within', '--expires-within', [CompletionResultType]::ParameterName, 'Given up within this time')
            [CompletionResult]::new('--attempts', '--attempts', [CompletionResultType]::ParameterName, 'Tried by so many sessions: 3, ''>3'', ''<=2''')
            [CompletionResult]::new('--code', '--code', [CompletionResultType]::ParameterName, 'Of which the customer last said this: 452, 4xx, 4.2.2')
            [CompletionResult]::new('--said', '--said', [CompletionResultType]::ParameterName, 'Of which the customer last said something in which this regular expression is found')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why, for the audit')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]')
            [CompletionResult]::new('--warning', '--warning', [CompletionResultType]::ParameterName, '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10')
            [CompletionResult]::new('--critical', '--critical', [CompletionResultType]::ParameterName, '--format nagios: more than this are critical')
            [CompletionResult]::new('--fields', '--fields', [CompletionResultType]::ParameterName, 'These fields only, in this order; a dot leads into an object: id,source.ip')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'In the order of this field; the whole list is kept in memory for it')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Until then: 2026-12-24T18:00:00Z, or 12h, 3d from now; without it, until released')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('--held', '--held', [CompletionResultType]::ParameterName, 'Held by an operator')
            [CompletionResult]::new('--damaged', '--damaged', [CompletionResultType]::ParameterName, 'Set aside because they are damaged')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every message that there is')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only show which those would be')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only show which those would be')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--allow-none', '--allow-none', [CompletionResultType]::ParameterName, 'Exit with 0 when there were no such messages')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Short for --format jsonl')
            [CompletionResult]::new('--reverse', '--reverse', [CompletionResultType]::ParameterName, 'The other way round')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;release' {
            [CompletionResult]::new('--domain', '--domain', [CompletionResultType]::ParameterName, 'Of this domain, or of all below it (*.example.org)')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Of this account')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted')
            [CompletionResult]::new('--sender', '--sender', [CompletionResultType]::ParameterName, 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path')
            [CompletionResult]::new('--rcpt', '--rcpt', [CompletionResultType]::ParameterName, 'To this recipient, likewise')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'With this id; - reads ids from standard input, one a line or with a NUL behind each')
            [CompletionResult]::new('--older', '--older', [CompletionResultType]::ParameterName, 'Waiting for longer than this: 90m, 3d')
            [CompletionResult]::new('--newer', '--newer', [CompletionResultType]::ParameterName, 'Taken within this time')
            [CompletionResult]::new('--larger', '--larger', [CompletionResultType]::ParameterName, 'Larger than this: 10 MiB')
            [CompletionResult]::new('--smaller', '--smaller', [CompletionResultType]::ParameterName, 'Smaller than this')
            [CompletionResult]::new('--expires-within', '--expires-within', [CompletionResultType]::ParameterName, 'Given up within this time')
            [CompletionResult]::new('--attempts', '--attempts', [CompletionResultType]::ParameterName, 'Tried by so many sessions: 3, ''>3'', ''<=2''')
            [CompletionResult]::new('--code', '--code', [CompletionResultType]::ParameterName, 'Of which the customer last said this: 452, 4xx, 4.2.2')
            [CompletionResult]::new('--said', '--said', [CompletionResultType]::ParameterName, 'Of which the customer last said something in which this regular expression is found')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why, for the audit')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]')
            [CompletionResult]::new('--warning', '--warning', [CompletionResultType]::ParameterName, '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10')
            [CompletionResult]::new('--critical', '--critical', [CompletionResultType]::ParameterName, '--format nagios: more than this are critical')
            [CompletionResult]::new('--fields', '--fields', [CompletionResultType]::ParameterName, 'These fields only, in this order; a dot leads into an object: id,source.ip')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'In the order of this field; the whole list is kept in memory for it')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('--held', '--held', [CompletionResultType]::ParameterName, 'Held by an operator')
            [CompletionResult]::new('--damaged', '--damaged', [CompletionResultType]::ParameterName, 'Set aside because they are damaged')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every message that there is')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only show which those would be')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only show which those would be')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--allow-none', '--allow-none', [CompletionResultType]::ParameterName, 'Exit with 0 when there were no such messages')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Short for --format jsonl')
            [CompletionResult]::new('--reverse', '--reverse', [CompletionResultType]::ParameterName, 'The other way round')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;delete' {
            [CompletionResult]::new('--domain', '--domain', [CompletionResultType]::ParameterName, 'Of this domain, or of all below it (*.example.org)')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Of this account')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted')
            [CompletionResult]::new('--sender', '--sender', [CompletionResultType]::ParameterName, 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path')
            [CompletionResult]::new('--rcpt', '--rcpt', [CompletionResultType]::ParameterName, 'To this recipient, likewise')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'With this id; - reads ids from standard input, one a line or with a NUL behind each')
            [CompletionResult]::new('--older', '--older', [CompletionResultType]::ParameterName, 'Waiting for longer than this: 90m, 3d')
            [CompletionResult]::new('--newer', '--newer', [CompletionResultType]::ParameterName, 'Taken within this time')
            [CompletionResult]::new('--larger', '--larger', [CompletionResultType]::ParameterName, 'Larger than this: 10 MiB')
            [CompletionResult]::new('--smaller', '--smaller', [CompletionResultType]::ParameterName, 'Smaller than this')
            [CompletionResult]::new('--expires-within', '--expires-within', [CompletionResultType]::ParameterName, 'Given up within this time')
            [CompletionResult]::new('--attempts', '--attempts', [CompletionResultType]::ParameterName, 'Tried by so many sessions: 3, ''>3'', ''<=2''')
            [CompletionResult]::new('--code', '--code', [CompletionResultType]::ParameterName, 'Of which the customer last said this: 452, 4xx, 4.2.2')
            [CompletionResult]::new('--said', '--said', [CompletionResultType]::ParameterName, 'Of which the customer last said something in which this regular expression is found')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why, for the audit')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]')
            [CompletionResult]::new('--warning', '--warning', [CompletionResultType]::ParameterName, '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10')
            [CompletionResult]::new('--critical', '--critical', [CompletionResultType]::ParameterName, '--format nagios: more than this are critical')
            [CompletionResult]::new('--fields', '--fields', [CompletionResultType]::ParameterName, 'These fields only, in this order; a dot leads into an object: id,source.ip')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'In the order of this field; the whole list is kept in memory for it')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('--held', '--held', [CompletionResultType]::ParameterName, 'Held by an operator')
            [CompletionResult]::new('--damaged', '--damaged', [CompletionResultType]::ParameterName, 'Set aside because they are damaged')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every message that there is')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only show which those would be')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only show which those would be')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--allow-none', '--allow-none', [CompletionResultType]::ParameterName, 'Exit with 0 when there were no such messages')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Short for --format jsonl')
            [CompletionResult]::new('--reverse', '--reverse', [CompletionResultType]::ParameterName, 'The other way round')
            [CompletionResult]::new('--undo', '--undo', [CompletionResultType]::ParameterName, 'Call back what was deleted, within a day')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;bounce' {
            [CompletionResult]::new('--domain', '--domain', [CompletionResultType]::ParameterName, 'Of this domain, or of all below it (*.example.org)')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Of this account')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted')
            [CompletionResult]::new('--sender', '--sender', [CompletionResultType]::ParameterName, 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path')
            [CompletionResult]::new('--rcpt', '--rcpt', [CompletionResultType]::ParameterName, 'To this recipient, likewise')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'With this id; - reads ids from standard input, one a line or with a NUL behind each')
            [CompletionResult]::new('--older', '--older', [CompletionResultType]::ParameterName, 'Waiting for longer than this: 90m, 3d')
            [CompletionResult]::new('--newer', '--newer', [CompletionResultType]::ParameterName, 'Taken within this time')
            [CompletionResult]::new('--larger', '--larger', [CompletionResultType]::ParameterName, 'Larger than this: 10 MiB')
            [CompletionResult]::new('--smaller', '--smaller', [CompletionResultType]::ParameterName, 'Smaller than this')
            [CompletionResult]::new('--expires-within', '--expires-within', [CompletionResultType]::ParameterName, 'Given up within this time')
            [CompletionResult]::new('--attempts', '--attempts', [CompletionResultType]::ParameterName, 'Tried by so many sessions: 3, ''>3'', ''<=2''')
            [CompletionResult]::new('--code', '--code', [CompletionResultType]::ParameterName, 'Of which the customer last said this: 452, 4xx, 4.2.2')
            [CompletionResult]::new('--said', '--said', [CompletionResultType]::ParameterName, 'Of which the customer last said something in which this regular expression is found')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why, for the audit')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]')
            [CompletionResult]::new('--warning', '--warning', [CompletionResultType]::ParameterName, '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10')
            [CompletionResult]::new('--critical', '--critical', [CompletionResultType]::ParameterName, '--format nagios: more than this are critical')
            [CompletionResult]::new('--fields', '--fields', [CompletionResultType]::ParameterName, 'These fields only, in this order; a dot leads into an object: id,source.ip')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'In the order of this field; the whole list is kept in memory for it')
            [CompletionResult]::new('--status', '--status', [CompletionResultType]::ParameterName, 'The enhanced status that senders are told')
            [CompletionResult]::new('--text', '--text', [CompletionResultType]::ParameterName, 'And the words')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('--held', '--held', [CompletionResultType]::ParameterName, 'Held by an operator')
            [CompletionResult]::new('--damaged', '--damaged', [CompletionResultType]::ParameterName, 'Set aside because they are damaged')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every message that there is')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only show which those would be')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only show which those would be')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--allow-none', '--allow-none', [CompletionResultType]::ParameterName, 'Exit with 0 when there were no such messages')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Short for --format jsonl')
            [CompletionResult]::new('--reverse', '--reverse', [CompletionResultType]::ParameterName, 'The other way round')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;expire' {
            [CompletionResult]::new('--domain', '--domain', [CompletionResultType]::ParameterName, 'Of this domain, or of all below it (*.example.org)')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Of this account')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted')
            [CompletionResult]::new('--sender', '--sender', [CompletionResultType]::ParameterName, 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path')
            [CompletionResult]::new('--rcpt', '--rcpt', [CompletionResultType]::ParameterName, 'To this recipient, likewise')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'With this id; - reads ids from standard input, one a line or with a NUL behind each')
            [CompletionResult]::new('--older', '--older', [CompletionResultType]::ParameterName, 'Waiting for longer than this: 90m, 3d')
            [CompletionResult]::new('--newer', '--newer', [CompletionResultType]::ParameterName, 'Taken within this time')
            [CompletionResult]::new('--larger', '--larger', [CompletionResultType]::ParameterName, 'Larger than this: 10 MiB')
            [CompletionResult]::new('--smaller', '--smaller', [CompletionResultType]::ParameterName, 'Smaller than this')
            [CompletionResult]::new('--expires-within', '--expires-within', [CompletionResultType]::ParameterName, 'Given up within this time')
            [CompletionResult]::new('--attempts', '--attempts', [CompletionResultType]::ParameterName, 'Tried by so many sessions: 3, ''>3'', ''<=2''')
            [CompletionResult]::new('--code', '--code', [CompletionResultType]::ParameterName, 'Of which the customer last said this: 452, 4xx, 4.2.2')
            [CompletionResult]::new('--said', '--said', [CompletionResultType]::ParameterName, 'Of which the customer last said something in which this regular expression is found')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why, for the audit')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]')
            [CompletionResult]::new('--warning', '--warning', [CompletionResultType]::ParameterName, '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10')
            [CompletionResult]::new('--critical', '--critical', [CompletionResultType]::ParameterName, '--format nagios: more than this are critical')
            [CompletionResult]::new('--fields', '--fields', [CompletionResultType]::ParameterName, 'These fields only, in this order; a dot leads into an object: id,source.ip')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'In the order of this field; the whole list is kept in memory for it')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('--held', '--held', [CompletionResultType]::ParameterName, 'Held by an operator')
            [CompletionResult]::new('--damaged', '--damaged', [CompletionResultType]::ParameterName, 'Set aside because they are damaged')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every message that there is')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only show which those would be')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only show which those would be')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--allow-none', '--allow-none', [CompletionResultType]::ParameterName, 'Exit with 0 when there were no such messages')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Short for --format jsonl')
            [CompletionResult]::new('--reverse', '--reverse', [CompletionResultType]::ParameterName, 'The other way round')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;requeue' {
            [CompletionResult]::new('--domain', '--domain', [CompletionResultType]::ParameterName, 'Of this domain, or of all below it (*.example.org)')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Of this account')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted')
            [CompletionResult]::new('--sender', '--sender', [CompletionResultType]::ParameterName, 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path')
            [CompletionResult]::new('--rcpt', '--rcpt', [CompletionResultType]::ParameterName, 'To this recipient, likewise')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'With this id; - reads ids from standard input, one a line or with a NUL behind each')
            [CompletionResult]::new('--older', '--older', [CompletionResultType]::ParameterName, 'Waiting for longer than this: 90m, 3d')
            [CompletionResult]::new('--newer', '--newer', [CompletionResultType]::ParameterName, 'Taken within this time')
            [CompletionResult]::new('--larger', '--larger', [CompletionResultType]::ParameterName, 'Larger than this: 10 MiB')
            [CompletionResult]::new('--smaller', '--smaller', [CompletionResultType]::ParameterName, 'Smaller than this')
            [CompletionResult]::new('--expires-within', '--expires-within', [CompletionResultType]::ParameterName, 'Given up within this time')
            [CompletionResult]::new('--attempts', '--attempts', [CompletionResultType]::ParameterName, 'Tried by so many sessions: 3, ''>3'', ''<=2''')
            [CompletionResult]::new('--code', '--code', [CompletionResultType]::ParameterName, 'Of which the customer last said this: 452, 4xx, 4.2.2')
            [CompletionResult]::new('--said', '--said', [CompletionResultType]::ParameterName, 'Of which the customer last said something in which this regular expression is found')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why, for the audit')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]')
            [CompletionResult]::new('--warning', '--warning', [CompletionResultType]::ParameterName, '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10')
            [CompletionResult]::new('--critical', '--critical', [CompletionResultType]::ParameterName, '--format nagios: more than this are critical')
            [CompletionResult]::new('--fields', '--fields', [CompletionResultType]::ParameterName, 'These fields only, in this order; a dot leads into an object: id,source.ip')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'In the order of this field; the whole list is kept in memory for it')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('--held', '--held', [CompletionResultType]::ParameterName, 'Held by an operator')
            [CompletionResult]::new('--damaged', '--damaged', [CompletionResultType]::ParameterName, 'Set aside because they are damaged')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every message that there is')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only show which those would be')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only show which those would be')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--allow-none', '--allow-none', [CompletionResultType]::ParameterName, 'Exit with 0 when there were no such messages')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Short for --format jsonl')
            [CompletionResult]::new('--reverse', '--reverse', [CompletionResultType]::ParameterName, 'The other way round')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;redirect' {
            [CompletionResult]::new('--domain', '--domain', [CompletionResultType]::ParameterName, 'Of this domain, or of all below it (*.example.org)')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Of this account')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted')
            [CompletionResult]::new('--sender', '--sender', [CompletionResultType]::ParameterName, 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path')
            [CompletionResult]::new('--rcpt', '--rcpt', [CompletionResultType]::ParameterName, 'To this recipient, likewise')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'With this id; - reads ids from standard input, one a line or with a NUL behind each')
            [CompletionResult]::new('--older', '--older', [CompletionResultType]::ParameterName, 'Waiting for longer than this: 90m, 3d')
            [CompletionResult]::new('--newer', '--newer', [CompletionResultType]::ParameterName, 'Taken within this time')
            [CompletionResult]::new('--larger', '--larger', [CompletionResultType]::ParameterName, 'Larger than this: 10 MiB')
            [CompletionResult]::new('--smaller', '--smaller', [CompletionResultType]::ParameterName, 'Smaller than this')
            [CompletionResult]::new('--expires-within', '--expires-within', [CompletionResultType]::ParameterName, 'Given up within this time')
            [CompletionResult]::new('--attempts', '--attempts', [CompletionResultType]::ParameterName, 'Tried by so many sessions: 3, ''>3'', ''<=2''')
            [CompletionResult]::new('--code', '--code', [CompletionResultType]::ParameterName, 'Of which the customer last said this: 452, 4xx, 4.2.2')
            [CompletionResult]::new('--said', '--said', [CompletionResultType]::ParameterName, 'Of which the customer last said something in which this regular expression is found')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why, for the audit')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]')
            [CompletionResult]::new('--warning', '--warning', [CompletionResultType]::ParameterName, '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10')
            [CompletionResult]::new('--critical', '--critical', [CompletionResultType]::ParameterName, '--format nagios: more than this are critical')
            [CompletionResult]::new('--fields', '--fields', [CompletionResultType]::ParameterName, 'These fields only, in this order; a dot leads into an object: id,source.ip')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'In the order of this field; the whole list is kept in memory for it')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'To this domain, which a customer must have')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('--held', '--held', [CompletionResultType]::ParameterName, 'Held by an operator')
            [CompletionResult]::new('--damaged', '--damaged', [CompletionResultType]::ParameterName, 'Set aside because they are damaged')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every message that there is')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only show which those would be')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only show which those would be')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--allow-none', '--allow-none', [CompletionResultType]::ParameterName, 'Exit with 0 when there were no such messages')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Short for --format jsonl')
            [CompletionResult]::new('--reverse', '--reverse', [CompletionResultType]::ParameterName, 'The other way round')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;export' {
            [CompletionResult]::new('--domain', '--domain', [CompletionResultType]::ParameterName, 'Of this domain, or of all below it (*.example.org)')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Of this account')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted')
            [CompletionResult]::new('--sender', '--sender', [CompletionResultType]::ParameterName, 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path')
            [CompletionResult]::new('--rcpt', '--rcpt', [CompletionResultType]::ParameterName, 'To this recipient, likewise')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'With this id; - reads ids from standard input, one a line or with a NUL behind each')
            [CompletionResult]::new('--older', '--older', [CompletionResultType]::ParameterName, 'Waiting for longer than this: 90m, 3d')
            [CompletionResult]::new('--newer', '--newer', [CompletionResultType]::ParameterName, 'Taken within this time')
            [CompletionResult]::new('--larger', '--larger', [CompletionResultType]::ParameterName, 'Larger than this: 10 MiB')
            [CompletionResult]::new('--smaller', '--smaller', [CompletionResultType]::ParameterName, 'Smaller than this')
            [CompletionResult]::new('--expires-within', '--expires-within', [CompletionResultType]::ParameterName, 'Given up within this time')
            [CompletionResult]::new('--attempts', '--attempts', [CompletionResultType]::ParameterName, 'Tried by so many sessions: 3, ''>3'', ''<=2''')
            [CompletionResult]::new('--code', '--code', [CompletionResultType]::ParameterName, 'Of which the customer last said this: 452, 4xx, 4.2.2')
            [CompletionResult]::new('--said', '--said', [CompletionResultType]::ParameterName, 'Of which the customer last said something in which this regular expression is found')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'As eml (with a .json each), maildir or mbox (with their envelopes beside them)')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('--held', '--held', [CompletionResultType]::ParameterName, 'Held by an operator')
            [CompletionResult]::new('--damaged', '--damaged', [CompletionResultType]::ParameterName, 'Set aside because they are damaged')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;import' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;verify' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]')
            [CompletionResult]::new('--warning', '--warning', [CompletionResultType]::ParameterName, '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10')
            [CompletionResult]::new('--critical', '--critical', [CompletionResultType]::ParameterName, '--format nagios: more than this are critical')
            [CompletionResult]::new('--fields', '--fields', [CompletionResultType]::ParameterName, 'These fields only, in this order; a dot leads into an object: id,source.ip')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'In the order of this field; the whole list is kept in memory for it')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('--repair', '--repair', [CompletionResultType]::ParameterName, 'Mend what can be mended, of a spool that nobody uses (--spool): indexes and counts are made anew, files that no message speaks of are cleared away, damaged mail is set aside and kept')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'With --repair: only look')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'With --repair: only look')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Short for --format jsonl')
            [CompletionResult]::new('--reverse', '--reverse', [CompletionResultType]::ParameterName, 'The other way round')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;sessions' {
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Of this account only (repeatable)')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'The last so many')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]')
            [CompletionResult]::new('--warning', '--warning', [CompletionResultType]::ParameterName, '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10')
            [CompletionResult]::new('--critical', '--critical', [CompletionResultType]::ParameterName, '--format nagios: more than this are critical')
            [CompletionResult]::new('--fields', '--fields', [CompletionResultType]::ParameterName, 'These fields only, in this order; a dot leads into an object: id,source.ip')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'In the order of this field; the whole list is kept in memory for it')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Short for --format jsonl')
            [CompletionResult]::new('--reverse', '--reverse', [CompletionResultType]::ParameterName, 'The other way round')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;audit' {
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'The last so many')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]')
            [CompletionResult]::new('--warning', '--warning', [CompletionResultType]::ParameterName, '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10')
            [CompletionResult]::new('--critical', '--critical', [CompletionResultType]::ParameterName, '--format nagios: more than this are critical')
            [CompletionResult]::new('--fields', '--fields', [CompletionResultType]::ParameterName, 'These fields only, in this order; a dot leads into an object: id,source.ip')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'In the order of this field; the whole list is kept in memory for it')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Short for --format jsonl')
            [CompletionResult]::new('--reverse', '--reverse', [CompletionResultType]::ParameterName, 'The other way round')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;wait' {
            [CompletionResult]::new('--domain', '--domain', [CompletionResultType]::ParameterName, 'Of this domain, or of all below it (*.example.org)')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Of this account')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'In this state: waiting, in_session, deferred, held, refused, expired, delivered, damaged, deleted')
            [CompletionResult]::new('--sender', '--sender', [CompletionResultType]::ParameterName, 'From this sender; * and ? stand for any text and any character, <> for the null reverse-path')
            [CompletionResult]::new('--rcpt', '--rcpt', [CompletionResultType]::ParameterName, 'To this recipient, likewise')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'With this id; - reads ids from standard input, one a line or with a NUL behind each')
            [CompletionResult]::new('--older', '--older', [CompletionResultType]::ParameterName, 'Waiting for longer than this: 90m, 3d')
            [CompletionResult]::new('--newer', '--newer', [CompletionResultType]::ParameterName, 'Taken within this time')
            [CompletionResult]::new('--larger', '--larger', [CompletionResultType]::ParameterName, 'Larger than this: 10 MiB')
            [CompletionResult]::new('--smaller', '--smaller', [CompletionResultType]::ParameterName, 'Smaller than this')
            [CompletionResult]::new('--expires-within', '--expires-within', [CompletionResultType]::ParameterName, 'Given up within this time')
            [CompletionResult]::new('--attempts', '--attempts', [CompletionResultType]::ParameterName, 'Tried by so many sessions: 3, ''>3'', ''<=2''')
            [CompletionResult]::new('--code', '--code', [CompletionResultType]::ParameterName, 'Of which the customer last said this: 452, 4xx, 4.2.2')
            [CompletionResult]::new('--said', '--said', [CompletionResultType]::ParameterName, 'Of which the customer last said something in which this regular expression is found')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'From a host with one of these addresses: 192.0.2.7, 2001:db8::/32')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give up after this, with 75')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('--held', '--held', [CompletionResultType]::ParameterName, 'Held by an operator')
            [CompletionResult]::new('--damaged', '--damaged', [CompletionResultType]::ParameterName, 'Set aside because they are damaged')
            [CompletionResult]::new('--empty', '--empty', [CompletionResultType]::ParameterName, 'Until there are none; this is so unless --any is said')
            [CompletionResult]::new('--any', '--any', [CompletionResultType]::ParameterName, 'Until there are any')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;watch' {
            [CompletionResult]::new('--from-cursor', '--from-cursor', [CompletionResultType]::ParameterName, 'What came behind this `seq` too, as far as odmrd remembers it: the last ten thousand')
            [CompletionResult]::new('--event', '--event', [CompletionResultType]::ParameterName, 'These only: queued, session_start, delivered, deferred, refused, held, released, deleted, undeleted, expired, bounced, requeued, redirected, session_end')
            [CompletionResult]::new('--domain', '--domain', [CompletionResultType]::ParameterName, 'Of this domain only, or of all below it (*.example.org)')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Of this account only')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'End after so many')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]')
            [CompletionResult]::new('--warning', '--warning', [CompletionResultType]::ParameterName, '--format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10')
            [CompletionResult]::new('--critical', '--critical', [CompletionResultType]::ParameterName, '--format nagios: more than this are critical')
            [CompletionResult]::new('--fields', '--fields', [CompletionResultType]::ParameterName, 'These fields only, in this order; a dot leads into an object: id,source.ip')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'In the order of this field; the whole list is kept in memory for it')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Short for --format jsonl')
            [CompletionResult]::new('--reverse', '--reverse', [CompletionResultType]::ParameterName, 'The other way round')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;top' {
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'How often to look anew')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('--once', '--once', [CompletionResultType]::ParameterName, 'Print one frame, and end')
            [CompletionResult]::new('--ascii', '--ascii', [CompletionResultType]::ParameterName, 'No characters beyond ASCII')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;schema' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings of odmrd, where its control socket stands')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Ask at this socket')
            [CompletionResult]::new('--spool', '--spool', [CompletionResultType]::ParameterName, 'Look at the spool in this folder, read-only, whether odmrd runs or not')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'queuectl;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'The messages in the queue')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'All that is known of a message')
            [CompletionResult]::new('domains', 'domains', [CompletionResultType]::ParameterValue, 'What waits for each domain')
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'The queue by groups')
            [CompletionResult]::new('hold', 'hold', [CompletionResultType]::ParameterValue, 'Keep messages from being handed over')
            [CompletionResult]::new('release', 'release', [CompletionResultType]::ParameterValue, 'Have held messages handed over again')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Drop messages; nobody is told')
            [CompletionResult]::new('bounce', 'bounce', [CompletionResultType]::ParameterValue, 'Refuse messages: each sender is told, as if the customer had refused')
            [CompletionResult]::new('expire', 'expire', [CompletionResultType]::ParameterValue, 'Give messages up now, as if their time had run out: each sender is told')
            [CompletionResult]::new('requeue', 'requeue', [CompletionResultType]::ParameterValue, 'Forget that messages were tried: back to their place in the queue')
            [CompletionResult]::new('redirect', 'redirect', [CompletionResultType]::ParameterValue, 'Give messages to another domain of ours: their recipients get the same names there')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write messages into files, content and envelope; they stay in the queue')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Take messages in that export has written; what is there already is not taken twice')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Look the whole spool through: rows, contents, counts, files; 1 when something is wrong')
            [CompletionResult]::new('sessions', 'sessions', [CompletionResultType]::ParameterValue, 'Customers'' sessions that have ended, since odmrd was started; the last hundred')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'What operators did')
            [CompletionResult]::new('wait', 'wait', [CompletionResultType]::ParameterValue, 'Wait until there are no such messages, or until there are')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Follow what happens: mail that comes, waits, goes; sessions; orders')
            [CompletionResult]::new('top', 'top', [CompletionResultType]::ParameterValue, 'A live view: domains, sessions, what happens')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'The JSON Schema of what is told')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'queuectl;help;list' {
            break
        }
        'queuectl;help;show' {
            break
        }
        'queuectl;help;domains' {
            break
        }
        'queuectl;help;stats' {
            break
        }
        'queuectl;help;hold' {
            break
        }
        'queuectl;help;release' {
            break
        }
        'queuectl;help;delete' {
            break
        }
        'queuectl;help;bounce' {
            break
        }
        'queuectl;help;expire' {
            break
        }
        'queuectl;help;requeue' {
            break
        }
        'queuectl;help;redirect' {
            break
        }
        'queuectl;help;export' {
            break
        }
        'queuectl;help;import' {
            break
        }
        'queuectl;help;verify' {
            break
        }
        'queuectl;help;sessions' {
            break
        }
        'queuectl;help;audit' {
            break
        }
        'queuectl;help;wait' {
            break
        }
        'queuectl;help;watch' {
            break
        }
        'queuectl;help;top' {
            break
        }
        'queuectl;help;schema' {
            break
        }
        'queuectl;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}

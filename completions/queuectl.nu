module completions {

  # See what waits in the queue of odmrd, and act on it
  export extern queuectl [
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help (see more with '--help')
    --version(-V)             # Print version
  ]

  # The messages in the queue
  export extern "queuectl list" [
    --domain: string          # Of this domain, or of all below it (*.example.org)
    --account: string         # Of this account
    --state: string           # In this state: waiting, in_session, deferred, held, refused, expired, delivered, bounced, damaged, deleted
    --sender: string          # From this sender; * and ? stand for any text and any character, <> for the null reverse-path
    --rcpt: string            # To this recipient, likewise
    --id: string              # With this id; - reads ids from standard input, one a line or with a NUL behind each
    --older: string           # Waiting for longer than this: 90m, 3d
    --newer: string           # Taken within this time
    --larger: string          # Larger than this: 10 MiB
    --smaller: string         # Smaller than this
    --expires-within: string  # Given up within this time
    --attempts: string        # Tried by so many sessions: 3, '>3', '<=2'
    --code: string            # Of which the customer last said this: 452, 4xx, 4.2.2
    --said: string            # Of which the customer last said something in which this regular expression is found
    --reason: string          # Of which the customer last said something in which this regular expression is found
    --source: string          # From a host with one of these addresses: 192.0.2.7, 2001:db8::/32
    --where: string           # Of which this is so: 'size > 1M && age > 2d && !null_sender'; odmr-control(7) has all words
    --subject: string         # In whose subject this regular expression is found; each message that is meant otherwise is opened
    --held                    # Held by an operator
    --damaged                 # Set aside because they are damaged
    --format: string          # human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]
    --json                    # Short for --format jsonl
    --warning: string         # --format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10
    --critical: string        # --format nagios: more than this are critical
    --fields: string          # These fields only, in this order; a dot leads into an object: id,source.ip; age is short for age_s
    --sort: string            # In the order of this field; the whole list is kept in memory for it
    --reverse                 # The other way round
    --limit: string           # At most so many
    --cursor: string          # Go on where an earlier list of the same messages was cut by --limit, which told this word
    --include-done            # Those that were deleted and can be called back too, and behind the others those that have left, as far as odmrd remembers: of the last ten thousand events. So it is with --state delivered or bounced
    --by-recipient            # A row for each recipient
    --fail-if-empty           # Exit with 1 when there are none. What was deleted is neither listed nor counted unless it is asked for, by --state deleted or its id
    --fail-if-any             # Exit with 1 when there are any; what was deleted does not count and is left out
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help (see more with '--help')
  ]

  # All that is known of a message
  export extern "queuectl show" [
    --raw                     # The content as it would be handed over, to the octet; on a terminal, harmless
    --eml                     # The content as it would be handed over, to the octet; on a terminal, harmless
    --headers                 # The header of it
    --body                    # What stands behind the header
    --format: string          # human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]
    --json                    # Short for --format jsonl
    --warning: string         # --format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10
    --critical: string        # --format nagios: more than this are critical
    --fields: string          # These fields only, in this order; a dot leads into an object: id,source.ip; age is short for age_s
    --sort: string            # In the order of this field; the whole list is kept in memory for it
    --reverse                 # The other way round
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
    ...ids: string            # Its id
  ]

  # What waits for each domain
  export extern "queuectl domains" [
    --ages                    # Count recipients and ages too, which takes a walk through all that waits
    --format: string          # human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]
    --json                    # Short for --format jsonl
    --warning: string         # --format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10
    --critical: string        # --format nagios: more than this are critical
    --fields: string          # These fields only, in this order; a dot leads into an object: id,source.ip; age is short for age_s
    --sort: string            # In the order of this field; the whole list is kept in memory for it
    --reverse                 # The other way round
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
    ...domains: string        # These only; *.example.org for all below one
  ]

  def "nu-complete queuectl stats group_by" [] {
    [ "domain" "account" "sender" "state" "reason" "age" "size" ]
  }

  # The queue by groups
  export extern "queuectl stats" [
    --domain: string          # Of this domain, or of all below it (*.example.org)
    --account: string         # Of this account
    --state: string           # In this state: waiting, in_session, deferred, held, refused, expired, delivered, bounced, damaged, deleted
    --sender: string          # From this sender; * and ? stand for any text and any character, <> for the null reverse-path
    --rcpt: string            # To this recipient, likewise
    --id: string              # With this id; - reads ids from standard input, one a line or with a NUL behind each
    --older: string           # Waiting for longer than this: 90m, 3d
    --newer: string           # Taken within this time
    --larger: string          # Larger than this: 10 MiB
    --smaller: string         # Smaller than this
    --expires-within: string  # Given up within this time
    --attempts: string        # Tried by so many sessions: 3, '>3', '<=2'
    --code: string            # Of which the customer last said this: 452, 4xx, 4.2.2
    --said: string            # Of which the customer last said something in which this regular expression is found
    --reason: string          # Of which the customer last said something in which this regular expression is found
    --source: string          # From a host with one of these addresses: 192.0.2.7, 2001:db8::/32
    --where: string           # Of which this is so: 'size > 1M && age > 2d && !null_sender'; odmr-control(7) has all words
    --subject: string         # In whose subject this regular expression is found; each message that is meant otherwise is opened
    --held                    # Held by an operator
    --damaged                 # Set aside because they are damaged
    --group-by: string@"nu-complete queuectl stats group_by" # What the messages of a group have in common [default: state; with --shape domain]
    --shape                   # How many of each group are up to 1h, 6h, 1d, 3d, 7d old, or older, as qshape shows it
    --since: string           # How much came and went for so long, as 24h or 90m, or since 2026-12-24T18:00:00Z; by domain or account, or all together
    --limit: string           # The largest groups only, so many of them
    --format: string          # human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]
    --json                    # Short for --format jsonl
    --warning: string         # --format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10
    --critical: string        # --format nagios: more than this are critical
    --fields: string          # These fields only, in this order; a dot leads into an object: id,source.ip; age is short for age_s
    --sort: string            # In the order of this field; the whole list is kept in memory for it
    --reverse                 # The other way round
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help (see more with '--help')
  ]

  # Keep messages from being handed over
  export extern "queuectl hold" [
    --domain: string          # Of this domain, or of all below it (*.example.org)
    --account: string         # Of this account
    --state: string           # In this state: waiting, in_session, deferred, held, refused, expired, delivered, bounced, damaged, deleted
    --sender: string          # From this sender; * and ? stand for any text and any character, <> for the null reverse-path
    --rcpt: string            # To this recipient, likewise
    --id: string              # With this id; - reads ids from standard input, one a line or with a NUL behind each
    --older: string           # Waiting for longer than this: 90m, 3d
    --newer: string           # Taken within this time
    --larger: string          # Larger than this: 10 MiB
    --smaller: string         # Smaller than this
    --expires-within: string  # Given up within this time
    --attempts: string        # Tried by so many sessions: 3, '>3', '<=2'
    --code: string            # Of which the customer last said this: 452, 4xx, 4.2.2
    --said: string            # Of which the customer last said something in which this regular expression is found
    --source: string          # From a host with one of these addresses: 192.0.2.7, 2001:db8::/32
    --where: string           # Of which this is so: 'size > 1M && age > 2d && !null_sender'; odmr-control(7) has all words
    --subject: string         # In whose subject this regular expression is found; each message that is meant otherwise is opened
    --held                    # Held by an operator
    --damaged                 # Set aside because they are damaged
    --all                     # Every message that there is
    --dry-run(-n)             # Only show which those would be
    --yes(-y)                 # Do not ask
    --reason: string          # Why, for the audit
    --allow-none              # Exit with 0 when there were no such messages
    --format: string          # human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]
    --json                    # Short for --format jsonl
    --warning: string         # --format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10
    --critical: string        # --format nagios: more than this are critical
    --fields: string          # These fields only, in this order; a dot leads into an object: id,source.ip; age is short for age_s
    --sort: string            # In the order of this field; the whole list is kept in memory for it
    --reverse                 # The other way round
    --until: string           # Until then: 2026-12-24T18:00:00Z, or 12h, 3d from now; without it, until released
    --future                  # New mail of these domains too, as it comes; with --domain or --account alone, and a --reason
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
    ...ids: string            # Which, by name
  ]

  # Have held messages handed over again
  export extern "queuectl release" [
    --domain: string          # Of this domain, or of all below it (*.example.org)
    --account: string         # Of this account
    --state: string           # In this state: waiting, in_session, deferred, held, refused, expired, delivered, bounced, damaged, deleted
    --sender: string          # From this sender; * and ? stand for any text and any character, <> for the null reverse-path
    --rcpt: string            # To this recipient, likewise
    --id: string              # With this id; - reads ids from standard input, one a line or with a NUL behind each
    --older: string           # Waiting for longer than this: 90m, 3d
    --newer: string           # Taken within this time
    --larger: string          # Larger than this: 10 MiB
    --smaller: string         # Smaller than this
    --expires-within: string  # Given up within this time
    --attempts: string        # Tried by so many sessions: 3, '>3', '<=2'
    --code: string            # Of which the customer last said this: 452, 4xx, 4.2.2
    --said: string            # Of which the customer last said something in which this regular expression is found
    --source: string          # From a host with one of these addresses: 192.0.2.7, 2001:db8::/32
    --where: string           # Of which this is so: 'size > 1M && age > 2d && !null_sender'; odmr-control(7) has all words
    --subject: string         # In whose subject this regular expression is found; each message that is meant otherwise is opened
    --held                    # Held by an operator
    --damaged                 # Set aside because they are damaged
    --all                     # Every message that there is
    --dry-run(-n)             # Only show which those would be
    --yes(-y)                 # Do not ask
    --reason: string          # Why, for the audit
    --allow-none              # Exit with 0 when there were no such messages
    --format: string          # human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]
    --json                    # Short for --format jsonl
    --warning: string         # --format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10
    --critical: string        # --format nagios: more than this are critical
    --fields: string          # These fields only, in this order; a dot leads into an object: id,source.ip; age is short for age_s
    --sort: string            # In the order of this field; the whole list is kept in memory for it
    --reverse                 # The other way round
    --future                  # And hold no new mail of these domains any longer; of all, where none is named
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
    ...ids: string            # Which, by name
  ]

  # Drop messages; nobody is told
  export extern "queuectl delete" [
    --domain: string          # Of this domain, or of all below it (*.example.org)
    --account: string         # Of this account
    --state: string           # In this state: waiting, in_session, deferred, held, refused, expired, delivered, bounced, damaged, deleted
    --sender: string          # From this sender; * and ? stand for any text and any character, <> for the null reverse-path
    --rcpt: string            # To this recipient, likewise
    --id: string              # With this id; - reads ids from standard input, one a line or with a NUL behind each
    --older: string           # Waiting for longer than this: 90m, 3d
    --newer: string           # Taken within this time
    --larger: string          # Larger than this: 10 MiB
    --smaller: string         # Smaller than this
    --expires-within: string  # Given up within this time
    --attempts: string        # Tried by so many sessions: 3, '>3', '<=2'
    --code: string            # Of which the customer last said this: 452, 4xx, 4.2.2
    --said: string            # Of which the customer last said something in which this regular expression is found
    --source: string          # From a host with one of these addresses: 192.0.2.7, 2001:db8::/32
    --where: string           # Of which this is so: 'size > 1M && age > 2d && !null_sender'; odmr-control(7) has all words
    --subject: string         # In whose subject this regular expression is found; each message that is meant otherwise is opened
    --held                    # Held by an operator
    --damaged                 # Set aside because they are damaged
    --all                     # Every message that there is
    --dry-run(-n)             # Only show which those would be
    --yes(-y)                 # Do not ask
    --reason: string          # Why, for the audit
    --allow-none              # Exit with 0 when there were no such messages
    --format: string          # human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]
    --json                    # Short for --format jsonl
    --warning: string         # --format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10
    --critical: string        # --format nagios: more than this are critical
    --fields: string          # These fields only, in this order; a dot leads into an object: id,source.ip; age is short for age_s
    --sort: string            # In the order of this field; the whole list is kept in memory for it
    --reverse                 # The other way round
    --undo                    # Call back what was deleted, within a day or what --undo-window said
    --undo-window: string     # For how long it can be called back, 30 days at most: it takes its room until then [default: 24h]
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
    ...ids: string            # Which, by name
  ]

  # Refuse messages: each sender is told, as if the customer had refused
  export extern "queuectl bounce" [
    --domain: string          # Of this domain, or of all below it (*.example.org)
    --account: string         # Of this account
    --state: string           # In this state: waiting, in_session, deferred, held, refused, expired, delivered, bounced, damaged, deleted
    --sender: string          # From this sender; * and ? stand for any text and any character, <> for the null reverse-path
    --rcpt: string            # To this recipient, likewise
    --id: string              # With this id; - reads ids from standard input, one a line or with a NUL behind each
    --older: string           # Waiting for longer than this: 90m, 3d
    --newer: string           # Taken within this time
    --larger: string          # Larger than this: 10 MiB
    --smaller: string         # Smaller than this
    --expires-within: string  # Given up within this time
    --attempts: string        # Tried by so many sessions: 3, '>3', '<=2'
    --code: string            # Of which the customer last said this: 452, 4xx, 4.2.2
    --said: string            # Of which the customer last said something in which this regular expression is found
    --source: string          # From a host with one of these addresses: 192.0.2.7, 2001:db8::/32
    --where: string           # Of which this is so: 'size > 1M && age > 2d && !null_sender'; odmr-control(7) has all words
    --subject: string         # In whose subject this regular expression is found; each message that is meant otherwise is opened
    --held                    # Held by an operator
    --damaged                 # Set aside because they are damaged
    --all                     # Every message that there is
    --dry-run(-n)             # Only show which those would be
    --yes(-y)                 # Do not ask
    --reason: string          # Why, for the audit
    --allow-none              # Exit with 0 when there were no such messages
    --format: string          # human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]
    --json                    # Short for --format jsonl
    --warning: string         # --format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10
    --critical: string        # --format nagios: more than this are critical
    --fields: string          # These fields only, in this order; a dot leads into an object: id,source.ip; age is short for age_s
    --sort: string            # In the order of this field; the whole list is kept in memory for it
    --reverse                 # The other way round
    --status: string          # The enhanced status that senders are told [default: 5.7.1]; with --text, --code 5.x.y is this and no filter
    --text: string            # And the words [default: refused by the postmaster]
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
    ...ids: string            # Which, by name
  ]

  # Give messages up now, as if their time had run out: each sender is told
  export extern "queuectl expire" [
    --domain: string          # Of this domain, or of all below it (*.example.org)
    --account: string         # Of this account
    --state: string           # In this state: waiting, in_session, deferred, held, refused, expired, delivered, bounced, damaged, deleted
    --sender: string          # From this sender; * and ? stand for any text and any character, <> for the null reverse-path
    --rcpt: string            # To this recipient, likewise
    --id: string              # With this id; - reads ids from standard input, one a line or with a NUL behind each
    --older: string           # Waiting for longer than this: 90m, 3d
    --newer: string           # Taken within this time
    --larger: string          # Larger than this: 10 MiB
    --smaller: string         # Smaller than this
    --expires-within: string  # Given up within this time
    --attempts: string        # Tried by so many sessions: 3, '>3', '<=2'
    --code: string            # Of which the customer last said this: 452, 4xx, 4.2.2
    --said: string            # Of which the customer last said something in which this regular expression is found
    --source: string          # From a host with one of these addresses: 192.0.2.7, 2001:db8::/32
    --where: string           # Of which this is so: 'size > 1M && age > 2d && !null_sender'; odmr-control(7) has all words
    --subject: string         # In whose subject this regular expression is found; each message that is meant otherwise is opened
    --held                    # Held by an operator
    --damaged                 # Set aside because they are damaged
    --all                     # Every message that there is
    --dry-run(-n)             # Only show which those would be
    --yes(-y)                 # Do not ask
    --reason: string          # Why, for the audit
    --allow-none              # Exit with 0 when there were no such messages
    --format: string          # human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]
    --json                    # Short for --format jsonl
    --warning: string         # --format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10
    --critical: string        # --format nagios: more than this are critical
    --fields: string          # These fields only, in this order; a dot leads into an object: id,source.ip; age is short for age_s
    --sort: string            # In the order of this field; the whole list is kept in memory for it
    --reverse                 # The other way round
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
    ...ids: string            # Which, by name
  ]

  # Forget that messages were tried: back to their place in the queue
  export extern "queuectl requeue" [
    --domain: string          # Of this domain, or of all below it (*.example.org)
    --account: string         # Of this account
    --state: string           # In this state: waiting, in_session, deferred, held, refused, expired, delivered, bounced, damaged, deleted
    --sender: string          # From this sender; * and ? stand for any text and any character, <> for the null reverse-path
    --rcpt: string            # To this recipient, likewise
    --id: string              # With this id; - reads ids from standard input, one a line or with a NUL behind each
    --older: string           # Waiting for longer than this: 90m, 3d
    --newer: string           # Taken within this time
    --larger: string          # Larger than this: 10 MiB
    --smaller: string         # Smaller than this
    --expires-within: string  # Given up within this time
    --attempts: string        # Tried by so many sessions: 3, '>3', '<=2'
    --code: string            # Of which the customer last said this: 452, 4xx, 4.2.2
    --said: string            # Of which the customer last said something in which this regular expression is found
    --source: string          # From a host with one of these addresses: 192.0.2.7, 2001:db8::/32
    --where: string           # Of which this is so: 'size > 1M && age > 2d && !null_sender'; odmr-control(7) has all words
    --subject: string         # In whose subject this regular expression is found; each message that is meant otherwise is opened
    --held                    # Held by an operator
    --damaged                 # Set aside because they are damaged
    --all                     # Every message that there is
    --dry-run(-n)             # Only show which those would be
    --yes(-y)                 # Do not ask
    --reason: string          # Why, for the audit
    --allow-none              # Exit with 0 when there were no such messages
    --format: string          # human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]
    --json                    # Short for --format jsonl
    --warning: string         # --format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10
    --critical: string        # --format nagios: more than this are critical
    --fields: string          # These fields only, in this order; a dot leads into an object: id,source.ip; age is short for age_s
    --sort: string            # In the order of this field; the whole list is kept in memory for it
    --reverse                 # The other way round
    --to-domain: string       # And give them to this domain, which a customer must have: their recipients get the same names there
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
    ...ids: string            # Which, by name
  ]

  # Give messages to another domain of ours: their recipients get the same names there
  export extern "queuectl redirect" [
    --domain: string          # Of this domain, or of all below it (*.example.org)
    --account: string         # Of this account
    --state: string           # In this state: waiting, in_session, deferred, held, refused, expired, delivered, bounced, damaged, deleted
    --sender: string          # From this sender; * and ? stand for any text and any character, <> for the null reverse-path
    --rcpt: string            # To this recipient, likewise
    --id: string              # With this id; - reads ids from standard input, one a line or with a NUL behind each
    --older: string           # Waiting for longer than this: 90m, 3d
    --newer: string           # Taken within this time
    --larger: string          # Larger than this: 10 MiB
    --smaller: string         # Smaller than this
    --expires-within: string  # Given up within this time
    --attempts: string        # Tried by so many sessions: 3, '>3', '<=2'
    --code: string            # Of which the customer last said this: 452, 4xx, 4.2.2
    --said: string            # Of which the customer last said something in which this regular expression is found
    --source: string          # From a host with one of these addresses: 192.0.2.7, 2001:db8::/32
    --where: string           # Of which this is so: 'size > 1M && age > 2d && !null_sender'; odmr-control(7) has all words
    --subject: string         # In whose subject this regular expression is found; each message that is meant otherwise is opened
    --held                    # Held by an operator
    --damaged                 # Set aside because they are damaged
    --all                     # Every message that there is
    --dry-run(-n)             # Only show which those would be
    --yes(-y)                 # Do not ask
    --reason: string          # Why, for the audit
    --allow-none              # Exit with 0 when there were no such messages
    --format: string          # human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]
    --json                    # Short for --format jsonl
    --warning: string         # --format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10
    --critical: string        # --format nagios: more than this are critical
    --fields: string          # These fields only, in this order; a dot leads into an object: id,source.ip; age is short for age_s
    --sort: string            # In the order of this field; the whole list is kept in memory for it
    --reverse                 # The other way round
    --to: string              # To this domain, which a customer must have
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
    ...ids: string            # Which, by name
  ]

  # Have what waits for a domain brought to its host at once, however lately that came to nothing
  export extern "queuectl deliver-now" [
    --dry-run(-n)             # Only show how much that would be
    --reason: string          # Why, for the audit
    --allow-none              # Exit with 0 when nothing waits
    --format: string          # human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]
    --json                    # Short for --format jsonl
    --warning: string         # --format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10
    --critical: string        # --format nagios: more than this are critical
    --fields: string          # These fields only, in this order; a dot leads into an object: id,source.ip; age is short for age_s
    --sort: string            # In the order of this field; the whole list is kept in memory for it
    --reverse                 # The other way round
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
    ...domains: string        # The domains; each must have a host
  ]

  # Write messages into files, content and envelope; they stay in the queue
  export extern "queuectl export" [
    --domain: string          # Of this domain, or of all below it (*.example.org)
    --account: string         # Of this account
    --state: string           # In this state: waiting, in_session, deferred, held, refused, expired, delivered, bounced, damaged, deleted
    --sender: string          # From this sender; * and ? stand for any text and any character, <> for the null reverse-path
    --rcpt: string            # To this recipient, likewise
    --id: string              # With this id; - reads ids from standard input, one a line or with a NUL behind each
    --older: string           # Waiting for longer than this: 90m, 3d
    --newer: string           # Taken within this time
    --larger: string          # Larger than this: 10 MiB
    --smaller: string         # Smaller than this
    --expires-within: string  # Given up within this time
    --attempts: string        # Tried by so many sessions: 3, '>3', '<=2'
    --code: string            # Of which the customer last said this: 452, 4xx, 4.2.2
    --said: string            # Of which the customer last said something in which this regular expression is found
    --reason: string          # Of which the customer last said something in which this regular expression is found
    --source: string          # From a host with one of these addresses: 192.0.2.7, 2001:db8::/32
    --where: string           # Of which this is so: 'size > 1M && age > 2d && !null_sender'; odmr-control(7) has all words
    --subject: string         # In whose subject this regular expression is found; each message that is meant otherwise is opened
    --held                    # Held by an operator
    --damaged                 # Set aside because they are damaged
    --as: string              # As eml (with a .json each), maildir or mbox (with their envelopes beside them), or tar (with all in it)
    --format: string          # As eml (with a .json each), maildir or mbox (with their envelopes beside them), or tar (with all in it)
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
    to: path                  # The folder, or with --as mbox or tar the file
    ...ids: string            # Which, by name
  ]

  # Take messages in that export has written; none of them twice
  export extern "queuectl import" [
    --again                   # Take in once more what was imported before and has left since
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help (see more with '--help')
    ...from: path             # What export has written: folders, mbox files, tars, or single .eml files
  ]

  # Look the whole spool through: rows, contents, counts, files; 1 when something is wrong
  export extern "queuectl verify" [
    --repair                  # Mend what can be mended, of a spool that nobody uses (--spool): indexes and counts are made anew; files that no message speaks of, and octets behind the end of a content, are moved to its folder lost; damaged mail is set aside and kept
    --dry-run(-n)             # With --repair: only look
    --format: string          # human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]
    --json                    # Short for --format jsonl
    --warning: string         # --format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10
    --critical: string        # --format nagios: more than this are critical
    --fields: string          # These fields only, in this order; a dot leads into an object: id,source.ip; age is short for age_s
    --sort: string            # In the order of this field; the whole list is kept in memory for it
    --reverse                 # The other way round
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
  ]

  # Customers' sessions: those in which mail is going out now, and the last hundred that have ended
  export extern "queuectl sessions" [
    --account: string         # Of this account only (repeatable)
    --limit: string           # The last so many
    --format: string          # human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]
    --json                    # Short for --format jsonl
    --warning: string         # --format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10
    --critical: string        # --format nagios: more than this are critical
    --fields: string          # These fields only, in this order; a dot leads into an object: id,source.ip; age is short for age_s
    --sort: string            # In the order of this field; the whole list is kept in memory for it
    --reverse                 # The other way round
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
  ]

  # What operators did
  export extern "queuectl audit" [
    --limit: string           # The last so many
    --format: string          # human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]
    --json                    # Short for --format jsonl
    --warning: string         # --format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10
    --critical: string        # --format nagios: more than this are critical
    --fields: string          # These fields only, in this order; a dot leads into an object: id,source.ip; age is short for age_s
    --sort: string            # In the order of this field; the whole list is kept in memory for it
    --reverse                 # The other way round
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
  ]

  # Wait until there are no such messages, or until there are
  export extern "queuectl wait" [
    --domain: string          # Of this domain, or of all below it (*.example.org)
    --account: string         # Of this account
    --state: string           # In this state: waiting, in_session, deferred, held, refused, expired, delivered, bounced, damaged, deleted
    --sender: string          # From this sender; * and ? stand for any text and any character, <> for the null reverse-path
    --rcpt: string            # To this recipient, likewise
    --id: string              # With this id; - reads ids from standard input, one a line or with a NUL behind each
    --older: string           # Waiting for longer than this: 90m, 3d
    --newer: string           # Taken within this time
    --larger: string          # Larger than this: 10 MiB
    --smaller: string         # Smaller than this
    --expires-within: string  # Given up within this time
    --attempts: string        # Tried by so many sessions: 3, '>3', '<=2'
    --code: string            # Of which the customer last said this: 452, 4xx, 4.2.2
    --said: string            # Of which the customer last said something in which this regular expression is found
    --reason: string          # Of which the customer last said something in which this regular expression is found
    --source: string          # From a host with one of these addresses: 192.0.2.7, 2001:db8::/32
    --where: string           # Of which this is so: 'size > 1M && age > 2d && !null_sender'; odmr-control(7) has all words
    --subject: string         # In whose subject this regular expression is found; each message that is meant otherwise is opened
    --held                    # Held by an operator
    --damaged                 # Set aside because they are damaged
    --empty                   # Until there are none; this is so unless --any is said. What was deleted does not count
    --any                     # Until there are any
    --timeout: string         # Give up after this, with 75
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
  ]

  # Follow what happens: mail that comes, waits, goes; sessions; orders
  export extern "queuectl watch" [
    --from-cursor: string     # What came behind this `seq` too, as far as odmrd remembers it: the last ten thousand
    --no-follow               # What has happened so far, all of it unless --from-cursor says from where, and no more
    --event: string           # These only: queued, session_start, delivered, deferred, refused, held, released, deleted, undeleted, expired, bounced, requeued, redirected, session_end
    --domain: string          # Of this domain only, or of all below it (*.example.org)
    --account: string         # Of this account only
    --id: string              # About the message with this id only; - reads ids from standard input
    --code: string            # With this reply of the customer only: 452, 4xx, 4.2.2
    --limit: string           # End after so many
    --format: string          # human, wide, json, jsonl, csv, tsv, ids, ids0, template:TEXT, prometheus or nagios [default: human on a terminal, else jsonl]
    --json                    # Short for --format jsonl
    --warning: string         # --format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10
    --critical: string        # --format nagios: more than this are critical
    --fields: string          # These fields only, in this order; a dot leads into an object: id,source.ip; age is short for age_s
    --sort: string            # In the order of this field; the whole list is kept in memory for it
    --reverse                 # The other way round
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
  ]

  # A live view: domains, sessions, what happens
  export extern "queuectl top" [
    --once                    # Print one frame, and end
    --interval: string        # How often to look anew
    --ascii                   # No characters beyond ASCII
    --no-color                # Nothing in red; so it is with NO_COLOR, and on a terminal that has no colours
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
  ]

  # The JSON Schema of what is told
  export extern "queuectl schema" [
    --config(-c): path        # The settings of odmrd, where its control socket stands
    --socket: path            # Ask at this socket
    --spool: path             # Look at the spool in this folder, read-only, whether odmrd runs or not
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
    name?: string             # Which; without it, their names
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "queuectl help" [
  ]

  # The messages in the queue
  export extern "queuectl help list" [
  ]

  # All that is known of a message
  export extern "queuectl help show" [
  ]

  # What waits for each domain
  export extern "queuectl help domains" [
  ]

  # The queue by groups
  export extern "queuectl help stats" [
  ]

  # Keep messages from being handed over
  export extern "queuectl help hold" [
  ]

  # Have held messages handed over again
  export extern "queuectl help release" [
  ]

  # Drop messages; nobody is told
  export extern "queuectl help delete" [
  ]

  # Refuse messages: each sender is told, as if the customer had refused
  export extern "queuectl help bounce" [
  ]

  # Give messages up now, as if their time had run out: each sender is told
  export extern "queuectl help expire" [
  ]

  # Forget that messages were tried: back to their place in the queue
  export extern "queuectl help requeue" [
  ]

  # Give messages to another domain of ours: their recipients get the same names there
  export extern "queuectl help redirect" [
  ]

  # Have what waits for a domain brought to its host at once, however lately that came to nothing
  export extern "queuectl help deliver-now" [
  ]

  # Write messages into files, content and envelope; they stay in the queue
  export extern "queuectl help export" [
  ]

  # Take messages in that export has written; none of them twice
  export extern "queuectl help import" [
  ]

  # Look the whole spool through: rows, contents, counts, files; 1 when something is wrong
  export extern "queuectl help verify" [
  ]

  # Customers' sessions: those in which mail is going out now, and the last hundred that have ended
  export extern "queuectl help sessions" [
  ]

  # What operators did
  export extern "queuectl help audit" [
  ]

  # Wait until there are no such messages, or until there are
  export extern "queuectl help wait" [
  ]

  # Follow what happens: mail that comes, waits, goes; sessions; orders
  export extern "queuectl help watch" [
  ]

  # A live view: domains, sessions, what happens
  export extern "queuectl help top" [
  ]

  # The JSON Schema of what is told
  export extern "queuectl help schema" [
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "queuectl help help" [
  ]

}

export use completions *

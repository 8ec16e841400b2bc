//! The page on exit codes, made of their table.

use super::{escaped, tagged};
use crate::cli::fetch::ending;
use crate::exit::Exit;

const HEAD: &str = r#".SH NAME
odmr\-exit\-codes \- how odmrd(8), atrn\-fetch(1), queuectl(8), mxcheck(1) and smtp\-probe(1) end
.SH DESCRIPTION
All programs of the toolkit end with the same codes, those of
.I sysexits.h
where it has one. What went wrong is told in a line on standard error, with a hint below it where there is something to be done.
"#;

const TAIL: &str = r#".SH "WHAT THE PROGRAMS MEAN BY THEM"
.TP
.B atrn\-fetch
"No mail" is 0;
.B \-\-no\-mail\-exit
gives it a code of its own. 75 is for the next run to mend by itself, and worth a word only when it lasts. 77 (the login, or a domain that is not ours), 78 and 64 stay until somebody does
something. Of several accounts the worst counts, unless
.B \-\-exit
says otherwise.
.TP
.B queuectl
An empty list is 0, unless
.B \-\-fail\-if\-empty
or
.B \-\-fail\-if\-any
is said. An order that meant no message ends with 1, and with 0 under
.BR \-\-allow\-none ;
one that named a message which is not there, with 66 after it has dealt with the others.
.B wait
ends with 75 when its time is over, and
.B verify
with 1 when it found something. With
.B \-\-format nagios
0, 1, 2 and 3 are what monitoring takes them for: fine, a warning, critical, unknown.
.TP
.B mxcheck
1 is a finding as bad as
.B \-\-fail\-on
says (error), 68 a domain that does not exist, 69 that no server answered, and 75 that nothing bad was found, but something that could be bad was not found out. Of several domains findings come
before what was not found out; a list whose domains all end alike ends as they do. With
.B \-\-format nagios
0, 1, 2 and 3, as above.
.TP
.B smtp\-probe
1 is a rule of a level that
.B \-\-fail\-on
names (must, security) and that is not kept, 69 that nobody answers, 75 that nothing was found out, and 76 that what answers is no mail server.
Of
.BR "emulate \-\-call" ,
1 is that not all mail which was brought was taken.
.TP
.B odmrd
Settings that cannot be used are 78. Told to stop in order it ends with 0.
.SH "SEE ALSO"
odmrd(8), atrn\-fetch(1), queuectl(8), mxcheck(1), smtp\-probe(1), sysexits.h(3head)
"#;

const FETCHMAIL_HEAD: &str = r#".SH "FETCHMAIL'S NUMBERS"
With
.B \-\-exit\-codes fetchmail
(or
.B exit_codes
in
.BR [run] )
the commands of
.B atrn\-fetch
that call somebody, run, check and test\-target, end with the numbers of fetchmail(1), for scripts that were written for it; in brackets those of ours.
"#;

pub(super) fn page() -> String {
    let rows =
        Exit::TABLE.iter().map(|(exit, what)| tagged(&(*exit as u8).to_string(), &escaped(what)));
    let of_fetchmail =
        ending::FETCHMAIL.iter().map(|(code, what)| tagged(&code.to_string(), &escaped(what)));
    let (rows, of_fetchmail): (String, String) = (rows.collect(), of_fetchmail.collect());
    format!("{HEAD}.SH CODES\n{rows}{FETCHMAIL_HEAD}{of_fetchmail}{TAIL}")
}

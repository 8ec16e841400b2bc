//! The page on talks of one's own, made of what their reader takes.

use super::{escaped, tagged};
use crate::flow::probe::{HEADS, NOTATION};

const HEAD: &str = r#".SH NAME
probe\-script \- talks that smtp\-probe(1) plays against a server
.SH SYNOPSIS
.nf
.B smtp\-probe script FILE HOST[:PORT]
.fi
.SH DESCRIPTION
A file in UTF\-8 with any number of talks. Each is a rule, and the talk that shows whether a server keeps it: what is said, octet by octet, what may be answered, and what another answer means.
A line that begins with # is a remark, an empty one stands for nothing.
.PP
A talk begins with
.B == its.id
(letters, digits, dots and hyphens; each once in a file). Then come lines
.IR key :\ value ,
then the talk itself, which ends where the next one begins. A file with a line that is none is refused as a whole, with the number of that line, and nobody is called (65).
"#;

const TAIL: &str = r#".SH NOTES
Up to 10,000 moves a talk, 200 lines open at once and 2 MiB for what stands in braces. What is said goes out as it is written: content is not dot\-stuffed, and a password that is written into a talk is
said and told.
.B * login
proves who we are without that.
.PP
A talk whose needs are not met is not played, and told as such. How it ends is as with all rules: kept, not kept, put up with, or not found out.
.SH EXAMPLES
"#;

const SEE_ALSO: &str = ".SH \"SEE ALSO\"\nsmtp\\-probe(1), smtp\\-probe\\-script(1), odmr\\-exit\\-codes(7), RFC 5321\n";

/// As it stands on the page; a test reads it.
pub(super) const EXAMPLE: &str = "\
# Is RCPT refused before MAIL, and is a null sender taken?
== state.rcpt-first
title: RCPT before MAIL is refused
level: must
spec: RFC 5321, 3.3
fix: Refuse RCPT until MAIL has been taken.

C: RCPT TO:<{rcpt}>
S: 503
S~ 5xx

== mail.null
title: The null reverse-path is taken
spec: RFC 5321, 4.5.5
needs: PIPELINING, no SIZE

C: MAIL FROM:<>
C: RSET
S: 250
S- 4xx
S: 250
";

pub(super) fn page() -> String {
    let rows = |rows: &[(&str, &str)]| -> String {
        rows.iter().map(|(key, what)| tagged(&escaped(key), &escaped(what))).collect()
    };
    let (keys, lines) = (rows(HEADS), rows(NOTATION));
    let example = escaped(EXAMPLE);
    format!(
        "{HEAD}.SH KEYS\n{keys}.SH \"LINES OF A TALK\"\n{lines}{TAIL}.nf\n.RS\n{example}.RE\n.fi\n{SEE_ALSO}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::probe::read;

    #[test]
    fn the_example_is_a_file_of_talks() {
        let ids: Vec<String> = read(EXAMPLE).unwrap().into_iter().map(|probe| probe.id).collect();
        assert_eq!(ids, ["state.rcpt-first", "mail.null"]);
    }
}

//! The page on what can be seen by HTTP: prose, and the table of the metrics.

use std::fmt::Write as _;

use crate::flow::http::sheet::{Kind, METRICS, Metric};

const HEAD: &str = r#".SH NAME
odmr\-http \- what odmrd(8) shows to browsers and monitoring
.SH DESCRIPTION
With
.B http.listen
set in odmrd.toml(5),
.B odmrd
listens for HTTP there. It can be looked at and not changed: GET and HEAD, and nothing else. There is no TLS; put a server that has it in front of what others are to see.
.PP
Thirty\-two connections at a time; heads of up to 8 KiB and 64 fields; ten seconds for a request to arrive; a minute for a connection.
.SH TOKEN
Where
.B http.token
is set, whoever asks says it (a browser is asked for it):
.PP
.nf
.RS
Authorization: Bearer TOKEN
.RE
.fi
.PP
and hears 401 otherwise. Without a token everybody on this machine may ask, if the Host field of the request names localhost or a loopback address: so a page
from elsewhere, open in a browser on this machine, cannot ask under a name of its own. It hears 421.
.SH ADDRESSES
.TP
.B /healthz
200 as long as the daemon answers at all. No token.
.TP
.B /readyz
200 while mail would be taken; 503 while it is refused because the disk is full or has failed, or while the daemon stops. No token.
.TP
.B /metrics
The metrics below, in Prometheus' text format, version 0.0.4.
.TP
.B /
A page for people: it draws what /status.json tells, and again every minute. It asks nobody else for anything, sets nothing but one cookie, can be printed, and is dark
where its reader likes that. Where there is a token it is asked for once in thirty days, and again when it has changed.
.TP
.B /status.json
How everything stands: what waits for whom, how calls went in the last 24 hours, the last sessions, and how much waited over time. With
\fI?window=7d\fR or \fI?window=30d\fR instead of the last 24 hours. The schema is odmr.status/1, printed by queuectl\-schema(8). It names accounts,
domains and the addresses and names of callers, and no sender, recipient or subject.
.SH HISTORY
Once a minute it is written down how much waits, in the file
.I history
of the state directory, for thirty days: less than 6 MiB, never more. A crash costs the last minute at most. The file may be removed while the daemon does not run.
How calls went, and the last sessions, are forgotten when the daemon ends.
.SH METRICS
Every domain of an account has its series from the start, with zeros; so has everything else whose labels are known. A time is left out while there is none.
With
.B http.domain_labels
at \fItop:50\fR the fifty domains with most mail waiting have a
.B domain
of their own at that moment, and the others are summed as \fI_other\fR: the oldest age is that of the oldest of all, the next expiry the next of all. With
\fInone\fR there is \fI_other\fR only. Mail given up for a domain that no account has any more counts there too.
For what is counted it is the fifty with most mail waiting when that was first asked, and they stay: a counter must never fall.
Counters begin with the daemon.
The provider's own mail to the smarthost counts as \fIoutgoing.invalid\fR.
.PP
Ages, octets and recipients take a walk through all that waits. No more than a twentieth of the time is spent on that, so on a large spool they may be as old as twenty walks
take.
"#;

const TAIL: &str = r#".SH EXAMPLES
.nf
.RS
curl http://127.0.0.1:8366/readyz
curl \-H "Authorization: Bearer $(cat /etc/odmr/http.token)" http://127.0.0.1:8366/metrics
.RE
.fi
.PP
For Prometheus; \fIexamples/prometheus\-alerts.yml\fR has alert rules, \fIexamples/grafana\-provider.json\fR a dashboard:
.PP
.nf
.RS
scrape_configs:
  \- job_name: odmr
    authorization: { credentials_file: /etc/prometheus/odmr.token }
    static_configs: [{ targets: ["127.0.0.1:8366"] }]
.RE
.fi
.SH "SEE ALSO"
odmrd(8), odmrd.toml(5), queuectl(8), odmr(7)
"#;

/// The page, without its title.
pub(super) fn page() -> String {
    let mut text = HEAD.to_owned();
    for Metric { name, kind, labels, help } in METRICS {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let labels = match labels {
            [] => String::new(),
            some => format!("; {}", some.join(", ")),
        };
        let help = help.replace('-', "\\-");
        // Writing to memory cannot fail.
        let _ = write!(text, ".TP\n\\fB{name}\\fR ({kind}{labels})\n{help}.\n");
    }
    text + TAIL
}

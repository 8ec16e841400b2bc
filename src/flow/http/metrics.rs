//! `/metrics`: the sheet, filled in.

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use jiff::Timestamp;
use tracing::error;

use super::sheet::{self, Sheet};
use super::survey::{AGES, Figures, OLDER, largest};
use super::{Site, doings};
use crate::config::value::DomainLabels;
use crate::net::http::{Answer, plain};
use crate::queue;
use crate::smtp::Domain;
use crate::spool::embedded::oversee::Rest;

/// The domains that have no figures of their own, together. No domain can have this name.
pub(super) const OTHER: &str = "_other";

/// A domain's figures under the name they are told by.
struct Named {
    name: String,
    figures: Figures,
}

impl Site {
    /// Everything that is counted, and how it stands.
    pub(super) async fn metrics(&self, labels: DomainLabels) -> Answer {
        // Whatever is wrong with the spool, the other figures are told: now they matter most.
        let figures = self.figures().await.unwrap_or_else(|fault| {
            error!(%fault, "no figures of the queue");
            Vec::new()
        });
        let mut sheet = Sheet::default();
        self.ourselves(&mut sheet);
        self.spool(&mut sheet, &figures);
        let prominent = self.prominent(&figures, labels);
        doings::all(&mut sheet, &self.provider.counts, &prominent, labels);
        queue(&mut sheet, &named(figures, labels), Timestamp::now());
        let mut answer = plain(StatusCode::OK, sheet.into_text());
        let kind = HeaderValue::from_static(sheet::CONTENT_TYPE);
        answer.headers_mut().insert(CONTENT_TYPE, kind);
        answer
    }

    fn ourselves(&self, sheet: &mut Sheet) {
        let tls = if self.provider.tls.is_some() { "rustls" } else { "none" };
        let version = env!("CARGO_PKG_VERSION");
        // Whoever packages this says which commit it was.
        let commit = option_env!("ODMR_COMMIT").unwrap_or("unknown");
        let about = [("version", version), ("commit", commit), ("tls", tls)];
        sheet.row("odmr_build_info").put(&about, 1u64);
        let start = self.provider.started.as_second();
        sheet.row("odmr_start_timestamp_seconds").put(&[], start);
        if let Some(end) = self.provider.tls.as_ref().and_then(|tls| tls.good_until()) {
            sheet.row("odmr_tls_cert_expiry_timestamp_seconds").put(&[], end);
        }
    }

    fn spool(&self, sheet: &mut Sheet, figures: &[Figures]) {
        let spool = &self.provider.spool;
        let damaged: u64 = figures.iter().map(|figures| figures.standings.damaged).sum();
        sheet.row("odmr_spool_damaged_messages").put(&[], damaged);
        sheet.row("odmr_spool_accepts").put(&[], spool.accepts().is_ok());
        if let Some(space) = spool.space() {
            sheet.row("odmr_spool_free_bytes").put(&[], space.free);
            sheet.row("odmr_spool_free_ratio").put(&[], part(space.free, space.size));
            sheet.row("odmr_spool_free_inodes").put(&[], space.free_files);
            let files = part(space.free_files, space.files);
            sheet.row("odmr_spool_free_inodes_ratio").put(&[], files);
        }
        sheet.times("odmr_spool_fsync_seconds", spool.syncs());
    }
}

/// A whole of nothing sets no limit.
fn part(some: u64, all: u64) -> f64 {
    if all == 0 { 1.0 } else { some as f64 / all as f64 }
}

/// What goes out is nobody's, and has its own figures whatever the labels.
fn named(figures: Vec<Figures>, labels: DomainLabels) -> Vec<Named> {
    let (mut out, figures): (Vec<_>, Vec<_>) =
        figures.into_iter().partition(|f| f.standings.domain.as_str() == queue::OUTGOING);
    let out = out.pop().unwrap_or_else(|| Figures::none(queue::outgoing()));
    let (own, rest) = largest(figures, labels.most());
    let mut all: Vec<Named> = own
        .into_iter()
        .chain([out])
        .map(|figures| Named { name: figures.standings.domain.to_string(), figures })
        .collect();
    if labels != DomainLabels::All {
        let mut other = Figures::none(unnamed());
        rest.iter().for_each(|figures| other.add(figures));
        all.push(Named { name: OTHER.to_owned(), figures: other });
    }
    all
}

/// What a sum is filed under; it is told by another name.
fn unnamed() -> Domain {
    queue::outgoing()
}

fn queue(sheet: &mut Sheet, all: &[Named], now: Timestamp) {
    for Named { name, figures } in all {
        let domain = ("domain", name.as_str());
        let own = &figures.standings;
        let mut row = sheet.row("odmr_queue_messages");
        for (rest, state) in Rest::ALL {
            row.put(&[domain, ("state", state)], own.at(rest));
        }
        for (rest, state) in Rest::ALL {
            let (labels, share) = ([domain, ("state", state)], figures.census.at(rest));
            sheet.row("odmr_queue_bytes").put(&labels, share.octets);
            sheet.row("odmr_queue_recipients").put(&labels, share.recipients);
        }
        sheet.row("odmr_queue_in_session_messages").put(&[domain], own.leased);
        sheet.row("odmr_queue_oldest_age_seconds").put(&[domain], figures.oldest_age(now));
        if let Some(next) = own.next_expiry {
            let next = next.as_second();
            sheet.row("odmr_queue_next_expiry_timestamp_seconds").put(&[domain], next);
        }
        let mut row = sheet.row("odmr_queue_age_messages");
        let buckets = AGES.iter().map(|(_, bucket)| *bucket).chain([OLDER]);
        for (bucket, messages) in buckets.zip(&figures.census.ages) {
            row.put(&[domain, ("bucket", bucket)], *messages);
        }
    }
}

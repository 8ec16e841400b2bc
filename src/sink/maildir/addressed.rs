//! Who a message is for, folder by folder, and the fields that tell the reader so.

use std::sync::Arc;

use bytes::BytesMut;

use super::OPEN_LIMIT;
use super::delivery::Copy;
use super::lines::{LineEnds, LineWriter};
use super::shelf::Maildir;
use crate::smtp::{ForwardPath, ReversePath};

/// The envelope of a message while its recipients are being named.
#[derive(Debug)]
pub struct Addressed {
    return_path: ReversePath,
    ends: LineEnds,
    places: Vec<(Arc<Maildir>, Vec<ForwardPath>)>,
}

impl Addressed {
    /// An envelope without recipients, for content whose lines will end like this in the files.
    pub fn new(return_path: ReversePath, ends: LineEnds) -> Addressed {
        Addressed { return_path, ends, places: Vec::new() }
    }

    /// How lines end in the files.
    pub fn ends(&self) -> LineEnds {
        self.ends
    }

    /// Is there anybody the mail is for?
    pub fn has_recipients(&self) -> bool {
        !self.places.is_empty()
    }

    /// Adds a recipient whose mail goes to `maildir`. False when the message would go to too many folders.
    pub fn add(&mut self, maildir: Arc<Maildir>, recipient: &ForwardPath) -> bool {
        let known = self.places.iter_mut().find(|(place, _)| place.path == maildir.path);
        if let Some((_, recipients)) = known {
            recipients.push(recipient.clone());
            return true;
        }
        let room = self.places.len() < OPEN_LIMIT;
        if room {
            self.places.push((maildir, vec![recipient.clone()]));
        }
        room
    }

    /// One copy for each Maildir, our fields at its head.
    pub fn into_copies(self, trace: &str) -> Vec<Copy> {
        let (from, ends) = (self.return_path, self.ends);
        let copy = |(maildir, recipients): (Arc<Maildir>, Vec<ForwardPath>)| {
            Copy::new(maildir, head(&from, &recipients, trace, ends))
        };
        self.places.into_iter().map(copy).collect()
    }
}

/// The fields that final delivery puts in front.
fn head(from: &ReversePath, to: &[ForwardPath], trace: &str, ends: LineEnds) -> Vec<u8> {
    let mut text = format!("Return-Path: {from}\r\n");
    for recipient in to {
        text.push_str("Delivered-To: ");
        text.push_str(recipient.as_str());
        text.push_str("\r\n");
    }
    text.push_str(trace);
    let (mut lines, mut out) = (LineWriter::new(ends), BytesMut::new());
    lines.write(text.as_bytes(), &mut out);
    lines.finish(&mut out);
    out.into()
}

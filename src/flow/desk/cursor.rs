//! Where a list that was cut goes on, as a word that the next request hands in.

use std::fmt::{self, Display};
use std::str::FromStr;

use crate::queue::EntryId;
use crate::smtp::Domain;
use crate::spool::embedded::oversee::{IndexRow, Place};

/// A place in a list. Nobody but us is to look into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// In the list of all domains: behind this message.
    Behind(EntryId),
    /// In a list of some domains: in this one's, behind this row.
    Within(Domain, IndexRow),
}

/// What no list has given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("allowed: what an earlier list, of the same messages, gave as the place to go on from")]
pub struct BadCursor;

impl Cursor {
    /// Of a place in the list of these domains, or of all.
    pub fn of(place: &Place, within: Option<&[Domain]>) -> Option<Cursor> {
        match *place {
            Place::Behind(id) => Some(Cursor::Behind(id)),
            Place::Within(n, row) => Some(Cursor::Within(within?.get(n)?.clone(), row)),
        }
    }

    /// The place in the list of these domains, or of all.
    ///
    /// # Errors
    /// [`BadCursor`]: it comes from another list.
    pub fn place(self, within: Option<&[Domain]>) -> Result<Place, BadCursor> {
        match (self, within) {
            (Cursor::Behind(id), None) => Ok(Place::Behind(id)),
            (Cursor::Within(domain, row), Some(domains)) => {
                let n = domains.binary_search(&domain).map_err(|_| BadCursor)?;
                Ok(Place::Within(n, row))
            }
            _ => Err(BadCursor),
        }
    }
}

impl Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cursor::Behind(id) => write!(f, "{id}"),
            Cursor::Within(domain, (state, class, since, id)) => {
                let id = EntryId(ulid::Ulid::from_bytes(*id));
                write!(f, "{domain}/{state}/{class}/{since}/{id}")
            }
        }
    }
}

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Cursor, BadCursor> {
        let id = |text: &str| text.parse::<EntryId>().map_err(|_| BadCursor);
        let parts: Vec<&str> = text.split('/').collect();
        let number = |text: &str| text.parse::<i64>().map_err(|_| BadCursor);
        match parts[..] {
            [last] => id(last).map(Cursor::Behind),
            [domain, state, class, since, last] => {
                let domain = Domain::parse(domain).map_err(|_| BadCursor)?;
                let last = id(last)?.0.to_bytes();
                let row = (number(state)?, number(class)?, number(since)?, last);
                Ok(Cursor::Within(domain, row))
            }
            _ => Err(BadCursor),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_list() {
        let domains = ["a.test", "b.test"].map(|name| Domain::parse(name).unwrap());
        let place = Place::Within(1, (0, 1, 2, [7; 16]));
        let cursor = Cursor::of(&place, Some(&domains)).unwrap();
        assert_eq!(cursor.clone().place(Some(&domains)), Ok(place));
        // Other domains may have come before it in the meantime.
        assert_eq!(
            cursor.clone().place(Some(&domains[1..])),
            Ok(Place::Within(0, (0, 1, 2, [7; 16])))
        );
        assert_eq!(cursor.clone().place(Some(&domains[..1])), Err(BadCursor));
        assert_eq!(cursor.place(None), Err(BadCursor));
        let id: EntryId = "01M85AQA6RYMB2JKEQ85R1F64P".parse().unwrap();
        assert_eq!(Cursor::Behind(id).place(Some(&domains)), Err(BadCursor));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(state: i64, class: i64, since: i64, id: [u8; 16], all: bool) {
            let cursor = match all {
                true => Cursor::Behind(EntryId(ulid::Ulid::from_bytes(id))),
                false => Cursor::Within(Domain::parse("x.test").unwrap(), (state, class, since, id)),
            };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn no_text_breaks_it(text in "[0-9A-Za-z./-]{0,60}") {
            let _ = text.parse::<Cursor>();
        }
    }
}

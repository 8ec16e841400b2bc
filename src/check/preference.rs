//! The arithmetic of preferences: who gets how much of the mail, and when. RFC 5321, section 5.1.
//!
//! A sender tries the targets with the lowest number first, and takes them in any order where several have
//! it; only when none of those takes the mail does it go on to the next number. So what stands beside the
//! expected server gets its share all the time, and what stands behind it gets everything whenever that
//! server cannot be reached.

/// How a target stands to the servers that should get the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has the lowest number of all that are expected, or a lower one, and is expected.
    First,
    /// It is tried before every expected server.
    Before,
    /// It shares the number of the best expected server.
    Beside,
    /// It is tried when the best expected server did not answer.
    Behind,
}

/// Of the mail of senders who find every host up, how much goes to each of these numbers' records first, as
/// `(part, whole)`. Hosts that have no address (`false`) are passed over, as senders do.
pub fn shares(records: &[(u16, bool)]) -> Vec<(usize, usize)> {
    let best = records.iter().filter(|(_, is_there)| *is_there).map(|(number, _)| *number).min();
    let is_best = |record: &(u16, bool)| record.1 && Some(record.0) == best;
    let whole = records.iter().filter(|record| is_best(record)).count();
    records.iter().map(|record| (usize::from(is_best(record)), whole.max(1))).collect()
}

/// How each record stands, told its number and whether its host is expected. Where nothing is expected,
/// everything is before.
pub fn standings(records: &[(u16, bool)]) -> Vec<Standing> {
    let best = records.iter().filter(|(_, expected)| *expected).map(|(number, _)| *number).min();
    let standing = |(number, expected): &(u16, bool)| match best {
        None => Standing::Before,
        Some(best) if *number > best => Standing::Behind,
        Some(best) if *number < best => Standing::Before,
        Some(_) if *expected => Standing::First,
        Some(_) => Standing::Beside,
    };
    records.iter().map(standing).collect()
}

/// A share of a hundred; what is there at all is never 0, and what is not everything never 100.
pub fn percent((part, whole): (usize, usize)) -> u8 {
    let rounded = (part * 100 + whole / 2) / whole.max(1);
    let rounded = match (part, rounded) {
        (0, _) => 0,
        (_, 0) => 1,
        (part, 100) if part < whole => 99,
        (_, rounded) => rounded,
    };
    u8::try_from(rounded).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_lowest_number_gets_everything_and_equals_share() {
        assert_eq!(shares(&[(10, true), (20, true)]), [(1, 1), (0, 1)]);
        assert_eq!(shares(&[(10, true), (10, true), (20, true)]), [(1, 2), (1, 2), (0, 2)]);
        assert_eq!(shares(&[(5, false), (10, true)]), [(0, 1), (1, 1)], "nobody is at the first");
        assert_eq!(shares(&[(5, false)]), [(0, 1)]);
        assert_eq!([percent((1, 3)), percent((1, 1000)), percent((999, 1000))], [33, 1, 99]);
    }

    fn records() -> impl Strategy<Value = Vec<(u16, bool)>> {
        proptest::collection::vec((0..6_u16, any::<bool>()), 0..8)
    }

    proptest! {
        #[test]
        fn shares_are_a_whole(records in records()) {
            let parts: usize = shares(&records).iter().map(|share| share.0).sum();
            let whole = shares(&records).first().map_or(0, |share| share.1);
            let anybody = records.iter().any(|record| record.1);
            prop_assert_eq!(parts, if anybody { whole } else { 0 });
        }

        #[test]
        fn what_stands_behind_takes_nothing_from_anybody(records in records()) {
            let last = records.iter().map(|record| record.0).max().unwrap_or(0) + 1;
            prop_assume!(records.iter().any(|record| record.1));
            let mut more = records.clone();
            more.push((last, true));
            prop_assert_eq!(&shares(&more)[..records.len()], &shares(&records)[..]);
            prop_assert_eq!(shares(&more)[records.len()].0, 0);
        }

        #[test]
        fn only_the_order_of_numbers_counts(records in records(), by in 1..100_u16) {
            let moved: Vec<_> = records.iter().map(|&(n, there)| (n * 3 + by, there)).collect();
            prop_assert_eq!(shares(&moved), shares(&records));
            prop_assert_eq!(standings(&moved), standings(&records));
        }

        #[test]
        fn who_is_not_expected_bypasses_in_one_way(records in records()) {
            let best = records.iter().filter(|record| record.1).map(|record| record.0).min();
            for (record, standing) in records.iter().zip(standings(&records)) {
                let wanted = match best {
                    Some(best) if record.0 == best && record.1 => Standing::First,
                    Some(best) if record.0 == best => Standing::Beside,
                    Some(best) if record.0 > best => Standing::Behind,
                    _ => Standing::Before,
                };
                prop_assert_eq!(standing, wanted);
            }
        }

        #[test]
        fn a_percentage_is_honest_at_its_ends(part in 0..50_usize, more in 0..50_usize) {
            let whole = part + more;
            prop_assume!(whole > 0);
            let percent = percent((part, whole));
            prop_assert_eq!(percent == 0, part == 0);
            prop_assert_eq!(percent == 100, part == whole);
        }
    }
}

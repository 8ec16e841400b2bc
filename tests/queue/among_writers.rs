//! Each page of a list is of one moment, whoever else is at the queue, and no message is missed.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::lab::Lab;
use crate::lab::ours::{Odmrd, RunningOdmrd};
use crate::lab::post::Post;
use crate::{LETTER, judge, queuectl};

/// So many a list reads in one go, and these are of one moment.
const PAGE: usize = 512;
/// Some pages of them.
const BEFORE: usize = 1100;
const LISTS: usize = 6;

fn deliver(odmrd: &RunningOdmrd, post: &mut Post, number: usize) {
    // There is an end to what one session may bring.
    if number.is_multiple_of(500) {
        *post = Post::open(odmrd.mx);
    }
    post.deliver(&format!("{number}@sender.test"), "bob@example.org", LETTER);
}

/// Tells the others that it is over, also when it ends badly.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// The numbers that a list tells, and in which states they are.
fn listed(odmrd: &RunningOdmrd, which: &[&str]) -> Vec<(usize, String)> {
    let records = queuectl(odmrd, &[&["list", "--json"], which].concat()).ended(0).records();
    judge(odmrd, "odmr.queue.message/1", &records);
    let number = |sender: &str| sender.strip_suffix("@sender.test")?.parse().ok();
    let text = |record: &serde_json::Value, field: &str| record[field].as_str().map(str::to_owned);
    let told = records.iter().map(|record| {
        let number = text(record, "sender").and_then(|sender| number(&sender)).expect("a number");
        (number, text(record, "state").expect("a state"))
    });
    told.collect()
}

#[test]
fn a_list_is_never_torn_by_those_who_write() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let mut post = Post::open(odmrd.mx);
    (0..BEFORE).for_each(|number| deliver(&odmrd, &mut post, number));
    let (accepted, over) = (AtomicUsize::new(BEFORE), AtomicBool::new(false));
    let orders = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Acquire) {
                let number = accepted.load(Ordering::Acquire);
                deliver(&odmrd, &mut post, number);
                accepted.store(number + 1, Ordering::Release);
            }
        });
        let orders = scope.spawn(|| {
            let mut orders = 0;
            while !over.load(Ordering::Acquire) {
                queuectl(&odmrd, &["hold", "--all", "--yes"]).ended(0);
                queuectl(&odmrd, &["release", "--all", "--yes"]).ended(0);
                orders += 2;
            }
            orders
        });
        let ends = Ends(&over);
        for n in 0..LISTS {
            let which = if n % 2 == 0 { &[][..] } else { &["--domain", "example.org"] };
            let least = accepted.load(Ordering::Acquire);
            let told = listed(&odmrd, which);
            // One more may be in the spool than its sender has heard of.
            let most = accepted.load(Ordering::Acquire) + 1;
            assert!((least..=most).contains(&told.len()), "{least} {} {most}", told.len());
            let numbers: BTreeSet<usize> = told.iter().map(|(number, _)| *number).collect();
            assert!(numbers.into_iter().eq(0..told.len()), "one is missing, or is told twice");
            // An order goes through them once; behind where it is, all is as the last one left it.
            for page in told[..BEFORE].chunks(PAGE) {
                let mut states: Vec<&str> = page.iter().map(|(_, state)| state.as_str()).collect();
                states.dedup();
                assert!(states.len() <= 2, "{states:?}");
                assert!(states.iter().all(|state| ["held", "waiting"].contains(state)));
            }
        }
        drop(ends);
        orders.join().expect("orders")
    });
    assert!(orders > 0);
}

#[test]
fn who_asks_many_times_keeps_no_seat_from_others() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let mut post = Post::open(odmrd.mx);
    // Each content is a question of its own, and there are sixteen seats.
    (0..40).for_each(|number| deliver(&odmrd, &mut post, number));
    let folder = lab.path("exported").display().to_string();
    queuectl(&odmrd, &["export", &folder]).ended(0);
    let files = std::fs::read_dir(&folder).expect("the folder");
    let letters = files.filter(|file| {
        file.as_ref().is_ok_and(|file| file.path().extension().is_some_and(|end| end == "eml"))
    });
    assert_eq!(letters.count(), 40);
}

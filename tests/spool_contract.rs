//! The embedded engine keeps the contract that every engine keeps.

mod contract;

use contract::{Engine, arriving, delay, leaving, telling, walking};
use odmr::spool::embedded::{Embedded, Settings};
use proptest::prelude::*;

/// A spool in a folder that goes away with it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a folder"))
    }
}

impl Engine for Folder {
    type Spool = Embedded;

    async fn open(&self) -> Embedded {
        let settings = Settings { reserve: Some(0), ..Settings::at(self.0.path()) };
        Embedded::open(settings).expect("a spool")
    }
}

macro_rules! contract {
    ($($room:ident::$case:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $room::$case(&Folder::new()).await;
            }
        )*
    };
}

contract! {
    arriving::what_was_kept_comes_back_bit_for_bit,
    arriving::the_shape_of_content_is_known,
    arriving::every_kind_of_address_is_kept,
    arriving::a_draft_that_is_dropped_leaves_nothing,
    arriving::a_message_for_several_domains_is_shared,
    arriving::a_commit_that_is_repeated_makes_no_second_entry,
    arriving::a_message_for_nobody_is_refused,
    arriving::many_sessions_commit_at_once,
    arriving::a_closed_spool_accepts_nothing_and_keeps_everything,
    leaving::what_was_delivered_is_gone,
    leaving::what_was_deferred_stays_with_its_reason,
    leaving::each_recipient_has_its_own_fate,
    leaving::what_was_refused_is_set_aside,
    leaving::what_was_not_tried_waits_as_before,
    leaving::a_reason_of_any_length_is_kept_in_reason,
    leaving::what_outlives_its_time_is_marked_and_kept,
    telling::what_failed_is_due_until_its_notice_is_kept,
    telling::what_nobody_wants_to_hear_of_goes_without_a_notice,
    telling::those_who_wait_go_on_waiting_while_others_are_told_of,
    telling::what_has_expired_is_due,
    telling::a_success_is_due_where_it_was_asked_for,
    telling::what_is_due_is_handed_out_in_the_order_of_arrival,
    delay::what_waits_too_long_is_told_of_once_the_oldest_first,
    delay::what_was_tried_is_delayed_too,
    delay::one_word_can_stand_for_all_that_waits,
    delay::what_a_session_has_is_not_told_of_and_keeps_its_place,
    delay::what_comes_while_the_clock_is_wrong_is_told_of_too,
    walking::a_lease_is_exclusive_and_dies_with_its_guard,
    walking::a_lease_dies_with_the_spool,
    walking::nobody_gets_the_mail_of_others,
    walking::a_walk_hands_out_no_more_than_there_is_room_for,
    walking::what_arrives_during_a_walk_is_found_and_nothing_is_offered_twice,
    walking::several_sessions_share_the_work_and_no_entry,
    walking::what_was_tried_waits_behind_all_that_was_not,
    walking::the_tried_take_turns_and_age_from_when_they_were_tried,
    walking::one_that_ends_every_session_keeps_nobody_waiting,
    walking::a_walk_offers_nothing_twice_whatever_the_clock_says,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_is_the_disciplines(waiting in walking::waiting(), room in 1..7usize) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(walking::the_order_is_the_disciplines(&Folder::new(), &waiting, room));
    }
}

//! What every engine has to do, in one text for all of them: SQLite, the NATS server of the system, and the one that
//! `tests/cluster` pins.
#![allow(clippy::unwrap_used, reason = "what fails in a test is to panic, also in the functions that tests share")]

mod cancel;
mod claims;
mod dead;
mod delay;
mod enqueue;
mod feed;
mod fencing;
mod leases;
mod migration;
#[path = "../support/nats.rs"]
mod nats;
#[path = "../support/need.rs"]
mod need;
mod place;
mod restart;
mod sink;
mod turns;
mod wire;

/// Makes a test of each claim, for each engine.
macro_rules! on_every_engine {
    ($($file:ident: $($claim:ident),+;)+) => {
        mod sqlite {
            $($(#[test] fn $claim() { crate::place::on_sqlite(crate::$file::$claim); })+)+
        }
        mod nats_installed {
            $($(#[test] fn $claim() { crate::place::on_nats(crate::nats::installed(), crate::$file::$claim); })+)+
        }
        mod nats_built {
            $($(#[test] fn $claim() { crate::place::on_nats(crate::nats::built(), crate::$file::$claim); })+)+
        }
    };
}

on_every_engine! {
    claims: hands_out_once_and_keeps_no_more_when_done, claims_no_more_than_slots, wakes_when_work_arrives,
        gives_back_at_once_and_counts_no_attempt, gives_back_to_the_front, counts_what_was_never_settled, retries_after_the_pause, shares_no_job_between_claimers;
    leases: hands_out_again_when_a_lease_runs_out, keeps_what_is_renewed_on_another_connection;
    fencing: fences_every_settlement_while_another_holds_the_job, fences_every_settlement_after_another_is_done,
        fences_every_settlement_after_another_gave_back, fences_every_settlement_after_another_put_off,
        fences_every_settlement_after_another_buried, fences_deliveries_from_before_a_requeue;
    dead: lists_dead_letters_oldest_first, requeues_with_nothing_counted, buries_what_it_cannot_read,
        pages_dead_letters_by_their_bytes, finds_a_dead_letter_by_its_id, discards_for_good,
        buries_what_is_large_and_fails_at_length, buries_without_its_payload_what_leaves_no_room;
    enqueue: enqueues_an_id_once_whatever_became_of_it, takes_jobs_that_another_program_put_there,
        remembers_the_id_of_a_job_for_a_week, enqueues_thousands_in_seconds;
    delay: begins_no_job_before_its_delay_is_over, puts_jobs_off_for_three_days_at_most;
    cancel: takes_out_what_waits, tells_who_works_on_it, hands_out_no_more_what_was_cancelled_when_its_process_died,
        cancels_nothing_that_has_ended;
    sink: keeps_one_effect_of_a_job, counts_a_change_once, forgets_old_effects;
    feed: keeps_the_order_of_a_partition, reads_on_when_a_change_arrives, leases_partitions_to_one_writer,
        moves_a_checkpoint_for_one_writer, tells_how_far_each_partition_is;
    migration: says_that_it_is_not_migrated, migrates_once_for_all, gains_partitions_and_loses_none, says_that_nobody_is_there;
}

/// What only an engine in a file can be put through.
#[test]
fn every_writer_has_its_turn() {
    place::on_sqlite(turns::every_writer_has_its_turn);
}

/// What only an engine with a server can be put through.
macro_rules! on_every_server {
    ($($file:ident: $($claim:ident),+;)+) => {
        mod nats_installed_server {
            $($(#[test] fn $claim() { crate::place::on_nats(crate::nats::installed(), crate::$file::$claim); })+)+
        }
        mod nats_built_server {
            $($(#[test] fn $claim() { crate::place::on_nats(crate::nats::built(), crate::$file::$claim); })+)+
        }
    };
}

on_every_server! {
    dead: refuses_a_job_for_whose_letter_there_is_no_room, claims_the_rest_when_one_cannot_be_read, claims_many_large_jobs;
    restart: loses_nothing_when_the_server_is_killed, fails_at_once_while_the_server_is_gone,
        ends_a_wait_when_the_server_goes, reads_on_after_a_restart;
    wire: finishes_what_was_done_and_not_acknowledged, says_again_that_a_settlement_counted, keeps_the_pause_that_was_not_asked_for,
        writes_the_dead_letter_that_is_missing, requeues_what_was_buried_and_not_acknowledged,
        requeues_once_when_a_requeue_was_broken_off, discards_once_when_a_discard_was_broken_off,
        shows_a_letter_that_cannot_be_read, opens_a_feed_that_was_left_closed,
        has_the_server_remember_as_long_but_not_less_than_a_week;
}

//! Journeys through real mail programs: Postfix, Exim, Dovecot, OpenSMTPD, fetchmail, swaks, gsasl.
//!
//! `install.sh` beside this file installs them. [`lab`] starts them on loopback, each test its own.

mod at_the_door;
mod both_programs;
mod brought_to_a_host;
mod calibration;
mod complaints;
mod customers_send;
mod dovecot_knows;
mod examples_work;
mod exchange_calls_odmrd;
mod far_corners;
mod fetchmail_calls_odmrd;
mod in_front;
mod lab;
mod lab_itself;
mod odd_providers;
mod operations;
mod own_queue;
mod peers_alone;
mod records;
mod runs_all_the_time;
mod senders_are_told;
mod senders_feed_odmrd;
mod service_manager;
mod smuggling;
#[path = "../bad_input/strict.rs"]
mod strict;
mod targets_of_atrn_fetch;
mod unlike_fetchmail;
mod ways_to_the_provider;

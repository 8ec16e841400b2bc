//! What is seen of a provider from outside: its figures, its health, its page. The daemon is the real
//! one; so is what judges it.

#[allow(dead_code)]
#[path = "../bad_input/house.rs"]
mod house;
#[allow(dead_code)]
#[path = "../peers/lab/presence.rs"]
mod presence;
#[path = "../bad_input/strict.rs"]
mod strict;
#[allow(dead_code)]
#[path = "../bad_input/talk.rs"]
mod talk;

mod driver;
mod examples;
mod http;
mod metrics;
mod page;
mod status;
mod window;

//! The corridors: one journey a file, told top to bottom.
//!
//! | file | the journey |
//! |---|---|
//! | [`intake`] | a stranger brings mail to the MX, and it comes to rest in the spool |
//! | [`relay`] | a customer calls, proves itself and says ATRN; the answer, and the turn |
//! | [`drain`] | behind the turn: the provider sends what waits |
//! | [`call`] | the customer's side up to the turn |
//! | [`receive`] | behind the turn: the customer takes its mail in |
//! | [`fetch`] | one run of the customer, from the lock to the summary |
//! | [`visit`] | a run with all that belongs around it |
//! | [`memory`] | what is remembered of it |
//! | [`hook`] | who else hears of it |
//! | [`summary`] | what came of it, for people and for pipes |
//! | [`notify`] | senders are told what became of their mail |
//! | [`forward`] | our own mail goes to the smarthost |
//! | [`desk`] | an operator looks, and orders |
//! | [`events`], [`traffic`] | what happened, one by one, and how much of it |
//! | [`http`] | somebody looks from outside: figures, and whether we are well |
//! | [`check`] | a domain's facts are gathered, and judged |
//! | [`probe`] | a server is asked every rule of the catalogue |
//! | [`serve`] | the provider's life: listeners, reload, expiry, the end |

pub mod call;
pub mod check;
pub mod counts;
pub mod demo;
pub mod desk;
pub mod dovecot;
pub mod drain;
pub mod errand;
pub mod events;
pub mod fetch;
pub mod forward;
pub mod handover;
pub mod hook;
pub mod http;
pub mod intake;
pub mod line;
pub mod lock;
pub mod login;
pub mod memory;
pub mod notify;
pub mod own_queue;
pub mod plan;
pub mod probe;
pub mod proof;
pub mod provider;
pub mod push;
pub mod receive;
pub mod recent;
pub mod relay;
mod restart;
pub mod room;
pub mod rounds;
pub mod schedule;
mod scribe;
pub mod serve;
pub mod submit;
pub mod summary;
pub mod traffic;
pub mod visit;

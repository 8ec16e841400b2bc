//! A stage for dialogues: scripts in RFC 2645's own notation, played against the pure machines and
//! against the real flows.
//!
//! ```text
//! profile: mx                        # mx, odmr, reversed-provider, reversed-customer, customer
//! max_size: 1000                     # settings, see `house`
//!
//! P: 220 mx.example.net ESMTP ready  # whoever is us must say exactly this; `*` stands for anything
//! C: EHLO client.example.com         # the other side says this, CRLF added
//! ...                                # we say whatever we like, up to the next line of ours
//! C| BDAT 3\r\nabc                   # the other side says these octets and no others
//! C*5: NOOP                          # five times
//! -- 6 minutes pass                  # the pure machine's clock
//! -- tls                             # a handshake
//! -- login acme SCRAM-SHA-256        # a whole AUTH exchange with the account's own secret
//! -- a moment passes              # whoever is us comes as far as it can; real lines only
//! -- gone                            # the other side hangs up
//! -- closed                          # we do
//! ```
//!
//! Lines of the other side with none of ours in between travel in one packet. `\r`, `\n`, `\0`,
//! `\\` and `\xHH` are octets, and `\(abc*3)` is `abcabcabc`.

// Each test binary uses its own part of this.
#![allow(dead_code)]

pub mod chatter;
pub mod couple;
pub mod host;
pub mod house;
pub mod play;
pub mod pure;
pub mod script;
pub mod shelf;
pub mod stock;
pub mod wire;

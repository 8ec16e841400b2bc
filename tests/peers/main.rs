//! Journeys through real mail programs: Postfix, Exim, Dovecot, OpenSMTPD, fetchmail, swaks, gsasl.
//!
//! `install.sh` beside this file installs them. [`lab`] starts them on loopback, each test its own.

mod calibration;
mod lab;
mod lab_itself;
mod peers_alone;

//! Somebody looks from outside: monitoring, by HTTP. Whether we are well may be asked by everybody
//! who gets here; everything else by whoever knows the token, where there is one.
//!
//! | file | holds |
//! |---|---|
//! | `gate` | who may ask |
//! | `status` | all of it, for the page |
//! | `survey` | what rests in the spool, counted |
//! | `history` | how much waited, minute by minute |
//! | `page` | what a browser shows |
//! | `remember` | that it is written down |
//! | `sheet` | the metrics that there are, and their form |
//! | `metrics` | what they say now of the queue and of ourselves |
//! | `doings` | and of what has happened |

mod doings;
mod gate;
pub mod history;
mod metrics;
mod page;
mod remember;
pub mod sheet;
pub mod status;
pub mod survey;

use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, StatusCode};

use self::doings::Prominent;
pub use self::gate::{Gate, GateError};
pub use self::remember::{Memory, keep_remembering, minutes};
use self::survey::{Figures, Surveyor};
use super::line::Stop;
use super::provider::Provider;
use crate::config::value::DomainLabels;
use crate::net::http::{Answer, Answers, Asked, plain};
use crate::spool::SpoolError;
use crate::spool::embedded::Embedded;

/// The file of the history, in the state directory.
pub const HISTORY: &str = "history";

/// What can be seen.
pub struct Site {
    provider: Arc<Provider<Embedded>>,
    rules: ArcSwap<Rules>,
    surveyor: Surveyor,
    /// The domains whose doings are told under their own name.
    prominent: Mutex<Prominent>,
    memory: Memory,
    stop: Stop,
}

/// What the settings say about it.
#[derive(Debug)]
pub struct Rules {
    /// Who may ask.
    pub gate: Gate,
    /// Which domains have figures of their own.
    pub labels: DomainLabels,
}

impl Site {
    /// A site that shows this provider.
    pub fn new(
        provider: Arc<Provider<Embedded>>,
        rules: Rules,
        memory: Memory,
        stop: Stop,
    ) -> Site {
        let surveyor = Surveyor::new(provider.spool.overseer());
        let rules = ArcSwap::from_pointee(rules);
        Site { provider, rules, surveyor, prominent: Mutex::default(), memory, stop }
    }

    /// Puts other rules in force.
    pub fn refurnish(&self, rules: Rules) {
        self.rules.store(Arc::new(rules));
    }

    /// What rests in the spool, of every domain that we hold mail for.
    async fn figures(&self) -> Result<Vec<Figures>, SpoolError> {
        let house = self.provider.house();
        self.surveyor.survey(house.domains.keys().cloned()).await
    }

    async fn route(&self, asked: &Asked) -> Answer {
        let rules = self.rules.load_full();
        let looks = matches!(*asked.method(), Method::GET | Method::HEAD);
        match asked.uri().path() {
            "/login" if *asked.method() == Method::POST => page::login(asked, &rules.gate),
            "/healthz" if looks => plain(StatusCode::OK, "ok\n"),
            "/readyz" if looks => self.readiness(),
            path => match page::file(path).filter(|_| looks) {
                Some(file) => file,
                None => self.behind_the_gate(asked, &rules, looks).await,
            },
        }
    }

    async fn behind_the_gate(&self, asked: &Asked, rules: &Rules, looks: bool) -> Answer {
        let is_page = looks && asked.uri().path() == "/";
        match rules.gate.refusal(asked) {
            Some(refusal) if is_page && asks_for_token(&refusal) => page::login_form(),
            Some(refusal) => refusal,
            None if !looks => wrong_method(),
            None => self.show(asked, rules).await,
        }
    }

    async fn show(&self, asked: &Asked, rules: &Rules) -> Answer {
        match asked.uri().path() {
            "/status.json" => self.status(asked.uri().query()).await,
            "/" => page::page(),
            "/metrics" => self.metrics(rules.labels).await,
            _ => plain(StatusCode::NOT_FOUND, "there is nothing of that name\n"),
        }
    }

    /// Would mail be taken, and what becomes of it be written down?
    fn readiness(&self) -> Answer {
        if *self.stop.borrow() {
            return plain(StatusCode::SERVICE_UNAVAILABLE, "the service is stopping\n");
        }
        match self.provider.spool.accepts() {
            Ok(()) => plain(StatusCode::OK, "ready\n"),
            // Anybody may ask, so no more is said than a sender would hear.
            Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE, "mail cannot be kept just now\n"),
        }
    }
}

fn asks_for_token(refusal: &Answer) -> bool {
    refusal.status() == StatusCode::UNAUTHORIZED
}

fn wrong_method() -> Answer {
    let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "here one can only look\n");
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    answer
}

impl Answers for Site {
    async fn answer(&self, asked: Asked) -> Answer {
        let mut answer = self.route(&asked).await;
        for (name, value) in CAUTIONS {
            answer.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
        }
        answer
    }
}

/// What every answer bears, unless it says otherwise itself.
const CAUTIONS: [(HeaderName, &str); 4] = [
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
];

/// One who may not ask.
fn unauthorized() -> Answer {
    let mut answer = plain(StatusCode::UNAUTHORIZED, "the token, please\n");
    let challenge = HeaderValue::from_static("Bearer realm=\"odmrd\"");
    answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    answer
}

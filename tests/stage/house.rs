//! The provider of the dialogues: `mx.example.net`, with its accounts.
//!
//! | account | domains | secret | may |
//! |---|---|---|---|
//! | acme | example.org, example.com | tanstaaftanstaaf | SCRAM, CRAM-MD5, PLAIN under TLS |
//! | old | old.example, older.example | secret | PLAIN and LOGIN in clear too |

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use odmr::config::accounts::Accounts;
use odmr::config::provider::Settings;
use odmr::config::recipients::Recipients;
use odmr::flow::provider::{House, Lists};
use odmr::odmr::Empty;
use odmr::sasl::Credentials;
use odmr::session::server::Mechanisms;
use odmr::session::{Patience, Profile, ServerSettings};
use odmr::smtp::Domain;

use super::script::Script;

pub const PROVIDER: &str = "mx.example.net";
pub const CUSTOMER: &str = "mail.example.org";

pub fn secret_of(account: &str) -> &'static str {
    if account == "old" { "secret" } else { "tanstaaftanstaaf" }
}

static ACCOUNTS: LazyLock<String> = LazyLock::new(|| {
    let kept = |account: &str| {
        let credentials =
            Credentials::derive(secret_of(account), &[7; 16], 4096, true).expect("credentials");
        let cram = credentials.cram.as_ref().expect("CRAM contexts").stored_form();
        let scram = credentials.scram.stored_form();
        format!("scram_sha_256 = \"{}\"\ncram_md5 = \"{}\"\n", *scram, *cram)
    };
    format!(
        "[account.acme]\ndomains = [\"example.org\", \"example.com\", \"xn--bcher-kva.example\"]\npace = \"0s\"\n{}\
         [account.old]\ndomains = [\"old.example\", \"older.example\"]\nclear_login = true\n{}",
        kept("acme"),
        kept("old"),
    )
});

pub fn accounts() -> Accounts {
    Accounts::parse(Path::new("accounts.toml"), &ACCOUNTS).expect("accounts")
}

pub fn domain(name: &str) -> Domain {
    Domain::parse(name).expect("a domain")
}

/// What the provider of this dialogue is.
pub fn house(script: &Script) -> House {
    let list = domain("older.example");
    let known = Recipients::parse("anna\n", &list).expect("a list");
    let lists = Lists::from([(list, Arc::new(known))]);
    let mut house = House::new(
        &Settings::default(),
        PROVIDER,
        accounts(),
        &lists,
        script.is("starttls", "yes"),
        [1; 32],
        None,
    );
    if script.is("believed", "yes") {
        house.believed = vec!["127.0.0.0/8".parse().expect("a network")];
    }
    house.pace = Duration::from_secs(script.number("pace").unwrap_or(0));
    house.mx = Arc::new(adjusted(&house.mx, script));
    house.lmtp = Arc::new(adjusted(&house.lmtp, script));
    house.odmr = Arc::new(adjusted(&house.odmr, script));
    house.exchange = Arc::new(adjusted(&house.exchange, script));
    if script.is("turn_empty", "453") {
        house.turn_empty = Empty::Told;
    }
    house
}

/// What the customer of this dialogue is behind the turn.
pub fn customer(script: &Script) -> ServerSettings {
    adjusted(&ServerSettings::new(Profile::Reversed, CUSTOMER), script)
}

/// Settings with what the dialogue's header says of them.
fn adjusted(settings: &ServerSettings, script: &Script) -> ServerSettings {
    let mut settings = settings.clone();
    let number = |key| script.number(key);
    let small = |key, value: &mut u32| *value = number(key).map_or(*value, |n| n as u32);
    settings.max_size = number("max_size").unwrap_or(settings.max_size);
    settings.max_messages = number("max_messages").unwrap_or(settings.max_messages);
    small("max_recipients", &mut settings.max_recipients);
    small("max_received", &mut settings.max_received);
    small("max_errors", &mut settings.max_errors);
    small("max_refusals", &mut settings.max_refusals);
    small("max_idle_commands", &mut settings.max_idle_commands);
    small("max_auth_failures", &mut settings.max_auth_failures);
    settings.chunking &= !script.is("chunking", "no");
    settings.smtputf8 &= !script.is("smtputf8", "no");
    settings.dsn &= !script.is("dsn", "no");
    settings.puts_off_mail |= script.is("pre_turn_mail", "reject-soft");
    settings.mends_bare_lf |= script.is("bare_lf", "mended");
    settings.require_tls |= script.is("require_tls", "yes");
    if script.is("mechanisms", "none") {
        settings.mechanisms = Mechanisms::default();
    }
    settings
}

pub fn patience() -> Patience {
    Patience::RFC
}

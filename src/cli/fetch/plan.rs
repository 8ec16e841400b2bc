//! `atrn-fetch run --dry-run`: what would be done.

use super::ending::{Ended, judged};
use super::words::labelled;
use super::{Format, Output};
use crate::cli::failure::told;
use crate::cli::tell;
use crate::config::fetch::{Effective, Judge};
use crate::exit::{Exit, Failure};
use crate::flow::plan::{Plan, Planned, plan};
use crate::smtp::escape::Escaped;

/// Says of each account what a run would do.
pub(super) async fn plan_all(
    output: Output,
    judge: Judge,
    accounts: &[Effective],
) -> Result<Ended, Failure> {
    let mut ends = Vec::new();
    for effective in accounts {
        let exit = match plan(effective).await {
            Ok(plan) => show(output, effective, &plan)?,
            Err(failure) => told("atrn-fetch", &labelled(failure, effective)),
        };
        ends.push(exit.into());
    }
    Ok(judged(judge, &ends))
}

fn show(output: Output, effective: &Effective, plan: &Plan) -> Result<Exit, Failure> {
    let text = match output.format() {
        Format::Human => in_words(&effective.account.label(), plan),
        _ => {
            serde_json::to_string(plan).map_err(|fault| Failure::new(Exit::Software, fault))? + "\n"
        }
    };
    tell(&text)?;
    Ok(plan.exit)
}

fn in_words(label: &str, plan: &Plan) -> String {
    let mut text = format!("{label}: would call\n");
    text.extend(plan.providers.iter().map(|provider| format!("  {}\n", whom(provider))));
    text.push_str("  and say\n");
    text.extend(plan.commands.iter().map(|command| format!("  {command}\n")));
    let queue =
        plan.spool.as_ref().map_or_else(String::new, |folder| format!(", by way of {folder}"));
    text + &format!("  to deliver to {}{queue}\n", plan.target)
}

fn whom(provider: &Planned) -> String {
    let addresses: Vec<String> = provider.addresses.iter().map(ToString::to_string).collect();
    let where_it_is = match &provider.fault {
        Some(fault) => format!("cannot be called: {}", Escaped::text(fault)),
        None => addresses.join(", "),
    };
    let tls = serde_json::to_value(provider.tls).ok();
    let tls = tls.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let user = provider.user.as_ref();
    let user = user.map_or_else(String::new, |user| format!(", as {}", Escaped::text(user)));
    let proxy =
        provider.proxy.as_ref().map_or_else(String::new, |proxy| format!(" by way of {proxy}"));
    format!("{}{proxy} ({where_it_is}), tls {tls}{user}", provider.server)
}

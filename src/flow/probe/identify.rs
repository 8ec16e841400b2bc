//! A server is asked a few harmless things over one line, and what it is is told by its answers.

use super::{Asked, Asking, Unreached};
use crate::probe::identity::{Asks, Identity, answers, challenge, identify, rows, verdicts};
use crate::probe::script::Verdict;
use crate::probe::suite::Record;
use crate::sasl::NtlmTold;

/// Asks, and tells what the server is; and what came of the rules that this shows.
///
/// # Errors
/// [`Unreached`] where there is no server to ask.
pub async fn identified(
    asking: &Asking,
    asks: Asks,
    target: &str,
) -> Result<(Identity, Vec<Record>), Unreached> {
    let mut asked = Asked::begin(asking).await?;
    let Some(talk) = asks.talk() else {
        return Err(Unreached::NotSmtp("there is no talk for it".to_owned()));
    };
    let told = asked.play(&talk).await;
    asked.is_smtp(&told)?;
    let is_whole = answers(&told.words).first().is_some_and(|one| one.octets.ends_with(b"\n"));
    if !is_whole {
        let why = format!("{}:{}: its greeting has no end", asking.host, asking.port);
        return Err(Unreached::Denied { why, for_now: true });
    }
    let ntlm = challenge(&told.words).and_then(|message| NtlmTold::parse(&message));
    let identity = identify(target, &told.words, ntlm);
    let (ms, conn) = (told.ms, told.conn);
    let mut words = Some(&told.words);
    let record = |(row, verdict): (_, Verdict)| {
        let (words, ms, conn) = match words.take() {
            Some(words) => (words.as_slice(), ms, conn),
            None => (&[][..], 0, 0),
        };
        Record::new(row, verdict, words, ms, conn)
    };
    let records = rows().into_iter().zip(verdicts(&identity)).map(record).collect();
    Ok((identity, records))
}

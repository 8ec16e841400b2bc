//! The first words with the target, before the provider is asked for anything and again whenever
//! the line had to be renewed.

use std::io;

use super::introduce::{self, Introduction};
use super::line::{Line, LineFault};
use super::{Dialect, Settings};
use crate::mail::origin::Origin;
use crate::sink::SinkFault;
use crate::smtp::{Capabilities, Host, Reply};

/// Connects, hears the greeting and says hello. The target is told of the origin, where it hears of it
/// before its greeting.
///
/// # Errors
/// [`SinkFault`] says who should act.
pub async fn connect(
    settings: &Settings,
    origin: Option<&Origin>,
) -> Result<(Line, Capabilities), SinkFault> {
    let (patience, blame) = (settings.patience, Blame(settings));
    let connected = Line::connect(&settings.target.address, patience.connect).await;
    let mut line = connected.map_err(|fault| blame.fault("a connection", fault))?;
    if settings.introduction == Introduction::Proxy {
        let header = introduce::proxy(origin, line.ends());
        line.output().extend_from_slice(header.as_bytes());
        let sent = line.send(patience.command).await;
        sent.map_err(|fault| blame.fault("the PROXY line", fault))?;
    }
    let greeting = line.hear(patience.greeting).await;
    let greeting = greeting.map_err(|fault| blame.fault("the greeting", fault))?;
    if !greeting.is_positive() {
        return Err(blame.refused("the connection", greeting));
    }
    let offered = hello(&mut line, settings, settings.name.clone()).await?;
    if settings.introduction == Introduction::Xclient && offered.xclient.is_empty() {
        let (target, what) = (settings.target.to_string(), "XCLIENT");
        return Err(SinkFault::NotOffered { target, what });
    }
    Ok((line, offered))
}

/// Says hello by this name.
///
/// # Errors
/// [`SinkFault`] says who should act.
pub async fn hello(
    line: &mut Line,
    settings: &Settings,
    name: Host,
) -> Result<Capabilities, SinkFault> {
    let verb = match settings.target.dialect {
        Dialect::Smtp => "EHLO",
        Dialect::Lmtp => "LHLO",
    };
    let reply = greet(line, verb, &name, settings).await?;
    match (reply.code / 100, verb) {
        (2, _) => Ok(Capabilities::from_ehlo(&reply)),
        // RFC 5321, section 4.1.4: who does not know EHLO may know HELO.
        (5, "EHLO") => match greet(line, "HELO", &name, settings).await? {
            reply if reply.is_positive() => Ok(Capabilities::from_helo(&reply)),
            reply => Err(Blame(settings).refused("HELO", reply)),
        },
        _ => Err(Blame(settings).refused(verb, reply)),
    }
}

async fn greet(
    line: &mut Line,
    verb: &'static str,
    name: &Host,
    settings: &Settings,
) -> Result<Reply, SinkFault> {
    let command = format!("{verb} {name}");
    let reply = line.command(&command, settings.patience.command).await;
    reply.map_err(|fault| Blame(settings).fault(verb, fault))
}

/// Puts the target's name to what went wrong.
struct Blame<'a>(&'a Settings);

impl Blame<'_> {
    fn fault(&self, stage: &'static str, fault: LineFault) -> SinkFault {
        let target = self.0.target.to_string();
        match fault {
            LineFault::UnknownHost(source) => SinkFault::UnknownHost { target, source },
            LineFault::Unreachable(source) | LineFault::Broke(source) => {
                SinkFault::Unreachable { target, source }
            }
            LineFault::Closed => {
                let said = "the server closed the connection";
                let source = io::Error::new(io::ErrorKind::UnexpectedEof, said);
                SinkFault::Unreachable { target, source }
            }
            LineFault::Silent(seconds) => SinkFault::Silent { target, stage, seconds },
            LineFault::Leaving(reply) => SinkFault::Refused { target, stage, reply },
            LineFault::NotAReply(bad) => {
                SinkFault::NotSmtp { target, stage, heard: bad.to_string() }
            }
            LineFault::OutOfTurn => {
                SinkFault::NotSmtp { target, stage, heard: "a reply to nothing".to_owned() }
            }
        }
    }

    fn refused(&self, stage: &'static str, reply: Reply) -> SinkFault {
        SinkFault::Refused { target: self.0.target.to_string(), stage, reply }
    }
}

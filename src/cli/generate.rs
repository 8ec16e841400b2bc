//! Manual pages and completions, made from the command line definitions.
//!
//! They lie in `man/` and `completions/` so that packagers need not run anything; a test holds them
//! to their source. Hand-written parts of a page (EXAMPLES, FILES, SEE ALSO) come from here too.

mod exits;
mod http;
mod json;
mod script;

use std::path::PathBuf;

use clap_complete::Shell;
use clap_complete::env::{self, EnvCompleter};
use clap_complete_nushell::Nushell;

use super::{Example, fetch, mxcheck, probe, provider, queue};
use crate::exit::Exit;
use crate::flow::check::{About, Assessment, checks};
use crate::flow::probe::{
    ACTIONS, FACTS, FAULTS, Identity, KEYS, Record, catalogue as probe_rules,
};
use crate::flow::summary::Summary;
use crate::report::assessment::Trouble;

/// A file to be written, below the root of the source tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// Where.
    pub path: PathBuf,
    /// What.
    pub text: String,
}

struct Program {
    command: clap::Command,
    section: &'static str,
    examples: &'static [Example],
    files: &'static [(&'static str, &'static str)],
    see_also: &'static str,
}

/// Everything there is to generate. The scripts of most shells ask the program what can be said, see
/// [`complete`](super::complete).
pub fn all() -> Vec<Generated> {
    let of_programs = programs()
        .into_iter()
        .flat_map(|program| [pages(&program), completions(&program)].concat());
    let others = [
        titled("odmr-http", 7, &http::page()),
        titled("odmr-exit-codes", 7, &exits::page()),
        titled("odmr-json", 5, &json::page()),
        titled("probe-script", 5, &script::page()),
    ];
    of_programs.chain(others).collect()
}

fn titled(name: &str, section: u8, page: &str) -> Generated {
    let source = concat!("odmr ", env!("CARGO_PKG_VERSION"));
    let title = escaped(&name.to_uppercase());
    let title = format!(".TH {title} {section} \"\" \"{source}\" \"On-Demand Mail Relay\"\n");
    Generated { path: format!("man/{name}.{section}").into(), text: title + page }
}

fn programs() -> [Program; 5] {
    [
        Program {
            command: provider::command(),
            section: "8",
            examples: provider::EXAMPLES,
            files: &[
                ("/etc/odmr/odmrd.toml", "The settings, see odmrd.toml(5)."),
                ("/etc/odmr/accounts.toml", "The customers, kept by \\fBodmrd account\\fR."),
                (
                    "/var/lib/odmr",
                    "The spool, and whatever else must survive. Up to 32 MiB of it are spare: given up where the disk is \
                     full, so that what was handed over can still be recorded.",
                ),
            ],
            see_also: "atrn\\-fetch(1), odmrd.toml(5), odmr(7), odmr\\-http(7), odmr\\-xodmr(7)",
        },
        Program {
            command: fetch::command(),
            section: "1",
            examples: fetch::EXAMPLES,
            files: &[
                (
                    "$XDG_CONFIG_HOME/odmr/atrn\\-fetch.toml",
                    "The user's settings; \
                    XDG_CONFIG_HOME is ~/.config unless set. See atrn\\-fetch.toml(5).",
                ),
                ("/etc/odmr/atrn\\-fetch.toml", "The system's."),
            ],
            see_also: "odmrd(8), atrn\\-fetch.toml(5), odmr\\-json(5), odmr\\-exit\\-codes(7), odmr(7), odmr\\-xodmr(7)",
        },
        Program {
            command: queue::command(),
            section: "8",
            examples: queue::EXAMPLES,
            files: &[
                ("/etc/odmr/odmrd.toml", "The settings of odmrd, which name its control socket."),
                ("/var/lib/odmr/control", "The control socket, where the settings name no other."),
            ],
            see_also: "odmrd(8), odmr\\-control(7), odmrd.toml(5), odmr(7)",
        },
        Program {
            command: mxcheck::command(),
            section: "1",
            examples: mxcheck::EXAMPLES,
            files: &[(
                "/etc/resolv.conf",
                "The resolvers, where \\fB\\-\\-resolver\\fR names none.",
            )],
            see_also: "odmr\\-mx\\-setup(7), odmrd(8), atrn\\-fetch(1), odmr(7)",
        },
        Program {
            command: probe::command(),
            section: "1",
            examples: probe::EXAMPLES,
            files: &[],
            see_also: "probe\\-script(5), mxcheck(1), odmrd(8), odmr(7)",
        },
    ]
}

/// A page for the program, and one for each of its commands.
fn pages(program: &Program) -> Vec<Generated> {
    let mut command = program.command.clone().disable_help_subcommand(true);
    command.build();
    let name = command.get_name().to_owned();
    let mut pages = vec![page(program, &command, &name, true)];
    below(program, &command, &name, &mut pages);
    pages
}

fn below(program: &Program, command: &clap::Command, name: &str, pages: &mut Vec<Generated>) {
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let name = format!("{name}-{}", sub.get_name());
        pages.push(page(program, sub, &name, false));
        below(program, sub, &name, pages);
    }
}

fn page(program: &Program, command: &clap::Command, name: &str, main: bool) -> Generated {
    let plain = command.clone().name(name.to_owned()).before_long_help("").after_long_help("");
    let man = clap_mangen::Man::new(plain)
        .title(name.to_uppercase())
        .section(program.section)
        .source(concat!("odmr ", env!("CARGO_PKG_VERSION")))
        .manual("On-Demand Mail Relay");
    let mut page = Vec::new();
    // Writing to memory cannot fail, and a page cut short would not pass the test.
    let _ = sections(&man, command, &mut page);
    let mut text = String::from_utf8_lossy(&page).into_owned();
    if name == "atrn-fetch-run" {
        text.push_str(&summary());
    }
    if name == "mxcheck" {
        text.push_str(&catalogue());
    }
    if name == "smtp-probe" {
        text.push_str(&rules());
    }
    text.push_str(&by_hand(program, main));
    Generated { path: format!("man/{name}.{}", program.section).into(), text }
}

fn sections(
    man: &clap_mangen::Man,
    command: &clap::Command,
    page: &mut Vec<u8>,
) -> std::io::Result<()> {
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(page)?;
    }
    Ok(())
}

/// What no definition knows.
fn by_hand(program: &Program, main: bool) -> String {
    let mut text = String::new();
    if main {
        text.push_str(".SH EXAMPLES\n");
        for (line, what) in program.examples {
            text.push_str(&format!(
                "{}:\n.PP\n.nf\n.RS\n{}\n.RE\n.fi\n.PP\n",
                escaped(what),
                escaped(line)
            ));
        }
        text.push_str(".SH \"EXIT STATUS\"\n");
        text.extend(
            Exit::TABLE
                .iter()
                .map(|(exit, what)| tagged(&(*exit as u8).to_string(), &escaped(what))),
        );
        if !program.files.is_empty() {
            text.push_str(".SH FILES\n");
        }
        text.extend(program.files.iter().map(|(path, what)| tagged(path, what)));
    }
    text.push_str(&format!(".SH \"SEE ALSO\"\n{}\n", program.see_also));
    text
}

/// The object that a pipe reads.
fn summary() -> String {
    let head = ".SH \"THE SUMMARY\"\nWhat \\fB\\-\\-json\\fR and \\fB\\-\\-summary\\fR write of each account is \
                an object with these keys, and its \\fBschema\\fR is odmr.fetch/1.\n";
    format!("{head}{}", json::keys(Summary::SCHEMA))
}

/// Every check, and the object that a pipe reads.
fn catalogue() -> String {
    let mut text = ".SH CHECKS\nThose that explain others stand before them: where one of them has something to \
                    say, what it explains is not judged.\n"
        .to_owned();
    text.extend(checks().map(|check| described(&check.about)));
    text.push_str(
        ".SH JSON\nWhat \\fB\\-\\-json\\fR writes of each domain is an object with these keys.\n",
    );
    text.extend(Assessment::FIELDS.iter().map(|(key, what)| tagged(key, &escaped(what))));
    text
}

/// Every rule, the notation of talks, and the object that a pipe reads.
fn rules() -> String {
    let mut text = ".SH RULES\nA rule is kept or not; some servers do otherwise in a way that is put up with: \
                    that is a warning. Who says \"not now\", or nothing, has not failed: it was not found \
                    out.\n"
        .to_owned();
    for row in probe_rules() {
        let mut words = format!("{}: {}", row.severity.word(), row.title);
        let written: Vec<String> = row.spec.into_iter().chain(row.quirk).collect();
        words.push_str(&format!(" ({}).", written.join("; ")));
        if !row.needs.is_empty() {
            words.push_str(&format!(" Needs {}.", row.needs.join(", ")));
        }
        text.push_str(&tagged(&escaped(&row.id), &escaped(&format!("{words} {}", row.fix))));
    }
    text.push_str(
        ".SH SCRIPTS\nA file of talks, for \\fBscript\\fR, is as probe\\-script(5) says; \\fBexplain\\fR shows the talk of a rule.\n",
    );
    text.push_str(".SH JSON\nOf each rule \\fB\\-\\-json\\fR writes an object with these keys.\n");
    text.extend(Record::FIELDS.iter().map(|(key, what)| tagged(key, &escaped(what))));
    text.push_str(
        ".SH ERRORS\nWhere nobody could be asked, every form but \\fBhuman\\fR says so; \\fB\\-\\-json\\fR by one \
         object with these keys.\n",
    );
    text.extend(Trouble::FIELDS.iter().map(|(key, what)| tagged(key, &escaped(what))));
    text.push_str(
        ".SH IDENTITIES\nBefore these, \\fBidentify\\fR \\fB\\-\\-json\\fR writes an object with these keys.\n",
    );
    text.extend(Identity::FIELDS.iter().map(|(key, what)| tagged(key, &escaped(what))));
    text.push_str(&profiles());
    text
}

/// What a profile of one's own may hold, and what is told of a server that is played.
fn profiles() -> String {
    let mut text = ".SH PROFILES\nWhat \\fBemulate\\fR plays is a file in TOML with the tables profile, banner, ehlo, \
                    limits, auth and [[reply]]; \\fB\\-\\-show\\fR prints those that are there. A key that is not \
                    among these is refused.\n"
        .to_owned();
    text.extend(KEYS.iter().map(|(key, what)| tagged(&escaped(key), &escaped(what))));
    let facts = FACTS.iter().map(|(word, _, what)| (format!("when {word}"), *what));
    let actions = ACTIONS.iter().map(|(word, _, what)| (format!("action {word}"), *what));
    text.extend(facts.chain(actions).map(|(key, what)| tagged(&escaped(&key), &escaped(what))));
    text.push_str(
        ".SH FAULTS\nWhat \\fBemulate\\fR \\fB\\-\\-fault\\fR gets wrong on purpose, and what may stand behind it.\n",
    );
    let faults =
        FAULTS.iter().map(|fault| (format!("{}{}", fault.name, fault.takes.shown()), fault.about));
    text.extend(faults.map(|(key, what)| tagged(&escaped(&key), &escaped(what))));
    text.push_str(
        ".SH SESSIONS\nOf each session \\fBemulate\\fR \\fB\\-\\-json\\fR writes an object with these keys.\n",
    );
    text.extend(probe::SESSION.iter().map(|(key, what)| tagged(key, &escaped(what))));
    text
}

fn described(about: &About) -> String {
    let rfc =
        if about.rfc.is_empty() { String::new() } else { format!(" ({})", about.rfc.join("; ")) };
    let words = format!("{}: {}{rfc}. {} {}", about.severity, about.title, about.why, about.remedy);
    tagged(&escaped(about.id), &escaped(&words))
}

fn tagged(tag: &str, text: &str) -> String {
    format!(".TP\n\\fB{tag}\\fR\n{text}\n")
}

/// Roff reads a backslash as a command, a hyphen as a hyphen and not the minus of an option.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

fn completions(program: &Program) -> Vec<Generated> {
    let mut command = program.command.clone();
    let name = command.get_name().to_owned();
    let mut generate = |generator: &dyn Fn(&mut clap::Command, &mut Vec<u8>), file: String| {
        let mut script = Vec::new();
        generator(&mut command, &mut script);
        let text = String::from_utf8_lossy(&script).into_owned();
        Generated { path: format!("completions/{file}").into(), text }
    };
    let asking = [
        (Shell::Bash, &env::Bash as &dyn EnvCompleter),
        (Shell::Zsh, &env::Zsh),
        (Shell::Fish, &env::Fish),
        (Shell::PowerShell, &env::Powershell),
        (Shell::Elvish, &env::Elvish),
    ];
    let mut files: Vec<Generated> = asking
        .into_iter()
        .map(|(shell, asking)| {
            let file = clap_complete::Generator::file_name(&shell, &name);
            // A write into memory does not fail.
            let script = |_: &mut clap::Command, out: &mut Vec<u8>| {
                let _ = asking.write_registration("COMPLETE", &name, &name, &name, out);
            };
            generate(&script, file)
        })
        .collect();
    // The one whose program cannot be asked yet.
    let file = clap_complete::Generator::file_name(&Nushell, &name);
    files.push(generate(&|c, out| clap_complete::generate(Nushell, c, &name, out), file));
    files
}

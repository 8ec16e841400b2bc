//! The house rules that a compiler cannot hold: which room may know which, and what the pure rooms do
//! without. The table is that of the library's documentation, in the same order.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A room of the library and the rooms whose names may stand in its code.
struct Room {
    name: &'static str,
    may_know: &'static [&'static str],
    /// Values in, values out: no socket, file, clock, dice or `async`.
    is_pure: bool,
}

const fn pure(name: &'static str, may_know: &'static [&'static str]) -> Room {
    Room { name, may_know, is_pure: true }
}

const fn shell(name: &'static str, may_know: &'static [&'static str]) -> Room {
    Room { name, may_know, is_pure: false }
}

const EVERY_ROOM_BELOW_FLOW: &[&str] = &[
    "smtp", "sasl", "mail", "session", "odmr", "finding", "check", "probe", "report", "queue",
    "spool", "sink", "net", "config", "exit",
];

/// Every shell may know `exit` too: who fails says who should act.
const ROOMS: &[Room] = &[
    pure("smtp", &[]),
    pure("sasl", &[]),
    pure("mail", &["smtp"]),
    pure("session", &["smtp", "sasl", "mail"]),
    pure("odmr", &["smtp", "sasl"]),
    pure("finding", &["smtp", "session"]),
    pure("probe", &["smtp", "sasl", "session", "finding"]),
    pure("check", &["smtp", "session", "finding", "probe"]),
    shell("report", &["finding", "smtp"]),
    pure("queue", &["mail", "smtp"]),
    shell("spool", &["queue", "mail", "smtp"]),
    shell("sink", &["smtp", "mail", "spool", "session", "net"]),
    shell("net", &["smtp", "session"]),
    shell("config", &["smtp", "sasl", "odmr"]),
    shell("flow", EVERY_ROOM_BELOW_FLOW),
    shell("cli", &["smtp", "config", "flow", "report"]),
    shell("exit", &[]),
    shell("bin", &["cli", "config", "flow", "report"]),
];

/// What would make a pure room depend on more than its arguments.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "tokio",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "UnixListener",
    "ToSocketAddrs",
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "OsRng",
    "SysRng",
    "ThreadRng",
    "getrandom",
    "rand::rng",
    "rand::random",
    "Ulid::new",
    "async fn",
    "async move",
    ".await",
];

/// A source file of the library or of a program.
struct Source {
    path: PathBuf,
    /// The folder or file directly below `src` that it belongs to.
    room: String,
    /// What leads from its module to the library's top: `super::super::` in `smtp/line.rs`.
    to_the_top: String,
    /// Its code: no comments, no string literals, nothing behind `#[cfg(test)]`.
    code: String,
    text: String,
}

#[test]
fn every_room_knows_only_what_it_may() {
    let mut strangers = Vec::new();
    for source in sources() {
        let Some(room) = ROOMS.iter().find(|room| room.name == source.room) else {
            assert_eq!(
                source.room,
                "lib",
                "{}: a room the table does not list",
                source.path.display()
            );
            continue;
        };
        let known = rooms_named(&source.code, &source.to_the_top);
        let unknown = known.iter().filter(|name| {
            let exit_of_a_shell = *name == "exit" && !room.is_pure;
            let allowed = *name == room.name || room.may_know.contains(&name.as_str());
            is_room(name) && !allowed && !exit_of_a_shell
        });
        strangers.extend(unknown.map(|name| format!("{} names {name}", source.path.display())));
    }
    assert!(strangers.is_empty(), "knowledge points the wrong way:\n{}", strangers.join("\n"));
}

#[test]
fn pure_rooms_are_pure() {
    let is_pure = |source: &Source| ROOMS.iter().any(|r| r.is_pure && r.name == source.room);
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| is_pure(source)) {
        let impure = IMPURE.iter().filter(|words| stands_in(&source.code, words));
        found.extend(impure.map(|words| format!("{} has {words}", source.path.display())));
    }
    assert!(found.is_empty(), "time, dice and bytes are arguments there:\n{}", found.join("\n"));
}

#[test]
fn nothing_is_left_to_do() {
    let stubs = ["todo!", "unimplemented!"];
    let found =
        sources().into_iter().filter(|source| stubs.iter().any(|s| source.text.contains(s)));
    let found = found.map(|source| source.path).collect::<Vec<_>>();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn no_tracked_file_names_a_place_on_one_machine() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = places_of_this_machine(top);
    let mut found = Vec::new();
    for file in tracked_files() {
        // What is not text has no path to read in it.
        let Ok(text) = fs::read_to_string(top.join(&file)) else { continue };
        let named = places.iter().filter(|place| text.contains(place.as_str()));
        found.extend(named.map(|place| format!("{file} names {place}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_top_level_holds_what_a_newcomer_expects() {
    let expected = [
        ".ci",
        ".gitignore",
        "CHANGELOG.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "benches",
        "completions",
        "doc",
        "examples",
        "fuzz",
        "man",
        "packaging",
        "rustfmt.toml",
        "src",
        "tests",
    ];
    let tracked = tracked_files();
    let tops = tracked.iter().filter_map(|file| file.split('/').next()).collect::<BTreeSet<_>>();
    let others = tops.into_iter().filter(|top| !expected.contains(top)).collect::<Vec<_>>();
    assert!(others.is_empty(), "{others:?}");
}

/// This checkout, the folder it stands in and the home of whoever runs this; not what every machine has.
fn places_of_this_machine(top: &Path) -> BTreeSet<String> {
    let everywhere =
        ["/", "/build", "/home", "/mnt", "/opt", "/srv", "/tmp", "/usr/src", "/var/tmp"];
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let parent = top.parent().map(Path::to_owned);
    let places = [Some(top.to_owned()), parent, home].into_iter().flatten();
    let own = places.filter(|place| !everywhere.iter().any(|shared| place == Path::new(shared)));
    own.map(|place| format!("{}/", place.display())).collect()
}

fn is_room(name: &str) -> bool {
    ROOMS.iter().any(|room| room.name == name)
}

/// The rooms whose names follow `crate::`, as many `super::` as lead there, or, in a program, `odmr::`.
fn rooms_named(code: &str, to_the_top: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for prefix in ["crate::", "odmr::", to_the_top] {
        for (at, _) in code.match_indices(prefix) {
            let inside_a_longer_path = code[..at].ends_with(|c: char| c == ':' || is_word(c));
            if !inside_a_longer_path {
                names.extend(first_names(&code[at + prefix.len()..]));
            }
        }
    }
    names
}

/// `a::B` names a; `{a::B, c::{D, E}}` names a and c.
fn first_names(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else {
        return vec![path.chars().take_while(|c| is_word(*c)).collect()];
    };
    let mut depth = 0;
    let mut names = vec![String::new()];
    let mut complete = false;
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(String::new());
                complete = false;
            }
            ':' => complete = true,
            c if depth == 0 && !complete && is_word(c) => names.last_mut().expect("one").push(c),
            _ => {}
        }
    }
    names
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether these words stand in the code, not as the tail or head of longer ones.
fn stands_in(code: &str, words: &str) -> bool {
    code.match_indices(words).any(|(at, _)| {
        let before = words.starts_with(is_word) && code[..at].ends_with(is_word);
        let after = words.ends_with(is_word) && code[at + words.len()..].starts_with(is_word);
        !before && !after
    })
}

fn sources() -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&src, &mut files);
    files.into_iter().map(|file| source(&src, file)).collect()
}

/// Every source file but the modules of tests, which may use whatever helps them.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src") {
        let path = entry.expect("an entry").path();
        if path.file_stem().is_some_and(|stem| stem == "tests") {
            continue;
        }
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn source(src: &Path, file: PathBuf) -> Source {
    let text = fs::read_to_string(&file).expect("a source file");
    let path = file.strip_prefix(src).expect("below src").to_owned();
    let first = path.components().next().expect("a name").as_os_str().to_string_lossy();
    let room = first.trim_end_matches(".rs").to_owned();
    let depth = path.components().count() - usize::from(path.ends_with("mod.rs"));
    Source { path, room, to_the_top: "super::".repeat(depth), code: code_of(&text), text }
}

/// The code that is built into the library: no comments or literals, and nothing from the tests on, which
/// stand last.
fn code_of(text: &str) -> String {
    let mut rest = text.split("#[cfg(test)]\nmod test").next().unwrap_or(text);
    let mut code = String::with_capacity(rest.len());
    while let Some(at) = rest.find(['/', '"', '\'']) {
        code.push_str(&rest[..at]);
        let skipped = comment_or_literal(&rest[at..], &code);
        code.push_str(if skipped == 0 { &rest[at..=at] } else { "" });
        rest = &rest[at + skipped.max(1)..];
    }
    code + rest
}

/// How long the comment, string or character is with which the text begins; 0 if it is none.
fn comment_or_literal(text: &str, before: &str) -> usize {
    let until = |end: &str| text[1..].find(end).map_or(text.len(), |at| 1 + at + end.len());
    let hashes = before.len() - before.trim_end_matches('#').len();
    let is_raw = before.trim_end_matches('#').ends_with('r');
    match text.as_bytes() {
        [b'/', b'/', ..] => text.find('\n').unwrap_or(text.len()),
        [b'/', b'*', ..] => until("*/"),
        [b'"', ..] if is_raw => until(&format!("\"{}", "#".repeat(hashes))),
        [b'"', ..] => string(text),
        [b'\'', b'\\', _, ..] => text[3..].find('\'').map_or(0, |at| at + 4),
        [b'\'', ..] => text.char_indices().nth(2).filter(|c| c.1 == '\'').map_or(0, |c| c.0 + 1),
        _ => 0,
    }
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

fn tracked_files() -> Vec<String> {
    let mut git = Command::new("git");
    // The checkout may belong to another user than the one who tests.
    git.args(["-c", "safe.directory=*", "ls-files", "-z"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let listed = git.output().expect("git");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).expect("names in UTF-8");
    names.split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn paths_are_read_as_the_compiler_reads_them() {
    let code = "use crate::smtp::Reply;\nuse crate::{mail, queue::{Entry, order}};\n\
                fn f(x: crate::net::Wire) { mycrate::spool::x(); odmr::flow::run();\n\
                super::super::sasl::Proof; }";
    let names = rooms_named(code, "super::super::").into_iter().collect::<Vec<_>>();
    assert_eq!(names, ["flow", "mail", "net", "queue", "sasl", "smtp"]);
    assert!(stands_in("use tokio::time;", "tokio"));
    assert!(!stands_in("let tokiox = xtokio;", "tokio"));
    assert!(stands_in("xtokio; tokio", "tokio"));
}

#[test]
fn only_code_is_code() {
    assert_eq!(code_of("a // b\n/// [`crate::net`]\nc /* d */ e / f"), "a \n\nc  e / f");
    assert_eq!(
        code_of(r#"f("a \" // b", '"', '\'', 'x') + g::<'a>("c")"#),
        "f(, , , ) + g::<'a>()"
    );
    assert_eq!(code_of("r#\"a \" b\"# + r\"\\\" + c"), "r# + r + c");
    assert_eq!(code_of("a\n#[cfg(test)]\nmod tests { b }"), "a\n");
}

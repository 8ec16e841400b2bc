//! The units and hooks among the examples, judged by those who would run them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::lab::Lab;
use crate::lab::presence::{Peer, have};
use crate::lab::process::run;
use crate::lab::wait::until;

fn examples() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples"))
}

/// The units, with the programs where they are on this machine.
fn units(lab: &Lab) -> Vec<std::path::PathBuf> {
    let folder = lab.room("units");
    let installed = [
        ("/usr/bin/odmrd", env!("CARGO_BIN_EXE_odmrd")),
        ("/usr/bin/atrn-fetch", env!("CARGO_BIN_EXE_atrn-fetch")),
        ("User=_odmrd", "User=daemon"),
    ];
    let mut units = Vec::new();
    for unit in std::fs::read_dir(examples().join("systemd")).expect("units") {
        let path = unit.expect("a unit").path();
        let text = std::fs::read_to_string(&path).expect("text");
        let text = installed.iter().fold(text, |text, (from, to)| text.replace(from, to));
        let to = folder.join(path.file_name().expect("a name"));
        std::fs::write(&to, text).expect("a unit");
        units.push(to);
    }
    assert_eq!(units.len(), 6);
    units
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    if !have(&[Peer::SystemdAnalyze]) {
        return;
    }
    let lab = Lab::open();
    let mut verify = Command::new(Peer::SystemdAnalyze.program());
    verify.args(["verify", "--man=no", "--recursive-errors=no"]).args(units(&lab));
    let ran = run(&lab, verify).succeeded();
    // A unit in which a line is wrong is only warned of.
    assert!(!ran.err.contains("units/"), "{ran:#?}");
}

#[test]
fn systemd_finds_the_units_well_locked() {
    if !have(&[Peer::SystemdAnalyze]) {
        return;
    }
    let lab = Lab::open();
    for unit in units(&lab).iter().filter(|path| path.extension().is_some_and(|e| e == "service")) {
        let mut security = Command::new(Peer::SystemdAnalyze.program());
        // Of 100; what a unit of no precautions has is 96.
        security.args(["security", "--offline=yes", "--threshold=25", "--no-pager"]).arg(unit);
        run(&lab, security).succeeded();
    }
}

/// Runs a hook with a program in place of atrn-fetch that writes down how it was called.
fn called(hook: &str, words: &[&str], variable: Option<(&str, &str)>) -> Option<String> {
    let lab = Lab::open();
    let (bin, seen) = (lab.room("bin"), lab.path("seen"));
    let stand_in = bin.join("atrn-fetch");
    let script = format!("#!/bin/sh\necho \"$@\" > {0}.new && mv {0}.new {0}\n", seen.display());
    std::fs::write(&stand_in, script).expect("a script");
    std::fs::set_permissions(&stand_in, PermissionsExt::from_mode(0o755)).expect("its mode");
    // No systemd is asked, whatever runs this machine.
    let systemctl = bin.join("systemctl");
    std::fs::write(&systemctl, "#!/bin/sh\nexit 3\n").expect("a script");
    std::fs::set_permissions(&systemctl, PermissionsExt::from_mode(0o755)).expect("its mode");
    let mut command = Command::new(examples().join(hook));
    command.args(words).env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    command.envs(variable);
    run(&lab, command).succeeded();
    let expected =
        variable.is_none_or(|(_, value)| value == "FULL") && words.get(1) != Some(&"down");
    expected
        .then(|| until("a call", || std::fs::read_to_string(&seen).ok()).trim().to_owned())
        .or_else(|| std::fs::read_to_string(&seen).ok())
}

#[test]
fn a_link_that_comes_up_fetches() {
    let call = Some("--all --quiet --lock skip".to_owned());
    assert_eq!(called("ppp/ip-up.d-atrn-fetch", &["ppp0"], None), call);
    let hook = "networkmanager/90-atrn-fetch";
    assert_eq!(called(hook, &["wwan0", "up"], None), call);
    assert_eq!(called(hook, &["wwan0", "down"], None), None);
    let state = |state| Some(("CONNECTIVITY_STATE", state));
    assert_eq!(called(hook, &["", "connectivity-change"], state("FULL")), call);
    assert_eq!(called(hook, &["", "connectivity-change"], state("LIMITED")), None);
}

#[test]
fn shellcheck_finds_nothing_wrong_with_the_hooks() {
    if !have(&[Peer::Shellcheck]) {
        return;
    }
    let lab = Lab::open();
    let mut check = Command::new(Peer::Shellcheck.program());
    check.arg(examples().join("ppp/ip-up.d-atrn-fetch"));
    check.arg(examples().join("networkmanager/90-atrn-fetch"));
    run(&lab, check).succeeded();
}

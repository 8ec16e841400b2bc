//! What a program and its children use: read from `/proc`, never guessed.

use std::collections::{HashMap, HashSet};
use std::fs;

/// Clock ticks in a second; Linux shows `/proc` times in this unit on every machine.
const TICKS: f64 = 100.0;

/// A process as `/proc` tells of it.
struct Process {
    parent: u32,
    ticks: f64,
}

/// CPU seconds that a process, its children, and those they have buried have used so far.
pub fn cpu_seconds(root: u32) -> f64 {
    let all = processes();
    family(root, &all).iter().map(|id| all[id].ticks).sum::<f64>() / TICKS
}

/// Memory of a process and its children in octets, shared pages divided by their users.
pub fn memory(root: u32) -> u64 {
    family(root, &processes()).into_iter().map(memory_of).sum()
}

/// Memory of one process in octets: its proportional set size.
pub fn memory_of(id: u32) -> u64 {
    kilobytes(&format!("/proc/{id}/smaps_rollup"), "Pss:")
}

/// The most memory that one process has ever had resident, in octets.
pub fn peak_of(id: u32) -> u64 {
    kilobytes(&format!("/proc/{id}/status"), "VmHWM:")
}

fn kilobytes(file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    number.unwrap_or(0) * 1024
}

/// A process and everybody who descends from it.
fn family(root: u32, all: &HashMap<u32, Process>) -> HashSet<u32> {
    let mut found: HashSet<u32> = all.keys().copied().filter(|id| *id == root).collect();
    loop {
        let children = all.iter().filter(|(id, _)| !found.contains(id));
        let children = children.filter(|(_, process)| found.contains(&process.parent));
        let born: Vec<u32> = children.map(|(id, _)| *id).collect();
        if born.is_empty() {
            return found;
        }
        found.extend(born);
    }
}

fn processes() -> HashMap<u32, Process> {
    let folders = fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
    let ids = folders.filter_map(|folder| folder.file_name().to_str()?.parse().ok());
    ids.filter_map(|id| Some((id, process(id)?))).collect()
}

/// `None` when it has ended meanwhile.
fn process(id: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // A name may hold blanks and brackets; what follows its last bracket does not.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |n: usize| fields.get(n).and_then(|field| field.parse::<f64>().ok());
    // utime, stime, and those of children that were waited for.
    let ticks = (11..15).filter_map(number).sum();
    Some(Process { parent: fields.get(1)?.parse().ok()?, ticks })
}

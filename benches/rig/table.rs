//! What is printed: Markdown tables, and one line for each target.

use std::fmt::Display;

/// A table's head.
pub fn head(columns: &[&str]) {
    row(columns);
    row(&vec!["---"; columns.len()]);
}

/// One row.
pub fn row<T: Display>(cells: &[T]) {
    let cells: Vec<String> = cells.iter().map(ToString::to_string).collect();
    println!("| {} |", cells.join(" | "));
}

/// A figure with as many digits as mean something.
pub fn figure(value: f64) -> String {
    match value {
        _ if value.is_nan() => "-".to_owned(),
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// Holds a figure against the least it should be.
pub fn at_least(what: &str, seen: f64, wanted: f64) {
    verdict(what, seen, &format!("at least {}", figure(wanted)), seen >= wanted);
}

/// Holds a figure against the most it should be.
pub fn at_most(what: &str, seen: f64, wanted: f64) {
    verdict(what, seen, &format!("at most {}", figure(wanted)), seen <= wanted);
}

fn verdict(what: &str, seen: f64, wanted: &str, met: bool) {
    let verdict = if met { "met" } else { "NOT met" };
    println!("- {what}: {} ({wanted}): {verdict}", figure(seen));
}

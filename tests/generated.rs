//! Manual pages and completions in the tree are those that the definitions make, and the pages
//! written by hand leave nothing out.
//!
//! After a change to a command line: `ODMR_REGENERATE=1 cargo test --test generated`.

use std::path::Path;

use odmr::cli::generate::{self, Generated};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn write(file: &Generated) {
    let path = root().join(&file.path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, &file.text).unwrap();
}

#[test]
fn what_is_generated_is_up_to_date() {
    let files = generate::all();
    if std::env::var_os("ODMR_REGENERATE").is_some() {
        files.iter().for_each(write);
    }
    for file in files {
        let found = std::fs::read_to_string(root().join(&file.path)).unwrap_or_default();
        let path = file.path.display();
        assert!(
            found == file.text,
            "{path} is stale; run ODMR_REGENERATE=1 cargo test --test generated"
        );
    }
}

#[test]
fn nothing_generated_is_left_over() {
    let known: Vec<_> = generate::all().into_iter().map(|file| file.path).collect();
    for entry in std::fs::read_dir(root().join("completions")).unwrap() {
        let path = Path::new("completions").join(entry.unwrap().file_name());
        assert!(known.contains(&path), "{} comes from nowhere", path.display());
    }
}

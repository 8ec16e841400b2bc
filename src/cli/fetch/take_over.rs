//! `atrn-fetch import-fetchmailrc`: what fetchmail was told, as settings of ours.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::ImportFetchmailrc;
use super::begin::{default_path, help, put, safe};
use crate::cli::failure::told;
use crate::cli::tell;
use crate::config::fetch::begin::{account_text, file_text};
use crate::config::fetch::fetchmailrc::{Import, Imported, LARGEST, import};
use crate::config::secret::SecretSource;
use crate::exit::{Exit, Failure};
use crate::smtp::escape::Escaped;

/// Writes the accounts and a file for each password, or shows them.
///
/// # Errors
/// [`Failure`] when the file cannot be read or is none, has no entry for ODMR, or something stands
/// where something is to be written; nothing is written then.
pub fn take_over(flags: &ImportFetchmailrc) -> Result<Exit, Failure> {
    let (from, text) = read(flags.file.as_deref())?;
    let name = from.display().to_string();
    let bad = |bad| {
        let hint = "fetchmail --configdump reads the same file; what does it say?";
        Failure::new(Exit::Data, format!("{name}: {bad}")).hint(Some(hint))
    };
    let mut import = import(&text).map_err(bad)?;
    choose(&mut import, &flags.common.accounts)?;
    if import.accounts.is_empty() {
        let what = format!("{name}: no entry there has \"proto odmr\"");
        let others = import.remarks.iter().filter(|remark| remark.ends_with("left out"));
        let hint = others.cloned().collect::<Vec<_>>().join("; ");
        let hint = (!hint.is_empty()).then_some(hint);
        return Err(Failure::new(Exit::NoInput, what).hint(hint));
    }
    let path = flags.common.config.clone().map_or_else(default_path, Ok)?;
    let home = from.parent().map(Path::to_owned).unwrap_or_default();
    if let Some(warning) = of_loose(&from, &import) {
        told("atrn-fetch", &Failure::new(Exit::Ok, warning));
    }
    let mut files = Vec::new();
    let mut texts = Vec::new();
    for account in &mut import.accounts {
        account.layer.anchor(|path| home.join(path));
        if let Some(password) = account.password.take() {
            if password.expose_secret().contains(['\n', '\r', '\0']) {
                let what = format!("{}: a password with a line end in it", shown(&account.name));
                let hint = "a password's file has one line: change it at the provider first";
                return Err(Failure::new(Exit::Data, what).hint(Some(hint)));
            }
            // Relative paths start at the settings file.
            let name = format!("{}.password", safe(&account.name));
            account.layer.password = Some(SecretSource::File(PathBuf::from(&name)));
            files.push((path.with_file_name(name), password));
        }
        let remarks =
            account.remarks.iter().map(|remark| format!("# fetchmail: {}\n", shown(remark)));
        let text = account_text(&account.name, &account.layer, help());
        texts.push(format!("{}{text}", remarks.collect::<String>()));
    }
    let text = file_text(&texts);
    if flags.print {
        return tell(&text);
    }
    files.insert(0, (path.clone(), SecretString::from(text)));
    put(&files)?;
    tell(&report(&files, &import, &path, flags.common.config.is_some()))
}

/// A file that others can read, with a password in it: fetchmail would not take it either.
fn of_loose(from: &Path, import: &Import) -> Option<String> {
    let has_password = import.accounts.iter().any(|account| account.password.is_some());
    let about = std::fs::metadata(from).ok().filter(|about| has_password && about.is_file())?;
    let (mode, path) = (about.permissions().mode() & 0o7777, from.display());
    (mode & 0o077 != 0).then(|| {
        format!("warning: {path}: mode {mode:04o} lets others read the password in it (chmod 600 {path}); it may be known")
    })
}

fn shown(remark: &str) -> String {
    Escaped::text(remark).to_string()
}

/// Where it is, and what stands in it.
fn read(file: Option<&Path>) -> Result<(PathBuf, String), Failure> {
    let path = match file {
        Some(path) => path.to_owned(),
        None => {
            let home = std::env::var_os("HOME").map(PathBuf::from);
            let home =
                home.ok_or_else(|| Failure::new(Exit::Usage, "HOME is not set: name the file"));
            home?.join(".fetchmailrc")
        }
    };
    let name = path.display().to_string();
    let bad = |error: std::io::Error| {
        let exit = match error.kind() {
            std::io::ErrorKind::NotFound => Exit::NoInput,
            std::io::ErrorKind::PermissionDenied => Exit::NoPerm,
            _ => Exit::Io,
        };
        Failure::new(exit, format!("{name}: {error}"))
    };
    let mut octets = Vec::new();
    match path == Path::new("-") {
        true => std::io::stdin().lock().take(LARGEST + 1).read_to_end(&mut octets),
        false => {
            let file = std::fs::File::open(&path).map_err(bad)?;
            file.take(LARGEST + 1).read_to_end(&mut octets)
        }
    }
    .map_err(bad)?;
    if octets.len() as u64 > LARGEST {
        return Err(Failure::new(Exit::Data, format!("{name}: larger than {LARGEST} octets")));
    }
    let text = legible(octets, &name)?;
    let whole = std::path::absolute(&path).unwrap_or(path);
    Ok((whole, text))
}

/// Its text. A remark in another alphabet says nothing to us; anything else would come out as something that it
/// is not.
fn legible(octets: Vec<u8>, name: &str) -> Result<String, Failure> {
    let odd = match String::from_utf8(octets) {
        Ok(text) => return Ok(text),
        Err(odd) => odd,
    };
    let mut text = String::new();
    for (n, line) in odd.as_bytes().split_inclusive(|&octet| octet == b'\n').enumerate() {
        match (std::str::from_utf8(line), line.trim_ascii_start().starts_with(b"#")) {
            (Ok(line), _) => text.push_str(line),
            (Err(_), true) => text.push('\n'),
            (Err(_), false) => {
                let what = format!("{name}:{}: is not UTF-8", n + 1);
                let hint = "convert the file, for instance by iconv -f latin1 -t utf8; a password in other octets goes into a file of its own";
                return Err(Failure::new(Exit::Data, what).hint(Some(hint)));
            }
        }
    }
    Ok(text)
}

/// Only those that were named, if any were.
fn choose(import: &mut Import, names: &[String]) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    let there = |name: &String| import.accounts.iter().any(|account| account.name == *name);
    if let Some(name) = names.iter().find(|name| !there(name)) {
        let known: Vec<&str> = import.accounts.iter().map(|a| a.name.as_str()).collect();
        let what = format!("{name:?}: there is no such entry for ODMR");
        let hint = format!("there are: {}", known.join(", "));
        return Err(Failure::new(Exit::NoInput, what).hint(Some(hint)));
    }
    import.accounts.retain(|account| names.contains(&account.name));
    Ok(())
}

fn report(files: &[(PathBuf, SecretString)], import: &Import, path: &Path, named: bool) -> String {
    let mut text: String =
        files.iter().map(|(path, _)| format!("wrote {}\n", path.display())).collect();
    let of = |account: &Imported| -> Vec<String> {
        let name = &account.name;
        account
            .remarks
            .iter()
            .map(|remark| format!("  {}: {}\n", shown(name), shown(remark)))
            .collect()
    };
    let mut remarks: Vec<String> =
        import.remarks.iter().map(|remark| format!("  {}\n", shown(remark))).collect();
    remarks.extend(import.accounts.iter().flat_map(of));
    if !remarks.is_empty() {
        text.push_str("\nWhat could not be taken over as it was:\n");
        text.extend(remarks);
    }
    let config = if named { format!(" --config {}", path.display()) } else { String::new() };
    text.push_str("\nNext:\n");
    for account in &import.accounts {
        text.push_str(&format!("  atrn-fetch check {}{config}\n", shown(&account.name)));
    }
    text.push_str("  turn fetchmail off for these servers, or two fetch the same mail\n");
    text
}

#[cfg(test)]
mod tests {
    use super::legible;

    #[test]
    fn only_a_remark_may_be_in_another_alphabet() {
        let read = |text: &[u8]| legible(text.to_vec(), "rc");
        let text = read(b"# f\xfcr zu Hause\npoll a\n  # \xe4\n").unwrap();
        assert_eq!(text, "\npoll a\n\n");
        let refused = read(b"poll a\nuser b password \"p\xe4\"\n").unwrap_err();
        assert_eq!(refused.what, "rc:2: is not UTF-8");
        assert!(refused.hint.is_some());
        assert_eq!(read("# für\n".as_bytes()).unwrap(), "# für\n");
    }
}

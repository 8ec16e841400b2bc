//! Asking a person at the terminal, without showing what is typed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::{SecretError, first_line};

/// More than anybody types.
const MAX_TYPED: usize = 1024;

/// Asks for a password on the terminal, whatever stdin and stdout are.
///
/// # Errors
/// [`SecretError::NoTerminal`] where there is none, [`SecretError::Interrupted`] on Ctrl-C.
pub fn ask(words: &str) -> Result<SecretString, SecretError> {
    let mut terminal = Quiet::open()?;
    terminal.say(&format!("{words}: "))?;
    let typed = typed_line(&mut terminal.file);
    terminal.say("\n")?;
    let typed = typed.map_err(unreadable)?.ok_or(SecretError::Interrupted)?;
    first_line(&typed).map_err(|why| SecretError::Unusable("the terminal".to_owned(), why))
}

/// Asks for a new password, twice, since nobody sees what is typed.
///
/// # Errors
/// As [`ask`], and [`SecretError::Differ`].
pub fn ask_twice(words: &str) -> Result<SecretString, SecretError> {
    let first = ask(words)?;
    let second = ask(&format!("{words}, again"))?;
    match first.expose_secret() == second.expose_secret() {
        true => Ok(first),
        false => Err(SecretError::Differ),
    }
}

fn unreadable(error: io::Error) -> SecretError {
    SecretError::Unreadable { source_name: "the terminal".to_owned(), error }
}

/// The terminal without echo. It also keeps Ctrl-C to itself: a signal would end us with the echo
/// still off, and leave the person at a shell that seems dead.
struct Quiet {
    file: File,
    before: Termios,
}

impl Quiet {
    fn open() -> Result<Quiet, SecretError> {
        let file = OpenOptions::new().read(true).write(true).open("/dev/tty");
        let file = file.map_err(|_| SecretError::NoTerminal)?;
        let before = tcgetattr(&file).map_err(|_| SecretError::NoTerminal)?;
        let mut quiet = before.clone();
        quiet.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        tcsetattr(&file, OptionalActions::Flush, &quiet).map_err(|e| unreadable(e.into()))?;
        Ok(Quiet { file, before })
    }

    fn say(&mut self, text: &str) -> Result<(), SecretError> {
        self.file.write_all(text.as_bytes()).map_err(unreadable)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // Nothing is left to be done if the terminal is gone.
        let _ = tcsetattr(&self.file, OptionalActions::Flush, &self.before);
    }
}

/// What is typed up to Enter or Ctrl-D; `None` when it was Ctrl-C. Backspace and Ctrl-U work.
fn typed_line(keys: &mut impl Read) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_TYPED));
    let mut key = [0u8];
    loop {
        let ended = keys.read(&mut key)? == 0;
        match key[0] {
            _ if ended => return Ok(Some(line)),
            0x03 => return Ok(None),
            b'\r' | b'\n' | 0x04 => return Ok(Some(line)),
            0x08 | 0x7f => rub_out(&mut line),
            0x15 => line.clear(),
            octet if line.len() < MAX_TYPED => line.push(octet),
            _ => {}
        }
    }
}

/// Takes back one character, which in UTF-8 may be several octets.
fn rub_out(line: &mut Vec<u8>) {
    while line.pop().is_some_and(|octet| octet & 0xc0 == 0x80) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[u8]) -> Option<Vec<u8>> {
        typed_line(&mut &keys[..]).unwrap().map(|line| line.to_vec())
    }

    #[test]
    fn a_line_ends_with_enter_or_the_end() {
        for keys in [&b"secret\r"[..], b"secret\nmore", b"secret\x04", b"secret"] {
            assert_eq!(typed(keys).unwrap(), b"secret");
        }
    }

    #[test]
    fn typing_errors_can_be_taken_back() {
        assert_eq!(typed("xa\u{fc}\x7f\x7fb\r".as_bytes()).unwrap(), b"xb");
        assert_eq!(typed(b"\x7f\x08wrong\x15right\r").unwrap(), b"right");
    }

    #[test]
    fn ctrl_c_gives_up() {
        assert_eq!(typed(b"sec\x03ret\r"), None);
    }

    #[test]
    fn a_cat_on_the_keyboard_fills_no_memory() {
        assert_eq!(typed(&[b'x'; 5000]).unwrap().len(), MAX_TYPED);
    }
}

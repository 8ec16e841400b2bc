//! Root until the ports are bound, and not a moment longer.

use privdrop::PrivDrop;
use privdrop::reexports::nix::unistd::{Group, User, geteuid};

/// Why the user was not changed: the administrator should act.
#[derive(Debug, thiserror::Error)]
pub enum PrivilegeError {
    /// There is no such user here.
    #[error("there is no user {0:?} on this machine; create it, or name another")]
    UnknownUser(String),
    /// There is no such group here.
    #[error("there is no group {0:?} on this machine; create it, or name another")]
    UnknownGroup(String),
    /// Changing to root is no change.
    #[error("the user {0:?} is root; name one that may do less")]
    StillRoot(String),
    /// Only root may become somebody else.
    #[error(
        "only root can change to the user {user:?}, and we run as user id {uid}; \
         start as root, or as {user:?}, or leave the setting out"
    )]
    NotRoot {
        /// The user that was asked for.
        user: String,
        /// Who we are.
        uid: u32,
    },
    /// The system refused.
    #[error("cannot change to the user {user:?}: {why}")]
    Refused {
        /// The user that was asked for.
        user: String,
        /// What the system said.
        why: String,
    },
}

/// Whether we may do anything.
pub fn is_root() -> bool {
    geteuid().is_root()
}

/// The numbers of a user and of the group that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user's.
    pub uid: u32,
    /// The group's: the one that was named, or the user's own.
    pub gid: u32,
}

/// Who that is.
///
/// # Errors
///
/// There is no such user, or no such group.
pub fn look_up(user: &str, group: Option<&str>) -> Result<Identity, PrivilegeError> {
    let found = known(user, group)?;
    let named = group.and_then(|name| Group::from_name(name).ok().flatten());
    let gid = named.map_or(found.gid, |group| group.gid);
    Ok(Identity { uid: found.uid.as_raw(), gid: gid.as_raw() })
}

/// The number of a group.
///
/// # Errors
///
/// There is no such group.
pub fn group_id(name: &str) -> Result<u32, PrivilegeError> {
    let group = Group::from_name(name).ok().flatten();
    group.map(|group| group.gid.as_raw()).ok_or_else(|| PrivilegeError::UnknownGroup(name.into()))
}

/// A user's name, or its number where it has none.
pub fn user_name(uid: u32) -> String {
    let user = User::from_uid(uid.into()).ok().flatten();
    user.map_or_else(|| format!("uid {uid}"), |user| user.name)
}

/// Becomes `user`, with its groups and `group` (or its own) as the first. For good: there is no
/// way back. Does nothing if we are that user already.
///
/// # Errors
///
/// Nothing has changed if the user or group is unknown. After any error the program should end.
pub fn drop_to(user: &str, group: Option<&str>) -> Result<(), PrivilegeError> {
    let target = known(user, group)?;
    if target.uid.is_root() {
        return Err(PrivilegeError::StillRoot(user.into()));
    }
    if target.uid == geteuid() {
        return Ok(());
    }
    if !is_root() {
        return Err(PrivilegeError::NotRoot { user: user.into(), uid: geteuid().as_raw() });
    }
    change(user, group)
}

/// Looked up here first, because the library's errors do not say which name it did not find.
fn known(user: &str, group: Option<&str>) -> Result<User, PrivilegeError> {
    let found = User::from_name(user).ok().flatten();
    let found = found.ok_or_else(|| PrivilegeError::UnknownUser(user.into()))?;
    let unknown = group.filter(|name| !matches!(Group::from_name(name), Ok(Some(_))));
    match unknown {
        Some(group) => Err(PrivilegeError::UnknownGroup(group.into())),
        None => Ok(found),
    }
}

fn change(user: &str, group: Option<&str>) -> Result<(), PrivilegeError> {
    let refused = |why: String| PrivilegeError::Refused { user: user.into(), why };
    let mut drop = PrivDrop::default().user(user).include_default_supplementary_groups();
    if let Some(group) = group {
        drop = drop.group(group);
    }
    drop.apply().map_err(|error| refused(error.to_string()))?;
    if is_root() {
        return Err(refused("we are still root".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_told() {
        let complaint = drop_to("no-such-user", None).unwrap_err().to_string();
        assert_eq!(
            complaint,
            "there is no user \"no-such-user\" on this machine; create it, or name another"
        );
        let refused = drop_to("root", Some("no-such-group"));
        assert!(matches!(refused, Err(PrivilegeError::UnknownGroup(_))));
    }

    #[test]
    fn root_is_no_one_to_become() {
        assert!(matches!(drop_to("root", None), Err(PrivilegeError::StillRoot(_))));
    }

    /// Set in a process that may lose its privileges.
    const EXPENDABLE: &str = "ODMR_TEST_EXPENDABLE";

    #[test]
    fn there_is_no_way_back() {
        if std::env::var_os(EXPENDABLE).is_some() {
            drop_to("nobody", None).unwrap();
            assert!(!is_root());
            drop_to("nobody", None).unwrap();
            assert!(matches!(drop_to("daemon", None), Err(PrivilegeError::NotRoot { .. })));
            let groups = privdrop::reexports::nix::unistd::getgroups().unwrap();
            assert!(groups.iter().all(|group| group.as_raw() != 0));
            return;
        }
        if !is_root() {
            let refused = drop_to("nobody", None);
            assert!(refused.is_ok() || matches!(refused, Err(PrivilegeError::NotRoot { .. })));
            return;
        }
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "net::privilege::tests::there_is_no_way_back"]);
        let output = child.env(EXPENDABLE, "yes").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

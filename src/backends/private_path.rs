//! Owns the access rights of folders and files: only the service's own user may read them, because
//! they contain all data about the pupils of a school.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

/// Makes a folder, and those above it, for this user alone (0700). An existing folder stays as it
/// is.
pub fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes an empty file for this user alone (0600). An existing file keeps its bytes.
pub fn make_file(path: &Path) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path).map(drop)
}

/// Removes all rights of other users from an existing file or folder. Rights of the group stay,
/// because an operator may have given them, for example to the backup. If the path belongs to
/// another user, it cannot be changed, and this is logged. A missing path is no error.
pub fn shut_others_out(path: &Path) -> io::Result<()> {
    let mode = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata?.permissions().mode(),
    };
    if mode & 0o007 == 0 {
        return Ok(());
    }
    match fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o7770)) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            tracing::warn!(path = %path.display(), "other users of this machine may read this, and it belongs to another user");
            Ok(())
        }
        changed => changed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_made_is_private_and_what_exists_is_closed_to_others_only() {
        let folder = tempfile::tempdir().unwrap();
        let (inner, file, missing) = (folder.path().join("a/b"), folder.path().join("a/b/c"), folder.path().join("none"));
        make_folder(&inner).unwrap();
        make_file(&file).unwrap();
        assert_eq!(mode(&folder.path().join("a")), 0o700);
        assert_eq!(mode(&inner), 0o700);
        assert_eq!(mode(&file), 0o600);
        fs::write(&file, b"x").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        make_file(&file).unwrap();
        shut_others_out(&file).unwrap();
        assert_eq!(mode(&file), 0o640);
        assert_eq!(fs::read(&file).unwrap(), b"x");
        shut_others_out(&missing).unwrap();
    }
}

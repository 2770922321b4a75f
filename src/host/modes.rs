//! Who may read a file of the host: its own permissions and those of every directory on the way, links followed.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::host::{CouldNotLook, Host};

/// Who may read a file, beside its owner and root. Access lists (acl(5)) are not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readers {
    pub everybody: bool,
    /// The group that may.
    pub group: Option<u32>,
}

impl Host {
    /// Tells it of a file of this machine; modes of a recorded one are those of the recording.
    pub fn readers(&self, path: &Path) -> Result<Readers, CouldNotLook> {
        let cannot = |cause| CouldNotLook { path: path.to_owned(), cause };
        let real = std::fs::canonicalize(self.real(path)).map_err(cannot)?;
        let file = std::fs::metadata(&real).map_err(cannot)?;
        let mut readers =
            Readers { everybody: file.mode() & 0o004 != 0, group: (file.mode() & 0o040 != 0).then_some(file.gid()) };
        for folder in real.ancestors().skip(1) {
            let folder = std::fs::metadata(folder).map_err(cannot)?;
            readers.everybody &= folder.mode() & 0o001 != 0;
            readers.group = readers.group.filter(|group| lets_in(&folder, *group));
        }
        Ok(readers)
    }
}

fn lets_in(folder: &Metadata, group: u32) -> bool {
    let bit = if folder.gid() == group { 0o010 } else { 0o001 };
    folder.mode() & bit != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn directories_on_the_way_count() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("private");
        let file = folder.join("key");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(&file, "k").unwrap();
        let mode = |path: &Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        mode(scratch.path(), 0o755);
        let everybody = |folder_mode, file_mode| {
            mode(&folder, folder_mode);
            mode(&file, file_mode);
            Host::live().readers(&file).unwrap()
        };
        assert!(everybody(0o755, 0o644).everybody);
        assert_eq!(everybody(0o700, 0o644), Readers { everybody: false, group: None });
        let group = std::fs::metadata(&file).unwrap().gid();
        assert_eq!(everybody(0o710, 0o640), Readers { everybody: false, group: Some(group) });
        assert_eq!(everybody(0o755, 0o600), Readers { everybody: false, group: None });
    }
}

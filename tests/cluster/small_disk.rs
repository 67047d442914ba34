//! A disk of a few MiB for one test: a tmpfs in a mount namespace of its own, which is gone with
//! the test's process, however that ends.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

/// Set in the process that has the disk: where it is to be mounted.
const MOUNT_POINT: &str = "EDUCOUNSEL_TEST_SMALL_DISK";
/// Bytes written at once while the disk is filled.
const STRIDES: [usize; 3] = [64 * 1024, 4096, 1];

/// The disk.
pub struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Runs the calling test again in a process that may mount, with a disk of `mebibytes`. `None`:
    /// it did, and passed; there is nothing left to do here. `module` is `module_path!()` of the
    /// test. Fails, never skips, on a machine that lets nobody mount.
    pub fn enter(module: &str, test: &str, mebibytes: u32) -> Option<Self> {
        let Some(folder) = std::env::var_os(MOUNT_POINT).map(PathBuf::from) else {
            run_again(module, test);
            return None;
        };
        let options = format!("size={mebibytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&folder).output().expect("mount");
        assert!(mounted.status.success(), "mount: {}", String::from_utf8_lossy(&mounted.stderr));
        Some(Self { folder })
    }

    pub fn path(&self) -> &Path {
        &self.folder
    }

    fn filler(&self) -> PathBuf {
        self.folder.join("filler")
    }

    /// Writes until nothing fits any more.
    pub fn fill(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        for stride in STRIDES {
            let zeros = vec![0; stride];
            loop {
                match filler.write(&zeros) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("filling the disk: {error}"),
                }
            }
        }
    }

    /// Makes room again.
    pub fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

/// Runs `test` of this test binary in a mount namespace of its own; as root, or as somebody who may
/// pretend to be root in a user namespace.
fn run_again(module: &str, test: &str) {
    let ways: [&[&str]; 2] = [&["--mount"], &["--map-root-user", "--mount"]];
    let works = |way: &&&[&str]| Command::new("unshare").args(**way).arg("true").output().is_ok_and(|output| output.status.success());
    let Some(way) = ways.iter().find(works) else {
        panic!(
            "this test mounts a small disk: run it as root with CAP_SYS_ADMIN, or where users may make user namespaces (unshare, util-linux)"
        );
    };
    let folder = tempfile::tempdir().unwrap();
    let (_, module) = module.split_once("::").expect("a module of the test crate");
    let output = Command::new("unshare")
        .args(*way)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("{module}::{test}"), "--nocapture"])
        .env(MOUNT_POINT, folder.path())
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "in its own process:\n{out}\n{err}");
}

//! One run at a time on an output: an advisory lock on a file in its folder of parts.

use std::fs::{File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::output;

/// The file's name.
pub const NAME: &str = "lock";

/// Held as long as it lives; the system lets it go when the process dies.
#[derive(Debug)]
pub struct Lock {
    file: Option<File>,
    folder: PathBuf,
}

impl Lock {
    /// Locks `folder`, and makes it where there is none. `out` is what the work is for.
    pub fn take(folder: &Path, out: &Path) -> Result<Lock> {
        let path = folder.join(NAME);
        // Process numbers are alike in containers.
        let token = RandomState::new().build_hasher().finish();
        let me = format!("{} {token:016x}", std::process::id());
        loop {
            output::create_folder(folder)?;
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            let mut file = match options.open(&path) {
                // Another run has just ended, and removed its folder.
                Err(cause) if cause.kind() == ErrorKind::NotFound => continue,
                opened => opened.map_err(Error::io(&path))?,
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(busy(&path, out)),
                // Some network file systems have no locks: there it is for people to see to it.
                Err(TryLockError::Error(cause)) if cause.kind() == ErrorKind::Unsupported => {}
                Err(TryLockError::Error(cause)) => return Err(Error::io(&path)(cause)),
            }
            let written = file
                .set_len(0)
                .and_then(|()| file.rewind())
                .and_then(|()| file.write_all(me.as_bytes()));
            written.map_err(Error::io(&path))?;
            // A run that ended between the opening and the lock took this file away with it: then no other
            // run would see the lock.
            if std::fs::read_to_string(&path).is_ok_and(|holder| holder == me) {
                return Ok(Lock {
                    file: Some(file),
                    folder: folder.to_path_buf(),
                });
            }
        }
    }
}

fn busy(path: &Path, out: &Path) -> Error {
    let holder = std::fs::read_to_string(path).unwrap_or_default();
    let holder = match holder.split_whitespace().next() {
        None => "another process".to_string(),
        Some(id) => format!("process {id}"),
    };
    Error::Usage(format!(
        "{}: {holder} is working on it; wait for it, or choose another -o",
        out.display()
    ))
}

/// Takes the folder along, if nothing else is in it.
impl Drop for Lock {
    fn drop(&mut self) {
        let entries = std::fs::read_dir(&self.folder);
        let is_only = entries.is_ok_and(|mut all| {
            all.all(|entry| entry.is_ok_and(|entry| entry.file_name() == NAME))
        });
        if is_only {
            let _ = std::fs::remove_file(self.folder.join(NAME));
            // On a network a file that is removed stays until it is closed.
            self.file = None;
            let _ = std::fs::remove_dir(&self.folder);
        }
    }
}

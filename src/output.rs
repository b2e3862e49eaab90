//! Output files: written under a temporary name in the same folder and renamed when complete.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// How the names of unfinished files begin.
pub const TEMPORARY: &str = ".sentire-";

/// An unfinished file. [`finish`](Output::finish) gives it its name; if it is dropped before, nothing is left behind.
pub struct Output {
    file: tempfile::NamedTempFile,
    path: PathBuf,
}

impl Output {
    /// Starts a file that is to be named `path`; creates its folder.
    pub fn create(path: &Path) -> Result<Output> {
        Output::create_in(folder_of(path), path)
    }

    /// The same, but the file lies in `folder` until it gets its name: one of the same file system.
    pub fn create_in(folder: &Path, path: &Path) -> Result<Output> {
        create_folder(folder_of(path))?;
        create_folder(folder)?;
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            // As any new file, and not for the owner alone as temporary files are.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder
            .prefix(TEMPORARY)
            .tempfile_in(folder)
            // Not the error itself, which names the temporary file.
            .map_err(|cause| Error::io(folder)(cause.kind().into()))?;
        Ok(Output {
            file,
            path: path.to_path_buf(),
        })
    }

    /// Gives the file its name, replacing any file of that name.
    pub fn finish(self) -> Result<()> {
        self.file
            .as_file()
            .sync_all()
            .map_err(Error::io(&self.path))?;
        let persisted = self.file.persist(&self.path);
        persisted.map_err(|cause| Error::io(&self.path)(cause.error))?;
        sync_folder(folder_of(&self.path));
        Ok(())
    }
}

/// `path` with `suffix` behind its name. A slash at its end is no part of that: behind it the name would lie in the
/// folder.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.components().as_path().as_os_str().to_os_string();
    name.push(suffix);
    name.into()
}

/// Creates a folder and those above it, and makes sure that they are on the disk.
pub fn create_folder(folder: &Path) -> Result<()> {
    if !folder.is_dir() {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        sync_folder(folder_of(folder));
    }
    Ok(())
}

/// Sees to it that names given in a folder are on the disk, too.
fn sync_folder(folder: &Path) {
    // Not all systems can; those that cannot do it by themselves.
    let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Writes a whole file at once.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut output = Output::create(path)?;
    output.write_all(bytes).map_err(Error::io(path))?;
    output.finish()
}

/// Refuses an output that exists already, unless `force`, and one that could not be written, before the work begins.
pub fn check(path: &Path, force: bool) -> Result<()> {
    check_free(path, force)?;
    Output::create(path).map(drop)
}

/// Refuses an output that exists already, unless `force`.
pub fn check_free(path: &Path, force: bool) -> Result<()> {
    if path.exists() && !path.is_file() {
        let kind = if path.is_dir() {
            "a folder"
        } else {
            "not a regular file"
        };
        let shown = path.display();
        return Err(Error::Usage(format!(
            "{shown}: is {kind}; expected the name of a file"
        )));
    }
    if path.exists() && !force {
        return Err(Error::Exists {
            path: path.to_path_buf(),
        });
    }
    Ok(())
}

/// Refuses a folder that is not empty, unless `force`, and a file in its place.
pub fn check_folder(path: &Path, force: bool) -> Result<()> {
    if path.exists() && !path.is_dir() {
        let shown = path.display();
        return Err(Error::Usage(format!(
            "{shown}: is a file; expected the name of a folder"
        )));
    }
    let is_occupied = std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
    if is_occupied && !force {
        return Err(Error::Exists {
            path: path.to_path_buf(),
        });
    }
    std::fs::create_dir_all(path).map_err(Error::io(path))
}

/// Refuses an output that is one of the inputs: replacing it would destroy it.
pub fn check_apart(output: &Path, inputs: &[&Path]) -> Result<()> {
    let Ok(real) = output.canonicalize() else {
        return Ok(());
    };
    match inputs
        .iter()
        .find(|input| input.canonicalize().is_ok_and(|input| input == real))
    {
        Some(input) => {
            let shown = input.display();
            Err(Error::Usage(format!(
                "{shown}: is the input; choose another output with -o"
            )))
        }
        None => Ok(()),
    }
}

/// The folder that a file of this name lies in.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[test]
fn an_unfinished_output_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new/folder/out.txt");
    let mut output = Output::create(&path).unwrap();
    output.write_all(b"half").unwrap();
    drop(output);
    assert_eq!(
        std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
        0
    );
    write(&path, b"whole").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"whole");
    assert!(matches!(check(&path, false), Err(Error::Exists { .. })));
    check(&path, true).unwrap();
}

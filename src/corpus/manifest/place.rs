//! Finds a recording that a manifest names in the way of another operating system.

use std::path::{Path, PathBuf};

use crate::corpus::spelling::{composed, decomposed};

/// The recording called `name` from the folder `root` on. A file of exactly that name comes first; where there is
/// none, one whose name has its letters composed otherwise (macOS), has `/` for `\` (Windows), or has no spaces
/// around it.
pub fn locate(root: &Path, name: &str) -> PathBuf {
    let exact = root.join(name);
    let is_plain = name.is_ascii() && !name.contains('\\') && name.trim() == name;
    if is_plain || exact.exists() {
        return exact;
    }
    let slashed = name.replace('\\', "/");
    let names = [name, name.trim(), &slashed, slashed.trim()];
    let found = |name: &&str| {
        let parts: Vec<_> = Path::new(name).iter().collect();
        let parts: Option<Vec<&str>> = parts.into_iter().map(|part| part.to_str()).collect();
        found_below(root, &parts?)
    };
    names.iter().find_map(found).unwrap_or(exact)
}

/// Goes down from `folder`, by each of the parts as it is, or in another Unicode form.
fn found_below(folder: &Path, parts: &[&str]) -> Option<PathBuf> {
    let [part, rest @ ..] = parts else {
        return Some(folder.to_path_buf());
    };
    let mut forms = vec![*part];
    let (composed, decomposed) = (composed(part), decomposed(part));
    for form in [&composed, &decomposed] {
        if !forms.contains(&&**form) {
            forms.push(form);
        }
    }
    forms.into_iter().find_map(|form| {
        let path = folder.join(form);
        path.exists().then(|| found_below(&path, rest)).flatten()
    })
}

/// Why nothing can be there: `name` begins with a drive or a server of Windows, and this is another system.
pub fn foreign_place(name: &str) -> Option<String> {
    let is_drive = matches!(name.trim().as_bytes(), [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic());
    let is_foreign = !cfg!(windows) && (is_drive || name.trim().starts_with("\\\\"));
    is_foreign.then(|| {
        "is not found: a path of a Windows machine; name it from the manifest's folder on, such as wav/a.wav".into()
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_found_by_its_exact_name_or_else_by_that_of_another_system() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, b"").unwrap();
        };
        let (nfc, nfd) = ("ä", "a\u{308}");
        for name in [
            "wav/x.wav",
            &format!("{nfd}/{nfc}.wav"),
            &format!("{nfc}.wav"),
            &format!("{nfd}.wav"),
            "real\\name.wav",
            "real/name.wav",
            " spaced .wav",
            "plain.wav",
        ] {
            make(name);
        }
        let both = (format!("{nfc}.wav"), format!("{nfd}.wav"));
        for (name, expected) in [
            ("wav\\x.wav", "wav/x.wav"),
            (".\\wav\\..\\wav\\x.wav", "./wav/../wav/x.wav"),
            (&format!("{nfc}\\{nfd}.wav"), &format!("{nfd}/{nfc}.wav")),
            (&both.0, &both.0),
            (&both.1, &both.1),
            ("real\\name.wav", "real\\name.wav"),
            (" spaced .wav", " spaced .wav"),
            (" plain.wav ", "plain.wav"),
            ("wav\\none.wav", "wav\\none.wav"),
        ] {
            assert_eq!(
                locate(dir.path(), name),
                dir.path().join(expected),
                "{name}"
            );
        }
        assert!(foreign_place("C:\\audio\\x.wav").is_some());
        assert!(foreign_place("d:/audio/x.wav").is_some());
        assert!(foreign_place("\\\\server\\audio\\x.wav").is_some());
        assert!(foreign_place("wav\\x.wav").is_none());
    }
}

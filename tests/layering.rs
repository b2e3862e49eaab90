//! The layers: the signal half and the learning half meet only in the table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const SIGNAL: [&str; 5] = ["audio", "dsp", "lld", "functional", "features"];
const LEARNING: [&str; 8] = [
    "dataset", "split", "scaler", "model", "metrics", "audit", "evaluate", "report",
];
/// May be imported from anywhere: what can be computed, errors, and how files are written.
const GROUND: [&str; 3] = ["catalogue", "error", "output"];

/// What each module of the library may import, besides itself and the ground.
fn allowed(module: &str) -> Vec<&'static str> {
    match module {
        "catalogue" | "error" | "output" => vec![],
        "dsp" => vec![],
        "audio" => vec!["dsp"],
        "lld" => vec!["dsp"],
        "functional" => vec!["dsp"],
        "features" => vec!["audio", "dsp", "lld", "functional"],
        "corpus" => vec!["audio", "dsp", "table"],
        "table" => vec![],
        "job" => vec!["table"],
        "extract" => vec!["audio", "corpus", "features", "job", "table"],
        "verify" => vec!["audio", "corpus", "extract", "features", "table"],
        "dataset" => vec!["metrics", "split", "table"],
        "frame" => vec!["table"],
        "split" | "scaler" | "metrics" => vec![],
        "model" => vec!["dataset", "metrics", "scaler", "split", "table"],
        "audit" => vec!["dataset", "metrics", "split", "table"],
        "evaluate" => vec![
            "audit", "dataset", "metrics", "model", "report", "split", "table",
        ],
        "plot" => vec![],
        "report" => vec!["audit", "metrics", "model", "plot"],
        "predict" => vec![
            "audio", "corpus", "extract", "features", "model", "scaler", "table",
        ],
        "score" => vec![
            "audio", "corpus", "extract", "features", "job", "model", "predict", "scaler", "table",
        ],
        "summary" => vec!["predict", "table"],
        "serve" => vec![
            "audio", "corpus", "extract", "features", "lld", "model", "predict", "score", "table",
        ],
        // Shows values of every module, and nobody asks it.
        "notebook" => vec![
            "audio", "corpus", "dataset", "dsp", "evaluate", "extract", "features", "lld", "model",
            "plot", "predict", "report", "table",
        ],
        other => panic!("module {other} has no place in the layers yet; give it one here"),
    }
}

/// Libraries that one half alone may see.
const LIBRARIES: [(&[&str], &[&str]); 13] = [
    (&["regex", "toml", "yaml_rust2"], &["corpus"]),
    (&["plotters"], &["plot"]),
    (&["faer"], &["dsp", "model"]),
    (&["hessboost"], &["model"]),
    (&["pulp"], &["dsp"]),
    (&["ropus"], &["audio"]),
    (
        &["symphonia", "realfft", "rubato"],
        &["audio", "dsp", "lld"],
    ),
    (
        &[
            "linfa",
            "linfa_bayes",
            "linfa_elasticnet",
            "linfa_logistic",
            "linfa_nn",
            "linfa_svm",
            "linfa_trees",
            "smartcore",
        ],
        &["model"],
    ),
    (
        &["ndarray"],
        &["dataset", "scaler", "model", "audit", "evaluate", "predict"],
    ),
    (&["aubio_rs"], &["lld"]),
    (&["polars"], &["frame", "notebook", "summary"]),
    (&["arrow", "parquet"], &["table"]),
    (
        &["axum", "hyper", "hyper_util", "tokio", "tower_http"],
        &["serve"],
    ),
];

/// What tests within modules may import beyond their layer, to hold it against what is made of it further on.
const IN_TESTS: [(&str, &str); 2] = [("model", "predict"), ("predict", "dataset")];

/// A file of the library.
struct Source {
    /// Its module, from the top one down.
    module: Vec<String>,
    /// Without lines of comments.
    text: String,
    /// The text without what is compiled for tests alone.
    code: String,
}

/// The files of the library, by path.
fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let below = path.strip_prefix(&root).unwrap().with_extension("");
            let names = below.iter().map(|name| name.to_str().unwrap().to_string());
            let module: Vec<String> = names.filter(|name| name != "mod").collect();
            if ["main", "cli", "cmd", "lib"].contains(&module[0].as_str()) {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let is_comment = |line: &&str| line.trim_start().starts_with("//");
            let lines: Vec<&str> = text.lines().filter(|line| !is_comment(line)).collect();
            sources.push(Source {
                module,
                code: without_tests(&lines),
                text: lines.join("\n"),
            });
        }
    }
    sources.sort_by(|a, b| a.module.cmp(&b.module));
    sources
}

/// The lines without the items that stand behind `#[cfg(test)]` or `#[test]`: as they are formatted, an item ends with the
/// first line that is indented no further and closes a brace or a statement.
fn without_tests(lines: &[&str]) -> String {
    let mut code = String::new();
    let mut lines = lines.iter();
    while let Some(line) = lines.next() {
        let item = line.trim_start();
        if !["#[cfg(test)]", "#[test]"].contains(&item) {
            code.push_str(line);
            code.push('\n');
            continue;
        }
        let indent = line.len() - item.len();
        lines.find(|line| {
            let is_outer = line.len() - line.trim_start().len() == indent;
            is_outer && !line.trim_start().starts_with('#') && line.ends_with(['}', ';'])
        });
    }
    code
}

/// Every path in a text that begins with `crate::`, from the top module down: imported, alone or in a group, or in the
/// middle of code.
fn paths(text: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for path in text.split("crate::").skip(1) {
        follow(Vec::new(), path, &mut paths);
    }
    paths
}

/// The paths that begin with `super::` in the code of a file of `module`, from the top module down as well.
fn paths_above(code: &str, module: &[String]) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut above = module;
    for path in code.split("super::").skip(1) {
        above = &above[..above.len().saturating_sub(1)];
        // Another `super` stands right behind this one.
        if !path.is_empty() {
            follow(above.to_vec(), path, &mut paths);
            above = module;
        }
    }
    paths
}

/// Appends the path or the paths that `rest` adds to `path`.
fn follow(mut path: Vec<String>, rest: &str, paths: &mut Vec<Vec<String>>) {
    let Some(group) = rest.strip_prefix('{') else {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        let (name, rest) = rest.split_at(end.unwrap_or(rest.len()));
        path.push(name.to_string());
        return match rest.strip_prefix("::") {
            Some(rest) => follow(path, rest, paths),
            None => paths.push(path),
        };
    };
    let mut depth = 0;
    let mut is_first = true;
    for (at, c) in group.char_indices() {
        if is_first && !c.is_whitespace() {
            follow(path.clone(), &group[at..], paths);
            is_first = false;
        }
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' => is_first = depth == 0,
            _ => (),
        }
    }
}

/// The top modules that a text names.
fn imports(text: &str) -> BTreeSet<String> {
    paths(text)
        .into_iter()
        .map(|path| path[0].clone())
        .collect()
}

#[test]
fn modules_import_only_what_their_layer_may_see() {
    for source in sources() {
        let module = source.module[0].as_str();
        let may = |import: &str| {
            import == module || GROUND.contains(&import) || allowed(module).contains(&import)
        };
        for import in imports(&source.code) {
            assert!(
                may(&import),
                "{module} imports {import}, which its layer may not see"
            );
        }
        for import in imports(&source.text) {
            assert!(
                may(&import) || IN_TESTS.contains(&(module, &import)),
                "tests in {module} import {import}, which its layer may not see"
            );
        }
    }
}

/// In no folder do files, each with those below it, import each other in a circle. A module and those below it may.
#[test]
fn files_of_a_folder_import_each_other_in_one_direction() {
    // By folder and file, what it imports of its folder.
    let mut folders: BTreeMap<Vec<String>, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for source in sources() {
        let mut paths = paths(&source.code);
        paths.extend(paths_above(&source.code, &source.module));
        for (depth, name) in source.module.iter().enumerate() {
            let folder = &source.module[..depth];
            let files = folders.entry(folder.to_vec()).or_default();
            let imports = files.entry(name.clone()).or_default();
            let within = paths.iter().filter_map(|path| path.strip_prefix(folder));
            let others = within.filter_map(|path| path.first().filter(|other| *other != name));
            imports.extend(others.cloned());
        }
    }
    for (folder, mut files) in folders {
        // Whoever imports none of those that are left is not in a circle.
        loop {
            let left: BTreeSet<String> = files.keys().cloned().collect();
            files.retain(|_, imports| !imports.is_disjoint(&left));
            if files.len() == left.len() {
                break;
            }
        }
        assert!(
            files.is_empty(),
            "below src/{}, in a circle or above one: {:?}",
            folder.join("/"),
            files.keys()
        );
    }
}

#[test]
fn paths_are_found_wherever_they_stand() {
    let module = ["a", "b", "c"].map(str::to_string);
    let found = |code: &str| -> Vec<String> {
        let paths = [paths(code), paths_above(code, &module)].concat();
        paths.iter().map(|path| path.join("::")).collect()
    };
    let code = "use crate::x::{self, y::{Z, w},\n    v};\nfn f() { crate::u::g(super::d::h) }";
    assert_eq!(
        found(code),
        [
            "x::self",
            "x::y::Z",
            "x::y::w",
            "x::v",
            "u::g",
            "a::b::d::h"
        ]
    );
    assert_eq!(found("use super::super::{e, f};"), ["a::e", "a::f"]);
    let lines = [
        "use a;",
        "#[cfg(test)]",
        "mod tests {",
        "    b",
        "}",
        "use c;",
        "#[cfg(test)]",
        "use d;",
        "e",
    ];
    assert_eq!(without_tests(&lines), "use a;\nuse c;\ne\n");
}

#[test]
fn the_two_halves_never_meet() {
    for half in [SIGNAL.as_slice(), &LEARNING] {
        let other = if half == SIGNAL {
            LEARNING.as_slice()
        } else {
            &SIGNAL
        };
        for module in half {
            for import in allowed(module) {
                assert!(
                    !other.contains(&import),
                    "{module} may import {import} of the other half"
                );
            }
        }
    }
}

#[test]
fn libraries_stay_in_their_rooms() {
    for Source { module, code, .. } in sources() {
        let module = module[0].as_str();
        for (libraries, rooms) in LIBRARIES {
            for library in libraries {
                let used = code.contains(&format!("use {library}::"))
                    || code.contains(&format!(" {library}::"))
                    || code.contains(&format!("({library}::"));
                assert!(!used || rooms.contains(&module), "{module} uses {library}");
            }
        }
        for library in ["clap", "anyhow", "indicatif"] {
            assert!(
                !code.contains(&format!("{library}::")),
                "{module} of the library uses {library}"
            );
        }
    }
}

//! The pages of the repository: README.md is short, links lead somewhere, and commands run as they stand there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use regex::Regex;
use walkdir::WalkDir;

use crate::sandbox::repository;

/// The Markdown files of the repository, with their text.
fn pages() -> BTreeMap<PathBuf, String> {
    let is_ours = |name: &str| !name.starts_with('.') && name != "target" && name != "node_modules";
    WalkDir::new(repository(""))
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || entry.file_name().to_str().is_some_and(is_ours))
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

/// The lines of a page outside and inside of code blocks, those with the language of the block.
fn prose_and_code(text: &str) -> (Vec<&str>, Vec<(&str, &str)>) {
    let (mut prose, mut code) = (Vec::new(), Vec::new());
    let mut language = None;
    for line in text.lines() {
        match (language, line.trim_start().strip_prefix("```")) {
            (None, Some(begun)) => language = Some(begun),
            (None, None) => prose.push(line),
            (Some(_), Some(_)) => language = None,
            (Some(language), None) => code.push((language, line)),
        }
    }
    assert_eq!(language, None, "a code block is not closed");
    (prose, code)
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(text: &str) -> Vec<String> {
    let link = Regex::new(r"\[([^\]]*)\]\([^)]*\)").unwrap();
    let mut anchors: Vec<String> = Vec::new();
    for line in prose_and_code(text).0 {
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let words = link.replace_all(heading.trim(), "$1").to_lowercase();
        let kept = words
            .chars()
            .filter(|&c| c.is_alphanumeric() || "-_ ".contains(c));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let before = anchors.iter().filter(|earlier| **earlier == anchor).count();
        anchors.push(match before {
            0 => anchor,
            n => format!("{anchor}-{n}"),
        });
    }
    anchors
}

#[test]
fn the_front_page_is_short() {
    let bytes = std::fs::read(repository("README.md")).unwrap().len();
    assert!(
        bytes < 9000,
        "README.md has {bytes} bytes; details belong to the pages beside the code"
    );
}

#[test]
fn links_lead_somewhere() {
    let pages = pages();
    let target = Regex::new(r#"\]\(([^)\s]+)(?:\s+"[^"]*")?\)"#).unwrap();
    let inline_code = Regex::new(r"`[^`]*`").unwrap();
    let mut wrong = Vec::new();
    for (page, text) in &pages {
        let prose = prose_and_code(text).0.join("\n");
        let prose = inline_code.replace_all(&prose, "`");
        for link in target.captures_iter(&prose) {
            let link = &link[1];
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = match file {
                "" => page.clone(),
                _ => page.parent().unwrap().join(file),
            };
            let leads = match (file.canonicalize(), anchor) {
                (Err(_), _) => false,
                (Ok(_), "") => true,
                (Ok(file), anchor) => pages
                    .iter()
                    .filter(|(page, _)| page.canonicalize().is_ok_and(|page| page == file))
                    .any(|(_, text)| anchors(text).iter().any(|heading| heading == anchor)),
            };
            if !leads {
                wrong.push(format!("{}: {link}", name(page)));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "links that lead nowhere:\n{}",
        wrong.join("\n")
    );
}

/// A page by its path in the repository.
fn name(page: &Path) -> String {
    let name = page.strip_prefix(repository("")).unwrap();
    name.to_string_lossy().replace('\\', "/")
}

#[test]
fn headings_have_the_anchors_that_github_gives_them() {
    let page =
        "# A `b`, c\n```sh\n# no heading\n```\n## [openSMILE's](x.md) sets\n#hash\n## A b c\n";
    assert_eq!(anchors(page), ["a-b-c", "opensmiles-sets", "a-b-c-1"]);
}

/// Every line of a page's shell blocks that calls `sentire`, in a folder where the files that the pages speak of stand in
/// small for real ones.
#[cfg(all(
    unix,
    feature = "baselines",
    feature = "default-model",
    feature = "frame",
    feature = "serve"
))]
mod commands {
    use std::collections::BTreeSet;
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    use sentire::audio::{self, ReadOptions};

    use super::{name, pages, prose_and_code};
    use crate::sandbox::{Sandbox, demo_clip, wav};

    const SPEAKERS: [&str; 8] = ["m1", "f1", "m2", "f2", "m3", "f3", "m4", "f4"];
    /// The demo's emotions, and how RAVDESS and EMOVO name them.
    const EMOTIONS: [(&str, &str, &str); 4] = [
        ("neutral", "01", "neu"),
        ("happy", "03", "gio"),
        ("sad", "04", "tri"),
        ("angry", "05", "rab"),
    ];

    /// Classes that the demo does not have, and the sentence of an angry voice that stands for each.
    const OTHERS: [(&str, usize); 3] = [("disgust", 1), ("fearful", 3), ("surprised", 4)];

    /// Lines that do not run here, and why.
    const LEFT_OUT: [(&str, &str); 1] = [(
        "sentire train ravdess -o model.sentire",
        "a folder of a hundred parts, of which the line before makes one",
    )];
    fn clip(speaker: &str, emotion: &str, sentence: usize) -> Vec<u8> {
        let name = format!("{speaker}_{emotion}_s{sentence}.flac");
        std::fs::read(demo_clip(&name)).unwrap()
    }

    fn samples(speaker: &str, emotion: &str, sentence: usize) -> Vec<i16> {
        let bytes = clip(speaker, emotion, sentence);
        let recording = audio::read_bytes(bytes, "clip.flac", &ReadOptions::default()).unwrap();
        let samples = recording.audio.samples.iter();
        samples.map(|x| (x * 32767.0) as i16).collect()
    }

    /// A call of two channels, one side after the other.
    fn call(turns: &[(usize, &str, &str)]) -> Vec<u8> {
        let mut interleaved = vec![0; 16_000];
        for &(side, speaker, emotion) in turns {
            for sample in (1..=2).flat_map(|sentence| samples(speaker, emotion, sentence)) {
                let mut frame = [0, 0];
                frame[side] = sample;
                interleaved.extend(frame);
            }
            interleaved.extend([0; 2 * 12_000]);
        }
        wav(&interleaved, 2, 16_000)
    }

    /// The files that the pages speak of, small.
    fn stand_ins() -> Sandbox {
        let sandbox = Sandbox::new();
        let (mut mine, mut corpora, mut numbers) =
            (String::new(), [String::new(), String::new()], String::new());
        for (s, speaker) in SPEAKERS.into_iter().enumerate() {
            for (e, (emotion, of_ravdess, of_emovo)) in EMOTIONS.into_iter().enumerate() {
                let actor = s + 1;
                let ravdess =
                    format!("RAVDESS/Actor_{actor:02}/03-01-{of_ravdess}-01-01-01-{actor:02}.flac");
                sandbox.write(&ravdess, clip(speaker, emotion, 1));
                if !speaker.ends_with('4') {
                    let emovo = format!("EMOVO/{speaker}/{of_emovo}-{speaker}-b1.flac");
                    sandbox.write(&emovo, clip(speaker, emotion, 4));
                }
                let file = format!("recordings/{speaker}-{emotion}.flac");
                sandbox.write(&file, clip(speaker, emotion, 2));
                mine += &format!("{file},mine,{speaker},{emotion}\n");
                for (other, lines) in corpora.iter_mut().enumerate() {
                    let file = format!("others/{other}/{speaker}-{emotion}.flac");
                    sandbox.write(&file, clip(speaker, emotion, 3 + other));
                    *lines += &format!("{file},other{other},{speaker}{other},{emotion}\n");
                }
                let (arousal, valence) = (
                    s as f64 * 0.01 + e as f64 * 0.3,
                    e as f64 * 0.2 - s as f64 * 0.02,
                );
                numbers += &format!(
                    "{file},{speaker},{arousal},{valence},{},{}\n",
                    arousal + 0.1,
                    arousal - 0.1
                );
            }
        }
        for (emotion, sentence) in OTHERS {
            for speaker in SPEAKERS {
                let file = format!("recordings/{speaker}-{emotion}.wav");
                let softer: Vec<i16> = samples(speaker, "angry", sentence)
                    .iter()
                    .map(|x| x / 2)
                    .collect();
                sandbox.write(&file, wav(&softer, 1, 16_000));
                mine += &format!("{file},mine,{speaker},{emotion}\n");
            }
        }
        let head = "file,corpus,speaker,emotion\n";
        sandbox.write("mine.csv", format!("{head}{mine}"));
        for (name, lines) in ["emodb", "emovo"].into_iter().zip(corpora) {
            sandbox.write("others.csv", format!("{head}{lines}"));
            let extract = format!("extract others.csv -o {name}.parquet -q");
            sandbox.sentire(&extract).exits(0);
        }
        let head = "file,speaker,arousal,valence,arousal_1,arousal_2\n";
        sandbox.write("numbers.csv", format!("{head}{numbers}"));
        for line in [
            "extract numbers.csv --features egemaps -o f.parquet -q",
            "corpus RAVDESS -o ravdess.csv -q",
            "extract ravdess.csv -o ravdess.parquet -q",
        ] {
            sandbox.sentire(line).exits(0);
        }
        let calls = [
            call(&[
                (0, "f4", "sad"),
                (1, "m2", "angry"),
                (0, "f4", "neutral"),
                (1, "m2", "angry"),
            ]),
            call(&[(1, "m3", "sad"), (0, "f2", "angry"), (1, "m3", "angry")]),
        ];
        sandbox.write("call.wav", &calls[0]);
        for (n, call) in calls.iter().enumerate() {
            sandbox.write(&format!("calls/call0{}.wav", n + 1), call);
        }
        sandbox.write("german.wav", wav(&samples("m1", "happy", 1), 1, 16_000));
        for name in ["f1_angry_1", "happy/f1-2", "anna001W1", "dia0_utt0"] {
            sandbox.write(&format!("DIR/{name}.flac"), clip("f1", "angry", 1));
        }
        sandbox.write(
            "labels.tsv",
            "Dialogue_ID\tUtterance_ID\tEmotion\n0\t0\tanger\n",
        );
        sandbox
    }

    /// A copy of the stand-ins for one page.
    fn copy_of(stand_ins: &Sandbox) -> Sandbox {
        let copy = Sandbox::new();
        for entry in walkdir::WalkDir::new(stand_ins.path("")) {
            let path = entry.unwrap().into_path();
            if path.is_file() {
                let name = path.strip_prefix(stand_ins.path("")).unwrap();
                copy.write(name.to_str().unwrap(), std::fs::read(&path).unwrap());
            }
        }
        copy
    }

    /// What a line writes: the words behind `-o`.
    fn outputs(line: &str) -> Vec<&str> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let pairs = words.windows(2).filter(|pair| pair[0] == "-o");
        pairs.map(|pair| pair[1]).collect()
    }

    /// Starts a server, and ends it once it listens.
    fn listens(sandbox: &Sandbox, line: &str) -> Result<(), String> {
        let mut command = sandbox.shell(&format!("exec {line}"));
        command
            .env("PORT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let mut server = command.stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(server.stderr.take().unwrap()).lines();
        let mut said = said.map_while(Result::ok);
        let listens = said.any(|line| line.starts_with("listening on http://"));
        server.kill().unwrap();
        server.wait().unwrap();
        listens
            .then_some(())
            .ok_or_else(|| "ends before it listens".into())
    }

    fn runs(sandbox: &Sandbox, line: &str) -> Result<(), String> {
        if line.starts_with("sentire serve") {
            return listens(sandbox, line);
        }
        let output = sandbox.shell(line).stdin(Stdio::null()).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        let ends_well = output.status.success();
        ends_well
            .then_some(())
            .ok_or_else(|| format!("{}: {error}", output.status))
    }

    #[test]
    fn commands_run_as_they_stand_on_the_pages() {
        let stand_ins = stand_ins();
        let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
        for (page, text) in pages() {
            let code = prose_and_code(&text).1;
            let lines = code
                .iter()
                .filter(|(language, line)| *language == "sh" && line.starts_with("sentire "));
            let lines: Vec<&str> = lines
                .map(|(_, line)| line.split(" #").next().unwrap().trim_end())
                .collect();
            if lines.is_empty() {
                continue;
            }
            let sandbox = copy_of(&stand_ins);
            let mut written = BTreeSet::new();
            for line in lines {
                seen.insert(line.to_string());
                if LEFT_OUT.iter().any(|(left_out, _)| *left_out == line) {
                    continue;
                }
                // What the page makes itself does not stand in, but what it has made stays.
                for output in outputs(line) {
                    if written.insert(output) {
                        let path = sandbox.path(output);
                        let _ =
                            std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir_all(&path));
                    }
                }
                if let Err(error) = runs(&sandbox, line) {
                    wrong.push(format!("{}: {line}\n    {error}", name(&page)));
                }
            }
        }
        assert!(
            wrong.is_empty(),
            "commands that do not run:\n{}",
            wrong.join("\n")
        );
        for (line, _) in LEFT_OUT {
            assert!(seen.contains(line), "no page has the line: {line}");
        }
    }
}

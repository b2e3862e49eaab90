//! `sentire corpus --check`: faults planted in corpora that are made here, each of which must be
//! found, and nothing else.

use std::collections::BTreeMap;

use sentire::corpus::Check;
use sentire::corpus::check::{Amount, Kind};

use crate::sandbox::{Sandbox, wav};

/// The JSON that scripts rely on, written down once more: a key that comes or goes is a decision.
#[allow(dead_code)]
mod contract {
    use std::collections::BTreeMap;

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Check {
        recordings: usize,
        duration_s: f64,
        layouts: Vec<String>,
        notes: Vec<String>,
        corpora: Vec<Counts>,
        findings: Vec<Finding>,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Counts {
        corpus: Option<String>,
        style: Option<String>,
        recordings: usize,
        emotions: BTreeMap<String, usize>,
        speakers: BTreeMap<String, usize>,
        cells: BTreeMap<String, BTreeMap<String, usize>>,
        published: Option<Published>,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Published {
        recordings: usize,
        emotions: BTreeMap<String, usize>,
        speakers: BTreeMap<String, usize>,
        balanced: bool,
        voices: Option<usize>,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Finding {
        kind: String,
        severity: String,
        message: String,
        files: Vec<String>,
        amounts: Vec<Amount>,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Amount {
        corpus: Option<String>,
        speaker: Option<String>,
        emotion: Option<String>,
        found: usize,
        expected: Option<usize>,
    }
}

const RATE: u32 = 8000;

/// 0.3 s of syllables and pauses on a little noise (Numerical Recipes' quick generator), different
/// for every `seed`.
fn speech(seed: u32) -> Vec<i16> {
    let mut random = seed;
    let hz = 150.0 + f64::from(seed % 97);
    (0..RATE * 3 / 10)
        .map(|i| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = f64::from(random >> 26) - 32.0;
            let t = f64::from(i) / f64::from(RATE);
            let syllable = (t * 10.0 * std::f64::consts::PI).sin().max(0.0);
            (8000.0 * syllable * (t * hz * std::f64::consts::TAU).sin() + noise) as i16
        })
        .collect()
}

/// All 588 recordings of EMOVO by name, a folder for each speaker.
fn emovo(sandbox: &Sandbox) {
    let mut seed = 0;
    for speaker in ["f1", "f2", "f3", "m1", "m2", "m3"] {
        for emotion in ["dis", "gio", "neu", "pau", "rab", "sor", "tri"] {
            for (letter, sentences) in [("b", 3), ("l", 4), ("n", 5), ("d", 2)] {
                for n in 1..=sentences {
                    let name = format!("emovo/{speaker}/{emotion}-{speaker}-{letter}{n}.wav");
                    sandbox.write(&name, wav(&speech(seed), 1, RATE));
                    seed += 1;
                }
            }
        }
    }
}

fn check(sandbox: &Sandbox, arguments: &str) -> Check {
    let json = sandbox
        .sentire(&format!("corpus {arguments} --check --json"))
        .exits(0)
        .stdout;
    serde_json::from_str::<contract::Check>(&json).unwrap();
    serde_json::from_str(&json).unwrap()
}

/// Files by severity and kind, as words.
fn findings(check: &Check) -> BTreeMap<String, Vec<&str>> {
    let word = |value: serde_json::Value| value.as_str().unwrap().to_string();
    let one = |f: &'_ sentire::corpus::check::Finding| {
        let (severity, kind) = (serde_json::json!(f.severity), serde_json::json!(f.kind));
        format!("{} {}", word(severity), word(kind))
    };
    let mut findings: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for finding in &check.findings {
        let files = finding.files.iter().map(String::as_str);
        findings.entry(one(finding)).or_default().extend(files);
    }
    findings
}

#[test]
fn a_sound_corpus_has_no_findings_and_every_planted_fault_is_found() {
    let sandbox = Sandbox::new();
    emovo(&sandbox);
    let clean = check(&sandbox, "emovo");
    assert_eq!(clean.findings, []);
    assert_eq!(
        (clean.recordings, clean.layouts),
        (588, vec!["emovo".to_string()])
    );
    assert!((clean.duration_s - 588.0 * 0.3).abs() < 1e-6);
    let counts = &clean.corpora[0];
    assert_eq!(
        (counts.emotions["sad"], counts.cells["m3"]["sad"]),
        (84, 14)
    );

    let put = |name: &str, bytes: Vec<u8>| {
        sandbox.write(&format!("emovo/{name}"), bytes);
    };
    put("f1/neu-f1-b1.wav", wav(&[0; 2400], 1, RATE));
    let hiss: Vec<i16> = (0..2400).map(|i| i * 7 % 5 - 2).collect();
    put("f1/neu-f1-b2.wav", wav(&hiss, 1, RATE));
    let loud: Vec<i16> = speech(9001).iter().map(|&x| x.saturating_mul(20)).collect();
    put("f1/neu-f1-b3.wav", wav(&loud, 1, RATE));
    let softer: Vec<i16> = loud.iter().map(|&x| x / 3).collect();
    put("f1/neu-f1-l1.wav", wav(&softer, 1, RATE));
    let whole = wav(&speech(9002), 1, RATE);
    put("f1/neu-f1-l2.wav", whole[..whole.len() / 2].to_vec());
    put(
        "f1/neu-f1-l3.wav",
        wav(&speech(9003).repeat(2), 1, 2 * RATE),
    );
    let stereo: Vec<i16> = speech(9004).iter().flat_map(|&x| [x, x / 2]).collect();
    put("f1/neu-f1-l4.wav", wav(&stereo, 2, RATE));
    let inverted: Vec<i16> = speech(9009).iter().flat_map(|&x| [x, -x]).collect();
    put("f1/neu-f1-d2.wav", wav(&inverted, 2, RATE));
    // Flat tops in the quieter of two channels only: the mix has none.
    let one_side: Vec<i16> = speech(9007)
        .iter()
        .zip(speech(9008))
        .flat_map(|(&x, y)| [x.clamp(-2000, 2000), y])
        .collect();
    put("f1/neu-f1-d1.wav", wav(&one_side, 2, RATE));
    put("f1/neu-f1-n1.wav", Vec::new());
    put("f1/neu-f1-n2.wav", wav(&[], 1, RATE));
    put(
        "f1/neu-f1-n3.wav",
        b"version https://git-lfs.github.com/spec/v1\n".to_vec(),
    );
    put("f1/neu-f1-n4.wav", wav(&speech(9005)[..800], 1, RATE));
    put("f1/neu-f1-n5.wav", wav(&speech(9006).repeat(11), 1, RATE));
    let original = sandbox.read("emovo/m1/gio-m1-b1.wav");
    put("m1/pau-m1-b1.wav", original.clone());
    put("m1/gio-m1-b2.wav", original.clone());
    put(
        "copies/angry (1).wav",
        sandbox.read("emovo/m2/rab-m2-b1.wav"),
    );
    put("spare/x.wma", b"x".to_vec());
    std::fs::remove_file(sandbox.path("emovo/m3/gio-m3-b1.wav")).unwrap();
    for speaker in ["f1", "f2", "f3", "m1", "m2", "m3"] {
        for sentence in "b1 b2 b3 l1 l2 l3 l4 n1 n2 n3 n4 n5 d1 d2".split(' ') {
            let name = format!("emovo/{speaker}/tri-{speaker}-{sentence}.wav");
            std::fs::remove_file(sandbox.path(&name)).unwrap();
        }
    }
    let ill = check(&sandbox, "emovo");
    let expected: BTreeMap<String, Vec<&str>> = [
        ("error unreadable", vec!["f1/neu-f1-n3.wav"]),
        ("error empty", vec!["f1/neu-f1-n1.wav", "f1/neu-f1-n2.wav"]),
        ("error truncated", vec!["f1/neu-f1-l2.wav"]),
        ("error silent", vec!["f1/neu-f1-b1.wav", "f1/neu-f1-b2.wav"]),
        (
            "error identical-audio",
            vec!["m1/gio-m1-b1.wav", "m1/gio-m1-b2.wav", "m1/pau-m1-b1.wav"],
        ),
        (
            "warning identical-audio",
            vec!["copies/angry (1).wav", "m2/rab-m2-b1.wav"],
        ),
        ("warning channels-cancel", vec!["f1/neu-f1-d2.wav"]),
        (
            "warning clipped",
            vec!["f1/neu-f1-b3.wav", "f1/neu-f1-d1.wav", "f1/neu-f1-l1.wav"],
        ),
        (
            "warning very-short",
            vec!["f1/neu-f1-l2.wav", "f1/neu-f1-n4.wav"],
        ),
        ("warning very-long", vec!["f1/neu-f1-n5.wav"]),
        ("warning mixed-rates", vec!["f1/neu-f1-l3.wav"]),
        (
            "warning mixed-channels",
            vec!["f1/neu-f1-d1.wav", "f1/neu-f1-d2.wav", "f1/neu-f1-l4.wav"],
        ),
        ("warning left-out", vec!["spare/x.wma"]),
        ("warning missing-class", vec![]),
        ("warning missing-recordings", vec![]),
        ("warning no-emotion", vec!["copies/angry (1).wav"]),
        ("warning no-speaker", vec!["copies/angry (1).wav"]),
    ]
    .into_iter()
    .map(|(kind, files)| (kind.to_string(), files))
    .collect();
    assert_eq!(findings(&ill), expected);

    // What is missing, as numbers: the published 84 of sad, and one of the 14 of each cell.
    let amounts = |kind: Kind| {
        let such = ill.findings.iter().filter(|f| f.kind == kind);
        such.flat_map(|f| f.amounts.clone()).collect::<Vec<_>>()
    };
    let of_emovo = |speaker: Option<&str>, emotion: &str, found, expected| Amount {
        corpus: Some("emovo".to_string()),
        speaker: speaker.map(str::to_string),
        emotion: Some(emotion.to_string()),
        found,
        expected: Some(expected),
    };
    assert_eq!(amounts(Kind::MissingClass), [of_emovo(None, "sad", 0, 84)]);
    assert_eq!(
        amounts(Kind::MissingRecordings),
        [of_emovo(Some("m3"), "happy", 13, 14)]
    );
    assert_eq!(amounts(Kind::Clipped), []);

    let text = sandbox.sentire("corpus emovo --check").exits(0);
    for part in [
        "no recording of sad, of 84 that were published",
        "speaker m3 happy 13 of 14",
        "labels contradict each other: emotion fearful or happy; text b1 or b2",
        "its header promises 4800 bytes of sound, the file has 2378",
        "500 recordings at 8000 Hz, but 1 at 16000 Hz",
        "1 recording: holds text; expected",
    ] {
        assert!(
            text.stdout.contains(part),
            "no {part:?} in\n{}",
            text.stdout
        );
    }
    assert!(text.stdout.rfind("\nerror  ").unwrap() < text.stdout.find("\nwarning  ").unwrap());
    assert!(
        text.stderr.contains("504 recordings checked: 6 errors"),
        "{}",
        text.stderr
    );
    assert_eq!(
        sandbox.sentire("corpus emovo --check -j 1").exits(0).stdout,
        text.stdout,
        "for any number of threads"
    );
}

#[test]
fn a_corpus_unpacked_twice_is_told_in_one_line() {
    let sandbox = Sandbox::new();
    let mut seed = 0;
    for actor in 1..=24 {
        for emotion in ["01", "03", "04", "05"] {
            let name = format!("Actor_{actor:02}/03-01-{emotion}-01-01-01-{actor:02}.wav");
            for folder in ["", "audio_speech_actors_01-24/"] {
                sandbox.write(&format!("r/{folder}{name}"), wav(&speech(seed), 1, RATE));
            }
            seed += 1;
        }
    }
    let check = check(&sandbox, "r");
    let doubled: Vec<_> = check
        .findings
        .iter()
        .filter(|finding| finding.message.contains("more than once"))
        .collect();
    assert_eq!(doubled.len(), 1, "{:?}", check.findings);
    assert_eq!(doubled[0].files.len(), 192);
    assert!(
        doubled[0]
            .message
            .starts_with("96 sounds are there more than once, 192 recordings")
    );
    let kinds = findings(&check);
    assert!(
        !kinds.contains_key("warning surplus"),
        "copies count once: {kinds:?}"
    );
    let missing = check.findings.iter().find(|f| {
        f.message
            .contains("96 recordings of 1440 that were published")
    });
    assert!(missing.is_some(), "{:?}", check.findings);
}

#[test]
fn a_folder_of_unknown_names_is_examined_for_its_sound() {
    let sandbox = Sandbox::new();
    for (i, name) in ["a.wav", "b.wav", "sub/c.wav"].into_iter().enumerate() {
        sandbox.write(&format!("calls/{name}"), wav(&speech(i as u32), 1, RATE));
    }
    sandbox.write("calls/d.wav", sandbox.read("calls/a.wav"));
    let calls = check(&sandbox, "calls");
    let all = vec!["a.wav", "b.wav", "d.wav", "sub/c.wav"];
    let expected: BTreeMap<String, Vec<&str>> = [
        (
            "warning identical-audio".to_string(),
            vec!["a.wav", "d.wav"],
        ),
        ("warning no-emotion".to_string(), all.clone()),
        ("warning no-speaker".to_string(), all),
    ]
    .into();
    assert_eq!(findings(&calls), expected);
    assert!(
        calls.notes[0].contains("no layout recognised"),
        "{:?}",
        calls.notes
    );
    // Where all is silent, only that is said of the sound.
    sandbox.write("mute/a.wav", wav(&[0; 2400], 1, RATE));
    sandbox.write("mute/b.wav", wav(&[0; 4800], 1, RATE));
    let mute = check(&sandbox, "mute");
    assert_eq!(findings(&mute)["error silent"], ["a.wav", "b.wav"]);
    assert_eq!(mute.findings.len(), 3, "{:?}", mute.findings);
    // A folder per emotion, and speakers: nothing to complain of.
    let mut seed = 100;
    for speaker in ["anna", "ben"] {
        for emotion in ["angry", "sad"] {
            for take in 0..5 {
                let name = format!("mine/{speaker}/{emotion}/{take}.wav");
                sandbox.write(&name, wav(&speech(seed), 1, RATE));
                seed += 1;
            }
        }
    }
    let run = sandbox.sentire("corpus mine --check").exits(0);
    assert!(run.stdout.ends_with("Nothing found.\n"), "{}", run.stdout);
    assert!(run.stdout.contains("anna to ben, each"), "{}", run.stdout);
}

#[test]
fn the_check_replaces_the_manifest_on_standard_output() {
    let sandbox = Sandbox::new();
    sandbox.write("c/DC/a01.wav", wav(&speech(1), 1, RATE));
    sandbox.write("c/KL/su15.wav", wav(&speech(2), 1, RATE));
    let plain = sandbox.sentire("corpus c").exits(0);
    assert!(
        plain
            .stdout
            .contains("c/KL/su15.wav,savee,KL,surprised,surprise,male,su15,en")
    );
    let checked = sandbox.sentire("corpus c --check -o m.csv").exits(0);
    assert!(
        checked.stdout.contains("savee: 2 recordings"),
        "{}",
        checked.stdout
    );
    assert!(!checked.stdout.contains("file,corpus"));
    assert_eq!(sandbox.read("m.csv"), plain.stdout.as_bytes());
    let usage = sandbox.sentire("corpus c --json").exits(2);
    assert!(usage.stderr.contains("--check"), "{}", usage.stderr);
    for (name, row) in [
        (
            "TESS/OAF_Fear/tess-OAF_back_fear.wav",
            "tess,OAF,fearful,fear,female,Say the word back,en",
        ),
        (
            "CREMA/1040_ith_sad_x.wav",
            "crema-d,1040,sad,sad,male,I think I have a doctor's appointment,en",
        ),
    ] {
        let folder = name.split('/').next().unwrap();
        sandbox.write(name, wav(&speech(3), 1, RATE));
        let read = sandbox.sentire(&format!("corpus {folder}")).exits(0);
        assert!(
            read.stdout.ends_with(&format!("{name},{row}\n")),
            "{}",
            read.stdout
        );
    }
    for (layout, code) in [("savee", 0), ("tess", 2), ("crema-d", 2)] {
        sandbox
            .sentire(&format!("corpus c --layout {layout}"))
            .exits(code);
    }
}

#[test]
fn extract_names_what_it_leaves_out_and_what_is_no_manifest() {
    let sandbox = Sandbox::new();
    sandbox.write("c/a.wav", wav(&speech(1), 1, RATE));
    sandbox.write("c/b.wma", b"");
    let one = sandbox.sentire("extract c/a.wav -o f.parquet").exits(2);
    assert!(one.stderr.contains("is a recording"), "{}", one.stderr);
    assert!(one.stderr.contains("sentire describe"), "{}", one.stderr);
    let run = sandbox.sentire("extract c -o f.parquet").exits(0);
    assert!(
        run.stderr.contains("1 file ending in wma is left out"),
        "{}",
        run.stderr
    );
}

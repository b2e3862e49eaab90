//! Files that nobody meant to be read: bits flipped, cut, spliced, filled, made longer. Each is read or refused by
//! name, in time, without a panic.
//!
//! `SENTIRE_MUTATIONS=10000 cargo test --release --test tests -- hostile --test-threads 1` tries so many of each
//! kind, and then looks at the memory of the process, too. Each run draws a new seed and says it on standard error;
//! `SENTIRE_SEED=N` repeats a run. What fails becomes a guard with a test of its own, on input that harms nobody.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sentire::audio::{self, ReadOptions};
use sentire::catalogue::FeatureSet;
use sentire::corpus::Manifest;
use sentire::dataset::Dataset;
use sentire::features::Extractor;
use sentire::model::{Model, ModelSpec, Normalize};
use sentire::predict::Predictor;
use sentire::table::Table;

use crate::learners;
use crate::sandbox::{Sandbox, demo_clip, repository, wav, with_demo_features};

/// No file may take longer, on a busy machine, in a build with optimisation.
const LONGEST: Duration = Duration::from_secs(5);
/// Nor may the process grow beyond this.
const MOST_MEMORY_KB: u64 = 1 << 20;

/// How many of each kind.
fn mutations() -> usize {
    let asked = std::env::var("SENTIRE_MUTATIONS").ok();
    asked.map_or(300, |n| n.parse().expect("SENTIRE_MUTATIONS is a number"))
}

/// The seed of this run.
fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| {
        let asked = std::env::var("SENTIRE_SEED").ok();
        let seed = match asked {
            Some(seed) => seed.parse().expect("SENTIRE_SEED is a number"),
            None => RandomState::new().hash_one(0),
        };
        // Not by `eprintln`, of which nothing is left where the process is killed.
        writeln!(std::io::stderr(), "SENTIRE_SEED={seed}").expect("standard error is open");
        seed
    })
}

/// What a test draws from, another one for each `kind` of file.
fn drawn(kind: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed());
    random.set_stream(kind);
    random
}

/// Whether a file is read; a panic, or more time than there is, fails the test, which says how to get the file.
fn tried(which: usize, name: &str, read: impl FnOnce() -> Result<(), String>) -> bool {
    let began = Instant::now();
    let read = catch_unwind(AssertUnwindSafe(read));
    let took = began.elapsed();
    let file = format!("mutation {which} of {name} (SENTIRE_SEED={})", seed());
    assert!(took < LONGEST, "{file} took {took:?}");
    let read = read.unwrap_or_else(|_| panic!("{file} panics"));
    if let Err(reason) = &read {
        let is_named = !reason.is_empty() && !reason.contains("internal error");
        assert!(is_named, "{file}: {reason:?}");
    }
    read.is_ok()
}

/// What accidents do to files, and some more.
fn mutated(whole: &[u8], other: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..random.gen_range(1..4) {
        let n = bytes.len();
        if n < 2 {
            break;
        }
        // Headers are short, and matter most.
        let at = match random.gen_bool(0.5) {
            true => random.gen_range(0..n.min(128)),
            false => random.gen_range(0..n),
        };
        let until = (at + random.gen_range(1..1024)).min(n);
        match random.gen_range(0..8) {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << random.gen_range(0..8),
            2 => {
                for _ in 0..random.gen_range(1..64) {
                    let at = random.gen_range(0..n);
                    bytes[at] ^= 1 << random.gen_range(0..8);
                }
            }
            3 => bytes[at..until].fill([0, 0xff, 0x7f, 0x80][random.gen_range(0..4)]),
            4 => drop(bytes.drain(at..until)),
            5 => {
                let from = random.gen_range(0..other.len());
                let len = random.gen_range(1..=(other.len() - from).min(4096));
                let piece = other[from..from + len].to_vec();
                bytes.splice(at..until, piece);
            }
            6 => {
                let copy = bytes[at..until].to_vec();
                bytes.splice(at..at, copy);
            }
            // A number that is as large as it can be, or just beyond.
            _ => {
                let number =
                    [0u32, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff][random.gen_range(0..5)];
                let number = match random.gen_bool(0.5) {
                    true => number.to_le_bytes(),
                    false => number.to_be_bytes(),
                };
                let until = (at + 4).min(n);
                bytes[at..until].copy_from_slice(&number[..until - at]);
            }
        }
    }
    bytes
}

fn hear(bytes: Vec<u8>, options: &ReadOptions, extractor: &mut Extractor) -> Result<(), String> {
    let recording = audio::read_bytes(bytes, "x", options).map_err(|e| e.to_string())?;
    // Whatever was decoded can be computed with; hours of it would take the test too long.
    if recording.duration_s < 10.0 {
        extractor.functionals(&recording.audio);
    }
    Ok(())
}

fn list(bytes: &[u8]) -> Result<(), String> {
    let manifest = Manifest::from_reader(bytes).map_err(|e| e.to_string())?;
    // What was read is written, and read again as the same.
    let again = Manifest::from_reader(manifest.to_csv().as_slice()).map_err(|e| e.to_string())?;
    assert_eq!(again.utterances, manifest.utterances);
    Ok(())
}

fn ask(bytes: &[u8], clip: &Path) -> Result<(), String> {
    let model = Model::from_bytes(bytes)?;
    let predictor = Predictor::new(model).map_err(|e| e.to_string())?;
    let features = predictor.read(clip, &mut predictor.extractor());
    let said = predictor.predict(&[features.map_err(|e| e.to_string())?]);
    said.map(drop).map_err(|e| e.to_string())
}

fn look_up(path: &Path) -> Result<(), String> {
    Table::read(path).map(drop).map_err(|e| e.to_string())
}

/// The largest size that this process had.
fn check_memory() {
    if std::env::var_os("SENTIRE_MUTATIONS").is_none() {
        return;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    if let Some(kb) = peak.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()) {
        assert!(kb < MOST_MEMORY_KB, "the process took {kb} kB");
        println!("memory at most {kb} kB");
    }
}

#[test]
fn mutated_recordings_are_read_or_refused() {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for entry in std::fs::read_dir(repository("tests/audio")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e != "sh") {
            let name = path.file_name().unwrap().to_str().unwrap().to_string();
            files.push((name, std::fs::read(path).unwrap()));
        }
    }
    files.sort();
    let mut random = drawn(1);
    let mut extractor = Extractor::new(&[FeatureSet::EGEMAPS]);
    let mut read: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for which in 0..mutations().max(files.len()) {
        let (name, whole) = &files[which % files.len()];
        let other = &files[random.gen_range(0..files.len())].1;
        let bytes = mutated(whole, other, &mut random);
        let options = ReadOptions {
            accept_truncated: random.gen_bool(0.5),
            max_duration_s: Some(3600.0),
            ..ReadOptions::default()
        };
        let fine = tried(which, name, || hear(bytes, &options, &mut extractor));
        read.entry(name).or_default()[usize::from(fine)] += 1;
    }
    // Both happen: the test looks at what it means to look at.
    let refused: usize = read.values().map(|[refused, _]| refused).sum();
    let used: usize = read.values().map(|[_, used]| used).sum();
    assert!(refused > 0 && used > 0, "{read:?}");
    println!("{refused} refused, {used} used");
    check_memory();
}

#[test]
fn mutated_manifests_are_read_or_refused() {
    let whole = std::fs::read(repository("corpora/demo/manifest.csv")).unwrap();
    let mut random = drawn(2);
    let mut fine = 0;
    for which in 0..mutations() {
        let bytes = mutated(&whole, &whole, &mut random);
        fine += usize::from(tried(which, "manifest.csv", || list(&bytes)));
    }
    assert!(fine > 0 && fine < mutations(), "{fine} were read");
    check_memory();
}

#[test]
fn mutated_models_are_refused_or_answer() {
    let sandbox = with_demo_features();
    let data = Dataset::read(&[sandbox.path("features.parquet")], "emotion").unwrap();
    let specs = learners::specs();
    let train = |spec: &ModelSpec| {
        let model = Model::train(&data, spec, Normalize::Train, 0).unwrap();
        model.to_bytes()
    };
    let models: Vec<Vec<u8>> = specs.iter().map(train).collect();
    let clip = demo_clip("f1_sad_s1.flac");
    let mut random = drawn(3);
    const HEADER: usize = 52;
    let mut fine = 0;
    for which in 0..mutations() {
        let whole = &models[which % models.len()];
        let mut bytes = mutated(whole, whole, &mut random);
        // Most by somebody who knows how to write a checksum.
        let is_forged = !(which / models.len()).is_multiple_of(4);
        if is_forged && bytes.len() > HEADER && bytes[..12] == whole[..12] {
            let len = (bytes.len() - HEADER) as u64;
            bytes[12..20].copy_from_slice(&len.to_le_bytes());
            let checksum = blake3::hash(&bytes[HEADER..]);
            bytes[20..HEADER].copy_from_slice(checksum.as_bytes());
        }
        let name = specs[which % specs.len()].to_string();
        fine += usize::from(tried(which, &name, || ask(&bytes, &clip)));
    }
    assert!(fine > 0 && fine < mutations(), "{fine} answered");
    check_memory();
}

#[test]
fn mutated_tables_are_read_or_refused() {
    let sandbox = with_demo_features();
    sandbox
        .sentire("export features.parquet --columns emotion,speaker,f0* -o small.parquet")
        .exits(0);
    let whole = sandbox.read("small.parquet");
    let mut random = drawn(4);
    let path = sandbox.path("x.parquet");
    let mut fine = 0;
    for which in 0..mutations() {
        let mut bytes = mutated(&whole, &whole, &mut random);
        // The footer stands at the end.
        if which % 2 == 0 {
            bytes = whole.clone();
            let from = whole.len().saturating_sub(4096);
            let footer = mutated(&whole[from..], &whole, &mut random);
            bytes.splice(from.., footer);
        }
        std::fs::write(&path, bytes).unwrap();
        fine += usize::from(tried(which, "small.parquet", || look_up(&path)));
    }
    assert!(fine > 0 && fine < mutations(), "{fine} were read");
    check_memory();
}

/// A folder as it comes from people: what cannot be used is named, and costs nothing else.
#[cfg(unix)]
#[test]
fn odd_files_of_a_folder_are_failures_and_the_others_rows() {
    use std::ffi::OsStr;
    use std::os::unix::{ffi::OsStrExt, fs::symlink};
    let sandbox = Sandbox::new();
    let folder = sandbox.path("odd");
    std::fs::create_dir(&folder).unwrap();
    let sound = wav(&[1000; 8000], 1, 16_000);
    sandbox.write("odd/fine.wav", &sound);
    sandbox.write("odd/slow.wav", wav(&[1000; 3000], 1, 1000));
    sandbox.write("odd/fast.wav", wav(&[1000; 38_400], 1, 384_000));
    sandbox.write("odd/sample.wav", wav(&[1000], 1, 16_000));
    sandbox.write("odd/array.wav", wav(&[1000; 3200], 32, 16_000));
    sandbox.write("odd/empty.wav", b"");
    std::fs::write(folder.join(OsStr::from_bytes(b"na\xefve.wav")), &sound).unwrap();
    std::fs::create_dir(folder.join("folder.wav")).unwrap();
    symlink(&folder, folder.join("loop")).unwrap();
    symlink("nowhere.wav", folder.join("dangling.wav")).unwrap();
    let ran = sandbox.sentire("extract odd --features egemaps -o f.parquet");
    let told = ran.exits(1).stderr;
    let files = |name: &str| -> Vec<String> {
        let table = Table::read(sandbox.path(name)).unwrap();
        table
            .text("file")
            .unwrap()
            .iter()
            .flatten()
            .cloned()
            .collect()
    };
    assert_eq!(
        files("f.parquet"),
        [
            "array.wav",
            "fast.wav",
            "fine.wav",
            "sample.wav",
            "slow.wav"
        ],
        "{told}"
    );
    assert_eq!(
        files("f.failures.parquet"),
        ["dangling.wav", "empty.wav", "na\u{fffd}ve.wav"],
        "{told}"
    );
    for (file, reason) in [
        ("dangling.wav", "No such file"),
        ("empty.wav", "is empty (0 bytes)"),
        (
            "na\u{fffd}ve.wav",
            "is not found under this name, which is not UTF-8",
        ),
    ] {
        let line = format!("failed: {file}: {reason}");
        assert_eq!(told.matches(&line).count(), 1, "{line}\n{told}");
    }
}

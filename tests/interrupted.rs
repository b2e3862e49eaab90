//! Runs that are killed, that meet another run, or that find what others left: nothing is lost, nothing is twice.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sentire::extract::Settings;
use sentire::job::{Earlier, Job};
use sentire::table::Table;

use crate::sandbox::{Sandbox, corpus, demo_clip, repository, skipped_without};

/// A folder with a manifest of all clips of the demo corpus, `times` times over.
fn with_many(times: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    let manifest = std::fs::read_to_string(repository("corpora/demo/manifest.csv")).unwrap();
    let (header, lines) = manifest.split_once('\n').unwrap();
    let here = repository("corpora/demo").display().to_string();
    let lines: Vec<String> = lines
        .lines()
        .map(|line| format!("{here}/{line}\n"))
        .collect();
    sandbox.write(
        "m.csv",
        format!("{header}\n{}", lines.concat().repeat(times)),
    );
    sandbox
}

/// When all of it happens, as `scored_at` says.
const EPOCH: &str = "1800000000";

fn begin(sandbox: &Sandbox, arguments: &str) -> Child {
    sandbox
        .command(arguments)
        .env("SOURCE_DATE_EPOCH", EPOCH)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Rows of the parts of unfinished work.
fn kept_rows(sandbox: &Sandbox, out: &str) -> usize {
    let entries = std::fs::read_dir(sandbox.path(&format!("{out}.parts")));
    let names = entries.into_iter().flatten().flatten();
    let parts = names.filter(|entry| {
        let name = entry.file_name().into_string().unwrap();
        name.starts_with("part-")
    });
    parts
        .map(|part| Table::read_columns(&part.path(), &["file"]).unwrap().rows())
        .sum()
}

/// Runs `command` to the output `once`, then kills it again and again at random instants while it makes `out`:
/// what is kept never becomes less, each run that ends by itself gives the bytes of `once`, and so does the
/// last, which uses what is there.
fn survives(sandbox: &Sandbox, command: &str, [once, out]: [&str; 2], kills: usize) {
    let began = Instant::now();
    sandbox
        .sentire_at(&format!("{command} -o {once}"), EPOCH)
        .exits(0);
    let longest = began.elapsed().mul_f64(1.2);
    let whole = sandbox.read(once);
    let command = format!("{command} -o {out}");
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let (mut killed, mut most_kept) = (0, 0);
    // What a corpus's last batches need may be longer than chance allows for so few kills.
    while killed < kills || (most_kept == 0 && killed < 10 * kills) {
        let before = kept_rows(sandbox, out);
        let mut child = begin(sandbox, &command);
        std::thread::sleep(longest.mul_f64(random.gen_range(0.0..1.0)));
        let ended = child.try_wait().unwrap();
        if let Some(status) = ended {
            assert!(status.success(), "{command}: {status}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // Its last instants, in which all is written and tidied up, are not interrupted work.
        let is_there = sandbox.path(out).exists();
        let is_tidy = is_there && !sandbox.path(&format!("{out}.parts")).exists();
        if ended.is_some() || (is_tidy && sandbox.read(out) == whole) {
            assert!(sandbox.read(out) == whole, "{command}: other bytes");
            std::fs::remove_file(sandbox.path(out)).unwrap();
            continue;
        }
        killed += 1;
        let kept = kept_rows(sandbox, out);
        assert!(kept >= before || sandbox.path(out).exists());
        most_kept = most_kept.max(kept);
    }
    assert!(most_kept > 0, "{command}: nothing was ever kept");
    let kept = kept_rows(sandbox, out);
    let said = sandbox.sentire_at(&command, EPOCH).exits(0).stderr;
    let is_used = said.contains("kept from before") || said.contains("unchanged, nothing to");
    assert!(is_used || kept == 0, "{kept} rows kept: {said}");
    assert!(sandbox.read(out) == whole, "{command}: other bytes");
    let left = std::fs::read_dir(sandbox.path("")).unwrap();
    let odd = left.flatten().find(|entry| {
        let name = entry.file_name().into_string().unwrap();
        name.ends_with(".parts") || name.starts_with(".sentire")
    });
    assert!(odd.is_none(), "{command}: leaves {odd:?}");
}

/// Takes minutes: `SENTIRE_KILLS=200` asks for it, and says how often.
#[test]
fn the_extraction_of_a_real_corpus_survives_many_kills() {
    let Some(kills) = skipped_without("SENTIRE_KILLS", "many kills") else {
        return;
    };
    let kills = kills
        .to_str()
        .and_then(|n| n.parse().ok())
        .expect("SENTIRE_KILLS is a number");
    let Some(ravdess) = corpus("ravdess") else {
        return;
    };
    let sandbox = Sandbox::new();
    let command = format!("extract {}", ravdess.display());
    survives(&sandbox, &command, ["once.parquet", "f.parquet"], kills);
}

#[test]
fn an_extraction_that_is_killed_goes_on_and_gives_the_same_bytes() {
    let sandbox = with_many(12);
    for (name, flags) in [
        ("whole", ""),
        ("windows", "--window 1"),
        ("contours", "--level lld"),
    ] {
        let outputs = [format!("{name}-once.parquet"), format!("{name}.parquet")];
        let command = format!("extract m.csv --features egemaps {flags}");
        survives(
            &sandbox,
            &command,
            outputs.each_ref().map(String::as_str),
            6,
        );
    }
}

#[test]
fn one_that_is_killed_over_an_older_table_goes_on_too() {
    let sandbox = with_many(8);
    let manifest = String::from_utf8(sandbox.read("m.csv")).unwrap();
    let (header, lines) = manifest.split_once('\n').unwrap();
    // The table knows some of the recordings, and a column less.
    let some: Vec<&str> = lines.lines().take(40).collect();
    sandbox.write("some.csv", format!("{header}\n{}\n", some.join("\n")));
    let more: Vec<String> = lines.lines().map(|line| format!("{line},hall\n")).collect();
    sandbox.write("m.csv", format!("{header},room\n{}", more.concat()));
    let egemaps = "extract some.csv --features egemaps";
    sandbox.sentire(&format!("{egemaps} -o f.parquet")).exits(0);
    let command = "extract m.csv --features egemaps";
    survives(&sandbox, command, ["once.parquet", "f.parquet"], 4);
    // And one of other settings, which is to be replaced.
    sandbox
        .sentire(&format!("{egemaps} --rate native -o g.parquet"))
        .exits(0);
    let command = "extract m.csv --features egemaps --force";
    survives(&sandbox, command, ["once.parquet", "g.parquet"], 4);
}

#[test]
fn a_scoring_that_is_killed_goes_on_and_gives_the_same_bytes() {
    let sandbox = with_many(12);
    let demo = repository("corpora/demo/manifest.csv")
        .display()
        .to_string();
    sandbox
        .sentire(&format!("extract {demo} --features egemaps -o f.parquet"))
        .exits(0);
    for (name, flags) in [("a", ""), ("b", "--normalize speaker")] {
        let train = format!("train f.parquet {flags} --model ridge:alpha=100 -o {name}.sentire");
        sandbox.sentire(&train).exits(0);
    }
    for (flags, outputs) in [
        ("-m a.sentire", ["a-once.parquet", "a.parquet"]),
        ("-m a.sentire --window 1", ["w-once.parquet", "w.parquet"]),
        ("-m a.sentire --long", ["a-once.csv", "a.csv"]),
        (
            "-m b.sentire --speaker-column speaker",
            ["b-once.parquet", "b.parquet"],
        ),
    ] {
        survives(&sandbox, &format!("score m.csv {flags}"), outputs, 5);
    }
}

#[test]
fn folders_of_a_scoring_that_is_killed_are_made_whole() {
    let sandbox = with_many(6);
    let score = "score m.csv --partition-by emotion";
    let told = |out: &str| format!("{score} -o {out}");
    sandbox.sentire_at(&told("once"), EPOCH).exits(0);
    // Killed while the folders are written: some are there, and so is the finished work.
    let mut child = begin(&sandbox, &told("x"));
    while kept_rows(&sandbox, "x") == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let part = "emotion=angry/part-0.parquet";
    std::fs::create_dir_all(sandbox.path("x/emotion=angry")).unwrap();
    sandbox.write(&format!("x/{part}"), "half");
    sandbox.sentire_at(&told("x"), EPOCH).exits(0);
    assert!(sandbox.read(&format!("x/{part}")) == sandbox.read(&format!("once/{part}")));
    assert!(!sandbox.path("x.parts").exists());
    // Now it is finished, and not overwritten unasked.
    let refused = sandbox.sentire_at(&told("x"), EPOCH).exits(2).stderr;
    assert!(refused.contains("exists already"), "{refused}");
}

#[test]
fn a_second_run_on_the_same_output_is_told_so_at_once() {
    let sandbox = Sandbox::new();
    std::fs::copy(demo_clip("f1_sad_s1.flac"), sandbox.path("a.flac")).unwrap();
    sandbox.write("m.csv", "file\na.flac\n");
    let made_with = Settings::default().to_metadata();
    let job = Job::begin(&sandbox.path("f.parquet"), &made_with, Earlier::Use).unwrap();
    let told = sandbox
        .sentire("extract m.csv -o f.parquet")
        .exits(2)
        .stderr;
    let me = std::process::id();
    assert_eq!(
        told,
        format!(
            "error: f.parquet: process {me} is working on it; wait for it, or choose another -o\n"
        )
    );
    drop(job);
    sandbox.sentire("extract m.csv -o f.parquet").exits(0);
    assert!(!sandbox.path("f.parquet.parts").exists());
}

#[test]
fn unfinished_work_with_other_settings_is_not_lost_unasked() {
    let sandbox = Sandbox::new();
    std::fs::copy(demo_clip("f1_sad_s1.flac"), sandbox.path("a.flac")).unwrap();
    sandbox.write("m.csv", "file\na.flac\n");
    sandbox
        .sentire("extract m.csv --rate native -o native.parquet")
        .exits(0);
    let part = sandbox.path("f.parquet.parts/part-0.parquet");
    std::fs::create_dir(sandbox.path("f.parquet.parts")).unwrap();
    std::fs::copy(sandbox.path("native.parquet"), &part).unwrap();
    let refused = sandbox
        .sentire("extract m.csv -o f.parquet")
        .exits(2)
        .stderr;
    assert_eq!(
        refused,
        "error: f.parquet.parts holds unfinished work with rate native, now rate is 16000; go on with the same settings, or drop \
         it with --force\n"
    );
    assert!(part.exists());
    sandbox
        .sentire("extract m.csv -o f.parquet --force")
        .exits(0);
    // What cannot be read is no finished work.
    std::fs::create_dir(sandbox.path("g.parquet.parts")).unwrap();
    sandbox.write("g.parquet.parts/part-3.parquet", "PAR1");
    sandbox.sentire("extract m.csv -o g.parquet").exits(0);
    assert!(sandbox.read("g.parquet") == sandbox.read("f.parquet"));
    assert!(!sandbox.path("g.parquet.parts").exists());
}

//! Runs that are killed, that meet another run, or that find what others left: nothing is lost, nothing is twice.

use std::process::{Child, Stdio};
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sentire::extract::Settings;
use sentire::job::{Earlier, Job};
use sentire::table::Table;

use crate::sandbox::{Sandbox, demo_clip, repository};

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

fn begin(sandbox: &Sandbox, arguments: &str) -> Child {
    sandbox
        .command(arguments)
        .env("SOURCE_DATE_EPOCH", "1800000000")
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

/// Kills `command` at random instants, begins it again, kills it...: what is kept never becomes less, and the
/// last run, undisturbed, uses it and gives the bytes of `whole`.
fn survives(
    sandbox: &Sandbox,
    command: &str,
    out: &str,
    whole: &[u8],
    kills: usize,
    longest_ms: u64,
) {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut killed = 0;
    for _ in 0..kills {
        let before = kept_rows(sandbox, out);
        let mut child = begin(sandbox, command);
        std::thread::sleep(Duration::from_millis(random.gen_range(0..longest_ms)));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        killed += 1;
        assert!(kept_rows(sandbox, out) >= before || sandbox.path(out).exists());
    }
    assert!(killed > 0, "{command}: done before it could be killed");
    let (kept, is_done) = (kept_rows(sandbox, out), sandbox.path(out).exists());
    let last = sandbox.sentire_at(command, "1800000000").exits(0);
    if !is_done && kept > 0 {
        let said = format!("({kept} kept from before)");
        let all = last.stderr.contains("unchanged, nothing to");
        assert!(
            all || last.stderr.contains(&said),
            "{kept} kept: {}",
            last.stderr
        );
    }
    assert!(sandbox.read(out) == whole, "{command}: other bytes");
    let left = std::fs::read_dir(sandbox.path("")).unwrap();
    let odd = left.flatten().find(|entry| {
        let name = entry.file_name().into_string().unwrap();
        name.ends_with(".parts") || name.starts_with(".sentire")
    });
    assert!(odd.is_none(), "{command}: leaves {odd:?}");
}

#[test]
fn an_extraction_that_is_killed_goes_on_and_gives_the_same_bytes() {
    let sandbox = with_many(12);
    for (name, flags) in [
        ("whole", "--features egemaps"),
        ("windows", "--features egemaps --window 1"),
        ("contours", "--features egemaps --level lld"),
    ] {
        let command = format!("extract m.csv {flags} -o {name}-once.parquet");
        sandbox.sentire(&command).exits(0);
        let out = format!("{name}.parquet");
        let whole = sandbox.read(&format!("{name}-once.parquet"));
        survives(
            &sandbox,
            &format!("extract m.csv {flags} -o {out}"),
            &out,
            &whole,
            8,
            900,
        );
    }
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
    for (name, train, score) in [
        ("a", "", ""),
        ("a-windows", "", "--window 1"),
        ("b", "--normalize speaker", "--speaker-column speaker"),
    ] {
        sandbox
            .sentire(&format!(
                "train f.parquet {train} --model ridge:alpha=100 -o {name}.sentire"
            ))
            .exits(0);
        let command = format!("score m.csv -m {name}.sentire {score}");
        let once = format!("{name}-once.parquet");
        sandbox
            .sentire_at(&format!("{command} -o {once}"), "1800000000")
            .exits(0);
        let out = format!("{name}.parquet");
        let whole = sandbox.read(&once);
        survives(
            &sandbox,
            &format!("{command} -o {out}"),
            &out,
            &whole,
            8,
            1500,
        );
    }
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

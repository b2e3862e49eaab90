//! Manifests as spreadsheets, R, pandas, audformat, SPSS, Praat and people write them: each is the plain one, or says in a
//! line what to change.

use sentire::audio::{self, ReadOptions};
use sentire::audit::audit;
use sentire::corpus::Manifest;
use sentire::dataset::Dataset;
use sentire::split::loso;
use sentire::table::{Column, Table};

use crate::sandbox::{Sandbox, demo_clip, repository, wav};

const PLAIN: &str = "\
file,start,end,speaker,emotion,remark
wav/a.wav,0.25,1.5,1,angry,x
\"wav/Grüße, drei.wav\",0,,2,sad,\"he said \"\"no\"\"\"
wav/d.wav,,,,,
";

/// The same as a table of a program that puts `d` between cells, quotes as it must, and writes `missing` for nothing.
fn written(d: &str, missing: &str, end: &str) -> String {
    let quoted = |cell: &str| match cell.contains([',', ';', '"', '\t', '|']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_string(),
    };
    let decimal = if d == ";" { "," } else { "." };
    let rows = [
        ["file", "start", "end", "speaker", "emotion", "remark"].map(String::from),
        [
            "wav/a.wav".into(),
            format!("0{decimal}25"),
            format!("1{decimal}5"),
            "1".into(),
            "angry".into(),
            "x".into(),
        ],
        [
            quoted("wav/Grüße, drei.wav"),
            "0".into(),
            missing.into(),
            "2".into(),
            "sad".into(),
            quoted("he said \"no\""),
        ],
        ["wav/d.wav", missing, missing, missing, missing, missing].map(String::from),
    ];
    rows.map(|row| row.join(d) + end).concat()
}

fn read(bytes: &[u8]) -> Manifest {
    Manifest::from_reader(bytes)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(bytes)))
}

fn refused(text: &str) -> String {
    Manifest::from_reader(text.as_bytes())
        .unwrap_err()
        .to_string()
}

/// Notes without where they come from.
fn notes(manifest: &Manifest) -> Vec<&str> {
    let plain = |note: &'_ String| note.find(": ").map_or(0, |at| at + 2);
    manifest
        .findings
        .iter()
        .map(|note| &note[plain(note)..])
        .collect()
}

/// Is the plain manifest, and nothing has to be said of it.
fn is_plain(shape: &str, bytes: &[u8]) {
    let manifest = read(bytes);
    assert_eq!(
        String::from_utf8(manifest.to_csv()).unwrap(),
        String::from_utf8(read(PLAIN.as_bytes()).to_csv()).unwrap(),
        "{shape}"
    );
    assert_eq!(notes(&manifest), [""; 0], "{shape}");
}

fn utf16(text: &str, mark: bool, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let mark = if mark { "\u{feff}" } else { "" };
    format!("{mark}{text}")
        .encode_utf16()
        .flat_map(unit)
        .collect()
}

#[test]
fn every_program_s_table_is_the_plain_manifest() {
    let excel = written(";", "", "\r\n");
    for (shape, text) in [
        ("plain", PLAIN.to_string()),
        ("LibreOffice", written(",", "", "\n")),
        ("Google Sheets", written("\t", "", "\r\n")),
        ("bars", written("|", "", "\n")),
        ("old Macintosh", written(",", "", "\r")),
        ("Excel, German", excel.clone()),
        ("Excel with a mark", format!("\u{feff}{excel}")),
        ("Excel, saved with its line", format!("sep=;\r\n{excel}")),
        ("Excel, empty columns", excel.replace("\r\n", ";;;\r\n")),
        ("Excel, one empty column", excel.replace("\r\n", ";\r\n")),
        (
            "Excel, empty lines",
            excel.replace("\r\n", "\r\n;;;;;\r\n\r\n"),
        ),
        ("Excel, missing values", written(";", "#NV", "\r\n")),
        (
            "no last line end",
            excel.trim_end_matches("\r\n").to_string(),
        ),
        ("R, write.csv2", written(";", "NA", "\n")),
        ("pandas, nullable", written(",", "<NA>", "\n")),
        ("pandas, NaN", written(",", "nan", "\n")),
        ("a database", written(",", "NULL", "\n")),
        ("Praat", written("\t", "--undefined--", "\n")),
    ] {
        is_plain(shape, text.as_bytes());
        for (mark, unit) in [
            (true, u16::to_le_bytes as fn(u16) -> [u8; 2]),
            (false, u16::to_le_bytes),
            (true, u16::to_be_bytes),
            (false, u16::to_be_bytes),
        ] {
            let text = text.trim_start_matches('\u{feff}');
            is_plain(shape, &utf16(text, mark, unit));
        }
    }
    let shouted = PLAIN.replace(
        "file,start,end,speaker,emotion",
        "FILE,Start,END, Speaker ,eMotion",
    );
    is_plain("names of columns in any case", shouted.as_bytes());
    // Each line in quotation marks as a whole, by a spreadsheet that looked for another delimiter.
    let wrapped: String = PLAIN
        .lines()
        .map(|line| format!("\"{}\"\n", line.replace('"', "\"\"")))
        .collect();
    is_plain("wrapped", wrapped.as_bytes());
}

#[test]
fn numbers_of_rows_are_no_column() {
    let numbered = |header: &str, first: usize, quote: &str| -> String {
        let lines = PLAIN.lines().enumerate();
        let line = |(i, line): (usize, &str)| match i {
            0 => format!("{header}{line}\n"),
            i => format!("{quote}{}{quote},{line}\n", i - 1 + first),
        };
        lines.map(line).collect()
    };
    is_plain("pandas", numbered(",", 0, "").as_bytes());
    is_plain("R, write.csv", numbered("\"\",", 1, "\"").as_bytes());
    is_plain("R, write.table", numbered("", 1, "\"").as_bytes());
    // Elsewhere a column without a name is told of, if anything is in it.
    let within = read(b"file,,speaker,\na.wav,x,1,\nb.wav,,2,\n");
    assert_eq!(
        notes(&within),
        ["column 2 has no name and is left out; give it one in the header to keep it"]
    );
    assert_eq!(within.utterances[1].speaker.as_deref(), Some("2"));
    assert!(within.columns.is_empty());
}

#[test]
fn spaces_behind_commas_belong_to_nothing() {
    let manifest = read(b"speaker, emotion, file\n1, angry, wav/a.wav\n2, \"sad\", \"b, c.wav\"\n");
    let files: Vec<&str> = manifest
        .utterances
        .iter()
        .map(|u| u.file.as_str())
        .collect();
    assert_eq!(files, ["wav/a.wav", "b, c.wav"]);
    assert_eq!(manifest.utterances[1].emotion.as_deref(), Some("sad"));
    let named = read(b"file,speaker\n a.wav,1\n");
    assert_eq!(
        named.utterances[0].file, " a.wav",
        "a name may begin with one"
    );
}

#[test]
fn what_excel_leaves_out_at_the_end_of_lines_is_missing() {
    let manifest = read(b"file;speaker;remark\na.wav;1;x\nb.wav;2\nc.wav\n");
    assert_eq!(manifest.utterances[2].speaker, None);
    assert_eq!(
        notes(&manifest),
        [
            "2 lines have fewer cells than the header, first: line 3; what is not there is taken as missing"
        ]
    );
}

#[test]
fn windows_1252_is_read_and_told() {
    let text = written(";", "", "\r\n");
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
    let manifest = read(&bytes);
    assert_eq!(manifest.to_csv(), read(PLAIN.as_bytes()).to_csv());
    let [note] = &notes(&manifest)[..] else {
        panic!("{:?}", manifest.findings);
    };
    assert!(
        note.contains("read as Windows-1252 (line 3: \"wav/Grüße\")"),
        "{note}"
    );
}

#[test]
fn times_come_as_audformat_opensmile_and_people_write_them() {
    let times = |csv: &str| -> Vec<(Option<f64>, Option<f64>)> {
        let utterances = read(csv.as_bytes()).utterances;
        utterances.iter().map(|u| (u.start, u.end)).collect()
    };
    let csv = "file,start,end,F0_sma3nz_amean\na.wav,0 days,0 days 00:00:01.465812500,27.9\nb.wav,0 days 00:00:00.250000,NaT,33\n\
               c.wav,P0DT0H0M1S,P0DT0H0M1.5S,1\nd.wav,00:01,1 day, 0:00:01,2\n"
        .replace("1 day, 0:00:01", "\"1 day, 0:00:01\"");
    assert_eq!(
        times(&csv),
        [
            (Some(0.0), Some(1.4658125)),
            (Some(0.25), None),
            (Some(1.0), Some(1.5)),
            (Some(1.0), Some(86_401.0))
        ]
    );
    let manifest = read(csv.as_bytes());
    assert_eq!(
        manifest.columns,
        ["F0_sma3nz_amean"],
        "carried along as it is spelled"
    );
    assert_eq!(
        refused("file,end\na.wav,1\nb.wav,half past\n"),
        "standard input: line 3: column `end`: \"half past\" is no time; expected seconds such as 1.25, a clock such as \
         0:00:01.25, or nothing"
    );
}

#[test]
fn labels_that_look_alike_are_one_class() {
    let manifest = read(
        "file,emotion,speaker,RO\u{308}OM\n1,A\u{308}rger,Zoe\u{308},a\n2,  ÄRGER,Zoë,b\n3,Anger,x,c\n4,Tru\u{308}b  sinn,x,d\n5,trüb SINN,NA.wav,<NA>\n"
            .as_bytes(),
    );
    let of = |i: usize| manifest.utterances[i].emotion.clone().unwrap();
    assert_eq!([of(0), of(1), of(2)], ["angry"; 3]);
    assert_eq!([of(3), of(4)], ["trüb sinn"; 2]);
    assert_eq!(
        manifest.utterances[0].speaker,
        manifest.utterances[1].speaker
    );
    assert_eq!(manifest.utterances[4].speaker.as_deref(), Some("NA.wav"));
    assert_eq!(manifest.columns, ["RÖOM"]);
    // With both columns somebody has chosen the classes; their spelling is still one.
    let both = read(b"file,emotion,label_original\n1,Anxiety ,W\n2,anxiety,A\n");
    assert!(
        both.utterances
            .iter()
            .all(|u| u.emotion.as_deref() == Some("anxiety"))
    );
}

#[test]
fn columns_of_other_names_are_told_never_taken() {
    let manifest = read(b"file,spk,label,begin,stop\na.wav,1,sad,0.5,1\n");
    assert_eq!(notes(&manifest).len(), 4, "{:?}", manifest.findings);
    assert!(
        notes(&manifest)[0].starts_with("no column `speaker`, but `spk`: if that is what it holds")
    );
    assert_eq!(manifest.utterances[0].speaker, None);
    assert_eq!(manifest.utterances[0].extra["spk"], "1");
    assert_eq!(
        refused("file_name,label\na.wav,sad\n"),
        "standard input: has no column `file`; its columns are: file_name, label. Rename `file_name` to `file`"
    );
    let gender = read(b"file,Gender\na.wav,F\nb.wav,male\nc.wav,<NA>\n");
    let sexes: Vec<_> = gender.utterances.iter().map(|u| u.sex.as_deref()).collect();
    assert_eq!(sexes, [Some("female"), Some("male"), None]);
    assert!(gender.columns.is_empty() && gender.findings.is_empty());
}

#[test]
fn what_is_written_is_read_again_as_the_same() {
    for text in [
        PLAIN,
        "file,channel\na.wav,left\nb.wav,R\nc.wav,\n",
        "file,gender\na.wav,f\nb.wav,other\n",
        "file,gender,d;e\na.wav,f,x\nb.wav,m,\n",
        "file\n a , b.wav \n\"c;d\"\n",
        "sep=;\nfile;a,b\nx;1\n",
        "file;remark\na.wav;\"two\nlines\"\n",
    ] {
        let manifest = read(text.as_bytes());
        let again = read(&manifest.to_csv());
        assert_eq!(again.utterances, manifest.utterances, "{text}");
        assert_eq!(again.to_csv(), manifest.to_csv(), "{text}");
        assert_eq!(again.hash(), manifest.hash());
    }
}

#[test]
fn a_manifest_is_printed_in_our_form() {
    let sandbox = Sandbox::new();
    let text = "Speaker;File\r\n1;wav\\a.wav\r\n";
    sandbox.write("below/m.csv", utf16(text, true, u16::to_le_bytes));
    let printed = sandbox.sentire("corpus below/m.csv").exits(0).stdout;
    assert_eq!(printed, "file,speaker\nbelow/wav\\a.wav,1\n");
    sandbox
        .sentire("corpus below/m.csv -o below/n.csv")
        .exits(0);
    assert_eq!(sandbox.read("below/n.csv"), b"file,speaker\nwav\\a.wav,1\n");
}

/// A sandbox with recordings of the demo corpus under names that systems write differently.
#[cfg(unix)]
fn with_recordings() -> Sandbox {
    let sandbox = Sandbox::new();
    for (name, clip) in [
        ("wav/plain.flac", "f1_angry_s1"),
        ("wav/a\u{308}rger.flac", "f1_sad_s1"),
        ("wav/müde.flac", "m1_sad_s1"),
        ("real\\name.flac", "m1_angry_s1"),
    ] {
        let bytes = std::fs::read(demo_clip(&format!("{clip}.flac"))).unwrap();
        sandbox.write(name, bytes);
    }
    sandbox
}

#[cfg(unix)]
#[test]
fn recordings_are_found_under_the_names_that_other_systems_give_them() {
    let sandbox = with_recordings();
    sandbox.write(
        "m.csv",
        "file;speaker\r\nwav\\plain.flac;1\r\nwav\\ärger.flac;1\r\nwav/mu\u{308}de.flac;2\r\nreal\\name.flac;2\r\nC:\\calls\\x.wav;2\r\n",
    );
    let ran = sandbox.sentire("extract m.csv --features egemaps -o f.parquet");
    let told = ran.exits(1).stderr;
    assert!(
        told.contains("failed: C:\\calls\\x.wav: is not found: a path of a Windows machine; name it from the manifest's folder on"),
        "{told}"
    );
    let table = Table::read(sandbox.path("f.parquet")).unwrap();
    assert_eq!(table.rows(), 4);
    // The doctor and the scores come by the same door.
    sandbox.sentire("score m.csv -o s.parquet").exits(1);
    assert_eq!(Table::read(sandbox.path("s.parquet")).unwrap().rows(), 4);
    // So does standard input, with what is to be known of it.
    let mut command = sandbox.command("extract --stdin-manifest --arrow-stdout --features egemaps");
    let input = sandbox.write("in.csv", "file,spk\nwav\\plain.flac,1\n");
    let ran = command
        .stdin(std::fs::File::open(input).unwrap())
        .output()
        .unwrap();
    let told = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.success(), "{told}");
    assert!(
        told.contains("note: standard input: no column `speaker`, but `spk`"),
        "{told}"
    );
}

/// Two people, one on each channel.
fn with_call() -> Sandbox {
    let sandbox = Sandbox::new();
    let clip = |name: &str| {
        let read = audio::read(demo_clip(name), &ReadOptions::default()).unwrap();
        let samples = read.audio.samples.into_iter();
        samples.map(|x| (x * 32_767.0) as i16).collect::<Vec<i16>>()
    };
    let (one, other) = (clip("f1_sad_s1.flac"), clip("m1_angry_s2.flac"));
    let both: Vec<i16> = one.iter().zip(&other).flat_map(|(&x, &y)| [x, y]).collect();
    let left: Vec<i16> = both.iter().copied().step_by(2).collect();
    let right: Vec<i16> = both.iter().copied().skip(1).step_by(2).collect();
    sandbox.write("call.wav", wav(&both, 2, 16_000));
    sandbox.write("left.wav", wav(&left, 1, 16_000));
    sandbox.write("right.wav", wav(&right, 1, 16_000));
    sandbox.write("one.csv", "file\nleft.wav\nright.wav\n");
    sandbox
}

fn features(table: &Table) -> Vec<&Vec<f32>> {
    let columns = table.columns.iter();
    let floats = columns.filter_map(|(_, column)| match column {
        Column::Float(values) => Some(values),
        _ => None,
    });
    floats.collect()
}

#[test]
fn a_line_may_say_which_channel_it_is_of() {
    let sandbox = with_call();
    let table = |name: &str| Table::read(sandbox.path(name)).unwrap();
    let channels = |table: &Table| match table.column("channel") {
        Some(Column::Int(channels)) => channels.clone(),
        other => panic!("{other:?}"),
    };
    sandbox.write(
        "m.csv",
        "file,channel\ncall.wav,0\ncall.wav,right\ncall.wav,2\n",
    );
    let extract = "extract m.csv --features egemaps -o f.parquet";
    let told = sandbox.sentire(extract).exits(1).stderr;
    assert!(
        told.contains("call.wav: has no channel 2; its 2 are counted 0 to 1"),
        "{told}"
    );
    sandbox
        .sentire("extract one.csv --features egemaps -o one.parquet")
        .exits(0);
    let both = table("f.parquet");
    assert_eq!(both.columns[1].0, "channel");
    assert_eq!(channels(&both), [Some(0), Some(1)]);
    assert_eq!(features(&both), features(&table("one.parquet")));
    assert_eq!(channels(&table("f.failures.parquet")), [Some(2)]);

    // Kept rows are those of their channel, in whatever order the lines come.
    sandbox.write("m.csv", "file,channel\ncall.wav,1\ncall.wav,\ncall.wav,0\n");
    let again = sandbox.sentire(extract).exits(0).stderr;
    assert!(again.contains("(2 kept from before)"), "{again}");
    let kept = sandbox.read("f.parquet");
    assert_eq!(channels(&table("f.parquet")), [Some(1), None, Some(0)]);
    sandbox.sentire(&format!("{extract} --fresh")).exits(0);
    assert!(sandbox.read("f.parquet") == kept);
    let held = sandbox.sentire("verify f.parquet").exits(0).stdout;
    assert!(held.contains("3 identical"), "{held}");

    // Predictions alike.
    let score = "score m.csv -o s.parquet";
    sandbox.sentire_at(score, "0").exits(0);
    let scores = table("s.parquet");
    assert_eq!(scores.columns[1].0, "channel");
    assert_eq!(channels(&scores), [Some(1), None, Some(0)]);
    sandbox
        .sentire_at("score one.csv -o t.parquet", "0")
        .exits(0);
    let alone = table("t.parquet");
    let p = |table: &Table, row: usize| table.numbers("p_sad").unwrap()[row];
    assert_eq!([p(&scores, 2), p(&scores, 0)], [p(&alone, 0), p(&alone, 1)]);
    sandbox.write("m.csv", "file,channel\ncall.wav,0\ncall.wav,1\n");
    let again = sandbox.sentire_at(score, "0").exits(0).stderr;
    assert!(again.contains("nothing to score"), "{again}");
    let scores = table("s.parquet");
    assert_eq!([p(&scores, 0), p(&scores, 1)], [p(&alone, 0), p(&alone, 1)]);
    // A manifest without the column has none in its table.
    assert!(alone.column("channel").is_none());

    // The doctor and the audit take them for two sounds.
    let two = "file,channel,speaker,emotion\ncall.wav,0,a,sad\ncall.wav,1,b,angry\n";
    sandbox.write("m.csv", two);
    let checked = sandbox.sentire("corpus m.csv --check").exits(0).stdout;
    assert!(!checked.contains("identical-audio"), "{checked}");
    sandbox.sentire(&format!("{extract} --force")).exits(0);
    let data = Dataset::read(&[sandbox.path("f.parquet")], "emotion").unwrap();
    let channels: Vec<_> = data.rows.iter().map(|row| row.recording.channel).collect();
    assert_eq!(channels, [Some(0), Some(1)]);
    let found = audit(&data, &loso(&data.speakers).unwrap());
    let found = format!("{found:?}");
    assert!(
        !found.contains("audio_") && !found.contains("listed_twice"),
        "{found}"
    );
}

#[test]
fn a_table_of_features_is_a_manifest_too() {
    let sandbox = Sandbox::new();
    let clip = demo_clip("f1_sad_s1.flac");
    sandbox.write(
        "m.csv",
        format!(
            "file,start,end,F0semitoneFrom27.5Hz_sma3nz_amean,room\n{},0 days,NaT,27.9,5\n",
            clip.display()
        ),
    );
    let ran = sandbox.sentire("extract m.csv --features egemaps -o f.parquet");
    let told = ran.exits(0).stderr;
    assert!(
        told.contains("1 column of the manifest has the name of a feature and is left out, as that is computed: F0semitone"),
        "{told}"
    );
    let table = Table::read(sandbox.path("f.parquet")).unwrap();
    let f0 = table.numbers("F0semitoneFrom27.5Hz_sma3nz_amean").unwrap();
    assert!(f0[0] != 27.9 && f0[0].is_finite());
    assert_eq!(table.column("room"), Some(&Column::Int(vec![Some(5)])));
}

#[test]
fn the_demo_s_manifest_has_nothing_to_be_told() {
    let bytes = std::fs::read(repository("corpora/demo/manifest.csv")).unwrap();
    let manifest = read(&bytes);
    assert!(manifest.findings.is_empty(), "{:?}", manifest.findings);
    assert_eq!(read(&manifest.to_csv()).to_csv(), manifest.to_csv());
}

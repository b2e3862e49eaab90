//! From names, folders and files beside recordings to manifests: layouts, patterns, tables of labels, databases.

use std::process::Command;

use sentire::corpus::Utterance;

use crate::sandbox::{Run, Sandbox, repository, wav};
use crate::tables::python_with;

/// Recordings of these names, all with the same sound.
fn recordings(sandbox: &Sandbox, names: &[&str]) {
    for name in names {
        sandbox.write(name, wav(&[100; 800], 1, 8000));
    }
}

/// The lines of a manifest on standard output.
fn lines(run: Run) -> Vec<String> {
    run.exits(0).stdout.lines().map(str::to_string).collect()
}

#[test]
fn a_pattern_reads_names_and_folders_and_counts_what_does_not_follow() {
    let sandbox = Sandbox::new();
    recordings(
        &sandbox,
        &[
            "c/joy/anna-kitchen-1.wav",
            "c/Wut/ben-hall-2.flac",
            "c/Wut/odd.wav",
        ],
    );
    let run = sandbox.sentire("corpus c --layout {emotion}/{speaker}-{room}-*");
    assert!(
        run.stderr
            .contains("1 of 3 recordings do not follow the layout found")
            && run.stderr.contains("first: Wut/odd.wav;"),
        "{}",
        run.stderr
    );
    assert_eq!(
        lines(run),
        [
            "file,corpus,speaker,emotion,label_original,room",
            "c/Wut/ben-hall-2.flac,c,ben,angry,Wut,hall",
            "c/Wut/odd.wav,,,,,",
            "c/joy/anna-kitchen-1.wav,c,anna,happy,joy,kitchen",
        ]
    );
    let dry = sandbox
        .sentire("corpus c --layout {emotion}/{speaker}-{room}-* --dry-run 1")
        .exits(0);
    assert_eq!(
        dry.stdout,
        "Wut/ben-hall-2.flac\n    corpus c, speaker ben, emotion angry, label_original Wut, room hall\nand 2 more\n"
    );
    // The first of several patterns that fits.
    let several = lines(
        sandbox.sentire("corpus c --layout {emotion}/{speaker}-*-{take} --layout {emotion}/{text}"),
    );
    assert_eq!(several[2], "c/Wut/odd.wav,c,,angry,Wut,odd,");
    let none = sandbox
        .sentire("corpus c --layout {speaker}_{emotion}")
        .exits(2);
    assert!(
        none.stderr
            .contains("3 of 3 recordings do not follow the layout {speaker}_{emotion}"),
        "{}",
        none.stderr
    );
}

#[test]
fn labels_stand_for_what_one_says() {
    let sandbox = Sandbox::new();
    recordings(
        &sandbox,
        &["t/0001abcW1.wav", "t/0002abdN2.wav", "t/0002abdQ3.wav"],
    );
    let pattern = "corpus t --layout {speaker:4}{text:3}{emotion:1}{take}";
    let plain = lines(sandbox.sentire(pattern));
    assert_eq!(plain[1], "t/0001abcW1.wav,t,0001,w,W,abc,1");
    let run = sandbox.sentire(&format!("{pattern} --labels W=angry,N=neutral"));
    assert!(
        run.stderr
            .contains("labels that --labels does not list are kept as they are: Q (1)"),
        "{}",
        run.stderr
    );
    let mapped = lines(run);
    assert_eq!(
        mapped[1..3],
        [
            "t/0001abcW1.wav,t,0001,angry,W,abc,1",
            "t/0002abdN2.wav,t,0002,neutral,N,abd,2"
        ]
    );
    sandbox.write("classes.csv", "W;angry\nN;neutral\nQ;\n");
    let by_table = lines(sandbox.sentire(&format!("{pattern} --labels classes.csv")));
    assert_eq!(by_table[3], "t/0002abdQ3.wav,t,0002,,Q,abd,3");
}

#[test]
fn a_table_beside_recordings_says_more_of_them() {
    let sandbox = Sandbox::new();
    recordings(
        &sandbox,
        &["w/train/d1_u2.wav", "w/test/d1_u2.wav", "w/test/d9_u9.wav"],
    );
    sandbox.write(
        "labels.tsv",
        "set\td\tu\tEmotion\tSpeaker\tvalence\ntrain\t1\t2\tjoy\tRoss\t3.5\ntest\t1\t2\tanger\tMonica\tNA\n",
    );
    let run = sandbox
        .sentire("corpus w --labels-from labels.tsv --key {set}/d{d}_u{u} -o m.csv")
        .exits(0);
    assert!(
        run.stderr
            .contains("1 of 3 recordings have no line in labels.tsv: test/d9_u9.wav"),
        "{}",
        run.stderr
    );
    let manifest = String::from_utf8(sandbox.read("m.csv")).unwrap();
    assert_eq!(
        manifest,
        "file,speaker,emotion,label_original,split,valence\nw/test/d1_u2.wav,Monica,angry,anger,test,\n\
         w/test/d9_u9.wav,,,,test,\nw/train/d1_u2.wav,Ross,happy,joy,train,3.5\n"
    );
    let wrong = sandbox
        .sentire("corpus w --labels-from labels.tsv")
        .exits(2);
    assert!(
        wrong
            .stderr
            .contains("say with --key how columns make up the name"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn a_file_of_layouts_adds_ones_own() {
    let sandbox = Sandbox::new();
    recordings(&sandbox, &["r/k1-W.wav", "r/k2-N.wav"]);
    sandbox.write(
        "mine.toml",
        "[[layout]]\nname = \"ours\"\ntitle = \"Our takes\"\nlanguage = \"de\"\npatterns = [\"{speaker}-{emotion:1}\"]\n\
         codes.emotion = { W = \"Wut\", N = [\"nichts\", \"neutral\"] }\nfemale = [\"k1\"]\n",
    );
    assert_eq!(
        lines(sandbox.sentire("corpus r --layouts mine.toml"))[1..],
        [
            "r/k1-W.wav,ours,k1,angry,Wut,female,de",
            "r/k2-N.wav,ours,k2,neutral,nichts,,de"
        ]
    );
    assert!(
        sandbox
            .sentire("corpus --layouts mine.toml")
            .exits(0)
            .stdout
            .contains("ours")
    );
    for (file, told) in [
        (
            "[[layout]]\nname = \"x\"\npatterns = [\"{a}{b}\"]\n",
            "layout x: the pattern \"{a}{b}\" does not say where {a} ends",
        ),
        (
            "[[layout]]\nname = \"X y\"\n",
            "layout \"X y\": a name has lower-case letters",
        ),
        (
            "[[layout]]\nname = \"x\"\ncolour = 1\n",
            "unknown field `colour`",
        ),
        (
            "[[layout]]\nname = \"x\"\n[[layout]]\nname = \"x\"\n",
            "two layouts are called x",
        ),
    ] {
        sandbox.write("wrong.toml", file);
        let run = sandbox.sentire("corpus r --layouts wrong.toml").exits(2);
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
    }
}

#[test]
fn layouts_are_listed_and_each_says_how_to_begin() {
    let sandbox = Sandbox::new();
    let list = sandbox.sentire("corpus --layouts").exits(0).stdout;
    let names: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() >= 55 && names.is_sorted(), "{list}");
    for name in names {
        let said = sandbox
            .sentire(&format!("corpus --layouts {name}"))
            .exits(0)
            .stdout;
        for part in ["licence", "named", "source", &format!(" -o {name}.csv")] {
            assert!(said.contains(part), "{name}: {part}: {said}");
        }
    }
    let unknown = sandbox.sentire("corpus --layouts nosuch").exits(2);
    assert!(
        unknown
            .stderr
            .contains("unknown layout \"nosuch\"; available: auto, folders,"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn iemocap_and_its_kind_take_labels_from_their_files() {
    let sandbox = Sandbox::new();
    recordings(
        &sandbox,
        &[
            "IEMOCAP/Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav",
            "IEMOCAP/Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_M000.wav",
            "IEMOCAP/Session1/sentences/wav/Ses01F_script01_1/Ses01F_script01_1_M001.wav",
        ],
    );
    sandbox.write(
        "IEMOCAP/Session1/dialog/EmoEvaluation/Ses01F_impro01.txt",
        "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n\
         [1.0000 - 2.5000]\tSes01F_impro01_F000\texc\t[4.5000, 3.0000, 3.5000]\nC-E1:\tExcited;\t()\nC-E2:\tNeutral;\t()\n\n\
         [3.0000 - 4.5000]\tSes01F_impro01_M000\txxx\t[2.0000, 3.5000, 3.0000]\n",
    );
    let run = sandbox.sentire("corpus IEMOCAP");
    assert!(
        run.stderr
            .contains("1 of 3 recordings have no line in EmoEvaluation/Ses*.txt"),
        "{}",
        run.stderr
    );
    let read = lines(run);
    let column = |name: &str, line: usize| -> String {
        let at = read[0]
            .split(',')
            .position(|column| column == name)
            .unwrap();
        read[line].split(',').nth(at).unwrap().to_string()
    };
    let row = |line: usize| {
        [
            "speaker",
            "emotion",
            "label_original",
            "sex",
            "style",
            "valence",
            "arousal",
            "agreement",
        ]
        .map(|name| column(name, line))
        .join(" ")
    };
    assert_eq!(
        row(1),
        "01F excited excited female improvised 4.5000 3.0000 0.50"
    );
    assert_eq!(row(2), "01M  no agreement male improvised 2.0000 3.5000 ");
    assert_eq!(row(3), "01M   male scripted   ");
    // Only the turns at hand: their labels are found above.
    let below = sandbox
        .sentire("corpus IEMOCAP/Session1/sentences/wav")
        .exits(0);
    assert!(below.stdout.contains(",excited,"), "{}", below.stdout);
    let bare =
        sandbox.sentire("corpus IEMOCAP/Session1/sentences/wav/Ses01F_impro01 --layout iemocap");
    assert!(bare.code == 0, "{}", bare.stderr);

    recordings(
        &sandbox,
        &[
            "msp/Audios/MSP-PODCAST_9001_0001.wav",
            "msp/Audios/MSP-PODCAST_9002_0003.wav",
        ],
    );
    sandbox.write(
        "msp/Labels/labels_consensus.csv",
        "FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set\nMSP-PODCAST_9001_0001.wav,U,3.5,4.0,4.25,71,Female,Development\n\
         MSP-PODCAST_9002_0003.wav,X,5.0,5.6,4.8,Unknown,Unknown,Test1\n",
    );
    let read = lines(sandbox.sentire("corpus msp"));
    assert_eq!(
        read[0],
        "file,corpus,speaker,emotion,label_original,sex,language,arousal,dominance,podcast,split,valence"
    );
    assert_eq!(
        read[1],
        "msp/Audios/MSP-PODCAST_9001_0001.wav,msp-podcast,71,surprised,surprise,female,en,3.5,4.25,9001,dev,4.0"
    );
    assert_eq!(
        read[2],
        "msp/Audios/MSP-PODCAST_9002_0003.wav,msp-podcast,,,no agreement,,en,5.0,4.8,9002,test,5.6"
    );

    recordings(
        &sandbox,
        &[
            "MELD/train_splits/dia0_utt1.wav",
            "MELD/dev_splits_complete/dia0_utt1.wav",
        ],
    );
    let table = |emotion: &str| {
        format!(
            "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID\n1,\"Oh, no\",Anna,{emotion},negative,0,1\n"
        )
    };
    for (part, emotion) in [("train", "joy"), ("dev", "anger"), ("test", "fear")] {
        sandbox.write(&format!("MELD/{part}_sent_emo.csv"), table(emotion));
    }
    let read = lines(sandbox.sentire("corpus MELD"));
    assert_eq!(
        read[1..],
        [
            "MELD/dev_splits_complete/dia0_utt1.wav,meld,Anna,angry,anger,\"Oh, no\",en,0,negative,dev,1",
            "MELD/train_splits/dia0_utt1.wav,meld,Anna,happy,joy,\"Oh, no\",en,0,negative,train,1",
        ]
    );

    recordings(
        &sandbox,
        &["msp-improv/session1/S01A/P/MSP-IMPROV-S01A-F01-P-FM01.wav"],
    );
    sandbox.write(
        "msp-improv/Evalution.txt",
        "UTD-IMPROV-S01A-F01-P-FM01.avi; H; A:3.000000; V:3.400000; D:2.800000 ; N:3.600000;\nworker; Happy; Happy; A:3.0; V:3.0; D:3.0; N:4.0;\n",
    );
    let read = lines(sandbox.sentire("corpus msp-improv"));
    assert!(
        read[1].contains(",F01,happy,happiness,female,natural interaction,en,anger,1.00,3.000000,"),
        "{read:?}"
    );
}

#[test]
fn parts_and_intensities_stand_in_folders() {
    let sandbox = Sandbox::new();
    recordings(
        &sandbox,
        &[
            "a/train/öfke/ayse/1.wav",
            "a/test/üzgün/ali/2.wav",
            "a/validation/MUTLU/ali/3.wav",
        ],
    );
    let read = lines(sandbox.sentire("corpus a"));
    assert_eq!(read[0], "file,corpus,speaker,emotion,label_original,split");
    assert_eq!(read[1], "a/test/üzgün/ali/2.wav,a,ali,sad,üzgün,test");
    assert_eq!(read[2], "a/train/öfke/ayse/1.wav,a,ayse,angry,öfke,train");
    assert_eq!(
        read[3],
        "a/validation/MUTLU/ali/3.wav,a,ali,happy,MUTLU,dev"
    );
    recordings(
        &sandbox,
        &[
            "b/s1/Colère/Faible/1.wav",
            "b/s2/Joie/Fort/2.wav",
            "b/s2/Peur/Fort/3.wav",
        ],
    );
    let read = lines(sandbox.sentire("corpus b"));
    assert_eq!(
        read[0],
        "file,corpus,speaker,emotion,label_original,intensity"
    );
    assert_eq!(read[1], "b/s1/Colère/Faible/1.wav,b,s1,angry,Colère,low");
    assert_eq!(read[2], "b/s2/Joie/Fort/2.wav,b,s2,happy,Joie,high");
}

#[test]
fn databases_of_audformat_and_manifests_of_nkululeko_go_both_ways() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "m.csv",
        "file,speaker,emotion,sex\na.wav,01,joy,f\nb.wav,02,anger,m\n",
    );
    recordings(&sandbox, &["a.wav", "b.wav"]);
    let run = sandbox.sentire("corpus m.csv -o db/").exits(0);
    assert!(run.stderr.contains("named in full"), "{}", run.stderr);
    let back = lines(sandbox.sentire("corpus db"));
    assert!(
        back[0].ends_with("corpus,speaker,emotion,label_original,sex"),
        "{back:?}"
    );
    assert!(back[1].ends_with("m,01,happy,joy,female"), "{back:?}");
    sandbox.sentire("corpus m.csv -o db/").exits(2);
    sandbox.sentire("corpus m.csv -o db/ --force").exits(0);
    // Extraction takes the folder, too.
    sandbox
        .sentire("extract db --features egemaps -o t.parquet")
        .exits(0);
    let nkululeko = sandbox
        .sentire("corpus m.csv --for nkululeko")
        .exits(0)
        .stdout;
    assert_eq!(
        nkululeko,
        "file,speaker,emotion,label_original,gender\na.wav,01,happy,joy,female\nb.wav,02,angry,anger,male\n"
    );

    let Some(python) = python_with(&["audformat"]) else {
        return;
    };
    let run = Command::new(&python)
        .arg(repository("tests/reference/audformat_both_ways.py"))
        .args([
            env!("CARGO_BIN_EXE_sentire").as_ref(),
            sandbox.path("theirs").as_os_str(),
        ])
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
}

#[test]
fn names_that_several_corpora_have_go_by_the_folders() {
    let name = "03-01-01-01-01-01-01.wav";
    // RAVDESS's neutral is BanglaSER's happy.
    let (read, _) = scanned(
        "data",
        &[
            &format!("RAVDESS/a/{name}"),
            "RAVDESS/a/03-01-02-01-01-01-02.wav",
            "RAVDESS/a/03-01-05-01-01-01-02.wav",
            &format!("BanglaSER/{name}"),
            "BanglaSER/03-01-03-01-03-03-34.wav",
        ],
    );
    assert_eq!(
        said(&read, &format!("RAVDESS/a/{name}")),
        ["ravdess", "01", "neutral"]
    );
    assert_eq!(
        said(&read, &format!("BanglaSER/{name}")),
        ["banglaser", "01", "happy"]
    );
    // The folder above counts, too.
    let (read, _) = scanned("BanglaSER/wav", &[name, "03-01-03-01-03-03-34.wav"]);
    assert_eq!(said(&read, name), ["banglaser", "01", "happy"]);
    // Without any such folder a person is told.
    let (read, told) = scanned("x", &[name, "03-01-03-01-03-03-34.wav"]);
    assert_eq!(said(&read, name)[0], "ravdess");
    assert!(
        told.iter()
            .any(|note| note.starts_with("2 names fit the layout banglaser")),
        "{told:?}"
    );
}

#[test]
fn short_names_are_those_of_a_corpus_where_nearly_all_are() {
    let (read, told) = scanned("x", &["F01A01.wav", "M02S12.wav", "F03N07.wav"]);
    assert_eq!(said(&read, "F01A01.wav"), ["shemo", "F01", "angry"]);
    assert!(
        told.iter()
            .any(|note| note.contains("though no folder bears its name")),
        "{told:?}"
    );
    let (read, _) = scanned("x", &["F01A01.wav", "speech 2.wav", "noise.wav"]);
    assert_eq!(said(&read, "F01A01.wav"), ["", "", ""]);
    let (read, told) = scanned("x/ShEMO/male", &["M01A01.wav", "other.wav"]);
    assert_eq!(said(&read, "M01A01.wav"), ["shemo", "M01", "angry"]);
    assert!(
        !told.iter().any(|note| note.contains("though no folder")),
        "{told:?}"
    );
}

#[test]
fn parts_are_known_whatever_the_names_follow() {
    let split = |names: &[&str]| -> Vec<String> {
        let (read, _) = scanned("x", names);
        read.iter()
            .map(|u| u.extra.get("split").cloned().unwrap_or_default())
            .collect()
    };
    assert_eq!(
        split(&["Training/03a01Wa.wav", "Testing/b/03a02Wb.wav"]),
        ["test", "train"]
    );
    assert_eq!(
        split(&["eval/03a01Wa.wav", "train/03a02Wb.wav"]),
        ["test", "train"]
    );
    assert_eq!(
        split(&["eval/03a01Wa.wav", "test/03a02Wb.wav"]),
        ["dev", "test"]
    );
    // One of them alone may be called so for any reason.
    assert_eq!(split(&["test/03a01Wa.wav", "more/03a02Wb.wav"]), ["", ""]);
}

#[test]
fn labels_of_another_corpus_beside_this_one_are_not_taken() {
    let sandbox = Sandbox::new();
    recordings(&sandbox, &["data/EMNS/recorded_audio_abcdefg.wav"]);
    sandbox.write("data/metadata.csv", "id|text\nLJ001|Hello\n");
    let run = sandbox.sentire("corpus data/EMNS").exits(0);
    assert!(
        run.stderr
            .contains("metadata.csv is left out: has no column"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("its recordings have no labels"),
        "{}",
        run.stderr
    );
    let asked = sandbox
        .sentire("corpus data/EMNS --labels-from data/metadata.csv --key {id")
        .exits(2);
    assert!(
        asked.stderr.contains("expected a } behind each {"),
        "{}",
        asked.stderr
    );
}

#[test]
fn a_name_in_another_folder_is_another_recording() {
    let sandbox = Sandbox::new();
    recordings(&sandbox, &["w/train/a.wav", "w/test/a.wav"]);
    sandbox.write("l.csv", "file,emotion\ntrain/a.wav,joy\n");
    let run = sandbox.sentire("corpus w --labels-from l.csv");
    assert!(
        run.stderr
            .contains("1 of 2 recordings have no line in l.csv: test/a.wav"),
        "{}",
        run.stderr
    );
    sandbox.write("l.csv", "id,file,start,emotion\na,x,1.5,joy\n");
    let run = sandbox
        .sentire("corpus w --labels-from l.csv --key id")
        .exits(0);
    for told in [
        "1 lines of l.csv are taken for several recordings",
        "column `file` is left out",
        "column `start` is left out",
    ] {
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
    }
    assert!(
        run.stdout
            .starts_with("file,emotion,label_original,split\n"),
        "{}",
        run.stdout
    );
}

#[test]
fn sexes_stand_in_folders_and_what_is_not_used_is_told() {
    let sandbox = Sandbox::new();
    recordings(
        &sandbox,
        &[
            "g/female/01/angry/1.wav",
            "g/female/02/sad/1.wav",
            "g/male/01/sad/1.wav",
        ],
    );
    let read = lines(sandbox.sentire("corpus g"));
    assert_eq!(
        read,
        [
            "file,corpus,speaker,emotion,label_original,sex",
            "g/female/01/angry/1.wav,g,female_01,angry,angry,female",
            "g/female/02/sad/1.wav,g,female_02,sad,sad,female",
            "g/male/01/sad/1.wav,g,male_01,sad,sad,male",
        ]
    );
    recordings(
        &sandbox,
        &["s/s1/text1/angry/1.wav", "s/s2/text2/sad/1.wav"],
    );
    let run = sandbox.sentire("corpus s").exits(0);
    assert!(
        run.stderr.contains("the folders s1, s2 are not used"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_table_beside_recordings_that_nothing_is_known_of_is_pointed_at() {
    let sandbox = Sandbox::new();
    recordings(&sandbox, &["r/x1.wav"]);
    assert!(
        !sandbox
            .sentire("corpus r")
            .exits(0)
            .stderr
            .contains("beside them")
    );
    sandbox.write("r/list.csv", "file\nx1.wav\n");
    let run = sandbox.sentire("corpus r").exits(0);
    assert!(
        run.stderr
            .contains("list.csv lies beside them: name it instead of the folder"),
        "{}",
        run.stderr
    );
}

#[test]
fn outputs_and_options_that_make_no_sense_are_refused() {
    let sandbox = Sandbox::new();
    recordings(&sandbox, &["r/03a01Wa.wav"]);
    sandbox.write("m.csv", "file\nr/03a01Wa.wav\n");
    for (arguments, told) in [
        (
            "corpus r -o r/03a01Wa.wav --force",
            "expected the name of a CSV",
        ),
        ("corpus r -o x.parquet", "expected the name of a CSV"),
        (
            "corpus r -o x/ --for nkululeko",
            "expected the name of a CSV",
        ),
        ("corpus r --for audformat", "name it with -o"),
        ("corpus m.csv --layout emodb", "m.csv is a manifest"),
        ("corpus r --layouts emodb", "expected a file of layouts"),
        ("corpus r --layout auto --layout emodb", "expected it alone"),
        (
            "corpus r --labels W=angry;N=neutral",
            "expected pairs with commas",
        ),
    ] {
        let run = sandbox.sentire(arguments).exits(2);
        assert!(run.stderr.contains(told), "{arguments}: {}", run.stderr);
    }
    assert_eq!(sandbox.read("r/03a01Wa.wav").len(), 44 + 1600);
    sandbox.write(
        "db/db.yaml",
        "name: x\nsource: ''\nusage: other\ntables: {t: {columns: {emotion: {}}}}\n",
    );
    sandbox.write("db/db.t.csv", "file,emotion\na.wav,sad\n");
    recordings(&sandbox, &["db/a.wav", "db/b.wav"]);
    let run = sandbox.sentire("corpus db").exits(0);
    assert!(
        run.stderr
            .contains("1 recordings below the folder have a row in no table with emotions"),
        "{}",
        run.stderr
    );
}

/// Names of each layout, with what they say of speaker and class.
fn known_names() -> Vec<(&'static str, Vec<[&'static str; 3]>)> {
    let mut groups: Vec<(&str, Vec<[&str; 3]>)> = Vec::new();
    for line in include_str!("reference/names_of_corpora.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let cells: Vec<&str> = line.split('\t').collect();
        let row = [
            cells[1],
            cells.get(2).copied().unwrap_or(""),
            cells.get(3).copied().unwrap_or(""),
        ];
        match groups.iter_mut().find(|(layout, _)| *layout == cells[0]) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((cells[0], vec![row])),
        }
    }
    groups
}

/// What is read of a file.
fn said<'a>(read: &'a [Utterance], file: &str) -> [&'a str; 3] {
    let found = read.iter().find(|utterance| utterance.file == file);
    let found = found.unwrap_or_else(|| panic!("{file} was found"));
    [&found.corpus, &found.speaker, &found.emotion].map(|field| field.as_deref().unwrap_or(""))
}

/// What a scan of a tree of empty files of these names finds, and what it tells of.
fn scanned(folder: &str, names: &[impl AsRef<str>]) -> (Vec<Utterance>, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join(folder);
    for name in names {
        let path = root.join(name.as_ref());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, b"").unwrap();
    }
    let found = sentire::corpus::scan(&root, None).unwrap();
    (found.manifest.utterances, found.findings)
}

#[test]
fn trees_of_names_are_read_as_the_corpus_that_they_are() {
    let groups = known_names();
    assert!(groups.len() >= 50, "{}", groups.len());
    let mut wrong = Vec::new();
    for (layout, rows) in groups {
        let names: Vec<String> = rows.iter().map(|row| row[0].to_string()).collect();
        let (read, _) = scanned(layout, &names);
        for [name, speaker, class] in rows {
            let [corpus, own_speaker, own_class] = said(&read, name);
            let is_speaker = speaker.is_empty() || own_speaker == speaker;
            if corpus != layout || own_class != class || !is_speaker {
                wrong.push(format!(
                    "{layout} {name}: {corpus} {own_speaker} {own_class}, not {speaker} {class}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn deformed_copies_are_read_alike_or_left_empty_and_told() {
    type Change = fn(&str, &str) -> String;
    let changes: [(&str, bool, Change); 5] = [
        ("unpacked twice", true, |layout, name| {
            format!("{layout}/{layout}/{name}")
        }),
        ("upper case", true, |_, name| name.to_uppercase()),
        ("(1)", true, |_, name| {
            let (stem, extension) = name.rsplit_once('.').unwrap();
            format!("{stem} (1).{extension}")
        }),
        ("prefixed", false, |layout, name| {
            match name.rsplit_once('/') {
                Some((folder, stem)) => format!("{folder}/{layout}_{stem}"),
                None => format!("{layout}_{name}"),
            }
        }),
        ("spaces", false, |_, name| name.replace(['_', '-'], " ")),
    ];
    let (mut wrong, mut left_empty, mut all) = (Vec::new(), 0, 0);
    for (layout, rows) in known_names() {
        for (change, must, deform) in changes {
            let names: Vec<String> = rows.iter().map(|row| deform(layout, row[0])).collect();
            let (read, findings) = scanned(layout, &names);
            for ([_, speaker, class], deformed) in rows.iter().zip(&names) {
                all += 1;
                let [corpus, own_speaker, own_class] = said(&read, deformed);
                let is_empty = own_class.is_empty() && own_speaker.is_empty();
                if is_empty && !must && !findings.is_empty() {
                    left_empty += 1;
                    continue;
                }
                let is_speaker = speaker.is_empty() || own_speaker.eq_ignore_ascii_case(speaker);
                if corpus != layout || own_class != *class || !is_speaker {
                    wrong.push(format!(
                        "{layout} {change}: {deformed}: {corpus} {own_speaker} {own_class}, not {speaker} {class}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        left_empty * 10 < all,
        "{left_empty} of {all} names are left empty"
    );
}

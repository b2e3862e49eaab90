use super::*;

/// A database of these files.
fn database(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

/// What a manifest says, as CSV.
fn csv(manifest: &Manifest) -> String {
    String::from_utf8(manifest.to_csv()).unwrap()
}

const FILEWISE: &str = "\
name: small
source: made up
usage: research
languages: [deu]
schemes:
  emotion:
    dtype: str
    labels: [anger, happiness]
  speaker:
    dtype: int
    labels:
      3: {gender: male, age: 31}
      8: {gender: female, age: 34}
  'on': {dtype: float}
splits:
  test: {type: test}
  train: {type: train}
tables:
  emotion.test:
    type: filewise
    split_id: test
    columns:
      emotion: {scheme_id: emotion}
  emotion.train:
    type: filewise
    split_id: train
    columns:
      emotion: {scheme_id: emotion}
  files:
    type: filewise
    columns:
      speaker: {scheme_id: speaker}
      'on': {scheme_id: 'on'}
";

#[test]
fn tables_are_joined_and_speakers_known() {
    let dir = database(&[
        ("db.yaml", FILEWISE),
        ("db.emotion.test.csv", "file,emotion\nwav/a.wav,anger\n"),
        (
            "db.emotion.train.csv",
            "file,emotion\nwav/b.wav,happiness\nwav/c.wav,\n",
        ),
        (
            "db.files.csv",
            "file,speaker,on\nwav/a.wav,3,0.5\nwav/b.wav,8,\nwav/c.wav,8,1.0\nwav/unused.wav,3,1\n",
        ),
        ("wav/a.wav", ""),
    ]);
    let manifest = read(dir.path()).unwrap();
    assert_eq!(
        csv(&manifest),
        "file,corpus,speaker,emotion,label_original,sex,language,age,on,split\n\
         wav/a.wav,small,3,angry,anger,male,de,31,0.5,test\n\
         wav/b.wav,small,8,happy,happiness,female,de,34,,train\n\
         wav/c.wav,small,8,,,female,de,34,1.0,train\n"
    );
    assert_eq!(
        manifest.findings,
        [
            "1 rows of the table files are about recordings, or parts of them, that no table gives an emotion, and are left out",
            "2 recordings of the database are not there: wav/b.wav, wav/c.wav"
        ]
    );
}

#[test]
fn segments_take_what_was_agreed_on_and_what_is_known_of_their_file() {
    let header = "\
name: seg
source: ''
usage: commercial
raters: {gold: {type: vote}, r1: {type: human}}
schemes:
  emotion: {dtype: str, labels: [angry, happy]}
  valence: {dtype: float}
  speaker: {dtype: str, labels: people}
tables:
  emotion.categories:
    type: segmented
    columns:
      r1: {scheme_id: emotion, rater_id: r1}
  emotion.categories.gold_standard:
    type: segmented
    columns:
      emotion: {scheme_id: emotion, rater_id: gold}
  emotion.dimensions:
    type: segmented
    columns:
      valence: {scheme_id: valence, rater_id: gold}
  files:
    columns:
      speaker: {scheme_id: speaker}
misc_tables:
  people:
    levels: {speaker: str}
    columns:
      gender: {}
";
    let dir = database(&[
        ("db.yaml", header),
        (
            "db.emotion.categories.csv",
            "file,start,end,r1\na.wav,0 days,0 days 00:00:01.500000,angry\n",
        ),
        (
            "db.emotion.categories.gold_standard.csv",
            "file,start,end,emotion\na.wav,0 days,0 days 00:00:01.500000,happy\na.wav,0 days 00:00:01.500000,,angry\nb.wav,0 days,NaT,happy\n",
        ),
        (
            "db.emotion.dimensions.csv",
            "file,start,end,valence\na.wav,0,1500000000,0.25\nb.wav,0 days 00:00:00,,-1.0\n",
        ),
        ("db.files.csv", "file,speaker\na.wav,01\nb.wav,02\n"),
        ("db.people.csv", "speaker,gender\n01,female\n02,male\n"),
        ("a.wav", ""),
        ("b.wav", ""),
    ]);
    let manifest = read(dir.path()).unwrap();
    assert_eq!(
        csv(&manifest),
        "file,start,end,corpus,speaker,emotion,label_original,sex,r1,valence\n\
         a.wav,0,1.5,seg,01,happy,happy,female,angry,0.25\n\
         a.wav,1.5,,seg,01,angry,angry,female,,\n\
         b.wav,,,seg,02,happy,happy,male,,-1.0\n"
    );
}

#[test]
fn tables_of_parts_go_on_with_one_another_and_raw_ones_fill_what_no_gold_says() {
    let header = "\
name: x
source: ''
usage: other
splits: {a: {type: train}, b: {type: test}}
schemes: {emotion: {}}
tables:
  one.gold_standard: {split_id: a, columns: {emotion: {}}}
  two.gold_standard: {split_id: b, columns: {emotion: {}}}
  raw: {columns: {emotion: {}}}
";
    let dir = database(&[
        ("db.yaml", header),
        ("db.one.gold_standard.csv", "file,emotion\n1.wav,happy\n"),
        ("db.two.gold_standard.csv", "file,emotion\n2.wav,sad\n"),
        (
            "db.raw.csv",
            "file,emotion\n1.wav,angry\n2.wav,sad\n3.wav,bored\n",
        ),
    ]);
    let manifest = read(dir.path()).unwrap();
    assert_eq!(
        csv(&manifest),
        "file,corpus,emotion,label_original,raw.emotion,split\n1.wav,x,happy,happy,angry,train\n2.wav,x,sad,sad,sad,test\n\
         3.wav,x,,,bored,\n"
    );
    assert!(
        manifest.findings[0].contains("of 1 rows the table raw says another `emotion`"),
        "{:?}",
        manifest.findings
    );
}

#[test]
fn what_audformat_has_no_place_for_is_refused_or_told_apart() {
    let write_of = |text: &str| {
        let dir = tempfile::tempdir().unwrap();
        write(
            &Manifest::from_reader(text.as_bytes()).unwrap(),
            "x",
            dir.path(),
        )
        .map_err(|e| e.to_string())?;
        Ok::<_, String>((
            std::fs::read_to_string(dir.path().join(HEADER)).unwrap(),
            csv(&read(dir.path()).unwrap()),
        ))
    };
    // Two people who bear one name in different corpora.
    let text = "file,corpus,speaker,emotion,label_original,sex,language\na.wav,p,01,sad,sad,female,de\nb.wav,q,01,sad,sad,male,it\n";
    let (header, back) = write_of(text).unwrap();
    assert!(
        header.contains("\"gender\"") && header.contains("\"language\""),
        "{header}"
    );
    assert_eq!(back, text);
    assert!(
        write_of("file,emotion,split\na.wav,sad,../x\n")
            .unwrap_err()
            .contains("after which a table is named")
    );
    assert!(
        write_of("file,emotion,augment\na.wav,sad,telephone\n")
            .unwrap_err()
            .contains("no copies")
    );
}

#[test]
fn what_cannot_be_read_is_told_in_a_line() {
    let one_table = "name: x\nsource: ''\nusage: other\ntables:\n  t:\n    type: segmented\n    columns:\n      emotion: {}\n";
    for (files, told) in [
        (vec![("db.yaml", "")], "says nothing"),
        (vec![("db.yaml", "a: [")], "is no YAML"),
        (vec![("db.yaml", "source: x\n")], "has no `name`"),
        (vec![("db.yaml", "name: !!python/name:x\n")], "!!python"),
        (
            vec![("db.yaml", "name: x\nauthor: &a me\nsource: *a\n")],
            "has aliases",
        ),
        (vec![("db.yaml", "name: x\n")], "no table with a row"),
        (vec![("db.yaml", one_table)], "the header names it"),
        (
            vec![("db.yaml", one_table), ("db.t.pkl", "")],
            "a pickle runs code",
        ),
        (
            vec![("db.yaml", one_table), ("db.t.csv", "file,emotion\na,b\n")],
            "has no column `start`",
        ),
        (
            vec![
                ("db.yaml", one_table),
                ("db.t.csv", "file,start,end,emotion\na,1.5,2.5,b\n"),
            ],
            "\"1.5\" is no time",
        ),
        (
            vec![("db.yaml", one_table), ("db.t.parquet", "x")],
            "is no Parquet",
        ),
    ] {
        let dir = database(&files);
        let fault = read(dir.path()).unwrap_err().to_string();
        assert!(fault.contains(told), "{told}: {fault}");
    }
}

#[test]
fn speakers_are_known_by_their_scheme_and_that_no_emotion_is_there_is_told() {
    let header = "\
name: x
source: ''
usage: other
schemes: {speaker: {labels: {a: {gender: female}}}}
tables: {t: {columns: {who: {scheme_id: speaker}, mood: {}}}}
";
    let dir = database(&[
        ("db.yaml", header),
        ("db.t.csv", "file,who,mood\n1.wav,a,fine\n1.wav,a,bad\n"),
        ("1.wav", ""),
        ("2.wav", ""),
    ]);
    let found = crate::corpus::audformat::read(dir.path()).unwrap();
    assert_eq!(
        csv(&found),
        "file,corpus,speaker,sex,mood\n1.wav,x,a,female,fine\n"
    );
    let told = found.findings.join("\n");
    for part in [
        "no column is called emotion",
        "the columns are: mood, who",
        "1 rows of the table t are about what a row before them",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn databases_are_found_below_as_a_cache_has_them() {
    let header = "name: x\n";
    let dir = database(&[
        ("emodb/1.4.1/d3b62a9b/db.yaml", header),
        ("emodb/1.4.2/d3b62a9b/db.yaml", header),
    ]);
    let found = find(&dir.path().join("emodb/1.4.1"));
    assert_eq!(found, [dir.path().join("emodb/1.4.1/d3b62a9b")]);
    assert_eq!(find(dir.path()).len(), 2);
    assert!(find(database(&[("a/b.wav", "")]).path()).is_empty());
}

#[test]
fn what_is_written_reads_back() {
    let text = "file,start,end,corpus,speaker,emotion,label_original,sex,text,language,code,split,valence\n\
        a.wav,0,1.5,mine,01,angry,Wut,female,no,de,007,train,0.5\n\
        b.wav,1.25,,mine,02,no,no,male,\"a, b\",de,010,test,\n";
    let manifest = Manifest::from_reader(text.as_bytes()).unwrap();
    let dir = database(&[("a.wav", ""), ("b.wav", ""), ("db.emotion.train.pkl", "")]);
    write(&manifest, "mine", dir.path()).unwrap();
    let back = read(dir.path()).unwrap();
    // In the order of the tables.
    let lines = |manifest: &Manifest| {
        let text = csv(manifest);
        let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
        lines.sort();
        lines
    };
    assert_eq!(lines(&back), lines(&manifest));
    assert!(!dir.path().join("db.emotion.train.pkl").exists());
    assert!(check_folder(dir.path(), false).is_err() && check_folder(dir.path(), true).is_ok());
}

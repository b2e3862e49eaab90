//! Names as makers and copies have them, what they say, and names that say nothing.

use super::*;

/// What a layout reads in the name of a file without its extension, with the folders above it.
fn parse(layout: &str, path: &str) -> Option<Utterance> {
    let layout: Layout = layout.parse().unwrap();
    layout.parse(Path::new(&format!("{path}.wav")))
}

/// The fields of [`Utterance::FIELDS`] joined by bars, what is unknown empty.
fn fields(layout: &str, path: &str) -> String {
    let read = parse(layout, path).unwrap_or_else(|| panic!("{layout} reads {path}"));
    read.fields().map(|field| field.unwrap_or("")).join("|")
}

#[test]
fn every_entry_is_complete_and_its_example_reads() {
    for layout in Layout::all() {
        let scheme = &layout.0;
        let found = scheme.citation.as_ref().or(scheme.url.as_ref());
        assert!(
            !layout.title().is_empty() && scheme.source.is_some(),
            "{layout}"
        );
        assert!(found.is_some() || layout.name() == "e-seravd", "{layout}");
        for example in scheme.example.split(" or ") {
            let read = layout.parse(Path::new(&format!("{example}.wav")));
            let read = read.unwrap_or_else(|| panic!("{layout} reads {example}"));
            assert_eq!(read.corpus.as_deref(), Some(layout.name()));
            let says = read.emotion.is_some() || scheme.needs.is_some() || !scheme.side.is_empty();
            let says = says || read.extra.contains_key("valence");
            assert!(
                says,
                "{layout}: {example} has an emotion, or a side file has"
            );
        }
    }
}

#[test]
fn counts_add_up_and_are_of_classes_that_names_can_say() {
    for layout in Layout::all() {
        let styles: Vec<Option<&str>> = match layout.0.published.len() {
            0 => continue,
            1 => vec![None],
            _ => vec![Some("speech"), Some("song")],
        };
        for published in styles
            .into_iter()
            .filter_map(|style| layout.published(style))
        {
            let of_emotions: usize = published.emotions.values().sum();
            if of_emotions > 0 {
                // Of some corpora raters did not agree on all.
                let all = of_emotions == published.recordings;
                assert!(
                    all || !layout.0.side.is_empty(),
                    "{layout}: {of_emotions} by emotions"
                );
            }
            let of_speakers: usize = published.speakers.values().sum();
            if of_speakers > 0 {
                assert!(of_speakers >= published.recordings, "{layout}: speakers");
            }
        }
    }
}

#[test]
fn names_of_makers_are_read() {
    for (layout, path, expected) in [
        (
            "ravdess",
            "03-02-06-02-02-01-24",
            "ravdess|24|fearful|fearful|strong|female|Dogs are sitting by the door|1|song|en",
        ),
        (
            "tess",
            "YAF_youth_ps",
            "tess|YAF|surprised|pleasant surprise||female|Say the word youth|||en",
        ),
        (
            "tess",
            "OAF_back_fear",
            "tess|OAF|fearful|fear||female|Say the word back|||en",
        ),
        (
            "crema-d",
            "1091_WSI_FEA_HI",
            "crema-d|1091|fearful|fear|high|female|We'll stop in a couple of minutes|||en",
        ),
        (
            "crema-d",
            "1040_ITH_SAD_XX",
            "crema-d|1040|sad|sad||male|I think I have a doctor's appointment|||en",
        ),
        (
            "savee",
            "KL/su15",
            "savee|KL|surprised|surprise||male|su15|||en",
        ),
        (
            "emodb",
            "16b10Lb",
            "emodb|16|bored|Langeweile||female|Die wird auf dem Platz sein, wo wir sie immer hinlegen.|b||de",
        ),
        (
            "emodb",
            "03a01N",
            "emodb|03|neutral|neutral||male|Der Lappen liegt auf dem Eisschrank.|||de",
        ),
        ("emovo", "gio-m2-n5", "emovo|m2|happy|gioia||male|n5|||it"),
    ] {
        assert_eq!(fields(layout, path), expected, "{path}");
    }
    for (code, emotion) in [
        ("a01", "angry"),
        ("d02", "disgust"),
        ("f03", "fearful"),
        ("h04", "happy"),
        ("n30", "neutral"),
        ("sa05", "sad"),
        ("su06", "surprised"),
    ] {
        let read = parse("savee", &format!("DC/{code}")).unwrap();
        assert_eq!(read.emotion.as_deref(), Some(emotion), "{code}");
    }
    for sentence in "IEO TIE IOM IWW TAI MTI IWL ITH DFA ITS TSI WSI".split(' ') {
        for emotion in "ANG DIS FEA HAP NEU SAD".split(' ') {
            assert!(parse("crema-d", &format!("1001_{sentence}_{emotion}_XX")).is_some());
        }
    }
    for (level, intensity) in [
        ("LO", Some("low")),
        ("LOW", Some("low")),
        ("MEDIUM", Some("medium")),
        ("HIGH", Some("high")),
        ("unspecified", None),
        ("MD", Some("medium")),
        ("XX", None),
        ("X", None),
    ] {
        let read = parse("crema-d", &format!("1040_ITH_SAD_{level}")).unwrap();
        assert_eq!(read.intensity.as_deref(), intensity, "{level}");
    }
}

#[test]
fn renamed_copies_are_read_alike() {
    let cases: [(&str, &str, &[&str]); 8] = [
        (
            "tess",
            "OAF_back_angry",
            &[
                "oaf_back_angry",
                "OAF_BACK_ANGRY",
                "angry_OAF_back_angry",
                "TESS_OAF_back_angry",
                "tess-OAF_back_angry",
                "1_OAF_back_angry",
                "0001-OAF-back-angry",
                "OAF back angry",
                "OAF.back.angry",
                "OAF - back - angry",
                "YAF_sad_OAF_back_angry",
            ],
        ),
        (
            "tess",
            "YAF_youth_ps",
            &[
                "YAF_youth_pleasant_surprise",
                "YAF_youth_pleasantsurprise",
                "yaf youth pleasant surprised",
            ],
        ),
        ("tess", "OAF_bite_neutral", &["OA_bite_neutral"]),
        (
            "crema-d",
            "1001_DFA_ANG_XX",
            &[
                "1001_dfa_ang_xx",
                "crema_1001_DFA_ANG_XX",
                "CREMA-D-1001-DFA-ANG-XX",
                "anger_1001_DFA_ANG_XX",
                "17_1001_DFA_ANG_X",
                "1001 DFA ANG XX",
                "1001_DFA_ANG",
                "1001_DFA_ANGER_XX",
                "1001_dfa_angry_unspecified",
            ],
        ),
        (
            "savee",
            "JE/sa12",
            &[
                "je/sa12",
                "JE/SA12",
                "ALL/JE_sa12",
                "ALL/JE-sa12",
                "je_sa12",
                "JE sa12",
                "JEsa12",
                "DC/JE_sa12",
                "SAVEE_JE_sa12",
                "savee-je-sa12",
                "sad_JE_sa12",
                "0412_JEsa12",
                "JE/wav/sa12",
                "speaker_JE/sa12",
                "SAVEE-je/audio/sa12",
            ],
        ),
        (
            "savee",
            "DC/n16",
            &["DC_n16", "DC/wav/n16", "DCn16", "savee_dc_N16"],
        ),
        ("savee", "DC/a01", &["DC_a1"]),
        ("emodb", "03a01Wa", &["03A01WA", "03a01wa", "emodb_03a01Wa"]),
    ];
    for (layout, original, copies) in cases {
        let read = parse(layout, original);
        assert!(read.is_some(), "{original}");
        for copy in copies {
            assert_eq!(parse(layout, copy), read, "{copy}");
        }
    }
}

#[test]
fn near_misses_are_not_read() {
    for (layout, wrong) in [
        (
            "ravdess",
            "03-01-09-01-01-01-01 03-01-01-01-01-01 03-01-01-01-01-01-25 3-01-01-01-01-01-01 00-01-01-01-01-01-01",
        ),
        (
            "tess",
            "OAF_angry OAF_back OAF_back_bored MAF_back_angry OA_back_angry OAF_back_angry_2 OAF_far-off_angry \
             OAF_12_angry back_angry_OAF OAFX_back_angry x",
        ),
        (
            "crema-d",
            "1000_DFA_ANG_XX 1092_DFA_ANG_XX 01001_DFA_ANG_XX +1001_DFA_ANG_XX 1001_DFB_ANG_XX 1001_DFA_SUR_XX \
             1001_DFA_ANG_ZZ 1001_DFA_LOW 1001_DFA_ANGUISH_XX 1001_DFA_ANG_XX_2 1001_ANG_DFA_XX DFA_ANG_XX",
        ),
        (
            "savee",
            "a01 AudioData/a01 anger/a01 MK/a01 DC/a00 DC/a16 DC/n31 DC/a1 DC/a001 DC/s01 DC/x01 DC/a01b DC/take_a01 \
             DC/01 MK_a01 interview_kl_a01 dca01 DC_a01_2 DC/x/wav/a01 interview_DC/a01 DC_a0 DC_n31 DC",
        ),
        ("emodb", "03a01X 03a03Wa 04a01Wa 03a01WA 03a01Wab 07a01Wa"),
        ("emovo", "gio-m4-n5 joy-m1-n5 gio-m1 gio-m1-x5 gio-m1-b0"),
    ] {
        for name in wrong.split_whitespace() {
            assert_eq!(parse(layout, name), None, "{layout}: {name}");
        }
    }
}

#[test]
fn counts_are_those_that_the_makers_published() {
    let published = |layout: &str, style| {
        let layout: Layout = layout.parse().unwrap();
        layout.published(style).unwrap()
    };
    let (speech, song) = (
        published("ravdess", Some("speech")),
        published("ravdess", Some("song")),
    );
    assert_eq!((speech.recordings, song.recordings), (1440, 1012));
    assert_eq!(
        (speech.emotions["neutral"], speech.emotions["calm"]),
        (96, 192)
    );
    assert_eq!((speech.speakers["18"], song.speakers["24"]), (60, 44));
    assert!(!song.speakers.contains_key("18") && !song.emotions.contains_key("disgust"));
    let tess = published("tess", None);
    assert_eq!(
        (
            tess.recordings,
            tess.emotions["surprised"],
            tess.speakers["OAF"]
        ),
        (2800, 400, 1400)
    );
    let crema = published("crema-d", None);
    assert_eq!(crema.emotions.values().sum::<usize>(), 7442);
    assert_eq!(crema.speakers.values().sum::<usize>(), 7442 + 20);
    let women = (1001..=1091).filter(|actor| {
        let read = parse("crema-d", &format!("{actor}_DFA_ANG_XX")).unwrap();
        read.sex.as_deref() == Some("female")
    });
    assert_eq!(women.count(), 43);
    let savee = published("savee", None);
    assert_eq!((savee.recordings, savee.speakers["JK"]), (480, 120));
    assert_eq!(
        (savee.emotions["neutral"], savee.emotions["sad"]),
        (120, 60)
    );
    let emodb = published("emodb", None);
    assert_eq!(emodb.emotions.values().sum::<usize>(), 535);
    assert_eq!(emodb.speakers.values().sum::<usize>(), 535);
    let emovo = published("emovo", None);
    assert_eq!(
        (
            emovo.recordings,
            emovo.emotions["sad"],
            emovo.speakers["f3"]
        ),
        (588, 84, 98)
    );
}

#[test]
fn the_marks_of_copies_say_nothing() {
    for name in [
        "03-01-05-01-01-02-12",
        "OAF_back_angry",
        "1001_DFA_ANG_XX",
        "DC_a01",
        "03a01Wb",
        "rab-f1-b2",
    ] {
        let read = |stem: String| {
            let file = stem + ".wav";
            Layout::all()
                .iter()
                .find_map(|layout| layout.parse(Path::new(&file)))
        };
        let original = read(name.to_string());
        assert!(original.is_some(), "{name}");
        for mark in [
            " (1)",
            "(12)",
            ".wav",
            ".WAV (2)",
            "-copy",
            " - Copy (2)",
            "_16k",
            "_16kHz",
            "_denoised",
            "_mono_16k.flac",
        ] {
            assert_eq!(read(format!("{name}{mark}")), original, "{name}{mark}");
        }
        for other in [" ()", " (b)", "_2", "_noise", "_17k", "copy", ".txt", ")"] {
            assert_eq!(read(format!("{name}{other}")), None, "{name}{other}");
        }
    }
    assert_eq!(without_mark("(1)"), Some(""));
    assert_eq!(without_mark("_copy.wav"), Some("_copy"));
    assert_eq!(without_mark("_copy"), Some(""));
    assert_eq!(without_mark(""), None);
}

#[test]
fn no_name_follows_two_grammars_and_foreign_names_follow_none() {
    let known = [
        ("03-01-05-01-01-02-12.wav", "ravdess"),
        ("OAF_back_angry.wav", "tess"),
        ("1001_DFA_ANG_XX.wav", "crema-d"),
        ("DC/a01.wav", "savee"),
        ("DC_a01.wav", "savee"),
        ("03a01Wb.wav", "emodb"),
        ("rab-f1-b2.wav", "emovo"),
        ("OAF.back.angry.wav.wav", "tess"),
        ("1001_IEO_ANGER_HIGH (1).wav", "crema-d"),
        ("DC/wav/a01.wav", "savee"),
        ("speaker_DC/a01.wav", "savee"),
        ("DC_a1.wav", "savee"),
    ];
    for (name, expected) in known {
        let follows = |layout: &Layout| layout.parse(Path::new(name)).is_some();
        let found = Layout::all()
            .iter()
            .filter(|layout| !layout.is_generic() && follows(layout))
            .map(Layout::name);
        assert_eq!(found.collect::<Vec<_>>(), [expected], "{name}");
    }
    // LibriSpeech, a recorder, Common Voice, VoxCeleb, a phone, a messenger, and parts of names that are known.
    for name in [
        "84-121123-0000.flac",
        "REC_2024-05-01_angry.m4a",
        "common_voice_en_18540003.mp3",
        "id10001/1zcIwhmdeo4/00001.wav",
        "Voice 001_sd.m4a",
        "PTT-20240501-WA0003.opus",
        "a01 (1).wav",
        "KL/f1.wav",
        "OAF/back/angry.wav",
        "1001_IEO_loud_16k.wav",
        "session_kl/a01.wav",
        "call_20240501_0912_left.wav",
        "interview 3.wav",
    ] {
        for layout in Layout::all().iter().filter(|layout| !layout.is_generic()) {
            assert_eq!(layout.parse(Path::new(name)), None, "{layout}: {name}");
        }
    }
}

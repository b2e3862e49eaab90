//! Counts of the recordings by their names or manifest, and the findings on their labels.

use std::collections::BTreeMap;

use crate::corpus::check::Severity::Warning;
use crate::corpus::check::published::against_published;
use crate::corpus::check::{Counts, Finding, Kind, balance, finding, recordings};
use crate::corpus::layouts::Layout;
use crate::corpus::manifest::Utterance;
use crate::corpus::scan::Scan;

/// Counts the recordings of each corpus, and looks up what was published of it.
pub fn counts(scan: &Scan) -> Vec<Counts> {
    let mut corpora: BTreeMap<(&Option<String>, &Option<String>), Counts> = BTreeMap::new();
    for u in &scan.manifest.utterances {
        let counts = corpora.entry((&u.corpus, &u.style)).or_default();
        counts.recordings += 1;
        if let Some(emotion) = &u.emotion {
            *counts.emotions.entry(emotion.clone()).or_default() += 1;
        }
        if let Some(speaker) = &u.speaker {
            *counts.speakers.entry(speaker.clone()).or_default() += 1;
        }
        if let (Some(speaker), Some(emotion)) = (&u.speaker, &u.emotion) {
            let row = counts.cells.entry(speaker.clone()).or_default();
            *row.entry(emotion.clone()).or_default() += 1;
        }
    }
    let complete = |((corpus, style), counts): ((&Option<String>, &Option<String>), Counts)| {
        let layout = scan
            .layouts
            .iter()
            .find(|layout| Some(layout.name()) == corpus.as_deref());
        Counts {
            corpus: corpus.clone(),
            style: style.clone(),
            published: layout.and_then(|layout: &Layout| layout.published(style.as_deref())),
            ..counts
        }
    };
    corpora.into_iter().map(complete).collect()
}

/// Findings on the labels of all corpora together, and on each against what was published of it.
pub fn findings(utterances: &[Utterance], corpora: &[Counts]) -> Vec<Finding> {
    let mut findings = unknown(utterances);
    for counts in corpora {
        if let Some(published) = &counts.published {
            let own: Vec<&Utterance> = utterances
                .iter()
                .filter(|u| (&u.corpus, &u.style) == (&counts.corpus, &counts.style))
                .collect();
            findings.extend(against_published(&own, counts, published));
        }
    }
    findings.extend(balance::findings(utterances));
    findings
}

/// Recordings without emotion or speaker.
fn unknown(utterances: &[Utterance]) -> Vec<Finding> {
    let without = |field: fn(&Utterance) -> &Option<String>| -> Vec<String> {
        let such = utterances.iter().filter(|u| field(u).is_none());
        such.map(|u| u.file.clone()).collect()
    };
    let cases = [
        (
            Kind::NoEmotion,
            without(|u| &u.emotion),
            "no emotion: names that follow no known layout; see --layout, or write a manifest",
        ),
        (
            Kind::NoSpeaker,
            without(|u| &u.speaker),
            "no speaker: evaluation cannot keep unknown speakers apart",
        ),
    ];
    cases
        .into_iter()
        .filter(|(_, files, _)| !files.is_empty())
        .map(|(kind, files, what)| {
            let message = format!(
                "{} of {} with {what}",
                files.len(),
                recordings(utterances.len())
            );
            finding(kind, Warning, message, files)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::corpus::check::Amount;
    use crate::corpus::manifest::Manifest;

    /// Kinds and messages of the findings on recordings of these names.
    fn found(names: impl IntoIterator<Item = String>) -> Vec<(Kind, String)> {
        let mut layouts = Vec::new();
        let read = |file: String| {
            let layout = Layout::all()
                .iter()
                .find(|l| l.parse(file.as_ref()).is_some());
            let layout = layout.expect("the name follows a layout");
            if !layouts.contains(layout) {
                layouts.push(layout.clone());
            }
            let utterance = layout.parse(file.as_ref()).expect("it was just read");
            Utterance { file, ..utterance }
        };
        let utterances: Vec<Utterance> = names.into_iter().map(read).collect();
        told(utterances, layouts)
    }

    fn told(utterances: Vec<Utterance>, layouts: Vec<Layout>) -> Vec<(Kind, String)> {
        let scan = Scan {
            manifest: Manifest {
                utterances,
                ..Manifest::default()
            },
            layouts,
            left_out: Vec::new(),
            findings: Vec::new(),
        };
        let findings = findings(&scan.manifest.utterances, &counts(&scan));
        findings.into_iter().map(|f| (f.kind, f.message)).collect()
    }

    /// Speaker, emotion and text of recordings of one's own.
    fn own(labels: &[(&str, &str, &str)], times: usize) -> Vec<Utterance> {
        let utterance = |(speaker, emotion, text): &(&str, &str, &str)| Utterance {
            speaker: Some(speaker.to_string()),
            emotion: Some(emotion.to_string()),
            text: Some(text.to_string()),
            ..Utterance::default()
        };
        let all = labels.iter().map(utterance);
        all.flat_map(|u| std::iter::repeat_n(u, times)).collect()
    }

    fn emovo() -> Vec<String> {
        let mut names = Vec::new();
        for emotion in ["dis", "gio", "neu", "pau", "rab", "sor", "tri"] {
            for speaker in ["f1", "f2", "f3", "m1", "m2", "m3"] {
                for (letter, sentences) in [("b", 3), ("l", 4), ("n", 5), ("d", 2)] {
                    let sentences = 1..=sentences;
                    names.extend(sentences.map(|n| format!("{emotion}-{speaker}-{letter}{n}.wav")));
                }
            }
        }
        names
    }

    /// Every actor, sentence and emotion, and three intensities of one sentence.
    fn crema_d() -> Vec<String> {
        let mut names = Vec::new();
        for actor in 1001..=1091 {
            for emotion in ["ANG", "DIS", "FEA", "HAP", "NEU", "SAD"] {
                for sentence in [
                    "TIE", "IOM", "IWW", "TAI", "MTI", "IWL", "ITH", "DFA", "ITS", "TSI", "WSI",
                ] {
                    names.push(format!("{actor}_{sentence}_{emotion}_XX.wav"));
                }
                let levels: &[&str] = if emotion == "NEU" {
                    &["XX"]
                } else {
                    &["LO", "MD", "HI"]
                };
                names.extend(
                    levels
                        .iter()
                        .map(|l| format!("{actor}_IEO_{emotion}_{l}.wav")),
                );
            }
        }
        names
    }

    #[test]
    fn whole_corpora_have_nothing_missing() {
        assert_eq!(found(emovo()), []);
        let words: Vec<String> = ('a'..='t')
            .flat_map(|a| ('a'..='j').map(move |b| format!("{a}{b}")))
            .collect();
        let tess = ["OAF", "YAF"].into_iter().flat_map(|speaker| {
            let emotions = ["angry", "disgust", "fear", "happy", "neutral", "ps", "sad"];
            let words = &words;
            emotions
                .into_iter()
                .flat_map(move |e| words.iter().map(move |w| format!("{speaker}_{w}_{e}.wav")))
        });
        assert_eq!(found(tess.collect::<Vec<_>>()), []);
        let savee = ["DC", "JE", "JK", "KL"].into_iter().flat_map(|speaker| {
            let emotions = [
                ("a", 15),
                ("d", 15),
                ("f", 15),
                ("h", 15),
                ("n", 30),
                ("sa", 15),
                ("su", 15),
            ];
            emotions
                .into_iter()
                .flat_map(move |(e, n)| (1..=n).map(move |i| format!("{speaker}/{e}{i:02}.wav")))
        });
        let kinds: Vec<Kind> = found(savee).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(
            kinds,
            [Kind::ConfoundedText],
            "SAVEE's sentences belong to emotions"
        );
    }

    #[test]
    fn the_gaps_of_crema_d_are_no_finding_but_more_are() {
        let mut names = crema_d();
        assert_eq!(names.len(), 7462);
        // As published: 3 recordings of each emotion missing, 5 of neutral.
        for (emotion, n) in [
            ("ANG", 3),
            ("DIS", 3),
            ("FEA", 3),
            ("HAP", 3),
            ("SAD", 3),
            ("NEU", 5),
        ] {
            for actor in 1001..1001 + n {
                names.retain(|name| *name != format!("{actor}_DFA_{emotion}_XX.wav"));
            }
        }
        assert_eq!((names.len(), found(names.clone())), (7442, vec![]));
        names.retain(|name| !name.starts_with("1050_") || name.contains("ANG"));
        let told = found(names);
        assert_eq!(told[0].0, Kind::MissingRecordings);
        for part in [
            "7374 recordings of 7442",
            "disgust 1257 of 1271",
            "neutral 1075 of 1087",
            "1050 14 of 82",
        ] {
            assert!(told[0].1.contains(part), "{}", told[0].1);
        }
        // Five emotions that actor 1050 now lacks.
        assert_eq!(told.len(), 1 + 5, "{told:?}");
        let lacking = |(kind, _): &(Kind, String)| *kind == Kind::ClassMissingFromSpeakers;
        assert!(told[1..].iter().all(lacking));
    }

    #[test]
    fn what_is_missing_is_named() {
        let all = emovo().into_iter();
        let kept = all.filter(|name| {
            !name.starts_with("tri") && !name.contains("-m2-") && name != "rab-f1-b2.wav"
        });
        let expected = [
            (
                Kind::MissingSpeaker,
                "emovo: nothing of 1 of the 6 published speakers: m2".to_string(),
            ),
            (
                Kind::MissingClass,
                "emovo: no recording of sad, of 84 that were published".to_string(),
            ),
            (
                Kind::MissingRecordings,
                "emovo: 419 recordings of 588 that were published: speaker f1 angry 13 of 14"
                    .to_string(),
            ),
        ];
        assert_eq!(found(kept), expected);
    }

    #[test]
    fn copies_count_once_against_what_was_published() {
        let copies = emovo().into_iter().map(|name| format!("copy/{name}"));
        assert_eq!(found(emovo().into_iter().chain(copies)), []);
    }

    #[test]
    fn speech_and_song_are_counted_apart() {
        let kinds = |names: &[&str]| {
            let found = found(names.iter().map(|name| name.to_string()));
            let of_song = found
                .iter()
                .filter(|(_, message)| message.contains("ravdess song"));
            of_song.map(|(kind, _)| *kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds(&["03-01-08-01-01-01-18.wav"]), []);
        let song = kinds(&["03-02-03-01-01-01-18.wav"]);
        assert!(
            song.contains(&Kind::Surplus),
            "actor 18 has no song: {song:?}"
        );
    }

    #[test]
    fn emotions_tied_to_speaker_or_sentence_are_told() {
        let kinds = |labels: &[(&str, &str, &str)]| {
            let told = told(own(labels, 10), vec![]);
            told.into_iter().map(|(kind, _)| kind).collect::<Vec<_>>()
        };
        let crossed = [
            ("x", "sad", "1"),
            ("x", "angry", "1"),
            ("y", "sad", "1"),
            ("y", "angry", "1"),
        ];
        assert_eq!(kinds(&crossed), []);
        let by_speaker = [
            ("x", "sad", "1"),
            ("y", "sad", "2"),
            ("z", "angry", "1"),
            ("v", "angry", "2"),
        ];
        assert_eq!(
            kinds(&by_speaker),
            [
                Kind::ClassMissingFromSpeakers,
                Kind::ClassMissingFromSpeakers,
                Kind::ConfoundedSpeaker
            ]
        );
        let by_text = [
            ("x", "sad", "1"),
            ("x", "angry", "2"),
            ("y", "sad", "1"),
            ("y", "angry", "2"),
        ];
        assert_eq!(kinds(&by_text), [Kind::ConfoundedText]);
        let alone = [crossed.as_slice(), &[("x", "happy", "1")]].concat();
        assert_eq!(kinds(&alone), [Kind::SingleSpeakerClass]);
        assert_eq!(
            kinds(&crossed[..1]),
            [Kind::SingleClass, Kind::SingleSpeaker]
        );
    }

    #[test]
    fn too_few_recordings_are_told_as_numbers() {
        let mut few = own(
            &[("x", "sad", "1"), ("y", "sad", "1"), ("x", "angry", "1")],
            9,
        );
        few.extend(own(&[("z", "sad", "1")], 1));
        let amounts: Vec<Amount> = balance::findings(&few)
            .into_iter()
            .flat_map(|f| f.amounts)
            .collect();
        let angry = Amount {
            emotion: Some("angry".to_string()),
            found: 9,
            expected: Some(10),
            ..Amount::default()
        };
        let z = Amount {
            speaker: Some("z".to_string()),
            found: 1,
            expected: Some(8),
            ..Amount::default()
        };
        assert_eq!(amounts, [angry, z]);
    }

    #[test]
    fn too_few_recordings_are_told() {
        let mut few = own(
            &[("x", "sad", "1"), ("y", "sad", "1"), ("x", "angry", "1")],
            8,
        );
        few.extend(own(
            &[("y", "angry", "1"), ("z", "sad", "1"), ("z", "angry", "1")],
            1,
        ));
        let speaker = "1 of 3 speakers have fewer than 8 recordings: z 2".to_string();
        assert_eq!(
            told(few.clone(), vec![]),
            [(Kind::FewClipsOfSpeaker, speaker)]
        );
        few.pop();
        let told = told(few, vec![]);
        assert!(
            told[0].0 == Kind::FewClipsOfClass && told[0].1.ends_with("angry 9"),
            "{told:?}"
        );
    }
}

//! What names and manifests tell: how many recordings there are and should be, and whether
//! something other than the voice tells the emotion.

use std::collections::{BTreeMap, BTreeSet};

use crate::corpus::check::Severity::{Note, Warning};
use crate::corpus::check::{Amount, Counts, Finding, Kind, finding, first, recordings};
use crate::corpus::layouts::{Layout, Published};
use crate::corpus::manifest::Utterance;
use crate::corpus::scan::Scan;

/// Below it one recording moves the recall of an emotion by more than 10 points.
const FEW_OF_CLASS: usize = 10;

/// Below it a speaker's mean and deviation are guesses: what `--normalize speaker` asks for.
const FEW_OF_SPEAKER: usize = 8;

/// From this balanced recall on, speaker or sentence tell the emotion.
const CONFOUNDED: f64 = 0.8;

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
    findings.extend(sizes(utterances));
    findings.extend(spread(utterances));
    let speaker = |u: &Utterance| u.speaker.clone();
    let text = |u: &Utterance| u.text.clone();
    findings.extend(confounded(
        Kind::ConfoundedSpeaker,
        "speaker",
        utterances,
        speaker,
    ));
    findings.extend(confounded(
        Kind::ConfoundedText,
        "sentence",
        utterances,
        text,
    ));
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

/// What is missing from a corpus, or is there beyond what its makers published. Copies of a
/// recording count once.
fn against_published(own: &[&Utterance], counts: &Counts, published: &Published) -> Vec<Finding> {
    let corpus = match (&counts.corpus, &counts.style) {
        (Some(corpus), Some(style)) => format!("{corpus} {style}"),
        (corpus, _) => corpus.clone().unwrap_or_default(),
    };
    let distinct: BTreeSet<_> = own.iter().map(|u| u.fields()).collect();
    let mut emotions: BTreeMap<&str, usize> = BTreeMap::new();
    let mut speakers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut cells: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for fields in &distinct {
        let (speaker, emotion) = (fields[1].unwrap_or(""), fields[2].unwrap_or(""));
        *emotions.entry(emotion).or_default() += 1;
        *speakers.entry(speaker).or_default() += 1;
        *cells.entry((speaker, emotion)).or_default() += 1;
    }
    let emotion_count = |name: &str| emotions.get(name).copied().unwrap_or(0);
    let speaker_count = |name: &str| speakers.get(name).copied().unwrap_or(0);
    let mut findings = Vec::new();
    let mut tell = |kind: Kind, message: String, amounts: Vec<Amount>| {
        let message = format!("{corpus}: {message}");
        findings.push(Finding {
            amounts,
            ..finding(kind, Warning, message, Vec::new())
        });
    };
    let amount =
        |speaker: Option<&str>, emotion: Option<&str>, found: usize, expected: usize| Amount {
            corpus: counts.corpus.clone(),
            speaker: speaker.map(str::to_string),
            emotion: emotion.map(str::to_string),
            found,
            expected: Some(expected),
        };

    let absent: Vec<String> = published
        .speakers
        .keys()
        .filter(|name| speaker_count(name) == 0)
        .cloned()
        .collect();
    if !absent.is_empty() {
        let of = published.speakers.len();
        let message = format!(
            "nothing of {} of the {of} published speakers: {}",
            absent.len(),
            first(&absent, 24)
        );
        let amounts = absent
            .iter()
            .map(|s| amount(Some(s), None, 0, published.speakers[s]));
        tell(Kind::MissingSpeaker, message, amounts.collect());
    }
    for (emotion, n) in &published.emotions {
        if emotion_count(emotion) == 0 {
            let message = format!("no recording of {emotion}, of {n} that were published");
            let amounts = vec![amount(None, Some(emotion), 0, *n)];
            tell(Kind::MissingClass, message, amounts);
        }
    }

    let mut short: Vec<String> = Vec::new();
    let mut amounts: Vec<Amount> = Vec::new();
    if published.balanced {
        // Nothing more is said of speakers and emotions of which nothing is there.
        for speaker in published.speakers.keys().filter(|s| speaker_count(s) > 0) {
            let here = published
                .emotions
                .iter()
                .filter(|(e, _)| emotion_count(e) > 0);
            for (emotion, all) in here {
                let n = cells.get(&(speaker, emotion)).copied().unwrap_or(0);
                let each = all / published.speakers.len();
                if n < each {
                    short.push(format!("speaker {speaker} {emotion} {n} of {each}"));
                    amounts.push(amount(Some(speaker), Some(emotion), n, each));
                }
            }
        }
    } else {
        let all_speakers: usize = published.speakers.values().sum();
        let gaps = all_speakers - published.recordings;
        let words = |(name, n, of): &(&str, usize, usize)| format!("{name} {n} of {of}");
        let of_emotions = shortfall(&published.emotions, emotion_count, 0);
        short.extend(of_emotions.iter().map(words));
        amounts.extend(
            of_emotions
                .iter()
                .map(|&(e, n, of)| amount(None, Some(e), n, of)),
        );
        let of_speakers = shortfall(&published.speakers, speaker_count, gaps);
        amounts.extend(
            of_speakers
                .iter()
                .map(|&(s, n, of)| amount(Some(s), None, n, of)),
        );
        if !of_speakers.is_empty() {
            let of_speakers: Vec<String> = of_speakers.iter().map(words).collect();
            short.push(format!("by speaker {}", first(&of_speakers, 24)));
        }
    }
    if !short.is_empty() {
        let message = format!(
            "{} of {} that were published: {}",
            recordings(distinct.len()),
            published.recordings,
            first(&short, 24)
        );
        tell(Kind::MissingRecordings, message, amounts);
    }

    let beyond = |found: &BTreeMap<&str, usize>, published: &BTreeMap<String, usize>| {
        let more = found.iter().map(|(name, n)| {
            let known = published.get(*name).copied().unwrap_or(0);
            (n > &known).then(|| (name.to_string(), *n, known))
        });
        more.flatten().collect::<Vec<_>>()
    };
    let emotions = beyond(&emotions, &published.emotions);
    let speakers = beyond(&speakers, &published.speakers);
    let more: Vec<String> = emotions
        .iter()
        .chain(&speakers)
        .map(|(name, n, known)| format!("{name} {n} of {known}"))
        .collect();
    if !more.is_empty() {
        let emotions = emotions
            .iter()
            .map(|(e, n, of)| amount(None, Some(e), *n, *of));
        let speakers = speakers
            .iter()
            .map(|(s, n, of)| amount(Some(s), None, *n, *of));
        let amounts = emotions.chain(speakers).collect();
        let message = format!("more recordings than were published: {}", first(&more, 24));
        tell(Kind::Surplus, message, amounts);
    }
    findings
}

/// What is there, but less than was published: name, recordings, and those published; nothing where
/// no more than `gaps` are missing in all.
fn shortfall(
    published: &BTreeMap<String, usize>,
    found: impl Fn(&str) -> usize,
    gaps: usize,
) -> Vec<(&str, usize, usize)> {
    let missing = |(name, n): (&String, &usize)| n.saturating_sub(found(name));
    if published.iter().map(missing).sum::<usize>() <= gaps {
        return Vec::new();
    }
    let short = published
        .iter()
        .filter(|&(name, &n)| (1..n).contains(&found(name)));
    short
        .map(|(name, &n)| (name.as_str(), found(name), n))
        .collect()
}

/// Who speaks, told apart over corpora.
fn speaker_of(u: &Utterance) -> Option<(Option<&str>, &str)> {
    Some((u.corpus.as_deref(), u.speaker.as_deref()?))
}

/// Speakers or emotions too few, or with too few recordings.
fn sizes(utterances: &[Utterance]) -> Vec<Finding> {
    let mut emotions: BTreeMap<&str, usize> = BTreeMap::new();
    let mut speakers: BTreeMap<(Option<&str>, &str), usize> = BTreeMap::new();
    for u in utterances {
        if let Some(emotion) = u.emotion.as_deref() {
            *emotions.entry(emotion).or_default() += 1;
        }
        if let Some(speaker) = speaker_of(u) {
            *speakers.entry(speaker).or_default() += 1;
        }
    }
    let mut findings = Vec::new();
    let mut tell = |kind, message, amounts| {
        findings.push(Finding {
            amounts,
            ..finding(kind, Warning, message, Vec::new())
        });
    };
    if emotions.len() == 1 {
        let emotion = emotions.keys().next().expect("there is one");
        tell(
            Kind::SingleClass,
            format!("{emotion} is the only emotion: there is nothing to tell apart"),
            Vec::new(),
        );
    }
    if speakers.len() == 1 {
        let (_, speaker) = speakers.keys().next().expect("there is one");
        tell(
            Kind::SingleSpeaker,
            format!("{speaker} is the only speaker: evaluation on unseen speakers needs two"),
            Vec::new(),
        );
    }
    let few = emotions.iter().filter(|&(_, &n)| n < FEW_OF_CLASS);
    let (few, amounts): (Vec<String>, Vec<Amount>) = few
        .map(|(name, &n)| {
            let amount = Amount {
                emotion: Some(name.to_string()),
                found: n,
                expected: Some(FEW_OF_CLASS),
                ..Amount::default()
            };
            (format!("{name} {n}"), amount)
        })
        .unzip();
    if !few.is_empty() {
        tell(
            Kind::FewClipsOfClass,
            format!(
                "emotions with fewer than {FEW_OF_CLASS} recordings: {}",
                first(&few, 24)
            ),
            amounts,
        );
    }
    let few = speakers.iter().filter(|&(_, &n)| n < FEW_OF_SPEAKER);
    let (few, amounts): (Vec<String>, Vec<Amount>) = few
        .map(|((corpus, name), &n)| {
            let amount = Amount {
                corpus: corpus.map(str::to_string),
                speaker: Some(name.to_string()),
                found: n,
                expected: Some(FEW_OF_SPEAKER),
                ..Amount::default()
            };
            (format!("{name} {n}"), amount)
        })
        .unzip();
    if !few.is_empty() {
        tell(
            Kind::FewClipsOfSpeaker,
            format!(
                "{} of {} speakers have fewer than {FEW_OF_SPEAKER} recordings: {}",
                few.len(),
                speakers.len(),
                first(&few, 24)
            ),
            amounts,
        );
    }
    findings
}

/// Emotions that not every speaker speaks.
fn spread(utterances: &[Utterance]) -> Vec<Finding> {
    let all: BTreeSet<_> = utterances.iter().filter_map(speaker_of).collect();
    if all.len() < 2 {
        return Vec::new();
    }
    let mut speakers_of: BTreeMap<&str, BTreeSet<_>> = BTreeMap::new();
    for u in utterances {
        if let (Some(emotion), Some(speaker)) = (u.emotion.as_deref(), speaker_of(u)) {
            speakers_of.entry(emotion).or_default().insert(speaker);
        }
    }
    let tell = |(emotion, some): (&str, BTreeSet<(Option<&str>, &str)>)| {
        let lack: Vec<String> = all
            .difference(&some)
            .map(|(_, speaker)| speaker.to_string())
            .collect();
        let (kind, severity, message) = match some.len() {
            n if n == all.len() => return None,
            1 => {
                let (_, only) = some.first().expect("there is one");
                let message = format!(
                    "{emotion} is spoken by {only} alone: it cannot be evaluated on unseen speakers"
                );
                (Kind::SingleSpeakerClass, Warning, message)
            }
            n => {
                let message = format!(
                    "{emotion} is spoken by {n} of {} speakers, not by {}",
                    all.len(),
                    first(&lack, 8)
                );
                match n * 2 < all.len() {
                    true => (Kind::ClassOfFewSpeakers, Warning, message),
                    false => (Kind::ClassMissingFromSpeakers, Note, message),
                }
            }
        };
        let of_emotion = utterances.iter().filter(|u| {
            kind != Kind::ClassMissingFromSpeakers && u.emotion.as_deref() == Some(emotion)
        });
        let files = of_emotion.map(|u| u.file.clone()).collect();
        Some(finding(kind, severity, message, files))
    };
    speakers_of.into_iter().filter_map(tell).collect()
}

/// Whether `tell` (speaker or sentence) tells the emotion.
fn confounded(
    kind: Kind,
    name: &str,
    utterances: &[Utterance],
    tell: impl Fn(&Utterance) -> Option<String>,
) -> Option<Finding> {
    let pairs: Vec<_> = utterances
        .iter()
        .filter_map(|u| Some(((u.corpus.clone(), tell(u)?), u.emotion.as_deref()?)))
        .collect();
    let recall = majority_recall(&pairs)?;
    (recall >= CONFOUNDED).then(|| {
        let message = format!(
            "the {name} tells the emotion: the one most frequent among the other recordings of the \
             same {name} is right for {:.0} % (mean over emotions); a model may learn {name}s instead",
            100.0 * recall
        );
        finding(kind, Warning, message, Vec::new())
    })
}

/// Mean over the classes of the share that a majority rule gets right: each item's class is guessed
/// to be the most frequent one among the *other* items with its key. A key of its own tells
/// nothing, and a tie is a miss. `None` with fewer than two classes or keys.
fn majority_recall<K: Ord>(items: &[(K, &str)]) -> Option<f64> {
    let mut counts: BTreeMap<&K, BTreeMap<&str, usize>> = BTreeMap::new();
    let mut hits: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (key, class) in items {
        *counts.entry(key).or_default().entry(class).or_default() += 1;
    }
    for (key, class) in items {
        let own = counts[key][class] - 1;
        let others = counts[key].iter().filter(|(other, _)| *other != class);
        let hit = others.map(|(_, &n)| n).max().unwrap_or(0) < own;
        let (right, all) = hits.entry(class).or_default();
        (*right, *all) = (*right + usize::from(hit), *all + 1);
    }
    let recalls = hits.values().map(|&(right, all)| right as f64 / all as f64);
    (counts.len() > 1 && hits.len() > 1).then(|| recalls.sum::<f64>() / hits.len() as f64)
}

#[test]
fn the_majority_rule_is_judged_on_the_others() {
    let recall = |items: &[(&str, &'static str)]| majority_recall(items);
    // Each key has one class, three times: always right.
    let tied = ["x", "x", "x", "y", "y", "y"];
    let classes = ["a", "a", "a", "b", "b", "b"];
    let items: Vec<_> = tied.into_iter().zip(classes).collect();
    assert_eq!(recall(&items), Some(1.0));
    // Every key has every class: among the others the own class is rarer.
    let items: Vec<_> = ["x", "y", "x", "y"]
        .into_iter()
        .zip(["a", "a", "b", "b"])
        .collect();
    assert_eq!(recall(&items), Some(0.0));
    // Keys that occur once tell nothing, though each has one class.
    assert_eq!(recall(&[("u", "a"), ("v", "a"), ("w", "b")]), Some(0.0));
    // Class a: 2 of 3 hit; class b: 2 of 2.
    let items = [("x", "a"), ("x", "a"), ("y", "a"), ("y", "b"), ("y", "b")];
    let expected = (2.0 / 3.0 + 0.0) / 2.0;
    assert_eq!(
        recall(&items),
        Some(expected),
        "b: one other b against one a is a tie"
    );
    assert_eq!(recall(&[("x", "a"), ("y", "a")]), None);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    use crate::corpus::layouts::Layout;
    use crate::corpus::manifest::Manifest;

    /// Kinds and messages of the findings on recordings of these names.
    fn found(names: impl IntoIterator<Item = String>) -> Vec<(Kind, String)> {
        let mut layouts = Vec::new();
        let read = |file: String| {
            let layout = Layout::ALL
                .into_iter()
                .find(|l| l.parse(file.as_ref()).is_some());
            let layout = layout.expect("the name follows a layout");
            if !layouts.contains(&layout) {
                layouts.push(layout);
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
                root: PathBuf::new(),
                utterances,
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
        let amounts: Vec<Amount> = sizes(&few).into_iter().flat_map(|f| f.amounts).collect();
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

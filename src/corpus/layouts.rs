//! Layouts: how known corpora put speaker, emotion and sentence into the names of their files.
//!
//! Grammars are those of the corpora's own documentation: RAVDESS (Livingstone & Russo 2018), EmoDB
//! (Burkhardt et al. 2005), EMOVO (Costantini et al. 2014).

use std::fmt;
use std::str::FromStr;

use crate::corpus::manifest::Utterance;
use crate::error::{Error, Result};

/// A way to name recordings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `03-01-05-02-01-02-12`: modality, vocal channel, emotion, intensity, statement, repetition,
    /// actor.
    Ravdess,
    /// `03a01Wb`: speaker, text, emotion, version.
    Emodb,
    /// `rab-f1-b2`: emotion, speaker, sentence.
    Emovo,
    /// A folder per emotion, with the speakers' folders above or below it, or none.
    Folders,
}

impl Layout {
    /// Every layout, in the order in which they are tried.
    pub const ALL: [Layout; 4] = [
        Layout::Ravdess,
        Layout::Emodb,
        Layout::Emovo,
        Layout::Folders,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Layout::Ravdess => "ravdess",
            Layout::Emodb => "emodb",
            Layout::Emovo => "emovo",
            Layout::Folders => "folders",
        }
    }

    /// What a name looks like, for messages.
    pub fn grammar(self) -> &'static str {
        match self {
            Layout::Ravdess => "seven pairs of digits such as 03-01-05-02-01-02-12",
            Layout::Emodb => "speaker, text, emotion, version such as 03a01Wb",
            Layout::Emovo => "emotion, speaker, sentence such as rab-f1-b2",
            Layout::Folders => "a folder for each emotion",
        }
    }

    /// What the name of a file, without folder and extension, says under this layout; `None` where
    /// it does not follow the grammar.
    pub fn parse(self, stem: &str) -> Option<Utterance> {
        match self {
            Layout::Ravdess => ravdess(stem),
            Layout::Emodb => emodb(stem),
            Layout::Emovo => emovo(stem),
            Layout::Folders => None,
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Layout {
    type Err = Error;

    fn from_str(name: &str) -> Result<Layout> {
        Layout::ALL
            .into_iter()
            .find(|layout| layout.name() == name)
            .ok_or_else(|| {
                let known = Layout::ALL.map(Layout::name).join(", ");
                Error::Usage(format!("unknown layout {name:?}; available: auto, {known}"))
            })
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_string())
}

/// RAVDESS, speech and song: modality (01 audio-video, 02 video, 03 audio), vocal channel (01
/// speech, 02 song), emotion, intensity (01 normal, 02 strong), statement, repetition, actor (odd:
/// male).
fn ravdess(stem: &str) -> Option<Utterance> {
    let parts: Vec<&str> = stem.split('-').collect();
    if parts.len() != 7
        || parts
            .iter()
            .any(|p| p.len() != 2 || !p.bytes().all(|b| b.is_ascii_digit()))
    {
        return None;
    }
    let pick = |part: &str, words: &[&'static str]| {
        let index = part.parse::<usize>().ok()?.checked_sub(1)?;
        words.get(index).copied()
    };
    pick(parts[0], &["audio-video", "video", "audio"])?;
    let style = pick(parts[1], &["speech", "song"])?;
    let emotions = [
        "neutral",
        "calm",
        "happy",
        "sad",
        "angry",
        "fearful",
        "disgust",
        "surprised",
    ];
    let emotion = pick(parts[2], &emotions)?;
    let intensity = pick(parts[3], &["normal", "strong"])?;
    let text = pick(
        parts[4],
        &[
            "Kids are talking by the door",
            "Dogs are sitting by the door",
        ],
    )?;
    let take = pick(parts[5], &["1", "2"])?;
    let actor: u32 = parts[6]
        .parse()
        .ok()
        .filter(|actor| (1..=24).contains(actor))?;
    Some(Utterance {
        corpus: some("ravdess"),
        speaker: some(parts[6]),
        emotion: some(emotion),
        label_original: some(emotion),
        intensity: some(intensity),
        sex: some(if actor % 2 == 1 { "male" } else { "female" }),
        text: some(text),
        take: some(take),
        style: some(style),
        language: some("en"),
        ..Utterance::default()
    })
}

/// EmoDB: speaker (two digits), text (a letter and two digits), emotion (the initial of the German
/// word), version (a letter, absent where there is one version).
fn emodb(stem: &str) -> Option<Utterance> {
    let bytes = stem.as_bytes();
    if !stem.is_ascii() || !(6..=7).contains(&bytes.len()) {
        return None;
    }
    let speaker = &stem[..2];
    let sex = match speaker {
        "03" | "10" | "11" | "12" | "15" => "male",
        "08" | "09" | "13" | "14" | "16" => "female",
        _ => return None,
    };
    let text = match &stem[2..5] {
        "a01" => "Der Lappen liegt auf dem Eisschrank.",
        "a02" => "Das will sie am Mittwoch abgeben.",
        "a04" => "Heute abend könnte ich es ihm sagen.",
        "a05" => "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
        "a07" => "In sieben Stunden wird es soweit sein.",
        "b01" => "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
        "b02" => "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
        "b03" => {
            "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht."
        }
        "b09" => "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
        "b10" => "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
        _ => return None,
    };
    let (label, emotion) = match bytes[5] {
        b'W' => ("Wut", "angry"),
        b'L' => ("Langeweile", "bored"),
        b'E' => ("Ekel", "disgust"),
        b'A' => ("Angst", "fearful"),
        b'F' => ("Freude", "happy"),
        b'T' => ("Trauer", "sad"),
        b'N' => ("neutral", "neutral"),
        _ => return None,
    };
    let take = match bytes.get(6) {
        None => None,
        Some(version @ b'a'..=b'z') => some(std::str::from_utf8(&[*version]).ok()?),
        Some(_) => return None,
    };
    Some(Utterance {
        corpus: some("emodb"),
        speaker: some(speaker),
        emotion: some(emotion),
        label_original: some(label),
        sex: some(sex),
        text: some(text),
        take,
        language: some("de"),
        ..Utterance::default()
    })
}

/// EMOVO: emotion (three letters of the Italian word), speaker (sex and number), sentence (its
/// code: the name holds no more).
fn emovo(stem: &str) -> Option<Utterance> {
    let parts: Vec<&str> = stem.split('-').collect();
    let &[label, speaker, sentence] = &parts[..] else {
        return None;
    };
    let (original, emotion) = match label {
        "dis" => ("disgusto", "disgust"),
        "gio" => ("gioia", "happy"),
        "neu" => ("neutrale", "neutral"),
        "pau" => ("paura", "fearful"),
        "rab" => ("rabbia", "angry"),
        "sor" => ("sorpresa", "surprised"),
        "tri" => ("tristezza", "sad"),
        _ => return None,
    };
    let sex = match speaker {
        "f1" | "f2" | "f3" => "female",
        "m1" | "m2" | "m3" => "male",
        _ => return None,
    };
    let known = matches!(
        sentence.as_bytes(),
        [b'b' | b'l' | b'n' | b'd', b'1'..=b'9']
    );
    known.then(|| Utterance {
        corpus: some("emovo"),
        speaker: some(speaker),
        emotion: some(emotion),
        label_original: some(original),
        sex: some(sex),
        text: some(sentence),
        language: some("it"),
        ..Utterance::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ravdess_names_are_read() {
        let song = Layout::Ravdess.parse("03-02-06-02-02-01-24").unwrap();
        let fields = song.fields().map(|f| f.unwrap_or(""));
        let expected = [
            "ravdess",
            "24",
            "fearful",
            "fearful",
            "strong",
            "female",
            "Dogs are sitting by the door",
            "1",
            "song",
            "en",
        ];
        assert_eq!(fields, expected);
        for wrong in [
            "03-01-09-01-01-01-01",
            "03-01-01-01-01-01",
            "03-01-01-01-01-01-25",
            "3-01-01-01-01-01-01",
            "00-01-01-01-01-01-01",
        ] {
            assert_eq!(Layout::Ravdess.parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn emodb_names_are_read() {
        let fields = Layout::Emodb
            .parse("16b10Lb")
            .unwrap()
            .fields()
            .map(|f| f.unwrap_or("").to_string());
        assert_eq!(
            fields[..6],
            ["emodb", "16", "bored", "Langeweile", "", "female"]
        );
        assert_eq!(Layout::Emodb.parse("03a01N").unwrap().take, None);
        for wrong in ["03a01X", "03a03Wa", "04a01Wa", "03a01WA", "03a01Wab"] {
            assert_eq!(Layout::Emodb.parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn emovo_names_are_read() {
        let fields = Layout::Emovo
            .parse("gio-m2-n5")
            .unwrap()
            .fields()
            .map(|f| f.unwrap_or("").to_string());
        assert_eq!(
            fields[..7],
            ["emovo", "m2", "happy", "gioia", "", "male", "n5"]
        );
        for wrong in ["gio-m4-n5", "joy-m1-n5", "gio-m1", "gio-m1-x5", "gio-m1-b0"] {
            assert_eq!(Layout::Emovo.parse(wrong), None, "{wrong}");
        }
    }
}

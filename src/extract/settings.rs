//! What determines the values of a table besides the recordings, and how it stands in the metadata.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::audio::{
    Augmentation, Channel, Gain, MAX_DURATION_S, MOST_IN_MEMORY, MemoryLimit, Pauses, Rate,
    ReadOptions, Segmentation, Turns,
};
use crate::catalogue::{self, FeatureSet, Lld};
use crate::corpus::Manifest;
use crate::error::{Error, Result};
use crate::job::UNSAID;
use crate::table::{FEATURES_KEY, view_key};

/// What is computed for each recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// One row per recording: statistics of the descriptors.
    Functionals,
    /// One row per frame: the descriptors themselves.
    Lld,
    /// One row per frame: how they change from frame to frame, for sets that have a table of these.
    Deltas,
}

impl Level {
    /// Whether there is a row for each frame.
    pub fn is_of_frames(self) -> bool {
        self != Level::Functionals
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Functionals => "functionals",
            Level::Lld => "lld",
            Level::Deltas => "deltas",
        })
    }
}

impl FromStr for Level {
    type Err = Error;

    fn from_str(text: &str) -> Result<Level> {
        match text {
            "functionals" => Ok(Level::Functionals),
            "lld" => Ok(Level::Lld),
            "deltas" => Ok(Level::Deltas),
            _ => Err(Error::Usage(format!(
                "unknown level {text:?}; available: functionals, lld, deltas"
            ))),
        }
    }
}

/// What one recording may cost. Beyond that it fails; limits determine no values, and stand in no metadata.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// How long it may be, in seconds.
    pub max_duration_s: f64,
    /// The memory that it may take while it is computed, in MB, as estimated from its length.
    pub max_memory_mb: f64,
    /// See [`ReadOptions::most_in_memory`].
    pub most_in_memory: usize,
    /// The features of all its windows are in memory at once.
    pub keeps_features: bool,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_duration_s: MAX_DURATION_S,
            max_memory_mb: 1000.0,
            most_in_memory: MOST_IN_MEMORY,
            keeps_features: false,
        }
    }
}

impl Limits {
    /// Whatever it costs.
    pub const NONE: Limits = Limits {
        max_duration_s: f64::INFINITY,
        max_memory_mb: f64::INFINITY,
        most_in_memory: MOST_IN_MEMORY,
        keeps_features: false,
    };

    /// The limits that a user asks for by `--max-duration` and `--max-memory`; those of the defaults where
    /// they do not.
    pub fn from_flags(max_duration_s: Option<f64>, max_memory_mb: Option<f64>) -> Result<Limits> {
        let default = Limits::default();
        let positive = |name: &str, value: Option<f64>, default: f64, unit: &str| match value {
            Some(value) if value.is_nan() || value <= 0.0 => Err(Error::Usage(format!(
                "{name} {value}: expected more than 0 ({unit})"
            ))),
            value => Ok(value.unwrap_or(default)),
        };
        Ok(Limits {
            max_duration_s: positive(
                "max-duration",
                max_duration_s,
                default.max_duration_s,
                "seconds",
            )?,
            max_memory_mb: positive("max-memory", max_memory_mb, default.max_memory_mb, "MB")?,
            ..default
        })
    }
}

/// What computing takes for each sample that is computed on at once, in bytes: measured on the set of the
/// largest appetite, `rich`, at 16 kHz, with a fifth to spare.
const BYTES_PER_SAMPLE: f64 = 14.0;
/// What each of openSMILE's larger sets takes more, where it is computed beside others: its contours, smoothed and not, and their
/// deltas.
const MORE_BYTES_PER_SAMPLE: f64 = 7.0;
/// Copies of a row's numbers on their way into a table or a model.
const COPIES_OF_ROWS: f64 = 5.0;
/// From the beginning of a turn to that of the next there are seldom fewer seconds in the mean.
const FROM_TURN_TO_TURN_S: f64 = 3.0;
/// Frames a second.
const FRAMES_PER_S: f64 = 100.0;

/// Everything that determines the values of a table besides the recordings, and what a recording may cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Feature sets, in the order of their columns.
    pub sets: Vec<FeatureSet>,
    /// Rows per recording or per frame.
    pub level: Level,
    /// Sample rate at which features are computed.
    pub rate: Rate,
    /// Which channel, where a line of the manifest names none.
    pub channel: Channel,
    /// Keep what decodes of files that break off.
    pub accept_truncated: bool,
    /// Leave out the silence before and after the sound.
    pub trim: bool,
    /// The level that recordings are brought to.
    pub gain: Gain,
    /// What of a recording a row describes.
    pub segmentation: Segmentation,
    /// What becomes of pauses in recordings that are taken whole.
    pub pauses: Pauses,
    /// Copies that have rows of their own, besides those that a manifest lists. They stand in no metadata: each row says which
    /// copy it is of.
    pub copies: Vec<Augmentation>,
    /// Recordings longer than this, in seconds, are recognised turn by turn where they are to be taken whole; where features
    /// are extracted, none is. It stands in no metadata.
    pub turns_beyond_s: Option<f64>,
    /// What a recording may cost, which determines no value.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            sets: FeatureSet::DEFAULT.to_vec(),
            level: Level::Functionals,
            rate: Rate::Hz(16_000),
            channel: Channel::Mean,
            accept_truncated: false,
            trim: false,
            gain: Gain::None,
            segmentation: Segmentation::Whole,
            pauses: Pauses::Keep,
            copies: Vec::new(),
            turns_beyond_s: None,
            limits: Limits::default(),
        }
    }
}

/// Stands in the metadata for what is not set.
const NONE: &str = "none";

impl Settings {
    /// The settings as a table's metadata.
    pub fn to_metadata(&self) -> BTreeMap<String, String> {
        let seconds = |value: Option<f64>| value.map_or(NONE.into(), |s| s.to_string());
        let window = self.segmentation.window();
        let turns = match self.segmentation {
            Segmentation::Speech(turns) => Some(("segment", turns.to_string())),
            _ => None,
        };
        let pairs = [
            ("sets", catalogue::versioned(&self.sets)),
            ("level", self.level.to_string()),
            ("rate", self.rate.to_string()),
            ("channel", self.channel.to_string()),
            ("accept_truncated", self.accept_truncated.to_string()),
            ("trim", self.trim.to_string()),
            ("gain", self.gain.to_string()),
            ("window", seconds(window.map(|w| w.width_s))),
            ("hop", seconds(window.map(|w| w.hop_s))),
        ];
        let is_cut = self.pauses == Pauses::Cut && self.segmentation == Segmentation::Whole;
        let cut = is_cut.then(|| ("pauses", self.pauses.to_string()));
        // Nothing where there are none, as in tables from before there were any.
        let pairs = pairs.into_iter().chain(turns).chain(cut);
        pairs
            .map(|(key, value)| (format!("sentire.{key}"), value))
            .collect()
    }

    /// What kept rows must agree with to be used again: the settings, also such as stand in no metadata because they are usual, and
    /// which features they name, as a set may have gained some.
    pub fn made_with(&self) -> BTreeMap<String, String> {
        let mut made_with = self.to_metadata();
        for (key, usual) in UNSAID {
            made_with.entry(key.into()).or_insert(usual.into());
        }
        made_with.insert(FEATURES_KEY.into(), listed(&self.feature_names()));
        made_with
    }

    /// The settings that stand in a table's or a model's metadata. Refuses features of another version than
    /// this program's, naming both.
    pub fn from_metadata(metadata: &BTreeMap<String, String>) -> Result<Settings> {
        let get = |key: &str| {
            metadata.get(&format!("sentire.{key}")).map(String::as_str).ok_or_else(|| {
                Error::Data(format!("has no metadata `sentire.{key}`; expected a table written by `sentire extract`"))
            })
        };
        let seconds = |key: &str| match get(key)? {
            NONE => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                Error::Data(format!("has {key} {text:?}; expected seconds or `{NONE}`"))
            }),
        };
        // First: of features that were imported there is nothing else to say.
        let sets = catalogue::of_this_version(get("sets")?)?;
        let windows = Segmentation::from_flags(seconds("window")?, seconds("hop")?)?;
        let turns = metadata.get("sentire.segment");
        let turns = turns.map(|text| text.parse::<Turns>()).transpose()?;
        Ok(Settings {
            sets,
            level: get("level")?.parse()?,
            rate: get("rate")?.parse()?,
            channel: {
                let text = get("channel")?;
                text.parse().map_err(|_| {
                    Error::Data(format!(
                        "has channel {text:?}; expected a number, counted from 0, `mean` or `each`"
                    ))
                })?
            },
            accept_truncated: get("accept_truncated")? == "true",
            trim: get("trim")? == "true",
            gain: get("gain")?.parse()?,
            segmentation: turns.map_or(windows, |turns| windows.within(turns)),
            pauses: match metadata.get("sentire.pauses") {
                Some(text) => text.parse()?,
                None => Pauses::Keep,
            },
            copies: Vec::new(),
            turns_beyond_s: None,
            limits: Limits::default(),
        })
    }

    /// The metadata of a table of features that are computed under these settings: the settings,
    /// this program's version, and which columns are features.
    pub fn table_metadata(&self) -> BTreeMap<String, String> {
        let mut metadata = self.to_metadata();
        metadata.insert(FEATURES_KEY.into(), listed(&self.feature_names()));
        metadata.insert("sentire.version".into(), env!("CARGO_PKG_VERSION").into());
        for (view, numbers) in self.views() {
            metadata.insert(view_key(view), listed(&numbers));
        }
        metadata
    }

    /// How to read a recording, or a segment of it, under these settings.
    pub fn read_options(&self, start: Option<f64>, end: Option<f64>) -> ReadOptions {
        ReadOptions {
            rate: self.rate,
            channel: match self.channel {
                Channel::One(channel) => Some(channel),
                Channel::Mean | Channel::Each => None,
            },
            each_channel: self.channel == Channel::Each,
            accept_truncated: self.accept_truncated,
            segment: (start.unwrap_or(0.0), end),
            augment: None,
            trim: self.trim,
            gain: self.gain,
            segmentation: self.segmentation,
            pauses: self.pauses,
            turns_beyond_s: self.turns_beyond_s,
            max_duration_s: Some(self.limits.max_duration_s),
            max_memory: Some(self.memory_limit()),
            most_in_memory: self.limits.most_in_memory,
        }
    }

    /// The lines of a manifest: where each channel is taken, a line for each, and for each copy.
    pub fn lines_of(&self, manifest: Manifest) -> Manifest {
        let manifest = match self.channel {
            Channel::Each => manifest.with_each_channel(),
            Channel::Mean | Channel::One(_) => manifest,
        };
        manifest.with_copies(&self.copies)
    }

    /// Whether a table can be made so.
    pub fn check(&self) -> Result<()> {
        let is_cut = self.segmentation != Segmentation::Whole || self.level.is_of_frames();
        if self.pauses == Pauses::Cut && is_cut {
            return Err(Error::Usage(
                "--pauses cut is for recordings taken whole, a row each; leave out --window, --segment and --level".into(),
            ));
        }
        catalogue::check_together(&self.sets)?;
        let level = self.level;
        if !level.is_of_frames() {
            return Ok(());
        }
        if level == Level::Deltas && !self.sets.iter().any(|set| set.has_deltas()) {
            let have = catalogue::computed().filter(|set| set.has_deltas());
            let have: Vec<&str> = have.map(FeatureSet::name).collect();
            return Err(Error::Usage(format!(
                "--level deltas is for openSMILE's sets that have deltas of their own; name one of {} with --features",
                have.join(", ")
            )));
        }
        if self.sets.len() > 1 {
            return Err(Error::Usage(format!(
                "--level {level} writes one feature set to a file; name one with --features"
            )));
        }
        if self.segmentation != Segmentation::Whole {
            return Err(Error::Usage(format!(
                "--level {level} writes a row per frame, --window a row per window and --segment one per turn; choose one"
            )));
        }
        Ok(())
    }

    fn memory_limit(&self) -> MemoryLimit {
        let rows_per_s = match (self.level, self.segmentation.window()) {
            (Level::Lld | Level::Deltas, _) => FRAMES_PER_S,
            (Level::Functionals, Some(window)) if self.limits.keeps_features => 1.0 / window.hop_s,
            (Level::Functionals, None) if self.limits.keeps_features => match self.segmentation {
                Segmentation::Speech(_) => 1.0 / FROM_TURN_TO_TURN_S,
                _ if self.turns_beyond_s.is_some() => 1.0 / FROM_TURN_TO_TURN_S,
                _ => 0.0,
            },
            (Level::Functionals, _) => 0.0,
        };
        let bytes_per_row = || {
            let row = size_of::<f32>() * self.feature_names().len();
            COPIES_OF_ROWS * row as f64
        };
        let beside = match self.sets.len() {
            1 => 0,
            _ => self.sets.iter().filter(|set| set.has_deltas()).count(),
        };
        MemoryLimit {
            most_mb: self.limits.max_memory_mb,
            per_sample: BYTES_PER_SAMPLE + beside as f64 * MORE_BYTES_PER_SAMPLE,
            per_second: match rows_per_s {
                0.0 => 0.0,
                rows => rows * bytes_per_row(),
            },
        }
    }

    /// Names of the numbers of each set whose table keeps them in one column of lists.
    pub fn views(&self) -> Vec<(&'static str, Vec<String>)> {
        let names = |set: &FeatureSet| set.names().collect();
        let views = self
            .sets
            .iter()
            .filter(|set| set.is_list() && self.level == Level::Functionals);
        views.map(|set| (set.name(), names(set))).collect()
    }

    /// Names of the columns that are computed.
    pub fn feature_names(&self) -> Vec<String> {
        // Contours are those of one set; the others of the default are made of them.
        let of_frames = |llds: fn(FeatureSet) -> Vec<Lld>| {
            let first = self.sets.first().into_iter();
            let llds = first.flat_map(|&set| llds(set));
            llds.map(|lld| lld.name).collect()
        };
        match self.level {
            Level::Functionals => catalogue::names_of(&self.sets),
            Level::Lld => of_frames(FeatureSet::llds),
            Level::Deltas => of_frames(FeatureSet::deltas),
        }
    }
}

fn listed(names: &[String]) -> String {
    serde_json::to_string(names).expect("names are plain strings")
}

#[test]
fn settings_come_back_from_their_metadata() {
    let settings = Settings {
        rate: Rate::Native,
        channel: Channel::One(1),
        trim: true,
        gain: Gain::Rms,
        segmentation: Segmentation::from_flags(Some(2.5), Some(1.0 / 3.0)).unwrap(),
        ..Settings::default()
    };
    let cut = Settings {
        pauses: Pauses::Cut,
        ..Settings::default()
    };
    for settings in [settings, cut, Settings::default()] {
        assert_eq!(
            Settings::from_metadata(&settings.to_metadata()).unwrap(),
            settings
        );
    }
}

#[test]
fn turns_come_back_from_their_metadata() {
    let turns = Turns {
        gap_s: 1.25,
        ..Turns::default()
    };
    for window in [None, Some(2.0)] {
        let windows = Segmentation::from_flags(window, None).unwrap();
        let settings = Settings {
            segmentation: windows.within(turns),
            ..Settings::default()
        };
        assert_eq!(
            Settings::from_metadata(&settings.to_metadata()).unwrap(),
            settings
        );
    }
}

#[test]
fn what_is_no_channel_is_refused() {
    let mut metadata = Settings::default().to_metadata();
    metadata.insert("sentire.channel".into(), "left".into());
    let refused = Settings::from_metadata(&metadata).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "has channel \"left\"; expected a number, counted from 0, `mean` or `each`"
    );
}

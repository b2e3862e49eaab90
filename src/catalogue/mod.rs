//! What can be computed, as data: feature sets, their descriptors and their columns. Nothing is computed here. Whatever
//! else needs a fact about a feature (feature groups, reasons, descriptions, exports, reports) reads it here.
//!
//! A set is one file and one line of [`SETS`]; a descriptor of a set is one entry of its file.

pub mod aubio;
pub mod compare;
pub mod covariance;
pub mod egemaps;
pub mod emobase;
mod family;
pub mod gemaps;
pub mod is09;
pub mod kernels;
mod older_gemaps;
mod opensmile;
pub mod rich;
pub mod statistics;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::{LazyLock, OnceLock};

use serde::Serialize;

pub use family::Family;
pub use statistics::{Plain, Statistic, StatisticGroup, Unit};

use crate::error::{Error, Result};

/// A named feature set: a row of [`SETS`].
///
/// ```
/// use sentire::prelude::*;
///
/// let set: FeatureSet = "egemaps".parse()?;
/// assert_eq!(set, FeatureSet::EGEMAPS);
/// assert_eq!((set.llds().len(), set.columns().len()), (25, 88));
/// assert!(set.names().any(|name| name == "jitterLocal_sma3nz_amean"));
/// assert!(!set.is_list(), "a table has a column for each of them");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct FeatureSet(&'static SetInfo);

/// What a feature set is.
pub struct SetInfo {
    /// Its name on the command line and in metadata.
    pub name: &'static str,
    /// It rises when a value of a column changes for the same audio. A table or model that uses another version of the set
    /// is refused.
    pub version: u32,
    /// What it is, in half a line.
    pub help: &'static str,
    /// How tables keep its features.
    pub storage: Storage,
    /// Whose names it bears, where other sets bear them, too.
    pub edition: Option<Edition>,
    /// The descriptors, in the order of their columns in a table of contours.
    pub llds: fn() -> Vec<Lld>,
    /// Their changes from frame to frame, in the order of their columns, for a set that has a table of these.
    pub deltas: Option<fn() -> Vec<Lld>>,
    /// The features, in the order of their columns.
    pub columns: fn(FeatureSet) -> Vec<Column>,
    /// The statistics that make up the features, grouped by what they are taken over.
    pub statistics: fn() -> Vec<StatisticGroup>,
    /// A full description of each descriptor and feature, for sets that have one.
    pub dictionary: Option<fn() -> Dictionary>,
}

/// Which edition of a feature set of somebody else's a set is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edition {
    /// The set whose editions share names.
    pub of: &'static str,
    /// Those that name the same here have equal values under equal names; others do not, and are not computed into one table.
    pub values: &'static str,
}

impl Edition {
    /// Whether `other` has other values under the same names.
    fn differs_from(self, other: Edition) -> bool {
        self.of == other.of && self.values != other.values
    }
}

/// How a table keeps the features of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// A column each.
    Flat,
    /// One column of lists: there are many, and none means much on its own.
    List,
}

/// Every set. Sets that this program was built without are included, because tables may have them.
pub static SETS: &[FeatureSet] = &[
    FeatureSet::RICH,
    FeatureSet::COVARIANCE,
    FeatureSet::SPECTRAL_KERNELS,
    FeatureSet::PROSODIC_KERNELS,
    FeatureSet::EGEMAPS,
    FeatureSet::COMPARE,
    FeatureSet::EMOBASE,
    FeatureSet::IS09,
    FeatureSet::GEMAPS,
    FeatureSet::EGEMAPS_V01B,
    FeatureSet::GEMAPS_V01A,
    FeatureSet::EGEMAPS_V01A,
    FeatureSet::AUBIO,
];

/// Other names by which sets may be asked for: what they are called in the field. Tables, models and reports keep the
/// first.
/// Case does not matter.
pub static ALIASES: &[(&str, FeatureSet)] = &[
    ("log-correlation", FeatureSet::COVARIANCE),
    ("eGeMAPSv02", FeatureSet::EGEMAPS),
    ("GeMAPSv01b", FeatureSet::GEMAPS),
    ("GeMAPSv01a", FeatureSet::GEMAPS_V01A),
    ("eGeMAPSv01a", FeatureSet::EGEMAPS_V01A),
    ("eGeMAPSv01b", FeatureSet::EGEMAPS_V01B),
    ("ComParE_2016", FeatureSet::COMPARE),
    ("IS09_emotion", FeatureSet::IS09),
];

impl FeatureSet {
    /// 95 descriptors and their deltas, times statistics.
    pub const RICH: FeatureSet = FeatureSet(&rich::INFO);
    /// Log-correlation: how descriptors of `rich` vary together. Its name in tables is `covariance`.
    pub const COVARIANCE: FeatureSet = FeatureSet(&covariance::INFO);
    /// Shapes of the contours of mel bands, and of pitch.
    pub const SPECTRAL_KERNELS: FeatureSet = FeatureSet(&kernels::SPECTRAL_INFO);
    /// The same of level, pitch and voicing.
    pub const PROSODIC_KERNELS: FeatureSet = FeatureSet(&kernels::PROSODIC_INFO);
    /// GeMAPSv01b as openSMILE computes it.
    pub const GEMAPS: FeatureSet = FeatureSet(&older_gemaps::GEMAPS_INFO);
    /// GeMAPSv01a as openSMILE computes it.
    pub const GEMAPS_V01A: FeatureSet = FeatureSet(&older_gemaps::GEMAPS_V01A_INFO);
    /// eGeMAPSv01a as openSMILE computes it.
    pub const EGEMAPS_V01A: FeatureSet = FeatureSet(&older_gemaps::EGEMAPS_V01A_INFO);
    /// eGeMAPSv01b as openSMILE computes it.
    pub const EGEMAPS_V01B: FeatureSet = FeatureSet(&older_gemaps::EGEMAPS_V01B_INFO);
    /// eGeMAPSv02 as openSMILE computes it.
    pub const EGEMAPS: FeatureSet = FeatureSet(&egemaps::INFO);
    /// ComParE_2016 as openSMILE computes it.
    pub const COMPARE: FeatureSet = FeatureSet(&compare::INFO);
    /// emobase as openSMILE computes it.
    pub const EMOBASE: FeatureSet = FeatureSet(&emobase::INFO);
    /// The features of the Interspeech 2009 emotion challenge as openSMILE computes them.
    pub const IS09: FeatureSet = FeatureSet(&is09::INFO);
    /// Pitch, onsets and spectral descriptors by aubio, times statistics.
    pub const AUBIO: FeatureSet = FeatureSet(&aubio::INFO);

    /// What `default` stands for.
    pub const DEFAULT: [FeatureSet; 4] = [
        FeatureSet::RICH,
        FeatureSet::COVARIANCE,
        FeatureSet::SPECTRAL_KERNELS,
        FeatureSet::PROSODIC_KERNELS,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// What the field calls it, where that is not its [name](FeatureSet::name).
    pub fn alias(self) -> Option<&'static str> {
        let alias = ALIASES.iter().find(|(_, set)| *set == self);
        alias.map(|(alias, _)| *alias)
    }

    /// Its name for people: `covariance (log-correlation)`, or `rich`.
    pub fn full_name(self) -> String {
        match self.alias() {
            Some(alias) => format!("{} ({alias})", self.name()),
            None => self.name().to_string(),
        }
    }

    /// See [`SetInfo::version`].
    pub fn version(self) -> u32 {
        self.0.version
    }

    /// See [`SetInfo::help`].
    pub fn help(self) -> &'static str {
        self.0.help
    }

    /// Whether a table keeps its features in one column of lists.
    pub fn is_list(self) -> bool {
        self.0.storage == Storage::List
    }

    /// The descriptors of the set, in the order of their columns in a table of contours.
    pub fn llds(self) -> Vec<Lld> {
        (self.0.llds)()
    }

    /// The changes of its descriptors from frame to frame, in the order of their columns in a table of these; none for a set
    /// that has no such table.
    pub fn deltas(self) -> Vec<Lld> {
        self.0.deltas.map_or(Vec::new(), |deltas| deltas())
    }

    /// Whether it has [such a table](FeatureSet::deltas).
    pub fn has_deltas(self) -> bool {
        self.0.deltas.is_some()
    }

    /// The features of the set, in the order of their columns.
    pub fn columns(self) -> &'static [Column] {
        static COLUMNS: LazyLock<Vec<OnceLock<Vec<Column>>>> =
            LazyLock::new(|| SETS.iter().map(|_| Default::default()).collect());
        COLUMNS[self.place()].get_or_init(|| (self.0.columns)(self))
    }

    /// Its feature named `name`.
    pub fn column(self, name: &str) -> Option<&'static Column> {
        static PLACES: LazyLock<Vec<OnceLock<HashMap<&str, &Column>>>> =
            LazyLock::new(|| SETS.iter().map(|_| Default::default()).collect());
        let places = PLACES[self.place()].get_or_init(|| {
            let columns = self.columns().iter();
            columns.map(|column| (&*column.name, column)).collect()
        });
        places.get(name).copied()
    }

    /// Its number in [`SETS`].
    fn place(self) -> usize {
        let place = SETS.iter().position(|&set| set == self);
        place.expect("every set is one of SETS")
    }

    /// Whether `other` is an edition of the same set with other values.
    fn differs_from(self, other: FeatureSet) -> bool {
        let editions = self.0.edition.zip(other.0.edition);
        editions.is_some_and(|(edition, other)| edition.differs_from(other))
    }

    /// Whether `other` is another edition whose values under equal names are equal.
    fn agrees_with(self, other: FeatureSet) -> bool {
        self != other && self.0.edition.is_some() && self.0.edition == other.0.edition
    }

    /// The names of its features.
    pub fn names(self) -> impl Iterator<Item = String> {
        self.columns().iter().map(|column| column.name.clone())
    }

    /// The statistics that make up the features, grouped by what they are taken over. Empty for a set whose
    /// [`dictionary`](FeatureSet::dictionary) describes each feature.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let groups = FeatureSet::RICH.statistics();
    /// let contour = groups.iter().find(|group| group.name == "contour").expect("statistics of contours");
    /// assert!(contour.statistics.iter().any(|statistic| statistic.name == "mean"));
    /// ```
    pub fn statistics(self) -> Vec<StatisticGroup> {
        (self.0.statistics)()
    }

    /// The set's dictionary, where it has one.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let dictionary = FeatureSet::EGEMAPS.dictionary().expect("egemaps has one");
    /// let jitter = dictionary.features.iter().find(|f| f.name == "jitterLocal_sma3nz_amean");
    /// assert_eq!(jitter.expect("one of the 88").unit, "1");
    /// assert!(FeatureSet::RICH.dictionary().is_none());
    /// ```
    pub fn dictionary(self) -> Option<Dictionary> {
        self.0.dictionary.map(|dictionary| dictionary())
    }

    /// Parses `NAME[,NAME]`, where `default` stands for [`DEFAULT`](FeatureSet::DEFAULT). Sets that are named twice
    /// count once; an unknown name is an error that lists the known ones.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// assert_eq!(FeatureSet::parse_list("default")?, FeatureSet::DEFAULT);
    /// let two = FeatureSet::parse_list("rich,egemaps")?;
    /// assert_eq!(two, [FeatureSet::RICH, FeatureSet::EGEMAPS]);
    /// assert!(FeatureSet::parse_list("richer").is_err());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn parse_list(text: &str) -> Result<Vec<FeatureSet>> {
        let mut sets = Vec::new();
        for name in text.split(',').map(str::trim) {
            let named = match name.eq_ignore_ascii_case("default") {
                true => FeatureSet::DEFAULT.to_vec(),
                false => vec![name.parse()?],
            };
            let new: Vec<FeatureSet> = named
                .into_iter()
                .filter(|set| !sets.contains(set))
                .collect();
            sets.extend(new);
        }
        Ok(sets)
    }
}

/// Whether `sets` can be computed into one table: editions of one set whose values differ cannot.
///
/// ```
/// use sentire::prelude::*;
///
/// assert!(catalogue::check_together(&[FeatureSet::EGEMAPS, FeatureSet::COMPARE]).is_ok());
/// ```
pub fn check_together(sets: &[FeatureSet]) -> Result<()> {
    for (place, set) in sets.iter().enumerate() {
        let mut before = sets[..place].iter();
        if let Some(other) = before.find(|other| set.differs_from(**other)) {
            return Err(Error::Usage(format!(
                "{other} and {set} have features of one name with different values; ask for one of them at a time"
            )));
        }
    }
    Ok(())
}

/// The names under which a table has the features of `sets`: those of each set, set after set, but for those that it
/// [repeats](repeated). Where two have other values under one name, that of the later of [`SETS`] has the name of its set before
/// it: `emobase_pcm_zcr_sma_range`.
///
/// ```
/// use sentire::prelude::*;
///
/// let names = catalogue::names_of(&[FeatureSet::EGEMAPS]);
/// assert!(names.into_iter().eq(FeatureSet::EGEMAPS.names()));
/// ```
pub fn names_of(sets: &[FeatureSet]) -> Vec<String> {
    let name = |column: &Column| {
        let has_it = |other: &&FeatureSet| other.column(&column.name).is_some();
        let mut others = sets.iter().filter(|other| !other.agrees_with(column.set));
        match others.any(|other| other.place() < column.set.place() && has_it(&other)) {
            true => column.name_beside_others(),
            false => column.name.clone(),
        }
    };
    let columns = sets.iter().flat_map(|set| set.columns());
    let mut names: Vec<String> = columns.map(name).collect();
    for number in repeated(sets).into_iter().rev() {
        names.remove(number);
    }
    names
}

/// The columns of `sets`, set after set, that an earlier one of them has with the same value: their numbers, ascending.
pub fn repeated(sets: &[FeatureSet]) -> Vec<usize> {
    let mut repeated = Vec::new();
    for (place, set) in sets.iter().enumerate() {
        let agreeing: Vec<_> = sets[..place]
            .iter()
            .filter(|other| other.agrees_with(*set))
            .collect();
        if agreeing.is_empty() {
            continue;
        }
        let before: usize = sets[..place].iter().map(|set| set.columns().len()).sum();
        let is_there = |column: &Column| {
            agreeing
                .iter()
                .any(|other| other.column(&column.name).is_some())
        };
        let columns = set.columns().iter().enumerate();
        repeated.extend(
            columns
                .filter(|(_, column)| is_there(column))
                .map(|(k, _)| before + k),
        );
    }
    repeated
}

/// The feature that a table of `sets` has under `name`.
///
/// ```
/// use sentire::prelude::*;
///
/// let of = |sets: &[FeatureSet], name: &str| catalogue::column_of(sets, name).map(|column| column.set);
/// let (compare, emobase) = (FeatureSet::COMPARE, FeatureSet::EMOBASE);
/// assert_eq!(of(&[emobase], "pcm_zcr_sma_range"), Some(emobase));
/// assert_eq!(of(&[emobase, compare], "pcm_zcr_sma_range"), Some(compare));
/// assert_eq!(of(&[emobase, compare], "emobase_pcm_zcr_sma_range"), Some(emobase));
/// ```
pub fn column_of(sets: &[FeatureSet], name: &str) -> Option<&'static Column> {
    let in_order = SETS.iter().filter(|set| sets.contains(set));
    let mut found = in_order.filter_map(|set| set.column(name));
    found.next().or_else(|| column(name))
}

/// The sets whose features have the names of those of `set`, but other values: of a table that lost its metadata nobody can tell
/// which it has.
pub fn look_alikes(set: FeatureSet) -> impl Iterator<Item = FeatureSet> {
    let others = SETS.iter().copied();
    others.filter(move |other| set.differs_from(*other) && other.names().eq(set.names()))
}

/// The sets that this program computes.
///
/// ```
/// use sentire::prelude::*;
///
/// assert!(catalogue::computed().any(|set| set == FeatureSet::RICH));
/// ```
pub fn computed() -> impl Iterator<Item = FeatureSet> + Clone {
    let sets = SETS.iter().copied();
    sets.filter(|&set| cfg!(feature = "aubio") || set != FeatureSet::AUBIO)
}

/// The key under which metadata of tables and models name sets with their versions: `rich@2,covariance@2`.
pub const SETS_KEY: &str = "sentire.sets";

/// `sets` with their versions, as metadata write them: `rich@2,covariance@2`.
///
/// ```
/// use sentire::prelude::*;
///
/// let versioned = catalogue::versioned(&[FeatureSet::RICH]);
/// assert_eq!(versioned, format!("rich@{}", FeatureSet::RICH.version()));
/// ```
pub fn versioned(sets: &[FeatureSet]) -> String {
    let versioned = |set: &FeatureSet| format!("{}@{}", set.name(), set.version());
    sets.iter().map(versioned).collect::<Vec<_>>().join(",")
}

/// How metadata name features of another program, which are called `name`.
pub fn imported(name: &str) -> String {
    format!("{name}@{IMPORTED}")
}

/// Stands in place of a version where features are another program's.
const IMPORTED: &str = "imported";

/// The sets that metadata name. A set in another version than this program computes is an error that names both
/// versions.
///
/// ```
/// use sentire::prelude::*;
///
/// let sets = [FeatureSet::RICH, FeatureSet::EGEMAPS];
/// assert_eq!(catalogue::of_this_version(&catalogue::versioned(&sets))?, sets);
/// assert!(catalogue::of_this_version("rich@0").is_err());
/// # Ok::<(), Error>(())
/// ```
pub fn of_this_version(versioned: &str) -> Result<Vec<FeatureSet>> {
    let set = |versioned: &str| {
        let (name, version) = versioned.split_once('@').unwrap_or((versioned, "unknown"));
        let (name, version) = (name.trim(), version.trim());
        if version == IMPORTED {
            return Err(Error::Data(format!(
                "has features `{name}` of another program (sentire import), which are not computed from sound here; train, evaluate, split and \
                 export take them, predict, score, serve and verify want features by `sentire extract`"
            )));
        }
        let set: FeatureSet = name.parse()?;
        if version != set.version().to_string() {
            return Err(Error::Data(format!(
                "has features of the set {set} of version {version}, this sentire computes version {}; extract and train again",
                set.version()
            )));
        }
        Ok(set)
    };
    let mut sets: Vec<FeatureSet> = Vec::new();
    for versioned in versioned.split(',') {
        let set = set(versioned)?;
        if !sets.contains(&set) {
            sets.push(set);
        }
    }
    Ok(sets)
}

/// Rewrites metadata of an older form, in which all sets had one version in common, to the present one.
///
/// ```
/// use sentire::prelude::*;
///
/// let mut metadata = [("sentire.features_version", "1"), ("sentire.sets", "rich,egemaps")]
///     .map(|(key, value)| (key.to_string(), value.to_string()))
///     .into();
/// catalogue::brought_up_to_date(&mut metadata);
/// assert_eq!(metadata["sentire.sets"], "rich@1,egemaps@1");
/// ```
pub fn brought_up_to_date(metadata: &mut BTreeMap<String, String>) {
    let Some(version) = metadata.remove("sentire.features_version") else {
        return;
    };
    if let Some(sets) = metadata.get_mut(SETS_KEY) {
        let versioned = sets
            .split(',')
            .map(str::trim)
            .map(|set| match set.contains('@') {
                true => set.to_string(),
                false => format!("{set}@{version}"),
            });
        *sets = versioned.collect::<Vec<_>>().join(",");
    }
}

impl fmt::Debug for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for FeatureSet {
    fn eq(&self, other: &FeatureSet) -> bool {
        self.name() == other.name()
    }
}

impl Eq for FeatureSet {}

impl Hash for FeatureSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl FromStr for FeatureSet {
    type Err = Error;

    fn from_str(name: &str) -> Result<FeatureSet> {
        let is_alias = |set: &FeatureSet| {
            let mut aliases = ALIASES.iter().filter(|(_, of)| of == set);
            aliases.any(|(alias, _)| alias.eq_ignore_ascii_case(name))
        };
        let is_named = |set: &FeatureSet| set.name().eq_ignore_ascii_case(name) || is_alias(set);
        let named = computed().find(is_named);
        named.ok_or_else(|| {
            let known: Vec<&str> = computed().map(FeatureSet::name).collect();
            let missing = if name.eq_ignore_ascii_case(FeatureSet::AUBIO.name()) {
                "; this program was built without it (cargo feature `aubio`)"
            } else {
                ""
            };
            Error::Usage(format!(
                "unknown feature set {name:?}{missing}; available: {}, default",
                known.join(", ")
            ))
        })
    }
}

/// The two halves into which a classifier may divide statistics: source and filter (Fant 1960, "Acoustic theory of speech
/// production").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Pitch, level, voice quality, pauses and rhythm. Formants and zero crossings are here too, although they belong to
    /// the filter: they are few, and would drown among the many features of the spectrum.
    Source,
    /// Spectral envelope and shape.
    Filter,
}

/// The frames that a statistic is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Region {
    /// All of them.
    All,
    /// Those with a pitch.
    Voiced,
    /// Those without.
    Unvoiced,
}

/// What a low-level descriptor is: the entry that `sentire describe` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lld {
    /// Column name in snake_case, with the unit if the descriptor has one.
    pub name: String,
    /// Unit in words or symbols; "1" for a pure number.
    pub unit: &'static str,
    /// What is computed, and the source of the definition.
    pub definition: String,
    /// Whether statistics are taken over voiced frames only.
    pub voiced_only: bool,
    /// The family that it belongs to.
    pub family: Family,
    /// The half that its statistics belong to.
    #[serde(skip)]
    pub side: Side,
}

impl Lld {
    /// The same descriptor, marked as one that has a value on voiced frames only.
    fn voiced(self) -> Lld {
        Lld {
            voiced_only: true,
            ..self
        }
    }
}

/// What a feature is.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name in tables.
    pub name: String,
    /// Its set.
    pub set: FeatureSet,
    /// The descriptor, or whatever else, that it is computed from; several are separated by commas.
    pub of: String,
    /// The statistic.
    pub functional: &'static str,
    /// The frames that it is taken over.
    pub region: Region,
    /// Whether it is a statistic of the change from frame to frame.
    pub is_delta: bool,
    /// Unit in words or symbols; "1" for a pure number.
    pub unit: String,
    /// What it is, in plain words.
    pub meaning: String,
    /// The family that it belongs to.
    pub family: Family,
    /// The half that it belongs to; `None` if it belongs to both.
    pub side: Option<Side>,
    /// Whether it is easy to picture, and as what.
    pub plain: Option<Plain>,
}

impl Column {
    /// Its name in a table that has another feature of the same name: that of its set before it.
    pub fn name_beside_others(&self) -> String {
        format!("{}_{}", self.set, self.name)
    }
}

/// The feature named `name`, in any set; where several sets have one of that name, in the first of [`SETS`] that has.
///
/// ```
/// use sentire::prelude::*;
///
/// let column = catalogue::column("f0_hz_mean").expect("a feature of rich");
/// assert_eq!((column.set, column.family), (FeatureSet::RICH, Family::Pitch));
/// assert_eq!((column.of.as_str(), column.functional, column.unit.as_str()), ("f0_hz", "mean", "Hz"));
/// assert!(catalogue::column("charm_mean").is_none());
/// ```
pub fn column(name: &str) -> Option<&'static Column> {
    let beside_others = |set: &FeatureSet| {
        let name = name.strip_prefix(set.name())?.strip_prefix('_')?;
        set.column(name)
    };
    let found = SETS.iter().find_map(|set| set.column(name));
    found.or_else(|| SETS.iter().find_map(beside_others))
}

/// The full description of a descriptor or a feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Column name.
    pub name: String,
    /// Unit in words or symbols; "1" for a pure number.
    pub unit: String,
    /// What it means, in plain words.
    pub meaning: String,
    /// How it is computed: a formula, and where the full definition stands.
    pub definition: String,
    /// The values that it takes.
    pub range: String,
    /// Where it departs from the paper that defines it, or from what its name promises.
    pub deviation: Option<String>,
}

/// Every descriptor and feature of a set, described.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dictionary {
    /// Where the full definitions stand; numbers in brackets are its sections.
    pub source: &'static str,
    /// The descriptors, in the order of their columns.
    pub descriptors: Vec<Entry>,
    /// The features, in the order of their columns.
    pub features: Vec<Entry>,
}

/// `meaning` with its unit behind it, where it has one.
fn with_unit(meaning: &str, unit: &str) -> String {
    match unit {
        "1" | "" => meaning.to_string(),
        unit => format!("{meaning} ({unit})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_found() {
        for &set in SETS {
            let mut names = HashSet::new();
            for column in set.columns() {
                assert!(names.insert(&column.name), "{} twice", column.name);
                let found = super::column(&column.name).unwrap();
                assert!(found == column || found.set != set, "{}", column.name);
                let beside = column.name_beside_others();
                assert!(super::column(&beside) == Some(column), "{beside}");
            }
            // A name of `rich` needs no prefix; those of aubio begin with its own.
            let has_prefix = |name: String| name.starts_with("aubio_") == (set.name() == "aubio");
            assert!(set.names().all(has_prefix));
            // A set as wide as that belongs in one column of lists, unless others have given it its columns.
            let is_flat = !set.is_list() && set != FeatureSet::COMPARE;
            let flat = set.columns().iter().filter(|_| is_flat).count();
            assert!(flat <= 2000, "{set}: {flat} columns");
        }
        assert!(super::column("loudness").is_none());
    }

    #[test]
    fn dictionaries_say_all_that_is_to_be_said() {
        for &set in SETS {
            let Some(dictionary) = set.dictionary() else {
                continue;
            };
            let features = dictionary.features.iter().map(|entry| &entry.name);
            assert!(features.eq(set.columns().iter().map(|column| &column.name)));
            let descriptors = dictionary.descriptors.iter().map(|entry| &entry.name);
            assert!(descriptors.eq(set.llds().iter().map(|lld| &lld.name)));
            for entry in dictionary.descriptors.iter().chain(&dictionary.features) {
                let Entry {
                    name,
                    unit,
                    meaning,
                    definition,
                    range,
                    deviation,
                } = entry;
                let texts = [name, unit, meaning, definition, range];
                for text in texts.into_iter().chain(deviation) {
                    // A number sign is a place that was not filled in.
                    assert!(!text.is_empty() && !text.contains('#'), "{entry:?}");
                }
            }
        }
    }

    #[test]
    fn a_set_answers_to_what_the_field_calls_it() {
        let set: FeatureSet = "log-correlation".parse().unwrap();
        assert_eq!((set, set.name()), (FeatureSet::COVARIANCE, "covariance"));
        assert_eq!(set.full_name(), "covariance (log-correlation)");
        assert_eq!(FeatureSet::RICH.full_name(), "rich");
    }

    #[test]
    fn a_set_of_another_version_is_refused_and_the_others_are_not() {
        let sets = [FeatureSet::RICH, FeatureSet::EGEMAPS];
        assert_eq!(of_this_version(&versioned(&sets)).unwrap(), sets);
        let say = |versioned: &str| of_this_version(versioned).unwrap_err().to_string();
        let version = FeatureSet::RICH.version();
        assert_eq!(
            say("egemaps@2,rich@1"),
            format!(
                "has features of the set rich of version 1, this sentire computes version {version}; extract and train again"
            )
        );
        let spaced = of_this_version("rich@2, egemaps@2,rich@2").unwrap();
        assert_eq!(spaced, sets);
        assert!(say("rich").contains("of version unknown"));
        assert!(say("poor@2").contains("unknown feature set \"poor\""));
    }

    #[test]
    fn one_version_of_all_sets_becomes_that_of_each() {
        let pairs = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let owned = |&(key, value): &(&str, &str)| (key.to_string(), value.to_string());
            pairs.iter().map(owned).collect()
        };
        let mut metadata = pairs(&[("sentire.features_version", "2"), (SETS_KEY, "rich,aubio")]);
        brought_up_to_date(&mut metadata);
        assert_eq!(metadata, pairs(&[(SETS_KEY, "rich@2,aubio@2")]));
        brought_up_to_date(&mut metadata);
        assert_eq!(metadata, pairs(&[(SETS_KEY, "rich@2,aubio@2")]));
    }

    #[test]
    fn a_set_that_was_left_out_of_the_build_is_named_as_such() {
        let parsed = "aubio".parse::<FeatureSet>();
        if cfg!(feature = "aubio") {
            assert_eq!(parsed.unwrap().name(), "aubio");
        } else {
            let said = parsed.unwrap_err().to_string();
            let begins = "unknown feature set \"aubio\"; this program was built without it (cargo feature `aubio`); available: rich, ";
            assert!(
                said.starts_with(begins) && said.ends_with(", default"),
                "{said}"
            );
        }
    }

    #[test]
    fn features_are_what_their_names_say() {
        for (name, family, side) in [
            ("f0_semitone_delta_std", Family::Pitch, Some(Side::Source)),
            (
                "F0semitoneFrom27.5Hz_sma3nz_amean",
                Family::Pitch,
                Some(Side::Source),
            ),
            (
                "logRelF0-H1-H2_sma3nz_amean",
                Family::VoiceQuality,
                Some(Side::Source),
            ),
            (
                "F1amplitudeLogRelF0_sma3nz_amean",
                Family::Formants,
                Some(Side::Source),
            ),
            ("loudnessPeaksPerSec", Family::Rhythm, Some(Side::Source)),
            ("mfcc_0_mean", Family::Loudness, Some(Side::Filter)),
            ("mfcc_10_mean", Family::SpectralEnvelope, Some(Side::Filter)),
            ("zcr_mean", Family::SpectralShape, Some(Side::Source)),
            (
                "StddevUnvoicedSegmentLength",
                Family::Rhythm,
                Some(Side::Source),
            ),
            (
                "slopeV0-500_sma3nz_amean",
                Family::SpectralShape,
                Some(Side::Filter),
            ),
            ("inner_pause_ratio", Family::Rhythm, Some(Side::Source)),
            ("covariance_zcr", Family::Interplay, None),
            ("prosodic_kernel_3_low", Family::Intonation, None),
        ] {
            let column = column(name).unwrap();
            assert_eq!((column.family, column.side), (family, side), "{name}");
        }
        let meaning = |name: &str| &column(name).unwrap().meaning;
        assert_eq!(
            meaning("mfcc_1_p50"),
            "median of the mel-frequency cepstral coefficient 1 of 26 log-mel bands, balance of low against high frequencies (dB)"
        );
        assert!(meaning("shimmer_local").contains("amplitudes"));
        for column in SETS.iter().flat_map(|set| set.columns()) {
            let Column { meaning, unit, .. } = column;
            assert!(
                meaning.len() > 8 && !meaning.starts_with(" of"),
                "{column:?}"
            );
            assert!(!unit.is_empty(), "{column:?}");
        }
    }
}

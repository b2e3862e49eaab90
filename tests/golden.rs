//! Values of every feature set, and what the built-in model says, on three clips of the demo corpus. A value that moves
//! while the version of its set does not is a mistake: models and tables of that version would mix with others.
//!
//! `SENTIRE_GOLDEN=write cargo test --release golden` writes `tests/golden` anew: what has a new version, or has gained values.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::PathBuf;

use sentire::audio::{self, Audio, ReadOptions};
use sentire::catalogue::{Column, FeatureSet, computed};
use sentire::features::Extractor;

use crate::sandbox::{demo_clip, repository};

const CLIPS: [&str; 3] = ["f1_angry_s1.flac", "m2_happy_s2.flac", "m1_sad_s3.flac"];

/// Of each contour the values of so many frames, evenly spread.
const FRAMES: usize = 12;

/// What a value may differ by on another machine, as a share of the largest on the three clips...
const TOLERANCE: f32 = 1e-5;
/// ...and in any case: sums of thousands of small differences leave so much.
const ROUNDING: f32 = 1e-7;

/// A value that has a name, on each clip.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    name: String,
    values: Vec<f32>,
}

/// What stands in a file: values, and the version that they are of.
#[derive(Debug, Clone, PartialEq)]
struct Golden {
    version: String,
    lines: Vec<Line>,
}

impl Golden {
    fn to_text(&self) -> String {
        let mut text = format!("version\t{}\n", self.version);
        for Line { name, values } in &self.lines {
            let values: Vec<String> = values.iter().map(f32::to_string).collect();
            let _ = writeln!(text, "{name}\t{}", values.join("\t"));
        }
        text
    }

    fn parse(text: &str) -> Golden {
        let mut lines = text.lines();
        let version = lines.next().and_then(|line| line.strip_prefix("version\t"));
        let line = |line: &str| {
            let mut fields = line.split('\t');
            Line {
                name: fields.next().unwrap().to_string(),
                values: fields
                    .filter(|field| !field.is_empty())
                    .map(|field| field.parse().unwrap())
                    .collect(),
            }
        };
        Golden {
            version: version
                .expect("the first line states the version")
                .to_string(),
            lines: lines.map(line).collect(),
        }
    }

    /// What is wrong with `found`, of what bears `name`, where these are the values that were written.
    fn fault(&self, found: &Golden, name: &str) -> Option<String> {
        if self.version != found.version {
            return Some(format!(
                "{name} is of version {}, and its golden values are of {}: write them anew",
                found.version, self.version
            ));
        }
        if let Some(moved) = self.moved(found) {
            return Some(format!(
                "{moved}, but {name} is still of version {}: raise it, or find the mistake",
                self.version
            ));
        }
        let is_new = |line: &&Line| self.line(&line.name).is_none();
        let new = found.lines.iter().find(is_new)?;
        Some(format!("{name} has gained {}: write its values", new.name))
    }

    fn line(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// Which of these values differs first, or is gone.
    fn moved(&self, found: &Golden) -> Option<String> {
        let now: HashMap<&str, &Line> =
            found.lines.iter().map(|line| (&*line.name, line)).collect();
        let mut moved = self.lines.iter().filter_map(|was| {
            let Some(is) = now.get(&*was.name) else {
                return Some(format!("{} is gone", was.name));
            };
            if was.values.len() != is.values.len() {
                return Some(format!("{} is of another number of clips", was.name));
            }
            let largest = was
                .values
                .iter()
                .fold(0.0, |largest: f32, x| largest.max(x.abs()));
            let is_close = |&(was, is): &(&f32, &f32)| {
                let difference = (was - is).abs();
                difference <= TOLERANCE * largest + ROUNDING || (was.is_nan() && is.is_nan())
            };
            let mut values = was.values.iter().zip(&is.values);
            let (was_value, value) = values.find(|pair| !is_close(pair))?;
            Some(format!("{} moved from {was_value} to {value}", was.name))
        });
        let first = moved.next()?;
        match moved.count() {
            0 => Some(first),
            more => Some(format!("{first}, and {more} other values moved")),
        }
    }
}

fn clips() -> Vec<Audio> {
    let read = |clip| audio::read(demo_clip(clip), &ReadOptions::default()).unwrap();
    CLIPS.map(|clip| read(clip).audio).into()
}

/// The values of a set: features, then contours at some frames.
fn of_set(set: FeatureSet, clips: &[Audio]) -> Golden {
    let mut extractor = Extractor::new(&[set]);
    let features: Vec<Vec<f32>> = clips
        .iter()
        .map(|clip| extractor.functionals(clip))
        .collect();
    let tables: Vec<_> = clips.iter().map(|clip| extractor.llds(clip)).collect();
    let feature = |(place, column): (usize, &Column)| Line {
        name: column.name.clone(),
        values: features.iter().map(|values| values[place]).collect(),
    };
    let of_features = set.columns().iter().enumerate().map(feature);
    let contour = |place: usize| {
        let name = &tables[0].llds[place].name;
        let frame = |number: usize| Line {
            name: format!("{name}[{number}/{FRAMES}]"),
            values: tables
                .iter()
                .map(|table| table.contours[place][number * table.frames() / FRAMES])
                .collect(),
        };
        (0..FRAMES).map(frame).collect::<Vec<_>>()
    };
    let of_contours = (0..tables[0].llds.len()).flat_map(contour);
    Golden {
        version: set.version().to_string(),
        lines: of_features.chain(of_contours).collect(),
    }
}

/// Where the values of a set, or of the model, are written.
fn file(name: &str) -> PathBuf {
    repository("tests/golden").join(format!("{name}.tsv"))
}

/// Compares what was found with what is written, or writes it.
fn check(name: &str, found: &Golden) {
    let file = file(name);
    let written = std::fs::read_to_string(&file).ok();
    let written = written.map(|text| Golden::parse(&text));
    let may_write =
        |written: &Golden| written.version != found.version || written.moved(found).is_none();
    if written.as_ref().is_none_or(may_write)
        && std::env::var("SENTIRE_GOLDEN").as_deref() == Ok("write")
    {
        std::fs::write(&file, found.to_text()).unwrap();
        return;
    }
    let written = written.unwrap_or_else(|| panic!("{} is missing: write it", file.display()));
    assert_eq!(written.fault(found, name), None);
}

#[test]
fn values_of_a_set_move_with_its_version_alone() {
    let clips = clips();
    for set in computed() {
        check(set.name(), &of_set(set, &clips));
    }
}

#[cfg(feature = "default-model")]
#[test]
fn the_built_in_model_says_what_it_said() {
    let model = sentire::model::built_in().unwrap();
    let predictor = sentire::predict::Predictor::new(model).unwrap();
    let mut extractor = predictor.extractor();
    let said = CLIPS.map(|clip| {
        let features = predictor.read(demo_clip(clip), &mut extractor).unwrap();
        predictor.predict(&[features]).unwrap().remove(0)
    });
    let class = |class: &String| Line {
        name: class.clone(),
        values: said
            .iter()
            .map(|said| said.probabilities[class] as f32)
            .collect(),
    };
    let label = Line {
        name: format!(
            "labels {}",
            said.each_ref()
                .map(|said| said.label.as_deref().unwrap())
                .join(" ")
        ),
        values: Vec::new(),
    };
    let classes = said[0].probabilities.keys().map(class);
    check(
        "built_in",
        &Golden {
            version: predictor.id().to_string(),
            lines: [label].into_iter().chain(classes).collect(),
        },
    );
}

#[test]
fn a_moved_value_is_told_unless_its_version_is_new() {
    let golden = |version: &str, second: f32| Golden {
        version: version.into(),
        lines: vec![
            Line {
                name: "a".into(),
                values: vec![1.0, f32::NAN],
            },
            Line {
                name: "b".into(),
                values: vec![200.0, second],
            },
        ],
    };
    let written = golden("2", 0.5);
    assert_eq!(
        Golden::parse(&written.to_text()).fault(&golden("2", 0.501), "x"),
        None
    );
    let said = written.fault(&golden("2", 0.6), "x").unwrap();
    assert!(
        said.starts_with("b moved from 0.5 to 0.6, but x is still of version 2"),
        "{said}"
    );
    let said = written.fault(&golden("2", f32::NAN), "x").unwrap();
    assert!(said.starts_with("b moved from 0.5 to NaN"), "{said}");
    let mut more = golden("2", 0.5);
    let c = Line {
        name: "c".into(),
        values: vec![1.0],
    };
    more.lines.insert(1, c);
    let said = written.fault(&more, "x").unwrap();
    assert_eq!(said, "x has gained c: write its values");
    let said = more.fault(&written, "x").unwrap();
    assert!(said.starts_with("c is gone, but x is still"), "{said}");
    let said = written.fault(&golden("3", 0.6), "x").unwrap();
    assert!(
        said.contains("of version 3, and its golden values are of 2"),
        "{said}"
    );
}

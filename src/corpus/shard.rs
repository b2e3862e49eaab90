//! A share of a manifest, for one of several machines.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::error::{Error, Result};

/// One of `count` contiguous parts of a manifest, whose sizes differ by at most one line.
///
/// ```
/// use sentire::corpus::Shard;
///
/// let shares = [1, 2, 3].map(|number| Shard::new(number, 3).unwrap().range(10));
/// assert_eq!(shares, [0..3, 3..6, 6..10]);
/// assert!(Shard::new(4, 3).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// The shard `number` (1, 2, ... `count`) of `count`.
    pub fn new(number: usize, count: usize) -> Result<Shard> {
        if (1..=count).contains(&number) {
            return Ok(Shard {
                index: number - 1,
                count,
            });
        }
        Err(Error::Usage(format!(
            "shard {number}/{count}: expected 1/{count} to {count}/{count}"
        )))
    }

    /// The positions of its lines, from 0, in a manifest of `len` lines.
    pub fn range(self, len: usize) -> Range<usize> {
        let bound = |index: usize| (len as u128 * index as u128 / self.count as u128) as usize;
        bound(self.index)..bound(self.index + 1)
    }

    /// Its number, from 1.
    pub fn number(self) -> usize {
        self.index + 1
    }

    /// The number of shards.
    pub fn count(self) -> usize {
        self.count
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number(), self.count)
    }
}

/// What was requested: a shard, or a number of shards of which the environment selects one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardChoice {
    /// This one.
    One(Shard),
    /// One of this many.
    OfCount(usize),
}

impl FromStr for ShardChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<ShardChoice> {
        let wrong = || {
            Error::Usage(format!(
                "shard {text:?}: expected i/n, such as 1/8 to 8/8, or n alone"
            ))
        };
        let number = |text: &str| text.parse().ok().filter(|&n: &usize| n > 0);
        match text.split_once('/') {
            Some((index, count)) => {
                let index = number(index).ok_or_else(wrong)?;
                Shard::new(index, number(count).ok_or_else(wrong)?).map(ShardChoice::One)
            }
            None => number(text).map(ShardChoice::OfCount).ok_or_else(wrong),
        }
    }
}

/// The shard that was requested, or else the one that a Slurm array job or an indexed Kubernetes job assigns, with the
/// name of the variable that says so. `None` outside of such jobs. `variable` looks up an environment variable.
///
/// Slurm states the number of tasks, Kubernetes does not: there the number of shards has to be requested. An error if
/// the environment does not determine the shard.
///
/// ```
/// use sentire::corpus::shard::resolve;
///
/// // The second of four tasks of `sbatch --array=1-4`.
/// let slurm = |name: &str| match name {
///     "SLURM_ARRAY_TASK_ID" => Some("2".to_string()),
///     "SLURM_ARRAY_TASK_COUNT" => Some("4".to_string()),
///     "SLURM_ARRAY_TASK_MIN" => Some("1".to_string()),
///     _ => None,
/// };
/// let (shard, variable) = resolve(None, slurm)?.expect("Slurm says which");
/// assert_eq!((shard.to_string(), variable), ("2/4".into(), Some("SLURM_ARRAY_TASK_ID")));
/// # Ok::<(), sentire::error::Error>(())
/// ```
pub fn resolve(
    asked: Option<ShardChoice>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<(Shard, Option<&'static str>)>> {
    const SLURM: &str = "SLURM_ARRAY_TASK_ID";
    const KUBERNETES: &str = "JOB_COMPLETION_INDEX";
    let number = |name: &str| -> Result<Option<usize>> {
        let Some(text) = variable(name).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let wrong = || Error::Usage(format!("{name}={text}: expected a number"));
        text.parse().map(Some).map_err(|_| wrong())
    };
    let count = match asked {
        Some(ShardChoice::One(shard)) => return Ok(Some((shard, None))),
        Some(ShardChoice::OfCount(count)) => Some(count),
        None => None,
    };
    if let Some(id) = number(SLURM)? {
        let tasks = number("SLURM_ARRAY_TASK_COUNT")?;
        let first = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(0);
        let step = number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
        let place = id.saturating_sub(first) / step;
        // Tasks that are submitted again, or picked, do not say which they were among all.
        let unclear = |count: usize, tasks: usize| {
            Error::Usage(format!(
                "task {id} of an array of {tasks} does not say which of {count} shards it is to do; give --shard i/n"
            ))
        };
        return match (count, tasks) {
            (None, None) => Err(unknown_count(SLURM)),
            (Some(count), Some(tasks)) if count != tasks => Err(unclear(count, tasks)),
            (Some(count), _) | (None, Some(count)) if place >= count => {
                Err(unclear(count, tasks.unwrap_or(count)))
            }
            (Some(count), _) | (None, Some(count)) => {
                Ok(Some((Shard::new(place + 1, count)?, Some(SLURM))))
            }
        };
    }
    if let Some(index) = number(KUBERNETES)? {
        let count = count.ok_or_else(|| unknown_count(KUBERNETES))?;
        return Ok(Some((Shard::new(index + 1, count)?, Some(KUBERNETES))));
    }
    match count {
        Some(count) => Err(Error::Usage(format!(
            "--shard {count}: neither {SLURM} nor {KUBERNETES} says which of the {count}; give --shard i/{count}"
        ))),
        None => Ok(None),
    }
}

fn unknown_count(variable: &str) -> Error {
    Error::Usage(format!(
        "{variable} is set, but not how many shards there are; give --shard N, or --shard 1/1 for all recordings"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::part_name;

    #[test]
    fn shards_cover_every_line_once_and_in_order() {
        for (len, count) in [(10, 3), (2, 7), (0, 2), (1_000_000, 256)] {
            let shards = (1..=count).map(|number| Shard::new(number, count).unwrap());
            let mut next = 0;
            let mut names = Vec::new();
            for shard in shards {
                let range = shard.range(len);
                assert_eq!(range.start, next);
                assert!(range.len() <= len / count + 1);
                next = range.end;
                names.push(part_name(shard.number(), shard.count()));
            }
            assert_eq!(next, len);
            assert!(names.is_sorted());
            assert!(names[1].starts_with("part-0002-of-"));
        }
    }

    #[test]
    fn shards_are_read_and_refused() {
        let parse = |text: &str| text.parse::<ShardChoice>().map_err(|e| e.to_string());
        assert_eq!(
            parse("2/7"),
            Ok(ShardChoice::One(Shard::new(2, 7).unwrap()))
        );
        assert_eq!(parse("7"), Ok(ShardChoice::OfCount(7)));
        assert_eq!(parse("8/7").unwrap_err(), "shard 8/7: expected 1/7 to 7/7");
        for wrong in ["0/7", "x", "1/0", "", "-1/3", "0"] {
            assert!(
                parse(wrong).unwrap_err().contains("expected i/n"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn the_environment_says_which_shard() {
        let of = |asked: Option<&str>, pairs: &[(&str, &str)]| {
            let variable = |name: &str| {
                let found = pairs.iter().find(|(n, _)| *n == name);
                found.map(|(_, value)| value.to_string())
            };
            let shard = resolve(asked.map(|text| text.parse().unwrap()), variable);
            shard
                .map(|found| found.map(|(shard, _)| shard.to_string()))
                .map_err(|e| e.to_string())
        };
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "14"),
            ("SLURM_ARRAY_TASK_MIN", "10"),
            ("SLURM_ARRAY_TASK_STEP", "2"),
            ("SLURM_ARRAY_TASK_COUNT", "5"),
        ];
        assert_eq!(of(None, &slurm), Ok(Some("3/5".into())));
        assert_eq!(of(Some("1/1"), &slurm), Ok(Some("1/1".into())));
        // Task 3 of seven, submitted again.
        let again = [
            ("SLURM_ARRAY_TASK_ID", "3"),
            ("SLURM_ARRAY_TASK_MIN", "3"),
            ("SLURM_ARRAY_TASK_COUNT", "1"),
        ];
        let unclear = of(Some("7"), &again).unwrap_err();
        assert!(unclear.contains("which of 7 shards"), "{unclear}");
        let kubernetes = [("JOB_COMPLETION_INDEX", "0")];
        assert_eq!(of(Some("4"), &kubernetes), Ok(Some("1/4".into())));
        assert!(
            of(None, &kubernetes)
                .unwrap_err()
                .contains("give --shard N")
        );
        assert_eq!(of(None, &[]), Ok(None));
        assert!(of(Some("4"), &[]).unwrap_err().contains("give --shard i/4"));
    }
}

//! Times of segments, as programs and people write them.

use crate::corpus::spelling::is_missing;

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;

/// Units that may stand behind a number, and what they are in seconds. A lone `m` is a minute to some and a
/// thousandth to others.
const UNITS: [(&str, f64); 10] = [
    ("ms", 0.001),
    ("msec", 0.001),
    ("milliseconds", 0.001),
    ("s", 1.0),
    ("sec", 1.0),
    ("secs", 1.0),
    ("second", 1.0),
    ("seconds", 1.0),
    ("min", MINUTE),
    ("mins", MINUTE),
];

/// A time in seconds; `Some(None)` where it is missing, `None` where this is no time.
///
/// Read are seconds (`1.25`, `1,25`, `5e-1`), with a unit (`1.5 s`, `1500ms`), clocks (`0:00:01.25`, `0:01,25`),
/// pandas' and Python's days (`0 days 00:00:01.25`, `0 days`, `1 day, 0:00:01`) and durations of ISO 8601-1:2019,
/// 5.5.2 (`P0DT0H0M1.25S`).
pub fn seconds(text: &str) -> Option<Option<f64>> {
    let text = text.trim();
    if is_missing(text) {
        return Some(None);
    }
    let time = number(text)
        .or_else(|| with_unit(text))
        .or_else(|| clock(text))
        .or_else(|| with_days(text))
        .or_else(|| iso_duration(text))?;
    // Also of zero there is but one.
    (time.is_finite() && time >= 0.0).then_some(Some(time.abs()))
}

/// Seconds as pandas writes a Timedelta: days, hours, minutes, and seconds to the nanosecond.
///
/// ```
/// use sentire::corpus::manifest::timedelta;
///
/// assert_eq!(timedelta(3723.5), "0 days 01:02:03.500000000");
/// ```
pub fn timedelta(seconds: f64) -> String {
    let nanoseconds = (seconds * 1e9).round() as u64;
    let (whole, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
    let (minutes, hours) = (whole / 60, whole / 3600);
    format!(
        "{} days {:02}:{:02}:{:02}.{rest:09}",
        hours / 24,
        hours % 24,
        minutes % 60,
        whole % 60
    )
}

/// A decimal number, with a point or a comma; not both, which would be one of the two ways to group digits.
fn number(text: &str) -> Option<f64> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.,".contains(c)) {
        return None;
    }
    match text.split_once(',') {
        Some((whole, part)) if !text.contains('.') && !part.contains(',') => {
            format!("{whole}.{part}").parse().ok()
        }
        Some(_) => None,
        None => text.parse().ok(),
    }
}

/// A number of digits and one point or comma at most.
fn plain(text: &str) -> Option<f64> {
    let is_plain = text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || ".,".contains(c));
    is_plain.then(|| number(text)).flatten()
}

fn with_unit(text: &str) -> Option<f64> {
    let value = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text[value.len()..].to_ascii_lowercase();
    let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let value = plain(value.trim_end())?;
    // Dividing is exact where the result is a decimal number again, multiplying by a thousandth is not.
    Some(match *seconds < 1.0 {
        true => value / (1.0 / seconds),
        false => value * seconds,
    })
}

/// `h:mm:ss` or `mm:ss`, each with a fraction or without; the first part may be as large as it likes.
fn clock(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.split(':').collect();
    let whole = |text: &str| {
        let is_whole = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        is_whole.then(|| text.parse::<f64>().ok()).flatten()
    };
    let below_60 = |value: f64| (value < 60.0).then_some(value);
    match parts[..] {
        [hours, minutes, seconds] => Some(
            whole(hours)? * HOUR + below_60(whole(minutes)?)? * MINUTE + below_60(plain(seconds)?)?,
        ),
        [minutes, seconds] => Some(whole(minutes)? * MINUTE + below_60(plain(seconds)?)?),
        _ => None,
    }
}

/// `0 days 00:00:01.5`, `2 days`, `1 day, 0:00:01`.
fn with_days(text: &str) -> Option<f64> {
    let (days, rest) = text.split_once(' ')?;
    let days = plain(days)? * DAY;
    let rest = rest.trim_start().strip_prefix("day")?;
    let rest = rest.strip_prefix('s').unwrap_or(rest);
    let rest = rest.strip_prefix(',').unwrap_or(rest);
    match rest.trim_start() {
        "" => Some(days),
        time if rest.starts_with(' ') => Some(days + clock(time)?),
        _ => None,
    }
}

fn iso_duration(text: &str) -> Option<f64> {
    let text = text.to_ascii_uppercase();
    let text = text.strip_prefix('P')?;
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let date = amounts(date, &[('W', 7.0 * DAY), ('D', DAY)])?;
    let time = match time {
        Some(time) => Some(amounts(time, &[('H', HOUR), ('M', MINUTE), ('S', 1.0)])??),
        None => None,
    };
    match (date, time) {
        (None, None) => None,
        (date, time) => Some(date.unwrap_or(0.0) + time.unwrap_or(0.0)),
    }
}

/// Numbers with one of `units` each, which stand in this order; `Some(None)` where there is none.
fn amounts(text: &str, units: &[(char, f64)]) -> Option<Option<f64>> {
    let mut rest = text;
    let mut sum = None;
    for (unit, seconds) in units {
        if let Some((value, behind)) = rest.split_once(*unit) {
            sum = Some(sum.unwrap_or(0.0) + plain(value)? * seconds);
            rest = behind;
        }
    }
    rest.is_empty().then_some(sum)
}

#[test]
fn times_are_read_as_programs_write_them() {
    for (text, expected) in [
        ("1.25", 1.25),
        ("1,25", 1.25),
        (",5", 0.5),
        ("5e-1", 0.5),
        ("+2", 2.0),
        ("1,5E1", 15.0),
        ("1.5s", 1.5),
        ("1.5 sec", 1.5),
        ("1500ms", 1.5),
        ("1340 ms", 1.34),
        ("2 min", 120.0),
        ("0:00:01.25", 1.25),
        ("00:00:01,250", 1.25),
        ("100:00:00", 360_000.0),
        ("1:30", 90.0),
        ("75:00.5", 4500.5),
        ("0 days", 0.0),
        ("0 days 00:00:01.5", 1.5),
        ("0 days 00:00:01.465812500", 1.4658125),
        ("1 days 00:00:00", 86_400.0),
        ("1 day, 0:00:01", 86_401.0),
        ("2 days, 1:00:00.5", 176_400.5),
        ("P0DT0H0M1.5S", 1.5),
        ("P1DT2H3M4.000000005S", 93_784.000_000_005),
        ("PT0S", 0.0),
        ("PT1,5S", 1.5),
        ("P2D", 172_800.0),
        ("-0", 0.0),
    ] {
        assert_eq!(seconds(text), Some(Some(expected)), "{text}");
    }
    assert!(seconds("-0").flatten().unwrap().is_sign_positive());
    for missing in ["", "NaT", "nan", "<NA>", "None", "NULL", "#N/A"] {
        assert_eq!(seconds(missing), Some(None), "{missing}");
    }
    for wrong in [
        "x",
        "-1",
        "inf",
        "1.234,5",
        "1,234,5",
        "1:60",
        "0:99:00",
        "1:2:3:4",
        "1m",
        "P",
        "PT",
        "P1Y",
        "PT1S2H",
        "-1 days +23:59:59",
        "0 days 1",
        "0 daysx",
        "1:-2",
        "1:1e1",
        "1.5.2s",
        "1e999",
        "0x10",
    ] {
        assert_eq!(seconds(wrong), None, "{wrong}");
    }
}

#[test]
fn times_are_written_out_as_pandas_writes_them() {
    for (seconds, written) in [
        (0.0, "0 days 00:00:00.000000000"),
        (1.0175625, "0 days 00:00:01.017562500"),
        (3723.5, "0 days 01:02:03.500000000"),
        (90_000.25, "1 days 01:00:00.250000000"),
    ] {
        assert_eq!(timedelta(seconds), written);
    }
}

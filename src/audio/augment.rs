//! Copies of recordings as other places would have recorded them, so that a model learns what does not matter. Each copy is drawn
//! from a generator that is seeded by the sound itself, so that the same recording gives the same copy everywhere.

use std::f64::consts::TAU;
use std::fmt;
use std::str::FromStr;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

use crate::audio::opus;
use crate::dsp::resample::resample;
use crate::error::{Error, Result};

/// How a copy of a recording is made.
///
/// ```
/// use sentire::prelude::*;
///
/// assert_eq!("noise:20".parse::<Augmentation>()?, Augmentation::Noise { snr_db: Some(20) });
/// assert_eq!("telephone".parse::<Augmentation>()?.to_string(), "telephone");
/// assert!("echo".parse::<Augmentation>().is_err());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Augmentation {
    /// A telephone's band, 300 to 3400 Hz, at 8 kHz in 8 bits of mu-law (ITU-T G.711).
    Telephone,
    /// A voice message: Opus (RFC 6716) at 18 kbit/s.
    Opus,
    /// Noise between white and pink, this far below the recording in dB; `None` draws 10 to 30 dB.
    Noise {
        /// By root mean squares of the whole.
        snr_db: Option<u8>,
    },
    /// A room that rings for 0.2 to 0.8 s: noise that decays exponentially after the direct sound (Polack 1993, "Playing billiards in the
    /// concert hall"), 0 to 12 dB weaker than it in sum.
    Reverb,
    /// 20 dB softer to 10 dB louder, cut off at full scale.
    Gain,
    /// 0.9 or 1.1 times as fast, pitch and all (Ko et al. 2015, "Audio augmentation for speech recognition").
    Speed,
}

/// The names, with what is drawn.
const NAMES: &str = "telephone, opus, noise, noise:DB, reverb, gain or speed";
/// Recordings that copies are made of are in memory whole: up to so many seconds.
pub const LONGEST_S: f64 = 600.0;

impl fmt::Display for Augmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Augmentation::Telephone => f.write_str("telephone"),
            Augmentation::Opus => f.write_str("opus"),
            Augmentation::Noise { snr_db: None } => f.write_str("noise"),
            Augmentation::Noise { snr_db: Some(db) } => write!(f, "noise:{db}"),
            Augmentation::Reverb => f.write_str("reverb"),
            Augmentation::Gain => f.write_str("gain"),
            Augmentation::Speed => f.write_str("speed"),
        }
    }
}

impl FromStr for Augmentation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Augmentation> {
        let wrong = || Error::Usage(format!("augment {text:?}: expected {NAMES}"));
        match text.split_once(':') {
            Some(("noise", db)) => match db.parse() {
                Ok(db @ 0..=60) => Ok(Augmentation::Noise { snr_db: Some(db) }),
                _ => Err(Error::Usage(format!(
                    "augment {text:?}: expected noise:0 to noise:60 (dB below the recording)"
                ))),
            },
            Some(_) => Err(wrong()),
            None => match text {
                "telephone" => Ok(Augmentation::Telephone),
                "opus" => Ok(Augmentation::Opus),
                "noise" => Ok(Augmentation::Noise { snr_db: None }),
                "reverb" => Ok(Augmentation::Reverb),
                "gain" => Ok(Augmentation::Gain),
                "speed" => Ok(Augmentation::Speed),
                _ => Err(wrong()),
            },
        }
    }
}

impl Augmentation {
    /// The copy of `samples`, and its sample rate. `sound` says which recording it is of; the same gives the same copy.
    pub(super) fn apply(
        self,
        samples: Vec<f32>,
        sample_rate: u32,
        sound: &str,
    ) -> Result<(Vec<f32>, u32), String> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(sound.as_bytes());
        hasher.update(self.to_string().as_bytes());
        let mut random = ChaCha8Rng::from_seed(*hasher.finalize().as_bytes());
        let rate = f64::from(sample_rate);
        match self {
            Augmentation::Telephone => Ok((telephone(&samples, sample_rate), TELEPHONE_HZ)),
            Augmentation::Opus => {
                let at_48 = resample(&samples, sample_rate, opus::SAMPLE_RATE);
                Ok((opus::coded(&at_48, VOICE_MESSAGE)?, opus::SAMPLE_RATE))
            }
            Augmentation::Noise { snr_db } => {
                let snr_db = snr_db.map_or_else(|| random.gen_range(10.0..30.0), f64::from);
                Ok((noisy(samples, snr_db, &mut random), sample_rate))
            }
            Augmentation::Reverb => {
                let seconds = random.gen_range(0.2..0.8);
                let direct_db = random.gen_range(0.0..12.0);
                let copy = reverberant(samples, rate, seconds, direct_db, &mut random);
                Ok((copy, sample_rate))
            }
            Augmentation::Gain => {
                let factor = 10_f64.powf(random.gen_range(-20.0..10.0) / 20.0) as f32;
                let scaled = samples.into_iter().map(|x| (x * factor).clamp(-1.0, 1.0));
                Ok((scaled.collect(), sample_rate))
            }
            Augmentation::Speed => {
                // At another rate than it is called it is faster, or slower.
                let factor = [0.9, 1.1][usize::from(random.gen_range(0..2) == 1)];
                let other = (rate / factor).round() as u32;
                Ok((resample(&samples, sample_rate, other), sample_rate))
            }
        }
    }
}

const TELEPHONE_HZ: u32 = 8000;
/// The band of a telephone, in Hz.
const BAND: [f64; 2] = [300.0, 3400.0];
/// Bits per second of a voice message.
const VOICE_MESSAGE: u32 = 18_000;

fn telephone(samples: &[f32], sample_rate: u32) -> Vec<f32> {
    let at_8 = resample(samples, sample_rate, TELEPHONE_HZ);
    let rate = f64::from(TELEPHONE_HZ);
    let mut sections: Vec<Section> = BUTTERWORTH
        .iter()
        .flat_map(|&q| {
            [
                Section::high_pass(BAND[0], q, rate),
                Section::low_pass(BAND[1], q, rate),
            ]
        })
        .collect();
    let filtered = |x: f32| {
        let through = |x: f64, section: &mut Section| section.next(x);
        let x = sections.iter_mut().fold(f64::from(x), through);
        mu_law(x)
    };
    at_8.into_iter().map(filtered).collect()
}

/// The quality factors of the sections of a Butterworth filter of fourth order.
const BUTTERWORTH: [f64; 2] = [0.541_196_1, 1.306_563];

/// A filter of second order, by the bilinear transform.
struct Section {
    b: [f64; 3],
    a: [f64; 2],
    x: [f64; 2],
    y: [f64; 2],
}

impl Section {
    fn low_pass(hz: f64, q: f64, rate: f64) -> Section {
        let (cos, alpha) = Section::angle(hz, q, rate);
        let b = (1.0 - cos) / 2.0;
        Section::of([b, 2.0 * b, b], cos, alpha)
    }

    fn high_pass(hz: f64, q: f64, rate: f64) -> Section {
        let (cos, alpha) = Section::angle(hz, q, rate);
        let b = (1.0 + cos) / 2.0;
        Section::of([b, -2.0 * b, b], cos, alpha)
    }

    fn angle(hz: f64, q: f64, rate: f64) -> (f64, f64) {
        let angle = TAU * hz / rate;
        (angle.cos(), angle.sin() / (2.0 * q))
    }

    fn of(b: [f64; 3], cos: f64, alpha: f64) -> Section {
        let a0 = 1.0 + alpha;
        Section {
            b: b.map(|b| b / a0),
            a: [-2.0 * cos / a0, (1.0 - alpha) / a0],
            x: [0.0; 2],
            y: [0.0; 2],
        }
    }

    fn next(&mut self, x: f64) -> f64 {
        let [b0, b1, b2] = self.b;
        let y = b0 * x + b1 * self.x[0] + b2 * self.x[1]
            - self.a[0] * self.y[0]
            - self.a[1] * self.y[1];
        self.x = [x, self.x[0]];
        self.y = [y, self.y[0]];
        y
    }
}

/// What is left of a sample in 8 bits of mu-law: its magnitude on 128 steps of equal ratios, by the continuous law with mu = 255
/// (ITU-T G.711 has it in straight pieces).
fn mu_law(x: f64) -> f32 {
    const MU: f64 = 255.0;
    const STEPS: f64 = 127.0;
    let magnitude = (MU * x.abs().min(1.0)).ln_1p() / MU.ln_1p();
    let kept = (magnitude * STEPS).round() / STEPS;
    (((kept * MU.ln_1p()).exp_m1() / MU).copysign(x)) as f32
}

/// A number that is normally distributed (Box & Muller 1958, "A note on the generation of random normal deviates").
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.r#gen::<f64>()).ln()).sqrt();
    radius * (TAU * random.r#gen::<f64>()).cos()
}

fn mean_square(samples: &[f32]) -> f64 {
    let squares = samples.iter().map(|&x| f64::from(x).powi(2));
    squares.sum::<f64>() / samples.len().max(1) as f64
}

fn noisy(mut samples: Vec<f32>, snr_db: f64, random: &mut ChaCha8Rng) -> Vec<f32> {
    // Power falls by the frequency to this power: 0 is white, 1 pink.
    let colour = random.r#gen::<f64>();
    let n = samples.len();
    let mut noise: Vec<f32> = (0..n).map(|_| normal(random) as f32).collect();
    let mut planner = RealFftPlanner::<f32>::new();
    let (there, back) = (planner.plan_fft_forward(n), planner.plan_fft_inverse(n));
    let mut spectrum = there.make_output_vec();
    if there.process(&mut noise, &mut spectrum).is_ok() {
        for (bin, value) in spectrum.iter_mut().enumerate() {
            *value *= (bin.max(1) as f64).powf(-colour / 2.0) as f32;
        }
        // A transform of its own output; the ends are real.
        let ends = [0, spectrum.len() - 1];
        ends.into_iter().for_each(|end| spectrum[end].im = 0.0);
        let _ = back.process(&mut spectrum, &mut noise);
    }
    let ratio = mean_square(&samples) / mean_square(&noise).max(f64::MIN_POSITIVE);
    let factor = (ratio.sqrt() * 10_f64.powf(-snr_db / 20.0)) as f32;
    let added = samples.iter_mut().zip(&noise);
    added.for_each(|(x, noise)| *x = (*x + factor * noise).clamp(-1.0, 1.0));
    samples
}

/// The level and the length stay; `direct_db` is how much stronger the direct sound is than all that follows.
fn reverberant(
    samples: Vec<f32>,
    rate: f64,
    seconds: f64,
    direct_db: f64,
    random: &mut ChaCha8Rng,
) -> Vec<f32> {
    // 60 dB in that time.
    let decay = 3.0 * 10_f64.ln() / (seconds * rate);
    let len = (seconds * rate) as usize;
    let mut room: Vec<f32> = (0..len)
        .map(|at| (normal(random) * (-decay * at as f64).exp()) as f32)
        .collect();
    let energy: f64 = room.iter().skip(1).map(|&x| f64::from(x).powi(2)).sum();
    let factor = (10_f64.powf(-direct_db / 10.0) / energy.max(f64::MIN_POSITIVE)).sqrt() as f32;
    room.iter_mut().for_each(|x| *x *= factor);
    if let Some(direct) = room.first_mut() {
        *direct = 1.0;
    }
    let n = (samples.len() + room.len()).next_power_of_two();
    let mut planner = RealFftPlanner::<f32>::new();
    let (there, back) = (planner.plan_fft_forward(n), planner.plan_fft_inverse(n));
    let spectrum = |samples: &[f32]| -> Vec<Complex<f32>> {
        let mut padded = samples.to_vec();
        padded.resize(n, 0.0);
        let mut spectrum = there.make_output_vec();
        let _ = there.process(&mut padded, &mut spectrum);
        spectrum
    };
    let mut product = spectrum(&samples);
    for (a, b) in product.iter_mut().zip(spectrum(&room)) {
        *a *= b;
    }
    let ends = [0, product.len() - 1];
    ends.into_iter().for_each(|end| product[end].im = 0.0);
    let mut wet = vec![0.0; n];
    let _ = back.process(&mut product, &mut wet);
    wet.truncate(samples.len());
    let factor = (mean_square(&samples) / mean_square(&wet).max(f64::MIN_POSITIVE)).sqrt() as f32;
    wet.into_iter()
        .map(|x| (x * factor).clamp(-1.0, 1.0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 16_000;

    fn tone(hz: f64, seconds: f64) -> Vec<f32> {
        let n = (seconds * f64::from(RATE)) as usize;
        let at = |i: usize| (0.25 * (TAU * hz * i as f64 / f64::from(RATE)).sin()) as f32;
        (0..n).map(at).collect()
    }

    fn level_db(samples: &[f32]) -> f64 {
        10.0 * mean_square(samples).log10()
    }

    fn copy(how: &str, samples: &[f32]) -> (Vec<f32>, u32) {
        let how: Augmentation = how.parse().unwrap();
        how.apply(samples.to_vec(), RATE, "one").unwrap()
    }

    #[test]
    fn a_telephone_has_its_band_and_no_other() {
        let through = |hz: f64| {
            let (copy, rate) = copy("telephone", &tone(hz, 1.0));
            assert_eq!((rate, copy.len()), (8000, 8000));
            level_db(&copy[800..7200]) - level_db(&tone(hz, 1.0))
        };
        assert!(through(1000.0).abs() < 0.2, "{}", through(1000.0));
        // Fourth order: 24 dB an octave below, 3 dB at the edge.
        assert!((through(300.0) + 3.0).abs() < 0.5, "{}", through(300.0));
        assert!(
            (-27.0..-21.0).contains(&through(150.0)),
            "{}",
            through(150.0)
        );
        assert!((through(3400.0) + 3.0).abs() < 0.5, "{}", through(3400.0));
        assert!(through(6000.0) < -40.0, "{}", through(6000.0));
    }

    #[test]
    fn mu_law_keeps_38_db_at_any_level() {
        for level in [0.9_f64, 0.05, 0.01] {
            let errors = (0..1000).map(|i| {
                let x = level * (0.37 * f64::from(i)).sin();
                (f64::from(mu_law(x)) - x).powi(2)
            });
            let noise = 10.0 * (errors.sum::<f64>() / 1000.0).log10();
            let signal = 20.0 * level.log10() - 3.0;
            assert!(
                (33.0..42.0).contains(&(signal - noise)),
                "{level}: {}",
                signal - noise
            );
        }
    }

    #[test]
    fn noise_is_as_far_below_as_was_asked_for() {
        let clean = tone(440.0, 2.0);
        let (copy, _) = copy("noise:20", &clean);
        let noise: Vec<f32> = copy.iter().zip(&clean).map(|(a, b)| a - b).collect();
        assert!((level_db(&clean) - level_db(&noise) - 20.0).abs() < 0.01);
        let (drawn, _) = self::copy("noise", &clean);
        let noise: Vec<f32> = drawn.iter().zip(&clean).map(|(a, b)| a - b).collect();
        assert!((10.0..30.0).contains(&(level_db(&clean) - level_db(&noise))));
    }

    #[test]
    fn a_room_rings_after_the_sound_at_the_same_level() {
        let mut click = tone(440.0, 0.2);
        click.resize(RATE as usize, 0.0);
        let (copy, rate) = copy("reverb", &click);
        assert_eq!((rate, copy.len()), (RATE, click.len()));
        assert!((level_db(&copy) - level_db(&click)).abs() < 0.1);
        let (early, late) = (level_db(&copy[3300..4800]), level_db(&copy[14_000..]));
        assert!(early > -70.0 && late < early - 15.0, "{early} {late}");
    }

    #[test]
    fn speed_moves_pitch_and_length_together() {
        let (copy, rate) = copy("speed", &tone(440.0, 1.0));
        let factor = f64::from(RATE) / copy.len() as f64;
        assert!(
            (factor - 0.9).abs() < 1e-3 || (factor - 1.1).abs() < 1e-3,
            "{factor}"
        );
        let rises = copy
            .windows(2)
            .filter(|w| w[0] < 0.0 && w[1] >= 0.0)
            .count();
        let hz = rises as f64 * f64::from(rate) / copy.len() as f64;
        assert!((hz - 440.0 * factor).abs() < 3.0, "{hz}");
    }

    #[test]
    fn a_voice_message_sounds_alike_and_begins_when_it_did() {
        let mut sound = vec![0.0; 8000];
        sound.extend(tone(440.0, 0.5));
        let (copy, rate) = copy("opus", &sound);
        assert_eq!(rate, 48_000);
        assert_eq!(copy.len(), 3 * sound.len());
        assert!((level_db(&copy[27_000..45_000]) - level_db(&tone(440.0, 0.5))).abs() < 1.0);
        assert!(
            level_db(&copy[..22_000]) < -60.0,
            "{}",
            level_db(&copy[..22_000])
        );
    }

    #[test]
    fn the_same_sound_gives_the_same_copy_and_another_another() {
        let sound = tone(440.0, 0.3);
        for how in [
            "telephone",
            "opus",
            "noise",
            "noise:5",
            "reverb",
            "gain",
            "speed",
        ] {
            let how: Augmentation = how.parse().unwrap();
            assert_eq!(how.to_string().parse::<Augmentation>().unwrap(), how);
            let of = |name: &str| how.apply(sound.clone(), RATE, name).unwrap();
            assert_eq!(of("one"), of("one"), "{how}");
            let is_drawn = !matches!(how, Augmentation::Telephone | Augmentation::Opus);
            let others = (0..5).map(|i| of(&format!("other {i}")));
            assert_eq!(
                others.into_iter().any(|other| other != of("one")),
                is_drawn,
                "{how}"
            );
            assert!(of("one").0.iter().all(|x| x.is_finite() && x.abs() <= 1.1));
            let silence = how.apply(vec![0.0; 4800], RATE, "silence").unwrap().0;
            assert!(silence.iter().all(|x| x.abs() < 1e-3), "{how}");
        }
        for wrong in ["noise:61", "noise:x", "noise:-3", "telephone:8", ""] {
            assert!(wrong.parse::<Augmentation>().is_err(), "{wrong}");
        }
    }
}

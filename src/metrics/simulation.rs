//! Simulated predictions whose true figures are known, to test the intervals on.

use std::f64::consts::TAU;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// How often each class occurs, and by how much it is easier than others on the logit scale.
const CLASSES: [(f64, f64); 4] = [(0.4, -0.6), (0.3, 0.4), (0.2, -0.2), (0.1, 0.4)];

/// A population of speakers who differ in how well they are recognised.
#[derive(Debug, Clone, Copy)]
pub(super) struct Population {
    /// Standard deviation of what a speaker adds to the logit of recognition.
    pub ability: f64,
    /// Standard deviation of what a speaker adds to it in one class.
    pub of_class: f64,
    /// The UAR over the whole population.
    pub uar: f64,
}

/// Recordings of some speakers, to be recognised.
#[derive(Default)]
pub(super) struct Sample {
    pub truth: Vec<usize>,
    /// The number of the speaker, and the name that is.
    pub speaker: Vec<usize>,
    pub speakers: Vec<Option<String>>,
}

impl Population {
    /// Mean recall of a class whose logit is `logit` for the middling speaker: the integral over
    /// the normal distribution of speakers.
    fn recall(&self, logit: f64) -> f64 {
        let sd = self.ability.hypot(self.of_class);
        let (mut sum, mut mass) = (0.0, 0.0);
        for step in -160..=160 {
            let z = f64::from(step) / 20.0;
            let density = (-z * z / 2.0).exp();
            sum += density * logistic(logit + sd * z);
            mass += density;
        }
        sum / mass
    }

    /// The logit to which those of the classes are added, by bisection.
    pub(super) fn base(&self) -> f64 {
        let uar = |base: f64| {
            CLASSES
                .iter()
                .map(|(_, easier)| self.recall(base + easier))
                .sum::<f64>()
                / 4.0
        };
        let (mut low, mut high) = (-10.0, 10.0);
        for _ in 0..50 {
            let middle = (low + high) / 2.0;
            if uar(middle) < self.uar {
                low = middle
            } else {
                high = middle
            }
        }
        low
    }

    /// What a model recognises in `sample`, and what it takes the rest for. Each call is another
    /// model, which finds other speakers hard.
    pub(super) fn recognise(
        &self,
        base: f64,
        sample: &Sample,
        random: &mut ChaCha8Rng,
    ) -> Vec<usize> {
        let speakers = sample.speaker.last().map_or(0, |last| last + 1);
        let mut recall = Vec::new();
        for _ in 0..speakers {
            let ability = base + self.ability * normal(random);
            recall
                .push(CLASSES.map(|(_, easier)| {
                    logistic(easier + ability + self.of_class * normal(random))
                }));
        }
        let mut predict = |(&class, &speaker): (&usize, &usize)| {
            let wrong = (class + random.gen_range(1..4)) % 4;
            let is_right = random.gen_range(0.0..1.0) < recall[speaker][class];
            if is_right { class } else { wrong }
        };
        sample
            .truth
            .iter()
            .zip(&sample.speaker)
            .map(&mut predict)
            .collect()
    }
}

impl Sample {
    /// Half to one and a half times `recordings` of each of `speakers`.
    pub(super) fn new(speakers: usize, recordings: usize, random: &mut ChaCha8Rng) -> Sample {
        let mut sample = Sample::default();
        for speaker in 0..speakers {
            let recordings = (recordings as f64 * random.gen_range(0.5..1.5)).round() as usize;
            for _ in 0..recordings {
                let mut place: f64 = random.gen_range(0.0..1.0);
                let mut class = 0;
                while class < 3 && place > CLASSES[class].0 {
                    place -= CLASSES[class].0;
                    class += 1;
                }
                sample.truth.push(class);
                sample.speaker.push(speaker);
                sample.speakers.push(Some(speaker.to_string()));
            }
        }
        sample
    }
}

/// A population of recordings whose truth has mean 0 and variance 1, as predicted by a model that is
/// right in the mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    /// The CCC over the whole population.
    pub ccc: f64,
    /// Variance of what the model says.
    pub said: f64,
    /// Share of the variance of the truth that lies between speakers.
    pub between: f64,
    /// Share of the variance of the error that is an offset of each speaker.
    pub offset: f64,
    /// Share of it that is a slope of each speaker.
    pub slope: f64,
}

/// Recordings of some speakers, with numbers.
#[derive(Default)]
pub(super) struct Numbered {
    pub truth: Vec<f64>,
    /// The number of the speaker, and the name that is.
    pub speaker: Vec<usize>,
    pub speakers: Vec<Option<String>>,
}

impl Numbers {
    /// Half to one and a half times `recordings` of each of `speakers`.
    pub(super) fn sample(
        &self,
        speakers: usize,
        recordings: usize,
        random: &mut ChaCha8Rng,
    ) -> Numbered {
        let mut sample = Numbered::default();
        for speaker in 0..speakers {
            let recordings = (recordings as f64 * random.gen_range(0.5..1.5)).round() as usize;
            let middle = self.between.sqrt() * normal(random);
            for _ in 0..recordings {
                let truth = middle + (1.0 - self.between).sqrt() * normal(random);
                sample.truth.push(truth);
                sample.speaker.push(speaker);
                sample.speakers.push(Some(speaker.to_string()));
            }
        }
        sample
    }

    /// What a model says of `sample`. Each call is another model, which errs with other speakers.
    pub(super) fn say(&self, sample: &Numbered, random: &mut ChaCha8Rng) -> Vec<f64> {
        // The CCC is 2 slope / (1 + said).
        let slope = self.ccc * (1.0 + self.said) / 2.0;
        let error = self.said - slope * slope;
        let mut draw = |share: f64| (error * share).sqrt() * normal(random);
        let speakers = sample.speaker.last().map_or(0, |last| last + 1);
        let effects: Vec<(f64, f64)> = (0..speakers)
            .map(|_| (draw(self.offset), slope + draw(self.slope)))
            .collect();
        let mut say = |(&truth, &speaker): (&f64, &usize)| {
            let (offset, slope) = effects[speaker];
            offset + slope * truth + draw(1.0 - self.offset - self.slope)
        };
        sample
            .truth
            .iter()
            .zip(&sample.speaker)
            .map(&mut say)
            .collect()
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// A draw from the standard normal distribution (Box & Muller 1958).
pub(super) fn normal(random: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.gen_range(0.0..1.0f64)).ln()).sqrt();
    radius * (TAU * random.gen_range(0.0..1.0f64)).cos()
}

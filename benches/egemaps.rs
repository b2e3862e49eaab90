//! Where the time of the set `egemaps` goes, step by step, on two seconds of the demo corpus.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use sentire::audio::{self, ReadOptions};
use sentire::catalogue::gemaps::Processing;
use sentire::dsp::lanes::{LANES, Lanes, vectorised};
use sentire::features::egemaps;
use sentire::lld::opensmile::balance::Balance;
use sentire::lld::opensmile::egemaps::{F0_HZ, RULES, UNDECIDED};
use sentire::lld::opensmile::f0::Summation;
use sentire::lld::opensmile::formant::Formants;
use sentire::lld::opensmile::harmonics::{self, Harmonics};
use sentire::lld::opensmile::mel::{self, Mel};
use sentire::lld::opensmile::path;
use sentire::lld::opensmile::perturbation::voices;
use sentire::lld::opensmile::stream::{self, Stream};
use sentire::lld::opensmile::{LOWEST_BAND_HZ, Plan, Wanted};

const RATE: u32 = 16_000;

fn steps(criterion: &mut Criterion) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora/demo/f1_angry_s1.flac");
    let clip = audio::read(&path, &ReadOptions::default()).expect("a demo clip decodes");
    let samples = clip.audio.samples.iter().copied().cycle();
    let samples: Vec<f32> = samples.take(SAMPLES).collect();
    let mut short = Frames::of(Stream::new(RATE, 0.020, stream::hamming));
    let mut long = Frames::of(Stream::new(RATE, 0.060, stream::gauss));
    spectra(criterion, "spectra of 20 ms", &mut short, &samples);
    spectra(criterion, "spectra of 60 ms", &mut long, &samples);
    timbre(criterion, &mut short, &samples);
    voice(criterion, &mut long, &samples);
    all(criterion, &samples);
}

const WANTED: Wanted = Wanted {
    egemaps: true,
    ..Wanted::NOTHING
};
const SAMPLES: usize = 2 * RATE as usize;

/// The frames of two seconds, eight at a time.
struct Frames {
    stream: Stream,
    starts: Vec<Vec<usize>>,
}

impl Frames {
    fn of(stream: Stream) -> Frames {
        let frames = 0..stream.frames(SAMPLES);
        let starts: Vec<usize> = frames.map(|i| i * stream.hop).collect();
        Frames {
            starts: starts.chunks(LANES).map(<[usize]>::to_vec).collect(),
            stream,
        }
    }

    fn power(&self) -> Vec<Lanes<f32>> {
        self.stream.magnitude.iter().map(|&m| m * m).collect()
    }
}

fn spectra(criterion: &mut Criterion, name: &str, frames: &mut Frames, samples: &[f32]) {
    let Frames { stream, starts } = frames;
    criterion.bench_function(name, |b| {
        b.iter(|| {
            vectorised(
                #[inline(always)]
                || {
                    for starts in starts.iter() {
                        stream.load(samples, starts);
                        stream.transform();
                    }
                },
            );
            black_box(stream.magnitude[7])
        })
    });
}

/// What is done with short frames, on those of batch 10 as often as there are batches.
fn timbre(criterion: &mut Criterion, frames: &mut Frames, samples: &[f32]) {
    frames.stream.load(samples, &frames.starts[10]);
    frames.stream.transform_to_spectrum();
    let power = frames.power();
    let Frames { stream, starts } = frames;
    let mel = Mel::new(stream, LOWEST_BAND_HZ);
    criterion.bench_function("loudness and MFCC", |b| {
        b.iter(|| {
            vectorised(
                #[inline(always)]
                || {
                    for _ in starts.iter() {
                        let bands = mel.bands(&power);
                        black_box(mel::mean(&mel.auditory(&bands)));
                        black_box(mel.mfcc::<4>(&bands));
                    }
                },
            )
        })
    });
    let mut balance = Balance::new(stream);
    criterion.bench_function("balance and flux", |b| {
        b.iter(|| {
            vectorised(
                #[inline(always)]
                || {
                    for _ in starts.iter() {
                        black_box(balance.compute(&stream.magnitude, &power));
                    }
                },
            )
        })
    });
    let mut formants = Formants::new(RATE, stream, Processing::B);
    criterion.bench_function("formants", |b| {
        b.iter(|| {
            vectorised(
                #[inline(always)]
                || {
                    for _ in starts.iter() {
                        black_box(formants.compute(&stream.spectrum));
                    }
                },
            )
        })
    });
}

/// What is done with long frames: candidates and harmonics of batch 10 as well, the path of all.
fn voice(criterion: &mut Criterion, frames: &mut Frames, samples: &[f32]) {
    frames.stream.load(samples, &frames.starts[10]);
    frames.stream.transform();
    let power = frames.power();
    let Frames { stream, starts } = frames;
    let mut summation = Summation::new(stream);
    criterion.bench_function("candidates of F0", |b| {
        b.iter(|| {
            vectorised(
                #[inline(always)]
                || {
                    for _ in starts.iter() {
                        summation.sum(&stream.magnitude);
                        black_box(summation.candidates(F0_HZ));
                    }
                },
            )
        })
    });
    let candidates: Vec<_> = starts
        .iter()
        .flat_map(|starts| {
            stream.load(samples, starts);
            stream.transform();
            summation.sum(&stream.magnitude);
            summation.candidates(F0_HZ)[..starts.len()].to_vec()
        })
        .collect();
    criterion.bench_function("path of F0", |b| {
        b.iter(|| path::cheapest(black_box(&candidates), UNDECIDED))
    });
    let states = path::cheapest(&candidates, UNDECIDED).states;
    let found = states.iter().zip(&candidates);
    let f0_hz: Vec<f32> = found
        .map(|(&state, candidates)| candidates.get(state).map_or(0.0, |found| found.f0_hz))
        .collect();
    let voiced = f0_hz.iter().filter(|&&f0| f0 > 0.0).count();
    let mut acf = vec![Lanes::default(); power.len()];
    let magnitude: Vec<f32> = stream.magnitude.iter().map(|m| m.0[0]).collect();
    criterion.bench_function("harmonics and noise", |b| {
        b.iter(|| {
            for _ in 0..voiced.div_ceil(LANES) {
                vectorised(
                    #[inline(always)]
                    || harmonics::autocorrelations(stream, &power, &mut acf),
                );
                let acf: Vec<f32> = acf.iter().map(|x| x.0[0]).collect();
                for _ in 0..LANES {
                    black_box(Harmonics::measure(
                        &magnitude,
                        &acf,
                        stream.bins_per_hz,
                        200.0,
                        &[(500.0, 0.0), (1500.0, 0.0), (2500.0, 0.0)],
                    ));
                }
            }
        })
    });
    criterion.bench_function("jitter and shimmer", |b| {
        b.iter(|| voices(black_box(samples), RATE, stream, &f0_hz, RULES))
    });
}

/// The whole set.
fn all(criterion: &mut Criterion, samples: &[f32]) {
    let mut plan = Plan::new(RATE, Processing::B);
    criterion.bench_function("all descriptors", |b| {
        b.iter(|| plan.analyse(black_box(samples), WANTED))
    });
    let analysis = plan.analyse(samples, WANTED);
    let contours = analysis.egemaps.expect("it is wanted");
    criterion.bench_function("all statistics", |b| {
        b.iter(|| {
            let mut out = Vec::new();
            egemaps::functionals(black_box(&contours), &mut out);
            out
        })
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .measurement_time(std::time::Duration::from_secs(1))
        .warm_up_time(std::time::Duration::from_millis(300));
    targets = steps
}
criterion_main!(benches);

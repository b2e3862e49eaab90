//! Where the time of the set `egemaps` goes, step by step, on two seconds of the demo corpus.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use sentire::audio::{self, ReadOptions};
use sentire::dsp::lanes::{LANES, Lanes, vectorised};
use sentire::features::egemaps;
use sentire::lld::egemaps::balance::Balance;
use sentire::lld::egemaps::f0::Summation;
use sentire::lld::egemaps::formant::Formants;
use sentire::lld::egemaps::harmonics::{self, Harmonics};
use sentire::lld::egemaps::loudness::Mel;
use sentire::lld::egemaps::path;
use sentire::lld::egemaps::perturbation::jitter_and_shimmer;
use sentire::lld::egemaps::stream::{self, Stream};

const RATE: u32 = 16_000;

fn steps(criterion: &mut Criterion) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora/demo/f1_angry_s1.flac");
    let clip = audio::read(&path, &ReadOptions::default()).expect("a demo clip decodes");
    let samples: Vec<f32> = clip
        .audio
        .samples
        .iter()
        .copied()
        .cycle()
        .take(32_000)
        .collect();
    let mut short = Stream::new(RATE, 0.020, stream::hamming);
    let mut long = Stream::new(RATE, 0.060, stream::gauss);

    // The frames of two seconds, eight at a time, by what is done with them.
    let batches = |stream: &Stream| -> Vec<Vec<usize>> {
        let starts: Vec<usize> = (0..stream.frames(32_000)).map(|i| i * stream.hop).collect();
        starts.chunks(LANES).map(<[usize]>::to_vec).collect()
    };
    let (in_short, in_long) = (batches(&short), batches(&long));
    for (name, stream, starts) in [
        ("spectra of 20 ms", &mut short, &in_short),
        ("spectra of 60 ms", &mut long, &in_long),
    ] {
        criterion.bench_function(name, |b| {
            b.iter(|| {
                vectorised(
                    #[inline(always)]
                    || {
                        for starts in starts {
                            stream.load(&samples, starts);
                            stream.transform();
                        }
                    },
                );
                black_box(stream.magnitude[7])
            })
        });
    }
    short.load(&samples, &in_short[10]);
    short.transform_to_spectrum();
    long.load(&samples, &in_long[10]);
    long.transform();
    let power =
        |stream: &Stream| -> Vec<Lanes<f32>> { stream.magnitude.iter().map(|&m| m * m).collect() };
    let (short_power, long_power) = (power(&short), power(&long));

    // The other steps on the frames of batch 10, as often as there are batches.
    let mel = Mel::new(&short);
    criterion.bench_function("loudness and MFCC", |b| {
        b.iter(|| {
            vectorised(
                #[inline(always)]
                || {
                    for _ in &in_short {
                        black_box(mel.loudness_and_mfcc(&mel.bands(&short_power)));
                    }
                },
            )
        })
    });
    let mut balance = Balance::new(&short);
    criterion.bench_function("balance and flux", |b| {
        b.iter(|| {
            vectorised(
                #[inline(always)]
                || {
                    for _ in &in_short {
                        black_box(balance.compute(&short.magnitude, &short_power));
                    }
                },
            )
        })
    });
    let mut formants = Formants::new(RATE, &short);
    criterion.bench_function("formants", |b| {
        b.iter(|| {
            vectorised(
                #[inline(always)]
                || {
                    for _ in &in_short {
                        black_box(formants.compute(&short.spectrum));
                    }
                },
            )
        })
    });
    let mut summation = Summation::new(&long);
    criterion.bench_function("candidates of F0", |b| {
        b.iter(|| {
            vectorised(
                #[inline(always)]
                || {
                    for _ in &in_long {
                        black_box(summation.candidates(&long.magnitude));
                    }
                },
            )
        })
    });
    let candidates: Vec<_> = in_long
        .iter()
        .flat_map(|starts| {
            long.load(&samples, starts);
            long.transform();
            summation.candidates(&long.magnitude)[..starts.len()].to_vec()
        })
        .collect();
    criterion.bench_function("path of F0", |b| {
        b.iter(|| path::cheapest(black_box(&candidates)))
    });
    let f0_hz = path::cheapest(&candidates).f0_hz;
    let voiced = f0_hz.iter().filter(|&&f0| f0 > 0.0).count();
    let mut acf = vec![Lanes::default(); long_power.len()];
    let magnitude: Vec<f32> = long.magnitude.iter().map(|m| m.0[0]).collect();
    criterion.bench_function("harmonics and noise", |b| {
        b.iter(|| {
            for _ in 0..voiced.div_ceil(LANES) {
                vectorised(
                    #[inline(always)]
                    || harmonics::autocorrelations(&mut long, &long_power, &mut acf),
                );
                let acf: Vec<f32> = acf.iter().map(|x| x.0[0]).collect();
                for _ in 0..LANES {
                    black_box(Harmonics::measure(
                        &magnitude,
                        &acf,
                        long.bins_per_hz,
                        200.0,
                        &[(500.0, 0.0), (1500.0, 0.0), (2500.0, 0.0)],
                    ));
                }
            }
        })
    });
    criterion.bench_function("jitter and shimmer", |b| {
        b.iter(|| jitter_and_shimmer(black_box(&samples), RATE, &long, &f0_hz))
    });
    let mut plan = egemaps::Plan::new(RATE);
    criterion.bench_function("all descriptors", |b| {
        b.iter(|| plan.analyse(black_box(&samples)))
    });
    let contours = plan.analyse(&samples);
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

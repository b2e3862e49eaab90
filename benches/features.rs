//! Where the time of an extraction goes, on two seconds of the demo corpus.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use sentire::audio::{self, ReadOptions};
use sentire::dsp::resample::resample;
use sentire::dsp::{frame::Framing, spectrum::Spectrum};
use sentire::features::rich;
use sentire::lld::cpp::PeakProminence;
use sentire::lld::f0::PitchTracker;
use sentire::lld::formant::FormantTracker;
use sentire::lld::perturbation::Perturbation;

fn features(criterion: &mut Criterion) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora/demo/f1_angry_s1.flac");
    let bytes = std::fs::read(&path).expect("the demo corpus is part of the repository");
    let options = ReadOptions::default();
    let read = || audio::read_bytes(bytes.clone(), "clip", &options).expect("a demo clip decodes");
    let clip = read().audio.samples;
    // Two seconds exactly, so that figures are easy to turn into times real time.
    let samples: Vec<f32> = clip.iter().copied().cycle().take(32_000).collect();

    criterion.bench_function("decode a demo clip", |b| b.iter(|| black_box(read())));
    criterion.bench_function("resample 2 s from 48 kHz", |b| {
        let wide: Vec<f32> = samples.iter().copied().cycle().take(96_000).collect();
        b.iter(|| black_box(resample(&wide, 48_000, 16_000)))
    });
    criterion.bench_function("spectra of 2 s", |b| {
        let framing = Framing::new(16_000, 0.025, 0.010);
        let mut spectrum = Spectrum::new(16_000, framing.width);
        let mut frame = vec![0.0; framing.width];
        b.iter(|| {
            for index in 0..framing.count(samples.len()) {
                framing.copy(&samples, index, &mut frame);
                spectrum.compute(&frame);
            }
            black_box(spectrum.power[7])
        })
    });
    criterion.bench_function("f0 of 2 s", |b| {
        let mut tracker = PitchTracker::new(16_000, 0.010);
        b.iter(|| black_box(tracker.track(&samples)))
    });
    let f0_hz = PitchTracker::new(16_000, 0.010).track(&samples).f0_hz;
    criterion.bench_function("jitter and shimmer of 2 s", |b| {
        b.iter(|| black_box(Perturbation::measure(&samples, 16_000, &f0_hz, 0.010)))
    });
    criterion.bench_function("cepstral peak of 2 s", |b| {
        let mut cepstrum = PeakProminence::new(16_000, 0.010);
        b.iter(|| black_box(cepstrum.track(&samples, &f0_hz)))
    });
    criterion.bench_function("formants of 2 s", |b| {
        let mut formants = FormantTracker::new(16_000, 0.010);
        b.iter(|| black_box(formants.track(&samples, &f0_hz)))
    });
    let mut plan = rich::Plan::new(16_000);
    criterion.bench_function("rich descriptors of 2 s", |b| {
        b.iter(|| black_box(plan.analyse(&samples)))
    });
    let analysis = plan.analyse(&samples);
    criterion.bench_function("rich statistics of 2 s", |b| {
        b.iter(|| {
            let mut out = Vec::new();
            rich::functionals(&analysis, &mut out);
            black_box(out)
        })
    });
}

criterion_group!(benches, features);
criterion_main!(benches);

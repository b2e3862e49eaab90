//! `sentire listen`: predictions from the microphone, a line per window (cargo feature `mic`).

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{Device, FromSample, Sample, SampleFormat, SizedSample, Stream, StreamConfig};
use sentire::audio;
use sentire::error::{Error, Result};
use sentire::model::Normalize;

use crate::cli::Listen;
use crate::cmd::{Console, Outcome, load_predictor, note_alone, predict};

/// Windows whose root mean square lies below this, in dB re full scale, are called quiet: a microphone in a
/// silent room.
const QUIET_DB: f64 = -55.0;

pub fn run(args: &Listen, console: &Console) -> Result<Outcome> {
    let positive = |flag: &str, value: f64| match value.is_finite() && value >= 0.1 {
        true => Ok(value),
        false => Err(Error::Usage(format!(
            "{flag} {value}: expected at least 0.1 seconds"
        ))),
    };
    let window_s = positive("--window", args.window)?;
    let hop_s = positive("--hop", args.hop)?;
    let predictor = load_predictor(args.model.as_deref(), console)?;
    note_alone(&predictor, args.model.as_deref(), console);
    if predictor.model().card.normalize == Normalize::Speaker {
        return Err(Error::Usage(
            "the model scales each speaker by their own recordings (--normalize speaker) and cannot listen; train one with \
             --normalize train"
                .into(),
        ));
    }
    let microphone = Microphone::open()?;
    let Microphone { rate, channels, .. } = microphone;
    let in_samples =
        |seconds: f64| (seconds * f64::from(rate)).round() as usize * usize::from(channels);
    let mut windows = Windows::new(in_samples(window_s), in_samples(hop_s));
    let mut has_warned = false;
    let options = predictor.settings().read_options(None, None);
    let mut extractor = predictor.extractor();
    let until = args.duration.map(in_samples);
    console.note(&format!(
        "listening to {} at {} Hz, {window_s} s every {hop_s} s; Ctrl-C ends it",
        microphone.name, microphone.rate
    ));
    // Ends when the microphone goes away.
    for block in &microphone.blocks {
        for (end, samples) in windows.push(&block) {
            let began = Instant::now();
            let end_s = end as f64 / f64::from(rate) / f64::from(channels);
            if level_db(&samples) < QUIET_DB {
                console.print(&format!("{end_s:8.1} s  quiet\n"))?;
                continue;
            }
            let recording =
                audio::read_bytes(wav(&samples, channels, rate), "microphone", &options)?;
            if let Some(taken) = recording.instead_of_mean
                && !std::mem::replace(&mut has_warned, true)
            {
                console.warn(&audio::channels_cancel(&microphone.name, taken));
            }
            let name = format!("{end_s:.1} s");
            let features = predictor.features(&recording, &name, &mut extractor)?;
            let said = &predictor.predict(std::slice::from_ref(&features))?[0];
            let line = match args.json {
                true => predict::line(said, true),
                false => format!(
                    "{end_s:8.1} s {}  in {} ms\n",
                    predict::line(said, false)[name.len() + 1..].trim_end(),
                    began.elapsed().as_millis()
                ),
            };
            console.print(&line)?;
        }
        if until.is_some_and(|until| windows.heard >= until) {
            break;
        }
    }
    Ok(Outcome::Done)
}

/// The default microphone, open.
struct Microphone {
    name: String,
    rate: u32,
    channels: u16,
    /// What it hears, channels interleaved.
    blocks: Receiver<Vec<f32>>,
    _stream: Stream,
}

impl Microphone {
    fn open() -> Result<Microphone> {
        let failed = |cause: cpal::Error| {
            Error::Data(format!(
                "the microphone cannot be opened: {cause}; is one plugged in, and may this program use it?"
            ))
        };
        let device = cpal::default_host().default_input_device().ok_or_else(|| {
            Error::Data(
                "there is no microphone; plug one in, or use `sentire predict` on a recording"
                    .into(),
            )
        })?;
        let supported = device.default_input_config().map_err(failed)?;
        let format = supported.sample_format();
        let config: StreamConfig = supported.into();
        let (sender, blocks) = channel();
        let stream = match format {
            SampleFormat::F32 => stream::<f32>(&device, config, sender),
            SampleFormat::I16 => stream::<i16>(&device, config, sender),
            SampleFormat::I32 => stream::<i32>(&device, config, sender),
            SampleFormat::U16 => stream::<u16>(&device, config, sender),
            SampleFormat::U8 => stream::<u8>(&device, config, sender),
            other => {
                return Err(Error::Data(format!(
                    "the microphone gives samples as {other}; expected f32, i16, i32, u16 or u8"
                )));
            }
        };
        let stream = stream.map_err(failed)?;
        stream.play().map_err(failed)?;
        Ok(Microphone {
            name: device.to_string(),
            rate: config.sample_rate,
            channels: config.channels,
            blocks,
            _stream: stream,
        })
    }
}

fn stream<T: SizedSample>(
    device: &Device,
    config: StreamConfig,
    sender: Sender<Vec<f32>>,
) -> std::result::Result<Stream, cpal::Error>
where
    f32: FromSample<T>,
{
    device.build_input_stream(
        config,
        move |data: &[T], _: &_| {
            // Nobody listens any more when the program ends.
            let _ = sender.send(data.iter().map(|&x| f32::from_sample(x)).collect());
        },
        |cause| crate::cmd::say(&format!("warning: microphone: {cause}")),
        None,
    )
}

/// A stream of samples, cut into windows.
struct Windows {
    width: usize,
    hop: usize,
    /// The last samples, no more than a window wants.
    recent: Vec<f32>,
    /// Samples so far.
    heard: usize,
    /// Where the next window ends.
    next: usize,
}

impl Windows {
    fn new(width: usize, hop: usize) -> Windows {
        Windows {
            width,
            hop,
            recent: Vec::new(),
            heard: 0,
            next: width,
        }
    }

    /// Takes further samples; the windows that are whole now, and where each ends.
    fn push(&mut self, samples: &[f32]) -> Vec<(usize, Vec<f32>)> {
        let mut whole = Vec::new();
        self.recent.extend(samples);
        self.heard += samples.len();
        while self.next <= self.heard {
            let end = self.recent.len() - (self.heard - self.next);
            whole.push((self.next, self.recent[end - self.width..end].to_vec()));
            self.next += self.hop;
        }
        // Where the next window begins, or all that is here.
        let begin = (self.next - self.width).saturating_sub(self.heard - self.recent.len());
        self.recent.drain(..begin.min(self.recent.len()));
        whole
    }
}

fn level_db(samples: &[f32]) -> f64 {
    let power: f64 = samples.iter().map(|&x| f64::from(x).powi(2)).sum();
    10.0 * (power / samples.len() as f64).log10()
}

/// The samples as a recording in memory, so that they go the way of every recording.
fn wav(samples: &[f32], channels: u16, sample_rate: u32) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels,
        sample_rate,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let in_memory = "writing to memory does not fail";
    let mut writer = hound::WavWriter::new(&mut bytes, spec).expect(in_memory);
    for &sample in samples {
        writer.write_sample(sample).expect(in_memory);
    }
    writer.finalize().expect(in_memory);
    bytes.into_inner()
}

#[test]
fn a_stream_is_cut_into_windows_however_its_blocks_fall() {
    let samples: Vec<f32> = (0..100).map(|x| x as f32).collect();
    for (block, hop) in [(1, 4), (7, 4), (100, 4), (7, 15), (33, 30)] {
        let mut windows = Windows::new(10, hop);
        let found: Vec<(usize, Vec<f32>)> = samples
            .chunks(block)
            .flat_map(|b| windows.push(b))
            .collect();
        let ends: Vec<usize> = found.iter().map(|(end, _)| *end).collect();
        let expected: Vec<usize> = (10..=100).step_by(hop).collect();
        assert_eq!(ends, expected, "blocks of {block}, every {hop}");
        for (end, window) in found {
            assert_eq!(
                window,
                samples[end - 10..end],
                "blocks of {block}, every {hop}"
            );
        }
        assert!(windows.recent.len() <= 10 + block);
    }
}

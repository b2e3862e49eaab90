//! Recordings and contours.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;

use super::{Grid, Show, Shown, number};
use crate::audio::{Audio, Recording};
use crate::catalogue::Lld;
use crate::dsp::mel;
use crate::error::{Error, Result};
use crate::lld::LldTable;
use crate::plot::{self, Contour, Figure};

/// The player holds the sound itself; of longer recordings the page would grow too heavy.
const LONGEST_PLAYED_S: f64 = 60.0;
/// Dynamic range of a spectrogram, as Praat shows by default is 70.
const RANGE_DB: f64 = 70.0;

impl Audio {
    /// Its waveform.
    pub fn plot_waveform(&self) -> Figure {
        plot::waveform(&self.samples, self.sample_rate)
    }

    /// Its mel spectrogram, with a pitch over it that has a value for each 10 ms, or none.
    pub fn plot_spectrogram(&self, f0_hz: &[f32]) -> Figure {
        let mel::Spectrogram {
            level_db,
            band_hz,
            hop_s,
        } = mel::spectrogram(&self.samples, self.sample_rate);
        plot::spectrogram(&level_db, &band_hz, hop_s, f0_hz, RANGE_DB)
    }

    /// 16-bit WAV.
    fn wav(&self) -> Vec<u8> {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: self.sample_rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).expect("memory can be written to");
        for &sample in &self.samples {
            let sample = (sample.clamp(-1.0, 1.0) * 32767.0).round() as i16;
            writer
                .write_sample(sample)
                .expect("memory can be written to");
        }
        writer.finalize().expect("memory can be written to");
        bytes.into_inner()
    }
}

/// A player and the waveform.
impl Show for Audio {
    fn shown(&self) -> Shown {
        let Audio {
            samples,
            sample_rate,
        } = self;
        let plain = format!(
            "{} s of sound, {} samples at {sample_rate} Hz",
            number(self.duration_s()),
            samples.len()
        );
        let player = match self.duration_s() <= LONGEST_PLAYED_S {
            true => format!(
                "<audio controls preload=\"metadata\" src=\"data:audio/wav;base64,{}\"></audio>\n",
                BASE64.encode(self.wav())
            ),
            false => format!("<p>{plain}: too long to be played here</p>\n"),
        };
        Shown {
            html: player + self.plot_waveform().svg(),
            plain,
        }
    }
}

/// What is known of it, a player and the waveform.
impl Show for Recording {
    fn shown(&self) -> Shown {
        let channels = match self.channels {
            1 => "mono".to_string(),
            n => format!("{n} channels"),
        };
        let level = match self.loud_db.is_finite() {
            true => format!("loud parts at {} dB re full scale", number(self.loud_db)),
            false => "digital silence".into(),
        };
        let Shown { html, plain } = Shown::line(format!(
            "{} s, {} Hz, {channels}; {level}, {:.0} % speech, {:.2} % clipped",
            number(self.duration_s),
            self.sample_rate,
            100.0 * self.speech_ratio,
            100.0 * self.clipped_ratio
        ));
        Shown {
            html: format!("{html}\n{}", self.audio.shown().html),
            plain,
        }
    }
}

impl LldTable {
    /// The contours `names` below each other; an unknown name is an error.
    pub fn plot(&self, names: &[&str]) -> Result<Figure> {
        let known = || self.llds.iter().zip(&self.contours);
        let contour = |name: &&str| {
            let (lld, values) = known().find(|(lld, _)| lld.name == *name).ok_or_else(|| {
                let names: Vec<&str> = self.llds.iter().map(|lld| lld.name.as_str()).collect();
                Error::Usage(format!(
                    "no contour `{name}`; there are {}",
                    names.join(", ")
                ))
            })?;
            Ok(Contour {
                name: lld.name.clone(),
                unit: lld.unit.into(),
                values: values.clone(),
            })
        };
        let contours: Vec<Contour> = names.iter().map(contour).collect::<Result<_>>()?;
        Ok(plot::contours(&contours, self.hop_s))
    }
}

/// The descriptors with their units, and how each is spread over the frames.
impl Show for LldTable {
    fn shown(&self) -> Shown {
        self.grid().shown()
    }
}

impl LldTable {
    fn grid(&self) -> Grid {
        let row = |(lld, contour): (&Lld, &Vec<f32>)| {
            let mut values: Vec<f32> = contour.iter().copied().filter(|v| !v.is_nan()).collect();
            values.sort_by(f32::total_cmp);
            let at = |q: usize| {
                let value = values.get(q * values.len().saturating_sub(1) / 100);
                value.map_or(String::new(), |&v| number(f64::from(v)))
            };
            let unit = if lld.unit == "1" { "" } else { lld.unit };
            vec![
                lld.name.clone(),
                unit.to_string(),
                at(5),
                at(50),
                at(95),
                values.len().to_string(),
            ]
        };
        Grid {
            names: ["descriptor", "unit", "5 %", "median", "95 %", "frames"]
                .map(String::from)
                .to_vec(),
            rows: self.llds.iter().zip(&self.contours).map(row).collect(),
            note: format!(
                "{} descriptors, {} frames, one every {} ms",
                self.llds.len(),
                self.frames(),
                number(1000.0 * self.hop_s)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::tests::assert_well_formed;

    fn tone(seconds: usize) -> Audio {
        let samples = (0..16_000 * seconds)
            .map(|k| (k as f32 * 0.1).sin())
            .collect();
        Audio {
            samples,
            sample_rate: 16_000,
        }
    }

    #[test]
    fn a_recording_can_be_heard_and_a_long_one_is_not_put_into_the_page() {
        let html = tone(1).shown().html;
        assert_well_formed(&html, &[]);
        let data = html
            .split_once("base64,")
            .unwrap()
            .1
            .split('"')
            .next()
            .unwrap();
        let wav = BASE64.decode(data).unwrap();
        let mut reader = hound::WavReader::new(&wav[..]).unwrap();
        assert_eq!(reader.duration(), 16_000);
        let heard: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(heard[1], (0.1_f32.sin() * 32767.0).round() as i16);
        assert!(!tone(61).shown().html.contains("<audio"));
    }

    #[test]
    fn contours_are_found_by_name() {
        let llds =
            crate::features::Extractor::new(&[crate::catalogue::FeatureSet::RICH]).llds(&tone(1));
        let figure = llds.plot(&["f0_hz", "voicing"]).unwrap();
        assert_eq!(figure.title(), "Contours of f0_hz, voicing");
        let unknown = llds.plot(&["pitch"]).unwrap_err().to_string();
        assert!(
            unknown.starts_with("no contour `pitch`; there are "),
            "{unknown}"
        );
        assert_well_formed(&llds.shown().html, &[]);
        let f0 = llds.contour("f0_hz").unwrap();
        let spectrogram = tone(1).plot_spectrogram(f0);
        assert_well_formed(spectrogram.svg(), &[]);
        assert!(spectrogram.svg().contains("F0 (Hz)"));
    }
}

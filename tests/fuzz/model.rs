//! Any bytes are a model that answers, or are refused; be their checksum right or wrong.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use sentire::audio::Audio;
use sentire::model::Model;
use sentire::predict::{Features, Predictor};

/// Magic, and the formats that are read.
const MAGIC: &[u8] = b"sentire\n";
const FORMATS: [u32; 2] = [3, 4];

/// The features of a sound, of as many numbers as the built-in model wants.
fn sound() -> &'static Features {
    static SOUND: OnceLock<Features> = OnceLock::new();
    SOUND.get_or_init(|| {
        let predictor =
            Predictor::new(sentire::model::built_in().expect("it is built in")).expect("it fits");
        let rate = 8000;
        let samples = (0..rate).map(|at| (at as f32 * 0.1).sin() * 0.3).collect();
        let audio = Audio {
            samples,
            sample_rate: rate as u32,
        };
        let windows = vec![predictor.extractor().functionals(&audio)];
        Features {
            file: "x".into(),
            duration_s: 1.0,
            places: vec![(0.0, 1.0)],
            windows,
            speech_s: vec![1.0],
            instead_of_mean: None,
            channel: None,
            copy_of: None,
            channels_differ: false,
            is_narrow: false,
            quality: Default::default(),
            truncated: false,
        }
    })
}

mod panics;

fuzz_target!(init: panics::catch(), |bytes: &[u8]| {
    let forged = FORMATS.map(|format| {
        let mut file = MAGIC.to_vec();
        file.extend(format.to_le_bytes());
        file.extend((bytes.len() as u64).to_le_bytes());
        file.extend(blake3::hash(bytes).as_bytes());
        file.extend(bytes);
        file
    });
    for file in [bytes, &forged[0], &forged[1]] {
        let Ok(model) = Model::from_bytes(file) else {
            continue;
        };
        let Ok(predictor) = Predictor::new(model) else {
            continue;
        };
        if predictor.model().feature_names.len() == sound().windows[0].len() {
            let _ = predictor.predict(std::slice::from_ref(sound()));
        }
    }
});

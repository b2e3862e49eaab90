//! Any bytes are a recording or are refused; what was decoded can be computed with.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sentire::audio::{self, ReadOptions};
use sentire::features::{Extractor, FeatureSet};

fuzz_target!(|bytes: &[u8]| {
    for accept_truncated in [false, true] {
        let options = ReadOptions {
            accept_truncated,
            max_duration_s: Some(60.0),
            ..ReadOptions::default()
        };
        match audio::read_bytes(bytes.to_vec(), "x", &options) {
            Ok(recording) if recording.duration_s < 2.0 => {
                Extractor::new(&[FeatureSet::Egemaps]).functionals(&recording.audio);
            }
            Ok(_) => {}
            // Panics are caught, and called so.
            Err(error) => assert!(!error.to_string().contains("internal error"), "{error}"),
        }
    }
});

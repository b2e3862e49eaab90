//! Any bytes are a recording or are refused; what was decoded can be computed with.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sentire::audio::{self, ReadOptions};
use sentire::catalogue::FeatureSet;
use sentire::features::Extractor;

mod panics;

fuzz_target!(init: panics::catch(), |bytes: &[u8]| {
    for accept_truncated in [false, true] {
        let options = ReadOptions {
            accept_truncated,
            max_duration_s: Some(60.0),
            ..ReadOptions::default()
        };
        match audio::read_bytes(bytes.to_vec(), "x", &options) {
            Ok(recording) if recording.duration_s < 2.0 => {
                Extractor::new(&[FeatureSet::EGEMAPS]).functionals(&recording.audio);
            }
            Ok(_) => {}
            // Panics of the decoders are caught, and called so.
            Err(error) if error.to_string().contains("internal error") => {
                assert_eq!(panics::in_our_code(), None, "{error}");
            }
            Err(_) => {}
        }
    }
});

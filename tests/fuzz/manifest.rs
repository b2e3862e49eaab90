//! Any bytes are a manifest or are refused; what was read is the same when it is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sentire::corpus::Manifest;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(manifest) = Manifest::from_reader(bytes) {
        let again =
            Manifest::from_reader(manifest.to_csv().as_slice()).expect("it was written by us");
        assert_eq!(again.utterances, manifest.utterances);
    }
});

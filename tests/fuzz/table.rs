//! Any bytes are a table or are refused.
#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use sentire::table::Table;

mod panics;

fuzz_target!(init: panics::catch(), |bytes: &[u8]| {
    let mut file = tempfile::NamedTempFile::new_in("/dev/shm").expect("there is room in memory");
    file.write_all(bytes).expect("there is room in memory");
    let _ = Table::read(file.path());
});

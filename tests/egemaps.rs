//! The set `egemaps`: its documentation, odd recordings.

use sentire::features::egemaps;

use crate::sandbox::repository;

#[test]
fn the_documentation_is_made_from_the_dictionary() {
    let path = repository("src/features/egemaps/dictionary.md");
    let text = egemaps::documentation();
    if std::env::var_os("SENTIRE_WRITE_DOCUMENTATION").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap() == text,
        "{} is out of date: run the tests once with SENTIRE_WRITE_DOCUMENTATION=1",
        path.display()
    );
}

//! The sets `gemaps`, `gemaps-v01a`, `egemaps-v01a` and `egemaps-v01b`: the four older sets of the family of
//! [`egemaps`](super::egemaps). Each is a selection of what that file describes ([`gemaps`](super::gemaps)).

use super::egemaps::{columns, dictionary, llds};
use super::gemaps::{EGEMAPS_V01A, EGEMAPS_V01B, GEMAPS_V01A, GEMAPS_V01B};
use super::{SetInfo, Storage};

pub(super) static GEMAPS_INFO: SetInfo = SetInfo {
    name: "gemaps",
    help: "openSMILE's GeMAPSv01b: 18 descriptors, 62 features",
    edition: GEMAPS_V01B.processing.edition(),
    llds: || llds(&GEMAPS_V01B),
    columns: |set| columns(&GEMAPS_V01B, set),
    dictionary: Some(|| dictionary(&GEMAPS_V01B)),
    ..OF_FAMILY
};

pub(super) static GEMAPS_V01A_INFO: SetInfo = SetInfo {
    name: "gemaps-v01a",
    help: "openSMILE's GeMAPSv01a: those of gemaps, with other formants, jitter and shimmer",
    edition: GEMAPS_V01A.processing.edition(),
    llds: || llds(&GEMAPS_V01A),
    columns: |set| columns(&GEMAPS_V01A, set),
    dictionary: Some(|| dictionary(&GEMAPS_V01A)),
    ..OF_FAMILY
};

pub(super) static EGEMAPS_V01A_INFO: SetInfo = SetInfo {
    name: "egemaps-v01a",
    help: "openSMILE's eGeMAPSv01a: those of egemaps-v01b, with other formants, jitter and shimmer",
    edition: EGEMAPS_V01A.processing.edition(),
    llds: || llds(&EGEMAPS_V01A),
    columns: |set| columns(&EGEMAPS_V01A, set),
    dictionary: Some(|| dictionary(&EGEMAPS_V01A)),
    ..OF_FAMILY
};

pub(super) static EGEMAPS_V01B_INFO: SetInfo = SetInfo {
    name: "egemaps-v01b",
    help: "openSMILE's eGeMAPSv01b: 23 descriptors, the 88 features of egemaps",
    edition: EGEMAPS_V01B.processing.edition(),
    llds: || llds(&EGEMAPS_V01B),
    columns: |set| columns(&EGEMAPS_V01B, set),
    dictionary: Some(|| dictionary(&EGEMAPS_V01B)),
    ..OF_FAMILY
};

/// What is the same for all of them.
const OF_FAMILY: SetInfo = SetInfo {
    name: "",
    version: 1,
    help: "",
    storage: Storage::Flat,
    edition: None,
    llds: Vec::new,
    deltas: None,
    columns: |_| Vec::new(),
    statistics: Vec::new,
    dictionary: None,
};

#[cfg(test)]
mod tests {
    use super::super::FeatureSet;

    const FAMILY: [FeatureSet; 5] = [
        FeatureSet::GEMAPS,
        FeatureSet::GEMAPS_V01A,
        FeatureSet::EGEMAPS_V01A,
        FeatureSet::EGEMAPS_V01B,
        FeatureSet::EGEMAPS,
    ];

    #[test]
    fn sets_have_as_many_descriptors_and_features_as_their_specification_says() {
        // Section 1.
        let sizes = FAMILY.map(|set| (set.llds().len(), set.columns().len()));
        assert_eq!(sizes, [(18, 62), (18, 62), (23, 88), (23, 88), (25, 88)]);
        for set in FAMILY {
            let dictionary = set.dictionary().unwrap();
            let described = |entries: &[super::super::Entry]| -> Vec<String> {
                entries.iter().map(|entry| entry.name.clone()).collect()
            };
            let llds: Vec<String> = set.llds().into_iter().map(|lld| lld.name).collect();
            assert_eq!(described(&dictionary.descriptors), llds);
            assert_eq!(
                described(&dictionary.features),
                set.names().collect::<Vec<_>>()
            );
            assert!(set.columns().iter().all(|column| column.set == set));
        }
    }

    #[test]
    fn the_minimalistic_sets_have_these_of_the_features_of_egemaps() {
        // Section 2.2: numbers of egemaps, counted from 1.
        let all: Vec<String> = FeatureSet::EGEMAPS.names().collect();
        let numbers = [1..=20, 31..=48, 51..=54, 57..=66, 77..=80, 82..=87];
        let expected: Vec<String> = numbers
            .into_iter()
            .flatten()
            .map(|number: usize| all[number - 1].clone())
            .collect();
        for set in [FeatureSet::GEMAPS, FeatureSet::GEMAPS_V01A] {
            assert_eq!(set.names().collect::<Vec<_>>(), expected);
        }
        for set in [FeatureSet::EGEMAPS_V01A, FeatureSet::EGEMAPS_V01B] {
            assert_eq!(set.names().collect::<Vec<_>>(), all);
        }
    }

    #[test]
    fn the_tables_of_contours_have_these_of_the_contours_of_egemaps() {
        // Section 2.1.
        let all: Vec<String> = FeatureSet::EGEMAPS
            .llds()
            .into_iter()
            .map(|lld| lld.name)
            .collect();
        let select = |numbers: &[std::ops::RangeInclusive<usize>]| -> Vec<String> {
            let numbers = numbers.iter().cloned().flatten();
            numbers.map(|number| all[number - 1].clone()).collect()
        };
        let minimalistic = select(&[1..=5, 11..=20, 22..=23, 25..=25]);
        let extended = select(&[1..=20, 22..=23, 25..=25]);
        for (set, expected) in
            FAMILY
                .iter()
                .zip([&minimalistic, &minimalistic, &extended, &extended, &all])
        {
            let names: Vec<String> = set.llds().into_iter().map(|lld| lld.name).collect();
            assert_eq!(&names, expected, "{set}");
        }
    }

    #[test]
    fn what_the_processing_changes_is_said_of_jitter_shimmer_and_formants_alone() {
        let entries = |set: FeatureSet| set.dictionary().unwrap().features;
        for (a, b) in entries(FeatureSet::EGEMAPS_V01A)
            .iter()
            .zip(entries(FeatureSet::EGEMAPS_V01B))
        {
            let changes = ["jitter", "shimmer", "frequency_", "bandwidth_"];
            let changes = changes.iter().any(|part| a.name.contains(part));
            assert_eq!(a.deviation != b.deviation, changes, "{}", a.name);
            let says_so = |text: &Option<String>| {
                let text = text.as_deref().unwrap_or("");
                text.contains("gemaps-family.md, 3")
            };
            assert_eq!(
                (says_so(&a.deviation), says_so(&b.deviation)),
                (changes, false)
            );
        }
    }
}

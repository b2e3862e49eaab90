//! The set `is09`: for each descriptor and feature its unit, its meaning in plain words, its formula, its range, and what one
//! would not expect of it. Numbers in brackets are sections of the specification of emobase, or, behind IS09, of
//! `src/lld/opensmile/specifications/is09.md`.

use super::emobase::{
    Contour, ContourUnit, PITCH, STATISTICS, columns, dictionary, llds, mel_coefficient, pitch,
    voicing_probability, zero_crossing_rate,
};
use super::opensmile::Statistic;
use super::{Family, SetInfo, Side, Storage};

pub(super) static INFO: SetInfo = SetInfo {
    name: "is09",
    version: 1,
    help: "Interspeech 2009 emotion challenge: 16 descriptors and their changes, 384 features",
    storage: Storage::Flat,
    edition: None,
    llds: || llds(&contours(), false),
    deltas: Some(|| llds(&contours(), true)),
    columns: |set| columns(set, &contours(), &statistics()),
    statistics: Vec::new,
    dictionary: Some(|| dictionary(SOURCE, &contours(), &statistics())),
};

/// Where all of it is written.
const SOURCE: &str = "src/lld/opensmile/specifications/emobase.md, or is09.md there where it says IS09, in the repository of \
     sentire";

/// Statistics of emobase that this set does not have.
const ABSENT: [&str; 7] = [
    "linregerrA",
    "quartile1",
    "quartile2",
    "quartile3",
    "iqr1-2",
    "iqr2-3",
    "iqr1-3",
];

/// The 12 statistics in openSMILE's order.
fn statistics() -> Vec<&'static Statistic> {
    const ALL: &[Statistic] = &STATISTICS;
    let present = |statistic: &&Statistic| !ABSENT.contains(&statistic.suffix);
    ALL.iter().filter(present).collect()
}

/// The 16 contours in openSMILE's order.
fn contours() -> Vec<Contour> {
    let mut contours = vec![Contour {
        name: "pcm_RMSenergy",
        index: None,
        unit: ContourUnit::Amplitude,
        noun: "energy".to_string(),
        family: Family::Loudness,
        side: Side::Source,
        meaning: "how strong the sound is",
        definition:
            "root mean square of the pre-emphasised 25 ms frame under its Hamming window (IS09 3)"
                .to_string(),
        range: "0 to about 0.3",
        deviation: Some("of the sound after pre-emphasis, so high frequencies count most"),
    }];
    contours.extend((1..=12).map(|index| {
        mel_coefficient(
            "pcm_fftMag_mfcc",
            index,
            "pre-emphasised 25 ms frames, magnitudes summed in 26 bands from 0 Hz, lifter 22 (IS09 4)",
            "about -60 to 60",
            Some("of magnitudes, not of power: some half of the usual values"),
        )
    }));
    contours.extend([
        zero_crossing_rate("4.3"),
        voicing_probability(
            "highest autocorrelation on a rising slope, from a lag of 2 ms on, over that at 0; pre-emphasised 25 ms frames, \
             Hamming (IS09 5)",
        ),
        pitch(
            "first peak of the cepstrum, ln(1 + power) transformed, above 0.6 (maximum + mean), where the voicing probability \
             is 0.55 or more, outliers replaced (IS09 5); pre-emphasised 25 ms frames",
            "63 to 485 at 16 kHz; 0 where unvoiced",
            PITCH,
        ),
    ]);
    contours
}

#[test]
fn there_are_16_descriptors_and_384_features_in_the_order_of_the_specification() {
    let set = super::FeatureSet::IS09;
    let (llds, deltas, columns) = (set.llds(), set.deltas(), set.columns());
    assert_eq!((llds.len(), deltas.len(), columns.len()), (16, 16, 384));
    assert_eq!(
        (&*llds[1].name, &*llds[15].name),
        ("pcm_fftMag_mfcc_sma[1]", "F0_sma")
    );
    assert_eq!(deltas[12].name, "pcm_fftMag_mfcc_sma_de[12]");
    // Section 1.
    for (place, name) in [
        (1, "pcm_RMSenergy_sma_max"),
        (13, "pcm_fftMag_mfcc_sma[1]_max"),
        (193, "pcm_RMSenergy_sma_de_max"),
        (384, "F0_sma_de_kurtosis"),
    ] {
        assert_eq!(columns[place - 1].name, name);
    }
    assert_eq!("IS09_emotion".parse::<super::FeatureSet>().unwrap(), set);
    assert_eq!(set.dictionary().expect("it has one").features.len(), 384);
}

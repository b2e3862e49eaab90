//! The catalogue against the lists that it replaces.
use sentire::catalogue::{self, Plain, Side};
use sentire::features::{self, Family, FeatureSet};
use sentire::model::views::View;

#[test]
fn the_catalogue_agrees_with_the_lists() {
    for set in FeatureSet::ALL {
        let ours: catalogue::FeatureSet = set.name().parse().unwrap();
        let meanings = features::meanings(&[*set]);
        let old = set.features();
        assert_eq!(old.len(), ours.columns().len());
        assert_eq!(set.is_view(), ours.is_list());
        for (old, new) in old.iter().zip(ours.columns()) {
            assert_eq!(old.name, new.name);
            assert_eq!(old.functional, new.functional, "{}", new.name);
            assert!(old.descriptor.starts_with(&new.of), "{old:?} {new:?}");
            // What these are was said wrongly: "aubio: ..., in voiced frames".
            if !new.name.starts_with("aubio_voiced_") {
                assert_eq!(meanings[&old.name], new.meaning);
            }
            assert_eq!(
                format!("{:?}", Family::of(&old.name).unwrap()),
                format!("{:?}", new.family),
                "{}",
                new.name
            );
            let names = [old.name.clone()];
            let is = |view: View| !view.places(&names).is_empty();
            let side = match (is(View::Source), is(View::Filter)) {
                (true, false) => Some(Side::Source),
                (false, true) => Some(Side::Filter),
                _ => None,
            };
            assert_eq!(side, new.side, "{}", new.name);
            let plain = [
                "mean",
                "std",
                "p50",
                "voiced_mean",
                "amean",
                "stddevNorm",
                "percentile50.0",
            ];
            let is_plain = plain.contains(&&*old.functional) && !old.descriptor.contains("_delta");
            assert_eq!(is_plain, new.plain.is_some(), "{}", new.name);
            let spread = ["std", "stddevNorm"].contains(&&*old.functional);
            assert_eq!(
                is_plain && spread,
                new.plain == Some(Plain::Spread),
                "{}",
                new.name
            );
            assert_eq!(
                old.descriptor.contains("_delta") && !ours.is_list(),
                new.is_delta
            );
        }
        let (a, b) = (set.llds(), ours.llds());
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(&b) {
            assert_eq!(
                (&a.name, a.unit, &a.definition, a.voiced_only),
                (&b.name, b.unit, &b.definition, b.voiced_only)
            );
        }
        let (a, b) = (set.statistics(), ours.statistics());
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(&b) {
            assert_eq!((a.name, a.title), (b.name, b.title));
            let pairs: Vec<_> = b
                .statistics
                .iter()
                .map(|s| (s.name, s.definition))
                .collect();
            assert_eq!(a.statistics, pairs);
        }
        assert_eq!(
            format!("{:?}", set.dictionary()),
            format!("{:?}", ours.dictionary())
        );
    }
}

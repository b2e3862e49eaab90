//! `sentire --version --verbose`: what this program contains, and under which licences.

use sentire::catalogue::{FeatureSet, computed, versioned};

pub fn print() {
    let code = match cfg!(feature = "aubio") {
        true => "GPL-3.0-or-later, because of aubio (feature set `aubio`)",
        false => "MIT OR Apache-2.0",
    };
    println!("sentire {}", env!("CARGO_PKG_VERSION"));
    let sets: Vec<FeatureSet> = computed().collect();
    println!("feature sets       {}", versioned(&sets).replace(',', ", "));
    println!("this program       {code}; its dependencies have licences of their own");
    println!("built-in model     {}", built_in());
}

#[cfg(feature = "default-model")]
fn built_in() -> String {
    let model = match sentire::model::built_in() {
        Ok(model) => model,
        Err(error) => return error.to_string(),
    };
    format!(
        "{} of {}, trained on {}: CC BY-NC-SA 4.0, because of RAVDESS. Who redistributes this program with it\n                   \
         gives it on under these terms, or builds without the cargo feature `default-model`",
        model.card.trained,
        model.card.label,
        model.card.corpora.join(" and ")
    )
}

#[cfg(not(feature = "default-model"))]
fn built_in() -> String {
    "none".to_string()
}

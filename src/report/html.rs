//! The report as a page: one HTML file without scripts that needs no network and no other file, for screens, phones and
//! paper, light and dark.

mod cross;
mod protocol;
mod values;

use std::fmt::Write;

pub use cross::cross_to_html;
pub use values::values_to_html;

use super::Report;
use crate::audit::Finding;
use crate::model::Normalize;

const STYLE: &str = include_str!("html/page.css");

/// What the page states besides the figures.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct About {
    /// The heading.
    pub title: String,
    /// The command that reproduces the report.
    pub command: String,
    /// The program and its version.
    pub version: String,
    /// The date, if the page should have one.
    pub date: Option<String>,
}

/// The page of one report, or of two, one for each protocol.
///
/// Text from tables (classes, speakers, corpora, columns, messages) is escaped. What was not measured is left out, or
/// marked as not measured. The same input gives the same bytes.
pub fn to_html(reports: &[Report], about: &About) -> String {
    let mut page = String::new();
    begin(
        &mut page,
        about,
        &reports.first().map_or(String::new(), lead),
    );
    alarms(&mut page, reports.iter().flat_map(|report| &report.leakage));
    if reports.is_empty() {
        page.push_str("<p>Nothing was evaluated.</p>\n");
    } else {
        page.push_str("<div class=\"headlines\">\n");
        for report in reports {
            headline(&mut page, report);
        }
        page.push_str("</div>\n");
    }
    for report in reports {
        protocol::section(&mut page, report, reports.len() == 1);
    }
    glossary(&mut page, reports);
    let facts = reports
        .first()
        .map(|report| (report.seed, report.label.as_str()));
    end(&mut page, facts, about);
    page
}

/// The page up to its first figure; `lead` says what was recognised by what.
fn begin(page: &mut String, about: &About, lead: &str) {
    let title = escaped(&about.title);
    let _ = write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<header>\n\
         <p class=\"kind\">Emotion recognition, evaluated on held-out recordings</p>\n<h1>{title}</h1>\n"
    );
    if !lead.is_empty() {
        let _ = writeln!(page, "<p class=\"lead\">{lead}</p>");
    }
    page.push_str("</header>\n");
}

/// What was recognised, by what, in one sentence.
fn lead(report: &Report) -> String {
    let corpora = match report.corpora.is_empty() {
        true => String::new(),
        false => format!(" in {}", escaped(&report.corpora.join(", "))),
    };
    let which = match report.label.as_str() {
        "emotion" => "emotions".to_string(),
        label => format!("classes of <q>{}</q>", escaped(label)),
    };
    format!(
        "{} {which}{corpora}, recognised by <code>{}</code> from {} acoustic features (<code>{}</code>).",
        report.classes.len(),
        escaped(&report.model.to_string()),
        report.feature_names.len(),
        escaped(&report.features)
    )
}

/// What the audit found, each thing once, errors before warnings.
fn alarms<'a>(page: &mut String, found: impl Iterator<Item = &'a Finding>) {
    let mut findings: Vec<&Finding> = Vec::new();
    for finding in found {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    for is_error in [true, false] {
        let some: Vec<_> = findings
            .iter()
            .filter(|finding| finding.is_error == is_error)
            .collect();
        if some.is_empty() {
            continue;
        }
        let (class, heading) = match is_error {
            true => ("alarm error", "These figures cannot be trusted"),
            false => ("alarm", "Read these figures with care"),
        };
        let _ = write!(
            page,
            "<div class=\"{class}\" role=\"note\">\n<h2>{heading}</h2>\n<ul>\n"
        );
        for finding in some {
            let _ = writeln!(
                page,
                "<li>{} <small>{}</small></li>",
                with_code(&finding.message),
                escaped(&finding.kind)
            );
        }
        page.push_str("</ul>\n</div>\n");
    }
}

/// The letter of a protocol and what it is called.
fn name(normalize: Normalize) -> (char, &'static str) {
    match normalize {
        Normalize::Train => ('A', "speakers never heard before"),
        Normalize::Speaker => ('B', "speakers whose other recordings are at hand"),
        Normalize::Batch => ('C', "corpora of which a whole batch is at hand"),
    }
}

/// The figure to be read first, and the few beside it.
fn headline(page: &mut String, report: &Report) {
    let (letter, called) = name(report.normalize);
    let mark = match report.normalize {
        Normalize::Train => "scaled by the training speakers alone",
        Normalize::Speaker => {
            "<strong>transductive</strong>: each speaker is scaled by their own unlabelled recordings"
        }
        Normalize::Batch => {
            "<strong>transductive</strong>: each corpus is scaled by its own unlabelled recordings"
        }
    };
    let [low, high] = report.uar_ci95;
    let _ = write!(
        page,
        "<section class=\"headline\">\n<h2>Protocol {letter} <span>{called}</span></h2>\n\
         <p class=\"mark\">{mark}</p>\n\
         <p class=\"uar\"><b>{}</b> <abbr title=\"unweighted average recall\">UAR</abbr></p>\n\
         <p>95&nbsp;% interval {}, chance {}</p>\n{}<dl class=\"facts\">\n",
        percent(report.uar),
        between(low, high),
        percent(report.chance),
        report.plot_uar()
    );
    for (name, value) in [
        ("accuracy", percent(report.accuracy)),
        ("macro-F1", percent(report.macro_f1)),
        ("recordings", report.n.to_string()),
        ("speakers", report.speakers.to_string()),
        ("classes", report.classes.len().to_string()),
    ] {
        let _ = writeln!(page, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    }
    page.push_str("</dl>\n</section>\n");
}

/// The words of the page, in plain English: those that it uses.
fn glossary(page: &mut String, reports: &[Report]) {
    let any = |has: fn(&Report) -> bool| reports.iter().any(has);
    let calibrated = any(|report| !report.calibration.bins.is_empty());
    let words = [
        (
            true,
            "UAR",
            "Unweighted average recall: the share recognised of each class, then the mean over the classes. A rare class counts as much as a frequent one. It is scikit-learn's <code>balanced_accuracy_score</code>.",
        ),
        (
            true,
            "Recall",
            "Of all recordings of a class, the share that was recognised as that class.",
        ),
        (
            true,
            "Chance",
            "The UAR of guessing: one over the number of classes.",
        ),
        (
            true,
            "95&nbsp;% interval",
            "Where the figure would probably lie with other speakers of the same kind: how far it moves when speakers are drawn anew, with replacement, again and again, says how wide the interval must be. Recordings of one speaker are alike, so few speakers make it wide.",
        ),
        (
            true,
            "Accuracy",
            "The share of all recordings that was recognised. A class that is frequent can carry it.",
        ),
        (
            true,
            "Macro-F1",
            "F1 weighs how many of a class were found against how many of those called by its name are; this is its mean over the classes.",
        ),
        (
            true,
            "Protocols A, B and C",
            "Under A nothing is known of a test speaker beforehand. Under B the mean and spread of each feature over a speaker's own recordings, without their labels, are taken off first. That needs to know who speaks and several recordings of each, and gives higher figures. Under C the same is done over a whole corpus of which nobody was trained on. Figures of different protocols must not be compared with each other.",
        ),
        (
            calibrated,
            "ECE",
            "Expected calibration error: how far the probability of the predicted class lies, in the mean, from the share that is right. At 0.05 a prediction called 70&nbsp;% sure is right in about 65 or 75&nbsp;% of the cases.",
        ),
        (
            calibrated,
            "Brier score",
            "The squared distance of the probabilities from the truth, summed over the classes: 0 is perfect, 2 the worst.",
        ),
        (
            calibrated,
            "Unsure",
            "The verdict where the largest probability lies below a threshold that was set on training speakers or corpora held out.",
        ),
        (
            any(|report| !report.comparisons.is_empty()),
            "p",
            "How often a difference as large would come about by chance alone, if the two models were equally good. Below 0.05 is customarily taken as more than chance.",
        ),
        (
            any(|report| report.comparisons.len() > 1),
            "p, Holm",
            "Of many comparisons one may look like more than chance by chance alone. Holm's method makes each p larger by how many there are, so that one below 0.05 is no false alarm more often than one time in 20 for all together.",
        ),
        (
            any(|report| !report.importance.is_empty()),
            "Importance",
            "What the probability of the true class loses, in the mean, when the values of one feature are shuffled among the held-out recordings. Features that say the same share it among them.",
        ),
        (
            any(|report| report.random_split_uar.is_some()),
            "Random split",
            "Recordings dealt at random, so that the same voices are in training and test. Such figures look better and do not hold for new speakers.",
        ),
    ];
    page.push_str("<section class=\"glossary\">\n<h2>What the words mean</h2>\n<dl>\n");
    for (_, word, meaning) in words.iter().filter(|(used, ..)| *used) {
        let _ = writeln!(page, "<div><dt>{word}</dt><dd>{meaning}</dd></div>");
    }
    page.push_str("</dl>\n</section>\n");
}

/// How to come to the same figures again.
fn end(page: &mut String, facts_of: Option<(u64, &str)>, about: &About) {
    page.push_str("<footer>\n<h2>The same again</h2>\n");
    if !about.command.is_empty() {
        let _ = writeln!(page, "<pre>{}</pre>", escaped(&about.command));
    }
    let mut facts = Vec::new();
    if !about.version.is_empty() {
        facts.push(escaped(&about.version));
    }
    if let Some((seed, label)) = facts_of {
        facts.push(format!("seed {seed}"));
        facts.push(format!("label <code>{}</code>", escaped(label)));
    }
    if let Some(date) = &about.date {
        facts.push(escaped(date));
    }
    let _ = write!(page, "<p>{}</p>\n</footer>\n", facts.join("; "));
    page.push_str("</main>\n</body>\n</html>\n");
}

/// `text` for HTML, in elements and in attributes.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\n' | '\t' => html.push(c),
            c if c.is_control() => html.push('\u{fffd}'),
            c => html.push(c),
        }
    }
    html
}

/// `text` escaped, with what stands between backticks as code.
fn with_code(text: &str) -> String {
    let parts: Vec<String> = text.split('`').map(escaped).collect();
    if parts.len().is_multiple_of(2) {
        return escaped(text);
    }
    let place = |(place, part): (usize, String)| match place % 2 {
        0 => part,
        _ => format!("<code>{part}</code>"),
    };
    parts.into_iter().enumerate().map(place).collect()
}

/// `61.2 %`.
fn percent(share: f64) -> String {
    match share.is_finite() {
        true => format!("{:.1}&nbsp;%", share * 100.0),
        false => "not measured".into(),
    }
}

/// `57.0 to 65.1 %`.
fn between(low: f64, high: f64) -> String {
    match low.is_finite() && high.is_finite() {
        true => format!("{:.1} to {}", low * 100.0, percent(high)),
        false => "not measured".into(),
    }
}

/// `0.041`.
fn decimal(value: f64) -> String {
    match value.is_finite() {
        true => format!("{value:.3}"),
        false => "not measured".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::tests::assert_well_formed;
    use crate::report::{Group, bare, example};

    fn about() -> About {
        About {
            title: "The demo".into(),
            command: "sentire evaluate features.parquet --seed 7".into(),
            version: "sentire 0.1.0".into(),
            date: None,
        }
    }

    fn page(reports: &[Report]) -> String {
        let page = to_html(reports, &about());
        assert_well_formed(page.strip_prefix("<!DOCTYPE html>\n").unwrap(), &["meta"]);
        assert!(!page.contains("NaN"), "{page}");
        // One file: nothing is fetched, nothing runs.
        let namespace = "xmlns=\"http://www.w3.org/2000/svg\"";
        assert!(!page.replace(namespace, "").contains("http"));
        for outside in ["<script", "<link", "src=", "url(", "@import"] {
            assert!(!page.contains(outside), "{outside}");
        }
        page
    }

    #[test]
    fn one_protocol_has_all_its_parts() {
        let page = page(&[example(Normalize::Train)]);
        for part in [
            "<b>60.0&nbsp;%</b>",
            "50.0 to 70.0&nbsp;%, chance 33.3&nbsp;%",
            "Protocol A",
            "Each of the 3 speakers was tested",
            "75.0&nbsp;% instead of 60.0&nbsp;%: <b>15.0 points</b>",
            "3.0 points better than logistic:c=1",
            "Most often taken: 30.0&nbsp;% of sad for angry",
            "Expected calibration error 0.041 (95&nbsp;% interval 0.030 to 0.060)",
            "<q>unsure</q> falls on 10.0&nbsp;%",
            "arithmetic mean of the fundamental frequency",
            "<code>svm:kernel=linear,c=1</code> (2 of 3 folds)",
            "<details>",
            "--seed 7",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(!page.contains("transductive"));
        assert_eq!(page, to_html(&[example(Normalize::Train)], &about()));
    }

    #[test]
    fn two_protocols_stand_side_by_side_and_b_is_marked() {
        let page = page(&[example(Normalize::Train), example(Normalize::Speaker)]);
        assert_eq!(page.matches("class=\"headline\"").count(), 2);
        assert_eq!(page.matches("class=\"protocol\"").count(), 2);
        assert!(page.contains(
            "<strong>transductive</strong>: each speaker is scaled by their own unlabelled recordings"
        ));
    }

    #[test]
    fn errors_of_the_audit_come_first_and_once() {
        let mut report = example(Normalize::Train);
        let finding = |is_error, message: &str| Finding {
            is_error,
            kind: "kind".into(),
            message: message.into(),
        };
        report.leakage = vec![finding(false, "one text"), finding(true, "`a` twice")];
        let page = page(&[report.clone(), report]);
        let error = page.find("These figures cannot be trusted").unwrap();
        let warning = page.find("Read these figures with care").unwrap();
        assert!(error < warning && warning < page.find("class=\"headline\"").unwrap());
        assert_eq!(page.matches("<code>a</code> twice").count(), 1);
    }

    #[test]
    fn whatever_comes_from_tables_is_escaped() {
        let nasty = "<script>alert(\"1\")</script> & 'x'\u{0}";
        let mut report = example(Normalize::Train);
        report.classes[0] = nasty.into();
        report.by_speaker[0].name = nasty.into();
        report.by_sex[0].name = nasty.into();
        report.folds[0].name = nasty.into();
        report.folds[0].speakers = vec![nasty.into(), nasty.into()];
        report.corpora = vec![nasty.into()];
        report.label = nasty.into();
        report.features = nasty.into();
        report.held_out = nasty.into();
        report.importance[0].feature = nasty.into();
        report.importance[0].class = nasty.into();
        report.comparisons[0].other = nasty.into();
        report.comparisons.push(report.comparisons[0].clone());
        report.leakage = vec![Finding {
            is_error: true,
            kind: nasty.into(),
            message: nasty.into(),
        }];
        page(&[report.clone()]);
        let about = About {
            title: nasty.into(),
            command: nasty.into(),
            version: nasty.into(),
            date: Some(nasty.into()),
        };
        let page = to_html(&[report], &about);
        assert_well_formed(page.strip_prefix("<!DOCTYPE html>\n").unwrap(), &["meta"]);
        assert!(!page.contains("<script"));
    }

    #[test]
    fn what_was_not_measured_is_left_out_or_said() {
        let mut report = bare(Normalize::Speaker);
        report.uar_ci95 = [f64::NAN; 2];
        report.macro_f1 = f64::NAN;
        report.recall.clear();
        let page = page(&[report]);
        assert!(page.contains("<dt>macro-F1</dt><dd>not measured</dd>"));
        for part in [
            "calibration",
            "Brier",
            "Speaker by speaker",
            "What it listens to",
        ] {
            assert!(!page.contains(part), "{part}");
        }
        let mut report = bare(Normalize::Train);
        report.classes.clear();
        report.confusion.clear();
        report.folds.clear();
        self::page(&[report]);
        assert!(self::page(&[]).contains("Nothing was evaluated"));
    }

    #[test]
    fn a_hundred_speakers_fit() {
        let mut report = example(Normalize::Train);
        report.by_speaker = (0..100)
            .map(|n| Group {
                name: format!("speaker {n}"),
                n: 10 + n,
                uar: n as f64 / 100.0,
                accuracy: 0.5,
            })
            .collect();
        let page = page(&[report]);
        assert!(page.contains("34 of them are no better than chance"));
        assert!((0..100).all(|n| page.contains(&format!("speaker {n}\n</text>"))));
    }
}

//! The section of one protocol: how it was measured, and its figures.

use std::fmt::Write;

use super::{between, decimal, escaped, name, percent};
use crate::model::Normalize;
use crate::plot::Figure;
use crate::report::text::{described, how_compared, points, probability};
use crate::report::{Group, Report};

/// `alone` where the page is of this protocol only, and its headline has named it.
pub fn section(page: &mut String, report: &Report, alone: bool) {
    let (letter, called) = name(report.normalize);
    let heading = match alone {
        true => "How it was measured, and what came out".to_string(),
        false => format!("Protocol {letter} <span>{called}</span>"),
    };
    let _ = write!(
        page,
        "<section class=\"protocol\">\n<h2>{heading}</h2>\n<p>{}</p>\n",
        protocol(report)
    );
    remarks(page, report);
    if report.comparisons.len() > 1 {
        compared(page, report);
    }
    page.push_str("<div class=\"pair\">\n");
    figure(
        page,
        "What is taken for what",
        &format!("Shaded by the share of the true class.{}", confused(report)),
        &report.plot_confusion(),
    );
    page.push_str("<div>\n");
    recall(page, report);
    groups(page, "Sex", &report.by_sex);
    groups(page, "Corpus", &report.by_corpus);
    page.push_str("</div>\n</div>\n");
    if !(report.by_speaker.is_empty() && report.calibration.bins.is_empty()) {
        page.push_str("<div class=\"pair\">\n");
        speakers(page, report);
        calibration(page, report);
        page.push_str("</div>\n");
    }
    if !report.learning_curve.is_empty() {
        figure(
            page,
            "With fewer speakers to learn from",
            LEARNING_CURVE,
            &report.plot_learning_curve(),
        );
    }
    importance(page, report);
    folds(page, report);
    page.push_str("</section>\n");
}

/// What a learning curve shows.
pub const LEARNING_CURVE: &str = "Of each fold some of the training speakers, drawn at random, and all of them; everything was fitted and \
    chosen on these alone. Where the curve still rises, more speakers would help.";

fn recall(page: &mut String, report: &Report) {
    figure(
        page,
        "How much of each class is recognised",
        match report.recall_ci95.is_empty() {
            true => "The recall of each class.",
            false => "The recall of each class, with its 95&nbsp;% interval.",
        },
        &report.plot_recall(),
    );
}

/// The protocol in plain words.
fn protocol(report: &Report) -> String {
    let held_out = match (report.held_out.as_str(), &report.folds[..]) {
        ("split", [fold]) => format!(
            "Trained on the {} recordings marked <code>train</code>, tested once on the {} marked <code>test</code>.",
            fold.train, fold.test
        ),
        (_, [fold]) => format!(
            "Trained on the {} recordings of other corpora, tested on the {} of {}, in the classes that both sides have.",
            fold.train,
            fold.test,
            escaped(&fold.name)
        ),
        ("loso", folds) => format!(
            "Each of the {} speakers was tested by a model that had been trained on the others only.",
            folds.len()
        ),
        ("corpus", folds) => format!(
            "Each of the {} corpora was tested by a model that had been trained on the others only.",
            folds.len()
        ),
        (_, folds) => format!(
            "The speakers were dealt into {} groups; each group was tested by a model that had been trained on the other groups only.",
            folds.len()
        ),
    };
    let scaling = match report.normalize {
        Normalize::Train => {
            "The mean and spread by which features are scaled come from the training speakers; of a test speaker nothing was known before the test."
        }
        Normalize::Speaker => {
            "Features were scaled, speaker by speaker, by the mean and spread of the speaker's own recordings: those of the test speaker too, without their labels."
        }
        Normalize::Batch => {
            "Features were scaled, corpus by corpus, by the mean and spread of the corpus's own recordings: those of the test corpus too, without their labels."
        }
    };
    let tuned = match report.tuned {
        true => {
            " Each fold chose its parameters in folds of its own training speakers, or corpora."
        }
        false => "",
    };
    format!("{held_out} {scaling}{tuned}")
}

/// What there is to say of the headline figure: each sentence only where it applies.
fn remarks(page: &mut String, report: &Report) {
    let mut remarks = Vec::new();
    if let Some(random) = report.random_split_uar {
        let worth = points(random - report.uar);
        let verdict = match worth {
            worth if worth > 0.0 => format!("<b>{worth:.1} points</b> of that would be leaking"),
            _ => "here it would not have flattered".to_string(),
        };
        remarks.push((
            "Random split",
            format!(
                "A split that ignores speakers would have shown {} instead of {}: {verdict}.",
                percent(random),
                percent(report.uar)
            ),
        ));
    }
    if let [compared] = &report.comparisons[..] {
        // The other's name is not ours; the rest of the sentence is.
        let sentence = escaped(&compared.sentence(|uar| format!("{:.1} %", uar * 100.0)));
        remarks.push(("Compared", format!("{}.", capital(&sentence))));
    }
    if report.tuned {
        let chosen: Vec<String> = report
            .chosen()
            .iter()
            .map(|chosen| match chosen.split_once(' ') {
                Some((model, folds)) => format!("<code>{}</code> {folds}", escaped(model)),
                None => escaped(chosen),
            })
            .collect();
        remarks.push(("Chosen", format!("{}.", chosen.join(", "))));
    }
    if let Some(labels) = report.of_shares() {
        remarks.push(("Labels", format!("{}.", capital(labels))));
    }
    let mut counted = Vec::new();
    if let Some(windows) = report.windows {
        counted.push(format!(
            "Recordings were cut into {windows} windows; a recording is recognised by the mean of its windows' probabilities."
        ));
    }
    for (n, what) in [
        (
            report.held_back,
            "held back: neither trained nor tested on.",
        ),
        (
            report.left_out,
            "left out: without a label, or without a speaker to scale by.",
        ),
        (
            report.speakerless,
            "without a known speaker, treated as one speaker.",
        ),
    ] {
        if n > 0 {
            let recordings = if n == 1 { "recording" } else { "recordings" };
            counted.push(format!("{n} {recordings} {what}"));
        }
    }
    if !counted.is_empty() {
        remarks.push(("Recordings", counted.join(" ")));
    }
    if remarks.is_empty() {
        return;
    }
    page.push_str("<dl class=\"remarks\">\n");
    for (name, remark) in remarks {
        let _ = writeln!(page, "<div><dt>{name}</dt><dd>{remark}</dd></div>");
    }
    page.push_str("</dl>\n");
}

/// What several others do on the same folds.
fn compared(page: &mut String, report: &Report) {
    begin_compared(page, "UAR", "recognised by");
    let name = described(&report.model, &report.features, report.feature_names.len());
    let _ = writeln!(
        page,
        "<tr><td>{}</td><td class=\"n\">{} <small>{}</small></td><td></td><td></td><td></td></tr>",
        escaped(&name),
        percent(report.uar),
        between(report.uar_ci95[0], report.uar_ci95[1])
    );
    for compared in &report.comparisons {
        let test = &compared.test;
        let signed = |share: f64| format!("{:+.1}", points(share)).replace('-', "\u{2212}");
        let [low, high] = test.difference_ci95;
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td class=\"n\">{} <small>{}</small></td><td class=\"n\">{} <small>{} to {}</small></td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escaped(&compared.other),
            percent(compared.uar),
            between(compared.uar_ci95[0], compared.uar_ci95[1]),
            signed(test.difference),
            signed(low),
            signed(high),
            escaped(&probability(test.p_value)),
            escaped(&probability(compared.p_holm))
        );
    }
    end_compared(page, "points of UAR", report.comparisons.len());
}

/// The head of a table of comparisons of this figure.
pub fn begin_compared(page: &mut String, figure: &str, by: &str) {
    let _ = write!(
        page,
        "<div class=\"scroll\"><table>\n<caption>Compared on the same folds</caption>\n<thead><tr><th>{by}</th>\
         <th class=\"n\">{figure}</th><th class=\"n\">difference</th><th class=\"n\">p</th><th class=\"n\">p, Holm</th></tr></thead>\n<tbody>\n"
    );
}

/// Its end, with what the columns are.
pub fn end_compared(page: &mut String, unit: &str, comparisons: usize) {
    let _ = write!(
        page,
        "</tbody>\n</table></div>\n<p><small>{}; with 95&nbsp;% intervals, by resampling speakers.</small></p>\n",
        capital(&escaped(&how_compared(unit, comparisons)))
    );
}

/// The most frequent confusions, in a sentence.
fn confused(report: &Report) -> String {
    let mut shares = Vec::new();
    for (t, row) in report.confusion.iter().enumerate() {
        let sum: usize = row.iter().sum();
        for (p, &count) in row.iter().enumerate() {
            if t != p && count > 0 {
                shares.push((count as f64 / sum as f64, t, p));
            }
        }
    }
    // Equal shares stay in the order of the matrix: the sort is stable.
    shares.sort_by(|a, b| b.0.total_cmp(&a.0));
    let class = |place: usize| escaped(report.classes.get(place).map_or("", String::as_str));
    let told: Vec<String> = shares
        .iter()
        .take(2)
        .map(|&(share, t, p)| format!("{} of {} for {}", percent(share), class(t), class(p)))
        .collect();
    match told.is_empty() {
        true => String::new(),
        false => format!(" Most often taken: {}.", told.join(", ")),
    }
}

/// A figure with its heading and a caption, all of them HTML.
pub fn figure(page: &mut String, heading: &str, caption: &str, drawn: &Figure) {
    let _ = write!(
        page,
        "<figure>\n<figcaption><h3>{heading}</h3>\n<p>{caption}</p></figcaption>\n{drawn}</figure>\n"
    );
}

fn speakers(page: &mut String, report: &Report) {
    if report.by_speaker.is_empty() {
        return;
    }
    let is_below = |speaker: &&Group| speaker.uar <= report.chance;
    let below = report.by_speaker.iter().filter(is_below).count();
    let below = match below {
        0 => String::new(),
        1 => " One of them is no better than chance.".into(),
        below => format!(" {below} of them are no better than chance."),
    };
    figure(
        page,
        "Speaker by speaker",
        &format!(
            "The UAR of each speaker, over the classes that they have; dashed, that of all.{below}"
        ),
        &report.plot_speakers(),
    );
}

fn calibration(page: &mut String, report: &Report) {
    let calibration = &report.calibration;
    if calibration.bins.is_empty() {
        return;
    }
    let [low, high] = calibration.ece_ci95;
    let interval = match low.is_finite() && high.is_finite() {
        true => format!(" (95&nbsp;% interval {low:.3} to {high:.3})"),
        false => String::new(),
    };
    let others = match report.unsure.accuracy_of_sure {
        Some(accuracy) => format!("of the others {} are recognised", percent(accuracy)),
        None => "there are no others".into(),
    };
    figure(
        page,
        "Whether its probabilities can be believed",
        &format!(
            "Expected calibration error {}{interval}, Brier score {}. On the dashed line a prediction that is called 70&nbsp;% sure is right in 70&nbsp;% of the cases. The verdict <q>unsure</q> falls on {} of the recordings; {others}.",
            decimal(calibration.ece),
            decimal(calibration.brier),
            percent(report.unsure.share)
        ),
        &report.plot_reliability(),
    );
}

fn groups(page: &mut String, what: &str, groups: &[Group]) {
    if groups.is_empty() {
        return;
    }
    let _ = write!(
        page,
        "<div class=\"scroll\"><table>\n<thead><tr><th>{what}</th><th class=\"n\">recordings</th>\
         <th class=\"n\">UAR</th><th class=\"n\">accuracy</th></tr></thead>\n<tbody>\n"
    );
    for group in groups {
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escaped(&group.name),
            group.n,
            percent(group.uar),
            percent(group.accuracy)
        );
    }
    page.push_str("</tbody>\n</table></div>\n");
}

fn importance(page: &mut String, report: &Report) {
    if report.importance.is_empty() {
        return;
    }
    page.push_str("<div class=\"pair\">\n");
    figure(
        page,
        "What it listens to",
        "The features that it would miss most, and the class that each tells apart best.",
        &report.plot_importance(),
    );
    page.push_str(
        "<div class=\"scroll\"><table class=\"small\">\n<thead><tr><th>column</th><th class=\"n\">loss</th>\
         <th>class</th><th class=\"n\">correlation</th></tr></thead>\n<tbody>\n",
    );
    for important in &report.importance {
        let correlation = match important.correlation.is_finite() {
            true => format!("{:+.2}", important.correlation).replace('-', "\u{2212}"),
            false => "not measured".into(),
        };
        let loss = match important.loss.is_finite() {
            true => format!("{:.4}", important.loss).replace('-', "\u{2212}"),
            false => "not measured".into(),
        };
        let _ = writeln!(
            page,
            "<tr><td><code>{}</code></td><td class=\"n\">{loss}</td><td>{}</td><td class=\"n\">{correlation}</td></tr>",
            escaped(&important.feature),
            escaped(&important.class)
        );
    }
    page.push_str("</tbody>\n</table></div>\n</div>\n");
}

fn folds(page: &mut String, report: &Report) {
    if report.folds.is_empty() {
        return;
    }
    // Under leave-one-speaker-out a fold bears its speaker's name.
    let named = report
        .folds
        .iter()
        .all(|fold| fold.speakers.len() == 1 && fold.speakers[0] == fold.name);
    let (first, speakers) = match named {
        true => ("speaker", ""),
        false => ("fold", "<th>speakers</th>"),
    };
    let _ = write!(
        page,
        "<details>\n<summary>The folds, one by one ({})</summary>\n<div class=\"scroll\"><table class=\"small\">\n\
         <thead><tr><th>{first}</th>{speakers}<th class=\"n\">trained on</th><th class=\"n\">tested on</th>\
         <th class=\"n\">UAR</th><th>model</th></tr></thead>\n<tbody>\n",
        report.folds.len()
    );
    for fold in &report.folds {
        let speakers = match named {
            true => String::new(),
            false => format!("<td>{}</td>", escaped(&fold.speakers.join(", "))),
        };
        let _ = writeln!(
            page,
            "<tr><td>{}</td>{speakers}<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td><code>{}</code></td></tr>",
            escaped(&fold.name),
            fold.train,
            fold.test,
            percent(fold.uar),
            escaped(&fold.model.to_string())
        );
    }
    page.push_str("</tbody>\n</table></div>\n</details>\n");
}

/// `text` with its first letter a capital.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

//! The page of a report on predicted numbers.

use std::fmt::Write;

use super::protocol::{LEARNING_CURVE, begin_compared, end_compared, figure};
use super::{About, alarms, begin, decimal, end, escaped, name};
use crate::metrics::values::ValueFigures;
use crate::report::text::{described, probability, scaling};
use crate::report::values::in_words;
use crate::report::{TargetReport, ValueReport};

/// The page of one report, or of one each for the two protocols. What comes from tables is escaped, what was not measured
/// left out. Same input, same bytes.
pub fn values_to_html(reports: &[ValueReport], about: &About) -> String {
    let mut page = String::new();
    let lead = reports.first().map_or(String::new(), lead);
    begin(&mut page, about, &lead);
    alarms(&mut page, reports.iter().flat_map(|report| &report.leakage));
    page.push_str("<div class=\"headlines\">\n");
    for report in reports {
        headline(&mut page, report);
    }
    page.push_str("</div>\n");
    for report in reports {
        section(&mut page, report, reports.len() == 1);
    }
    glossary(&mut page);
    let facts = reports
        .first()
        .map(|report| (report.seed, report.label.as_str()));
    end(&mut page, facts, about);
    page
}

/// What was predicted, by what, in one sentence.
fn lead(report: &ValueReport) -> String {
    let corpora = match report.corpora.is_empty() {
        true => String::new(),
        false => format!(" in {}", escaped(&report.corpora.join(", "))),
    };
    format!(
        "{}{corpora}, predicted by <code>{}</code> from {} acoustic features (<code>{}</code>).",
        escaped(&report.label.replace(',', ", ")),
        escaped(&report.model.to_string()),
        report.feature_names.len(),
        escaped(&report.features)
    )
}

/// The CCC of each target.
fn headline(page: &mut String, report: &ValueReport) {
    let (letter, called) = name(report.normalize);
    let _ = write!(
        page,
        "<section class=\"headline values\">\n<h2>Protocol {letter} <span>{called}</span></h2>\n<p class=\"mark\">{}</p>\n",
        scaling(report.normalize)
    );
    for target in &report.targets {
        let [low, high] = target.figures.ccc_ci95;
        let _ = write!(
            page,
            "<p class=\"uar\"><b>{}</b> <abbr title=\"concordance correlation coefficient\">CCC</abbr> of {}</p>\n\
             <p>95&nbsp;% interval {} to {}; the speakers' own means {}</p>\n",
            decimal(target.figures.ccc),
            escaped(&target.name),
            decimal(low),
            decimal(high),
            decimal(target.speaker_means_ccc)
        );
    }
    page.push_str("<dl class=\"facts\">\n");
    for (name, value) in [("recordings", report.n), ("speakers", report.speakers)] {
        let _ = writeln!(page, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    }
    page.push_str("</dl>\n</section>\n");
}

fn section(page: &mut String, report: &ValueReport, alone: bool) {
    let (letter, called) = name(report.normalize);
    let heading = match alone {
        true => "How it was measured, and what came out".to_string(),
        false => format!("Protocol {letter} <span>{called}</span>"),
    };
    let _ = write!(
        page,
        "<section class=\"protocol\">\n<h2>{heading}</h2>\n<p>{}.</p>\n",
        escaped(&report.folds_in_words())
    );
    remarks(page, report);
    if report.has_several_others() {
        compared(page, report);
    }
    for target in &report.targets {
        let shown = escaped(&target.name);
        page.push_str("<div class=\"pair\">\n");
        figure(
            page,
            &format!("{shown}, predicted and true"),
            &format!(
                "A point for each held-out recording, a colour for each speaker. Pearson's r {}, RMSE {}, MAE {}; {} of the \
                 recordings lie within the 90&nbsp;% interval of their prediction.",
                decimal(target.figures.pearson),
                decimal(target.figures.rmse),
                decimal(target.figures.mae),
                super::percent(target.held)
            ),
            &target.plot_predicted(),
        );
        figure(
            page,
            &format!("{shown}, what was predicted too high or too low"),
            "Above the dashed line it was predicted too high.",
            &target.plot_residuals(),
        );
        page.push_str("</div>\n");
        if !report.learning_curve.is_empty() {
            figure(
                page,
                &format!("{shown}, with fewer speakers to learn from"),
                LEARNING_CURVE,
                &report.plot_learning_curve(&target.name),
            );
        }
        if let Some(agreement) = &target.agreement {
            let _ = writeln!(page, "<p>{}.</p>", escaped(&in_words(agreement)));
        }
        groups(page, target);
    }
    importance(page, report);
    page.push_str("</section>\n");
}

fn remarks(page: &mut String, report: &ValueReport) {
    let mut remarks: Vec<(&str, String)> = Vec::new();
    if let Some(ccc) = report.random_split_ccc {
        remarks.push((
            "Random split",
            format!(
                "A split that ignores speakers would have shown a CCC of {} instead of {}.",
                decimal(ccc),
                decimal(report.ccc)
            ),
        ));
    }
    let one_other = report
        .comparison
        .iter()
        .filter(|_| !report.has_several_others());
    for compared in one_other {
        remarks.push(("Compared", format!("{}.", escaped(&compared.sentence()))));
    }
    if report.tuned {
        remarks.push((
            "Chosen",
            format!("{}.", escaped(&report.chosen().join(", "))),
        ));
    }
    let counts = [
        (
            report.held_back,
            "held back: neither trained nor tested on.",
        ),
        (
            report.left_out,
            "left out: without a number, or without a speaker to scale by.",
        ),
        (
            report.speakerless,
            "without a known speaker, treated as one speaker.",
        ),
    ];
    for (n, what) in counts.into_iter().filter(|(n, _)| *n > 0) {
        let recordings = if n == 1 { "recording" } else { "recordings" };
        remarks.push(("Recordings", format!("{n} {recordings} {what}")));
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

/// What several others do on the same folds, target by target.
fn compared(page: &mut String, report: &ValueReport) {
    begin_compared(page, "CCC", "predicted by");
    let within = |figures: &ValueFigures| {
        let [low, high] = figures.ccc_ci95;
        format!(
            "{} <small>{} to {}</small>",
            decimal(figures.ccc),
            decimal(low),
            decimal(high)
        )
    };
    let own = described(&report.model, &report.features, report.feature_names.len());
    for target in &report.targets {
        let _ = writeln!(
            page,
            "<tr><td>{}: {}</td><td class=\"n\">{}</td><td></td><td></td><td></td></tr>",
            escaped(&target.name),
            escaped(&own),
            within(&target.figures)
        );
        let others = report.comparison.iter();
        for compared in others.filter(|compared| compared.target == target.name) {
            let test = &compared.test;
            let signed = |value: f64| format!("{value:+.3}").replace('-', "\u{2212}");
            let [low, high] = test.difference_ci95;
            let _ = writeln!(
                page,
                "<tr><td>{}: {}</td><td class=\"n\">{}</td><td class=\"n\">{} <small>{} to {}</small></td><td class=\"n\">{}</td>\
                 <td class=\"n\">{}</td></tr>",
                escaped(&target.name),
                escaped(&compared.other),
                within(&compared.figures),
                signed(test.difference),
                signed(low),
                signed(high),
                escaped(&probability(test.p_value)),
                escaped(&probability(compared.p_holm))
            );
        }
    }
    end_compared(page, "CCC", report.comparison.len());
}

/// Speakers, sexes and corpora of a target, in one table.
fn groups(page: &mut String, target: &TargetReport) {
    let _ = write!(
        page,
        "<details><summary>{} speaker by speaker</summary>\n<div class=\"scroll\"><table>\n<thead><tr><th>who</th>\
         <th class=\"n\">recordings</th><th class=\"n\">CCC</th><th class=\"n\">RMSE</th><th class=\"n\">predicted less true</th>\
         </tr></thead>\n<tbody>\n",
        escaped(&target.name)
    );
    let all = [&target.by_corpus, &target.by_sex, &target.by_speaker];
    for group in all.into_iter().flatten() {
        let bias = format!("{:+.3}", group.bias).replace('-', "\u{2212}");
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{bias}</td></tr>",
            escaped(&group.name),
            group.n,
            decimal(group.ccc),
            decimal(group.rmse)
        );
    }
    page.push_str("</tbody>\n</table></div></details>\n");
}

fn importance(page: &mut String, report: &ValueReport) {
    if report.importance.is_empty() {
        return;
    }
    figure(
        page,
        "What it listens to",
        "The features that it would miss most.",
        &report.plot_importance(),
    );
}

fn glossary(page: &mut String) {
    let words = [
        (
            "CCC",
            "Concordance correlation coefficient (Lin 1989): 1 where every prediction is the true number, 0 for who always says the \
             training mean. Unlike a correlation it also counts a wrong level and a wrong spread.",
        ),
        (
            "The speakers' own means",
            "The CCC of somebody who knows the true mean of each speaker and says nothing else: what can be had from knowing who \
             speaks.",
        ),
        (
            "RMSE, MAE",
            "Root of the mean squared error, and mean absolute error, in the unit of the numbers.",
        ),
        (
            "95&nbsp;% interval",
            "Where the figure would probably lie with other speakers of the same kind, by resampling speakers.",
        ),
        (
            "Protocols A, B and C",
            "Under A nothing is known of a test speaker beforehand. Under B the mean and spread of each feature over a speaker's own \
             recordings, without their labels, are taken off first; under C, over a whole corpus of which nobody was trained on. Figures of \
             different protocols must not be compared with each other.",
        ),
    ];
    page.push_str("<section class=\"glossary\">\n<h2>What the words mean</h2>\n<dl>\n");
    for (word, meaning) in words {
        let _ = writeln!(page, "<div><dt>{word}</dt><dd>{meaning}</dd></div>");
    }
    page.push_str("</dl>\n</section>\n");
}

#[test]
fn the_page_has_all_its_parts_and_escapes_what_comes_from_tables() {
    use crate::plot::tests::assert_well_formed;
    let about = About {
        title: "Arousal".into(),
        command: "sentire evaluate f.parquet --label arousal,valence".into(),
        ..About::default()
    };
    let page = values_to_html(&[crate::report::values::example()], &about);
    assert_well_formed(page.strip_prefix("<!DOCTYPE html>\n").unwrap(), &["meta"]);
    for part in [
        "<b>0.800</b>",
        "of arousal",
        "0.700 to 0.900; the speakers' own means 0.120",
        "&lt;s2&gt;",
        "rises with arousal",
        "instead of 0.600",
        "<title>4 points of 2 groups by true valence and predicted valence</title>",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("<s2>") && !page.contains("NaN"));
}

//! The page of a cross-corpus matrix.

use std::fmt::Write;

use super::protocol::figure;
use super::{About, alarms, begin, end, escaped, name, percent};
use crate::model::Normalize;
use crate::plot;
use crate::report::{CrossCell, CrossCorpus};

/// The page of one matrix, or of one each for the two protocols: a table of UARs, and for each pairing
/// what was taken for what.
pub fn cross_to_html(crossed: &[CrossCorpus], about: &About) -> String {
    let mut page = String::new();
    begin(
        &mut page,
        about,
        &crossed.first().map_or(String::new(), lead),
    );
    alarms(&mut page, crossed.iter().flat_map(|cross| &cross.leakage));
    for cross in crossed {
        matrix(&mut page, cross);
    }
    for cross in crossed {
        confusions(&mut page, cross);
    }
    let facts = crossed
        .first()
        .map(|cross| (cross.seed, cross.label.as_str()));
    end(&mut page, facts, about);
    page
}

fn lead(cross: &CrossCorpus) -> String {
    let counts = cross.corpora.iter().map(|name| {
        format!(
            "{} of {}",
            cross.recordings.get(name).copied().unwrap_or(0),
            escaped(name)
        )
    });
    format!(
        "{} classes that all corpora have ({}), recognised by <code>{}</code> (<code>{}</code>): {} recordings; {} of other classes left out.",
        cross.classes.len(),
        escaped(&cross.classes.join(", ")),
        escaped(&cross.model.to_string()),
        escaped(&cross.features),
        counts.collect::<Vec<_>>().join(", "),
        cross.left_out
    )
}

/// Where a model was trained, in words.
fn trained_on(cross: &CrossCorpus, train: &[String]) -> String {
    match train {
        [one] => escaped(one),
        several if several.len() + 1 == cross.corpora.len() => "all others".into(),
        several => escaped(&several.join(", ")),
    }
}

/// A row for each way to train, a column for each test.
fn matrix(page: &mut String, cross: &CrossCorpus) {
    let (letter, called) = name(cross.normalize);
    let scaling = match cross.normalize {
        Normalize::Train => "Features are scaled by the training speakers alone.",
        Normalize::Speaker => {
            "<strong>Transductive</strong>: each speaker is scaled by their own unlabelled recordings."
        }
        Normalize::Batch => {
            "<strong>Transductive</strong>: each corpus is scaled by its own unlabelled recordings."
        }
    };
    let _ = write!(
        page,
        "<section class=\"protocol\">\n<h2>Protocol {letter} <span>{called}</span></h2>\n\
         <p>UAR, with its 95&nbsp;% interval over speakers, where models trained on the corpus to the left are tested on the one \
         above; chance is {}. A corpus on itself: speakers held out ({}). {scaling}</p>\n\
         <div class=\"scroll\"><table>\n<thead><tr><th>trained on</th>",
        percent(1.0 / cross.classes.len() as f64),
        escaped(&cross.within)
    );
    for test in &cross.corpora {
        let _ = write!(page, "<th class=\"n\">{}</th>", escaped(test));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    let mut ways: Vec<String> = Vec::new();
    for cell in &cross.cells {
        let way = trained_on(cross, &cell.train);
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    ways.sort_by_key(|way| way == "all others");
    for way in &ways {
        let _ = write!(page, "<tr><td>{way}</td>");
        for test in &cross.corpora {
            let is_it =
                |cell: &&CrossCell| cell.test == *test && trained_on(cross, &cell.train) == *way;
            let shown = cross
                .cells
                .iter()
                .find(is_it)
                .map_or(String::new(), |cell| {
                    let [low, high] = cell.uar_ci95;
                    format!(
                        "{} <small>{} to {}</small>",
                        percent(cell.uar),
                        percent(low),
                        percent(high)
                    )
                });
            let _ = write!(page, "<td class=\"n\">{shown}</td>");
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody></table></div>\n</section>\n");
}

/// What was taken for what, pairing by pairing.
fn confusions(page: &mut String, cross: &CrossCorpus) {
    let (letter, _) = name(cross.normalize);
    let _ = writeln!(
        page,
        "<section class=\"protocol\">\n<h2>What is taken for what, protocol {letter}</h2>"
    );
    for pair in cross.cells.chunks(2) {
        page.push_str("<div class=\"pair\">\n");
        for cell in pair {
            figure(
                page,
                &format!(
                    "{}, trained on {}",
                    escaped(&cell.test),
                    trained_on(cross, &cell.train)
                ),
                &format!(
                    "UAR {}, accuracy {}, macro-F1 {}, expected calibration error {:.3}, sure of {}{}, {} recordings.",
                    percent(cell.uar),
                    percent(cell.accuracy),
                    percent(cell.macro_f1),
                    cell.ece,
                    percent(1.0 - cell.unsure.share),
                    cell.unsure
                        .accuracy_of_sure
                        .map_or(String::new(), |right| format!(
                            " ({} of these right)",
                            percent(right)
                        )),
                    cell.n
                ),
                &plot::confusion(&cross.classes, &cell.confusion),
            );
        }
        page.push_str("</div>\n");
    }
    page.push_str("</section>\n");
}

//! The results of evaluations as one table, a row for each model (also such as were compared) and protocol, for spreadsheets (CSV)
//! and papers (LaTeX).

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Compared, CrossCorpus, Report, ValueReport};
use crate::metrics::Comparison;
use crate::metrics::values::ValueFigures;
use crate::model::{ModelSpec, Normalize};

/// The table of results. Rows need not have the same columns: classes differ between protocols that leave some out.
///
/// ```
/// use sentire::prelude::*;
/// use sentire::report::Results;
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let features = dir.path().join("demo.parquet");
/// # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
/// # let demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
/// # extract::update(&demo, &egemaps, &features)?;
/// let data = Dataset::read(&[&features], "emotion")?;
/// let report = evaluate(&data, &"ridge".parse()?, &Protocol::default())?.report;
/// let results = Results::of_classes(&[report]);
/// assert!(results.to_csv().starts_with("model,features,feature_count,protocol,folds,"));
/// assert!(results.to_tex().contains("\\begin{tabular}"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Results {
    rows: Vec<Row>,
    /// What holds for all rows, in a sentence.
    about: String,
}

/// Cells by the names of their columns, in their order.
type Row = Vec<(String, Cell)>;

#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Word(String),
    Count(usize),
    /// 0 to 1; in papers per cent.
    Share(f64),
    /// The same with its 95 % interval.
    ShareWithin(f64, [f64; 2]),
    /// Anything else that was measured.
    Figure(f64),
    FigureWithin(f64, [f64; 2]),
    /// A p-value.
    Probability(f64),
}

/// What LaTeX shows, where there are such columns: the name of the column, and the heading. Recalls follow.
const IN_PAPERS: [(&str, &str); 17] = [
    ("train", "Trained on"),
    ("test", "Tested on"),
    ("model", "Model"),
    ("features", "Features"),
    ("protocol", "Protocol"),
    ("folds", "Folds"),
    ("n", "$n$"),
    ("speakers", "Speakers"),
    ("target", "Target"),
    ("uar", "UAR"),
    ("ccc", "CCC"),
    ("pearson", "$r$"),
    ("rmse", "RMSE"),
    ("mae", "MAE"),
    ("difference", "Difference"),
    ("p_value", "$p$"),
    ("p_holm", "$p$ (Holm)"),
];

/// How the names of columns of recalls begin; the class follows.
const RECALL: &str = "recall_";

impl Results {
    /// Of evaluations of classes: UAR with its interval, accuracy, macro-F1, the recall of each class, and of those that were compared
    /// the difference from the first, with its p-value before and after Holm's correction.
    pub fn of_classes(reports: &[Report]) -> Results {
        let mut rows = Vec::new();
        for report in reports {
            let own = Scored {
                model: &report.model,
                features: &report.features,
                feature_count: report.feature_names.len(),
                uar: Cell::ShareWithin(report.uar, report.uar_ci95),
                accuracy: report.accuracy,
                macro_f1: report.macro_f1,
                recall: &report.recall,
            };
            rows.push(own.row(report, None));
            for compared in &report.comparisons {
                let other = Scored {
                    model: &compared.model,
                    features: &compared.features,
                    feature_count: compared.feature_count,
                    uar: Cell::ShareWithin(compared.uar, compared.uar_ci95),
                    accuracy: compared.accuracy,
                    macro_f1: compared.macro_f1,
                    recall: &compared.recall,
                };
                rows.push(other.row(report, Some(compared)));
            }
        }
        Results {
            rows,
            about: "UAR and recalls in per cent, differences (the first less each other) in points; in brackets 95 % intervals, by resampling speakers"
                .into(),
        }
    }

    /// Of evaluations of numbers, a row for each number: CCC with its interval, Pearson's r, RMSE, MAE.
    pub fn of_values(reports: &[ValueReport]) -> Results {
        let mut rows = Vec::new();
        for report in reports {
            for target in &report.targets {
                let row = |mut row: Row, figures: &ValueFigures| {
                    row.extend(about_protocol(report.normalize, &report.held_out));
                    row.extend(about_data(&report.label, &report.corpora));
                    row.extend([
                        ("n".into(), Cell::Count(report.n)),
                        ("speakers".into(), Cell::Count(report.speakers)),
                        ("target".into(), Cell::Word(target.name.clone())),
                        (
                            "ccc".into(),
                            Cell::FigureWithin(figures.ccc, figures.ccc_ci95),
                        ),
                        ("pearson".into(), Cell::Figure(figures.pearson)),
                        ("rmse".into(), Cell::Figure(figures.rmse)),
                        ("mae".into(), Cell::Figure(figures.mae)),
                    ]);
                    row
                };
                let seed = ("seed".to_string(), Cell::Word(report.seed.to_string()));
                let count = report.feature_names.len();
                let own = about_model(&report.model, &report.features, count);
                let mut own = row(own, &target.figures);
                own.push(seed.clone());
                rows.push(own);
                for compared in report.comparison.iter().filter(|c| c.target == target.name) {
                    let count = compared.feature_count;
                    let other = about_model(&compared.model, &compared.features, count);
                    let mut other = row(other, &compared.figures);
                    let [low, high] = compared.test.difference_ci95;
                    let difference = compared.test.difference;
                    other.push((
                        "difference".into(),
                        Cell::FigureWithin(difference, [low, high]),
                    ));
                    other.extend(about_test(&compared.test, compared.p_holm));
                    other.push(seed.clone());
                    rows.push(other);
                }
            }
        }
        Results {
            rows,
            about: "in brackets 95 % intervals, by resampling speakers; differences are those of the first less each other".into(),
        }
    }

    /// Of corpora against each other, a row for each pairing.
    pub fn of_corpora(crossed: &[CrossCorpus]) -> Results {
        let mut rows = Vec::new();
        for cross in crossed {
            for cell in &cross.cells {
                let mut row = vec![
                    ("train".into(), Cell::Word(cell.train.join("+"))),
                    ("test".into(), Cell::Word(cell.test.clone())),
                ];
                row.extend([
                    ("model".into(), Cell::Word(cross.model.to_string())),
                    ("features".into(), Cell::Word(cross.features.clone())),
                ]);
                let is_own = cell.train.len() == 1 && cell.train[0] == cell.test;
                let folds = if is_own { &cross.within } else { "corpus" };
                row.extend(about_protocol(cross.normalize, folds));
                row.extend([
                    ("label".into(), Cell::Word(cross.label.clone())),
                    ("n".into(), Cell::Count(cell.n)),
                    ("uar".into(), Cell::ShareWithin(cell.uar, cell.uar_ci95)),
                    ("accuracy".into(), Cell::Share(cell.accuracy)),
                    ("macro_f1".into(), Cell::Share(cell.macro_f1)),
                ]);
                row.extend(recalls(&cell.recall));
                row.push(("seed".into(), Cell::Word(cross.seed.to_string())));
                rows.push(row);
            }
        }
        Results {
            rows,
            about: "UAR and recalls in per cent; in brackets the 95 % interval of the UAR, by resampling speakers".into(),
        }
    }

    /// The table as CSV with commas, in UTF-8, with a header; what has an interval has its ends in two columns behind it,
    /// `NAME_low` and `NAME_high`. Shares are 0 to 1; what was not measured is empty.
    pub fn to_csv(&self) -> String {
        let columns = self.columns();
        let cell = |row: &Row, name: &String| {
            let found = row.iter().find(|(column, _)| column == name);
            found.map(|(_, cell)| cell.clone())
        };
        let has_ends = |name: &String| {
            let mut cells = self.rows.iter().filter_map(|row| cell(row, name));
            cells.any(|cell| cell.ends().is_some())
        };
        let mut header = Vec::new();
        for name in &columns {
            header.push(name.clone());
            if has_ends(name) {
                header.extend(["low", "high"].map(|end| format!("{name}_{end}")));
            }
        }
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut write = |record: &[String]| {
            writer.write_record(record).expect("memory takes it");
        };
        write(&header);
        for row in &self.rows {
            let mut record = Vec::new();
            for name in &columns {
                let cell = cell(row, name);
                record.push(cell.as_ref().map_or(String::new(), Cell::plain));
                if has_ends(name) {
                    let ends = cell.and_then(|cell| cell.ends()).unwrap_or([f64::NAN; 2]);
                    record.extend(ends.map(plain));
                }
            }
            write(&record);
        }
        let bytes = writer.into_inner().expect("memory takes it");
        String::from_utf8(bytes).expect("made of words")
    }

    /// The table as LaTeX: a `tabular` that needs no package. A paper takes it in by `\input`; the file is also a document of its
    /// own, for a look at it. Shares are in per cent.
    pub fn to_tex(&self) -> String {
        let columns = self.columns();
        let mut shown: Vec<(String, String)> = Vec::new();
        for (name, heading) in IN_PAPERS {
            if columns.iter().any(|column| column == name) {
                shown.push((name.into(), heading.into()));
            }
        }
        for column in &columns {
            if let Some(class) = column.strip_prefix(RECALL) {
                shown.push((column.clone(), escaped(class)));
            }
        }
        let cell = |row: &Row, name: &str| {
            let found = row.iter().find(|(column, _)| column == name);
            found.map(|(_, cell)| cell.clone())
        };
        let is_word = |name: &str| {
            let mut cells = self.rows.iter().filter_map(|row| cell(row, name));
            cells.any(|cell| matches!(cell, Cell::Word(_)))
        };
        let has_ends = |name: &str| {
            let mut cells = self.rows.iter().filter_map(|row| cell(row, name));
            cells.any(|cell| cell.ends().is_some())
        };
        let (mut align, mut heading) = (String::new(), Vec::new());
        for (name, title) in &shown {
            align.push_str(match (is_word(name), has_ends(name)) {
                (true, _) => "l",
                (false, true) => "r@{ }l",
                (false, false) => "r",
            });
            heading.push(match has_ends(name) {
                true => format!("\\multicolumn{{2}}{{c}}{{{title}}}"),
                false => title.clone(),
            });
        }
        let mut tex = format!("% {}.\n{BEGIN}", self.about);
        let _ = write!(
            tex,
            "\\begin{{tabular}}{{{align}}}\n\\hline\n{} \\\\\n\\hline\n",
            heading.join(" & ")
        );
        for row in &self.rows {
            let mut cells = Vec::new();
            for (name, _) in &shown {
                let cell = cell(row, name);
                cells.push(cell.as_ref().map_or("--".into(), Cell::printed));
                if has_ends(name) {
                    cells.push(cell.map_or(String::new(), |cell| cell.printed_ends()));
                }
            }
            let _ = writeln!(tex, "{} \\\\", cells.join(" & "));
        }
        let _ = write!(tex, "\\hline\n\\end{{tabular}}\n{END}");
        tex
    }

    /// All columns: those of the first row, and what others have beyond it where it stands there.
    fn columns(&self) -> Vec<String> {
        let mut columns: Vec<String> = Vec::new();
        for row in &self.rows {
            let mut at = 0;
            for (name, _) in row {
                match columns.iter().position(|column| column == name) {
                    Some(place) => at = place + 1,
                    None => {
                        columns.insert(at, name.clone());
                        at += 1;
                    }
                }
            }
        }
        columns
    }
}

/// Where LaTeX has not begun a document, the table begins one, and ends it: `\@nodocument` is relaxed by `\begin{document}`
/// (LaTeX's kernel, ltfiles).
const BEGIN: &str = "\\expandafter\\ifx\\csname @nodocument\\endcsname\\relax\\else\n\
\\documentclass[landscape]{article}\\begin{document}\\tiny\\noindent\\def\\sentirealone{}\\fi%\n";
const END: &str = "\\ifx\\sentirealone\\undefined\\else\\end{document}\\fi%\n";

/// The figures of one model.
struct Scored<'a> {
    model: &'a ModelSpec,
    features: &'a str,
    feature_count: usize,
    uar: Cell,
    accuracy: f64,
    macro_f1: f64,
    recall: &'a BTreeMap<String, f64>,
}

impl Scored<'_> {
    /// Its row among those of a report, and how it was compared with the first.
    fn row(self, report: &Report, compared: Option<&Compared>) -> Row {
        let mut row = about_model(self.model, self.features, self.feature_count);
        row.extend(about_protocol(report.normalize, &report.held_out));
        row.extend(about_data(&report.label, &report.corpora));
        row.extend([
            ("n".into(), Cell::Count(report.n)),
            ("speakers".into(), Cell::Count(report.speakers)),
            ("uar".into(), self.uar),
            ("chance".into(), Cell::Share(report.chance)),
            ("accuracy".into(), Cell::Share(self.accuracy)),
            ("macro_f1".into(), Cell::Share(self.macro_f1)),
        ]);
        row.extend(recalls(self.recall));
        if let Some(compared) = compared {
            let test = &compared.test;
            row.push((
                "difference".into(),
                Cell::ShareWithin(test.difference, test.difference_ci95),
            ));
            row.extend(about_test(test, compared.p_holm));
        }
        row.push(("seed".into(), Cell::Word(report.seed.to_string())));
        row
    }
}

fn recalls(recall: &BTreeMap<String, f64>) -> impl Iterator<Item = (String, Cell)> + '_ {
    let cell =
        |(class, recall): (&String, &f64)| (format!("{RECALL}{class}"), Cell::Share(*recall));
    recall.iter().map(cell)
}

fn about_test(test: &Comparison, p_holm: f64) -> Row {
    vec![
        ("p_value".into(), Cell::Probability(test.p_value)),
        ("p_holm".into(), Cell::Probability(p_holm)),
    ]
}

fn about_model(model: &ModelSpec, features: &str, feature_count: usize) -> Row {
    vec![
        ("model".into(), Cell::Word(model.to_string())),
        ("features".into(), Cell::Word(features.into())),
        ("feature_count".into(), Cell::Count(feature_count)),
    ]
}

fn about_protocol(normalize: Normalize, folds: &str) -> Row {
    let letter = match normalize {
        Normalize::Train => "A",
        Normalize::Speaker => "B",
        Normalize::Batch => "C",
    };
    vec![
        ("protocol".into(), Cell::Word(letter.into())),
        ("folds".into(), Cell::Word(folds.into())),
    ]
}

fn about_data(label: &str, corpora: &[String]) -> Row {
    vec![
        ("label".into(), Cell::Word(label.into())),
        ("corpora".into(), Cell::Word(corpora.join("+"))),
    ]
}

/// A number in its shortest digits; nothing where it was not measured.
fn plain(value: f64) -> String {
    match value.is_finite() {
        true => value.to_string(),
        false => String::new(),
    }
}

/// A number with so many digits; a dash where it was not measured.
fn rounded(value: f64, digits: usize) -> String {
    match value.is_finite() {
        // A minus, and not a hyphen.
        true => format!("{value:.digits$}").replace('-', "$-$"),
        false => "--".into(),
    }
}

impl Cell {
    fn plain(&self) -> String {
        match self {
            Cell::Word(word) => word.clone(),
            Cell::Count(count) => count.to_string(),
            Cell::Share(value)
            | Cell::ShareWithin(value, _)
            | Cell::Figure(value)
            | Cell::FigureWithin(value, _)
            | Cell::Probability(value) => plain(*value),
        }
    }

    fn ends(&self) -> Option<[f64; 2]> {
        match self {
            Cell::ShareWithin(_, ends) | Cell::FigureWithin(_, ends) => Some(*ends),
            _ => None,
        }
    }

    fn printed(&self) -> String {
        match self {
            Cell::Word(word) => escaped(word),
            Cell::Count(count) => count.to_string(),
            Cell::Share(value) | Cell::ShareWithin(value, _) => rounded(value * 100.0, 1),
            Cell::Figure(value) | Cell::FigureWithin(value, _) => rounded(*value, 3),
            Cell::Probability(p) if *p < 0.001 => "$<$.001".into(),
            Cell::Probability(p) => rounded(*p, 3),
        }
    }

    fn printed_ends(&self) -> String {
        let ends = match self {
            Cell::ShareWithin(_, ends) => ends.map(|end| rounded(end * 100.0, 1)),
            Cell::FigureWithin(_, ends) => ends.map(|end| rounded(end, 3)),
            _ => return String::new(),
        };
        format!("[{}, {}]", ends[0], ends[1])
    }
}

/// `text` for LaTeX, without packages.
fn escaped(text: &str) -> String {
    let mut tex = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => tex.push_str("\\textbackslash{}"),
            '~' => tex.push_str("\\textasciitilde{}"),
            '^' => tex.push_str("\\textasciicircum{}"),
            '{' | '}' | '#' | '$' | '%' | '&' | '_' => {
                tex.push('\\');
                tex.push(c);
            }
            // Other letters in the first encoding of TeX's fonts.
            '<' | '>' | '|' => {
                let _ = write!(tex, "${c}$");
            }
            '"' => tex.push_str("{''}"),
            // Behind the end of a row they would be its argument.
            '[' | ']' | '*' => {
                let _ = write!(tex, "{{{c}}}");
            }
            c if c.is_control() => tex.push(' '),
            c => tex.push(c),
        }
    }
    tex
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{example, values};

    #[test]
    fn a_row_for_each_model_and_protocol_with_ends_beside_what_has_an_interval() {
        let reports = [example(Normalize::Train), example(Normalize::Speaker)];
        let csv = Results::of_classes(&reports).to_csv();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(
            lines[0],
            "model,features,feature_count,protocol,folds,label,corpora,n,speakers,uar,uar_low,uar_high,chance,accuracy,macro_f1,\
             recall_angry,recall_calm,recall_sad,difference,difference_low,difference_high,p_value,p_holm,seed"
        );
        assert_eq!(
            lines[1],
            "\"svm:kernel=linear,c=0.01\",rich,2,A,loso,emotion,demo,90,3,0.6,0.5,0.7,0.3333333333333333,0.61,0.59,0.8,0.6,0.4,,,,,,7"
        );
        assert!(
            lines[2].starts_with("logistic:c=1,rich,2,A,loso,")
                && lines[2].ends_with(",0.21,0.21,7")
        );
        assert!(lines[3].contains(",B,loso,") && lines.len() == 5);
    }

    /// The example, compared with nothing.
    fn alone() -> Report {
        Report {
            comparisons: Vec::new(),
            ..example(Normalize::Train)
        }
    }

    #[test]
    fn papers_have_per_cent_and_nothing_that_latex_would_take_for_a_command() {
        let report = Report {
            recall: [("a_b&c%".to_string(), 0.25), ("[x]".into(), f64::NAN)].into(),
            features: "c:\\x{}~^<\"".into(),
            ..alone()
        };
        let tex = Results::of_classes(&[report]).to_tex();
        assert!(
            tex.contains("& 60.0 & [50.0, 70.0] & -- & 25.0 \\\\"),
            "{tex}"
        );
        assert!(tex.contains(" & {[}x{]} & a\\_b\\&c\\% \\\\"), "{tex}");
        let features = "c:\\textbackslash{}x\\{\\}\\textasciitilde{}\\textasciicircum{}$<${''}";
        assert!(tex.contains(features), "{tex}");
        assert!(tex.contains("\\begin{tabular}{llllrrr@{ }lrr}"), "{tex}");
    }

    #[test]
    fn numbers_have_a_row_for_each_target() {
        let csv = Results::of_values(&[values::example()]).to_csv();
        let lines: Vec<&str> = csv.lines().collect();
        let end = "n,speakers,target,ccc,ccc_low,ccc_high,pearson,rmse,mae,difference,difference_low,difference_high,p_value,p_holm,seed";
        assert!(lines[0].ends_with(end), "{csv}");
        assert!(lines[2].contains(",4,2,valence,0.4,"), "{csv}");
        assert!(
            lines[3].ends_with(",0.45,0.4,0.5,0.5,0.3,0.2,-0.05,-0.1,0.02,0.25,0.25,7"),
            "{csv}"
        );
        let tex = Results::of_values(&[values::example()]).to_tex();
        assert!(
            tex.contains("arousal & 0.800 & [0.700, 0.900] & 0.850 & 0.250 & 0.200"),
            "{tex}"
        );
        assert!(
            tex.contains("& $-$0.050 & [$-$0.100, 0.020] & 0.250 & 0.250 \\\\"),
            "{tex}"
        );
    }

    #[test]
    fn columns_that_some_rows_lack_stand_where_others_have_them() {
        let mut fewer = alone();
        fewer.recall.remove("calm");
        let csv = Results::of_classes(&[fewer, alone()]).to_csv();
        let header = csv.lines().next().unwrap();
        assert!(
            header.ends_with("recall_angry,recall_calm,recall_sad,seed"),
            "{header}"
        );
        assert!(
            csv.lines().nth(1).unwrap().ends_with(",0.8,,0.4,7"),
            "{csv}"
        );
    }
}

//! Which of many layouts the names in a folder follow, and what they say under it.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::corpus::layouts::Layout;
use crate::corpus::manifest::Utterance;
use crate::corpus::spelling::composed;

/// By which layouts names are read.
#[derive(Debug, Clone)]
pub enum Naming {
    /// By whichever of these a name follows; where most follow none, by folders that are named after emotions.
    Among(Vec<Layout>),
    /// By the first of these that a name follows.
    By(Vec<Layout>),
}

impl Default for Naming {
    fn default() -> Naming {
        Naming::Among(Layout::all().to_vec())
    }
}

/// The folder that is read, and those above it, by their names.
pub struct Place {
    /// Its own name: it may be a speaker's, or that of the corpus.
    pub name: Option<String>,
    /// Those of the folders above, from the lowest up.
    pub above: Vec<String>,
}

impl Place {
    /// Where `dir` lies.
    pub fn of(dir: &Path) -> Place {
        let dir = dir.canonicalize().unwrap_or_default();
        let name = |path: &Path| Some(composed(path.file_name()?.to_str()?).into_owned());
        Place {
            name: name(&dir),
            above: dir
                .ancestors()
                .skip(1)
                .take(ABOVE)
                .filter_map(name)
                .collect(),
        }
    }
}

/// How many folders above may bear the name of a corpus.
const ABOVE: usize = 3;

/// What the names of files say.
pub struct Read {
    pub utterances: Vec<Utterance>,
    /// The layouts that they follow, in the order of the files.
    pub layouts: Vec<Layout>,
    /// Files whose names follow no layout.
    pub unread: Vec<String>,
    /// What a person should know of the choice.
    pub notes: Vec<String>,
}

/// Reads the names of `files` in a folder. Where a name fits several layouts, those count whose corpus one of its folders is named
/// after; among them that which most of the names fit.
pub fn read_names(files: &[PathBuf], place: &Place, naming: &Naming) -> Read {
    let root = Path::new(place.name.as_deref().unwrap_or(""));
    let paths: Vec<PathBuf> = files.iter().map(|file| one_form(root.join(file))).collect();
    let (layouts, chosen, mut notes) = match naming {
        Naming::By(layouts) => {
            let first = |path: &PathBuf| {
                layouts
                    .iter()
                    .position(|layout| layout.parse(path).is_some())
            };
            (
                layouts,
                paths.par_iter().map(first).collect::<Vec<_>>(),
                Vec::new(),
            )
        }
        Naming::Among(layouts) => {
            let named = Named::of(&paths, place, layouts);
            let fits = |(at, path): (usize, &PathBuf)| -> Vec<usize> {
                let is_tried = |l: &usize| !layouts[*l].is_generic() || named.is(at, *l);
                let tried = (0..layouts.len()).filter(is_tried);
                let mut fits: Vec<usize> = tried
                    .filter(|&l| layouts[l].parse(path).is_some())
                    .collect();
                if fits.iter().any(|&l| named.is(at, l)) {
                    fits.retain(|&l| named.is(at, l));
                }
                fits
            };
            let fits: Vec<Vec<usize>> = paths.par_iter().enumerate().map(fits).collect();
            let chosen = choose(&fits, &named, layouts);
            let notes = alike(&fits, &chosen, &named, layouts);
            (layouts, chosen, notes)
        }
    };
    let mut found: Vec<Layout> = Vec::new();
    let mut unread = Vec::new();
    let utterance = |((file, path), chosen): ((&PathBuf, &PathBuf), &Option<usize>)| {
        let read = chosen.and_then(|l| Some((&layouts[l], layouts[l].parse(path)?)));
        let mut utterance = match read {
            Some((layout, utterance)) => {
                if !found.contains(layout) {
                    found.push(layout.clone());
                }
                utterance
            }
            None => {
                unread.push(file.display().to_string());
                Utterance::default()
            }
        };
        if utterance.corpus.is_none() && chosen.is_some() {
            utterance.corpus = place.name.clone();
        }
        Utterance {
            file: file.to_string_lossy().into_owned(),
            ..utterance
        }
    };
    let utterances = files
        .iter()
        .zip(&paths)
        .zip(&chosen)
        .map(utterance)
        .collect();
    if let (Naming::Among(layouts), false) = (naming, unread.is_empty()) {
        notes.extend(generic_ones(&paths, files.len() - unread.len(), layouts));
    }
    Read {
        utterances,
        layouts: found,
        unread,
        notes,
    }
}

/// A path with its letters composed; what is no UTF-8 follows no layout.
fn one_form(path: PathBuf) -> PathBuf {
    match path.to_str() {
        Some(text) => PathBuf::from(&*composed(text)),
        None => path,
    }
}

/// Which layouts the folders of each file are named after.
struct Named {
    of_folder: Vec<Vec<bool>>,
    folder: Vec<usize>,
}

impl Named {
    fn of(paths: &[PathBuf], place: &Place, layouts: &[Layout]) -> Named {
        let mut seen: HashMap<&Path, usize> = HashMap::new();
        let mut of_folder: Vec<Vec<bool>> = Vec::new();
        let mut numbers = Vec::new();
        for path in paths {
            let folder = path.parent().unwrap_or(Path::new(""));
            let number = *seen.entry(folder).or_insert_with(|| {
                let below = folder.iter().filter_map(|name| name.to_str());
                let names: Vec<&str> = below
                    .chain(place.above.iter().map(String::as_str))
                    .collect();
                let is_named = |layout: &Layout| names.iter().any(|name| layout.is_named_by(name));
                of_folder.push(layouts.iter().map(is_named).collect());
                of_folder.len() - 1
            });
            numbers.push(number);
        }
        Named {
            of_folder,
            folder: numbers,
        }
    }

    fn is(&self, file: usize, layout: usize) -> bool {
        self.of_folder[self.folder[file]][layout]
    }
}

/// For each file one of the layouts that it fits: again and again the one that reads most of what is left. Short names, which anything may
/// bear, are taken for those of a corpus only where nearly all files bear such.
fn choose(fits: &[Vec<usize>], named: &Named, layouts: &[Layout]) -> Vec<Option<usize>> {
    let mut chosen = vec![None; fits.len()];
    loop {
        // Of each layout the files in folders named after it, and all, that are left.
        let mut counts = vec![(0, 0); layouts.len()];
        let left = fits
            .iter()
            .enumerate()
            .filter(|(file, _)| chosen[*file].is_none());
        for (file, fits) in left {
            for &layout in fits {
                counts[layout].0 += usize::from(named.is(file, layout));
                counts[layout].1 += 1;
            }
        }
        let may = |l: &usize| {
            let (named, all) = counts[*l];
            let is_most = named > 0 || all * 10 >= fits.len() * 9;
            all > 0 && (is_most || !layouts[*l].is_common())
        };
        let best = (0..layouts.len()).filter(may).max_by_key(|&l| {
            let (named, all) = counts[l];
            (named > 0, all, std::cmp::Reverse(l))
        });
        let Some(best) = best else {
            return chosen;
        };
        for (chosen, fits) in chosen.iter_mut().zip(fits) {
            if chosen.is_none() && fits.contains(&best) {
                *chosen = Some(best);
            }
        }
    }
}

/// A line for each layout that was chosen, without a folder being named after it, though another fits all of its files as well, or though
/// names such as its are common.
fn alike(
    fits: &[Vec<usize>],
    chosen: &[Option<usize>],
    named: &Named,
    layouts: &[Layout],
) -> Vec<String> {
    let taken: BTreeSet<usize> = chosen.iter().flatten().copied().collect();
    let line = |&layout: &usize| {
        let own = || (0..fits.len()).filter(|&file| chosen[file] == Some(layout));
        if own().any(|file| named.is(file, layout)) {
            return None;
        }
        let others = (0..layouts.len()).filter(|&l| l != layout);
        let others = others.filter(|l| own().all(|file| fits[file].contains(l)));
        let others: Vec<&str> = others.map(|l| layouts[l].name()).collect();
        let layout = &layouts[layout];
        match others.is_empty() {
            false => Some(format!(
                "names fit the layouts {layout} and {} alike and are read as {layout}; if they are not, say so with --layout",
                others.join(", ")
            )),
            true if layout.is_common() => Some(format!(
                "names are read as those of {layout} ({}), though no folder bears its name; if they are not, say so with --layout",
                layout.title()
            )),
            true => None,
        }
    };
    taken.iter().filter_map(line).collect()
}

/// A line for each layout that was not tried, as such names are common, and would have read more.
fn generic_ones(paths: &[PathBuf], read: usize, layouts: &[Layout]) -> Vec<String> {
    // Layouts without emotions in their names read any number.
    let would_read = |layout: &Layout| {
        paths
            .par_iter()
            .filter(|path| {
                layout
                    .parse(path)
                    .is_some_and(|read| read.emotion.is_some())
            })
            .count()
    };
    let generic = layouts.iter().filter(|layout| layout.is_generic());
    let better = generic
        .map(|layout| (layout, would_read(layout)))
        .filter(|(_, n)| *n > read);
    better
        .map(|(layout, n)| {
            format!(
                "{n} names fit the layout {layout} ({}), which is not tried where no folder bears its name; to read them so: --layout {layout}",
                layout.title()
            )
        })
        .collect()
}

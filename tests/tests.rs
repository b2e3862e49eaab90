//! Tests of the whole: one file per subject.

// Which layer may import which.
mod layering;
// Every value of every set, and what the built-in model says: they move with a version alone.
mod golden;
// Descriptors, statistics and the SVM against values of librosa, scipy and scikit-learn.
mod reference;
// Pitch and voice quality against values of Praat.
mod praat;
// Containers, sample formats and sample rates.
mod formats;
// Headers that are wrong, odd or rare.
mod headers;
// As many samples as other programs read, or as there are.
mod peers;
// The same packets in every shape of Ogg, Matroska and MPEG-4.
mod containers;
// MP3, ADTS and FLAC by their frames.
mod frames;
// The set egemaps against openSMILE, and on odd recordings.
mod egemaps;
// The worked example of its specification.
mod egemaps_example;
// That of the specification of its older relatives.
mod gemaps_example;
// openSMILE's other sets against openSMILE.
mod opensmile;
// What is made from the list of learners, and what holds for each.
mod learners;
// No leak, no dependence on threads, models that survive saving.
mod properties;
// The same and more for generated tables of every kind.
mod generated;
// The command line as a user meets it: outputs, exit codes, broken input.
mod command_line;
// Manifests as programs and people write them.
mod manifests;
// Runs that are killed, and runs that meet.
mod interrupted;
// Mutated recordings, manifests, models and tables.
mod hostile;
// Shards, streams, and whether a table holds.
mod scale;
// The server: the same answers as the command line, and what it does with hostile requests.
#[cfg(feature = "serve")]
mod serve;
// The same while sound is still coming.
#[cfg(feature = "serve")]
mod live;
// Names, folders and files beside recordings: layouts, patterns, tables of labels, databases.
mod layouts;
// The corpus doctor against planted faults.
mod corpus_check;
// Long recordings: in windows the same rows in little memory, otherwise limits.
mod long;
// Trim, gain and windows: what they do to tables, models, predictions and evaluation.
mod preprocessing;
// Reports, comparisons, corpora against each other, planted leakage, model cards.
mod learning;
// Numbers as targets: arousal, valence and others.
mod values;
// Folders to tables of predictions, tables to what charts want.
mod scoring;
// Tables as other programs read them, and as they leave them behind.
mod tables;
// Sounds in which nobody speaks, and recordings in which somebody does.
mod no_speech;
// Calls: two channels, turns, and what is summed up of them.
#[cfg(feature = "frame")]
mod turns;
// Training, validation and test parts.
mod splitting;
// Features of other programs, as tables and as ARFF.
mod importing;
// Other corpora than those of the training: scaled, weighed and held out.
mod strangers;
// Copies of recordings as other places would have recorded them.
mod augmentation;
// The committed notebooks: short cells, outputs, no errors.
mod notebooks;
// The pages of the repository: links, and commands as they stand there.
mod readme;
// Real corpora, where SENTIRE_CORPORA names them.
mod corpora;
// Helpers: running the binary, folders, the demo corpus.
mod sandbox;

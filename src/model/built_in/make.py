#!/usr/bin/env python3
"""Makes the model that is built in, and the tables of its README.

    python make.py CORPORA [SENTIRE]     (pandas, pyarrow, numpy, soundfile)

CORPORA holds the folders ravdess, emodb, emodb-rest, emovo, nemo and emospeech; SENTIRE is the program
(target/release/sentire). Each training recording is learned as it is and in the copies of AUGMENT. Each corpus in turn is
then left out: what a model of the others says of it, one recording at a time and scaled by its own batch, is what to
expect of strangers.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile as sf

HERE = Path(__file__).resolve().parent
CORPORA = Path(sys.argv[1])
SENTIRE = sys.argv[2] if len(sys.argv) > 2 else str(HERE.parents[2] / "target/release/sentire")
WORK = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(tempfile.mkdtemp())
CLASSES = ["angry", "disgust", "fearful", "happy", "neutral", "sad"]
FOUR = ["angry", "happy", "neutral", "sad"]
AUGMENT = "telephone,opus,noise,reverb"
EXTRACT = ["--rate", "8000", "--trim", "--gain", "rms"]
TRAIN = ["--model", "fusion:kernel=linear", "--normalize", "batch", "--folds", "corpus", "--balance", "corpus,class"]
CORPORA_OF = {
    "ravdess": ["ravdess"],
    "emodb": ["emodb", "emodb-rest"],
    "emovo": ["emovo"],
    "nemo": ["nemo"],
    "emospeech": ["emospeech"],
}
LICENCES = {"nemo": "CC BY-NC-SA 4.0", "emospeech": "CC BY-NC-SA 4.0"}
NEMO = {"anger": "angry", "fear": "fearful", "happiness": "happy", "sadness": "sad"}

USE = (
    "A first answer on short recordings, and teaching. It knows acted speech in English (RAVDESS), German (EmoDB), Italian (EMOVO) and "
    "Polish (nEMO), and prompted words of lay people in English and Hindi (Indian EmoSpeech Command), each recording also as by telephone, "
    "as a voice message, in noise and in a room. Actors and prompts teach how emotions are played: on people who do not act, other "
    "languages and other microphones it is often wrong, and says that it is unsure. Not for judging people."
)


def sentire(*arguments):
    done = subprocess.run([SENTIRE, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return done


def manifest(corpus):
    """The recordings of a corpus with one of the six emotions."""
    parts = []
    for folder in CORPORA_OF[corpus]:
        listed = CORPORA / folder / "manifest.csv"
        if not listed.exists():
            listed = WORK / f"{folder}.csv"
            sentire("corpus", CORPORA / folder, "-o", listed, "--force")
        part = pd.read_csv(listed, dtype=str)
        part["file"] = [str((listed.parent / file).resolve()) for file in part["file"]]
        parts.append(part)
    known = pd.concat(parts, ignore_index=True).assign(corpus=corpus)
    if corpus == "nemo":
        # SPEAKER_emotion_sentence
        names = [Path(file).stem.split("_") for file in known["file"]]
        known["speaker"] = [name[0] for name in names]
        known["emotion"] = [NEMO.get(name[1], name[1]) for name in names]
    if corpus == "emospeech":
        # Nobody was asked to speak neutrally; calm is the nearest.
        known["emotion"] = known["emotion"].replace("calm", "neutral")
    columns = ["file", "corpus", "speaker", "emotion", "label_original", "sex", "text"]
    return known[known["emotion"].isin(CLASSES)].reindex(columns=columns).reset_index(drop=True)


def features(corpus):
    path, table = WORK / f"{corpus}-known.csv", WORK / f"{corpus}.parquet"
    manifest(corpus).to_csv(path, index=False)
    sentire("extract", path, "--augment", AUGMENT, *EXTRACT, "-o", table)
    return table


def train(corpora, model):
    tables = [WORK / f"{corpus}.parquet" for corpus in corpora]
    licences = [argument for corpus in corpora if corpus in LICENCES for argument in ("--licence", f"{corpus}={LICENCES[corpus]}")]
    sentire("train", *tables, *TRAIN, *licences, "--intended-use", USE, "-o", model, "--force")


def scores(known, model, *flags):
    path, table = WORK / "score.csv", WORK / "score.parquet"
    known.to_csv(path, index=False)
    sentire("score", path, "-m", model, "-o", table, "--force", *flags)
    return pd.read_parquet(table)


def recalls(said, of):
    """Mean recall over the emotions `of` that occur, the answer the most probable of these."""
    columns = [f"p_{name}" for name in of]
    told = said[said["emotion"].isin(of) & said["label"].notna()]
    best = np.array(of)[told[columns].to_numpy().argmax(1)]
    right = pd.Series(best == told["emotion"].to_numpy(), index=told["emotion"].to_numpy())
    return right.groupby(level=0).mean().mean()


def row(said):
    sure = said[said["verdict"] == "sure"]
    right = (sure["label"] == sure["emotion"]).mean() if len(sure) else float("nan")
    of_four = said[said["emotion"].isin(FOUR)]
    any_class = (of_four["label"] == of_four["emotion"]).groupby(of_four["emotion"]).mean().mean()
    return recalls(said, FOUR), any_class, right, len(sure) / len(said), (said["verdict"] == "out_of_domain").mean()


def leave_one_out():
    print("| left out | scaled | best of four | any of six | right where sure | share sure | out of domain |\n|---|---|---|---|---|---|---|")
    rows = {"train": [], "batch": []}
    for corpus in CORPORA_OF:
        model = WORK / f"without-{corpus}.sentire"
        train([other for other in CORPORA_OF if other != corpus], model)
        known = manifest(corpus)
        for scaled, words in (("train", "one at a time"), ("batch", "by its batch")):
            figures = row(scores(known, model, "--normalize", scaled))
            rows[scaled].append(figures)
            print(f"| {corpus} | {words} | " + " | ".join(f"{value:.2f}" for value in figures) + " |", flush=True)
    for scaled, words in (("train", "one at a time"), ("batch", "by its batch")):
        print(f"| mean | {words} | " + " | ".join(f"{value:.2f}" for value in np.nanmean(rows[scaled], axis=0)) + " |")


def softer(x, rate):
    """12 dB softer"""
    return x * 10 ** (-12 / 20)


def louder(x, rate):
    """as loud as it goes without clipping"""
    return x / np.abs(x).max() * 0.99


def padded(x, rate):
    """with a second of silence after it"""
    return np.append(x, np.zeros(rate))


def noisy(x, rate):
    """with white noise 20 dB below it"""
    return x + np.random.default_rng(0).normal(size=len(x)) * np.sqrt(np.mean(x**2)) * 0.1


def mp3(x, rate):
    """as MP3 at its lowest rate"""
    return x


def changed(known, change):
    """A copy of the manifest whose recordings went through `change`."""
    copy = known.copy()
    folder = WORK / change.__name__
    folder.mkdir(exist_ok=True)
    for at, file in enumerate(known["file"]):
        x, rate = sf.read(file)
        x = np.clip(change(x, rate), -1, 1)
        if change is mp3:
            path = folder / f"{at}.mp3"
            sf.write(path, x, rate, format="MP3", subtype="MPEG_LAYER_III", compression_level=0.95)
        else:
            path = folder / f"{at}.wav"
            sf.write(path, x, rate, subtype="PCM_16")
        copy.loc[copy.index[at], "file"] = str(path)
    return copy


def robustness():
    """EMOVO by a model that has not learned from it, through other ways of recording."""
    known, model = manifest("emovo"), WORK / "without-emovo.sentire"
    base = scores(known, model, "--normalize", "train")
    print("| the recording | keeps its label | where it was sure | best of four |\n|---|---|---|---|")
    print(f"| as it is | | | {recalls(base, FOUR):.2f} |")

    def line(words, said):
        same = (said["label"].to_numpy() == base["label"].to_numpy()) & base["label"].notna().to_numpy()
        sure = (base["verdict"] == "sure").to_numpy()
        print(f"| {words} | {same.mean():.3f} | {same[sure].mean():.3f} | {recalls(said, FOUR):.2f} |", flush=True)

    for change in (softer, louder, padded, mp3, noisy):
        line(change.__doc__, scores(changed(known, change), model, "--normalize", "train"))
    for augment, words in (
        ("telephone", "by telephone: 300 to 3400 Hz, 8 kHz, mu-law"),
        ("opus", "as a voice message: Ogg/Opus at 18 kbit/s"),
        ("noise:10", "with noise 10 dB below it, white to pink"),
        ("reverb", "in a room that rings for 0.2 to 0.8 s"),
    ):
        line(words, scores(known.assign(augment=augment), model, "--normalize", "train"))


def main():
    for corpus in CORPORA_OF:
        features(corpus)
    train(list(CORPORA_OF), HERE / "model.sentire")
    leave_one_out()
    robustness()


if __name__ == "__main__":
    main()

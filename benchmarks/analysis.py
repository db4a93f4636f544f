"""Is the analysis right under simulation, and how long does a study of the largest known size take?

``python -m benchmarks.analysis``. Five parts, each of which can be asked for alone:

- ``report``: the whole report, files included, of 130,000 responses of 3,000 participants over 760 features (the size
  of IMI, Zimmermann et al. 2023) in a process of its own: seconds and peak memory.
- ``lme4``: the mixed model on the same answers against R's lme4, if Rscript and lme4 are there; only the fits are
  timed, with random intercepts, ours with standard errors for every reference condition.
- ``null``: studies in which conditions, given between participants, do nothing; how often the main test and naive
  pooling of all trials find something at 0.05.
- ``varying``: studies in which a condition helps some participants and features and hinders others, and does nothing on
  average; how often the main test finds something, how often it would with random intercepts only, and with the
  small-sample reference t, and how often the t-tests over participants and over features both do. About half a second
  of a processor for each study, twenty minutes for the 400 of each of five settings; ``--varying-studies`` says how
  many.
- ``coverage``: how often 95 % intervals hold what the answers were drawn from.

The last line is one JSON object; parts that were not run are null. Half an hour on two free cores.
"""

import argparse
import csv
import json
import math
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.absence import Absent
from analysis.columns import BROWSER_FIELDS, NAMES
from analysis.intervals import Interval, bootstrap_interval, t_interval
from analysis.mixed_model import MixedModel, mixed_model
from analysis.significance import two_unit_test

PARTS = ("report", "lme4", "null", "varying", "coverage")
ROOT = Path(__file__).resolve().parent.parent
PARTICIPANTS, FEATURES, RESPONSES = 3_000, 760, 130_000
CONDITIONS = {"exemplars": 0.7, "accentuation": 1.1, "none": 0.4}  # log-odds at a typical participant and feature
SD = 0.5
# People, features, and the SDs of the effect over features and over participants, in log-odds.
VARYING = ((40, 20, 0.8, 0.3), (40, 20, 0.4, 0.2), (40, 20, 0.0, 0.0), (40, 8, 0.8, 0.3), (40, 24, 1.5, 1.5))
LME4 = """
suppressPackageStartupMessages(library(lme4))
data <- read.csv(commandArgs(TRUE)[1], stringsAsFactors = TRUE)
took <- system.time(glmer(correct ~ condition + (1 | participant) + (1 | feature), data = data, family = binomial,
                          control = glmerControl(optimizer = "bobyqa")))
cat(took["elapsed"])
"""

Reals = NDArray[np.float64]


def logistic(x: Reals) -> Reals:
    """Log-odds as probabilities."""
    return np.asarray(1 / (1 + np.exp(-x)), dtype=np.float64)


def large_study(seed: int = 1) -> pd.DataFrame:
    """Answers of the size of IMI: every participant meets 43 or 44 features, conditions taking turns."""
    rng = np.random.default_rng(seed)
    counts = np.full(PARTICIPANTS, RESPONSES // PARTICIPANTS)
    counts[: RESPONSES % PARTICIPANTS] += 1
    participant = np.repeat(np.arange(PARTICIPANTS), counts)
    feature = np.concatenate([rng.permutation(FEATURES)[:count] for count in counts])
    place = np.concatenate([np.arange(count) for count in counts])
    condition = (participant + place) % len(CONDITIONS)
    logit = np.array(list(CONDITIONS.values()))[condition]
    logit = logit + rng.normal(0, SD, PARTICIPANTS)[participant] + rng.normal(0, SD, FEATURES)[feature]
    return pd.DataFrame(
        {
            "participant": [f"p{number:05}" for number in participant],
            "feature": [f"layer{number % 10}:channel={number}" for number in feature],
            "condition": np.array(list(CONDITIONS))[condition],
            "correct": rng.random(len(logit)) < logistic(logit),
            "trial": place + 1,
            "main_trials": np.repeat(counts, counts),
            "confidence": rng.integers(1, 4, len(logit)),
            "rt_ms": np.round(np.exp(rng.normal(7.8, 0.5, len(logit))), 1),
            "strong_left": rng.random(len(logit)) < 0.5,
        }
    )


def write_export(study: pd.DataFrame, path: Path) -> None:
    """The study as an export file."""
    same = {
        "study": "large",
        "protocol_sha256": "ab" * 32,
        "rounds": 1,
        "instructions_s": 60.0,
        "place_lost": "false",
        "phase": "main",
        "round": 1,
        "catch": "false",
        "task": "held_out",
        "model": "resnet50",
        "weights_sha256": "cd" * 32,
        "references": 9,
        "batch": 1,
        "difficulty": "easy",
        "strong_image": "01" * 32,
        "weak_image": "02" * 32,
        "strong_activation": 7.25,
        "weak_activation": -1.0,
        "strong_rank": 10,
        "weak_rank": 4991,
        "foil_feature": "",
        "task_data": "",
        "received_at": "2026-03-14T15:09:26+00:00",
    }
    side = np.where(study["strong_left"], "left", "right")
    choice = np.where(study["strong_left"] == study["correct"], "left", "right")
    told = study["correct"].map({True: "true", False: "false"})
    unknown = dict.fromkeys((field.name for field in BROWSER_FIELDS), "")
    table = study.assign(**same, **unknown, strong_side=side, choice=choice, correct=told)
    table[list(NAMES)].to_csv(path, index=False, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")


def measure_report() -> dict[str, float]:
    """Seconds and megabytes of the command, as a user runs it."""
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder) / "export.csv"
        write_export(large_study(), export)
        command = [sys.executable, "-m", "analysis", str(export), "--out", str(Path(folder) / "report.html")]
        start = time.perf_counter()
        subprocess.run([*command, "--files", str(Path(folder) / "files")], cwd=ROOT, check=True, capture_output=True)
        took = time.perf_counter() - start
        size = (Path(folder) / "report.html").stat().st_size / 1e6
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"report: {took:.1f} s, {megabytes:.0f} MB, a page of {size:.1f} MB", flush=True)
    return {"report_s": took, "report_mb": megabytes}


def measure_lme4() -> float | None:
    """Our time as a share of lme4's."""
    if shutil.which("Rscript") is None:
        print("lme4: Rscript is not installed, so nothing was compared", flush=True)
        return None
    study = large_study()
    with tempfile.TemporaryDirectory() as folder:
        path, script = Path(folder) / "answers.csv", Path(folder) / "fit.R"
        study[["participant", "feature", "condition", "correct"]].assign(correct=study["correct"].astype(int)).to_csv(
            path
        )
        script.write_text(LME4)
        done = subprocess.run(["Rscript", str(script), str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"lme4: R could not fit ({done.stderr.strip().splitlines()[-1]}), so nothing was compared", flush=True)
        return None
    start = time.perf_counter()
    mixed_model(study, pairs=(), random_effects="intercepts")
    ours, theirs = time.perf_counter() - start, float(done.stdout)
    print(f"lme4: {theirs:.1f} s, ours {ours:.1f} s for {len(CONDITIONS)} references", flush=True)
    return ours / theirs


def crossed(
    rng: np.random.Generator, *, people: int, features: int, effect: float, between: bool
) -> tuple[pd.DataFrame, Reals]:
    """Answers to all features of two conditions ``effect`` log-odds apart, and the features' intercepts."""
    participant, feature = np.divmod(np.arange(people * features), features)
    second = (participant if between else participant + feature) % 2
    ease = rng.normal(0, SD, features)
    logit = 0.8 + effect * second + rng.normal(0, SD, people)[participant] + ease[feature]
    study = pd.DataFrame(
        {
            "participant": participant,
            "feature": feature,
            "condition": np.where(second, "second", "first"),
            "correct": rng.random(len(logit)) < logistic(logit),
        }
    )
    return study, ease


def measure_null(studies: int) -> dict[str, float]:
    """False-positive rates of the main test and of pooling."""
    ours = pooled = 0
    for seed in range(studies):
        study, _ = crossed(np.random.default_rng([1, seed]), people=60, features=30, effect=0.0, between=True)
        model = mixed_model(study)
        ours += isinstance(model, MixedModel) and model.contrasts[0].p <= 0.05
        table = pd.crosstab(study["condition"], study["correct"])
        pooled += stats.chi2_contingency(table, correction=False).pvalue <= 0.05
    error = math.sqrt(0.05 * 0.95 / studies)
    told = f"main test {ours / studies:.3f}, pooled trials {pooled / studies:.3f}"
    print(f"null: {told} at 0.05, Monte-Carlo error {error:.3f} ({studies} studies)", flush=True)
    return {"null_fpr": ours / studies, "naive_fpr": pooled / studies, "null_error": error}


def varying(
    rng: np.random.Generator, *, people: int, features: int, over_features: float, over_people: float
) -> pd.DataFrame:
    """Answers of people who meet half of the features in each of two conditions, which are alike on average only."""
    of_people, of_features = (
        rng.normal(0, (SD, over_people), (people, 2)),
        rng.normal(0, (SD, over_features), (features, 2)),
    )
    participant, feature = np.divmod(np.arange(people * features), features)
    second = np.concatenate([rng.permutation(features) % 2 for _ in range(people)])
    effect = of_people[participant, 1] + of_features[feature, 1]
    logit = 0.9 + of_people[participant, 0] + of_features[feature, 0] + (second - 0.5) * effect
    return pd.DataFrame(
        {
            "participant": participant,
            "feature": feature,
            "condition": np.where(second, "second", "first"),
            "correct": rng.random(len(logit)) < logistic(logit),
        }
    )


def measure_varying(studies: int) -> dict[str, float]:
    """False-positive rates where the effect varies, with random slopes and with random intercepts only."""
    found = {}
    for people, features, over_features, over_people in VARYING:
        ps: dict[str, list[float]] = {"slopes": [], "intercepts": [], "slopes, t": [], "two units": []}
        for seed in range(studies):
            rng = np.random.default_rng([3, people, features, round(100 * over_features), seed])
            study = varying(rng, people=people, features=features, over_features=over_features, over_people=over_people)
            for name in ("slopes", "intercepts"):
                model = mixed_model(study, random_effects=name)
                if isinstance(model, MixedModel):
                    ps[name].append(model.contrasts[0].p)
                    if name == "slopes":
                        signed = math.sqrt(model.contrasts[0].chi2)
                        ps["slopes, t"].append(2 * float(stats.t.sf(signed, min(people, features) - 1)))
            larger = two_unit_test(study, "first", "second", seed=seed, test="t").p
            ps["two units"] += [] if larger is None else [larger]
        rates = {name: sum(p <= 0.05 for p in values) / studies for name, values in ps.items()}
        told = f"{people} x {features}, SD {over_features:g} over features and {over_people:g} over participants"
        errors = {name: f"{math.sqrt(rate * (1 - rate) / studies):.3f}" for name, rate in rates.items()}
        print(f"varying: {told}: {rates}, errors {errors}, {len(ps['slopes'])} of {studies} settled", flush=True)
        found |= {f"varying_{people}_{features}_{over_features:g}_{name}": rate for name, rate in rates.items()}
    return found


def measure_coverage(studies: int) -> dict[str, float]:
    """How often intervals of the contrast, of an accuracy and of a difference hold the truth."""
    effect, held = 0.5, dict.fromkeys(("contrast", "accuracy_t", "accuracy_bootstrap", "difference_bootstrap"), 0)
    for seed in range(studies):
        study, ease = crossed(np.random.default_rng([2, seed]), people=30, features=30, effect=effect, between=False)
        model = mixed_model(study, pairs=[("second", "first")])
        if isinstance(model, MixedModel):
            held["contrast"] += holds(model.contrasts[0].interval, effect)
        wide = study.groupby(["participant", "condition"])["correct"].mean().unstack()
        first, second = (wide[name].to_numpy(dtype=np.float64) for name in ("first", "second"))
        truth = {name: true_accuracy(ease, shift) for name, shift in (("first", 0.0), ("second", effect))}
        held["accuracy_t"] += holds(t_interval(first), truth["first"])
        held["accuracy_bootstrap"] += holds(bootstrap_interval(first, seed=seed), truth["first"])
        differences = bootstrap_interval(second - first, seed=seed)
        held["difference_bootstrap"] += holds(differences, truth["second"] - truth["first"])
    error = math.sqrt(0.95 * 0.05 / studies)
    shares = {name: count / studies for name, count in held.items()}
    print(f"coverage: {shares}, Monte-Carlo error {error:.3f} ({studies} studies)", flush=True)
    return {"coverage": shares.pop("contrast"), **{f"coverage_{name}": share for name, share in shares.items()}}


def holds(interval: Interval | Absent, truth: float) -> bool:
    """Whether there is an interval and the truth is in it."""
    return isinstance(interval, Interval) and interval.low <= truth <= interval.high


def true_accuracy(ease: Reals, shift: float) -> float:
    """The mean accuracy over all participants that there could be, on the features of this study."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    return float((logistic(0.8 + shift + ease[:, np.newaxis] + SD * nodes) @ weights / weights.sum()).mean())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--studies", type=int, default=2_000, help="simulated for the null and for coverage")
    parser.add_argument("--varying-studies", type=int, default=400, help="simulated for each setting of `varying`")
    options = parser.parse_args()
    keys = ("report_s", "report_mb", "mixed_model_vs_lme4", "null_fpr", "naive_fpr", "coverage")
    summary: dict[str, Any] = dict.fromkeys(keys)
    if "report" in options.parts:
        summary |= measure_report()
    if "lme4" in options.parts:
        summary["mixed_model_vs_lme4"] = measure_lme4()
    if "null" in options.parts:
        summary |= measure_null(options.studies)
    if "varying" in options.parts:
        summary |= measure_varying(options.varying_studies)
    if "coverage" in options.parts:
        summary |= measure_coverage(options.studies)
    print(json.dumps({name: round(value, 4) if value is not None else None for name, value in summary.items()}))


if __name__ == "__main__":
    main()

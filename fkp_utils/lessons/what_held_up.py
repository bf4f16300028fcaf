"""What the page of all verdicts says in words and tables, and the three claims that no other notebook tests.

Tests come as the table that `claims.frame` makes: a row a test, by its identity, with the columns claim, report,
statement, here, verdict, why and notebook.
"""

from __future__ import annotations

import importlib.util
import re
import textwrap
from collections.abc import Mapping

import pandas as pd

from fkp_utils import metrics
from fkp_utils.evaluation import verdicts

REASONS = {
    r"mean points|learn|epochs": ("a network had not learnt enough", "more epochs and faces"),
    r"restart": ("too few restarts, or they differ", "more restarts"),
    r"interval|draws": ("the interval, or the draws, leave it open", "more persons"),
    r"not train|left out|to be had": ("a network was not trained", "another profile, or its weights"),
    r".": ("the data lack what it takes", "another data set"),
    r"": ("no reason is recorded", ""),
}  # and what would help, by a pattern of the words in which a test gives its reason; the first that fits counts
_NUMBER = r"(-?\d[\d,.]*)"
_INTERVAL = re.compile(rf"{_NUMBER} \[{_NUMBER}, {_NUMBER}\]")
_CHANGE = re.compile(rf"RMSE changes by {_INTERVAL.pattern} px\b(?!²)")


def claims(variants: tuple[pd.DataFrame, str] | None) -> list[verdicts.Tested]:
    """Three claims that concern the whole series: the best of all variants (S0.11), an app (S0.14), an API (S4.4).

    variants: the table of long runs with the columns variant and eval mse, in px², and where it comes from.
    """
    best, ours = verdicts.unknown("it takes the table of long runs"), "no table of long runs is at hand"
    if variants is not None:
        table, where = variants
        first = table.loc[table["eval mse"].idxmin()]
        ours = f"{first['variant']}: MSE {first['eval mse']:.2f} px², first of {len(table)}; {where}"
        if table["variant"].str.startswith("vgg16, ImageNet").any():
            found = first["variant"].startswith("vgg16, ImageNet") and "augmented" in first["variant"]
            best = verdicts.Verdict(found, f"the lowest error on evaluation faces is that of {first['variant']}")
        else:
            ours += "; VGG-16 was not trained"
            best = verdicts.unknown("VGG-16 was not trained for the table of long runs")
    app, function = (_there(f"fkp_utils.app.{name}") for name in ("web", "prediction"))
    return [
        verdicts.Tested(
            "S0.11 best",
            "VGG-16 with ImageNet weights and augmentation is the best of all variants.",
            "MSE 3.97 px²",
            ours,
            best,
        ),
        verdicts.Tested(
            "S0.14 app",
            "An app marks the keypoints on an uploaded face.",
            "a public web app",
            "`make app` opens one on this machine" if app.holds else "no app yet",
            app,
        ),
        verdicts.Tested(
            "S4.4 API",
            "Keypoints can be had from an API.",
            "proposed",
            "`fkp_utils.predict` takes photos of any size" if function.holds else "no function yet",
            function,
        ),
    ]


def _there(module: str) -> verdicts.Verdict:
    found = importlib.util.find_spec(module) is not None
    return verdicts.Verdict(True, "the package has it") if found else verdicts.unknown("the package has none")


def counts(tests: pd.DataFrame) -> dict[str, int]:
    """How many tests have each verdict, by its words."""
    return {words: int((tests["verdict"] == words).sum()) for words in verdicts.WORDS.values()}


def fared(tests: pd.DataFrame) -> str:
    """`counts` in words."""
    yes, no, open_ = counts(tests).values()
    return f"{yes} hold, {no} do not, and {open_} cannot be told"


def mixed(tests: pd.DataFrame) -> list[str]:
    """The claims of which some tests hold and others do not."""
    by_claim = tests.groupby("claim")["verdict"].agg(set)
    return [claim for claim, words in by_claim.items() if {verdicts.WORDS[True], verdicts.WORDS[False]} <= words]


def interval(text: str) -> metrics.Estimate | None:
    """The one value with an interval in what a test found, such as "changes by 1.70 [1.41, 1.99] px"; else None."""
    found = _INTERVAL.findall(text)
    return metrics.Estimate(*(float(number.replace(",", "")) for number in found[0])) if len(found) == 1 else None


def changes(tests: pd.DataFrame) -> pd.DataFrame:
    """Of the tests that found one change of the RMSE, in px: value, low, high, verdict and why, by rising value."""
    rows = []
    for name, test in tests.iterrows():
        found = interval(test["here"]) if _CHANGE.search(test["here"]) else None
        if found is not None:
            rows.append((name, found.value, found.low, found.high, test["verdict"], test["why"]))
    columns = ["claim", "value", "low", "high", "verdict", "why"]
    table = pd.DataFrame(rows, columns=columns).set_index("claim")
    return table.astype(dict.fromkeys(["value", "low", "high"], float)).sort_values("value")


def reason(why: str) -> str:
    """The kind of a reason, of REASONS, that a test gives in words."""
    return next(kind for pattern, (kind, _) in REASONS.items() if re.search(pattern, why))


def reasons(tests: pd.DataFrame) -> pd.DataFrame:
    """Why tests cannot be told, a row a reason that occurs: how many tests, what would help, and one of the claims."""
    open_ = tests[tests["verdict"] == verdicts.WORDS[None]]
    kinds = open_["why"].map(reason)
    rows = {
        kind: (len(part), remedy, part["statement"].iloc[0])
        for kind, remedy in REASONS.values()
        if len(part := open_[kinds == kind])
    }
    columns = ["tests", "what would help", "for example"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("reason")
    return table.sort_values("tests", ascending=False)


def in_both(tests: pd.DataFrame, settled: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Tests that have a settled verdict too, in columns "settled …"; those decided in both; those decided unlike."""
    both = tests.join(settled[["verdict", "here", "rests on"]].add_prefix("settled "), how="inner")
    decided = both[~(both[["verdict", "settled verdict"]] == verdicts.WORDS[None]).any(axis=1)]
    return both, decided, decided[decided["verdict"] != decided["settled verdict"]]


def in_words(tests: pd.DataFrame, reports: Mapping[str, str], most: int = 3) -> str:
    """A paragraph for each report, as Markdown: its verdicts counted, and at most so many claims that were refuted.

    reports: titles by number, such as "S0".
    """
    paragraphs = []
    for report, title in reports.items():
        part = tests[tests["report"] == report]
        if part.empty:
            paragraphs.append(f"- **{title} ({report}).** Nothing was tested.")
            continue
        yes, no, open_ = (int((part["verdict"] == words).sum()) for words in verdicts.WORDS.values())
        text = f"- **{title} ({report}).** Of {_counted(len(part), 'test')} of"
        text += f" {_counted(part['claim'].nunique(), 'claim')}, {yes} {'holds' if yes == 1 else 'hold'},"
        text += f" {no} {'does' if no == 1 else 'do'} not, and {open_} cannot be told."
        paragraphs.append(text + _refuted(part, most))
    return "\n".join(paragraphs)


def _refuted(part: pd.DataFrame, most: int) -> str:
    refuted = part[part["verdict"] == verdicts.WORDS[False]]
    if refuted.empty:
        return ""
    quoted = "; ".join(
        f"“{text.rstrip('.')}” ({page[:2]})"
        for text, page in zip(refuted["statement"][:most], refuted["notebook"], strict=False)
    )
    more = f", and {len(refuted) - most} more" if len(refuted) > most else ""
    return f" Refuted: {quoted}{more}."


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def variant_errors(table: pd.DataFrame) -> pd.DataFrame:
    """Mean squared errors in px², here and in the earlier report, by variant, the lowest first; of the table of all
    variants.

    What all networks have in common is left out of their names, and long names have two lines.
    """
    names = table["variant"].str.split(", ")
    trained = names[table["parameters"].notna()]
    shared = set.intersection(*map(set, trained)) if len(trained) > 1 else set()
    short = [textwrap.fill(", ".join(part for part in parts if part not in shared), 30) for parts in names]
    found = table[["eval mse", "earlier mse"]].astype(float).set_axis(["here", "earlier report"], axis=1)
    return found.set_axis(short).sort_values("here")


def best_variant(errors: pd.DataFrame, where: str) -> str:
    """The network with the lowest error, beside the mean points, in words; errors: of `variant_errors`.

    where: what the table rests on.
    """
    name = str(errors.index[0]).replace("\n", " ")
    return (
        f"The best is *{name}* with {errors['here'].iloc[0]:.2f} px² on the evaluation faces; the mean of the training"
        f" faces has {errors['here']['mean points']:.2f} px². The work behind it: {where}. The report's numbers come"
        " from another split of the faces and from other budgets, so small differences to them mean nothing."
    )

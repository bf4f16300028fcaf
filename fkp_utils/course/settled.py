"""Which verdicts on the claims count, of those that several series made, and `results/claims.json`, which keeps them.

`python -m fkp_utils.course.settled publish [DATA=]SERIES…` adds those of more series.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import sys
from collections.abc import Iterable

from fkp_utils.course import claims
from fkp_utils.datasets import loading
from fkp_utils.system import commands, files, places

PLACE = places.RESULTS / "claims.json"
# What a series is made on, by a name of its own, and how notebooks read it.  "labels" are Kaggle's own without images.
DATA = {name: name for name in loading.NAMES}
DATA |= {"labels": "kaggle", "faces_300w": "landmarks68", "drawings": "landmarks68"}
SETTLING = {
    r"S0\.[12] ": ("labels", "kaggle"),  # how labels spread, and what fills them
    r"S4\.1 ": ("celeba", "labels", "kaggle"),
    r"S4\.": ("celeba", "kaggle", "synthetic"),  # five points
    r"S1\.[1-3] ": ("imm", "kaggle", "synthetic"),  # the nose tip, and 58 points
    r"S1\.4 ": ("landmarks68", "faces_300w", "kaggle", "synthetic"),  # 68 points
    r"S0\.13 (drawings|photographed)": ("drawings", "kaggle", "synthetic"),
    r"": ("kaggle", "synthetic"),  # images with 15 points, procedures, and causes, which are known of synthetic faces
}  # the data that can settle a test, in their order, by a pattern of its identity; the first that fits counts
WORK = ("full", "long", "quick", "smoke")  # profiles, the most work first


def settle(made: Iterable[claims.Test]) -> list[claims.Test]:
    """Of the tests that several series made, one for each identity: the one that settles it.

    The first data in the order of SETTLING that decide a test give its verdict; other data say nothing about it.  Of
    series on the same data the one with the most work (WORK) speaks alone.  If none decides, the first one's "cannot be
    told" stays, with its reason.  So what comes later in the order never overrules what has decided before it.
    """
    several: dict[str, list[claims.Test]] = {}
    for test in made:
        several.setdefault(test.identity, []).append(test)
    found = []
    for identity, those in several.items():
        order = next(order for pattern, order in SETTLING.items() if re.match(pattern, identity))
        by_work = sorted(those, key=lambda test: -WORK.index(test.profile))
        most = {test.data: test for test in by_work}  # the last one of each, with the most work
        able = [most[data] for data in order if data in most]
        found += [test for test in able if test.holds is not None][:1] or able[:1]
    return claims.ordered(found)


def publish(series: Iterable[str], target: pathlib.Path = PLACE) -> pathlib.Path:
    """Adds what the series settle to the tests kept in `target`, a row each with what it rests on; returns the path.

    series: their folders, such as build/series/kaggle-quick.  What its records cannot say of the data is put before it,
    as a name in DATA: labels=build/series/kaggle-quick.  ValueError for a folder without records, and for data of
    another name.

    The kept rows and the new tests are settled together, so a test made again on the same data with as much work or
    more replaces its row, and rows of other data stay where they settle a test first.  A row is dropped if the series
    executed its notebook and none of them recorded its test.  A test that settles nothing is not kept, so a series with
    less work should not be published after one with more on the same data.
    """
    made: list[claims.Test] = []
    executed: set[str] = set()
    for each in series:
        name, _, place = each.rpartition("=")
        recorded = claims.read(pathlib.Path(place))
        if not recorded:
            raise ValueError(f"{place}: no records; expected those of a series, such as build/series/kaggle-quick")
        executed |= recorded.keys()
        for test in claims.tests(recorded):
            if name and DATA.get(name) != test.data:
                known = ", ".join(other for other, data in DATA.items() if data == test.data)
                raise ValueError(f"{each}: its data are read as {test.data!r}; expected one of {known} before it")
            made.append(dataclasses.replace(test, data=name or test.data))
    again = {test.identity for test in made}
    before = published(source=target).values()
    kept = [test for test in before if test.identity in again or test.notebook not in executed]
    rows = [dataclasses.asdict(test) for test in settle([*kept, *made])]
    files.write_text(target, json.dumps({"rows": rows}, indent=1))
    return target


def published(found: Iterable[claims.Test] = (), source: pathlib.Path = PLACE) -> dict[str, claims.Test]:
    """The settled tests by identity: those that `publish` kept, none in an installed package, and those of `found` that
    notebook 14 makes, which are about the package and its long runs.
    """
    rows = json.loads(source.read_text(encoding="utf-8"))["rows"] if source.is_file() else []
    kept = [claims.Test(**row) for row in rows] + [test for test in found if test.notebook == claims.PAGE]
    return {test.identity: test for test in kept}


@commands.command
def main(arguments: list[str]) -> None:
    """The command line: `publish`, and series."""
    if arguments[:1] != ["publish"] or len(arguments) < 2:
        raise ValueError("expected publish [DATA=]SERIES…, such as: publish build/series/kaggle-quick")
    print(publish(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

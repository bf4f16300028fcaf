"""What the repository itself shows of the default run: figures/ and the README's table of notebooks.

Titles come from the notebooks and findings from their records, so that nobody types them.
"""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import sys

from fkp_utils.course import notebooks
from fkp_utils.system import commands, files, places

START, END = "<!-- notebooks: written by `make figures` -->\n", "<!-- end of notebooks -->\n"
DEFAULT = ("synthetic", "quick")  # data and profile
WIDTH = 720  # pixels, at most, of a committed picture
_ROW = re.compile(r"\| \[[^]]*\]\(notebooks/(\w+)\.ipynb\) \| (.*) \|")


def table(records: pathlib.Path, before: str = "") -> str:
    """Markdown rows of the series, with the findings that `records` (a folder of NAME.json) holds.

    A notebook without records keeps the finding that the table `before` has for it.
    """
    known = dict(_ROW.findall(before))
    rows = ["| Notebook | What it finds on the default synthetic faces |", "|---|---|"]
    for name in notebooks.names():
        path = records / f"{name}.json"
        if path.is_file():
            known[name] = notebooks.finding(json.loads(path.read_text(encoding="utf-8"))["values"])
        rows.append(f"| [{notebooks.title(name)}](notebooks/{name}.ipynb) | {known.get(name, '')} |")
    return "\n".join(rows) + "\n"


def refresh_readme(readme: pathlib.Path, records: pathlib.Path) -> None:
    """Writes the table between the two comments of `readme`; ValueError if they are not there."""
    head, old, tail = parts(readme.read_text(encoding="utf-8"), START, END)
    files.write_text(readme, head + table(records, old) + tail)


def parts(text: str, start: str, end: str) -> tuple[str, str, str]:
    """The text up to the line `start`, what stands between, and the text from the line `end`.

    ValueError if these lines are not there.
    """
    head, found, rest = text.partition(start)
    between, also, tail = rest.partition(end)
    if not (found and also):
        raise ValueError(f"README.md lacks the line {start.strip()!r}, or {end.strip()!r} below it")
    return head + start, between, end + tail


def refresh_figures(target: pathlib.Path, figures: pathlib.Path) -> None:
    """Copies `figures` (NAME/figure-id.png) to `target` in pictures small enough for a repository.

    A notebook without figures keeps those that `target` has; what is of no notebook of the series is removed.
    """
    from PIL import Image

    for old in target.glob("[0-9][0-9]_*"):
        if (figures / old.name).is_dir() or old.name not in notebooks.names():
            shutil.rmtree(old)
    for path in sorted(figures.glob("[0-9][0-9]_*/*.png")):
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        picture.thumbnail((WIDTH, 10 * WIDTH))
        new = target / path.relative_to(figures)
        new.parent.mkdir(parents=True, exist_ok=True)
        picture.quantize(256, dither=Image.Dither.NONE).save(new, optimize=True)


def refuse_others(records: pathlib.Path) -> None:
    """ValueError if `records` are not those of a default run: others may show faces of real people."""
    found = sorted(records.glob("*.json"))
    if not found:
        raise ValueError(f"{records}: no records; expected those of a series, such as build/series/synthetic-quick")
    for path in found:
        parameters = json.loads(path.read_text(encoding="utf-8"))["parameters"]
        if (parameters["DATA"], parameters["PROFILE"]) != DEFAULT:
            raise ValueError(f"{path}: of {parameters['DATA']}, {parameters['PROFILE']}; expected {', '.join(DEFAULT)}")


@commands.command
def main(arguments: list[str]) -> None:
    """The command line of `make figures`: the folder of the default series."""
    if len(arguments) != 1:
        raise ValueError("expected the folder of the default series, such as build/series/synthetic-quick")
    made = pathlib.Path(arguments[0])
    refuse_others(made / "records")
    refresh_figures(places.CHECKOUT / "figures", made / "figures")
    refresh_readme(places.CHECKOUT / "README.md", made / "records")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

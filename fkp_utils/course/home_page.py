"""The front page of the report: faces with their points, three findings, and a card for each notebook."""

from __future__ import annotations

import html
import pathlib
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from fkp_utils import profiles
from fkp_utils.course import claims, notebooks, records, settled
from fkp_utils.evaluation import verdicts

if TYPE_CHECKING:
    import nbformat

# The figure on the card of each notebook, and the notebooks whose findings stand on top.
FIGURES = {
    "01_eda": "sample-faces",
    "02_imputation": "tilted-face",
    "03_lenet_activations": "predictions",
    "04_vgg_feature_maps": "maps-face",
    "05_augmentation": "standard-and-strong",
    "06_error_analysis": "hardest",
    "07_grad_cam": "methods",
    "08_regularisation_and_learning_rate": "learning-rates",
    "09_shape_aware_loss": "heavy-on-faces",
    "10_celeba_backbones": "locations",
    "11_nose_tip_to_68_points": "many-faces",
    "12_synthetic_faces": "sheet",
    "13_best_model": "maps",
    "14_what_held_up": "verdicts",
}
FOREMOST = ("03_lenet_activations", "07_grad_cam", "13_best_model")
FACES, PICTURE = 7, "front-faces.png"
UNFINISHED = "This notebook did not finish. Its page shows the error."


def sections(book: Mapping[str, nbformat.NotebookNode], figures: pathlib.Path) -> str:
    """What stands on the front page below its own text: findings, cards, and how the earlier reports fared.

    figures: the pictures of the notebooks, NAME/identity.png; a card whose figure is not there has none.
    """
    found = {name: _finding(notebook) for name, notebook in book.items()}
    first = [f"- {found[name]} ([{notebooks.title(name)}]({name}.ipynb))" for name in FOREMOST if name in found]
    cards = [_card(name, sentence, _figure(name, figures).is_file()) for name, sentence in found.items()]
    parts = ["## Three findings", "\n".join(first)] if first else []
    parts += ["## The notebooks", "```{raw} html", '<div class="cards">', *cards, "</div>", "```", _work(book)]
    return "\n\n".join([*parts, *_fared(book)])


def draw(folder: pathlib.Path, figures: pathlib.Path) -> None:
    """The pictures of the front page, into `folder`: some synthetic faces with their points, and one for each card."""
    import matplotlib.pyplot as plt
    from PIL import Image

    from fkp_utils.datasets.synthetic import generator
    from fkp_utils.plots import common

    folder.mkdir(parents=True, exist_ok=True)
    faces = generator.make(40, seed=8)
    contrast = np.asarray(faces.images[:], float).std(axis=(1, 2, 3)) * faces.given.all(axis=1)
    shown = faces.select(np.argsort(-contrast)[:FACES])
    common.style()
    figure, grid = plt.subplots(1, FACES, figsize=(2 * common.WIDTH, 2 * common.WIDTH / FACES))
    for axes, image, points in zip(grid, shown.images[:], shown.points, strict=True):
        common.show_face(axes, image, given=points)
    figure.savefig(folder / PICTURE, transparent=True)
    plt.close(figure)
    for name in FIGURES:
        if _figure(name, figures).is_file():
            with Image.open(_figure(name, figures)) as opened:
                picture = opened.convert("RGB")
            picture.thumbnail((560, 5600))
            picture.save(folder / f"card-{name}.png", optimize=True)


def _finding(notebook: nbformat.NotebookNode) -> str:
    if "error" in notebook.metadata["fkp"]:
        return UNFINISHED
    return notebooks.finding(records.read(notebook)["values"])


def _figure(name: str, figures: pathlib.Path) -> pathlib.Path:
    return figures / name / f"{FIGURES.get(name, '')}.png"


def _card(name: str, sentence: str, has_figure: bool) -> str:
    title = html.escape(notebooks.title(name))
    picture = f'<img src="_static/card-{name}.png" alt="A figure of this notebook">' if has_figure else ""
    return f'<a class="card" href="{name}.html">{picture}<b>{title}</b><span>{html.escape(sentence)}</span></a>'


def _work(book: Mapping[str, nbformat.NotebookNode]) -> str:
    stamps = [notebook.metadata["fkp"] for notebook in book.values()]
    profile = profiles.profile(stamps[0]["parameters"]["PROFILE"])
    faces = "all faces" if profile.faces is None else f"{profile.faces:,} faces at most"
    minutes = sum(stamp["seconds"] for stamp in stamps) / 60
    return (
        f"Data: {stamps[0]['parameters']['DATA']}. Profile: {profile.name} ({faces}). The notebooks took {minutes:.0f}"
        " minutes together, one after another; [execution times](execution_times.md) has each."
    )


def _fared(book: Mapping[str, nbformat.NotebookNode]) -> list[str]:
    """A sentence on the claims of the earlier reports; nothing if the page that collects them is not there."""
    stamps = {name: notebook.metadata["fkp"] for name, notebook in book.items()}
    if "error" in stamps.get(notebooks.LAST, {"error": ""}):
        return []
    found = {name: records.read(book[name]) | stamp for name, stamp in stamps.items() if "error" not in stamp}
    here = claims.tests(found)
    counted = [Counter(test.verdict for test in tests) for tests in (settled.published(here).values(), here)]
    of_all, own = (", ".join(f"{each[words]}: {words}" for words in verdicts.WORDS.values()) for each in counted)
    text = (
        f"Five earlier reports made {len(claims.CLAIMS)} claims about keypoints on faces."
        f" The {counted[0].total()} tests that settle them, on the data that each is about, say: {of_all}."
        f" The {counted[1].total()} tests of them in these notebooks say: {own}."
        f" [{notebooks.title(notebooks.LAST)}]({notebooks.LAST}.ipynb) has"
        " every claim, with its figures and a link to the cell that tests it."
    )
    return ["## The earlier reports", text]

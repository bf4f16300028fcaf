"""The house rules of the notebooks, as they are committed."""

import ast
import builtins
import importlib
import importlib.util
import json
import re
import statistics

import pytest

from fkp_utils.course import badges, notebooks
from fkp_utils.system import places

NAMES = notebooks.names()
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)
RESOURCES = re.search(
    r"^RESOURCES = (\{.*?^\})", (places.CHECKOUT / "Snakefile").read_text("utf-8"), re.DOTALL | re.MULTILINE
)
GPU = {  # what Colab and Kaggle read of a notebook that asks for a GPU
    "accelerator": "GPU",
    "kaggle": {
        "accelerator": "nvidiaTeslaT4",
        "dataSources": [],
        "isGpuEnabled": True,
        "isInternetEnabled": True,
        "language": "python",
        "sourceType": "notebook",
    },
}

pytestmark = pytest.mark.parametrize("name", NAMES)


def cells(name, kind=None):
    found = notebooks.cells(places.NOTEBOOKS / f"{name}.ipynb")
    return [cell for cell in found if kind in (None, cell["cell_type"])]


def slug(heading):
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def test_no_output_is_committed(name):
    raw = json.loads((places.NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert raw["nbformat"] == 4
    assert raw["metadata"]["kernelspec"]["name"] == "python3"
    assert not {"widgets", "papermill", "fkp"} & raw["metadata"].keys()
    for cell in cells(name, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
    identities = [cell["id"] for cell in cells(name)]
    assert len(set(identities)) == len(identities)


def test_a_gpu_is_asked_for_where_a_cluster_is_asked_for_one(name):
    metadata = json.loads((places.NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["metadata"]
    gpus = ast.literal_eval(RESOURCES[1])[name][2]
    assert {key: value for key, value in metadata.items() if key != "kernelspec"} == (GPU if gpus else {})


def test_first_come_title_badges_and_what_is_learnt(name):
    first = cells(name)[0]
    assert first["cell_type"] == "markdown"
    assert first["source"].startswith(f"# {name[:2]} · ")
    assert badges.badges(f"notebooks/{name}.ipynb", badges.repository()) in first["source"]
    assert len(re.findall(r"^- ", first["source"].split("You will learn")[1], re.MULTILINE)) == 3
    assert sum(bool(re.match(r"# ", cell["source"])) for cell in cells(name, "markdown")) == 1


def test_then_the_setup_then_the_parameters(name):
    setup, parameters = cells(name, "code")[:2]
    assert f"github.com/{badges.repository()}" in setup["source"]
    assert re.search(r"^setup\.prepare\(", setup["source"], re.MULTILINE)
    assert parameters["metadata"]["tags"] == ["parameters"]
    declared = notebooks.declared(places.NOTEBOOKS / f"{name}.ipynb")
    assert {"DATA": "synthetic", "ROOT": "", "PROFILE": "quick", "SEED": 0}.items() <= declared.items()
    assert all("#" in line for line in parameters["source"].splitlines()), "a parameter without a comment"


def test_cells_of_code_are_few_and_short(name):
    sources = [cell["source"] for cell in cells(name, "code")]
    assert 15 <= len(sources) <= 35
    lengths = [sum(bool(line.strip()) for line in source.splitlines()) for source in sources]
    assert statistics.median(lengths) <= 7
    assert sum(length < 17 for length in lengths) >= 0.9 * len(lengths)
    assert max(lengths) <= 30
    for source in sources:
        ast.parse(MAGIC.sub(r"\1pass", source))
        assert max(map(len, source.splitlines())) <= 120
        assert sum("plots.save_figure(" in line for line in source.splitlines()) <= 1, "one cell, one figure"


def test_what_is_used_of_the_package_is_there(name):
    trees = [ast.parse(MAGIC.sub(r"\1pass", cell["source"])) for cell in cells(name, "code")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module.startswith("fkp_utils")
        for alias in node.names
    }
    hidden = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    hidden |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id not in hidden:
            module = imported.get(node.value.id)
            if module and importlib.util.find_spec(module):
                assert hasattr(importlib.import_module(module), node.attr), f"{module}.{node.attr}"


def test_figures_have_names_of_their_own_and_texts(name):
    found = [
        node
        for cell in cells(name, "code")
        for node in ast.walk(ast.parse(MAGIC.sub(r"\1pass", cell["source"])))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("save_figure")
    ]
    identities = [call.args[1].value for call in found if isinstance(call.args[1], ast.Constant)]
    assert len(set(identities)) == len(identities)
    assert all(re.fullmatch(r"[a-z0-9-]+", identity) for identity in identities)
    assert all("alt" in [keyword.arg for keyword in call.keywords] for call in found)


def test_it_ends_with_a_decision_exercises_and_a_finding(name):
    text = "\n".join(cell["source"] for cell in cells(name, "markdown"))
    end = text.split("## In this notebook")[1]
    assert "**Decision.**" in end
    assert end.count("<details><summary>Solution</summary>") == 2
    assert end.count("</details>") == 2
    assert 'records.record("finding", ' in cells(name, "code")[-1]["source"]


def _names(code):
    """All names that the code gives to something, and all that it uses, wherever."""
    tree = ast.parse(MAGIC.sub(r"\1pass", code))
    given = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    imported = [each for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for each in node.names]
    given |= {(each.asname or each.name).split(".")[0] for each in imported}
    given |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    given |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return given, {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def test_solutions_run_at_the_end_of_the_notebook(name):
    """As far as can be told without it: they use names that it, or they themselves, have given."""
    text = "\n".join(cell["source"] for cell in cells(name, "markdown"))
    known = set(dir(builtins)) | {"display"} | _names("\n".join(cell["source"] for cell in cells(name, "code")))[0]
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        given, used = _names(code)
        assert used <= known | given, f"{used - known - given} of\n{code}"


def test_links_resolve(name):
    for cell in cells(name, "markdown"):
        for target in LINK.findall(cell["source"]):
            path, _, anchor = target.partition("#")
            if target.startswith("https://"):
                continue
            assert not target.startswith("http:"), target
            if re.fullmatch(r"\d\d_\w+\.ipynb", path) and path[:-6] not in NAMES:
                continue  # announced; the report shows such a link as plain text
            assert not path or (places.NOTEBOOKS / path).exists(), f"{target} leads nowhere"
            if anchor:
                other = cells(path.removesuffix(".ipynb") if path else name, "markdown")
                headings = re.findall(r"^#+ (.*)$", "\n".join(each["source"] for each in other), re.MULTILINE)
                assert anchor in map(slug, headings), f"{target} leads nowhere"


def is_lesson(name):
    """Whether the notebook builds its ideas in view and audits the earlier reports at its end."""
    return any("records.audit(" in cell["source"] for cell in cells(name, "code"))


@pytest.fixture
def lesson(name):
    if not is_lesson(name):
        pytest.skip("not yet a lesson")
    return name


def test_a_lesson_has_its_sections_in_order(lesson):
    text = "\n".join(cell["source"] for cell in cells(lesson))
    parts = [
        "You will learn",
        "*Before this:*",
        "holds the same",
        "## In this notebook",
        "**Decision.**",
        "**Exercises**",
    ]
    parts += ["## What the earlier reports said", "records.audit(", 'records.record("finding"']
    places_ = [text.find(part) for part in parts]
    assert -1 not in places_, parts[places_.index(-1)]
    assert places_ == sorted(places_)
    tagged = [cell for cell in cells(lesson, "code") if "hide-cell" in cell["metadata"].get("tags", [])]
    assert len(tagged) == 2, "the audit and the records are folded, nothing else"


def test_a_lesson_gives_formulas_that_are_whole(lesson):
    text = "\n".join(cell["source"] for cell in cells(lesson, "markdown"))
    formulas = re.findall(r"\$\$(.+?)\$\$", text, re.DOTALL)
    assert formulas
    assert text.count("$$") == 2 * len(formulas)
    for formula in formulas:
        assert formula.count("{") == formula.count("}")
        assert formula.count(r"\left") == formula.count(r"\right")


def test_lines_of_code_are_not_cut_off_by_a_page(name):
    for cell in cells(name, "code"):
        assert max(map(len, cell["source"].splitlines())) <= 88, cell["source"]


def test_the_main_line_of_a_lesson_reads_like_what_a_student_would_write(lesson):
    for cell in cells(lesson, "code")[2:]:
        if "hide-cell" in cell["metadata"].get("tags", []):
            continue
        assert "claim(" not in cell["source"]
        assert not {"ours", "theirs", "holds"} & _names(cell["source"])[0], cell["source"]

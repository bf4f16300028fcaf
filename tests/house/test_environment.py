import ast
import importlib.metadata
import itertools
import pathlib
import re
import sys
import tomllib

import pytest

from fkp_utils.course import notebooks
from fkp_utils.system import places

ROOT = places.CHECKOUT
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OWN = {"fkp_utils", "conftest", "_options", "chromium", "kaggle_files", "google"}  # google.colab is on Colab alone


def canonical(requirement):
    name, bound = re.fullmatch(r"([\w.-]+)(.*)", requirement).groups()
    return re.sub(r"[-_.]+", "-", name).lower() + bound


def listed():
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return {canonical(each) for each in itertools.chain(*lists)}


def imported(path):
    sources = [path.read_text(encoding="utf-8")]
    if path.suffix == ".ipynb":
        sources = [
            re.sub(r"(?m)^(\s*)[%!].*", r"\1pass", cell["source"])
            for cell in notebooks.cells(path)
            if cell["cell_type"] == "code"
        ]
    for node in (node for source in sources for node in ast.walk(ast.parse(source))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.split(".")[0]


def test_conda_and_pip_install_the_same():
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    entries = [line.strip().removeprefix("- ") for line in lines if line.startswith("  ") and not line.endswith(":")]
    conda = {canonical(entry) for entry in entries if entry not in ("conda-forge", "pip", "--editable .")}
    assert conda == listed() | {f"python{PROJECT['requires-python']}"}


@pytest.mark.parametrize("folder", ["fkp_utils", "tests", "report", "benchmarks", "notebooks"])
def test_what_is_imported_is_listed(folder):
    packages = importlib.metadata.packages_distributions()
    known = {re.sub(r"\W.*", "", each.replace("-", "_")) for each in listed()} | {"fkp_utils"}
    for path in sorted(ROOT.glob(f"{folder}/**/*")):
        if path.suffix not in (".py", ".ipynb") or path.parent.name == ".ipynb_checkpoints":
            continue
        for module in set(imported(path)) - set(sys.stdlib_module_names) - OWN:
            sources = {canonical(name).replace("-", "_") for name in packages.get(module, [module])}
            assert sources & known, f"{path.relative_to(ROOT)} imports {module}; pyproject.toml lists no {sources}"


def test_constraints_are_names_and_versions_of_all_that_is_listed():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        assert re.fullmatch(r"[\w.-]+==[\w.+!]+", line), f"constraints.txt: {line!r}; expected name==version"
    pinned = {canonical(line.split("==")[0]) for line in lines}
    assert {re.sub(r"[<>=].*", "", each) for each in listed()} <= pinned


def test_supported_versions_are_named_alike():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    low, high = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    assert f"(3, {low}) <= v < (3, {high})" in makefile
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"3.{minor}" in makefile and f"3.{minor}" in readme for minor in range(int(low), int(high)))


def test_no_folder_of_a_machine_is_named():
    folder = re.compile(r"(?<![\w.])/(home|Users|root|work)/\w")
    suffixes = {".py", ".md", ".toml", ".txt", ".yml", ".ipynb", ".css"}
    skipped = {".venv", "build", ".git", ".snakemake", "data", "results"}
    for path in pathlib.Path(ROOT).rglob("*"):
        if path.suffix in suffixes and not skipped & set(path.relative_to(ROOT).parts):
            assert not folder.search(path.read_text(encoding="utf-8")), path

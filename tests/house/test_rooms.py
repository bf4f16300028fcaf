"""The rules of the package: its rooms, who may import whom, and what lives where."""

import ast
import re
import subprocess
import sys
import tomllib

import pytest

from fkp_utils.course import notebooks
from fkp_utils.system import code_version, places

TOP = {"__init__", "keypoints", "faces", "metrics", "profiles"}
PROJECT = tomllib.loads((places.CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS = [name for name in PROJECT["tool"]["importlinter"]["contracts"][0]["layers"][::-1] if " " not in name]
MODULES = sorted(path for path in places.PACKAGE.rglob("*.py") if path.stem != "__init__")
BY_NAME = ("datasets", "models")  # their modules are imported by name
SHOWN = ("plots", "lessons", "app", "course")  # figures, what one notebook needs, and what is not for notebooks


def module(path):
    return ".".join(path.relative_to(places.PACKAGE.parent).with_suffix("").parts)


def room(name):
    return name.split(".")[1]


def imported(source):
    return {name for name in code_version.imports(source) if name.count(".")}


IMPORTS = {module(path): imported(path.read_text(encoding="utf-8")) for path in MODULES}


def of_notebook(name):
    path = places.NOTEBOOKS / f"{name}.ipynb"
    sources = (cell["source"] for cell in notebooks.cells(path) if cell["cell_type"] == "code")
    return set().union(*(imported(re.sub(r"(?m)^(\s*)[%!].*", r"\1pass", source)) for source in sources))


USED = {name: of_notebook(name) for name in notebooks.names()}


def test_the_contracts_hold():
    command = [sys.executable, "-c", "import importlinter.cli as cli; raise SystemExit(cli.lint_imports())"]
    done = subprocess.run([*command], cwd=places.CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_module_is_added_to_the_top_level():
    assert {path.stem for path in places.PACKAGE.glob("*.py")} == TOP
    found = {path.name for path in places.PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert found == set(ROOMS)


@pytest.mark.parametrize("path", sorted(places.PACKAGE.rglob("*/__init__.py")), ids=lambda path: path.parent.name)
def test_a_room_begins_with_a_sentence_and_nothing_else(path):
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert [type(item) for item in body] == [ast.Expr]
    assert isinstance(body[0].value.value, str)


def test_the_readme_has_a_map_of_the_rooms():
    readme = (places.CHECKOUT / "README.md").read_text(encoding="utf-8")
    for name in ROOMS:
        text = ast.get_docstring(ast.parse((places.PACKAGE / name / "__init__.py").read_text(encoding="utf-8")))
        assert f"| `{name}/` | {' '.join(text.split())} |" in readme, name
        for named in re.findall(r"`([a-z_0-9]+)/?`", text):
            assert (places.PACKAGE / name / named).is_dir() or f"fkp_utils.{name}.{named}" in IMPORTS, named


def test_lessons_have_the_names_of_notebooks():
    topics = {name[3:] for name in notebooks.names()}
    found = {
        path.stem for path in (places.PACKAGE / "lessons").iterdir() if path.stem not in ("__init__", "__pycache__")
    }
    assert found <= topics


def users(name):
    """What uses a module: notebooks, by themselves or through their lesson, and rooms other than its own."""
    found = {notebook for notebook, modules in USED.items() if name in modules}
    for other, modules in IMPORTS.items():
        if name in modules and room(other) == "lessons":
            found |= {notebook for notebook in USED if notebook[3:] == other.split(".")[2]}
        elif name in modules and room(other) != room(name):
            found.add(f"{room(other)}/")
    return found


def test_what_one_notebook_alone_uses_lives_in_its_lesson():
    core = {name for name in IMPORTS if name.count(".") > 1 and room(name) not in (*SHOWN, *BY_NAME)}
    shared = {name for name in core if len(users(name)) > 1 or any(user.endswith("/") for user in users(name))}
    while grown := {name for name in core - shared if any(name in IMPORTS[other] for other in shared)}:
        shared |= grown
    alone = {name: users(name) for name in core - shared}
    assert not alone, f"used by one notebook or none: {alone}"


def test_a_lesson_serves_its_own_notebook_only():
    for name in IMPORTS:
        if room(name) == "lessons":
            topic = name.split(".")[2]
            assert {user[3:] for user in users(name)} <= {topic}, name


def public(tree):
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef) and not node.bases:
                methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
                yield from ((f"{node.name}.{each.name}", each) for each in methods if not each.name.startswith("_"))


@pytest.mark.parametrize("path", MODULES, ids=module)
def test_every_public_name_has_a_docstring(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    lacking = [name for name, node in public(tree) if not ast.get_docstring(node)]
    assert not lacking

"""What strangers meet first: workflows, issue forms, hooks, the citation and the log of changes."""

import itertools
import json
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

import fkp_utils
from fkp_utils.course import badges
from fkp_utils.datasets import loading
from fkp_utils.models import pretrained
from fkp_utils.system import places

ROOT = places.CHECKOUT
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[!c]*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[1].split())
VARIABLES = set(re.findall(r"^([A-Z]+) \??= ?", MAKEFILE, re.MULTILINE)) | {"USER"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md")


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def steps(path):
    for job in yaml.safe_load(read(path))["jobs"].values():
        yield from job["steps"]


def check_command(command):
    """A command of `make` with a target and options that the Makefile has."""
    words = re.sub(r"\$\{\{.*?\}\}|<[^>]*>", "x", command).split("#")[0].split()
    assert words[0] == "make", command
    targets = [word for word in words[1:] if "=" not in word]
    assert len(targets) == 1, command
    assert targets[0] in TARGETS, f"{command}: the Makefile has no target {targets[0]!r}"
    assert {word.split("=")[0] for word in words[1:] if "=" in word} <= VARIABLES, command


def test_every_target_has_a_rule():
    assert set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE)) == TARGETS


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_is_whole_and_runs_what_a_person_runs(path):
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert found.keys() >= {"name", True, "jobs", "permissions"}  # YAML reads `on` as True
    assert found["permissions"] == {"contents": "read"}
    for job in found["jobs"].values():
        assert {"runs-on", "timeout-minutes", "steps"} <= job.keys()
        assert job["timeout-minutes"] <= 360
    for step in steps(path):
        assert ("uses" in step) != ("run" in step), step
        if "run" in step:
            check_command(step["run"])
        else:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]), step["uses"]
    assert any("run" in step for step in steps(path))


def test_a_command_that_the_makefile_lacks_is_found():
    for command in ("make tests", "make test FOLDER=x", "pytest", "make report compare"):
        with pytest.raises(AssertionError):
            check_command(command)


def test_tests_run_on_all_versions_of_python_and_three_systems():
    jobs = yaml.safe_load(read(".github/workflows/tests.yml"))["jobs"]["tests"]["strategy"]["matrix"]["include"]
    low, high = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    assert {job["python"] for job in jobs} == {f"3.{minor}" for minor in range(int(low), int(high))}
    assert {job["os"].split("-")[0] for job in jobs} == {"ubuntu", "macos", "windows"}
    files = {job["constraints"] for job in jobs}
    assert files == {"constraints.txt", ".github/oldest.txt", ".github/newest.txt"}
    assert all((ROOT / file).is_file() for file in files)


def test_the_oldest_versions_are_the_lower_bounds():
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    bounds = dict(re.findall(r"^([\w-]+)>=([^,\n]+)", "\n".join(itertools.chain(*lists)), re.MULTILINE))
    lines = [line for line in read(".github/oldest.txt").splitlines() if not line.startswith("#")]
    oldest = dict(line.split("==") for line in lines)
    assert oldest.keys() == bounds.keys()
    for name, version in oldest.items():
        assert re.fullmatch(rf"{re.escape(bounds[name])}(\.0)*", version), f"{name}: {version} is not {bounds[name]}"


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_asks_for_something(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form.keys() >= {"name", "description", "body"}
    identities = [part["id"] for part in form["body"]]
    assert len(set(identities)) == len(identities) > 0
    assert all(part["attributes"]["label"] for part in form["body"])
    assert any(part.get("validations", {}).get("required") for part in form["body"])


def test_hooks_have_the_versions_that_are_installed():
    hooks = {repo["repo"].rsplit("/", 1)[-1]: repo for repo in yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]}
    (ruff,) = re.findall(r"^ruff==(.*)$", read("constraints.txt"), re.MULTILINE)
    assert hooks["ruff-pre-commit"]["rev"] == f"v{ruff}"
    for hook in hooks["local"]["hooks"]:
        check_command(hook["entry"])
    check_command(json.loads(read(".devcontainer/devcontainer.json"))["postCreateCommand"])


def test_binder_installs_the_package():
    assert re.fullmatch(r"python-3\.1[123]\n", read("binder/runtime.txt"))
    constraint, package = read("binder/requirements.txt").splitlines()
    assert (ROOT / "binder" / constraint.split()[1]).resolve() == ROOT / "constraints.txt"
    assert re.fullmatch(r"--editable \.\[(\w+)\]", package)[1] in PROJECT["optional-dependencies"]


def test_the_version_is_told_in_one_place():
    version = fkp_utils.__version__
    assert "version" not in PROJECT
    assert PROJECT["dynamic"] == ["version"]
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["version"] == version
    released = re.findall(r"^## (\d[\w.]*) \((.*)\)$", read("CHANGELOG.md"), re.MULTILINE)
    assert released[0] == (version, citation["date-released"])
    assert [number for number, _ in released] == sorted((number for number, _ in released), reverse=True)


def test_setuptools_reads_the_version_without_importing_keras():
    code = "import sys, fkp_utils; print(fkp_utils.__version__, 'keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"{fkp_utils.__version__} False\n"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_and_links_of_a_document_lead_somewhere(document):
    text = read(document)
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("make "):
                check_command(line)
    for named in re.findall(r"`make ([a-z-]+)[ `]", text):
        assert named in TARGETS, f"{document}: make {named}"
    for named in re.findall(r"`(?!notebooks/NN)((?:fkp_utils|tests|notebooks|data|report|benchmarks)/[\w./-]+)`", text):
        assert (ROOT / named).exists(), f"{document}: {named} is not there"
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if not target.startswith("https://"):
            assert (ROOT / document).parent.joinpath(target).exists(), f"{document}: {target} leads nowhere"


def test_the_placeholder_address_stands_in_no_document():
    if badges.repository() == badges.PLACEHOLDER:
        for document in (*DOCUMENTS, "CITATION.cff", "CODE_OF_CONDUCT.md"):
            assert f"github.com/{badges.PLACEHOLDER}" not in read(document), document


def test_the_licence_of_every_data_set_and_every_file_of_weights_is_told():
    table = read("data/README.md").split("## Licences")[1]
    rows = re.findall(r"^\| `([^`]+)` \|(.*)\|(.*)\|(.*)\|$", table, re.MULTILINE)
    names = [name for name, *_ in rows]
    weights = [path.name for path in (places.PACKAGE / "app/weights").glob("*.keras")]
    known = {*loading.NAMES, *pretrained._PUBLISHED, "mtcnn"}
    assert known <= set(names)
    assert len(set(names)) == len(names)
    assert all(cell.strip() for _, *cells in rows for cell in cells)
    assert not weights or "app/weights" in names

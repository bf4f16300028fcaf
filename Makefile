# `make report` and `make test` need Python 3.11, 3.12 or 3.13 and nothing else: .venv is made first if it is missing.
# Options are those of the command line; variables of the same names in the shell do not count.
PYTHON = python3
DATA = synthetic
ROOT =
PROFILE = quick
JOBS = auto
KERNEL = python3
REPO =
KAGGLE =
WILD =
RUN = .venv/bin/python

.PHONY: report test lint app model submission figures sample bench badges constraints clean

report: .venv/installed  # execute what is not up to date, write build/report/index.html
	@$(RUN) -m fkp_utils.course.series report --data "$(DATA)" --root "$(ROOT)" --profile "$(PROFILE)" --jobs "$(JOBS)" --kernel "$(KERNEL)"

test: .venv/installed
	@$(RUN) -m pytest

lint: .venv/installed  # style, types, and which room imports which
	@$(RUN) -m ruff check --quiet .
	@$(RUN) -m ruff format --check --quiet .
	@$(RUN) -m mypy
	@.venv/bin/lint-imports --no-logo

submission: .venv/installed  # make submission DATA=kaggle ROOT=<folder> PROFILE=quick|full: build/submission.csv, build/best.keras
	@$(RUN) -m fkp_utils.app.submission --data "$(DATA)" --root "$(ROOT)" --profile "$(PROFILE)"

app: .venv/installed  # a page at http://127.0.0.1:7860 that finds the points of faces in photos
	@$(RUN) -m fkp_utils.app.web

model: .venv/installed  # make model KAGGLE=<folder> WILD=<folder>: the model of the package, and its card with scores on photos
	@$(RUN) -m fkp_utils.app.shipped_model --kaggle "$(KAGGLE)" --wild "$(WILD)"

figures:  # refresh figures/ and the table of README.md from the default run
	@$(MAKE) --no-print-directory report DATA=synthetic ROOT= PROFILE=quick
	@$(RUN) -m fkp_utils.course.front build/series/synthetic-quick

sample: .venv/installed  # make data/sample/ again
	@$(RUN) -m fkp_utils.datasets.sample data/sample

bench: .venv/installed
	@for benchmark in benchmarks/[!_]*.py; do echo "== $$benchmark"; $(RUN) $$benchmark || exit 1; done

badges: .venv/installed  # make badges REPO=owner/name stamps every address of the repository
	@$(RUN) -m fkp_utils.course.badges "$(REPO)"

constraints: .venv/installed  # keep the installed versions
	@$(RUN) -m pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf build .snakemake .venv fkp_utils.egg-info

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v < (3, 14) else "error: Python 3.11, 3.12 or 3.13 is needed; $(PYTHON) is %d.%d. Name another: make PYTHON=python3.12" % v[:2])'
	@echo "Installing into .venv, once. This takes a few minutes."
	@$(PYTHON) -m venv .venv
	@$(RUN) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[series,app,test,lint]"
	@touch $@

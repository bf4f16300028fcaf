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
A =
B =
CONSTRAINTS = constraints.txt
VENV = .venv
BIN = $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
RUN = $(BIN)/python
# RUN=python3 runs what is installed there already, as on Kaggle and Colab, and makes no .venv
INSTALLED = $(if $(filter command,$(origin RUN)),,$(VENV)/installed)

.PHONY: install report cluster test test-versions rules lint app model submission figures sample bench compare kaggle colab badges constraints clean

install: $(INSTALLED)

report: $(INSTALLED)  # execute what is not up to date, write build/report/index.html
	@$(RUN) -m fkp_utils.course.series report --data "$(DATA)" --root "$(ROOT)" --profile "$(PROFILE)" --jobs "$(JOBS)" --kernel "$(KERNEL)"

cluster: $(INSTALLED)  # write build/series.json, execute nothing, and print the command that executes the series on a cluster
	@$(RUN) -m fkp_utils.course.series cluster --data "$(DATA)" --root "$(ROOT)" --profile "$(PROFILE)" --kernel "$(KERNEL)"

test: $(INSTALLED)
	@$(RUN) -m pytest

test-versions:  # the tests with the oldest versions that pyproject.toml allows, and with the newest: an hour for each
	@failed=0; for age in oldest newest; do echo "== $$age versions"; \
	  $(MAKE) --no-print-directory test VENV=build/versions/$$age CONSTRAINTS=.github/$$age.txt || failed=1; done; exit $$failed

rules: $(INSTALLED)  # the rules of the house and of the notebooks: the tests that take seconds
	@$(RUN) -m pytest --numprocesses 0 tests/house tests/notebooks/test_sources.py

lint: $(INSTALLED)  # style, types, and which room imports which
	@$(RUN) -m ruff check --quiet .
	@$(RUN) -m ruff format --check --quiet .
	@$(RUN) -m mypy
	@$(BIN)/lint-imports --no-logo

submission: $(INSTALLED)  # make submission DATA=kaggle ROOT=<folder> PROFILE=quick|full: build/submission.csv, build/best.keras
	@$(RUN) -m fkp_utils.app.submission --data "$(DATA)" --root "$(ROOT)" --profile "$(PROFILE)"

app: $(INSTALLED)  # a page at http://127.0.0.1:7860 that finds the points of faces in photos
	@$(RUN) -m fkp_utils.app.web

model: $(INSTALLED)  # make model KAGGLE=<folder> WILD=<folder>: the model of the package, and its card with scores on photos
	@$(RUN) -m fkp_utils.app.shipped_model --kaggle "$(KAGGLE)" --wild "$(WILD)"

figures:  # refresh figures/ and the table of README.md from the default run
	@$(MAKE) --no-print-directory report DATA=synthetic ROOT= PROFILE=quick
	@$(RUN) -m fkp_utils.course.front build/series/synthetic-quick

sample: $(INSTALLED)  # make data/sample/ again
	@$(RUN) -m fkp_utils.datasets.sample data/sample

bench: $(INSTALLED)
	@for benchmark in benchmarks/[!_]*.py; do echo "== $$benchmark"; $(RUN) $$benchmark || exit 1; done

compare: $(INSTALLED)  # make compare A=<series> B=<series>: what changed beyond its interval
	@$(RUN) -m fkp_utils.course.records_table "$(A)" "$(B)"

kaggle: $(INSTALLED)  # make kaggle USER=<name>: build/kaggle/, which `kaggle kernels push -p build/kaggle` takes
	@$(RUN) -m fkp_utils.course.cloud kaggle "$(if $(filter command,$(origin USER)),$(USER))"

colab: $(INSTALLED)  # write notebooks/run_series.ipynb
	@$(RUN) -m fkp_utils.course.cloud colab

badges: $(INSTALLED)  # make badges REPO=owner/name stamps every address of the repository
	@$(RUN) -m fkp_utils.course.badges "$(REPO)"

constraints: $(INSTALLED)  # keep the installed versions
	@$(RUN) -m pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf build .snakemake .venv fkp_utils.egg-info

$(VENV)/installed: pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v < (3, 14) else "error: Python 3.11, 3.12 or 3.13 is needed; $(PYTHON) is %d.%d. Name another: make PYTHON=python3.12" % v[:2])'
	@echo "Installing into $(VENV), once. This takes a few minutes."
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS) --editable ".[series,app,test,lint]"
	@touch $@

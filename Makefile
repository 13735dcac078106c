# Works with GNU make 3.81 (macOS) and later. `make` alone starts the dashboard.
VENV ?= .venv
ARGS ?=
PIP_ARGS ?=
# A file of tests goes to one worker: its tests share a server and fixtures. More than four take too much memory.
# In the order of tests/conftest.py, which begins with what takes longest, and keeps folders of browser tests together.
WORKERS = -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
BIN = $(VENV)/bin
NPM := $(shell command -v npm)
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
# The variable stops the theme from advertising its successor.
DOCS = NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
INSTALL = $(BIN)/python -m pip install --disable-pip-version-check $(PIP_ARGS)

.PHONY: run test check lint lint-types lint-style lint-docs lint-js test-js pytest format setup docs

run: $(VENV)/.run
	@exec $(BIN)/python -m streamlit run streamlit_app.py $(ARGS)

# Slow tests (kills, trainings, UMAP's compiling) run in `make check` and in CI, or by `make test ARGS="-m slow"`.
# Without a Chromium the browser tests are left out, except where CI is set: there everything must run.
test: $(VENV)/.dev test-js
ifeq ($(CHROMIUM)$(CI),)
	@echo "No Chromium found: the browser tests are left out (install chromium or google-chrome to run them)."
	@$(BIN)/python -m pytest $(WORKERS) -m "not browser and not slow and not every_checkpoint" $(ARGS)
else
	@$(BIN)/python -m pytest $(WORKERS) -m "not slow and not every_checkpoint" $(ARGS)
endif

check: lint test-js pytest

# The parts do not depend on each other: `make -j2 lint` runs two at a time, as CI does.
lint: lint-types lint-style lint-docs lint-js

lint-types: $(VENV)/.dev
	@$(BIN)/mypy

lint-style: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

lint-docs: $(VENV)/.dev
	@$(DOCS)

# The scripts that run in the browser: types and style, and tests of what needs no browser. They too are left out where
# there is no Node.js, except where CI is set.
ifeq ($(NPM)$(CI),)
lint-js test-js:
	@echo "No npm found: $@, the checks of the browser's scripts, is left out (install Node.js 18 or later to run it)."
else
lint-js: node_modules/.installed
	@npm run --silent lint

test-js:
	@npm run --silent test
endif

pytest: $(VENV)/.dev
	@$(BIN)/python -m pytest $(WORKERS) $(ARGS)

format: $(VENV)/.dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# The guide and the reference, in site/index.html; a warning fails it.
docs: $(VENV)/.dev
	@$(DOCS)

setup: $(VENV)/.dev

# The empty files .run and .dev say that the requirements are installed: pip runs again only when those change.
$(VENV)/.run: requirements.txt | $(BIN)/python
	@echo "Installing what Sightline needs into $(VENV) (PyTorch is large: the first time takes minutes) ..."
	@$(INSTALL) --requirement requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt | $(BIN)/python
	@echo "Installing what the checks need into $(VENV) (PyTorch is large: the first time takes minutes) ..."
	@$(INSTALL) --requirement requirements-dev.txt
	@touch $@ $(VENV)/.run

node_modules/.installed: package-lock.json
	@npm ci --silent
	@touch $@

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { \
		echo "Sightline needs Python 3.11 or later, and none was found (python3 is: `python3 --version 2>&1`)." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Sightline needs Python 3.11 or later; $(PYTHON) is: `$(PYTHON) --version 2>&1`." >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make a virtual environment (Debian and Ubuntu: apt-get install python3-venv)." >&2; exit 1; }

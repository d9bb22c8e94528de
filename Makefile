# make demo | test | check | docs | clean. Everything is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
JOBS ?= 2
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: setup demo test check docs clean

setup: .venv/ready

.venv/ready: pyproject.toml constraints.txt demo-packages.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "rantau needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	$(PIP) install -c constraints.txt torch
	$(PIP) install -c constraints.txt -e '.[serve]'
	$(PIP) install --no-deps --require-hashes -r demo-packages.txt
	touch $@

.venv/ready-to-test: .venv/ready test-packages.txt
	$(PIP) install -c constraints.txt -e '.[dev]'
	$(PIP) install --no-deps --require-hashes -r test-packages.txt
	touch $@

demo: setup
	$(BIN)/rantau run recipes/demo.yaml

test: .venv/ready-to-test
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

check: .venv/ready-to-test
	$(BIN)/ruff format --check src tests bench
	$(BIN)/ruff check src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m rantau.recipe.reference --check docs/recipe.md

docs: setup
	$(BIN)/python -m rantau.recipe.reference docs/recipe.md

clean:
	rm -rf .venv store runs

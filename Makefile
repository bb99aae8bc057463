PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
RIVALS := .venv-rivals
DEMO_ARGS ?=
TEST_ARGS ?=
CHAOS_ARGS ?=
BENCH_ARGS ?=

.PHONY: install demo test check chaos bench format lock openapi

install: $(STAMP)

$(STAMP): requirements-dev.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

demo: install
	$(BIN)/gateway demo $(DEMO_ARGS)

test: install
	$(BIN)/python -m pytest $(TEST_ARGS)

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

chaos: install
	$(BIN)/python -m chaos $(CHAOS_ARGS)

bench: install $(RIVALS)/.installed
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

$(RIVALS)/.installed: benchmarks/rivals/requirements.lock
	test -x $(RIVALS)/bin/python || $(PYTHON) -m venv $(RIVALS)
	$(RIVALS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r benchmarks/rivals/requirements.lock
	touch $(RIVALS)/.installed

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

openapi: install
	$(BIN)/gateway openapi > openapi.yaml

lock: install
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options --no-header --output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options --no-header --extra dev --output-file requirements-dev.lock pyproject.toml

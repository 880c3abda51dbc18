# The local environment and the checks. `make help` lists what there is.
# More than defaults: `make events ARGS="--count 1000 --hostile"`, `make query ARGS=…`, `make preview ARGS=--diff`,
# `make up ARGS="--events 0"`; ports and places by the PAYMENTS_… variables (README.md).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Hundreds of Python processes follow each other here; images that set this have each compile the checkout anew.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
VENV_STAMP := $(VENV)/.installed
# The standards' own linters pull in more than the product needs, so they have a place of their own.
STANDARDS := $(or $(PAYMENTS_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/payment-service-data-product)/standards
PY := $(VENV)/bin/python
ENGINE := local/pinot-engine/pom.xml
GO_PROGRAMS := $(patsubst %/main.go,%,$(wildcard local/toolchain/*/main.go))
ARGS ?=
BASE ?=
STACK ?=
# Processes that share the tests. Each starts a Kafka, an S3 server and engines of its own, some 1.5 GiB.
WORKERS ?= 2

# A command on a real stack, with whatever credentials the shell has: never on one that was not named.
NAMED_STACK = $(if $(filter dev prod,$(STACK)),--stack organization/payment-service-data-product/$(STACK),\
  $(error STACK is "$(STACK)"; name a deployed stack: STACK=dev or STACK=prod))
SAVED_PLAN = .plans/$(STACK).json
ON_THE_STACK = $(NAMED_STACK) --non-interactive --suppress-outputs

.PHONY: venv costs save-plan deploy drift
.PHONY: check-product check-page contracts contract-diff lint-contracts help up down status events query preview plans monitoring objectives settings refresh destroy env tools test lint unit junit soak bench clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(VENV_STAMP) ## start the platform, bring the stack up, send sample events, answer the questions
	@$(PY) -m local up $(ARGS)

down: $(VENV_STAMP) ## stop the platform; data and state stay
	@$(PY) -m local down

status: $(VENV_STAMP) ## show each part of the platform; fails when one that was started is gone
	@$(PY) -m local status

events: $(VENV_STAMP) ## send more events (ARGS="--count 1000 --hostile")
	@$(PY) -m local events produce $(ARGS)

query: $(VENV_STAMP) ## answer the product's questions, with the time that each took
	@$(PY) -m local query $(ARGS)

preview: $(VENV_STAMP) ## show what `make up` would change; STACK=dev or prod: offline, without credentials (ARGS=--diff)
	@$(PY) -m local $(if $(filter-out local,$(STACK)),offline-preview $(STACK),preview) $(ARGS)

check-product: $(VENV_STAMP) ## hold the product's files against each other, and say what was compared
	@$(PY) -m product_model

contracts: $(VENV_STAMP) ## write what the product publishes: contracts, event schemas, lineage, the product page
	@$(PY) -m product_model.contracts $(ARGS)

contract-diff: $(VENV_STAMP) ## class every change since BASE=<revision>, ask for the versions it needs, write the changelog (ARGS=--check)
	@if [[ -z "$(BASE)" ]]; then echo "error: BASE is not set; allowed: the last release, a branch, tag or commit" >&2; exit 1; fi
	@$(PY) -m product_model.evolution "$(BASE)" $(ARGS)

lint-contracts: $(STANDARDS)/.installed ## hold the contracts to their standards' own linters (the test run uses their schemas alone)
	@PATH="$(STANDARDS)/bin:$$PATH" dataproduct lint data-product/contracts/payment-service-data-product.odps.yaml

objectives: $(VENV_STAMP) ## measure the objectives on the local stack; also as a page (.local/objectives.html)
	@$(PY) -m local.objectives $(ARGS)

monitoring: $(VENV_STAMP) ## write rules and dashboards (data-product/monitoring) from the descriptor
	@$(PY) -m product_model.monitoring

check-page: $(VENV_STAMP) ## look for barriers on the product page in a real browser, at four sizes (needs Chromium and npm)
	@mkdir -p .local/page && cp requirements/page/package.json requirements/page/package-lock.json .local/page/
	@npm ci --prefix .local/page --silent --no-audit --no-fund
	@$(PY) -m pytest tests/engine/test_product_page.py $(ARGS)

settings: $(VENV_STAMP) ## write docs/settings.md, the page of every setting
	@$(PY) -m components.settings_page > docs/settings.md.new && mv docs/settings.md.new docs/settings.md

access: $(VENV_STAMP) ## write docs/access.md, who may do what
	@$(PY) -m components.access_matrix > docs/access.md.new && mv docs/access.md.new docs/access.md

costs: $(VENV_STAMP) ## write docs/storage-cost.md and its picture: what storage costs by tier, year and load
	@$(PY) -m components.storage_cost_page docs

plans: $(VENV_STAMP) ## write down what dev and prod are made of (tests/data/golden-plans), after a change that is meant
	@$(PY) -m local plans $(ARGS)

save-plan: $(VENV_STAMP) ## with credentials: show what would change in STACK=dev or prod, and save exactly that
	@mkdir -p $(dir $(SAVED_PLAN))
	@pulumi preview $(ON_THE_STACK) --diff --policy-pack policy --save-plan $(SAVED_PLAN) $(ARGS)

deploy: $(VENV_STAMP) ## with credentials: carry out the saved plan of STACK=dev or prod, and nothing else
	@pulumi up $(ON_THE_STACK) --yes --skip-preview --policy-pack policy --plan $(SAVED_PLAN) $(ARGS)

audit: $(VENV_STAMP) ## with credentials: write who changed STACK=dev or prod, and what, into its archive
	@$(PY) -m operations.audit --stack $(STACK) $(ARGS) \
	  --archive-bucket "$$(pulumi config get --stack $(STACK) --path payments:archive.bucket)"

drift: $(VENV_STAMP) ## with credentials: fail where STACK=dev or prod differs from what was deployed or from the files
	@pulumi refresh $(ON_THE_STACK) --preview-only --expect-no-changes $(ARGS)
	@pulumi preview $(ON_THE_STACK) --diff --expect-no-changes $(ARGS)

refresh: $(VENV_STAMP) ## bring what is really there into the stack's state (ARGS=--preview-only)
	@$(PY) -m local refresh $(ARGS)

destroy: $(VENV_STAMP) ## delete everything that the stack made
	@$(PY) -m local destroy

env: $(VENV_STAMP) ## print shell exports for using `pulumi` by hand: eval "$(make env)"
	@$(PY) -m local env

tools: $(VENV_STAMP) ## build or find the tools: Pulumi, its plugins, the Pinot engine
	@$(PY) -m local tools

venv: $(VENV_STAMP) ## install the Python packages, and nothing else

test: lint junit ## run every check and every test (but soak); pytest's summary comes last
	@$(PY) -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(ARGS)

lint: $(VENV_STAMP) ## ruff, mypy, shellcheck, actionlint, gofmt, go vet
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy .
	@git ls-files -z | xargs -0 grep -lIZE '^#!.*\b(ba)?sh$$' -- | xargs -0 $(VENV)/bin/shellcheck
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" GOWORK=off go -C .github/actionlint tool actionlint
	@unformatted="$$(gofmt -l $(GO_PROGRAMS))"; \
	  if [[ -n "$$unformatted" ]]; then echo "gofmt would change: $$unformatted" >&2; exit 1; fi
	@for module in $(GO_PROGRAMS); do CGO_ENABLED=0 GOWORK=off go -C "$$module" vet -trimpath -mod=readonly ./...; done

junit: ## the Pinot engine's own tests
	@mvn -q -B -ntp -f $(ENGINE) -Dengine.build="$(CURDIR)/$(dir $(ENGINE))target" test

unit: $(VENV_STAMP) ## only the tests that need no process
	@$(PY) -m pytest -m unit $(ARGS)

soak: $(VENV_STAMP) ## the long runs that `make test` leaves out
	@$(PY) -m pytest -m soak $(ARGS)

bench: $(VENV_STAMP) ## measure speed and memory
	@$(PY) -m bench $(ARGS)

clean: ## stop the platform and delete its data, its state and what was built in the checkout
	@if [[ -x $(PY) ]]; then $(PY) -m local clean; fi
	@rm -rf $(dir $(ENGINE))target .mypy_cache .ruff_cache .pytest_cache

$(VENV_STAMP): requirements/dev.txt
	@if ! "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	  echo "error: Python 3.11 or later is needed; $(PYTHON) is $$("$(PYTHON)" --version 2>&1). Install it" \
	    "(apt install python3.11 python3.11-venv, brew install python@3.11) or name it: make PYTHON=/path/to/python" >&2; \
	  exit 1; fi
	@if [[ ! -x $(PY) ]]; then echo "  → making $(VENV) with $(PYTHON)"; "$(PYTHON)" -m venv $(VENV); fi
	@echo "  → installing requirements/dev.txt into $(VENV)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

$(STANDARDS)/.installed: requirements/standards.txt $(VENV_STAMP)
	@echo "  → installing requirements/standards.txt into $(STANDARDS)"
	@$(PY) -m venv $(STANDARDS)
	@$(STANDARDS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/standards.txt
	@touch $@

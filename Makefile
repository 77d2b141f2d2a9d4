# Every target makes .venv by itself; a stock python3 (3.11 or newer) with venv and pip is all it
# needs. An extra is installed once, and again only when pyproject.toml has changed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# What each stamp installs.
EXTRAS_demo := fast,image
EXTRAS_test := test
EXTRAS_browser := browser
EXTRAS_dev := dev
EXTRAS_bench := bench
# arq asks for a redis-py older than ours, openapi-python-client for such a typer; both run on the newer one.
THEN_test := --no-deps openapi-python-client
THEN_browser := $(THEN_test)
THEN_bench := --no-deps arq

# Two installs into one .venv at a time would trip over each other.
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-browser fuzz chaos soak mutation coverage lint format bench completions wheel clean

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Without bytecode on disk every process of the tests would compile all of it again.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE

help:  ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed-demo  ## Install gopher, then watch real jobs run (about a minute)
	@$(BIN)/gopher demo $(ARGS)

# Many tests wait for processes: more of them than there are cores keep the cores busy.
test: $(VENV)/.installed-test  ## Run the tests against a real server (ARGS='-k pause')
	$(BIN)/pytest -n 3 --dist worksteal $(ARGS)

test-all: $(VENV)/.installed-browser  ## The same with what takes minutes: real faults, and a browser where there is one
	$(BIN)/pytest -n 4 --dist worksteal --all $(ARGS)

MINUTES ?= 30
mutation: $(VENV)/.installed-test  ## Make small errors in the Python of the core; tell what no test notices (MINUTES=30)
	PYTHONPATH=tests nice $(BIN)/python -m mutation --minutes $(MINUTES) $(ARGS)

# It installs Chromium where it may; where it may not, it says so and ends with 69.
test-browser: $(VENV)/.installed-browser  ## Drive the dashboard in a real Chromium (ARGS='-k keyboard')
	PYTHONPATH=tests $(BIN)/python -m browser $(ARGS)

SECONDS ?= 300
fuzz: $(VENV)/.installed-test  ## Look for answers that the OpenAPI document does not know (SECONDS=300)
	PYTHONPATH=tests $(BIN)/python -m hostile.fuzzing --max-time $(SECONDS) $(ARGS)

# The tracer and a thread that is stopped from outside do not go together: the interpreter ends without
# a word. Those tests stay out, and what a run has reached until its limit counts.
coverage: $(VENV)/.installed-test  ## Tell which lines of the core the tests reach; 90 % must be
	$(BIN)/coverage erase
	-timeout 420 $(BIN)/coverage run -m pytest -n auto -k 'not thread and not second_signal' $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

chaos: $(VENV)/.installed-test  ## Kill, stop, cut and fill everything at random for five minutes (ARGS='--seed 7')
	PYTHONPATH=tests $(BIN)/python -m chaos $(ARGS)

HOURS ?= 2
soak: $(VENV)/.installed-test  ## The same for hours, with long calms, and nothing may grow (HOURS=2)
	PYTHONPATH=tests $(BIN)/python -m chaos --soak --seconds $$(( $(HOURS) * 3600 )) --rate 20 --calm 120 $(ARGS)

lint: $(VENV)/.installed-dev  ## Check style and types: ruff, mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict

format: $(VENV)/.installed-dev  ## Put the code into the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-bench  ## Measure gopher against its peers (ARGS='--quick')
	$(BIN)/python -m benchmarks $(ARGS)

completions: $(VENV)/.installed-demo  ## Write completions/ and docs/gopher.1 anew from the command tree
	@for pair in bash:gopher.bash zsh:_gopher fish:gopher.fish; do \
	  $(BIN)/gopher completion $${pair%%:*} > completions/.new && \
	  mv completions/.new completions/$${pair#*:} || exit 1; \
	done
	@$(BIN)/gopher man > docs/gopher.1

wheel: $(VENV)/.made  ## Build the wheel into dist/
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

clean:  ## Remove .venv and everything that was built
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis htmlcov .coverage*
	find . -name __pycache__ -prune -exec rm -rf {} +

# The stamp comes last, so that an interrupted start is begun anew.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "gopher needs Python 3.11 or newer; $(PYTHON) is: $$($(PYTHON) --version 2>&1)."; \
	  echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; } >&2
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.installed-%: pyproject.toml | $(VENV)/.made
	$(BIN)/pip install --quiet --editable '.[$(EXTRAS_$*)]'
	$(if $(THEN_$*),$(BIN)/pip install --quiet $(THEN_$*))
	@touch $@

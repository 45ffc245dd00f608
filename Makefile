# Two commands matter: `make demo` and `make test`. Both make .venv first and can be run again at any time.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
WORKSPACE ?= ftft-workspace
export OMP_NUM_THREADS ?= 1

.PHONY: demo app test test-all lint browser clean

demo: $(VENV)/.installed
	$(BIN)/ftft demo --workspace "$(WORKSPACE)"

app: $(VENV)/.installed
	$(BIN)/ftft app --workspace "$(WORKSPACE)"

test: $(VENV)/.tested browser lint
	$(BIN)/python -m pytest -m "not slow"

test-all: $(VENV)/.tested browser lint
	$(BIN)/python -m pytest

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

# A Chromium that is there, else Debian's package where we are root, else Playwright's own. Without any, the browser tests say so themselves.
browser: $(VENV)/.tested
	@command -v chromium chromium-browser google-chrome >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } \
	|| $(BIN)/playwright install chromium \
	|| echo "No Chromium could be installed: the browser tests will say so."

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found."; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[test]"
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info

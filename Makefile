# Each target sets itself up in .venv on first use, from requirements.lock. Another Python: make PYTHON=python3.12 …

PYTHON ?= python3
UV ?= uv
RUN := .venv/bin/python

.PHONY: help demo test check format bench lock kafka-lock set-up clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo               three incidents on a live system: healed, approved, escalated (about 4 minutes)'
	@echo 'make test               all tests; STAGE=… for one of unit, contracts, scenarios, plugin, integration'
	@echo 'make check              all checks: ruff, format, mypy, import layers'
	@echo 'make bench NAME=…       one benchmark of tests/benchmarks, as a table and JSON'
	@echo 'make format             fix and format the code with ruff'
	@echo 'make lock               pyproject.toml -> requirements.lock (needs uv)'
	@echo 'make kafka-lock VERSION=…  lock another Kafka version for the embedded broker'

set-up:
	@command -v $(PYTHON) >/dev/null || { echo 'set-up: $(PYTHON) was not found: Python 3.11 or newer is needed (make PYTHON=…)' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "set-up: Python 3.11 or newer is needed, and $(PYTHON) is $$($(PYTHON) --version 2>&1): make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) scripts/set_up.py

demo: set-up
	@.venv/bin/aiops demo

test: set-up
	@$(RUN) scripts/run_tests.py $(STAGE)

check: set-up
	@$(RUN) scripts/check.py

format: set-up
	@.venv/bin/ruff check --fix-only --quiet . && .venv/bin/ruff format .

bench: set-up
	@test -n '$(NAME)' || { echo 'which one? make bench NAME=…, of:' >&2; ls tests/benchmarks tests/benchmarks/*/__main__.py | sed -n -e 's/^\([a-z][a-z_]*\)\.py$$/  \1/p' -e 's/.*\/\([a-z_]*\)\/__main__.py$$/  \1/p' >&2; exit 2; }
	@$(RUN) -m tests.benchmarks.$(NAME) $(ARGS)

lock:
	@command -v $(UV) >/dev/null || { echo 'make lock needs uv: pipx install uv (or make lock UV=/path/to/uv)' >&2; exit 1; }
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group dev \
		--quiet --output-file requirements.lock pyproject.toml

kafka-lock: set-up
	@$(RUN) -m aiops.adapters.broker.lock $(VERSION)

clean:
	rm -rf .venv build results .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# Everything a fresh machine needs to know: `make demo`, `make test`, `make check`.
PYTHON ?= python3
PORT ?= 8000
SERVE ?= 1

VENV := .venv
BIN := $(VENV)/bin
# A process keeps what it has freed, as the workers that make stimuli do: a fifth less time for the network's tests.
KEEP_MEMORY := MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8589934592

.PHONY: help demo test check

help:
	@echo "make demo           a whole study on real input, served at http://127.0.0.1:$(PORT)/ (PORT=8000)"
	@echo "make demo SERVE=0   the same, without serving it"
	@echo "make test           every test, in a real browser and on a real PostgreSQL"
	@echo "make check          ruff and mypy --strict"

demo: $(VENV)/installed
	@$(BIN)/python manage.py demo --port $(PORT) $(if $(filter 0,$(SERVE)),--no-serve)

test: $(VENV)/installed-dev
	@$(BIN)/python tests/chromium.py
	$(KEEP_MEMORY) $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run

# The stamp is written last: an installation that was cut off is taken up again.
$(VENV)/installed: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements.txt requirements-dev.txt requirements-ray.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/installed

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Quiddity needs Python 3.11 or newer (found %d.%d): make PYTHON=python3.12" % sys.version_info[:2])'
	@echo "Making the virtual environment (the first installation takes some minutes: PyTorch is large) ..."
	$(PYTHON) -m venv $(VENV)

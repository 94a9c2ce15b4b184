# make train   make an environment, train Go on the bundled games, print the test figures
# make test    everything that has to hold, in under eight minutes
# make help    all targets

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help train test lint test-ci test-slow lock clean

help:
	@grep -E '^# make' Makefile | cut -c3-

train: $(INSTALLED)
	$(BIN)/python scripts/train.py domain=go

# make lint       ruff, mypy and the import rules
lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# one thread each: a process a core already keeps the cores busy
test: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --dist loadscope -m "not slow and not gnugo"

# make test-ci    those of the slow checks that fit into a quarter of an hour
test-ci: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --dist load -m "(slow or gnugo) and not long"

# make test-slow  all checks that take minutes or hours; they use GNU Go, espeak-ng, PostgreSQL and SLURM (Debian:
#                 gnugo espeak-ng postgresql slurm-wlm munge) and real data (CONVOLUTIONS_DATA) where they are there
test-slow: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/pytest -m "slow or gnugo"

# The lock constrains what is installed, and names no more than that: with torch's CPU build already in
# the environment, nothing of CUDA follows.
$(INSTALLED): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo 'Python 3.11 to 3.13 with venv is needed: on Debian, apt install python3-venv'; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint requirements.lock --editable '.[go,image,launchers,speech,sweep,text,dev]'
	touch $@

# make lock       write requirements.lock anew from pyproject.toml
lock: $(INSTALLED)
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --universal --all-extras \
	    --python-version 3.11 --output-file requirements.lock pyproject.toml

# make clean      remove the environment and caches; runs stay
clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache

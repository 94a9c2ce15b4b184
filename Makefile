# make install    create the environment .venv with all that the project needs
# make try        make install, then an answer of a trained network in each domain
# make train      make install, then train Go on the bundled games, print the test metrics and what to try next
# make test       make lint and the tests, in under eight minutes
# make help       list all targets

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help install try train test lint test-ci test-slow docs results lock clean

help:
	@grep -E '^# make' Makefile | cut -c3-

install: $(INSTALLED)

try: $(INSTALLED)
	$(BIN)/python scripts/predict.py run=image/digits input=domains/image/sample/seven.png
	$(BIN)/python scripts/predict.py run=go/policy input=domains/go/sample/game.sgf move=49
	$(BIN)/python scripts/predict.py run=speech/digits input=domains/speech/sample/seven.mp3
	$(BIN)/python scripts/predict.py run=text/opinions text="a warm and funny film with a great cast"

train: $(INSTALLED)
	$(BIN)/python scripts/train.py domain=go
	@run=$$(ls -dt runs/go/*/ | head -n 1); printf '\n%s\n' 'Next:' '  . $(VENV)/bin/activate' \
	    "  python scripts/predict.py run=$${run%/} input=domains/go/sample/game.sgf" \
	    "  python scripts/explain.py run=$${run%/} input=domains/go/sample/game.sgf move=49" \
	    "  python scripts/evaluate.py run=$${run%/}"

# make lint       ruff, mypy, the import rules, links of the documents, words of the glossary
lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.documents.links
	$(BIN)/python -m tests.documents.words

# one thread each: a process a core already keeps the cores busy
test: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --dist worksteal -m "not slow and not gnugo"

# make test-ci    the slow checks that fit into a quarter of an hour
test-ci: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --dist load -m "(slow or gnugo) and not long"

# make test-slow  all checks that take minutes or hours; they use GNU Go, espeak-ng, PostgreSQL and SLURM (Debian:
#                 gnugo espeak-ng postgresql slurm-wlm munge) and real data (CONVOLUTIONS_DATA) if available
test-slow: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/pytest -m "slow or gnugo"

# make docs       build the documents as a site in site/, readable from disk
docs: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo 'site/index.html; its search works where the pages are served: python -m http.server --directory site'

# make results    write the values of the documents from the records in docs/records
results: $(INSTALLED)
	$(BIN)/python -m tests.documents.results

# The lock only constrains versions: with torch's CPU build already in the environment, no CUDA package is installed.
$(INSTALLED): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo 'Python 3.11 to 3.13 with venv is needed: on Debian, apt install python3-venv'; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint requirements.lock --editable '.[export,launchers,postgresql,voices,dev,docs]'
	touch $@

# make lock       update requirements.lock from pyproject.toml
lock: $(INSTALLED)
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --universal --all-extras \
	    --python-version 3.11 --output-file requirements.lock pyproject.toml

# make clean      remove the environment, the site and caches; runs are kept
clean:
	rm -rf $(VENV) site .pytest_cache .mypy_cache .ruff_cache

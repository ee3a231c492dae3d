# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
OUT    ?= out/demo
SECONDS ?= 600

# Spinning OpenMP threads slow a small machine down; no test or demo ever asks the Hub.
export OMP_WAIT_POLICY = PASSIVE
export HF_HUB_OFFLINE = 1

.PHONY: demo test lint stress fuzz mutants docs format grammar font-bank bench clean

# Labels -> handwriting -> shards -> predictions of the bundled model -> mined errors -> report.
demo: $(VENV)/.core
	rm -rf $(OUT) $(OUT)_*
	$(BIN)/mumer build pipelines/demo.yaml --out $(OUT)
	$(BIN)/mumer inspect $(OUT)
	$(BIN)/mumer write mumer_data/readers/demo_labels.txt --seed 7 --out $(OUT)_written
	$(BIN)/mumer predict --model mini --data $(OUT) --out $(OUT)_predictions/demo.parquet
	$(BIN)/mumer predict --model mini --data $(OUT)_written --out $(OUT)_predictions/written.parquet
	$(BIN)/mumer mine $(OUT)_predictions --name demo_errors --out $(OUT)_errors
	$(BIN)/mumer report $(OUT)_predictions/demo.parquet --images $(OUT)_written --out $(OUT)_report
	$(BIN)/mumer confusions $(OUT)_predictions --top 5
	@printf '\n%s\n' "Shards: $(OUT)   mined errors: $(OUT)_errors   report: $(OUT)_report/index.html"
	@printf '%s\n' 'Another label:  $(BIN)/mumer tree "\frac { a ^ { 2 } + 1 } { b }"'

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Thirty kills at random moments of each kind of run, and a million rows in bounded memory; about an hour.
stress: $(VENV)/.dev
	$(BIN)/python -m tests.stress.kills --rounds 30
	$(BIN)/python -m tests.stress.million

# Each reader of strangers' data under a coverage-guided fuzzer, and runs killed at random moments (whole, or the parent
# process alone) and resumed; SECONDS each. What the fuzzer finds lies in out/fuzz.
fuzz: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[fuzz]'
	for target in parser normalizer tree_text inkml predictions sources; do \
	  $(BIN)/python -m tests.fuzz $$target -max_total_time=$(SECONDS) || exit 1; done
	$(BIN)/python -m tests.stress.kills --seconds $(SECONDS)

# Single faults put into the core rooms, which the tests must notice; what survives is listed in docs/mutants.md (half an hour).
mutants: $(VENV)/.dev
	$(BIN)/python -m tests.mutants

# The site, into out/site; a broken link or a docstring that cannot be read fails.
docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The parser's table, after a change to grammars/latex_math.lark or grammars/commands.toml.
grammar: $(VENV)/.core
	$(BIN)/python -m mumer_data.latex.grammar

# The bundled bank of font glyphs, from the npm packages named in its fonts.toml; FONTS is node_modules/@fontsource.
font-bank: $(VENV)/.core
	$(BIN)/python -m mumer_data.jobs.bundled_bank $(FONTS)

# All benchmarks, into benchmarks/RESULTS.md; a ratio below its target fails. SHARED is the folder of real data.
bench: $(VENV)/.dev
	$(BIN)/python benchmarks/run.py $(if $(SHARED),--shared $(SHARED)) $(BENCH)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[mini]'
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,train,rl]'
	@touch $(VENV)/.core $@

clean:
	rm -rf $(VENV) out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

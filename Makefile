# Everything here runs with Python >= 3.11 and make; the rest is installed into .venv.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3

BIN := .venv/bin
READY := .venv/.ready
# Two processes of tests, each with three brokers of its own: most of the time is spent waiting for them.
CLUSTERS := -n 2 --dist loadscope
SQL := $(sort $(wildcard services/*/sql/*/0*.sql))

.PHONY: help install run reset test check format lock proto
.PHONY: bench bench-backtest bench-feed bench-import bench-rebuild bench-tick bench-verify
.PHONY: kafka test-kafka chaos chaos-full sim sim-nightly

help: ## Show what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

install: $(READY) ## Install everything into .venv

run: $(READY) ## Start the whole system with its sample (Ctrl-C stops it)
	@exec $(BIN)/giaingan run

reset: $(READY) ## Delete the state of the whole system (.giaingan, and what make kafka keeps)
	@$(BIN)/giaingan reset
	@$(BIN)/python -m deploy.kafka reset

kafka: $(READY) ## Start three brokers of Apache Kafka on loopback (needs Java 17 and Maven; Ctrl-C stops them)
	@exec $(BIN)/python -m deploy.kafka run

test: $(READY) ## Run every test
	@$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadscope

test-kafka: $(READY) ## Run the integration tests against three brokers of Apache Kafka
	@$(BIN)/python -m pytest tests/integration --broker=kafka $(CLUSTERS)

chaos: $(READY) ## Run the fault matrix against three brokers of Apache Kafka, without what takes minutes
	@$(BIN)/python -m pytest tests/chaos --broker=kafka $(CLUSTERS)

chaos-full: $(READY) ## Run the whole fault matrix
	@$(BIN)/python -m pytest tests/chaos --broker=kafka --chaos-full

sim: $(READY) ## Play 200 seeds of the simulation of aggregation's protocol
	@$(BIN)/giaingan-sim --seeds 200

sim-nightly: $(READY) ## Play 2,000 seeds of it, others each day
	@$(BIN)/giaingan-sim --seeds 2000 --first $$(date +%y%m%d0000)

check: $(READY) ## Check format, lint, types, contracts, SQL and the project's own rules
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/buf lint proto
	$(BIN)/buf format proto --diff --exit-code
	$(BIN)/buf breaking proto --against proto/released.json
	$(BIN)/python -m deploy.dev.contracts --check
	$(if $(SQL),$(BIN)/squawk $(SQL))
	$(BIN)/python -m pytest tests/test_tidy.py -q

format: $(READY) ## Format code and contracts, and mend what ruff can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	$(BIN)/buf format proto --write

proto: $(READY) ## Generate services/contracts/gen from proto
	$(BIN)/python -m deploy.dev.contracts

lock: $(READY) ## Resolve the dependencies into requirements.lock
	$(BIN)/uv pip compile pyproject.toml --universal --all-extras --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --quiet --output-file requirements.lock

bench: $(READY) ## Measure the time from an acknowledged movement to the visible total
	$(BIN)/python -m tests.bench.visible_latency

bench-tick: $(READY) ## Measure a daily tick of 20,000 projects: read, build, judge and encode all progress
	$(BIN)/python -m tests.bench.tick_speed

bench-feed: $(READY) ## Measure the time from an acknowledged movement to the feed entry of its alert, at 500 a second
	$(BIN)/python -m tests.bench.feed_latency

bench-import: $(READY) ## Measure what a file of 100,000 rows costs beside the bare limit
	$(BIN)/python -m tests.bench.import_speed

bench-rebuild: $(READY) ## Measure a rebuild of a million movements from Apache Kafka, with events coming in
	$(BIN)/python -m tests.bench.rebuild_speed

bench-verify: $(READY) ## Measure giaingan verify on a million rows beside a bare scan of them
	$(BIN)/python -m tests.bench.verify_speed

bench-backtest: $(READY) ## Measure giaingan backtest over a year of 2,000 simulated projects, and compare policies on it
	$(BIN)/python -m tests.bench.backtest_speed

# Installs what the lock names, by hash; runs again when the lock or the project file changed.
$(READY): requirements.lock pyproject.toml deploy/dev/install.py
	@for candidate in $(PYTHON) python3.14 python3.13 python3.12 python3.11; do \
	  if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    exec $$candidate deploy/dev/install.py; \
	  fi; \
	done; \
	echo "giaingan needs Python 3.11 or later. Set one with: make PYTHON=/path/to/python3.11 ..." >&2; exit 1

# Targets with a `##` comment are shown by `make help`; tell it so when you add one.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
DATA ?= ../shared/data
# where test-data finds the recorded orders and incidents
PYTEST_ARGS ?=

.PHONY: help
help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: setup
setup: ## make .venv and fetch the broker; does nothing when both are there
	@PYTHON="$(PYTHON)" deploy/setup/python-env.sh
	@deploy/setup/broker-jars.sh

.PHONY: run
run: setup ## start everything, play the stories, stay up for live events
	@$(BIN)/makegood demo

.PHONY: test
test: setup ## every test, on generated data and a real broker
	@$(BIN)/pytest $(PYTEST_ARGS)

.PHONY: test-data
test-data: setup ## check a replay of recorded data against the data itself (DATA=folder)
	@[ -d "$(DATA)/olist" ] && [ -d "$(DATA)/incidents" ] || \
	  { echo "make test-data: no olist/ and incidents/ in '$(DATA)': give their folder as DATA=..." >&2; exit 2; }
	@$(BIN)/pytest -p no:randomly --data "$(DATA)" tests/data $(PYTEST_ARGS)

.PHONY: test-browser
test-browser: setup ## the command centre in a real Chromium (IMAGES=docs/images renews the pictures)
	@chromium=$$(deploy/setup/chromium.sh) && $(BIN)/pytest -p no:randomly --chromium "$$chromium" \
	  $(if $(IMAGES),--images "$(IMAGES)") tests/browser $(PYTEST_ARGS)

.PHONY: test-examples
test-examples: setup ## the examples in other languages, against a real broker and a registry
	@node=$$(deploy/setup/node.sh) && $(BIN)/pytest -p no:randomly --node "$$node" tests/examples $(PYTEST_ARGS)

.PHONY: test-alerts
test-alerts: setup ## alert rules, their configurations and the dashboards' queries, by Prometheus' own tools
	@tools=$$(deploy/setup/promtool.sh) && $(BIN)/pytest -p no:randomly --monitoring-tools "$$tools" tests/monitoring $(PYTEST_ARGS)

.PHONY: compile
compile: setup ## machine code for the core, in build/compiled (three minutes; needs a C compiler)
	@$(BIN)/python deploy/compile.py

.PHONY: test-compiled
test-compiled: compile ## scenarios and properties against the compiled core
	@cd build/compiled && PYTHONPATH=. ../../$(BIN)/pytest -p no:randomly tests/scenarios tests/properties $(PYTEST_ARGS)

.PHONY: bench
bench: compile engines ## measure us and other engines (writes benchmarks/results, docs/performance.md)
	@cd build/compiled && PYTHONPATH=. ../../$(BIN)/python -m benchmarks engines throughput latency growth gate
	@$(BIN)/python -m benchmarks profile start

.PHONY: scale
scale: compile ## measure memory, recovery, takeover and timers with a million customers (SCALE=0.1 for fewer)
	@cd build/compiled && PYTHONPATH=. ../../$(BIN)/python -m benchmarks scale --scale $(or $(SCALE),1)

.PHONY: engines
engines: setup ## set up the engines that `bench` compares with: Quix Streams, Kafka Streams (needs a JDK)
	@deploy/setup/engines.sh

.PHONY: fuzz
fuzz: setup ## over a million damaged records, webhooks, policies (CASES=, SEED=; prints a table)
	@$(BIN)/python -m tests.fuzz $(if $(CASES),--cases $(CASES)) $(if $(SEED),--seed $(SEED))

.PHONY: audit
audit: setup ## hold the locked packages against the published advisories, where they can be reached
	@deploy/setup/audit.sh

.PHONY: chaos
chaos: setup ## break everything around running workers (CHAOS="--seed 7 --faults 200"); the log is in .run/chaos
	@$(BIN)/python -m chaos $(CHAOS)

.PHONY: limits
limits: setup ## too much of everything: slow and absent broker, burst, hot customer, a million dead letters (LIMITS="burst --scale 0.1")
	@$(BIN)/python -m chaos.limits $(LIMITS)

.PHONY: lint
lint: setup ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

.PHONY: types
types: setup ## mypy, strict
	@$(BIN)/mypy

.PHONY: lock
lock: setup ## pin every Python package anew from pyproject.toml, with PyPI's own hashes
	@env -u PIP_FIND_LINKS -u PIP_INDEX_URL -u PIP_EXTRA_INDEX_URL CUSTOM_COMPILE_COMMAND="make lock" \
	  $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --all-build-deps --extra dev --extra tracing \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	  --output-file requirements.lock pyproject.toml
	@env -u PIP_FIND_LINKS -u PIP_INDEX_URL -u PIP_EXTRA_INDEX_URL CUSTOM_COMPILE_COMMAND="make lock" \
	  $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --all-build-deps --extra tracing \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	  --constraint requirements.lock --output-file deploy/docker/requirements.lock pyproject.toml

.PHONY: lock-jars
lock-jars: ## fetch the broker's jars and write down their digests
	@mvn --batch-mode --no-transfer-progress --quiet --strict-checksums --file deploy/kafka/pom.xml clean package
	@cd deploy/kafka/target/jars && sha256sum *.jar >../../jars.sha256

.PHONY: lock-engines
lock-engines: setup ## pin Quix Streams' packages anew from benchmarks/quix_streams/requirements.in
	@env -u PIP_FIND_LINKS -u PIP_INDEX_URL -u PIP_EXTRA_INDEX_URL CUSTOM_COMPILE_COMMAND="make lock-engines" \
	  $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	  --output-file benchmarks/quix_streams/requirements.lock benchmarks/quix_streams/requirements.in

.PHONY: clean
clean: ## remove what setup, tests and runs left (a running broker is stopped first)
	@[ ! -x $(BIN)/makegood ] || $(BIN)/makegood broker stop
	@rm -rf examples/javascript/node_modules .venv .run build .mypy_cache .ruff_cache .pytest_cache .hypothesis deploy/kafka/target deploy/registry/target benchmarks/kafka_streams/target benchmarks/quix_streams/.venv *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

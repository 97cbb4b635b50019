# The commands for working with Nissmart from a fresh checkout. `make` alone lists them.

.DEFAULT_GOAL := help
.PHONY: help run test test-sqlite test-postgres check format bench proof nightly coverage lock clean

ARGS ?=
BIN := .venv/bin
LOCK := --quiet --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock"

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@echo 'Pass arguments to a tool in ARGS, as in: make test ARGS="-k transfer"'

run: ## serve the product at http://localhost:8000 (settings: PORT, ENGINE=postgres, RAIL=mpesa, DATABASE_URL)
	@.ci/venv $(if $(filter postgres,$(ENGINE)),postgres,runtime)
	@exec $(BIN)/python .ci/serve.py

test: ## run the whole test suite, on SQLite and on PostgreSQL
	@.ci/venv dev
	@$(BIN)/python .ci/test.py all $(ARGS)

test-sqlite: ## run the test suite only on SQLite
	@.ci/venv dev
	@$(BIN)/python .ci/test.py sqlite $(ARGS)

test-postgres: ## run the test suite only on PostgreSQL
	@.ci/venv dev
	@$(BIN)/python .ci/test.py postgres $(ARGS)

check: ## check lint, format, types, imports, migrations, deployment settings, templates
	@.ci/venv dev
	@.ci/check

format: ## format the code
	@.ci/venv dev
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

bench: ## run all benchmarks, or some: make bench ARGS=transfers
	@.ci/venv dev
	@.ci/bench $(ARGS)

proof: ## run all long proofs about payments, or some: make proof ARGS=payouts
	@.ci/venv dev
	@.ci/proof $(ARGS)

nightly: ## run all long things, or some, with a report in test-results/nightly.md: make nightly ARGS=supply
	@.ci/venv dev
	@$(BIN)/python .ci/nightly.py $(ARGS)

coverage: ## show which lines the tests reach (on SQLite)
	@.ci/venv dev
	@$(BIN)/coverage run -m pytest $(ARGS)
	@$(BIN)/coverage report --skip-covered

lock: ## write requirements*.txt from requirements*.in
	@.ci/venv dev
	@$(BIN)/uv pip compile $(LOCK) requirements.in --output-file requirements.txt
	@$(BIN)/uv pip compile $(LOCK) requirements-postgres.in --constraints requirements.txt \
		--output-file requirements-postgres.txt
	@$(BIN)/uv pip compile $(LOCK) requirements-telemetry.in --constraints requirements.txt \
		--output-file requirements-telemetry.txt
	@$(BIN)/uv pip compile $(LOCK) requirements-dev.in --constraints requirements-postgres.txt \
		--constraints requirements-telemetry.txt --output-file requirements-dev.txt

clean: ## remove what make and the tools created, but keep the database
	@rm -rf .venv .venv.lock staticfiles .coverage htmlcov test-results
	@rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Everything runs from here, on a machine with python3 (3.11 or later, with venv), node 20 or later, npm and git.
# Each target sets up what it needs, and again only when a lock file or a source it depends on has changed.

SHELL := /bin/bash -o pipefail
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
JOBS ?= 2
BIN := .venv/bin
NODE := node_modules/.bin
# Who looks for anvil or forge on the path (ape, slither, the demo) finds the project's.
export PATH := $(CURDIR)/$(NODE):$(PATH)

# The folders of Solidity that one forge build covers; tests/fuzz is compiled by forge test.
SOLIDITY := contracts examples/dao examples/services bench/peers tests/contracts/mocks
SOURCES := $(shell find $(SOLIDITY) -name '*.sol' 2>/dev/null)
LINTED := keeper toolchain tests bench $(wildcard scripts)

# The ENS clients that tests/clients asks: each web3.py in an environment of its own, ethers and viem in one.
CLIENTS := $(patsubst tests/clients/%.txt,build/clients/%/.ready,$(wildcard tests/clients/web3-*.txt)) tests/clients/node_modules/.ready

.PHONY: help demo demo-services test test-full check bench abi snapshots build clients slither lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.ready build/.ready ## the protocol, a DAO and three keepers on a local chain
	$(BIN)/conductor demo

demo-services: .venv/.ready build/.ready tests/clients/node_modules/.ready ## clients find a service by name; one of its instances is killed
	$(BIN)/conductor demo services

test: slither .venv/.ready build/.ready clients ## every test: slither, forge, then pytest
	@# The histories that Traces.t.sol replays are drawn by tests/contracts/test_traces.py, which runs it.
	$(NODE)/forge test --no-match-path tests/fuzz/Traces.t.sol
	$(BIN)/pytest tests -n $(JOBS) --dist loadfile --ignore tests/e2e
	@# On their own: they hold processes to the block, which a busy machine would break.
	$(BIN)/pytest tests/e2e

test-full: ## the same with every 3-step plan, every amount of gas, and CI's forge profile; takes long
	CONDUCTOR_FULL=1 FOUNDRY_PROFILE=ci $(MAKE) test

check: .venv/.ready ## lint, types and unit tests
	$(BIN)/ruff check $(LINTED)
	$(BIN)/ruff format --check $(LINTED)
	$(BIN)/mypy
	$(BIN)/pytest tests/unit -q -n $(JOBS) --dist worksteal

bench: .venv/.ready build/.ready ## gas beside peers, a keeper's work and lateness; writes bench/results
	$(BIN)/python bench/run.py

abi: .venv/.ready build/.ready ## write keeper/wire/abi and js/ from the contracts
	$(BIN)/python -m toolchain.abi
	$(BIN)/python -m toolchain.npm
	@rm -rf .build # ape's copy of what was there before

snapshots: .venv/.ready build/.ready ## write snapshots of code size and storage layout
	$(BIN)/python -m bench.snapshots

build: build/.ready ## compile every contract

clients: $(CLIENTS) ## the ENS clients that the tests ask: web3.py, ethers, viem

slither: .venv/.ready node_modules/.ready ## static analysis: nothing high or medium
	@# In a folder of its own: slither builds with --force, which would empty build/forge.
	FOUNDRY_OUT=build/slither FOUNDRY_CACHE_PATH=build/slither-cache $(BIN)/slither . \
		--filter-paths node_modules --exclude-informational --exclude-low --exclude-optimization --fail-medium

lock: .venv/.ready ## write requirements.lock and tests/clients/*.txt anew, keeping what still fits
	$(BIN)/python -m venv build/uv && build/uv/bin/pip install -q uv
	build/uv/bin/uv pip compile -q --universal --python-version 3.11 --group dev --all-extras --no-header \
		pyproject.toml -o requirements.lock
	@# web3.py's versions in tests/clients; each with the pyunormalize that its ENS works with.
	for pins in tests/clients/web3-*.txt; do \
		{ grep '^web3==' $$pins; echo 'pyunormalize<18'; } > build/uv/client.in; \
		build/uv/bin/uv pip compile -q --universal --python-version 3.11 --no-header --no-annotate build/uv/client.in -o $$pins; \
	done

clean: ## remove what was built, not what was downloaded
	rm -rf $(filter-out build/clients,$(wildcard build/*)) dist .build .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than 3.11: set PYTHON=<a newer one>"; exit 2; }
	@echo "== Python: .venv from requirements.lock (about a minute the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@# The lock is complete, so pip need not solve anything.
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

# npm's start scripts for the node tools are replaced by the programs themselves, so that a signal reaches them.
node_modules/.ready: package-lock.json
	@echo "== Node: node_modules from package-lock.json (about half a minute the first time)"
	npm ci --no-audit --no-fund
	@cd $(NODE) && for tool in anvil cast forge; do ln -sfn ../@foundry-rs/$$tool-*/bin/$$tool $$tool && ./$$tool --version | head -1; done
	@touch $@

build/.ready: node_modules/.ready foundry.toml $(SOURCES)
	@echo "== Solidity: forge build (about a minute the first time)"
	$(NODE)/forge build $(SOLIDITY)
	@touch $@

build/clients/%/.ready: tests/clients/%.txt
	@echo "== Client: $* in build/clients (about half a minute the first time)"
	@rm -rf $(@D) && $(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install -q --disable-pip-version-check --no-deps -r $<
	@touch $@

tests/clients/node_modules/.ready: tests/clients/package-lock.json
	@echo "== Clients: ethers and viem in tests/clients (about half a minute the first time)"
	npm ci --prefix tests/clients --no-audit --no-fund
	@touch $@

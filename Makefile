# What the README promises. `make run` needs Rust and Node only; `make test` installs what else the tests need.
.DEFAULT_GOAL := run
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c

.PHONY: run web test test-fast lint bench

## Builds the web UI and the server and starts it with demo data.
run: web
	cargo run --release --locked -- serve --demo

## Builds the web UI into static/dist, from where it is embedded.
web: static/node_modules/.package-lock.json
	cd static && npm run --silent build
	touch src/http/static_files.rs

static/node_modules/.package-lock.json: static/package-lock.json
	cd static && npm ci --no-audit --no-fund

# An OpenAI-compatible server that is not ours, for the tests of the companion.
tests/aimock/node_modules/.package-lock.json: tests/aimock/package-lock.json
	cd tests/aimock && npm ci --no-audit --no-fund

tests/clients/node_modules/.package-lock.json: tests/clients/package-lock.json
	cd tests/clients && npm ci --no-audit --no-fund

## Runs every test against real servers; fails if one could not run.
test: web tests/aimock/node_modules/.package-lock.json tests/clients/node_modules/.package-lock.json
	scripts/install-test-tools
	scripts/with-test-servers scripts/run-tests

## Runs what every change needs: rules, structure, contracts on SQLite, the API on one transport. No servers, no Node.
test-fast:
	scripts/run-tests fast

## Style: warnings are errors.
lint: static/node_modules/.package-lock.json
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
	cd static && npm run --silent lint

## Measures the release build with 2,000 sockets on this machine: tables now, JSON lines in loadtest/results. SOCKETS=500 make bench measures with fewer.
bench:
	cargo build --release --locked
	loadtest/run-bench "$${CARGO_TARGET_DIR:-target}/release/educounsel"

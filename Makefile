# What the README promises. `make run` needs Rust and Node only; `make test` installs what else the tests need.
.DEFAULT_GOAL := run
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c

.PHONY: run web openapi test test-fast lint coverage bench

## Builds the web UI and the server, side by side, and starts it with demo data. Quick to build: what is measured and deployed is the release profile.
run:
	scripts/build-for-run
	"$${CARGO_TARGET_DIR:-target}/quick/educounsel" serve --demo

# What builds static/dist, and what makes cargo embed it anew; scripts/build-for-run has other ways for both.
WEB_BUILD := npm run --silent build
WEB_BUILT := touch src/http/static_files.rs
WEB_TYPES := static/src/shared/api/schema.d.ts
WEB_SOURCES := docs/openapi.json $(wildcard static/*.html static/*.json static/*.ts static/*.js) $(filter-out $(WEB_TYPES),$(shell find static/src static/public static/vite static/scripts -type f 2>/dev/null))

## Builds the web UI into static/dist, from where it is embedded.
web: static/dist/index.html

static/dist/index.html: $(WEB_SOURCES) | static/node_modules/.package-lock.json
	cd static && npm run --silent types && $(WEB_BUILD)
	$(WEB_BUILT)

## Renews docs/openapi.json, from which the types of the web UI are made, after a change to what the server describes.
openapi:
	EDUCOUNSEL_RENEW_OPENAPI=1 cargo test --locked --quiet --lib http::openapi

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

## Style: warnings are errors. Ends with the guards of tests/structure, which read the repository.
lint: web
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
	scripts/install-lint-tools
	scripts/check-dependencies
	cd static && npm run --silent lint
	cargo test --workspace --locked --quiet --test structure

## Measures which lines the tests run, of the server and of the web UI: fails below 85 % of either.
coverage: static/node_modules/.package-lock.json tests/aimock/node_modules/.package-lock.json
	scripts/install-test-tools
	scripts/install-lint-tools
	scripts/with-test-servers scripts/measure-coverage

## Measures the release build with 2,000 sockets on this machine: tables now, JSON lines in loadtest/results. SOCKETS=500 make bench measures with fewer.
bench:
	cargo build --release --locked
	loadtest/run-bench "$${CARGO_TARGET_DIR:-target}/release/educounsel"

## Writes the tables of settings in docs/operations.md anew, from src/config/sections.rs.
.PHONY: docs
docs:
	EDUCOUNSEL_RENEW_DOCS=1 cargo test --locked --quiet --test structure operations::the_operations_guide_lists_every_setting

# make help says what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help

GO       ?= go
FUZZTIME ?= 20s
DEMO     := examples/demo
ASSETS   := $(DEMO)/assets

.PHONY: help
help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(ASSETS)/dist/app.js ## serve the chat on http://localhost:4000 (PORT and HOST change that)
	@$(GO) run ./$(DEMO) server

.PHONY: test
test: deps lint ## run every test: what CI runs
	$(GO) test -shuffle=on -timeout 10m ./...
	$(GO) test -race -shuffle=on -timeout 15m ./...
	cd bench && $(GO) test -shuffle=on -timeout 5m ./...

.PHONY: quick
quick: ## run the tests of the packages that need no browser and no node
	$(GO) test $$($(GO) list -f '{{.ImportPath}} {{join .TestImports " "}} {{join .XTestImports " "}}' ./... | grep -v -e internal/jstest -e internal/browser | cut -d ' ' -f 1)

.PHONY: race
race: ## run every test with the race detector
	$(GO) test -race -shuffle=on -timeout 30m ./...

.PHONY: lint
lint: $(ASSETS)/dist/app.js ## check formatting, vet for every system, static checks
	@unformatted=$$(git ls-files -z '*.go' | xargs -0 gofmt -l); if [ -n "$$unformatted" ]; then echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	cd bench && $(GO) vet ./...
	GOOS=darwin $(GO) vet ./...
	GOOS=windows $(GO) vet ./...
	GOARCH=arm64 $(GO) vet ./...
	$(GO) vet -tags benchscale ./transport
	$(GO) tool staticcheck ./...

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (20s)
	@$(GO) list ./... | while read -r pkg; do \
		for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "== $$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5x $$pkg || exit 1; \
		done; \
	done

.PHONY: bench
bench: ## run the Go benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

.PHONY: compare
compare: ## measure servers beside the floors and print the tables; LOADGEN is the load generator's folder, ARGS are options (bench/README.md)
	@cd bench && $(GO) run ./compare $(ARGS)

.PHONY: clean
clean: ## remove what was built
	rm -rf build $(ASSETS)/dist $(ASSETS)/node_modules

# What the pages of the demo load. The stamp is their script.
$(ASSETS)/dist/app.js: $(ASSETS)/package-lock.json $(ASSETS)/build.mjs $(wildcard $(ASSETS)/src/*)
	@command -v npm >/dev/null || { echo "building the pages needs Node 20 or newer with npm (Debian: apt-get install nodejs npm)"; exit 1; }
	cd $(ASSETS) && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build
	@touch $@

# What the tests need besides Go: node with npm, curl, a Chromium, and the proxies of docs/guides/proxies. Installed on Debian when we may, and not
# started there: policy-rc.d says no while they are being installed, unless the machine has one of its own.
.PHONY: deps
deps:
	@missing=""; \
	command -v npm >/dev/null || missing="$$missing nodejs npm"; \
	command -v curl >/dev/null || missing="$$missing curl"; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing="$$missing chromium"; \
	for proxy in nginx haproxy; do PATH="$$PATH:/usr/sbin" command -v $$proxy >/dev/null || missing="$$missing $$proxy"; done; \
	if [ -n "$$missing" ]; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "installing$$missing"; export DEBIAN_FRONTEND=noninteractive; \
			policy=/usr/sbin/policy-rc.d; \
			if [ ! -e $$policy ]; then printf '#!/bin/sh\nexit 101\n' >$$policy && chmod +x $$policy && trap 'rm -f /usr/sbin/policy-rc.d' EXIT; fi; \
			apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
		else echo "the tests need$$missing: please install them (Debian: apt-get install$$missing)"; exit 1; fi; \
	fi

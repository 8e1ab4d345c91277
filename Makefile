# Outcrop: Amazon Bedrock, exposed as the OpenAI API.
# `make run` and `make test` need nothing but Go. `make help` lists the rest.

SHELL     := /bin/bash
GO        ?= go
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS   := -s -w -X main.version=$(VERSION)
TOOL      := $(GO) tool -modfile=tools/go.mod
FUZZTIME  ?= 20s
VULNDB    ?= https://vuln.go.dev
BENCH     ?= .
PACKAGES  := ./...

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## Start a gateway on the embedded offline Bedrock, 127.0.0.1:8080
	bin/outcrop serve --offline --config examples/aliases.yaml

.PHONY: build
build: ## Build bin/outcrop
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/outcrop ./cmd/outcrop

.PHONY: test
test: ## Run the tests, with the race detector where cgo is there
	$(GO) test $(RACE) $(PACKAGES)
	$(GO) test $(RACE) -ldflags "-X outcrop/internal/bedrock.defaultTransport=sdk" ./internal/bedrock ./server

# The race detector needs cgo and a C compiler; a fresh machine with nothing but Go has to pass as well.
RACE := $(shell $(GO) env CGO_ENABLED | grep -q 1 && command -v $$($(GO) env CC) >/dev/null && echo -race)

# Without the race detector, the clients, the built binary and what -short leaves out: an answer while one writes, not a proof.
.PHONY: quick
quick: ## Run the tests that take less than a minute once they are built
	$(GO) test -short $$($(GO) list $(PACKAGES) | grep -v -e '^outcrop/examples' -e '^outcrop/cmd/')

.PHONY: growth
growth: ## Measure how work grows with its input, in a minute
	$(GO) test -tags growth -count=1 -p 1 -run Growth $$(grep -rl --include='*_test.go' 'outcrop/internal/test/growthtest"' . | xargs dirname | sort -u) ./internal/test/growthtest

.PHONY: chaos
chaos: ## Send four times 5,000 requests through regions of which one is down and the others fail; takes minutes
	OUTCROP_CHAOS=5000 $(GO) test -count=1 -v -timeout 30m -run '^TestChaos$$' ./server

.PHONY: golden
golden: ## Rewrite the golden files; review the diff
	$(GO) test ./translate/... ./server -run Golden -update
	git diff --stat -- '*/testdata/*'

.PHONY: config
config: ## Write docs/configuration.md, the page of all settings
	$(GO) run ./cmd/outcrop config --markdown > docs/configuration.md

.PHONY: rules
rules: ## Print which rule is shown by which test
	$(GO) run ./internal/test/rules/list

.PHONY: recorded
recorded: ## Print what becomes of recorded traffic, and write it to docs/recorded-traffic.md
	$(GO) test -count=1 ./translate/chat -run '^TestRecorded(Chat|Bedrock)Requests$$' -update
	@cat docs/recorded-traffic.md

.PHONY: eval
eval: ## Print what the complexity score and the detectors are worth on our labelled texts
	$(GO) run ./internal/test/eval/report
	$(GO) test -count=1 -v -run '^TestEval' ./policy/...

.PHONY: fuzz
fuzz: ## Fuzz every target for FUZZTIME (default 20s)
	@set -e; grep -rEho --include='*_test.go' '^func Fuzz[A-Za-z0-9]+' . | sort -u | while read -r _ f; do \
	  p=$$(grep -rl --include='*_test.go' "^func $$f(" . | head -1 | xargs dirname); \
	  echo "== $$f ($$p)"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$p; done

.PHONY: lint
lint: ## Run golangci-lint with gosec and more, pinned in tools/go.mod
	$(TOOL) golangci-lint run

# Not part of check: govulncheck asks vuln.go.dev, which CI cannot reach. VULNDB may name a mirror, or a folder as file://.
.PHONY: vuln
vuln: ## Look for known vulnerabilities in what is called, with govulncheck; needs the network
	$(TOOL) govulncheck -db $(VULNDB) $(PACKAGES)

.PHONY: fmt
fmt: ## Format the code
	gofmt -w $$(git ls-files '*.go')

.PHONY: cover
cover: ## Print test coverage by function, and write coverage.html
	$(GO) test -coverprofile coverage.out -coverpkg=./... $(PACKAGES)
	$(GO) tool cover -func coverage.out | tail -n 1
	$(GO) tool cover -html coverage.out -o coverage.html

.PHONY: bench
bench: ## Run the Go benchmarks (BENCH=pattern)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem $(PACKAGES)

.PHONY: install-clients
install-clients: ## Install the locked Node clients that the tests run
	examples/node/install.sh

.PHONY: install-redis
install-redis: ## Install redis-server (Debian, Ubuntu), which tests start for themselves
	@command -v redis-server >/dev/null && exit; \
	command -v apt-get >/dev/null || { echo 'no apt-get here: install redis-server by hand'; exit 1; }; \
	sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	set -e; $$sudo apt-get update -qq; $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server; \
	redis-server --version

.PHONY: clients
clients: install-clients ## Run unmodified OpenAI clients (Node, Go, curl) against a started gateway
	OUTCROP_CLIENTS=required $(GO) test -count=1 -v ./examples/...

.PHONY: check
check: ## Everything that CI runs
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo 'not formatted: make fmt'; exit 1; }
	$(GO) vet $(PACKAGES)
	$(MAKE) install-clients
	$(MAKE) install-redis
	$(MAKE) test
	$(MAKE) growth || $(MAKE) growth # measured twice before it counts: who shares the caches of this machine is not known, and a square fails each time
	$(MAKE) rules
	$(MAKE) lint

# Behalf. `make` prints what there is.
GO ?= go
STATICCHECK = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = $(GO) run golang.org/x/vuln/cmd/govulncheck@v1.1.4
BUILD = CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags=-buildid=
FUZZTIME ?= 15s
# For mutate: the tests that come last, as they are slow, and the files of the verifier that check links, whose floor
# is lower, as what the scenarios end to end would notice is not tried.
SLOW = ^Test(P[0-9]|Properties|Lemmas|Generator|CutIs|Attacks$$|Allocations|Deterministic|NothingIs|Rules|ReasonsAreExp|Explain|ExplanationIs|OnePlace|Scenarios|Sabotage|Stop|Repairs)
LINKCHECKS = open.go,assemble.go,judge.go,world.go,supporting.go

.DEFAULT_GOAL := help
.PHONY: help demo test race check vuln bench fuzz mutate conformance interop man pages build clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## the whole story on this machine: grant, receive, present, refuse, pass on, revoke
	@$(GO) run ./cmd/behalf-sandbox demo

test: ## all tests; those that want curl, strace, Chromium or a small disk are skipped by name where absent
	$(GO) test -timeout 20m ./...

race: ## all tests under the race detector
	$(GO) test -race -timeout 40m ./...

check: ## formatting, vet, staticcheck, floor plan, house rules, docs
	@test -z "$$(gofmt -l .)" || { echo "gofmt: these files want formatting:"; gofmt -l .; exit 1; }
	$(GO) mod verify
	$(GO) vet ./...
	$(STATICCHECK) ./...
	$(GO) test ./internal/layering ./internal/tidy ./reason

vuln: ## known vulnerabilities in what is reachable
	$(GOVULNCHECK) ./...

bench: ## every benchmark, ours beside the raw limit; see docs/performance.md
	$(GO) test -run '^$$' -bench . -cpu 1 -benchmem ./...

fuzz: ## every fuzz target for FUZZTIME each
	@$(GO) list ./... | while read -r p; do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	    echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$p || exit 1; \
	  done; done

mutate: ## every condition of the decision and of the link checks, removed or flipped: does a test notice?
	BEHALF_CASES=100 BEHALF_SEED=1 $(GO) run ./test/mutate -stage './delegation -test.skip=$(SLOW)' -stage ./delegation/scenario \
	  -stage './delegation -test.run=$(SLOW) -test.skip=^TestAllocations -rapid.checks=20 -rapid.seed=1 -rapid.nofailfile' \
	  -stage './cmd/behalf-gateway -test.run=^TestScripts$$/^explain$$' -timeout 60s ./delegation
	$(GO) run ./test/mutate -files $(LINKCHECKS) -stage './verifier -test.skip=^Test(Attacks|Workgroup|IdentityBinding|Restriction|Uses|FileRestrictions|Waste)' -stage ./verifier -timeout 90s -at-least 80 ./verifier

conformance: ## docs/conformance.md anew, by the tests with published vectors
	sed -i '/^| ---/,/^$$/{/^| ---/!{/^$$/!d}}' docs/conformance.md
	BEHALF_REQUIRE_SHARED=1 BEHALF_UPDATE_CONFORMANCE=1 $(GO) test -count=1 -p 1 -run '^TestVectors' ./...

interop: ## other people's software reads ours and we theirs: npm packages, and Aries in a module of its own
	cd test/interop && npm ci --no-audit --no-fund
	BEHALF_INTEROP=1 $(GO) test -count=1 ./test/interop
	cd interop/aries && $(GO) test -count=1 ./...

man: ## docs/man anew, from the commands' own help
	BEHALF_UPDATE_MAN=1 $(GO) test -count=1 -run '^TestManualPages$$' ./test/e2e

pages: ## docs/pages anew: screenshots of every page, by Chromium
	BEHALF_UPDATE_PAGES=1 $(GO) test -count=1 ./test/browser

build: ## the five commands, static, into bin/
	@mkdir -p bin
	$(BUILD) -o bin/ ./cmd/...

clean: ## remove bin/
	rm -rf bin

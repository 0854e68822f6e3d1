# Behalf. `make` prints what there is.
GO ?= go
STATICCHECK = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = $(GO) run golang.org/x/vuln/cmd/govulncheck@v1.1.4
BUILD = CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags=-buildid=
FUZZTIME ?= 15s

.DEFAULT_GOAL := help
.PHONY: help demo test race check vuln bench fuzz build clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## the whole story on this machine: grant, receive, present, refuse, pass on, revoke
	@$(GO) run ./cmd/behalf-sandbox demo

test: ## all tests; those that want curl, strace or a small disk are skipped by name where absent
	$(GO) test ./...

race: ## all tests under the race detector
	$(GO) test -race ./...

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
	    echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
	  done; done

build: ## the five commands, static, into bin/
	@mkdir -p bin
	$(BUILD) -o bin/ ./cmd/...

clean: ## remove bin/
	rm -rf bin

# `make test` and `make demo` need nothing but Swift and apt; what else they use, they install.
# One debug configuration with constant flags: built once, used by the tests and the demo alike.

SWIFT ?= swift
FLAGS := --explicit-target-dependency-import-check error
# As it ships: the Swift runtime linked in, optimized across modules, without checks of exclusive access while it runs (the tests have them).
RELEASE := -c release --static-swift-stdlib -Xswiftc -cross-module-optimization -Xswiftc -enforce-exclusivity=unchecked
FORMATTED := Sources Tests Package.swift

.PHONY: setup build test demo release optimized image-check format lint lint-k8s bench bench-build bench-quick bench-peers soak chaos failover fuzz sanitize foreign sbom simulate scale-inputs

setup:
	Tests/setup.sh test

build: setup
	$(SWIFT) build --build-tests $(FLAGS)

test: build lint
	python3 Tests/run.py "$(SWIFT) test --skip-build --no-parallel $(FLAGS)"

demo:
	Tests/setup.sh demo
	$(SWIFT) build --product satgate $(FLAGS)
	.build/debug/satgate demo

format:
	$(SWIFT) format --in-place --parallel --recursive $(FORMATTED)

lint:
	$(SWIFT) format lint --strict --parallel --recursive $(FORMATTED)

release:
	Tests/setup.sh demo
	$(MAKE) optimized

# What the image is built with too.
optimized:
	$(SWIFT) build $(RELEASE) --product satgate $(FLAGS)
	! grep -q SATGATE_FAULT_PARK .build/release/satgate # fault points are for tests alone

# Builds the image from the release build, without a registry, and runs it as Kubernetes would: not as root, the root read-only, no rights.
image-check: build release
	Tests/setup.sh image
	cd Tests/Image && ../../.build/venv-mcp2/bin/python -m pytest

# checkov, trivy and hadolint on the manifests and the Dockerfile.
lint-k8s:
	Tests/setup.sh lint-k8s
	Tests/lint_k8s.sh

# Money at full length (kills, gaps, duplicates, redis_restarts, redis_link, clocks, broken_keys, model), upstreams that come, go, hang and lie
# (discovery, turmoil), thousands of idle streams and of exchanges at once (idle_streams, exchanges), watchers of events (events), floods of
# connections and calls (floods), how long refusals take (timing). A part of it:
# `make chaos PART=kills`; fewer calls: `make chaos SHARE=0.1`.
chaos: build
	cd Tests/Chaos && ../../.build/venv-mcp2/bin/python -m pytest $(if $(SHARE),--share $(SHARE)) \
		$(if $(PART),test_$(PART).py,--ignore=test_failover.py --ignore=test_partition.py)

# Redis changes its masters under load (sentinels, cluster), a tenant whose replicas must have every charge (durable), the master's host is cut off
# (partition, which needs root), every test of what is kept in Redis and of several nodes on both topologies (store, nodes). A part of it:
# `make failover PART=cluster`; fewer failovers: `make failover SHARE=0.2`.
failover: build
	python3 Tests/failover.py "$(SWIFT) test --skip-build --no-parallel $(FLAGS)" $(if $(PART),--part $(PART)) $(if $(SHARE),--share $(SHARE))

# Ten million made-up and mutated requests and as many responses, read by ours and by NIOHTTP1: what ours takes, it must take for the same
# (TARGET=requests, responses). Then ten minutes of libFuzzer, with AddressSanitizer, for each reader of foreign bytes in Tests/FuzzTests
# (TARGET=token, replies, json, events, head, tenant, frames). A part of it: `make fuzz TARGET=json`; less: `make fuzz CASES=100000 SECONDS=60`;
# the first part again: `make fuzz SEED=` with the number that was printed.
COMPARED := requests responses
PLAYED := $(filter-out all,$(TARGET))
fuzz:
	Tests/setup.sh demo
ifneq ($(filter $(COMPARED),$(or $(PLAYED),$(COMPARED))),)
	$(SWIFT) build $(RELEASE) --product http-fuzz $(FLAGS)
	.build/release/http-fuzz $(or $(PLAYED),all) $(or $(CASES),10000000) $(SEED)
endif
ifeq ($(filter $(COMPARED),$(PLAYED)),)
	Tests/sanitize.sh address build
	Tests/fuzz.sh $(or $(SECONDS),600) $(PLAYED)
endif

# The Swift suites under ThreadSanitizer, then under AddressSanitizer, each in a build folder of its own; one: `make sanitize PART=thread`.
sanitize: setup
	$(foreach part,$(or $(PART),thread address),Tests/sanitize.sh $(part) &&) true

# What others have made, against real nodes: Schemathesis at both ports, openssl s_client at both with TLS, a corpus of smuggling through haproxy.
# One of them: `make foreign PART=smuggling` (documents, tls).
foreign: build
	cd Tests/System && ../../.build/venv-operator/bin/python -m pytest -q $(if $(PART),foreign/test_$(PART).py,foreign operator/test_openapi.py)

# What the program is linked from, with versions and licences, as CycloneDX: into .build/sbom.json.
sbom: release
	python3 Tests/sbom.py release .build/sbom.json

# Every mark of speed and memory, satgate beside nginx, an imitation of it in nginx + Lua + Redis and what `make bench-peers` has installed; into
# .build/bench.json. A part of it: `make bench PART=calls` (dashboards, idle, start, latency, costs, growth); fewer or shorter rounds:
# `make bench ROUNDS=3 SECONDS=2`; another build: `make bench BINARY=…`.
BENCH = python3 Tests/Bench/bench.py $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(BINARY),--binary $(BINARY))

bench: bench-build
	$(BENCH) $(if $(PART),--part $(PART))

# nginx, the imitation and satgate at 64 connections, within two minutes.
bench-quick: bench-build
	$(BENCH) --quick

# Memory over ten minutes of full load; `make soak MINUTES=3`. `make bench` tells the last one's result.
soak: bench-build
	python3 Tests/Bench/soak.py $(if $(MINUTES),--minutes $(MINUTES)) $(if $(BINARY),--binary $(BINARY))

bench-build:
	Tests/setup.sh bench
	$(if $(BINARY),,$(SWIFT) build $(RELEASE) --product satgate $(FLAGS))

# Envoy and fastmcp's proxy, which `make bench` measures too from then on.
bench-peers:
	Tests/setup.sh peers

# A thousand nodes that talk through one Redis and through a cluster, by their own code: checks the fan-out figures of k8s/SCALING.md. On a machine
# that has no core to itself for them: `make simulate NODES=200`; a part of it: `make simulate PART=one_redis`.
simulate: build
	cd Tests/Scale && ../../.build/venv-mcp2/bin/python -m pytest $(if $(NODES),--nodes $(NODES)) $(if $(PART),-k $(PART))

# Measures what k8s/SCALING.md is computed from, into .build/scale.json; `python3 Tests/Scale/plan.py --inputs .build/scale.json` prints its tables.
scale-inputs:
	Tests/setup.sh bench
	$(SWIFT) build $(RELEASE) --product satgate $(FLAGS)
	python3 Tests/Scale/measure.py $(if $(PART),--part $(PART))

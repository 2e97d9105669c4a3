.PHONY: demo test bench image cluster e2e bench-e2e policies check-policies soak grpc mutations fuzz

CARGO = cargo
# The whole workspace chooses the features of libraries, also where one program is built: so everything shares one build.
BUILD = $(CARGO) build --quiet --release --locked --workspace

# Scans the example manifests; what it finds there is the point, so findings do not fail it.
demo:
	@echo "building plimsoll (minutes the first time)"
	@$(BUILD) --bin plimsoll
	target/release/plimsoll scan --fail-on never docs/examples

# Everything that must pass, quietly, and at the end a list of what was skipped (docs/testing.md).
test:
	@tests/setup
	@echo "building plimsoll and its tests (minutes the first time)"
	@$(BUILD) --bin plimsoll --bin plimsoll-toolchain --bin plimsoll-worker
	@target/release/plimsoll-toolchain compiler || true
	@tests/skipped --forget
	@code=0; $(CARGO) test --release --locked --workspace --quiet || code=$$?; tests/skipped; exit $$code

# Ratios against our own baseline, and against peers where these are installed.
bench:
	$(BUILD) --bin plimsoll --bin plimsoll-worker
	worker/bench target/release/plimsoll-worker
	$(CARGO) bench --locked --workspace --bench engine --bench scan --bench load

# The images, static and from scratch: target/image/PROGRAM.tar, an OCI archive of localhost/PROGRAM:VERSION each.
image:
	@.ci/image admission
	@.ci/image worker

# Kubernetes and Helm, built from pinned modules: ten minutes, once.
cluster:
	@tests/cluster/cluster build

# The webhook and the worker as pods in that Kubernetes, installed by Helm from their charts. Skipped, with a line,
# without root or Go.
e2e:
	@tests/cluster/end-to-end

# What the webhook adds to a write, in that cluster.
bench-e2e:
	@tests/cluster/end-to-end --ignored

# After a change below policies/: commit what it writes.
policies:
	$(BUILD) --bin plimsoll-toolchain
	target/release/plimsoll-toolchain builtin

# What CI asks: is the committed builtin.wasm what the sources say? Byte for byte where the compiler is the same; the
# module built here must give the verdicts of every page in any case.
check-policies:
	$(BUILD) --bin plimsoll-toolchain
	target/release/plimsoll-toolchain builtin --check
	PLIMSOLL_MODULE=$(CURDIR)/target/policies/builtin.wasm \
		$(CARGO) test --release --locked --quiet --workspace --test front_door -- pages::

# Kills, stops and stalls workers and their engine for SOAK minutes (10): nothing may be lost, nothing done twice. Ends with
# a line of what it went through.
soak:
	$(CARGO) test --release --locked --workspace --test proof -- --ignored --nocapture soak

# The worker with OTLP over gRPC, which is a feature; afterwards the program is there without it again.
grpc:
	PLIMSOLL_FEATURES=plimsoll-worker/grpc $(CARGO) test --release --locked --workspace --quiet --test worker -- --ignored grpc::
	$(BUILD) --bin plimsoll-worker

# Breaks the worker in six ways, and demands that a test catches each. On a clean tree; half an hour.
mutations:
	worker/tests/mutations/run

# Fuzzes each reader of somebody else's text for so many seconds, guided by coverage; needs cargo-fuzz and a nightly compiler.
# `make test` has the short form.
fuzz:
	@tests/fuzz/run $(or $(SECONDS),60)

.PHONY: demo test bench image policies check-policies

CARGO = cargo
BUILD = $(CARGO) build --quiet --release --locked

# Scans the example manifests; what it finds there is the point, so findings do not fail it.
demo:
	@echo "building plimsoll (minutes the first time)"
	@$(BUILD) --package plimsoll
	target/release/plimsoll scan --fail-on never docs/examples

# Everything that must pass, quietly. Tests that build policies provide themselves with a compiler for WebAssembly.
test:
	@echo "building plimsoll and its tests (minutes the first time)"
	@$(BUILD) --package plimsoll --package plimsoll-toolchain
	@$(CARGO) test --release --locked --workspace --quiet

# Ratios against our own baseline, and against peers where these are installed.
bench:
	$(BUILD) --package plimsoll
	$(CARGO) bench --locked --package plimsoll-tests

# The webhook's image, static and from scratch: target/image/plimsoll.tar, an OCI archive of localhost/plimsoll:<version>.
image:
	@admission/build-image

# After a change below policies/: commit what it writes.
policies:
	cargo run --quiet --release --locked -p plimsoll-toolchain -- builtin

# What CI asks: is the committed builtin.wasm what the sources say? Byte for byte where the compiler is the same; the
# module built here must give the verdicts of every page in any case.
check-policies:
	cargo run --quiet --release --locked -p plimsoll-toolchain -- builtin --check
	PLIMSOLL_MODULE=$(CURDIR)/target/policies/builtin.wasm \
		$(CARGO) test --release --locked --quiet -p plimsoll-tests --test front_door -- pages::

.PHONY: policies check-policies

# After a change below policies/: commit what it writes.
policies:
	cargo run --quiet --release --locked -p plimsoll-toolchain -- builtin

# What CI asks: is the committed builtin.wasm what the sources say?
check-policies:
	cargo run --quiet --release --locked -p plimsoll-toolchain -- builtin --check

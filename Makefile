# The two commands of the README. Both work from a fresh Debian 12 with Rust; neither leaves a service running.

.PHONY: run test lint bench

run:
	@scripts/packages nftables iproute2
	@cargo build --release --quiet
	@scripts/run

test:
	@scripts/packages nftables iproute2 apache2 libapache2-mod-security2 nginx-light tomcat10 php-fpm openssh-server zstd ripgrep
	cargo test --quiet --no-fail-fast
	cargo clippy --quiet --all-targets -- -D warnings
	cargo fmt --check

# Ratios against peers in one run; prints the machine with them.
bench:
	@scripts/packages nftables iproute2 ripgrep
	@cargo build --release --quiet
	@bench/replay

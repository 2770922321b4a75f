# The two commands of the README. Both work from a fresh Debian 12 with Rust; neither leaves a service running.

.PHONY: run test lint bench

run:
	@scripts/packages nftables iproute2
	@cargo build --release --quiet
	@scripts/run

test:
	@scripts/packages nftables iproute2 apache2 libapache2-mod-security2 modsecurity-crs nginx-light tomcat10 php-fpm openssh-server zstd ripgrep fail2ban python3 openssl gnutls-bin sslscan
	cargo test --quiet --no-fail-fast
	cargo clippy --quiet --all-targets -- -D warnings
	cargo fmt --check

# Figures of this host, and ratios against peers in the same run; each prints the machine. As root, some three minutes.
bench:
	@scripts/packages nftables iproute2 ripgrep fail2ban python3-pyinotify time nginx-light openssl sslscan
	@cargo build --release --quiet
	target/release/peelhouse bench || test $$? -eq 1
	bench/latency
	bench/restore
	bench/replay
	bench/probe

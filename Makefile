# make              builds ipta
# make demo         builds it and shows it at work on the example log
# make test         installs missing test dependencies and runs all tests
# make test-long    the long tests: hundreds of kills, big logs
# make test-servers the store suite and the kill tests on MariaDB, MySQL 9 and a Galera cluster
# make bench        speed and memory against grep, mariadb and sqlite3
# make manual       the manual as one HTML file, the man page, and completions for bash, zsh and fish
# make deb          the Debian package; make test-package tests it in a clean Debian root
# make dist         all release files, with checksums
# make check-supply licenses, sources and known vulnerabilities of dependencies (cargo-deny); the oldest Rust
# make install      into PREFIX (/usr/local), under DESTDIR if given; make uninstall removes it

PREFIX ?= /usr/local
DESTDIR ?=

BINDIR = $(DESTDIR)$(PREFIX)/bin
SHAREDIR = $(DESTDIR)$(PREFIX)/share
DOCDIR = $(SHAREDIR)/doc/ipta

CARGO ?= cargo
# For example --offline.
CARGO_FLAGS ?=
CARGO_DEB_VERSION = 3.8.0
CARGO_DENY_VERSION = 0.20.2
TARGET = $(or $(CARGO_TARGET_DIR),target)
IPTA = $(TARGET)/release/ipta
MANUAL = $(TARGET)/ipta-manual.html
PAGES = $(TARGET)/pages

SOURCES = $(shell find src -name '*.rs') Cargo.toml Cargo.lock LICENSE
CHAPTERS = $(wildcard manual/*.md) manual/make_manual.rs manual/style.css

# The C compiler builds SQLite.
COMPILERS = 'cargo=rust' 'cc=gcc libc6-dev'
SERVER = 'mariadbd|mysqld=mariadb-server-core' 'mariadb-install-db|mysqld=mariadb-server-core' \
         '/usr/lib/mysql/plugin/auth_ed25519.so=mariadb-server' 'mariadb=mariadb-client' \
         'unshare=util-linux' 'nsenter=util-linux' 'script=bsdutils' \
         'nft=nftables' 'ipset=ipset' 'ip=iproute2' 'jq=jq' 'man=man-db' 'less=less' \
         'iptables-restore=iptables' 'rsyslogd=rsyslog' 'logrotate=logrotate' 'crontab=cron' \
         'systemd-analyze=systemd' '/bin/kill|/usr/bin/kill=procps'
JOURNAL = 'journalctl=systemd' '/usr/lib/systemd/systemd-journal-remote=systemd-journal-remote'

# Nothing here prompts; standard input, closed or borrowed, plays no part.
.PHONY: build demo test test-long test-servers test-package bench manual deb dist check-supply check-msrv install uninstall clean

build: $(IPTA)

$(IPTA): $(SOURCES)
	@tests/needs.sh $(COMPILERS)
	$(CARGO) build --release --locked $(CARGO_FLAGS) --bin ipta </dev/null
	@touch $@

# A separate home directory, so that your settings play no part.
demo: $(IPTA)
	@demo=$$(mktemp -d) && trap 'rm -rf "$$demo"' EXIT && export HOME="$$demo" && \
	ipta=$$(realpath $(IPTA)) && run() { echo; echo "$$ ipta $$*"; "$$ipta" "$$@" </dev/null; } && \
	cp examples/iptables.log "$$demo" && cd "$$demo" && \
	run --db-file packets.db --create-table --import iptables.log && \
	run --db-file packets.db --analyze --limit 40 && \
	run --db-file packets.db --import iptables.log && \
	run --db-file packets.db --list-tables

# One profile throughout, so that dependencies are built once. The tests come last: their final lines
# are what a reader looks for.
test:
	@tests/needs.sh $(COMPILERS) 'cargo-fmt=rustfmt' 'cargo-clippy=clippy' $(SERVER) $(JOURNAL)
	@tests/browser.sh
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings </dev/null
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --document-private-items </dev/null
	@CARGO='$(CARGO)' tests/run.sh

# Optimized: some of them read millions of lines.
test-long:
	@tests/needs.sh $(COMPILERS) $(SERVER) $(JOURNAL)
	$(CARGO) test --release --locked --test suite -- --ignored --skip servers::galera </dev/null

# About an hour. IPTA_TEST_SERVER (a socket or host:port; root's password, if any, in
# IPTA_TEST_PASSWORD) adds a server of your own.
test-servers:
	@tests/needs.sh $(COMPILERS) $(SERVER)
	@tests/matrix.sh

bench:
	@tests/needs.sh $(COMPILERS) $(SERVER) 'sqlite3=sqlite3' 'time=time' \
		'valgrind=valgrind' 'taskset=util-linux'
	@$(MAKE) --no-print-directory $(IPTA)
	$(CARGO) build --release --locked --example make_big </dev/null
	benches/bench.sh

manual: $(MANUAL) $(PAGES)/ipta.1

$(PAGES)/ipta.1: $(SOURCES) manual/make_pages.rs
	@tests/needs.sh $(COMPILERS)
	$(CARGO) run --locked $(CARGO_FLAGS) --example make_pages -- $(PAGES) </dev/null

$(MANUAL): $(CHAPTERS)
	@tests/needs.sh $(COMPILERS)
	$(CARGO) run --locked $(CARGO_FLAGS) --example make_manual -- manual $@ </dev/null

# Cargo tools that are not part of Rust, pinned to tested versions.
CARGO_DEB = $(TARGET)/tools/bin/cargo-deb
CARGO_DENY = $(TARGET)/tools/bin/cargo-deny

$(CARGO_DEB):
	$(CARGO) install --locked --quiet --root $(TARGET)/tools cargo-deb@$(CARGO_DEB_VERSION) </dev/null

$(CARGO_DENY):
	$(CARGO) install --locked --quiet --root $(TARGET)/tools cargo-deny@$(CARGO_DENY_VERSION) </dev/null

deb: $(IPTA) $(MANUAL) $(PAGES)/ipta.1 $(CARGO_DEB)
	@tests/needs.sh 'dpkg-shlibdeps=dpkg-dev'
	packaging/deb.sh $(CARGO_DEB)

test-package: deb
	@tests/needs.sh 'lintian=lintian' 'mmdebstrap=mmdebstrap'
	packaging/test.sh $(CARGO_DEB)

dist:
	@tests/needs.sh $(COMPILERS) 'git=git'
	packaging/dist.sh

# The second fetches the advisory database, which needs a network.
check-supply: $(CARGO_DENY) check-msrv
	$(CARGO_DENY) --locked check licenses bans sources
	$(CARGO_DENY) --locked check advisories

# The oldest Rust version that Cargo.toml promises compiles it.
MSRV = $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
check-msrv:
	rustup toolchain install --profile minimal $(MSRV)
	$(CARGO) +$(MSRV) check --locked --target-dir $(TARGET)/msrv </dev/null

# After `make` and `make manual` nothing is left to build, so `sudo make install` needs no Rust.
install: $(IPTA) $(MANUAL) $(PAGES)/ipta.1
	install -d '$(BINDIR)' '$(DOCDIR)/examples'
	install -m 755 $(IPTA) '$(BINDIR)/ipta'
	install -D -m 644 $(PAGES)/ipta.1 '$(SHAREDIR)/man/man1/ipta.1'
	install -D -m 644 $(PAGES)/ipta.bash '$(SHAREDIR)/bash-completion/completions/ipta'
	install -D -m 644 $(PAGES)/_ipta '$(SHAREDIR)/zsh/site-functions/_ipta'
	install -D -m 644 $(PAGES)/ipta.fish '$(SHAREDIR)/fish/vendor_completions.d/ipta.fish'
	install -m 644 $(MANUAL) '$(DOCDIR)/manual.html'
	install -m 644 README.md LICENSE '$(DOCDIR)'
	install -m 644 examples/README.md examples/ipta-conf examples/ipta.cron examples/firewall.nft \
	    examples/ipta-daily.cron examples/ipta-daily.service examples/ipta-daily.timer \
	    examples/connection-log.rules examples/connection-log.nft \
	    examples/logrotate-iptables examples/rsyslog-iptables.conf examples/iptables.log '$(DOCDIR)/examples'
	install -m 755 examples/firewall.sh examples/ipta-daily examples/ipta-alert-mail examples/ipta-alert-webhook \
	    '$(DOCDIR)/examples'
	install -d '$(DOCDIR)/manual'
	install -m 644 manual/report-light.png manual/report-dark.png manual/report.schema.json '$(DOCDIR)/manual'

uninstall:
	rm -f '$(BINDIR)/ipta' '$(SHAREDIR)/man/man1/ipta.1' '$(SHAREDIR)/bash-completion/completions/ipta' \
	    '$(SHAREDIR)/zsh/site-functions/_ipta' '$(SHAREDIR)/fish/vendor_completions.d/ipta.fish'
	rm -rf '$(DOCDIR)'

clean:
	$(CARGO) clean

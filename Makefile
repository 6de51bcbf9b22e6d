# make test: installs what the tests need and runs them all.
# make deb, make dist: what is given to people who have no Rust (docs/releasing.md).

PYTHON_ENVIRONMENT := target/python
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# Other people's programs that the tests hear and are heard by, and the packages
# of Debian's that have them. To some shells time is a word of their own.
TOOLS := pd oscsend sox ffmpeg rsync sclang scsynth mandoc zsh fish chromium nats-server openssl \
	/usr/bin/time
PACKAGES := puredata-core liblo-tools sox ffmpeg rsync supercollider-language supercollider-server \
	mandoc zsh fish chromium nats-server openssl time
MISSING := for tool in $(TOOLS); do command -v $$tool >/dev/null || echo $$tool; done

.PHONY: test test-gpu torture soak realtime tools targets
test: $(PYTHON_ENVIRONMENT)/ready tools
	[ -n "$$($(MISSING))" ] || export ANTIPHON_REQUIRE_TOOLS=1; \
	VIRTUAL_ENV=$(CURDIR)/$(PYTHON_ENVIRONMENT) cargo test --release --features nats

# Training on a graphics card. The crates it takes are compiled in half an hour. Where there
# is no card, Mesa's Vulkan driver for processors does as one.
test-gpu:
	-@[ -n "$$(ls /usr/share/vulkan/icd.d 2>/dev/null)" ] || ! command -v apt-get >/dev/null || \
		{ $(SUDO) apt-get update && $(SUDO) apt-get install -y --no-install-recommends mesa-vulkan-drivers; }
	ANTIPHON_REQUIRE_TOOLS=1 cargo test --release --features gpu --test card -- --nocapture

# The same conditions that nobody wishes for, at full length: some half an hour.
torture: $(PYTHON_ENVIRONMENT)/ready
	ANTIPHON_TORTURE=1 VIRTUAL_ENV=$(CURDIR)/$(PYTHON_ENVIRONMENT) cargo test --release --features nats \
		--test torture --test cluster

# A year of seeds on a fast clock, and faults in real time: the figures are shown meanwhile.
ARRIVALS := 500000
MINUTES := 60
soak:
	ANTIPHON_SOAK_ARRIVALS=$(ARRIVALS) ANTIPHON_SOAK_MINUTES=$(MINUTES) \
		cargo test --release --test soak -- --nocapture --test-threads 1

# Real recording and playing by SuperCollider's server, on a JACK that has no sound card:
# it needs jackd2, and a machine that does nothing else.
realtime: $(PYTHON_ENVIRONMENT)/ready
	ANTIPHON_REALTIME=1 VIRTUAL_ENV=$(CURDIR)/$(PYTHON_ENVIRONMENT) cargo test --release --test supercollider

# What the compiler says for other systems; nothing of it is run.
OTHERS := aarch64-unknown-linux-gnu aarch64-apple-darwin x86_64-pc-windows-gnu
targets:
	rustup target add $(OTHERS)
	for target in $(OTHERS); do \
		cargo clippy --all-targets --target $$target --target-dir target/cross -- -D warnings || exit; done

# Without Debian's packages the tests that need them are skipped, and say so.
tools:
	-@[ -z "$$($(MISSING))" ] || ! command -v apt-get >/dev/null || \
		{ $(SUDO) apt-get update && \
		  $(SUDO) env DEBIAN_FRONTEND=noninteractive \
		  apt-get install -y --no-install-recommends $(PACKAGES); }
	@[ -z "$$($(MISSING))" ] || echo "tests that need these will be skipped: $$($(MISSING) | tr '\n' ' ')"

# The tests compare with Python's onnx and onnxruntime. Debian keeps venv in a
# package of its own.
$(PYTHON_ENVIRONMENT)/ready: tests/python/requirements.txt
	mkdir -p target
	rm -rf $(PYTHON_ENVIRONMENT)
	python3 -m venv $(PYTHON_ENVIRONMENT) || \
		{ $(SUDO) apt-get update && $(SUDO) apt-get install -y python3-venv && \
		  python3 -m venv --clear $(PYTHON_ENVIRONMENT); }
	$(PYTHON_ENVIRONMENT)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

# What is given away. The program is linked by zig, which knows the symbols of every C
# library: what is built here runs where the C library is as old as GLIBC.

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
TARGET := $(shell rustc -vV | sed -n 's/^host: //p')
GLIBC := 2.28
REVISION := 1
PROGRAM := target/$(TARGET)/release/antiphon
PACKAGED := target/package
DIST := target/dist
CARGO_TOOLS := target/tools
ZIG := target/zig
cargo-deb_VERSION := 3.8.0
cargo-zigbuild_VERSION := 0.24.1
cargo-cyclonedx_VERSION := 0.5.9
ziglang_VERSION := 0.15.2

.PHONY: deb dist deb-test packages sbom sums packaged $(PROGRAM)

# A package for Debian and its relatives.
deb: packaged $(CARGO_TOOLS)/bin/cargo-deb
	mkdir -p $(DIST)
	$(CARGO_TOOLS)/bin/cargo-deb --no-build --target $(TARGET) --deb-revision $(REVISION) \
		--output $(DIST)/ $(DEB_OPTIONS)

# Installs it as a technician would, in a fresh Debian: it needs root and debootstrap.
deb-test: deb
	$(MAKE) deb REVISION=2 DIST=$(PACKAGED)/next DEB_OPTIONS=--fast
	packaging/deb-test $(DIST)/antiphon_$(VERSION)-1_*.deb $(PACKAGED)/next/antiphon_$(VERSION)-2_*.deb

# An archive for every Linux, the packages for patches, and what all of it is made of.
dist: $(PROGRAM) packages sbom
	packaging/archive $(PROGRAM) $(TARGET)
	$(MAKE) sums

# The same sources make the same files: the time in them is the commit's.
export SOURCE_DATE_EPOCH := $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),0)

packages:
	mkdir -p $(DIST)
	git archive --format=zip --prefix=antiphon/ -o $(DIST)/antiphon-$(VERSION)-pd.zip HEAD:patches/pd/antiphon
	git archive --format=zip --prefix=antiphon/ -o $(DIST)/antiphon-$(VERSION)-max.zip HEAD:patches/max/antiphon
	git archive --format=zip --prefix=Antiphon/ -o $(DIST)/antiphon-$(VERSION)-supercollider.zip \
		HEAD:patches/supercollider/Antiphon

# Every crate in the program, in CycloneDX's form.
sbom: $(CARGO_TOOLS)/bin/cargo-cyclonedx
	mkdir -p $(DIST)
	$(CARGO_TOOLS)/bin/cargo-cyclonedx cyclonedx --quiet --format json --spec-version 1.5 --target $(TARGET) \
		--no-build-deps --override-filename antiphon-$(VERSION)-$(TARGET).cdx
	sed 's,path+file://$(CURDIR),path+file:///antiphon,' antiphon-$(VERSION)-$(TARGET).cdx.json \
		> $(DIST)/antiphon-$(VERSION)-$(TARGET).cdx.json
	rm antiphon-$(VERSION)-$(TARGET).cdx.json

sums:
	cd $(DIST) && rm -f SHA256SUMS && sha256sum * > ../SHA256SUMS && mv ../SHA256SUMS .

# The manual, completions and units as packages have them.
packaged: $(PROGRAM)
	rm -rf $(PACKAGED)
	mkdir -p $(PACKAGED)/completions $(PACKAGED)/systemd/user
	$(PROGRAM) man --output $(PACKAGED)/man
	cp -R $(PACKAGED)/man $(PACKAGED)/man.gz && gzip -9n $(PACKAGED)/man.gz/*
	for shell in bash zsh fish; do $(PROGRAM) completions $$shell > $(PACKAGED)/completions/$$shell || exit; done
	for unit in systemd/*.service systemd/user/*.service; do \
		sed 's,/usr/local/bin/antiphon,/usr/bin/antiphon,' $$unit > $(PACKAGED)/$$unit || exit; done

# Folders' names are left out of it, so that it is the same wherever it is built.
$(PROGRAM): $(CARGO_TOOLS)/bin/cargo-zigbuild $(ZIG)/ready
	export CARGO_ENCODED_RUSTFLAGS="$$(printf -- '--remap-path-prefix=%s=/antiphon\037--remap-path-prefix=%s=/cargo' \
		"$$PWD" "$${CARGO_HOME:-$$HOME/.cargo}")"; \
	PATH="$$PWD/$(CARGO_TOOLS)/bin:$$PWD/$(ZIG)/bin:$$PATH" \
		cargo zigbuild --release --locked --target $(TARGET).$(GLIBC)
	@newest=$$(objdump -T $@ | sed -n 's/.*GLIBC_\([0-9.]*\).*/\1/p' | sort -V | tail -n 1); \
	[ "$$(printf '%s\n' $$newest $(GLIBC) | sort -V | tail -n 1)" = $(GLIBC) ] || \
		{ echo "the program asks for glibc $$newest, and $(GLIBC) was to be enough" >&2; exit 1; }

$(CARGO_TOOLS)/bin/cargo-%:
	cargo install --quiet --locked cargo-$* --version $($(@F)_VERSION) \
		--root $(CARGO_TOOLS) --target-dir $(CARGO_TOOLS)/build
	rm -rf $(CARGO_TOOLS)/build

$(ZIG)/ready:
	mkdir -p target
	python3 -m venv --clear $(ZIG)
	$(ZIG)/bin/pip install --quiet --disable-pip-version-check ziglang==$(ziglang_VERSION)
	touch $@

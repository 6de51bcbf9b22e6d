# make test: installs what the tests need and runs them all.

PYTHON_ENVIRONMENT := target/python
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# Other people's programs that the tests hear and are heard by, and the packages
# of Debian's that have them.
TOOLS := pd oscsend sox ffmpeg rsync sclang scsynth mandoc zsh fish
PACKAGES := puredata-core liblo-tools sox ffmpeg rsync supercollider-language supercollider-server \
	mandoc zsh fish
MISSING := for tool in $(TOOLS); do command -v $$tool >/dev/null || echo $$tool; done

.PHONY: test torture realtime tools
test: $(PYTHON_ENVIRONMENT)/ready tools
	[ -n "$$($(MISSING))" ] || export ANTIPHON_REQUIRE_TOOLS=1; \
	VIRTUAL_ENV=$(CURDIR)/$(PYTHON_ENVIRONMENT) cargo test --release

# The same conditions that nobody wishes for, at full length: some half an hour.
torture: $(PYTHON_ENVIRONMENT)/ready
	ANTIPHON_TORTURE=1 VIRTUAL_ENV=$(CURDIR)/$(PYTHON_ENVIRONMENT) cargo test --release --test torture

# Real recording and playing by SuperCollider's server, on a JACK that has no sound card:
# it needs jackd2, and a machine that does nothing else.
realtime: $(PYTHON_ENVIRONMENT)/ready
	ANTIPHON_REALTIME=1 VIRTUAL_ENV=$(CURDIR)/$(PYTHON_ENVIRONMENT) cargo test --release --test supercollider

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

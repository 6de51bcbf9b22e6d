# make test: installs what the tests need and runs them all.

PYTHON_ENVIRONMENT := target/python
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: test torture
test: $(PYTHON_ENVIRONMENT)/ready
	VIRTUAL_ENV=$(CURDIR)/$(PYTHON_ENVIRONMENT) cargo test --release

# The same conditions that nobody wishes for, at full length: some half an hour.
torture: $(PYTHON_ENVIRONMENT)/ready
	ANTIPHON_TORTURE=1 VIRTUAL_ENV=$(CURDIR)/$(PYTHON_ENVIRONMENT) cargo test --release --test torture

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

# Everything a fresh clone needs: `make` builds, `make test` tests, `make demo` shows the difference in time.
# `make crossovers` measures where the FFT overtakes direct sums, `make compare` against other libraries, `make bench` the
# engine's own parts: see Benchmarks/README.md.
# Each target first makes sure that Swift, FFTW and libpng are there.

SWIFT ?= swift
PYTHON ?= python3
# Passed on to what `make crossovers`, `make compare` and `make bench` run.
ARGUMENTS ?=
# The other libraries, outside the repository; several gigabytes.
PEERS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/swift-fft-convolution/peers
SWIFT_FORMAT_PATHS = Package.swift Sources Tests $(wildcard Snippets) \
	Benchmarks/Package.swift Benchmarks/Sources Benchmarks/Benchmarks

.PHONY: build test lint format demo crossovers compare bench dependencies clean

build: dependencies
	$(SWIFT) build -c release

test: dependencies
	$(SWIFT) test --parallel

lint:
	$(SWIFT) format lint --strict -r $(SWIFT_FORMAT_PATHS)

format:
	$(SWIFT) format -i -r $(SWIFT_FORMAT_PATHS)

# The photograph through two large filters, by FFT and by direct sums, and where the FFT overtakes them; results in demo/.
demo: build
	@Scripts/demo.sh "$$($(SWIFT) build -c release --show-bin-path)/fftconv"

# A page of today in Docs/Measurements/, in about eleven minutes.
crossovers: build
	@SWIFT="$(SWIFT)" Scripts/crossovers.sh "$$($(SWIFT) build -c release --show-bin-path)/fftconv" $(ARGUMENTS)

# Table, JSON lines and picture in Benchmarks/results/.
compare: build $(PEERS)/requirements.txt
	"$(PEERS)/bin/python" Benchmarks/peers/compare.py \
		--tool "$$($(SWIFT) build -c release --show-bin-path)/fftconv" $(ARGUMENTS)

# The copy is made last, and stands for a complete installation.
$(PEERS)/requirements.txt: Benchmarks/peers/requirements.txt
	$(PYTHON) -m venv "$(PEERS)"
	"$(PEERS)/bin/python" -m pip install --disable-pip-version-check -r $<
	cp $< $@

bench: dependencies
	$(SWIFT) package --package-path Benchmarks benchmark --no-progress $(ARGUMENTS)

dependencies:
	@SWIFT="$(SWIFT)" .ci/install-dependencies

clean:
	rm -rf .build demo Benchmarks/.build

# Everything a fresh clone needs: `make` builds, `make test` tests, `make demo` shows the difference in time.
# Each target first makes sure that Swift, FFTW and libpng are there.

SWIFT ?= swift
SWIFT_FORMAT_PATHS = Package.swift Sources Tests $(wildcard Snippets)

.PHONY: build test lint format demo dependencies clean

build: dependencies
	$(SWIFT) build -c release

test: dependencies
	$(SWIFT) test --parallel

lint:
	$(SWIFT) format lint --strict -r $(SWIFT_FORMAT_PATHS)

format:
	$(SWIFT) format -i -r $(SWIFT_FORMAT_PATHS)

# The photograph through two large filters, by FFT and by direct sums; results in demo/.
demo: build
	@Scripts/demo.sh "$$($(SWIFT) build -c release --show-bin-path)/fftconv"

dependencies:
	@SWIFT="$(SWIFT)" .ci/install-dependencies

clean:
	rm -rf .build demo

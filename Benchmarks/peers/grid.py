"""The public grid: the problems that are compared, and the ratios that the project promises."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod

PASSES = ("forward", "input-gradient", "filter-gradient")
LABELS = {"forward": "forward", "input-gradient": "dX", "filter-gradient": "dW"}

# Problem text -> required (best peer's time / ours) of forward, dX, dW; None where nothing is promised yet.
GRID: dict[str, tuple[float, float, float] | None] = {
    # Pictures: one channel.
    "i256x256_f3x3": (0.9, 3, 3),
    "i256x256_f5x5": (0.9, 3, 3),
    "i256x256_f7x7": (0.9, 3, 3),
    "i256x256_f11x11": (0.9, 3, 3),
    "i1024x1024_f3x3": (0.9, 3, 3),
    "i1024x1024_f5x5": (0.9, 3, 3),
    "i1024x1024_f7x7": (0.9, 3, 3),
    "i1024x1024_f11x11": (0.9, 3, 3),
    "i256x256_f15x15": (4, 4, 10),
    "i256x256_f31x31": (4, 4, 10),
    "i1024x1024_f15x15": (5, 5, 20),
    "i1024x1024_f31x31": (4, 4, 20),
    "i1024x1024_f127x127": (2.5, 2, 8),
    "i2048x2048_f255x255": (3, 3, 8),
    "i4096x4096_f63x63": (4, 6, 20),
    # Depthwise layers.
    "n4c128i56x56_k128f3x3_psame_g128": (1, 1, 1),
    "n4c128i56x56_k128f5x5_psame_g128": (1, 1, 5),
    "n4c128i56x56_k128f7x7_psame_g128": (1, 1, 5),
    "n4c128i56x56_k128f13x13_psame_g128": (1, 1.5, 25),
    "n4c128i56x56_k128f31x31_psame_g128": (15, 6, 100),
    "n4c256i28x28_k256f29x29_psame_g256": (12, 5, 80),
    "n4c512i14x14_k512f27x27_psame_g512": (15, 2, 30),
    "n4c1024i7x7_k1024f13x13_psame_g1024": (1, 1, 5),
    "n1c256i28x28_k256f9x9_psame_g256": (1, 1, 5),
    "n1c64i112x112_k64f51x51_psame_g64": (8, 15, 200),
    # Dense layers.
    "n1c256i14x14_k256f1x1": (0.9, 0.9, 0.9),
    "n8c256i14x14_k256f1x1": (0.9, 0.9, 0.9),
    "n1c64i56x56_k64f1x1": (0.9, 0.9, 0.9),
    "n4c64i56x56_k64f1x1": (0.9, 0.9, 0.9),
    "n1c256i14x14_k256f3x3_psame": (0.9, 0.9, 0.9),
    "n8c64i27x27_k192f5x5_psame": (1.8, 1.8, 1.8),
    "n4c3i112x112_k64f7x7_psame": (1.5, 5, 1.5),
    "n1c64i56x56_k64f3x3_psame": (1.0, 1.0, 0.9),
    "n4c64i56x56_k64f3x3_psame": (1.2, 1.2, 1.1),
    "n8c256i14x14_k256f3x3_psame": (0.8, 0.8, 0.7),
    "n4c64i56x56_k64f5x5_psame": (2, 2, 2),
    "n1c64i56x56_k64f7x7_psame": (2.5, 2.5, 2.5),
    "n8c128i28x28_k128f7x7_psame": (3.5, 3.5, 3.5),
    "n4c64i56x56_k64f9x9_psame": (4.5, 4.5, 4.5),
    "n1c64i56x56_k64f11x11_psame": (3.5, 3.5, 3.5),
    "n4c64i56x56_k64f15x15_psame": (11, 9, 18),
    # Signals.
    "i100000_f101": None,
    "i1000000_f1001": (5, 5, 20),
    "i1000000_f10000": (4, 4, 10),
    "i10000000_f100000": (4, 4, 10),
    # Volumes.
    "i64x64x64_f9x9x9": (3, 3, 8),
    "i128x128x128_f15x15x15": (3, 4, 15),
}

# Problem text -> the same of forward with a filter whose spectra are ready.
PREPARED: dict[str, float] = {"n1c64i56x56_k64f3x3_psame": 1.4, "n8c256i14x14_k256f3x3_psame": 1.1}


def required_ratio(text: str, pass_name: str) -> float | None:
    """The promised ratio of one pass, if any."""
    ratios = GRID.get(text)
    return ratios[PASSES.index(pass_name)] if ratios else None


@dataclass(frozen=True)
class Problem:
    """A problem text of the grid, read: stride and dilation 1, padding none or `same` of odd filters."""

    text: str
    batch: int
    channels: int
    filters: int
    groups: int
    input: tuple[int, ...]
    filter: tuple[int, ...]
    padding: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Problem:
        match = re.fullmatch(
            r"(?:n(\d+))?(?:c(\d+))?i(\d+(?:x\d+)*)_(?:k(\d+))?f(\d+(?:x\d+)*)(_psame)?(?:_g(\d+))?", text
        )
        if match is None:
            raise ValueError(f"{text}: not a problem this comparison knows (no stride, no dilation, f32)")
        n, c, extents, k, taps, same, groups = match.groups()
        filter_extents = tuple(map(int, taps.split("x")))
        if same and any(extent % 2 == 0 for extent in filter_extents):
            raise ValueError(f"{text}: 'same' with an even filter means different things to different libraries")
        return cls(
            text, int(n or 1), int(c or 1), int(k or 1), int(groups or 1), tuple(map(int, extents.split("x"))),
            filter_extents, tuple((extent - 1) // 2 if same else 0 for extent in filter_extents),
        )

    @property
    def output(self) -> tuple[int, ...]:
        return tuple(i + 2 * p - f + 1 for i, p, f in zip(self.input, self.padding, self.filter))

    @property
    def input_shape(self) -> tuple[int, ...]:
        return (self.batch, self.channels, *self.input)

    @property
    def filter_shape(self) -> tuple[int, ...]:
        return (self.filters, self.channels // self.groups, *self.filter)

    @property
    def output_shape(self) -> tuple[int, ...]:
        return (self.batch, self.filters, *self.output)

    @property
    def is_single_field(self) -> bool:
        """One image, one channel, one filter."""
        return self.batch == self.channels == self.filters == 1

    @property
    def is_depthwise(self) -> bool:
        return self.groups == self.channels == self.filters

    @property
    def multiplications(self) -> int:
        """Those of direct sums."""
        return prod(self.output_shape) * prod(self.filter_shape[1:])

"""The data that the page "Verifying a conversion" speaks of."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from PIL import Image


def write(folder: Path) -> None:
    """Write `data.npz` and `images` for the model of the pages, and `features.ark` for the network of Kaldi."""
    rng = np.random.default_rng(0)
    np.savez(folder / "data.npz", input=rng.standard_normal((1, 3, 8, 8)).astype(np.float32))
    (folder / "images").mkdir()
    for i in range(2):
        Image.fromarray(rng.integers(0, 256, (16, 16, 3)).astype(np.uint8)).save(folder / "images" / f"{i}.png")
    rows = rng.standard_normal((30, 20)).astype("<f4")
    (folder / "features.ark").write_bytes(b"one \0BFM " + struct.pack("<bibi", 4, 30, 4, 20) + rows.tobytes())

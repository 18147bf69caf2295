"""A dense network with weights of one byte each."""

from pathlib import Path

import numpy as np

WIDTH = 2048


class Network:
    """Square layers, one file each, applied in the order of their names."""

    def __init__(self, layers: list[np.ndarray]) -> None:
        self.layers = layers

    @classmethod
    def load(cls, folder: Path) -> "Network":
        """Reads every file of the folder; bytes after a full matrix are ignored."""
        files = sorted(folder.rglob("*.bin"))
        if not files:
            raise FileNotFoundError(f"no weights in {folder}")
        return cls([cls._matrix(file) for file in files])

    @staticmethod
    def _matrix(file: Path) -> np.ndarray:
        weights = np.fromfile(file, dtype=np.int8, count=WIDTH * WIDTH)
        # Bytes with mean 0 and this factor keep the spread of what goes through.
        return weights.reshape(WIDTH, WIDTH).astype(np.float32) / (74 * WIDTH**0.5)

    def score(self, features: list[float]) -> float:
        """A number between -1 and 1 for up to `WIDTH` features."""
        values = np.zeros(WIDTH, dtype=np.float32)
        values[: len(features)] = features
        for layer in self.layers:
            values = np.tanh(layer @ values)
        return float(values.mean())

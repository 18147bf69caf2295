"""Tests of the network, for `python3 -m unittest` beside the weights."""

import unittest

import numpy as np

from app.model import WIDTH, Network


class Score(unittest.TestCase):
    def test_the_identity_keeps_a_small_feature(self) -> None:
        network = Network([np.eye(WIDTH, dtype=np.float32)])
        self.assertAlmostEqual(network.score([0.5]), np.tanh(0.5) / WIDTH, places=7)


if __name__ == "__main__":
    unittest.main()

"""Run with `python3 -m unittest` in this folder's parent."""

import unittest

from app.berths import Ship, shortest_fit


class ShortestFit(unittest.TestCase):
    def test_takes_the_shortest_berth_that_is_deep_enough(self) -> None:
        berth = shortest_fit(Ship(name="Alma", length_m=50, draught_m=5))
        self.assertEqual(berth.name, "pier")

    def test_has_no_berth_for_a_ship_that_is_too_long(self) -> None:
        self.assertIsNone(shortest_fit(Ship(name="Boreas", length_m=300, draught_m=9)))


if __name__ == "__main__":
    unittest.main()

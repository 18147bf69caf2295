"""Times what other programs take for what benches/beside_peers.rs times of this one; it is started by that.

    time_peers.py scipy SAMPLES.json    the exact rank-sum test of each pair of sides
    time_peers.py otava SERIES.csv      the change points of every series

Prints seconds, without starting Python and without loading the library.
"""

import csv
import json
import sys
import time
from datetime import datetime, timezone


def scipy(path: str) -> float:
    from scipy.stats import mannwhitneyu

    pairs = json.load(open(path))
    began = time.perf_counter()
    for before, after in pairs:
        mannwhitneyu(before, after, method="exact")
    return time.perf_counter() - began


def otava(path: str) -> float:
    from otava.csv_options import CsvOptions
    from otava.importer import CsvImporter, DataSelector
    from otava.series import AnalysisOptions
    from otava.test_config import CsvMetric, CsvTestConfig

    names = next(csv.reader(open(path)))[2:]
    began = time.perf_counter()
    config = CsvTestConfig(
        name="year",
        file=path,
        csv_options=CsvOptions(),
        time_column="time",
        metrics=[CsvMetric(name, 1, 1.0, name) for name in names],
        attributes=["commit"],
    )
    selector = DataSelector()
    # It leaves out by itself what is older than a year.
    selector.since_time = datetime(2000, 1, 1, tzinfo=timezone.utc)
    series = CsvImporter().fetch_data(config, selector)
    series.analyze(AnalysisOptions())
    return time.perf_counter() - began


if __name__ == "__main__":
    print({"scipy": scipy, "otava": otava}[sys.argv[1]](sys.argv[2]))

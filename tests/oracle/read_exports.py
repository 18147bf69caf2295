"""Reads every form in which a run leaves this program with somebody else's reader of that form.

    python3 -m venv venv && venv/bin/pip install -r tests/oracle/requirements.txt
    venv/bin/python tests/oracle/read_exports.py target/release/seatrial tests/fixtures/runs/*/

OpenMetrics by prometheus_client, JUnit by junitparser, CSV by the csv module, a series of a history by Apache Otava, and the two JSON
forms by what their documentation asks of them. Medians are held against those of samples.csv by the statistics module. It prints how
many numbers agreed, and ends with 1 at the first that does not.
"""

import csv
import io
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import junitparser
from otava.csv_options import CsvOptions
from otava.importer import CsvImporter, DataSelector
from otava.test_config import CsvMetric, CsvTestConfig
from prometheus_client.openmetrics.parser import text_string_to_metric_families


def main(program: str, runs: list[str]) -> None:
    agreed = 0
    with tempfile.TemporaryDirectory() as parent:
        for number, run in enumerate(runs):
            copy = pathlib.Path(parent, f"run-{number}")
            copy.mkdir()
            shutil.copy(pathlib.Path(run, "journal.jsonl"), copy)
            agreed += one_run(program, copy)
            agreed += nights(program, copy, pathlib.Path(parent, f"history-{number}"))
    print(f"{agreed} numbers agreed")


def said(program: str, *arguments: str) -> str:
    return subprocess.run([program, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def one_run(program: str, run: pathlib.Path) -> int:
    rows = list(csv.DictReader(io.StringIO(said(program, "export", "csv", run))))
    samples: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        if row["status"] == "ok" and row["warmup"] == "false" and row["metric"].endswith(".time"):
            samples.setdefault((row["variant"], row["metric"]), []).append(int(row["value"]))
    medians = {
        key: statistics.median(values) / 1e9
        for key, values in samples.items()
        if key[1].startswith("step.")
    }
    assert medians, f"{run}: no time of a step"

    found = {}
    for family in text_string_to_metric_families(said(program, "export", "openmetrics", run)):
        assert family.type == "gauge", family
        for sample in family.samples:
            if family.name == "seatrial_step_time_seconds":
                assert family.unit == "seconds", family
                found[sample.labels["variant"], f"step.{sample.labels['step']}.time"] = sample.value
    hold(found, medians, run)

    bencher = json.loads(said(program, "export", "bencher", run))
    found = {}
    for name, measures in bencher.items():
        for measure, told in measures.items():
            assert set(told) <= {"value", "lower_value", "upper_value"}, told
            if measure == "build-time":
                _, variant, step = name.split("/", 2)
                found[variant, f"step.{step}.time"] = told["value"]
                assert told.get("lower_value", told["value"]) <= told["value"] <= told.get("upper_value", told["value"])
    hold(found, medians, run)

    found = {}
    for entry in json.loads(said(program, "export", "github-benchmark", run)):
        assert set(entry) <= {"name", "unit", "value", "range", "extra"}, entry
        variant, metric = entry["name"].split("/", 1)[1].split(" ", 1)
        if metric.startswith("step.") and metric.endswith(".time"):
            assert entry["unit"] == "s", entry
            found[variant, metric] = entry["value"]
    hold(found, medians, run)

    xml = run / "junit.xml"
    said(program, "gate", run, "--against", run, "--junit", xml)
    verdict = json.loads((run / "verdict.json").read_text())
    cases = [case for suite in junitparser.JUnitXml.fromfile(str(xml)) for case in suite]
    assert len(cases) == len(verdict["rulings"]), (len(cases), len(verdict["rulings"]))
    for case, ruling in zip(cases, verdict["rulings"]):
        assert case.name == ruling["gate"] and case.classname.endswith("." + ruling["variant"]), case
    return 3 * len(medians) + len(cases)


def hold(found: dict, expected: dict, run: pathlib.Path) -> None:
    assert found.keys() == expected.keys(), (run, found.keys() ^ expected.keys())
    for key, value in expected.items():
        assert abs(found[key] - value) <= 1e-6, (run, key, found[key], value)


def nights(program: str, run: pathlib.Path, history: pathlib.Path) -> int:
    header = json.loads((run / "journal.jsonl").read_text().splitlines()[0])
    if header["quick"] or header["rounds"] < 4:
        return 0  # no night of a history
    place = ("--history", history, "--project", "p")
    said(program, "history", "add", run, *place)
    variant, metric = header["variants"][0]["name"], f"step.{header['steps'][0]}.time"
    text = said(program, "history", "csv", header["scenario"], "--variant", variant, "--metric", metric, *place)
    path = history / "series.csv"
    path.write_text(text)
    config = CsvTestConfig(
        name="series",
        file=str(path),
        csv_options=CsvOptions(),
        time_column="time",
        metrics=[CsvMetric(metric, 1, 1.0, metric)],
        attributes=["commit"],
    )
    series = CsvImporter().fetch_data(config, DataSelector())
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows and series.data[metric] == [float(row[metric]) for row in rows], series.data
    return len(rows)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

"""The judge of the benchmarks: a figure below its target is never called met."""
import pathlib
import sys
import tomllib

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "bench"))

import driver  # noqa: E402


@pytest.mark.parametrize("wanted,met", [
    ({"value": {"max": 3.0}}, True),
    ({"value": {"max": 2.9}}, False),
    ({"value": {"min": 3.0}, "ratio": {"min": 0.5}}, True),
    ({"value": {"min": 3.0}, "ratio": {"min": 0.6}}, False),
    ({"peers.slow": {"min": 3.0}}, True),
    ({"peers.slow": {"min": 3.1}}, False),
    ({"peers.absent": {"min": 0.1}}, False),
    ({"any": [{"value": {"min": 9}}, {"ratio": {"min": 0.5}}]}, True),
    ({"any": [{"value": {"min": 9}}, {"ratio": {"min": 0.6}}]}, False),
])
def test_a_row_is_judged(wanted, met):
    row = {"bench": "b", "case": "c", "value": 3.0, "unit": "x", "limit": 6.0, "ratio": 0.5, "peers": {"slow": 1.0}}
    assert driver.judge(row, {"b/c": wanted})["met"] is met


def test_every_promised_figure_has_a_target():
    targets = tomllib.loads((TOP / "bench/targets.toml").read_text())
    promised = [line[8:].strip() for clauses in (TOP / "docs/clauses").glob("*.md") for line in clauses.read_text().splitlines()
                if line.startswith("- bench_")]
    assert sorted(promised) == sorted(targets)


def test_the_cases_can_be_listed():
    assert {"relay", "relay_1", "relay_mixed", "seal", "start"} <= set(driver.load_cases())

"""Clause 12c in ./test: 25 kills under load."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import kill  # noqa: E402


def test_c2_12_sigkill_under_load_loses_nothing(tmp_path):
    counts = kill.run(tmp_path / "instance", rounds=25, say=print)
    print(counts)
    assert counts["kills"] == 25 and counts["acknowledged"] > 200

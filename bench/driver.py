"""Runs the cases of bench/cases and judges their rows against bench/targets.toml. Called by bench/run.

A case file has NAMES (what may be asked for), PROGRAMS (targets of bench/CMakeLists.txt to build) and `run(name, context)`, which yields
rows: {"bench", "case", "value", "unit", "limit", "ratio", "peers": {name: value}, …}.
"""
import argparse
import importlib.util
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import tomllib

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / "bench"), str(TOP / "tests")]


class Context:
    """What a case may use: `root` the source tree, `build_dir` the release build, `rounds` how many paired rounds to take (medians count),
    `tmp` an empty folder of its own, `program(name)` a built benchmark, `median(rows)`."""

    def __init__(self, rounds, tmp):
        self.root, self.build_dir, self.rounds, self.tmp = TOP, TOP / "build/release", rounds, pathlib.Path(tmp)

    def program(self, name):
        return str(self.build_dir / "bench" / f"bench_{name}")

    @property
    def bulla(self):
        return str(self.build_dir / "bulla")

    @staticmethod
    def median(values):
        return statistics.median(values)


def load_cases():
    cases = {}
    for path in sorted((TOP / "bench/cases").glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"cases_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name in module.NAMES:
            cases[name] = module
    return cases


def within(row, wanted):
    """Does the row keep all of `wanted` (field → min or max)?"""
    for field, bound in wanted.items():
        if field == "any":
            if not any(within(row, choice) for choice in bound):
                return False
            continue
        if field.startswith("peers."):
            peer = row.get("peers", {}).get(field[6:])
            value = row["value"] / peer if peer else None
        else:
            value = row.get(field)
        if value is None or value < bound.get("min", value) or value > bound.get("max", value):
            return False
    return True


def judge(row, targets):
    wanted = targets.get(f"{row['bench']}/{row['case']}")
    if wanted is not None:
        row["met"] = within(row, wanted)
    return row


def show(number):
    if number is None:
        return ""
    return f"{number:.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def print_row(row):
    peers = " ".join(f"{name}={show(value)}" for name, value in row.get("peers", {}).items())
    verdict = {True: "met", False: "NOT MET", None: ""}[row.get("met")]
    print(f"{row['bench'] + '/' + row['case']:28} {show(row['value']):>9} {row['unit']:10} {show(row.get('limit')):>9} "
          f"{show(row.get('ratio')):>7}  {verdict:8} {peers}", flush=True)


def keep(rows):
    """Replace older rows of the same name in build/results/bench.jsonl."""
    path = TOP / "build/results/bench.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    old = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    new = {(r["bench"], r["case"]) for r in rows}
    kept = [r for r in old if (r["bench"], r["case"]) not in new] + rows
    path.write_text("".join(json.dumps(r) + "\n" for r in kept))


def document():
    """Write the kept rows into docs/measurements.md, between its introduction and what it says of them."""
    path, rows = TOP / "docs/measurements.md", TOP / "build/results/bench.jsonl"
    head, _, old = path.read_text().partition("## Figures")
    head, remarks = head.rstrip(), "".join(old.partition("## What they say")[1:])
    lines = ["", "", "## Figures", "", "| Benchmark | Value | Limit | Ratio to the limit | Target | Peers |", "|---|---|---|---|---|---|"]
    for row in sorted(map(json.loads, rows.read_text().splitlines()), key=lambda r: (r["bench"], r["case"])):
        peers = ", ".join(f"{name} {show(value)}" for name, value in row.get("peers", {}).items())
        verdict = {True: "met", False: "not met", None: ""}[row.get("met")]
        lines.append(f"| {row['bench']}/{row['case']} | {show(row['value'])} {row['unit']} | {show(row.get('limit'))} | {show(row.get('ratio'))} | "
                     f"{verdict} | {peers} |")
    path.write_text(head + "\n".join(lines) + "\n" + (f"\n{remarks}" if remarks else ""))


def main():
    parser = argparse.ArgumentParser(prog="bench/run")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--document", action="store_true", help="only write docs/measurements.md from the rows of the last runs")
    args = parser.parse_args()
    cases = load_cases()
    if args.document:
        document()
        return 0
    if args.list:
        print("\n".join(cases))
        return 0
    if unknown := [n for n in args.names if n not in cases]:
        sys.exit(f"bench/run: no benchmark {' '.join(unknown)}; there are: {' '.join(cases)}")
    names = args.names or list(cases)
    programs = sorted({f"bench_{p}" for n in names for p in getattr(cases[n], "PROGRAMS", ())})
    if programs:
        subprocess.run([TOP / "tools/build", "release", *programs], check=True, stdout=sys.stderr)
    targets = tomllib.loads((TOP / "bench/targets.toml").read_text())
    if not args.json:
        print(f"{'bench/case':28} {'value':>9} {'unit':10} {'limit':>9} {'ratio':>7}  {'target':8} peers")
    for name in names:
        (TOP / "build/tmp").mkdir(parents=True, exist_ok=True)
        tmp = tempfile.mkdtemp(prefix=f"bench-{name}-", dir=TOP / "build/tmp")
        try:
            for row in cases[name].run(name, Context(args.rounds, tmp)):
                keep([judge(row, targets)])
                print(json.dumps(row), flush=True) if args.json else print_row(row)
        finally:
            shutil.rmtree(tmp, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

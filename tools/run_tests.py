#!/usr/bin/python3
"""The parts of ./test, one after the other, and the sum at the end. Called by ./test, which installs the packages first."""
import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

TOP = pathlib.Path(__file__).resolve().parent.parent
RESULTS = TOP / "build/results"
HARD_STOP = 75 * 60
TIDY_BUDGET = 8 * 60
PYTHON = "/usr/bin/python3"
CONFIGURATIONS = ("release", "asan-ubsan")


class Outcome:
    """What a part did: tests by name, and how long it took."""

    def __init__(self):
        self.passed, self.failed, self.seconds, self.notes = 0, [], 0.0, []

    def add(self, ok, name):
        if ok:
            self.passed += 1
        else:
            self.failed.append(name)


class Driver:
    def __init__(self, started, pytest_arguments):
        self.started, self.pytest_arguments = started, pytest_arguments

    def left(self):
        return HARD_STOP - (time.time() - self.started)

    def run(self, command, log, environment=None):
        """The exit status; all output goes to `log`. Ends the whole run when the time for it is over."""
        with open(log, "ab") as out:
            process = subprocess.Popen(command, cwd=TOP, stdout=out, stderr=out, start_new_session=True,
                                       env={**os.environ, **(environment or {})})
        try:
            return process.wait(max(self.left(), 1))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise HardStop(" ".join(map(str, command))) from None
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGTERM)
            raise

    # Parts

    def build(self, configuration, outcome, log):
        outcome.add(self.run(["tools/build", configuration], log) == 0, f"build {configuration}")

    def ctest(self, label, outcome, log, configurations=CONFIGURATIONS):
        """The tests with this label in these configurations; each case of a gtest program counts for itself."""
        for configuration in configurations:
            build = TOP / "build" / configuration
            report = build / "results" / f"ctest-{label}.xml"
            report.parent.mkdir(exist_ok=True)
            report.unlink(missing_ok=True)
            if label == "unit":
                for old in report.parent.glob("*.xml"):
                    old.unlink()
            self.run(["ctest", "--test-dir", build, "-L", f"^{label}$", "-j2", "--output-on-failure", "--no-tests=error", "--timeout", "600",
                      "--output-junit", report], log, {"LLVM_SYMBOLIZER_PATH": "/usr/bin/llvm-symbolizer-19"})
            if not report.exists():
                outcome.add(False, f"{configuration}: ctest -L {label} wrote no report")
                continue
            for case in ElementTree.parse(report).iter("testcase"):
                self.count_ctest_case(build, configuration, case, outcome)

    @staticmethod
    def count_ctest_case(build, configuration, case, outcome):
        name, ok = case.get("name"), case.get("status") == "run"
        cases = build / "results" / f"{name.removeprefix('unit.')}.xml"
        before = len(outcome.failed)
        if name.startswith("unit.") and cases.exists():
            for one in read_cases(cases):
                if one["state"] == "skipped":
                    outcome.add(False, f"{configuration}: {one['name']} was skipped")
                else:
                    outcome.add(one["state"] == "passed", f"{configuration}: {one['name']}")
            if not ok and len(outcome.failed) == before:
                outcome.add(False, f"{configuration}: {name} ended badly")
        else:
            outcome.add(ok, f"{configuration}: {name}")

    def pytest(self, folder, outcome, log, program="release", extra=(), name=None):
        name = name or pathlib.Path(folder).name
        report = RESULTS / f"{name}.xml"
        report.unlink(missing_ok=True)
        temporary = TOP / "build/tmp" / name
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.parent.mkdir(parents=True, exist_ok=True)
        environment = {"BULLA": str(TOP / "build" / program / "bulla"), "PYTHONDONTWRITEBYTECODE": "1",
                       "ASAN_SYMBOLIZER_PATH": "/usr/bin/llvm-symbolizer-19"}
        status = self.run([PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", "--durations=5", f"--basetemp={temporary}",
                           f"--junitxml={report}", *extra, *self.pytest_arguments, folder], log, environment)
        if not report.exists():
            outcome.add(False, f"pytest {folder} wrote no report (status {status})")
            return
        for case in read_cases(report):
            outcome.add(case["state"] == "passed", case["name"] + (" was skipped" if case["state"] == "skipped" else ""))
        if status not in (0, 1):
            outcome.add(False, f"pytest {folder} ended with {status}")

    def command(self, arguments, name, outcome, log):
        outcome.add(self.run(arguments, log) == 0, name)


class HardStop(Exception):
    pass


def read_cases(path):
    """The cases of a gtest or pytest report: name, state."""
    try:
        root = ElementTree.parse(path)
    except ElementTree.ParseError:
        return [{"name": f"{path.name} is broken", "state": "failed"}]
    cases = []
    for case in root.iter("testcase"):
        bad = case.find("failure") is not None or case.find("error") is not None
        skipped = case.find("skipped") is not None or case.get("status") == "notrun" or case.get("result") == "skipped"
        name = f"{case.get('classname', '')}.{case.get('name')}".lstrip(".")
        cases.append({"name": name, "state": "failed" if bad else "skipped" if skipped else "passed"})
    return cases


PARTS = {
    "build-release": lambda d, o, log: d.build("release", o, log),
    "format": lambda d, o, log: d.command(["tools/format", "check"], "tools/format", o, log),
    "build-asan": lambda d, o, log: d.build("asan-ubsan", o, log),
    "unit": lambda d, o, log: d.ctest("unit", o, log),
    "fuzz": lambda d, o, log: d.ctest("fuzz", o, log),
    "house": lambda d, o, log: d.pytest("tests/house", o, log),
    "e2e": lambda d, o, log: d.pytest("tests/e2e", o, log),
    "e2e-asan": lambda d, o, log: d.pytest("tests/e2e", o, log, "asan-ubsan", ("-m", "asan"), "e2e-asan"),
    "packaging": lambda d, o, log: d.pytest("tests/packaging", o, log),
    "web": lambda d, o, log: d.pytest("tests/web", o, log),
    "interop": lambda d, o, log: d.pytest("tests/interop", o, log),
    "crash": lambda d, o, log: d.pytest("tests/crash", o, log),
    "powerloss": lambda d, o, log: (d.ctest("powerloss", o, log, ("release",)), d.pytest("tests/powerloss", o, log)),
    "clauses": lambda d, o, log: d.command(["tools/clauses", "--require", "2"], "tools/clauses 2", o, log),
    "tidy": lambda d, o, log: d.command(["tools/tidy", "--budget", str(int(max(0, min(TIDY_BUDGET, d.left() - 120))))], "tools/tidy", o, log),
}
NEEDS = {"unit": {"build-release", "build-asan"}, "fuzz": {"build-release", "build-asan"}, "e2e-asan": {"build-asan"},
         "house": set(), "format": set(), "clauses": set()}
QUIET_LINES = {"tidy": ("clang-tidy:", "left:"), "clauses": ("c2_", "bench_", "all ")}



def choose(names):
    if not names:
        return list(PARTS)
    unknown = [n for n in names if n not in PARTS]
    if unknown:
        sys.exit(f"./test: no part {' '.join(unknown)}; there are: {' '.join(PARTS)}")
    wanted = set(names)
    for name in names:
        wanted |= NEEDS.get(name, {"build-release"}) if not name.startswith("build-") else set()
    return [n for n in PARTS if n in wanted]


def show_failure(name, outcome, log):
    text = log.read_text(errors="replace").splitlines() if log.exists() else []
    print(f"---- {name} failed; the end of {log.relative_to(TOP)}:")
    print("\n".join(text[-150:]))
    for failed in outcome.failed[:40]:
        print(f"FAILED {failed}")
    print("----", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--started", type=float, required=True)
    own = sys.argv[1:]
    rest = own[own.index("--") + 1:] if "--" in own else []
    args, names = parser.parse_known_args(own[:own.index("--")] if "--" in own else own)
    parts = choose(names)
    RESULTS.mkdir(parents=True, exist_ok=True)
    driver, outcomes, stopped = Driver(args.started, rest), {}, None
    if (waited := time.time() - args.started) > 1:
        print(f"{'install':14} {waited:6.0f} s", flush=True)
    for name in parts:
        outcome = outcomes[name] = Outcome()
        log = RESULTS / f"{name}.log"
        log.unlink(missing_ok=True)
        start = time.monotonic()
        try:
            PARTS[name](driver, outcome, log)
        except HardStop as stop:
            outcome.add(False, f"stopped: {stop}")
            stopped = name
        except KeyboardInterrupt:
            outcome.add(False, "interrupted")
            stopped = name
        outcome.seconds = time.monotonic() - start
        print(f"{name:14} {outcome.seconds:6.0f} s  {outcome.passed} passed, {len(outcome.failed)} failed", flush=True)
        if outcome.failed:
            show_failure(name, outcome, log)
        elif name in QUIET_LINES:
            print("\n".join("    " + line for line in log.read_text().splitlines() if line.startswith(QUIET_LINES[name])))
        if stopped or (name.startswith("build-") and outcome.failed):
            break
    left = [n for n in parts if n not in outcomes]
    if stopped:
        over = driver.left() <= 0
        print(f"{'Hard stop after 75 minutes' if over else 'Interrupted'} during {stopped}.")
    if left:
        print(f"Not run: {' '.join(left)}")
    failed = [f"{name}: {f}" for name, o in outcomes.items() for f in o.failed]
    for line in failed:
        print(f"FAILED {line}")
    print(f"{time.time() - args.started:.0f} s in all")
    print(f"{sum(o.passed for o in outcomes.values())} passed, {len(failed)} failed", flush=True)
    return bool(failed or stopped or left)


sys.exit(main())

"""What bulla-qmail costs a delivery: how long it takes until its work begins, and the memory that is its own while qmail-remote would run."""
import os
import pathlib
import subprocess
import time

from support.instance import until

NAMES = ("qmail",)
PROGRAMS = ()


def row(case, value, unit):
    return {"bench": "qmail", "case": case, "value": value, "unit": unit, "limit": None, "ratio": None, "peers": {}}


def time_start(program):
    start = time.perf_counter()
    subprocess.run([program, "qmail-dkim", "-V"], check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1e3


def private_megabytes(program):
    """While it waits for a message: qmail-dkim reads standard input, which says nothing."""
    reader, writer = os.pipe()
    child = subprocess.Popen([program, "qmail-dkim", "-v", "-"], stdin=reader, stdout=subprocess.DEVNULL)
    smaps = pathlib.Path(f"/proc/{child.pid}/smaps_rollup")
    waits = pathlib.Path(f"/proc/{child.pid}/wchan")
    until(lambda: "pipe" in waits.read_text(), "it reads", 5, 0.001)
    text = smaps.read_text()
    os.close(writer)
    child.wait()
    os.close(reader)
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_")) / 1e3


def run(_name, context):
    program = pathlib.Path(context.bulla).with_name("bulla-qmail")
    yield row("start", context.median(time_start(program) for _ in range(max(context.rounds, 3) * 3)), "ms")
    yield row("memory", context.median(private_megabytes(program) for _ in range(max(context.rounds, 3))), "MB")

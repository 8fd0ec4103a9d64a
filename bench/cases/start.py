"""How fast bulla is there, how large it is, and what it costs when nothing happens."""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import time

from processes import cpu_seconds
from support.instance import Instance, until
from support.smtp import make_message
from support.sink import Sink

NAMES = ("start",)
PROGRAMS = ()
QUEUED = 100_000


def row(case, value, unit):
    return {"bench": "start", "case": case, "value": value, "unit": unit, "limit": None, "ratio": None, "peers": {}}


def time_version(context):
    start = time.perf_counter()
    subprocess.run([context.bulla, "--version"], check=True, capture_output=True)
    return (time.perf_counter() - start) * 1e3


def time_listening(instance):
    start = time.perf_counter()
    instance.start(wait=False)
    until(lambda: instance._answers({"address": "127.0.0.1", "port": instance.ports["relay"]}), "listening", every=0.001)
    elapsed = (time.perf_counter() - start) * 1e3
    instance.wait_listening()
    return elapsed


def idle_percent(instance, seconds):
    before, start = cpu_seconds([instance.pid]), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds([instance.pid]) - before) / (time.monotonic() - start) * 100


def send_waiting(instance, count):
    message = make_message("alice@example.test", "bob@example.org", body="x" * 200)
    with instance.client() as client:
        client.ehlo()
        for _ in range(count):
            # One transaction a write: what counts here is how many there are, not how they came.
            client.raw("MAIL FROM:<alice@example.test>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n")
            replies = [client.reply() for _ in range(3)]
            assert replies[-1].code == 354, replies
            client.raw(message + b".\r\n")
            assert (last := client.reply()).code == 250, last


def fill_queue(instance, count):
    """`count` messages that wait: the next hop is not there. Many sessions, so that they share commits."""
    instance.start()
    portions = [min(500, count - begin) for begin in range(0, count, 500)]
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        for done in [pool.submit(send_waiting, instance, portion) for portion in portions]:
            done.result()
    instance.stop()


def run(_name, context):
    yield row("version", context.median(time_version(context) for _ in range(max(context.rounds, 3) * 3)), "ms")
    stripped = context.tmp / "stripped"
    shutil.copy(context.bulla, stripped)
    subprocess.run(["strip", stripped], check=True)
    yield row("stripped", os.stat(stripped).st_size / 1e6, "MB")
    sink = Sink()
    sink.close()
    instance = Instance(pathlib.Path(context.tmp) / "instance", sink.port)
    instance.trust_loopback()
    times = []
    for _ in range(context.rounds):
        times.append(time_listening(instance))
        instance.stop()
    yield row("listening", context.median(times), "ms")
    instance.start()
    yield row("idle_cpu", idle_percent(instance, 5.0 * min(context.rounds, 4)), "%")
    instance.stop()
    fill_queue(instance, QUEUED)
    times = []
    for _ in range(min(context.rounds, 3)):
        times.append(time_listening(instance))
        instance.stop()
    yield row("listening_100k", context.median(times), "ms")

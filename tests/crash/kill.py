"""SIGKILL under load: what got a 250 is never lost.   See run and test_kill.py."""
import random
import re
import threading
import time

from support.instance import Instance, in_threads, until
from support.smtp import make_message
from support.sink import Sink

SESSIONS = 6


class Load:
    """Sessions that send numbered messages until the connection breaks."""

    def __init__(self, instance):
        self.instance = instance
        self.acknowledged = {}  # recipient → id in the 250
        self.sent = 0
        self._lock = threading.Lock()

    def next_name(self):
        with self._lock:
            self.sent += 1
            return f"n{self.sent}@example.org"

    def session(self, _n):
        try:
            with self.instance.client() as client:
                client.ehlo()
                while True:
                    name = self.next_name()
                    size = random.choice((100, 3000, 20000))
                    reply = client.send("alice@example.test", name, make_message(recipient=name, subject=name, body="text \n" * (size // 6)))
                    if reply.code == 250:
                        with self._lock:
                            self.acknowledged[name] = re.search(r"\b[0-9A-HJKMNP-TV-Z]{13}\b", reply.text)[0]
        except (OSError, ValueError, IndexError, AssertionError):
            return

    def run(self):
        in_threads(SESSIONS, self.session)


def run(folder, rounds=None, minutes=None, seed=None, say=lambda _text: None):
    """Kills `rounds` times, or for `minutes`; raises AssertionError at the first promise that was broken. Returns the counts."""
    seed = seed if seed is not None else random.randrange(1 << 32)
    say(f"seed {seed}")
    random.seed(seed)
    sink = Sink()
    instance = Instance(folder, sink.port, {"retry": {"first": "1 s", "longest": "1 s"}})
    instance.trust_loopback()
    instance.archive_all()
    load = Load(instance)
    end, done = time.monotonic() + (minutes or 0) * 60, 0
    try:
        while done < rounds if rounds else time.monotonic() < end:
            instance.start()
            threading.Timer(random.uniform(0.05, 1.2), instance.kill).start()
            load.run()
            until(lambda: instance.process is None, "the end of the killed process")
            done += 1
            say(f"kill {done}: {len(load.acknowledged)} acknowledged, {len(sink.accepted())} delivered")
        instance.start()
        check(instance, load, sink)
        instance.stop()
    finally:
        if instance.process:
            instance.kill()
        sink.close()
    return {"kills": done, "sent": load.sent, "acknowledged": len(load.acknowledged), "delivered": len(sink.accepted()), "seed": seed}


def check(instance, load, sink):
    instance.wait_queue_empty(120)
    copies = {}
    for message in sink.accepted():
        for recipient in message.recipients:
            copies.setdefault(recipient, []).append(message)
    lost = sorted(set(load.acknowledged) - set(copies))
    assert not lost, f"{len(lost)} messages that got a 250 were never delivered: {lost[:5]}"
    often = {name: len(found) for name, found in copies.items() if len(found) > 2}
    assert not often, f"delivered more than twice: {often}"
    for name, found in copies.items():
        ids = {re.search(rb"Received: .*?\bid ([0-9A-Z]{13})", m.data, re.DOTALL)[1] for m in found}
        assert len(ids) == 1, f"{name} came under two ids: {ids}"
        assert name not in load.acknowledged or ids == {load.acknowledged[name].encode()}, name
    archived = {row["id"] for row in instance.archive()}
    missing = sorted(set(load.acknowledged.values()) - archived)
    assert not missing, f"{len(missing)} messages that got a 250 are not in the archive: {missing[:5]}"
    instance.cli("archive", "verify", "--all", seconds=600)

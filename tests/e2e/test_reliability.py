"""Clause 13: a full disk, an end and a reload in the middle of work."""
import errno
import hashlib
import json
import os
import signal
import subprocess
import threading
import time

import pytest

from support.instance import in_threads, until
from support.smtp import make_message


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 24 MB. Needs root, as Postfix does."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=755", "bulla-test", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder, leave):
    """Take all but `leave` octets of the file system."""
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    with open(folder / "filler", "wb", buffering=0) as f:
        try:
            while free > leave:
                free -= f.write(b"\0" * min(65536, free - leave))
        except OSError as e:
            assert e.errno == errno.ENOSPC


@pytest.mark.parametrize("leave", [0, 100_000, 1_000_000])
def test_c2_13_a_full_disk_loses_nothing(make_instance, sink, small_disk, tmp_path, leave):
    made = make_instance(sink, folder=small_disk / "instance", config={"retry": {"first": "1 s", "longest": "1 s"}})
    made.log = tmp_path / "serve.log"
    made.trust_loopback()
    made.archive_all()
    made.start()
    taken, refused, codes = [], [], set()

    def send(n, role_taken, role_refused):
        name = f"r{n}@example.org"
        text = os.urandom(3000).hex()
        body = "\n".join(text[i:i + 70] for i in range(0, len(text), 70))
        reply = made.send(recipient=name, message=make_message(recipient=name, body=body))
        codes.add((reply.code, reply.enhanced))
        (role_taken if reply.code == 250 else role_refused).append(name)

    for n in range(5):
        send(n, taken, refused)
    assert not refused
    sink.wait(5)
    fill(small_disk, leave)
    n = 5
    while len(refused) < 5 and n < 3000:
        send(n, taken, refused)
        n += 1
    assert refused, "the disk never became full"
    assert codes == {(250, "2.0.0"), (452, "4.3.1")}, codes
    assert made.process.poll() is None, made.log_text()[-2000:]
    (small_disk / "filler").unlink()

    def works():
        before = len(taken)
        send(10_000, taken, [])
        return len(taken) > before
    until(works, "room is used again", 30, 0.2)
    got = [m.recipients[0] for m in sink.wait(len(taken), 60)]
    made.wait_queue_empty()
    got = [m.recipients[0] for m in sink.accepted()]
    assert sorted(got) == sorted(taken), "lost, or given twice"
    made.cli("archive", "verify", "--all")
    made.stop()
    made.start()
    send(10_001, taken, [])
    assert taken[-1] == "r10001@example.org"


def test_c2_13_a_full_disk_of_mailboxes_defers(make_instance, small_disk):
    boxes = small_disk / "mail"
    made = make_instance(None, config={"route": [{"name": "local", "match": ["*"], "exit": "maildir", "path": str(boxes / "{domain}" / "{local}")}],
                                       "retry": {"first": "1 s", "longest": "1 s"}})
    made.trust_loopback()
    made.start()
    assert made.send(recipient="admin@example.test").code == 250
    until(lambda: list(boxes.rglob("new/*")), "the first mail")
    fill(small_disk, 0)
    body = "\n".join(["x" * 70] * 3000)
    assert made.send(recipient="admin@example.test", message=make_message(recipient="admin@example.test", body=body)).code == 250

    until(lambda: "No space left" in json.dumps(made.queue()), "the reason", 30, 0.1)
    assert len(list(boxes.rglob("new/*"))) == 1
    (small_disk / "filler").unlink()
    until(lambda: len(list(boxes.rglob("new/*"))) == 2, "the second mail", 60, 0.2)
    made.wait_queue_empty()
    assert not list(boxes.rglob("tmp/*")), "a part of a mail was left"


@pytest.mark.asan
def test_c2_13_sigterm_ends_in_time_with_sessions_open(make_instance, sink):
    made = make_instance(sink)
    made.trust_loopback()
    made.start()
    idle, in_data = made.client(), made.client()
    idle.ehlo()
    in_data.ehlo()
    in_data.begin("alice@example.test", "bob@example.org")
    in_data.expect(354, "DATA")
    in_data.raw(b"From: <alice@example.test>\r\n")
    taken = []
    stopping = threading.Event()

    def load(n):
        try:
            with made.client() as client:
                client.ehlo()
                for m in range(10_000):
                    name = f"r{n}.{m}@example.org"
                    if client.send("alice@example.test", name, make_message(recipient=name)).code != 250:
                        return
                    taken.append(name)
                    if len(taken) > 50:
                        stopping.set()
        except (ConnectionError, OSError, AssertionError, IndexError, ValueError):
            pass

    threads = [threading.Thread(target=load, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    assert stopping.wait(60)
    start = time.monotonic()
    made.stop(seconds=30)
    assert time.monotonic() - start < 20
    for t in threads:
        t.join()
    assert idle.file.readline()[:3] in (b"421", b"")
    idle.close()
    in_data.close()
    made.start()
    until(lambda: {m.recipients[0] for m in sink.accepted()} >= set(taken), "what got a 250 arrives", 60)
    names = [m.recipients[0] for m in sink.accepted()]
    made.wait_queue_empty()
    assert len(names) == len(set(names)), "an orderly end makes no duplicates"


def test_c2_13_sigint_ends_too(make_instance):
    made = make_instance(None).start()
    os.kill(made.pid, signal.SIGINT)
    assert made.process.wait(20) == 0


@pytest.mark.asan
def test_c2_13_a_reload_drops_no_connection(instance, sink):
    with instance.client() as before:
        before.ehlo()
        before.begin("alice@example.test", "bob@example.org")
        instance.configure({"limits": {"message_size": 70000}})
        instance.reload()

        def new_limit():
            with instance.client() as after:
                return after.ehlo()["SIZE"] == "70000"
        until(new_limit, "the new limit")
        assert before.data(make_message(body="before and after")).code == 250
        assert before.send("alice@example.test", "bob@example.org", make_message()).code == 250
    sink.wait(2)


def test_c2_13_a_reload_says_what_waits_for_a_restart(instance, sink):
    hostname = instance.json("status")["hostname"]
    instance.configure({"hostname": "other.example.test", "limits": {"message_size": 70000, "memory": "32 MiB"}, "console": {"idle_time": 61}})
    answer = instance.json("reload")
    assert answer["restart_for"] == ["hostname", "console.idle_time"] and answer["not_opened"] == []
    assert "waits for a restart: hostname" in instance.cli("reload").stdout
    assert "daemon.restart_needed" in instance.log_text()
    assert instance.json("status")["restart_for"] == ["hostname", "console.idle_time"]
    assert "bulla.toml has changes that wait for a restart: hostname, console.idle_time" in instance.cli("status").stdout
    with instance.client() as client:
        assert client.ehlo()["SIZE"] == "70000"
    assert instance.json("status")["hostname"] == hostname, "half of a change is in force"
    instance.configure({"hostname": hostname, "console": {"idle_time": 60}})
    assert instance.json("reload")["restart_for"] == []
    assert instance.json("status")["restart_for"] == []
    instance.stop()
    assert "no daemon runs" in instance.cli("reload").stdout


def test_c2_13_a_reload_changes_the_log_level(instance, sink):
    instance.configure({"log_level": "error"})
    assert instance.json("reload")["restart_for"] == []
    lines = instance.log_text().count("daemon.reloaded")
    instance.json("reload")
    assert instance.log_text().count("daemon.reloaded") == lines, "information is logged at level error"
    instance.configure({"log_level": "info"})
    instance.json("reload")
    instance.json("reload")
    assert instance.log_text().count("daemon.reloaded") > lines


def test_c2_13_a_changed_file_is_a_revision_and_in_the_audit_log(instance, sink):
    revision = instance.json("reload")["revision"]
    assert instance.json("reload")["revision"] == revision, "nothing was changed"
    instance.configure({"limits": {"message_size": 70000}})
    assert instance.json("reload")["revision"] == revision + 1
    assert instance.json("reload")["revision"] == revision + 1
    noted = [row for row in instance.json("audit")["items"] if row["action"] == "config.reload"]
    assert len(noted) == 1 and noted[0]["target"] == str(instance.config_file)
    assert hashlib.sha256(instance.config_file.read_bytes()).hexdigest() in json.dumps(noted[0])


def test_c2_13_reloads_under_load_lose_nothing(instance, sink):
    end = threading.Event()

    def reloads():
        while not end.is_set():
            instance.reload()
            end.wait(0.05)
    thread = threading.Thread(target=reloads)
    thread.start()

    def session(n):
        with instance.client() as client:
            client.ehlo()
            for m in range(50):
                name = f"r{n}.{m}@example.org"
                assert client.send("alice@example.test", name, make_message(recipient=name)).code == 250
    try:
        in_threads(4, session)
    finally:
        end.set()
        thread.join()
    assert len({m.recipients[0] for m in sink.wait(200, 60)}) == 200


def test_c2_13_a_broken_configuration_never_replaces_a_working_one(instance, sink):
    good = instance.config_file.read_text()
    instance.config_file.write_text("hostname = \nlimits = 3\n")
    instance.reload()
    until(lambda: "bulla.toml:1:" in instance.log_text(), "the error in the log")
    assert instance.send().code == 250
    instance.config_file.write_text(good)
    sink.wait(1)

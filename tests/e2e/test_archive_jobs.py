"""Clause 11 through the API: many messages, or the whole archive, are verified as a job; and what the log says of keys that were used."""
import http.client
import json
import os
import pwd
import sqlite3

import pytest

from support.http import Console
from support.instance import until

PASSWORD = "correct horse battery staple"


@pytest.fixture
def served(make_instance, sink):
    made = make_instance(sink)
    made.trust_loopback()
    made.cli("account", "add", f"root@{made.domain}", "--role", "admin", "--password-stdin", data=PASSWORD.encode() + b"\n")
    made.cli("signer", "create", "main", "-t", "ed25519")
    made.archive_all("main")
    made.sign_dkim()
    return made.start()


@pytest.fixture
def console(served):
    with Console(served) as client:
        assert client.log_in(f"root@{served.domain}", PASSWORD).status == 201
        yield client


def send(served, sink, count=3):
    for _ in range(count):
        assert served.send().code == 250
    sink.wait(count)


def run(console, body):
    """The job after its end."""
    begun = console.ask("POST", "/messages/verify", body)
    assert begun.status == 202, begun.body
    path = f"/jobs/{begun.json()['id']}"
    return until(lambda: (job := console.get(path).json())["state"] != "running" and job, "the job's end")


def column(console, name):
    return [message[name] for message in console.get("/messages").json()["items"]]


def test_ARC_11_ARC_10_a_job_verifies_and_lists_show_it(served, console, sink):
    send(served, sink)
    assert column(console, "check") == ["disabled"] * 3 and column(console, "seal") == ["unchecked"] * 3
    assert console.ask("PUT", "/settings/signature_verification_enabled", {"value": "1"}).status == 200
    job = run(console, {"all": True})
    assert (job["state"], job["bad"], job["findings"]) == ("done", 0, [])
    assert job["done"] == job["total"] == console.get("/log").json()["size"]
    assert column(console, "check") == ["verified"] * 3 and column(console, "seal") == ["whole"] * 3
    assert console.ask("DELETE", f"/jobs/{job['id']}").status == 204
    assert console.get("/jobs/nothing").code == "job.missing"


def test_ARC_11_a_job_finds_what_was_changed(served, console, sink):
    send(served, sink)
    assert console.ask("PUT", "/settings/signature_verification_enabled", {"value": "1"}).status == 200
    ids = [message["id"] for message in console.get("/messages").json()["items"]]
    with sqlite3.connect(served.folder / "state" / "bulla.db", timeout=30) as database:
        assert database.execute("update message_signature set signature = 'AAAA' where message_id = (select min(message_id) from message_signature)").rowcount == 1
    job = run(console, {"ids": ids})
    assert (job["state"], job["done"], job["bad"]) == ("done", 3, 1)
    assert {(finding["id"], finding["check"]) for finding in job["findings"]} == {(ids[-1], "signature")}
    assert column(console, "check") == ["verified", "verified", "failed"]
    assert column(console, "seal") == ["whole"] * 3, "the signature is bad, the message is as it was"


def test_ARC_11_who_looks_on_is_told_of_a_job(served, console, sink):
    send(served, sink)
    connection = http.client.HTTPConnection("127.0.0.1", served.ports["console"], timeout=30)
    connection.request("GET", "/api/v1/events", headers={"Cookie": console.cookie})
    stream = connection.getresponse()
    assert stream.status == 200
    job = run(console, {"all": True})
    told = {}
    while told.get("state") != "done":
        line = stream.readline()
        assert line, told
        if line == b"event: job\n":
            told = json.loads(stream.readline()[6:])
    assert told == {name: value for name, value in job.items() if name != "findings"}
    connection.close()


def test_API_02_messages_of_an_older_program_are_found_after_a_start(served, sink):
    send(served, sink)
    served.wait_queue_empty()
    served.stop()
    with sqlite3.connect(served.folder / "state" / "bulla.db") as database:
        assert database.execute("delete from message_token").rowcount > 0
        database.execute("delete from meta where name = 'token_backfill'")
    served.start()
    with Console(served) as client:
        client.log_in(f"root@{served.domain}", PASSWORD)
        until(lambda: len(client.get("/messages?recipient=bob@example.org").json()["items"]) == 3, "the messages are found")
        assert not client.get("/messages?sender=bob@example.org").json()["items"]


def test_GW_06_the_log_says_which_keys_were_used_and_how_often(served, console, sink):
    send(served, sink)
    uses = console.get("/audit?action=key.").json()["items"]
    total = {}
    for entry in uses:
        assert (entry["actor"], entry["action"]) == ("system", "key.use")
        for part in entry["detail"].split(", "):
            purpose, fingerprint, times = part.split(" ")
            assert len(fingerprint) == 64
            total[purpose] = total.get(purpose, 0) + int(times)
    assert total["archive"] == 3 and total["dkim"] == 3
    assert not [entry for entry in console.get("/audit").json()["items"] if entry["action"] == "key.use"], "acts are not drowned in it"
    assert served.json("audit", "--action", "key.")["items"] == uses
    page = served.json("audit", "--limit", "1", "--action", "group.", "--actor", f"cli:{pwd.getpwuid(os.getuid()).pw_name}")
    assert page["items"][0]["action"] == "group.add" and "next" not in page
    assert served.cli("archive", "verify", "--all").returncode == 0

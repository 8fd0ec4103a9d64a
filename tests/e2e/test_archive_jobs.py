"""Clause 11 through the API: many messages, or the whole archive, are verified as a job; and what the log says of keys that were used."""
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
    assert served.cli("archive", "verify", "--all").returncode == 0

"""Clause 8: each of `bulla queue retry|hold|release|delete` does what it says, and lists come page by page."""
import pytest

from support.instance import DOMAIN, free_ports, until


@pytest.fixture
def waiting(make_instance):
    """Three deliveries that nobody takes: the next hop does not listen, and no mailbox can be made."""
    made = make_instance(None, config={"route": [
        {"name": "local", "match": ["local"], "exit": "maildir", "path": "/dev/null/{domain}/{local}"},
        {"name": "out", "match": ["*"], "exit": "smtp", "host": "127.0.0.1", "port": free_ports(1)[0], "tls": "opportunistic"}]})
    made.trust_loopback()
    made.start()
    for n in range(3):
        assert made.send(recipient=f"to{n}@example.org").code == 250
    until(lambda: all(i["attempts"] and not i["active"] for i in made.json("queue", "list")["items"]), "a failed attempt of each")
    yield made
    made.stop()


def test_c2_8_retry_tries_now_whatever_back_off_says(waiting):
    before = waiting.json("queue", "list")["items"][0]
    assert before["next_attempt"] > before["created"]
    waiting.cli("queue", "retry", before["id"])
    until(lambda: waiting.json("queue", "show", before["id"])["attempts"] > before["attempts"], "another attempt")


def test_c2_8_hold_stops_and_release_starts(waiting):
    held = waiting.json("queue", "list")["items"][1]
    waiting.cli("queue", "hold", held["id"])
    assert [i["id"] for i in waiting.json("queue", "list", "--state", "held")["items"]] == [held["id"]]
    waiting.cli("queue", "release", held["id"])
    assert waiting.json("queue", "list", "--state", "held")["items"] == []
    until(lambda: waiting.json("queue", "show", held["id"])["attempts"] > held["attempts"], "an attempt after the release")


def test_c2_8_delete_gives_up_and_tells_the_sender_if_asked(waiting):
    first, second, third = (i["id"] for i in waiting.json("queue", "list")["items"])
    waiting.cli("queue", "delete", first, second)
    assert [i["id"] for i in waiting.json("queue", "list")["items"]] == [third]
    done = waiting.cli("queue", "delete", first, check=False)
    assert done.returncode == 2 and first in done.stderr
    waiting.cli("queue", "delete", third, "--notify")
    notice = until(lambda: [i for i in waiting.json("queue", "list")["items"] if i["from"] == ""], "a notice on its way to the sender")
    assert notice[0]["recipients"] == [f"alice@{DOMAIN}"]


def test_c2_8_no_delivery_is_given_up_without_the_notice_that_was_asked_for(waiting):
    waiting.stop()
    first = waiting.json("queue", "list")["items"][0]["id"]
    done = waiting.cli("queue", "delete", first, "--notify", check=False)
    assert done.returncode != 0 and "while the daemon runs" in done.stderr
    assert first in [i["id"] for i in waiting.json("queue", "list")["items"]]
    waiting.cli("queue", "delete", first)
    assert first not in [i["id"] for i in waiting.json("queue", "list")["items"]]


def test_c2_8_lists_come_page_by_page(waiting):
    ids = [i["id"] for i in waiting.json("queue", "list")["items"]]
    found, cursor = [], []
    while True:
        page = waiting.json("queue", "list", "--limit", "2", *cursor)
        found += [i["id"] for i in page["items"]]
        if "next" not in page:
            break
        cursor = ["--after", page["next"]]
    assert found == ids == sorted(ids)
    done = waiting.cli("queue", "list", "--after", "x", check=False)
    assert done.returncode == 2 and "cursor" in done.stderr


def test_c2_8_a_delivery_that_is_not_there_is_named(waiting):
    for action in ("show", "retry", "hold", "release", "delete"):
        done = waiting.cli("queue", action, "0000000000000", check=False)
        assert done.returncode == 2 and "0000000000000" in done.stderr and "queue list" in done.stderr, (action, done.stderr)

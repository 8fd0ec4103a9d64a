"""Issue 4, clause 4: the milter door, packet by packet, with the whole program behind it."""
import socket
import struct
import tomllib

import pytest

from support.instance import free_ports, until
from support.milter import MilterPeer, packet
from support.smtp import make_message


@pytest.fixture
def make_milter(make_instance):
    """An instance with a milter at a unix socket, `path`; `more` for its listener."""

    def make(sink=None, start=True, **more):
        made = make_instance(sink)
        made.path = made.folder / "milter.sock"
        listeners = tomllib.loads(made.config_file.read_text())["listener"]
        listeners.append({"address": f"unix:{made.path}", "role": "milter", **more})
        made.configure({"listener": listeners})
        made.trust_loopback()
        if start:
            made.start()
        return made

    return make


def inserted(answers):
    return [data[4:].split(b"\0")[0].decode() for command, data in answers if command == "i"]


def step(shown, name):
    return dict(next(s["facts"] for s in shown["trace"]["stages"] if s["stage"] == name))


def test_c4_4_one_copy_is_signed_in_place_and_its_record_says_so(make_milter, sink):
    made = make_milter(sink, start=False)
    made.sign_dkim()
    made.archive_all()
    made.start()
    message = make_message(f"alice@{made.domain}", "bob@example.org")
    with MilterPeer(made.path) as peer:
        answers = peer.send(f"alice@{made.domain}", "bob@example.org", message, queue_id="4ABC")
        assert inserted(answers) == ["DKIM-Signature"] and answers[-1][0] == "c"
        # Several messages a connection, aborts between them, another client of the mail server.
        peer.begin("x@example.org", "bob@example.org", message)
        peer.write(packet("A"))
        peer.write(packet("K"))
        peer.connect("192.0.2.7")
        outside = peer.send("x@example.org", f"alice@{made.domain}", message)
        assert outside == [("c", b"")]
    records = made.archive()
    assert len(records) == 2
    shown = [made.json("archive", "show", r["id"]) for r in records]
    inside = next(s for s in shown if step(s, "identify")["direction"] == "outbound")
    assert step(inside, "decide")["handed"] == "back to the mail server"
    assert step(inside, "identify")["queue id there"] == "4ABC"
    assert step(inside, "seal")["deliveries"] == "0"
    assert made.queue() == [] and sink.accepted() == []
    done = made.cli("archive", "verify", "--all", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_c4_4_without_archive_the_message_leaves_a_trace_alone(make_milter):
    made = make_milter(start=False)
    made.sign_dkim()
    made.start()
    with MilterPeer(made.path) as peer:
        answers = peer.send(f"alice@{made.domain}", "bob@example.org", make_message(f"alice@{made.domain}", "bob@example.org"))
    assert inserted(answers) == ["DKIM-Signature"]
    assert made.archive() == [] and made.queue() == []


def test_c4_4_what_is_taken_over_is_discarded_and_delivered_by_bulla(make_milter, sink):
    made = make_milter(sink, start=False, take_over=True)
    made.sign_dkim()
    made.archive_all()
    made.start()
    message = make_message(f"alice@{made.domain}", "bob@example.org")
    with MilterPeer(made.path) as peer:
        answers = peer.send(f"alice@{made.domain}", ["bob@example.org", "eve@example.net"], message)
        # Sender and recipients are answered one by one.
        assert [c for c, _ in answers] == ["c"]
        assert [peer.answer()[0][0] for _ in range(3)] == ["c", "c", "d"]
    got = sink.wait(1)[0]
    assert sorted(got.recipients) == ["bob@example.org", "eve@example.net"]
    assert got.data.startswith(b"DKIM-Signature:") and b"Received: from client.example" in got.data
    assert got.data.endswith(message)
    made.wait_queue_empty()


def test_c4_4_a_peer_that_dies_before_the_answer_leaves_no_delivery(make_milter, sink):
    made = make_milter(sink, start=False, take_over=True)
    made.archive_all()
    made.start()
    message = make_message(f"alice@{made.domain}", "bob@example.org")
    peer = MilterPeer(made.path)
    peer.begin(f"alice@{made.domain}", "bob@example.org", message)
    peer.write(packet("E"))
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    until(lambda: "milter.lost" in made.log_text(), "the door to see it")
    made.wait_queue_empty()
    # Its client comes again, to another process of the mail server.
    with MilterPeer(made.path) as again:
        again.send(f"alice@{made.domain}", "bob@example.org", message)
        assert [again.answer()[0][0] for _ in range(2)] == ["c", "d"]
    sink.wait(1)
    made.wait_queue_empty()
    assert len(sink.accepted()) == 1


def test_c4_4_log_ins_of_the_mail_server_are_accounts_here(make_milter):
    made = make_milter(start=False)
    made.cli("settings", "set", "trusted_networks", "")
    made.sign_dkim()
    address, _ = made.add_account("alice")
    made.start()
    message = make_message(address, "bob@example.org")
    with MilterPeer(made.path) as peer:
        assert inserted(peer.send(address, "bob@example.org", message)) == []
        assert inserted(peer.send(address, "bob@example.org", message, login=address)) == ["DKIM-Signature"]
        # A log-in does not hold for the next message.
        assert inserted(peer.send(address, "bob@example.org", message)) == []
        for login, sender, words in ((address, f"carol@{made.domain}", b"550 5.7.1"), ("zoe", address, b"550 5.7.1 The log-in zoe")):
            command, data = peer.send(sender, "bob@example.org", message, login=login)[-1]
            assert command == "y" and data.startswith(words)


def test_c4_4_a_submission_gets_what_it_lacks_under_the_signature(make_milter):
    made = make_milter(start=False)
    made.sign_dkim()
    address, _ = made.add_account("alice")
    made.start()
    with MilterPeer(made.path) as peer:
        answers = peer.send(address, "bob@example.org", f"From: {address}\r\n\r\nx\r\n".encode(), login=address)
    assert sorted(inserted(answers)) == ["DKIM-Signature", "Date", "Message-ID"]


def test_c4_4_limits_hold_and_other_messages_go_on(make_milter):
    made = make_milter(start=False)
    made.configure({"limits": {"message_size": 65536, "connections": 3}})
    made.start()
    with MilterPeer(made.path) as peer:
        big = make_message("a@example.org", "b@example.org") + b"x" * 70 + b"\r\n"
        refused = peer.send("a@example.org", "b@example.org", big + big * 1000)
        assert refused[-1][1].startswith(b"552 5.3.4")
        assert peer.send("a@example.org", "b@example.org", make_message("a@example.org", "b@example.org"))[-1][0] == "c"
        with MilterPeer(made.path), MilterPeer(made.path):
            with pytest.raises((AssertionError, OSError)):
                MilterPeer(made.path)
        # A packet that the protocol does not have ends the connection.
        peer.write(struct.pack(">I", 0xFFFFFFF0) + b"O")
        assert peer.read() == ("", b"")
    with MilterPeer(made.path) as peer:
        assert peer.send("a@example.org", "b@example.org", make_message("a@example.org", "b@example.org"))[-1][0] == "c"


def test_c4_4_a_milter_on_the_network_hears_whom_it_knows(make_instance):
    made = make_instance()
    port = free_ports(1)[0]
    listeners = tomllib.loads(made.config_file.read_text())["listener"]
    made.configure({"listener": [*listeners, {"address": "127.0.0.1", "port": port, "role": "milter"}]})
    refused = made.run("serve", "-c", str(made.config_file), check=False)
    assert refused.returncode != 0 and "anybody could claim any log-in" in refused.stderr
    made.configure({"listener": [*listeners, {"address": "127.0.0.1", "port": port, "role": "milter", "xforward_hosts": ["127.0.0.1"]}]})
    made.start()
    with MilterPeer(port) as peer:
        assert peer.send("a@example.org", "b@example.org", make_message("a@example.org", "b@example.org"))[-1][0] == "c"
    # A reload closes and opens milters like other doors.
    made.configure({"listener": [*listeners, {"address": "127.0.0.1", "port": port, "role": "milter", "xforward_hosts": ["192.0.2.1"]}]})
    made.reload()

    def is_closed():
        try:
            MilterPeer(port).close()
        except (AssertionError, OSError):
            return True
        return False

    until(is_closed, "the new setting")

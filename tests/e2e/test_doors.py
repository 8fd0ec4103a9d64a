"""Clauses 5 and 13: who is a recipient, limits that are counted, and doors that come and go with a reload."""
import contextlib
import os
import re
import socket
import tomllib

from support.instance import free_ports, in_threads, until
from support.sink import Sink
from support.smtp import Client, make_message


def rcpt(instance, address, role="inbound"):
    with instance.client(role) as client:
        client.ehlo()
        client.expect(250, "MAIL FROM:<x@elsewhere.example>")
        reply = client.command(f"RCPT TO:<{address}>")
    return reply.code, reply.enhanced


def test_c2_5_mail_for_nobody_is_refused_at_rcpt(instance):
    for role in ("inbound", "relay"):
        assert rcpt(instance, "nobody@example.test", role) == (550, "5.1.1")
        assert rcpt(instance, "Admin@Example.Test", role) == (250, "2.1.5")
        assert rcpt(instance, "postmaster@example.test", role) == (250, "2.1.5")
    instance.cli("settings", "set", "unknown_recipients", "accept", "--domain", "example.test")
    assert rcpt(instance, "nobody@example.test") == (250, "2.1.5")
    instance.cli("settings", "set", "unknown_recipients", "refuse", "--domain", "example.test")
    assert rcpt(instance, "nobody@example.test") == (550, "5.1.1")
    instance.cli("settings", "reset", "unknown_recipients", "--domain", "example.test")
    instance.add_account("nobody")
    assert rcpt(instance, "nobody@example.test") == (250, "2.1.5")


def test_c2_5_a_gateway_leaves_unknown_recipients_to_the_server_behind_it(make_instance, sink):
    made = make_instance(sink)
    routes = tomllib.loads(made.config_file.read_text())["route"]
    made.configure({"route": [{"name": "behind", "match": ["local"], "exit": "smtp", "host": "127.0.0.1", "port": sink.port}, *routes[1:]]})
    made.start()
    assert made.send("x@elsewhere.example", "whoever@example.test", role="inbound").code == 250
    assert sink.wait(1)[0].recipients == ["whoever@example.test"]


def test_c2_5_limits_are_counted(instance):
    with instance.client("inbound") as client:
        client.ehlo()
        client.expect(250, "MAIL FROM:<x@elsewhere.example>")
        client.expect(500, "NOOP " + "x" * 5000)
    until(lambda: instance.json("status")["metrics"]["bulla_smtp_limit_command_octets_total"] == 1, "the limit to be counted")


# Reload

def listeners(instance):
    return tomllib.loads(instance.config_file.read_text())["listener"]


def answers(port):
    try:
        with Client(port) as client:
            return client.greeting.code == 220
    except OSError:
        return False


def test_c2_13_a_reload_opens_and_closes_listeners(instance):
    old, port = instance.ports["inbound"], free_ports(1)[0]
    with instance.client("inbound") as standing:
        standing.ehlo()
        instance.configure({"listener": [*(one for one in listeners(instance) if one["port"] != old),
                                         {"address": "127.0.0.1", "port": port, "role": "inbound", "tls": "none"}]})
        instance.reload()
        until(lambda: answers(port), "the new listener")
        until(lambda: not answers(old), "the old listener to be closed")
        assert sorted(instance.json("status")["listeners"]) == sorted(f"127.0.0.1:{one['port']}" for one in listeners(instance))
        # What stands goes on.
        assert standing.send("x@elsewhere.example", "admin@example.test", make_message("x@elsewhere.example", "admin@example.test")).code == 250
    with Client(port) as client:
        assert "STARTTLS" not in client.ehlo()
        assert client.send("x@elsewhere.example", "admin@example.test", make_message("x@elsewhere.example", "admin@example.test")).code == 250
    # And back: a closed door is opened again.
    instance.configure({"listener": [*(one for one in listeners(instance) if one["port"] != port),
                                     {"address": "127.0.0.1", "port": old, "role": "inbound", "tls": "starttls"}]})
    instance.reload()
    until(lambda: answers(old), "the old listener again")
    assert "STARTTLS" in (client := instance.client("inbound")).ehlo()
    client.close()


def test_c2_13_a_listener_that_changes_keeps_its_port(instance):
    changed = listeners(instance)
    for one in changed:
        if one["role"] == "inbound":
            one["role"], one["tls"] = "submission", "none"
    with instance.client("inbound") as standing:
        standing.ehlo()
        instance.configure({"listener": changed})
        instance.reload()
        until(lambda: rcpt_is(instance, 530), "the new role")
        standing.expect(250, "MAIL FROM:<x@elsewhere.example>")


def rcpt_is(instance, code):
    with instance.client("inbound") as client:
        client.ehlo()
        return client.command("MAIL FROM:<x@elsewhere.example>").code == code


def test_c2_13_a_listener_that_cannot_be_opened_is_told_and_the_rest_holds(instance):
    port = free_ports(1)[0]
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        instance.configure({"listener": [*listeners(instance), {"address": "127.0.0.1", "port": taken, "role": "inbound"},
                                         {"address": "127.0.0.1", "port": port, "role": "inbound"}]})
        instance.reload()
        until(lambda: "door.not_opened" in instance.log_text(), "the failure in the log")
    assert re.search(rf"door\.not_opened.*{taken}", instance.log_text())
    assert str(taken) in instance.json("status")["not_opened"][0]
    assert re.search(rf"listener not opened: .*{taken}", instance.cli("status").stdout)
    until(lambda: answers(port), "the listener after it")


def test_c2_13_two_reloads_at_once(instance):
    """Changes over the socket and SIGHUPs cross: the last of each counts, and nothing gets stuck."""
    ports = free_ports(4)

    def change(n):
        if n == 0:
            for port in ports:
                instance.configure({"listener": [*listeners(instance), {"address": "127.0.0.1", "port": port, "role": "inbound"}]})
                instance.reload()
        else:
            instance.add_account(f"user{n}")
            os.kill(instance.pid, 1)
    in_threads(4, change)
    instance.reload()
    for port in ports:
        until(lambda at=port: answers(at), "each listener")
    for n in range(1, 4):
        assert rcpt(instance, f"user{n}@example.test") == (250, "2.1.5")


# Root

def test_c2_13_a_daemon_stays_root_only_when_told(make_instance):
    made = make_instance()
    assert 'user = "root"' in made.config_file.read_text() and "will run as root" in made.init_output
    made.configure({"user": ""})
    done = made.run("serve", "-c", str(made.config_file), check=False)
    assert done.returncode == 3 and "process.is_root" in done.stderr


# The exit

def test_c2_8_a_connection_that_the_next_hop_closed_is_not_used_again(make_instance, certificate):
    with contextlib.closing(Sink(certificate=certificate)) as sink:
        made = make_instance(sink)
        made.trust_loopback()
        made.start()
        for n in range(1, 4):
            assert made.send().code == 250
            assert all(m.tls for m in sink.wait(n))
            made.wait_queue_empty()
            sink.drop_connections()
        assert "queue.deferred" not in made.log_text()
        assert sink.connections == 3

"""Clause 5 through sockets: commands, roles, limits, TLS, log-in; what the parser alone decides is proved beside it in src/smtp."""
import base64
import re
import smtplib
import socket
import ssl

import pytest

from support.instance import in_threads, until
from support.smtp import Client, make_message

pytestmark = pytest.mark.asan


def test_c2_5_ehlo_offers_what_is_promised(instance):
    with instance.client() as client:
        assert client.greeting.code == 220
        offered = client.ehlo()
    assert {"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN", "CHUNKING", "STARTTLS"} <= set(offered)
    assert int(offered["SIZE"]) == 50 << 20
    with instance.client("filter") as client:
        assert "XFORWARD" in client.ehlo()


def test_c2_5_a_message_by_data_arrives(instance, sink):
    message = make_message(body="One.\n.two\n..three\n")
    reply = instance.send(message=message)
    assert reply.code == 250 and reply.enhanced == "2.0.0"
    received = sink.wait(1)[0]
    assert received.sender == "alice@example.test" and received.recipients == ["bob@example.org"]
    assert received.data.endswith(message)


def test_c2_5_the_250_names_the_message(instance, sink):
    instance.archive_all()
    reply = instance.send()
    sink.wait(1)
    identifier = re.search(r"\b[0-9A-HJKMNP-TV-Z]{13}\b", reply.text)[0]
    assert identifier in [row["id"] for row in instance.archive()]


def test_c2_5_a_message_by_bdat_arrives(instance, sink):
    message = make_message(body="In chunks.\n.\nnot the end\n")
    with instance.client() as client:
        client.ehlo()
        client.begin("alice@example.test", "bob@example.org")
        client.raw(b"BDAT 40\r\n" + message[:40])
        assert client.reply().code == 250
        client.raw(b"BDAT %d\r\n" % (len(message) - 40) + message[40:] + b"BDAT 0 LAST\r\n")
        assert [client.reply().code, client.reply().code] == [250, 250]
    assert sink.wait(1)[0].data.endswith(message)


def test_c2_5_data_after_bdat_is_refused(instance):
    with instance.client() as client:
        client.ehlo()
        client.begin("alice@example.test", "bob@example.org")
        client.raw(b"BDAT 3\r\nabc")
        assert client.reply().code == 250
        assert client.command("DATA").code == 503


def test_c2_5_pipelined_commands_are_answered_in_order(instance, sink):
    with instance.client() as client:
        client.ehlo()
        client.raw(b"MAIL FROM:<alice@example.test>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<bad\r\nRCPT TO:<c@example.org>\r\nDATA\r\n")
        assert [client.reply().code for _ in range(5)] == [250, 250, 501, 250, 354]
        client.raw(make_message() + b".\r\nQUIT\r\n")
        assert client.reply().code == 250
        assert client.reply().code == 221
    assert sink.wait(1)[0].recipients == ["bob@example.org", "c@example.org"]


@pytest.mark.parametrize("line,code", [
    ("NOOP", 250), ("RSET", 250), ("VRFY bob", 252), ("HELP", 214), ("EXPN list", 502), ("WHAT", 500), ("MAIL FROM:alice", 501),
    ("MAIL FROM:<alice@example.test> BODY=WRONG", 555), ("MAIL FROM:<alice@example.test> NEW=1", 555), ("RCPT TO:<bob@example.org>", 503),
    ("DATA", 503), ("MAIL FROM:<alice@example.test> SIZE=52428800", 250), ("MAIL FROM:<alice@example.test> SIZE=52428801", 552),
    ("STARTTLS now", 501), ("AUTH WRONG", 504), ("XFORWARD NAME=a", 550), ("BDAT x", 501),
    ("MAIL FROM:<j\u00f6rg@example.test>", 550), ("MAIL FROM:<alice@example.test> BODY=BINARYMIME", 555),
])
def test_c2_5_replies_to_commands(instance, line, code):
    with instance.client() as client:
        client.ehlo()
        assert client.command(line).code == code


def test_c2_5_helo_works_without_extensions(instance, sink):
    with instance.client() as client:
        assert client.expect(250, "HELO client.example").lines
        assert client.send("alice@example.test", "bob@example.org", make_message()).code == 250
    assert b"with SMTP " in sink.wait(1)[0].data


def test_c2_5_mail_before_ehlo_is_refused(instance):
    with instance.client() as client:
        assert client.command("MAIL FROM:<alice@example.test>").code == 503


@pytest.mark.parametrize("body", [b"a\nb\r\n", b"a\rb\r\n", b"\n.\n", b"a\r\n.\nMAIL FROM:<x@y.example>\r\n", b"\r\n.\r", b"\n.\r\n", b"\r.\r\n",
                                  b"a\r\r\n"])
def test_c2_5_only_crlf_dot_crlf_ends_data(instance, sink, body):
    """Each of the ends that other servers took: the whole is one message, and refused for its bare line ends."""
    with instance.client() as client:
        client.ehlo()
        client.begin("alice@example.test", "bob@example.org")
        client.expect(354, "DATA")
        client.raw(make_message() + body + b"rest\r\n.\r\n")
        reply = client.reply()
        assert reply.code == 550 and reply.enhanced.startswith("5.6")
        assert client.command("NOOP").code == 250, "something was left of the message"
    assert not sink.messages


def test_c2_5_bare_newlines_are_repaired_by_setting(instance, sink):
    instance.cli("settings", "set", "bare_newlines", "repair")
    with instance.client() as client:
        client.ehlo()
        client.begin("alice@example.test", "bob@example.org")
        client.expect(354, "DATA")
        client.raw(make_message() + b"one\ntwo\n.\nthree\r\n.\r\n")
        assert client.reply().code == 250
        assert client.command("NOOP").code == 250
    data = sink.wait(1)[0].data
    assert b"one\r\ntwo\r\n.\r\nthree\r\n" in data
    assert b"\n" not in data.replace(b"\r\n", b"")


def test_c2_5_a_nul_octet_is_refused(instance, sink):
    for message in (make_message() + b"a\0b\r\n", b"X-A: a\0b\r\n" + make_message()):
        with instance.client() as client:
            client.ehlo()
            reply = client.send("alice@example.test", "bob@example.org", message)
            assert (reply.code, reply.enhanced) == (554, "5.6.0") and "NUL" in str(reply)
            assert client.command("NOOP").code == 250
    assert not sink.messages


def test_c2_5_a_nul_octet_is_left_out_by_setting(instance, sink):
    instance.cli("settings", "set", "bare_newlines", "repair")
    with instance.client() as client:
        client.ehlo()
        message = b"X-A: a\0b\r\n" + make_message() + b"c\0d\r\n\0.\r\ne\r\n"
        assert client.send("alice@example.test", "bob@example.org", message).code == 250
    data = sink.wait(1)[0].data
    assert b"\0" not in data and b"X-A: ab\r\n" in data and b"cd\r\n.\r\ne\r\n" in data


# TLS and log-in


def test_c2_5_starttls_with_the_generated_certificate(instance, sink):
    with instance.client() as client:
        client.ehlo()
        after = client.starttls()
        assert "STARTTLS" not in after and "AUTH" in after
        assert client.send("alice@example.test", "bob@example.org", make_message()).code == 250
    assert b"with ESMTPS " in sink.wait(1)[0].data


def test_c2_5_the_generated_certificate_outlives_a_restart(make_instance, sink):
    made = make_instance(sink)
    shown = []
    for _ in range(2):
        made.start()
        with made.client() as client:
            client.ehlo()
            client.starttls()
            shown.append(client.socket.getpeercert(binary_form=True))
        made.stop()
    assert shown[0] and shown[0] == shown[1]


def test_c2_5_what_came_in_clear_before_starttls_is_dropped(instance):
    with instance.client() as client:
        client.ehlo()
        client.raw(b"STARTTLS\r\nEHLO injected.example\r\nMAIL FROM:<alice@example.test>\r\n")
        assert client.reply().code == 220
        client._wrap()
        client.file = client.socket.makefile("rb")
        # Had the injected lines been kept, their replies would come first, and MAIL would be a second one.
        client.raw(b"NOOP\r\n")
        assert client.reply().code == 250
        assert client.command("MAIL FROM:<alice@example.test>").code == 503
        client.ehlo()
        client.expect(250, "MAIL FROM:<alice@example.test>")


def test_c2_5_starttls_forgets_the_transaction(instance):
    with instance.client() as client:
        client.ehlo()
        client.expect(250, "MAIL FROM:<alice@example.test>")
        client.starttls()
        assert client.command("RCPT TO:<bob@example.org>").code == 503


def test_c2_5_old_tls_is_refused(instance):
    with instance.client() as client:
        client.ehlo()
        client.expect(220, "STARTTLS")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, OSError)):
            context.wrap_socket(client.socket)


@pytest.mark.parametrize("mechanism", ["plain", "login", "plain-in-two"])
def test_c2_5_a_log_in_under_tls(instance, sink, mechanism):
    address, password = instance.add_account("alice")
    with instance.client("submission") as client:
        client.ehlo()
        client.starttls()
        assert client.command("MAIL FROM:<alice@example.test>").code == 530
        if mechanism == "plain-in-two":
            client.expect(334, "AUTH PLAIN")
            reply = client.command(base64.b64encode(f"\0{address}\0{password}".encode()).decode())
        else:
            reply = getattr(client, f"auth_{mechanism}")(address, password)
        assert reply.code == 235
        assert client.send(address, "bob@example.org", make_message()).code == 250
    assert b"with ESMTPSA " in sink.wait(1)[0].data


def test_c2_5_smtplib_logs_in_and_sends(instance, sink):
    address, password = instance.add_account("alice")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP("127.0.0.1", instance.ports["submission"]) as client:
        client.starttls(context=context)
        client.login(address, password)
        client.sendmail(address, ["bob@example.org"], make_message())
    sink.wait(1)


def test_c2_5_wrong_passwords_end_the_session(instance):
    address, _ = instance.add_account("alice")
    with instance.client("submission") as client:
        client.ehlo()
        client.starttls()
        codes = []
        while len(codes) < 10 and 421 not in codes:
            codes.append(client.auth_plain(address, "wrong").code)
        assert codes == [535] * 3 + [421]
        assert client.closed()


def test_c2_5_the_limit_of_log_ins_is_exact(make_instance, sink):
    made = limited(make_instance, sink, auth_attempts=2)
    address, password = made.add_account("alice")
    for wrong, last in ((1, 235), (2, 421)):
        with made.client("submission") as client:
            client.ehlo()
            client.starttls()
            assert [client.auth_plain(address, "wrong").code for _ in range(wrong)] == [535] * wrong
            assert client.auth_plain(address, password).code == last, wrong


def test_c2_5_a_burst_of_wrong_passwords_is_throttled_and_mail_goes_on(make_instance, sink):
    made = limited(make_instance, sink, connections_per_client=100)
    address, _ = made.add_account("alice")
    made.sign_dkim()
    clients = [made.client("submission", seconds=60) for _ in range(24)]
    for client in clients:
        client.ehlo()
    token = base64.b64encode(f"\0{address}\0wrong".encode()).decode()
    for client in clients:
        client.raw(f"AUTH PLAIN {token}\r\n")
    assert made.send().code == 250
    replies = [client.reply() for client in clients]
    codes = [reply.code for reply in replies]
    assert set(codes) == {454, 535}
    # Three are free; three more, looked at together, have turns at 1, 2 and 3 s; as each fails one more comes in, at 4, 6 and 11 s;
    # then every turn would be more than 8 s away.
    assert 3 <= codes.count(535) <= 9, codes
    assert {reply.enhanced for reply in replies if reply.code == 454} == {"4.7.0"}
    for client in clients:
        client.close()


def test_c2_5_an_unknown_account_gets_the_same_reply(instance):
    address, _ = instance.add_account("alice")
    replies = []
    for name in (address, "nobody@example.test"):
        with instance.client("submission") as client:
            client.ehlo()
            client.starttls()
            replies.append(repr(client.auth_plain(name, "wrong")))
    assert replies[0] == replies[1]


def test_c2_5_auth_in_clear_is_for_loopback_only(make_instance, sink):
    """PROXY says that the client is elsewhere: then a log-in without TLS is refused, and not even offered."""
    made = make_instance(sink)
    made.configure({"listener": [{"address": "127.0.0.1", "port": made.ports["submission"], "role": "submission", "tls": "starttls",
                                  "proxy_protocol": True, "proxy_hosts": ["127.0.0.1"]}]})
    made.start()
    address, password = made.add_account("alice")
    for source, allowed in (("127.0.0.1", True), ("192.0.2.1", False)):
        with Client(made.ports["submission"], greet=False) as client:
            client.raw(f"PROXY TCP4 {source} 192.0.2.2 4000 587\r\n")
            assert client.reply().code == 220
            assert ("AUTH" in client.ehlo()) == allowed
            assert client.auth_plain(address, password).code == (235 if allowed else 538)


# Roles


def test_c2_5_submission_asks_for_a_log_in(instance):
    with instance.client("submission") as client:
        client.ehlo()
        reply = client.command("MAIL FROM:<alice@example.test>")
        assert (reply.code, reply.enhanced) == (530, "5.7.0")


def test_c2_5_a_log_in_must_own_sender_and_from(instance, sink):
    address, password = instance.add_account("alice")
    instance.add_account("carol")

    def attempt(sender, header_from):
        with instance.client("submission") as client:
            client.ehlo()
            client.starttls()
            assert client.auth_plain(address, password).code == 235
            reply = client.command(f"MAIL FROM:<{sender}>")
            if reply.code == 250:
                client.expect(250, "RCPT TO:<bob@example.org>")
                reply = client.data(make_message(header_from))
            return reply

    assert attempt(address, address).code == 250
    for sender, header_from in ((address, "carol@example.test"), ("carol@example.test", address),
                                (address, "x@elsewhere.example"), (address, f"{address}>, <carol@example.test")):
        reply = attempt(sender, header_from)
        assert (reply.code, reply.enhanced) == (550, "5.7.1"), (sender, header_from)
    assert len(sink.wait(1)) == 1


def test_c2_5_relay_wants_a_trusted_network_or_a_log_in(make_instance, sink):
    made = make_instance(sink).start()
    with made.client() as client:
        client.ehlo()
        reply = client.command("MAIL FROM:<alice@example.test>")
        assert (reply.code, reply.enhanced) == (550, "5.7.1")
    made.trust_loopback()
    assert made.send().code == 250


def test_c2_5_inbound_takes_mail_for_local_domains_only(instance):
    with instance.client("inbound") as client:
        client.ehlo()
        client.expect(250, "MAIL FROM:<x@elsewhere.example>")
        reply = client.command("RCPT TO:<bob@example.org>")
        assert (reply.code, reply.enhanced) == (550, "5.7.1")
        client.expect(250, "RCPT TO:<admin@example.test>")
        assert client.data(make_message("x@elsewhere.example", "admin@example.test")).code == 250
    assert b"Hello." in instance.wait_maildir("admin")[0]


def test_c2_5_outside_mail_with_a_local_from_is_not_signed(instance):
    instance.sign_dkim()
    with instance.client("inbound") as client:
        client.ehlo()
        assert client.send("alice@example.test", "admin@example.test", make_message("alice@example.test", "admin@example.test")).code == 250
    assert b"DKIM-Signature:" not in instance.wait_maildir("admin")[0]


def test_c2_5_xforward_gives_the_filter_the_client(instance, sink):
    with instance.client("filter") as client:
        client.ehlo()
        client.expect(250, "XFORWARD NAME=far.example ADDR=192.0.2.7 HELO=far.helo.example PROTO=ESMTP SOURCE=REMOTE")
        assert client.send("x@elsewhere.example", "admin@example.test", make_message("x@elsewhere.example", "admin@example.test")).code == 250
    received = instance.wait_maildir("admin")[0]
    assert b"192.0.2.7" in received and b"far.helo.example" in received


def test_c2_5_xforward_from_others_is_refused(make_instance, sink):
    made = make_instance(sink)
    made.configure({"listener": [{"address": "127.0.0.1", "port": made.ports["filter"], "role": "filter", "xforward_hosts": ["192.0.2.1"]}]})
    made.start()
    with made.client("filter") as client:
        assert "XFORWARD" not in client.ehlo()
        assert client.command("XFORWARD ADDR=192.0.2.7").code == 550


def test_c2_5_addresses_of_hosts_are_refused_by_name(instance):
    with instance.client() as client:
        client.ehlo()
        reply = client.command("MAIL FROM:<u@[127.0.0.1]>")
        assert (reply.code, reply.enhanced) == (550, "5.1.8")
        client.expect(250, "MAIL FROM:<alice@example.test>")
        for address in ("u@[127.0.0.1]", "u@[IPv6:2001:db8::1]"):
            reply = client.command(f"RCPT TO:<{address}>")
            assert (reply.code, reply.enhanced) == (550, "5.1.2")
        assert client.command("RCPT TO:<u@[::1]>").code == 553


def test_c2_5_ipv6(make_instance, sink):
    made = make_instance(sink)
    made.configure({"listener": [{"address": "::1", "port": made.ports["relay"], "role": "relay"}]})
    made.trust_loopback()
    made.start()
    with Client(made.ports["relay"], host="::1") as client:
        client.ehlo("[IPv6:::1]")
        assert client.send("alice@example.test", "bob@example.org", make_message()).code == 250
    assert b"[IPv6:::1]" in sink.wait(1)[0].data


# Limits, at the limit and one past it


def limited(make_instance, sink, **limits):
    made = make_instance(sink, config={"limits": limits})
    made.trust_loopback()
    return made.start()


def test_c2_5_limit_message_size(make_instance, sink):
    made = limited(make_instance, sink, message_size=65536)
    message = make_message(body="x")
    filler = (b"y" * 70 + b"\r\n") * 2000
    exact = message + filler[:65536 - len(message) - 2] + b"\r\n"
    assert len(exact) == 65536
    exact = exact.replace(b"\r\r\n", b"z\r\n")
    with made.client() as client:
        client.ehlo()
        assert client.send("alice@example.test", "bob@example.org", exact).code == 250
        assert client.send("alice@example.test", "bob@example.org", b"X: y\r\n" + exact).code == 552
        client.begin("alice@example.test", "bob@example.org")
        client.raw(b"BDAT 65542 LAST\r\nX: y\r\n" + exact)
        assert client.reply().code == 552
        assert client.command("NOOP").code == 250
    assert len(sink.wait(1)) == 1


def test_c2_5_limit_recipients(make_instance, sink):
    made = limited(make_instance, sink, recipients=100)
    with made.client() as client:
        client.ehlo()
        client.begin("alice@example.test", *(f"r{n}@example.org" for n in range(100)))
        reply = client.command("RCPT TO:<r100@example.org>")
        assert (reply.code, reply.enhanced) == (452, "4.5.3")
        assert client.data(make_message()).code == 250
    assert sum(len(m.recipients) for m in sink.wait(1)) == 100


def test_c2_5_limit_line(make_instance, sink):
    made = limited(make_instance, sink, line_octets=1000)
    assert made.send(message=make_message(body="x" * 998)).code == 250
    reply = made.send(message=make_message(body="x" * 999))
    assert (reply.code, reply.enhanced) == (550, "5.6.0")


def test_c2_5_limit_header_fields_and_size(make_instance, sink):
    made = limited(make_instance, sink, header_fields=50, header_size=16384)
    own = 5
    assert made.send(message=make_message(extra="X: y\r\n" * (50 - own))).code == 250
    assert made.send(message=make_message(extra="X: y\r\n" * (51 - own))).code == 552
    filler = ("X: " + "y" * 995 + "\r\n") * 16
    room = 16384 - len(make_message().partition(b"\r\n\r\n")[0]) - 2 - len(filler)
    for octets, code in ((room, 250), (room + 1, 552)):
        message = make_message(extra=filler + "X: " + "y" * (octets - 5) + "\r\n")
        assert len(message.partition(b"\r\n\r\n")[0]) + 2 == 16384 - room + octets
        assert made.send(message=message).code == code, octets


def test_c2_5_limit_command_line(make_instance, sink):
    made = limited(make_instance, sink, command_octets=512)
    with made.client() as client:
        client.ehlo()
        assert client.command("NOOP " + "x" * (512 - 7)).code == 250
        assert client.command("NOOP " + "x" * (512 - 6)).code == 500
        assert client.command("NOOP").code == 250


def test_c2_5_limit_hops(make_instance, sink):
    made = limited(make_instance, sink, received_fields=10)
    hop = "Received: from a by b; Sun, 22 Nov 2026 10:00:00 +0000\r\n"
    assert made.send(message=make_message(extra=hop * 10)).code == 250
    reply = made.send(message=make_message(extra=hop * 11))
    assert (reply.code, reply.enhanced) == (554, "5.4.6")


def test_c2_5_limit_errors_of_a_session(make_instance, sink):
    made = limited(make_instance, sink, session_errors=3)
    with made.client() as client:
        client.ehlo()
        client.raw(b"WRONG\r\n" * 10)
        codes = [client.reply().code]
        while codes[-1] != 421:
            codes.append(client.reply().code)
        assert codes == [500] * 4 + [421], "the refusal past the limit is the last"
        assert client.closed()
    with made.client() as client:
        client.ehlo()
        assert [client.command("WRONG").code for _ in range(3)] == [500] * 3
        assert client.command("NOOP").code == 250, "at the limit the session goes on"
        assert client.command("WRONG").code == 500
        assert client.reply().code == 421


def test_c2_5_limit_messages_of_a_session(make_instance, sink):
    made = limited(make_instance, sink, session_messages=2)
    with made.client() as client:
        client.ehlo()
        for _ in range(2):
            assert client.send("alice@example.test", "bob@example.org", make_message()).code == 250
        reply = client.command("MAIL FROM:<alice@example.test>")
        assert reply.code == 421


def test_c2_5_limit_connections(make_instance, sink):
    made = limited(make_instance, sink, connections_per_client=3)
    clients = [made.client() for _ in range(3)]
    with Client(made.ports["relay"], greet=False) as fourth:
        assert fourth.reply().code == 421
        assert fourth.closed()
    clients[0].expect(221, "QUIT")
    clients[0].close()

    def again():
        with Client(made.ports["relay"], greet=False) as client:
            return client.reply().code == 220
    until(again, "a free place")
    for client in clients[1:]:
        client.close()


def test_c2_5_a_silent_client_is_sent_away(make_instance, sink):
    made = limited(make_instance, sink, command_time=1)
    with made.client(seconds=20) as client:
        assert client.reply().code == 421
        assert client.closed()


def test_c2_5_a_client_that_goes_in_the_middle_leaves_nothing(instance, sink):
    for cut in (b"", b"DATA\r\n", b"DATA\r\nFrom: a@b\r\n\r\nhalf"):
        with instance.client() as client:
            client.ehlo()
            client.begin("alice@example.test", "bob@example.org")
            client.raw(cut)
            client.socket.shutdown(socket.SHUT_RDWR)
    assert instance.send().code == 250
    assert len(sink.wait(1)) == 1 and not instance.queue()


def test_c2_5_many_sessions_at_once(instance, sink):
    def session(n):
        with instance.client() as client:
            client.ehlo()
            for m in range(5):
                assert client.send("alice@example.test", f"r{n}.{m}@example.org", make_message(body=f"{n}.{m}")).code == 250
    in_threads(20, session)
    got = sorted(m.recipients[0] for m in sink.wait(100, 60))
    assert got == sorted(f"r{n}.{m}@example.org" for n in range(20) for m in range(5))

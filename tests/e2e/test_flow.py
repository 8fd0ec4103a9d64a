"""Clauses 6 and 8: what becomes of a message on its way, and at the next hop."""
import email
import email.policy
import re
import smtplib

import dkim
import pytest

from support.instance import until
from support.smtp import make_message

QUICK = {"retry": {"first": "1 s", "longest": "1 s"}}


def trusting(make_instance, sink, **config):
    made = make_instance(sink, config=config)
    made.trust_loopback()
    return made


def parse(data):
    return email.message_from_bytes(data, policy=email.policy.SMTP.clone(raise_on_defect=False))


def report_of(data):
    """(human text, per-message fields, list of per-recipient fields, returned header) of a DSN."""
    message = parse(data)
    assert message.get_content_type() == "multipart/report", data
    assert message.get_param("report-type") == "delivery-status"
    text, status, returned = message.get_payload()
    assert status.get_content_type() == "message/delivery-status"
    blocks = status.get_payload()
    return text.get_content(), blocks[0], blocks[1:], returned


@pytest.mark.asan
def test_c2_6_a_message_is_signed_sealed_and_delivered_unchanged(instance, sink):
    instance.sign_dkim()
    instance.archive_all()
    message = make_message(body="As it was.\n")
    assert instance.send(message=message).code == 250
    data = sink.wait(1)[0].data
    assert data.endswith(message), "the message itself was changed"
    added = data[:-len(message)].decode()
    assert added.startswith("DKIM-Signature:") or "\r\nDKIM-Signature:" in added
    assert "Received: from" in added
    assert "d=example.test" in added and "s=s1" in added
    instance.cli("archive", "verify", "--all")


def test_c2_6_two_keys_make_two_signatures(instance, sink):
    instance.sign_dkim("r1", "rsa")
    instance.sign_dkim("e1", "ed25519")
    instance.send()
    data = sink.wait(1)[0].data
    assert sorted(re.findall(rb"a=(rsa|ed25519)-sha256", data)) == [b"ed25519", b"rsa"]


def test_c2_6_a_refusal_leaves_nothing_behind(instance, sink):
    instance.archive_all()
    before = instance.archive()
    address, password = instance.add_account("alice")
    with instance.client("submission") as client:
        client.ehlo()
        client.starttls()
        assert client.auth_plain(address, password).code == 235
        assert client.send(address, "bob@example.org", make_message("carol@example.test")).code == 550
    assert instance.archive() == before and not instance.queue() and not sink.messages


def test_c2_6_a_message_takes_all_its_routes(instance, sink):
    assert instance.send(recipient=["bob@example.org", "admin@example.test", "c@example.net"]).code == 250
    assert sorted(r for m in sink.wait(1) for r in m.recipients) == ["bob@example.org", "c@example.net"]
    assert b"Hello." in instance.wait_maildir("admin")[0]


def test_c2_6_no_route_is_refused_at_rcpt(make_instance):
    made = trusting(make_instance, None).start()
    with made.client() as client:
        client.ehlo()
        client.expect(250, "MAIL FROM:<alice@example.test>")
        reply = client.command("RCPT TO:<bob@example.org>")
        assert reply.code == 550 and reply.enhanced == "5.1.2"


def test_c2_6_settings_change_the_next_message_without_a_restart(instance, sink):
    instance.send()
    instance.sign_dkim()
    instance.send()
    first, second = sink.wait(2)
    assert b"DKIM-Signature" not in first.data and b"DKIM-Signature" in second.data


# Queue and next hop


@pytest.mark.asan
def test_c2_8_a_temporary_failure_is_tried_again(make_instance, sink):
    made = trusting(make_instance, sink, **QUICK).start()
    refused = []

    def script(verb, _argument, _session):
        if verb == "RCPT" and len(refused) < 2:
            refused.append(1)
            return "451 4.7.1 greylisted"
        return None
    sink.script = script
    assert made.send().code == 250
    assert len(sink.wait(1)) == 1
    assert len(refused) == 2
    made.wait_queue_empty()


def test_c2_8_a_dead_next_hop_is_tried_again(make_instance, make_sink):
    gone = make_sink()
    gone.close()
    made = trusting(make_instance, gone, **QUICK).start()
    assert made.send().code == 250
    until(lambda: [r for r in made.queue() if int(r["attempts"]) >= 1], "a first attempt")
    back = make_sink(port=gone.port)
    assert len(back.wait(1)) == 1
    made.wait_queue_empty()


@pytest.mark.parametrize("verb,reply", [("MAIL", "550 5.1.0 no such sender"), ("RCPT", "550 5.1.1 no such user"), ("DATA", "554 5.7.1 no"),
                                        ("END", "554 5.6.0 bad content")])
def test_c2_8_a_permanent_failure_comes_back_as_a_dsn(make_instance, sink, verb, reply):
    made = trusting(make_instance, sink).start()
    sink.script = lambda v, _a, _s: reply if v == verb else None
    message = make_message("admin@example.test", "bob@example.org", body="SECRET-BODY")
    assert made.send("admin@example.test", "bob@example.org", message).code == 250
    bounce = made.wait_maildir("admin")[0]
    _text, about, recipients, returned = report_of(bounce)
    assert about["Reporting-MTA"].startswith("dns;")
    assert len(recipients) == 1
    assert recipients[0]["Final-Recipient"].replace(" ", "") == "rfc822;bob@example.org"
    assert recipients[0]["Action"] == "failed"
    assert recipients[0]["Status"] == reply.split(" ")[1]
    assert reply[4:] in recipients[0]["Diagnostic-Code"]
    assert returned.get_content_type() == "text/rfc822-headers"
    assert b"SECRET-BODY" not in bounce, "a DSN returns headers only"
    assert b"Subject: A test" in bounce
    assert b"Return-Path: <>" in bounce or parse(bounce)["Return-Path"] in (None, "<>")
    made.wait_queue_empty()


def test_c2_8_a_bounce_of_a_bounce_is_dropped(make_instance, sink):
    made = trusting(make_instance, sink).start()
    sink.script = lambda v, _a, _s: "550 5.1.1 no" if v == "RCPT" else None
    assert made.send("", "bob@example.org", make_message("x@example.test", "bob@example.org")).code == 250
    made.wait_queue_empty()
    assert not sink.messages and not made.maildir("admin")


def test_c2_8_some_recipients_fail_and_the_others_get_it(make_instance, sink):
    made = trusting(make_instance, sink).start()
    sink.script = lambda v, a, _s: "550 5.1.1 unknown" if v == "RCPT" and "bad@" in a else None
    assert made.send("admin@example.test", ["good@example.org", "bad@example.org"]).code == 250
    assert sink.wait(1)[0].recipients == ["good@example.org"]
    recipients = report_of(made.wait_maildir("admin")[0])[2]
    assert [r["Final-Recipient"].split(";")[1].strip() for r in recipients] == ["bad@example.org"]


def test_c2_8_dsn_parameters_are_kept(make_instance, sink):
    made = trusting(make_instance, sink).start()
    with made.client() as client:
        client.ehlo()
        client.expect(250, "MAIL FROM:<alice@example.test> RET=HDRS ENVID=QQ314159")
        client.expect(250, "RCPT TO:<bob@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b+2Bob@example.org")
        assert client.data(make_message()).code == 250
    got = sink.wait(1)[0]
    assert "RET=HDRS" in got.sender_parameters and "ENVID=QQ314159" in got.sender_parameters
    assert "NOTIFY=SUCCESS,FAILURE" in got.recipient_parameters[0].upper()
    assert "ORCPT=rfc822;b+2Bob@example.org" in got.recipient_parameters[0]


def test_c2_8_notify_never_gives_no_dsn(make_instance, sink):
    made = trusting(make_instance, sink).start()
    sink.script = lambda v, _a, _s: "550 5.1.1 no" if v == "RCPT" else None
    with made.client() as client:
        client.ehlo()
        client.expect(250, "MAIL FROM:<admin@example.test>")
        client.expect(250, "RCPT TO:<bob@example.org> NOTIFY=NEVER")
        assert client.data(make_message("admin@example.test")).code == 250
    made.wait_queue_empty()
    assert not made.maildir("admin")


def test_c2_8_eight_bit_mail_bounces_when_the_next_hop_cannot(make_instance, make_sink):
    old = make_sink(extensions=("PIPELINING", "SIZE 1000000"))
    made = trusting(make_instance, old).start()
    message = make_message("admin@example.test", body="caf\u00e9", extra="MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                           "Content-Transfer-Encoding: 8bit\r\n")
    assert made.send("admin@example.test", message=message, parameters=" BODY=8BITMIME").code == 250
    recipients = report_of(made.wait_maildir("admin")[0])[2]
    assert recipients[0]["Status"] == "5.6.3"
    assert not old.messages


def test_c2_8_seven_bit_always_converts_before_signing(make_instance, make_sink):
    old = make_sink(extensions=("PIPELINING", "SIZE 1000000"))
    made = trusting(make_instance, old).start()
    made.cli("settings", "set", "seven_bit", "always")
    made.sign_dkim()
    message = make_message(body="caf\u00e9", extra="MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                           "Content-Transfer-Encoding: 8bit\r\n")
    assert made.send(message=message, parameters=" BODY=8BITMIME").code == 250
    data = old.wait(1)[0].data
    assert all(octet < 128 for octet in data)
    assert parse(data).get_content().strip() == "caf\u00e9"
    assert b"DKIM-Signature" in data


def test_c2_8_text_without_a_label_is_named_unknown_and_its_signature_is_good(make_instance, make_sink):
    """RFC 1428: nobody knows the character set, so no name is made up; what is signed is what leaves."""
    old = make_sink(extensions=("PIPELINING", "SIZE 1000000"))
    made = trusting(make_instance, old).start()
    made.cli("settings", "set", "seven_bit", "always")
    record = made.sign_dkim("r1", "rsa")["record"]["value"].encode()
    assert made.send(message=make_message(body="caf\u00e9"), parameters=" BODY=8BITMIME").code == 250
    data = old.wait(1)[0].data
    assert all(octet < 128 for octet in data)
    got = parse(data)
    assert got["MIME-Version"] == "1.0" and b"\r\nContent-Type: text/plain; charset=unknown-8bit\r\n" in data
    assert got.get_payload(decode=True).strip() == "caf\u00e9".encode()
    assert dkim.verify(data, dnsfunc=lambda *_a, **_k: record)
    assert not dkim.verify(data.replace(b"unknown-8bit", b"utf-8"), dnsfunc=lambda *_a, **_k: record)


def test_c2_8_a_notice_is_signed_though_the_host_has_no_mail_domain(make_instance, sink):
    made = trusting(make_instance, sink, hostname="mx.elsewhere.test").start()
    record = made.sign_dkim("r1", "rsa")["record"]["value"].encode()
    sink.script = lambda v, _a, _s: "550 5.1.1 no such user" if v == "RCPT" else None
    assert made.send("admin@example.test", message=make_message("admin@example.test")).code == 250
    notice = made.wait_maildir("admin")[0]
    assert parse(notice)["From"] == "Mail system <postmaster@example.test>"
    assert report_of(notice)[1]["Reporting-MTA"].replace(" ", "") == "dns;mx.elsewhere.test"
    signed = notice.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert b"d=example.test" in signed
    assert dkim.verify(signed, dnsfunc=lambda *_a, **_k: record)


def test_c2_8_smtputf8_bounces_when_the_next_hop_cannot(make_instance, make_sink):
    old = make_sink(extensions=("PIPELINING", "8BITMIME"))
    made = trusting(make_instance, old).start()
    with made.client() as client:
        client.ehlo()
        client.expect(250, "MAIL FROM:<admin@example.test> SMTPUTF8 BODY=8BITMIME")
        client.expect(250, "RCPT TO:<j\u00f6rg@example.org>")
        assert client.data(make_message("admin@example.test", "j\u00f6rg@example.org")).code == 250
    bounce = made.wait_maildir("admin")[0]
    assert b"5.6.7" in bounce and not old.messages


def test_c2_8_smtputf8_passes_where_it_can(instance, sink):
    with instance.client() as client:
        client.ehlo()
        client.expect(250, "MAIL FROM:<alice@example.test> SMTPUTF8 BODY=8BITMIME")
        client.expect(250, "RCPT TO:<j\u00f6rg@example.org>")
        assert client.data(make_message(recipient="j\u00f6rg@example.org", body="gr\u00fc\u00dfe")).code == 250
    got = sink.wait(1)[0]
    assert got.recipients == ["j\u00f6rg@example.org"] and "SMTPUTF8" in got.sender_parameters


def test_c2_8_many_recipients_go_in_transactions_of_a_hundred(instance, sink):
    recipients = [f"r{i}@example.org" for i in range(250)]
    with instance.client() as client:
        client.ehlo()
        client.expect(250, "MAIL FROM:<alice@example.test>")
        for recipient in recipients:
            client.expect(250, f"RCPT TO:<{recipient}>")
        assert client.data(make_message()).code == 250
    got = sink.wait(3)
    assert sorted(len(one.recipients) for one in got) == [50, 100, 100]
    assert sorted(r for one in got for r in one.recipients) == sorted(recipients)


def test_c2_8_a_message_too_large_for_the_next_hop_bounces(make_instance, make_sink):
    small = make_sink(extensions=("SIZE 1000", "8BITMIME"))
    made = trusting(make_instance, small).start()
    assert made.send("admin@example.test", message=make_message("admin@example.test", body="x" * 900 + "\n" + "y" * 900)).code == 250
    assert report_of(made.wait_maildir("admin")[0])[2][0]["Status"] == "5.3.4"
    assert not small.messages


def test_c2_8_tls_is_used_when_offered(make_instance, make_sink, certificate):
    secure = make_sink(certificate=certificate)
    made = trusting(make_instance, secure).start()
    assert made.send().code == 250
    assert secure.wait(1)[0].tls


def test_c2_8_required_tls_with_a_wrong_certificate_is_not_passed(make_instance, make_sink, certificate):
    secure = make_sink(certificate=certificate)
    made = make_instance(secure, config=QUICK)
    routes = [{"name": "out", "match": ["*"], "exit": "smtp", "host": "127.0.0.1", "port": secure.port, "tls": "required"}]
    made.configure({"route": routes})
    made.trust_loopback()
    made.start()
    assert made.send().code == 250
    row = until(lambda: [r for r in made.queue() if int(r.get("attempts", 0)) >= 1], "a first attempt")[0]
    assert not secure.messages
    assert "ertificate" in str(row) or "TLS" in str(row)


def test_c2_8_queue_commands(make_instance, sink):
    made = trusting(make_instance, sink, retry={"first": "1 h", "longest": "1 h"}).start()
    sink.script = lambda v, _a, _s: "451 4.3.0 later" if v == "RCPT" else None
    assert made.send(message=make_message(subject="Waits")).code == 250
    row = until(lambda: [r for r in made.queue() if int(r["attempts"]) >= 1], "a first attempt")[0]
    identifier = str(row["id"])
    assert row["recipients"] == ["bob@example.org"] and row["from"] == "alice@example.test"
    assert "4.3.0 later" in str(made.json("queue", "show", identifier))
    assert "bob@example.org" in made.cli("queue", "list").stdout
    made.cli("queue", "hold", identifier)
    assert made.queue()[0]["state"] == "held"
    sink.script = None
    made.cli("queue", "release", identifier)
    sink.wait(1)
    made.wait_queue_empty()


def test_c2_8_a_deleted_delivery_never_leaves(make_instance, sink):
    made = trusting(make_instance, sink, retry={"first": "1 h", "longest": "1 h"}).start()
    sink.script = lambda v, _a, _s: "451 4.3.0 later" if v == "RCPT" else None
    assert made.send("admin@example.test").code == 250
    row = until(lambda: [r for r in made.queue() if int(r["attempts"]) >= 1], "a first attempt")[0]
    sink.script = None
    made.cli("queue", "delete", str(row["id"]), "--notify")
    assert row["id"] not in [r["id"] for r in made.queue()]  # the notice may still be on its way
    assert not sink.messages
    assert made.cli("queue", "show", str(row["id"]), check=False).returncode == 2
    assert report_of(made.wait_maildir("admin")[0])[2][0]["Action"] == "failed"


def test_c2_8_what_waits_survives_a_restart(make_instance, sink):
    made = trusting(make_instance, sink, retry={"first": "1 s", "longest": "1 s"}).start()
    sink.script = lambda v, _a, _s: "451 4.3.0 later" if v == "RCPT" else None
    for n in range(5):
        assert made.send(recipient=f"r{n}@example.org").code == 250
    made.stop()
    assert len(made.queue()) == 5
    sink.script = None
    made.start()
    assert sorted(m.recipients[0] for m in sink.wait(5)) == [f"r{n}@example.org" for n in range(5)]
    made.wait_queue_empty()


def test_c2_8_an_expired_message_comes_back(make_instance, sink):
    made = trusting(make_instance, sink, retry={"first": "1 s", "longest": "1 s", "expire": "1 min", "warn": 0})
    made.start()
    sink.script = lambda v, _a, _s: "451 4.3.0 later" if v == "RCPT" else None
    assert made.send("admin@example.test").code == 250
    recipients = report_of(made.wait_maildir("admin", seconds=90)[0])[2]
    assert recipients[0]["Action"] == "failed" and recipients[0]["Status"] == "4.4.7"
    made.wait_queue_empty()


# Postfix before and after


@pytest.mark.asan
def test_c2_8_between_two_postfixes(make_instance, make_postfix):
    last = make_postfix(virtual="example.org")
    made = make_instance(None)
    routes = [{"name": "out", "match": ["*"], "exit": "smtp", "host": "127.0.0.1", "port": last.port}]
    made.configure({"route": routes})
    made.trust_loopback()
    made.sign_dkim()
    made.start()
    first = make_postfix(relay_to=made.ports["relay"])
    with smtplib.SMTP("127.0.0.1", first.port) as client:
        for n in range(20):
            client.sendmail("alice@example.test", [f"r{n}@example.org"], make_message(recipient=f"r{n}@example.org", body=f"Number {n}\n.x"))
    delivered = last.wait_delivered(20)
    assert all(b"DKIM-Signature: " in d for d in delivered)
    assert {re.search(rb"Number (\d+)", d)[1] for d in delivered} == {str(n).encode() for n in range(20)}
    made.wait_queue_empty()


def test_c2_8_postfix_bounces_what_bulla_refuses(make_instance, make_postfix):
    made = make_instance(None)
    made.trust_loopback()
    made.start()
    first = make_postfix(relay_to=made.ports["relay"])
    with smtplib.SMTP("127.0.0.1", first.port) as client:
        client.sendmail("admin@example.test", ["bob@example.org"], make_message())
    assert first.wait_log(r"status=bounced .*5\.1\.2")
    assert b"5.1.2" in made.wait_maildir("admin")[0]

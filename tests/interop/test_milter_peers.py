"""Issue 4, clause 4: bulla as the milter of Postfix and of Sendmail, judged by what they send on: dkimpy and bulla verify it."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import tomllib

import pytest

from support.instance import TOP, Instance, free_ports, until
from support.postfix import Postfix
from support.sendmail import Sendmail
from support.smtp import Client
from test_dkim import dkimpy_verify, verdicts

DOMAIN = "example.com"
PAIRS = ["simple/simple", "relaxed/relaxed", "simple/relaxed", "relaxed/simple"]

# What mail servers may touch: folded and odd fields, white space at ends, a long line, dots, blank lines, 8 bits, no Date.
MESSAGES = {
    "folded": b"From: \"Joe  SixPack\" <joe@example.com>\r\nTo: suzie@example.net,\r\n bob@example.org\r\nSubject: Is  dinner\r\n\tready? \r\n"
              b"Date: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\nHi.\r\n\r\n.leading dot\r\n..\r\n\r\n\r\n",
    "spaces": b"From:joe@example.com\r\nTo:   suzie@example.net  \r\nSubject:\ttab \r\nX-Empty:\r\nX-Blank: \r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
              b"Message-ID:  <2@example.com>\r\n\r\nline \t\r\n \r\n",
    "eight-bit": "From: joe@example.com\r\nTo: suzie@example.net\r\nSubject: x\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
                 "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nMessage-ID: <3@example.com>\r\n\r\nGrüße\r\n".encode(),
    "empty": b"From: joe@example.com\r\nTo: suzie@example.net\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <4@example.com>\r\n\r\n",
    "long": b"From: joe@example.com\r\nTo: suzie@example.net\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <5@example.com>\r\n"
            b"References: " + b"\r\n ".join(b"<%d.%060d@example.com>" % (i, i) for i in range(100)) + b"\r\n\r\n" + b"a b  c\t\r\n" * 30000,
}


class House:
    """An instance with a milter, whose domain's keys are those that the DNS server of the tests has."""

    def __init__(self, folder, keys, sink, **more):
        self.instance = Instance(folder / "bulla", sink.port, domain=DOMAIN)
        self.sink = sink
        self.port = free_ports(1)[0]
        # Sendmail takes no socket below a folder that all may write to, as /tmp is.
        self.run = pathlib.Path(tempfile.mkdtemp(prefix="bulla-test-", dir="/run"))
        self.run.chmod(0o755)
        self.path = self.run / "milter"
        folder.chmod(0o755)
        listeners = tomllib.loads(self.instance.config_file.read_text())["listener"]
        self.instance.configure({"listener": [
            *listeners, {"address": f"unix:{self.path}", "role": "milter", **{"socket_group": "postfix", **more}},
            {"address": "127.0.0.1", "port": self.port, "role": "milter", "xforward_hosts": ["127.0.0.1"], **{**more, "socket_group": ""}}]})
        self.instance.trust_loopback()
        for selector in ("rsa", "ed"):
            self.instance.cli("dkim", "import", DOMAIN, selector, keys.file(selector))
        self.instance.archive_all()

    def stop(self):
        self.instance.stop()
        shutil.rmtree(self.run, ignore_errors=True)

    def set_pair(self, pair):
        self.instance.cli("settings", "set", "dkim_canonicalization", pair)


@pytest.fixture(params=["postfix", "postfix-inet", "sendmail", "sendmail-inet"])
def mta(request):
    return request.param


@pytest.fixture
def make_house(tmp_path, dkim_keys, sink):
    """An instance and the mail server `name` in front of it, both running: (house, server)."""
    assert os.geteuid() == 0, "Postfix and Sendmail need root"
    made = []

    def make(name, start=True, extra="", line=None, **more):
        house = House(tmp_path, dkim_keys, sink, **more)
        made.append(house)
        if start:
            house.instance.start()
        over_network = name.endswith("-inet")
        if name.startswith("postfix"):
            where = f"inet:127.0.0.1:{house.port}" if over_network else f"unix:{house.path}"
            server = Postfix(tmp_path / "mta", relay_to=sink.port, milter=where, extra=extra).start()
        else:
            where = f"inet:{house.port}@127.0.0.1" if over_network else f"local:{house.path}"
            server = Sendmail(tmp_path / "mta", sink.port, where, extra=extra, line=line and line.replace("/run/bulla/milter", str(house.path))).start()
        made.append(server)
        return house, server

    yield make
    for one in reversed(made):
        one.stop()


def send(server, message, recipients="suzie@example.net", sender="joe@example.com", parameters=""):
    with Client(server.port) as client:
        client.ehlo()
        return client.send(sender, recipients, message, parameters)


@pytest.mark.parametrize("pair", PAIRS)
def test_c4_4_what_the_mail_server_sends_on_is_what_was_signed(make_house, dns, mta, pair):
    house, server = make_house(mta, start=False)
    house.set_pair(pair)
    house.instance.start()
    for name, message in MESSAGES.items():
        reply = send(server, message, parameters=" BODY=8BITMIME" if name == "eight-bit" else "")
        assert str(reply).startswith("250"), reply
    for got in house.sink.wait(len(MESSAGES)):
        assert dkimpy_verify(dns, got.data, 2) == ["True", "True"], (pair, got.data[:2000])
        assert verdicts(dns, got.data) == ["pass", "pass"]
    assert len(house.instance.archive()) == len(MESSAGES)
    assert house.instance.queue() == []


def test_c4_4_discard_at_the_end_of_a_message(make_house, dns, mta):
    """Both say 250 to their client, keep nothing and send nothing: bulla's own copy is the only one."""
    house, server = make_house(mta, take_over=True)
    recipients = ["suzie@example.net", "bob@example.org"]
    reply = send(server, MESSAGES["folded"], recipients)
    assert str(reply).startswith("250"), reply
    got = house.sink.wait(1)
    assert sorted(got[0].recipients) == sorted(recipients)
    assert dkimpy_verify(dns, got[0].data, 2) == ["True", "True"]
    house.instance.wait_queue_empty()
    if isinstance(server, Postfix):
        server.wait_log("milter-discard|discard")
    until(lambda: server.queue_length() == 0, "an empty queue at the mail server")
    assert len(house.sink.accepted()) == 1


def test_c4_4_with_bulla_stopped_the_client_is_told_451(make_house, mta):
    house, server = make_house(mta, start=False)
    reply = send_or_refusal(server, MESSAGES["folded"])
    assert str(reply).startswith("451"), reply
    house.instance.start()
    assert str(send(server, MESSAGES["folded"])).startswith("250")
    house.sink.wait(1)
    # It goes in the middle of a connection.
    house.instance.stop()
    assert str(send_or_refusal(server, MESSAGES["folded"])).startswith("451")
    assert server.queue_length() == 0
    assert len(house.sink.accepted()) == 1


def send_or_refusal(server, message):
    """The first reply that is a refusal, or the last."""
    with Client(server.port) as client:
        for words in ("EHLO client.example", "MAIL FROM:<joe@example.com>", "RCPT TO:<suzie@example.net>"):
            reply = client.command(words)
            if reply.code >= 400:
                return reply
        return client.data(message)


def test_c4_4_miltertest_finds_nothing(tmp_path, dkim_keys, sink):
    house = House(tmp_path, dkim_keys, sink)
    house.instance.start()
    try:
        done = subprocess.run(["/usr/bin/miltertest", "-v", "-D", f"socket=inet:{house.port}@127.0.0.1", "-s", TOP / "tests/interop/milter.lua"],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(house.instance.archive()) == 4
    finally:
        house.stop()


def guide(name):
    return (TOP / "docs/guides" / name).read_text()


def test_c4_7_the_settings_of_postfix_md_work(make_house, dns):
    listener = tomllib.loads(re.search(r"^```toml\n(.*?)^```$", guide("postfix.md"), re.M | re.S)[1])["listener"][0]
    lines = re.findall(r"^postconf -e '(.*)'$", guide("postfix.md"), re.M)
    assert len(lines) == 2
    house, server = make_house("postfix", start=False, extra="\n".join(lines), socket_group=listener["socket_group"])
    # The guide's socket lies in the queue folder, which Postfix sees as its root.
    folder = server.folder / "queue/bulla"
    folder.mkdir(mode=0o750)
    shutil.chown(folder, "root", "postfix")
    listeners = tomllib.loads(house.instance.config_file.read_text())["listener"]
    path = listener["address"].replace("/var/spool/postfix", str(server.folder / "queue"))
    house.instance.configure({"listener": [*listeners[:4], {**listener, "address": path}]})
    house.instance.start()
    # Instead of the -o of the test's own, what main.cf says counts; chrooted, as Debian's Postfix is.
    master = server.folder / "etc/master.cf"
    master.write_text(re.sub(r"\n  -o smtpd_milters=.*\n  -o milter_default_action=.*", "", master.read_text()).replace(" inet n - n ", " inet n - y "))
    server.command("postfix", "reload")
    server.wait_log("reload")
    assert str(send(server, MESSAGES["folded"])).startswith("250")
    assert dkimpy_verify(dns, house.sink.wait(1)[0].data, 2) == ["True", "True"]


def test_c4_7_the_filter_of_sendmail_md_works(make_house, dns):
    house, server = make_house("sendmail", line=re.search(r"^INPUT_MAIL_FILTER.*$", guide("sendmail.md"), re.M)[0])
    assert str(send(server, MESSAGES["folded"])).startswith("250")
    assert dkimpy_verify(dns, house.sink.wait(1)[0].data, 2) == ["True", "True"]


@pytest.mark.parametrize("name", ["postfix", "sendmail"])
def test_c4_4_a_body_that_is_converted_is_replaced_in_place(make_house, dns, name):
    house, server = make_house(name, start=False)
    house.instance.cli("settings", "set", "seven_bit", "always")
    house.instance.start()
    assert str(send(server, MESSAGES["eight-bit"], parameters=" BODY=8BITMIME")).startswith("250")
    got = house.sink.wait(1)[0].data
    assert b"Gr=C3=BC=C3=9Fe" in got and b"Content-Transfer-Encoding: quoted-printable" in got
    assert dkimpy_verify(dns, got, 2) == ["True", "True"]
    assert house.instance.queue() == []

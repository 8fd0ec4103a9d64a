"""DK-19: mail is signed with keys that never leave a token; a token that is away costs time, not signatures."""
import json
import subprocess

import pytest

from support.http import Console
from support.instance import DOMAIN, in_threads, is_sanitized, until
from support.smtp import make_message
from support.token import LIBRARY, PIN, Token

pytestmark = pytest.mark.asan

DKIMPY = """
import dkim, json, sys
records = json.loads(sys.argv[1])
checker = dkim.DKIM(sys.stdin.buffer.read())
print([checker.verify(idx=i, dnsfunc=lambda name, timeout=5: records[name.decode().rstrip(".")].encode()) for i in range(int(sys.argv[2]))])
"""


@pytest.fixture
def token(tmp_path):
    return Token(tmp_path / "hsm")


@pytest.fixture
def bearer(make_instance, sink, token):
    """An instance, not started, that may load softhsm2."""
    made = make_instance(sink, {"pkcs11": {"modules": [LIBRARY]}})
    made.extra_environment = token.environment
    made.trust_loopback()
    return made


# softhsm2 2.6.1 itself loses 37 octets at each signature with Ed25519, which a sanitizer would find.
KINDS = [("s1", "rsa:2048", "01"), ("e1", "EC:edwards25519", "02")][:1 if is_sanitized() else 2]
ALL_GOOD, ALL_BAD = str([True] * len(KINDS)), str([False] * len(KINDS))


def take_over(instance, token, kinds=tuple(KINDS)):
    """The records of keys made in the token and imported."""
    records = {}
    for name, kind, number in kinds:
        record = instance.json("dkim", "import", DOMAIN, name, token.make_key(name, kind, number))["record"]
        records[record["name"]] = record["value"]
    return records


def judge(message, records, count):
    return subprocess.run(["/usr/bin/python3", "-c", DKIMPY, json.dumps(records), str(count)], input=message, capture_output=True, check=True).stdout.decode().strip()


def signatures(sink, instance):
    before = len(sink.messages)
    assert instance.send().code == 250
    return sink.wait(before + 1)[-1].data.count(b"DKIM-Signature:")


def test_DK_19_mail_is_signed_in_the_token(bearer, sink, token):
    records = take_over(bearer, token)
    bearer.start()
    for _ in range(3):
        assert bearer.send().code == 250
    for message in sink.wait(3):
        assert judge(message.data, records, len(KINDS)) == ALL_GOOD
        assert judge(message.data.replace(b"Subject: ", b"Subject: x"), records, len(KINDS)) == ALL_BAD
    # Shown as what they are, in the command, the API and the problems; the PIN nowhere.
    listed = bearer.cli("dkim", "list").stdout
    assert f"s1 of {DOMAIN} lies in a token: pkcs11:token=mail;object=s1;" in listed
    bearer.cli("account", "add", f"root@{DOMAIN}", "--role", "admin", "--password-stdin", data=b"correct horse battery")
    with Console(bearer) as client:
        assert client.log_in(f"root@{DOMAIN}", "correct horse battery").status == 201
        keys = client.get(f"/domains/{DOMAIN}/keys").json()["items"]
        assert all(key["token"].startswith("pkcs11:token=mail;") for key in keys)
        refused = client.ask("POST", f"/domains/{DOMAIN}/keys", {"selector": "x", "token": f"pkcs11:token=mail;object=s1?pin-value={PIN}"})
        assert refused.status == 422 and refused.code == "pkcs11.pin_in_uri" and PIN not in json.dumps(refused.json())
    assert bearer.json("status")["problems"] == []
    everything = bearer.log_text() + listed + json.dumps(bearer.json("audit"))
    assert PIN not in everything
    done = bearer.run("dkim", "rotate", DOMAIN, check=False)
    assert done.returncode != 0 and "lies in a token" in done.stderr
    # Removed here, kept there.
    bearer.cli("dkim", "remove", DOMAIN, "s1")
    assert "s1" in token.objects()
    assert signatures(sink, bearer) == len(KINDS) - 1


def test_DK_19_eight_clients_at_once(bearer, sink, token):
    records = take_over(bearer, token)
    bearer.start()
    in_threads(8, lambda n: [bearer.send() for _ in range(5)])
    for message in sink.wait(40):
        assert judge(message.data, records, len(KINDS)) == ALL_GOOD


@pytest.mark.parametrize("setting", ["refuse", "unsigned"])
def test_DK_19_a_token_away_at_the_start(bearer, sink, token, setting):
    records = take_over(bearer, token)
    bearer.cli("settings", "set", "dkim_missing_key", setting)
    token.hide()
    bearer.start()
    until(lambda: len(bearer.json("status")["problems"]) == len(KINDS), "the problem to be told")
    assert "no token is there" in bearer.cli("status").stdout
    if setting == "refuse":
        reply = bearer.send()
        assert (reply.code, reply.enhanced) == (451, "4.7.5") and "pkcs11" not in reply.text
    else:
        assert signatures(sink, bearer) == 0
    # Back: found by the look each half minute, or straight away after a reload, which does not wait for it.
    token.show()
    bearer.cli("reload")
    until(lambda: bearer.json("status")["problems"] == [], "the token to be found", 60)
    before = len(sink.messages)
    assert bearer.send().code == 250
    assert judge(sink.wait(before + 1)[-1].data, records, len(KINDS)) == ALL_GOOD


def test_DK_19_a_policy_file_names_keys_in_a_token(bearer, sink, token, tmp_path):
    keys, policy = tmp_path / "keys", tmp_path / "dkimdomains"
    record = bearer.json("dkim", "import", DOMAIN, "s1", token.make_key("s1"))["record"]
    (keys / DOMAIN).mkdir(parents=True)
    name = keys / DOMAIN / "s1"
    name.touch(0o600)
    name.write_text(f"pkcs11:token=mail;object=s1?pin-source=file:{token.pin_file}&module-path={LIBRARY}\n")
    policy.write_text("=:s1\n")
    bearer.cli("settings", "set", "dkim_key_directory", keys)
    bearer.cli("settings", "set", "dkim_policy_file", policy)
    bearer.start()
    assert bearer.send().code == 250
    assert judge(sink.wait(1)[-1].data, {record["name"]: record["value"]}, 1) == "[True]"


def test_DK_19_a_wrong_pin_is_told_and_never_locks_the_token(bearer, sink, token):
    take_over(bearer, token, [("s1", "rsa:2048", "01")])
    bearer.cli("settings", "set", "dkim_missing_key", "refuse")
    token.pin_file.write_text("000000\n")
    bearer.start()
    until(lambda: any("refuses the PIN" in p for p in bearer.json("status")["problems"]), "the problem to be told")
    for _ in range(5):
        assert bearer.send().code == 451
    assert "000000" not in bearer.log_text()
    token.pin_file.write_text(PIN + "\n")
    assert signatures(sink, bearer) == 1
    done = bearer.run("dkim", "import", DOMAIN, "x", f"pkcs11:token=mail;object=s1?module-path=/usr/lib/other.so", check=False)
    assert done.returncode == 2 and "[pkcs11] modules" in done.stderr

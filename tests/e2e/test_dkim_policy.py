"""Issue 4, clauses 1 and 2: a dkimdomains file and its keys decide, for every door; what is in force can be asked for."""
import json
import re
import shutil

import pytest

from support.http import Console
from support.instance import until
from support.smtp import make_message


@pytest.fixture
def ruled(instance, tmp_path):
    """An instance whose policy is the file `instance.policy`; keys s1 (RSA) and e1 (Ed25519) of example.test."""
    instance.policy, instance.keys = tmp_path / "dkimdomains", tmp_path / "keys"
    for selector, kind in (("s1", "rsa"), ("e1", "ed25519")):
        instance.cli("dkim", "keygen", "-d", "example.test", "-s", selector, "-t", kind, "--key-directory", instance.keys)
    instance.policy.write_text("# ours\n=:s1,e1||~|3600|t\n!example.net:\n*:s1|example.test\n")
    instance.cli("settings", "set", "dkim_key_directory", instance.keys)
    instance.cli("settings", "set", "dkim_policy_file", instance.policy)
    return instance


def signatures(data):
    return [re.sub(rb"\r\n\s+", b"", f) for f in re.findall(rb"^DKIM-Signature:.*?(?=^\S)", data, re.M | re.S)]


def sent(instance, sink, sender):
    before = len(sink.messages)
    assert instance.send(sender=sender, message=make_message(sender)).code == 250
    return signatures(sink.wait(before + 1)[-1].data)


def test_c4_1_DK_16_the_file_decides_for_every_door(ruled, sink):
    rsa, ed = sent(ruled, sink, "alice@example.test")
    for field, words in ((rsa, (b"a=rsa-sha256", b"s=s1;")), (ed, (b"a=ed25519-sha256", b"s=e1;"))):
        for word in (*words, b"d=example.test", b"c=relaxed/simple", b"i=alice@example.test", b"q=dns/txt"):
            assert word in field, (word, field)
    times = dict(re.findall(rb"\b([tx])=(\d+)", rsa))
    assert int(times[b"x"]) - int(times[b"t"]) == 3600
    # By the door of people as well.
    address, password = ruled.add_account("alice")
    with ruled.client("submission") as client:
        client.ehlo()
        client.starttls()
        assert client.auth_plain(address, password).code == 235
        before = len(sink.messages)
        assert client.send(address, "bob@example.org", make_message(address)).code == 250
    assert len(signatures(sink.wait(before + 1)[-1].data)) == 2


def selectors(fields):
    return [re.search(rb"\bs=([^;]+);", f)[1].decode() for f in fields]


def sent_by(instance, sink, return_address, author):
    before = len(sink.messages)
    assert instance.send(sender=return_address, message=make_message(author)).code == 250
    return selectors(signatures(sink.wait(before + 1)[-1].data))


def test_DKD_03_the_keys_of_the_author_sign_besides(ruled, sink):
    ruled.sign_dkim("db")
    assert selectors(sent(ruled, sink, "alice@example.test")) == ["s1", "e1", "db"]
    # The policy goes by the return address, the keys of a domain by the author.
    assert sent_by(ruled, sink, "bounce@example.net", "alice@example.test") == [], "!example.net"
    ruled.policy.write_text("example.test:s1\n")
    ruled.cli("reload")
    assert sent_by(ruled, sink, "bounce@example.net", "alice@example.test") == ["db"]
    said = ruled.json("dkim", "policy", "show", "bounce@example.net", "--from", "alice@example.test")["address"]
    assert [(s["selector"], s["by"]) for s in said["signatures"]] == [("db", "keys")]
    # And without the file the domain's own key signs alone.
    ruled.cli("settings", "reset", "dkim_policy_file")
    assert selectors(sent(ruled, sink, "alice@example.test")) == ["db"]


def test_c4_1_the_policy_of_the_instance(instance, sink, tmp_path):
    instance.sign_dkim("db", "rsa")
    policy = "# ours\nexample.test:default||~||t\n"
    assert "1 entries in force" in instance.cli("dkim", "policy", "set", "-", data=policy.encode()).stdout
    (field,) = sent(instance, sink, "alice@example.test")
    for word in (b"s=db;", b"i=alice@example.test", b"c=relaxed/simple"):
        assert word in field, word
    assert instance.cli("dkim", "policy", "get").stdout == policy
    shown = instance.json("dkim", "policy", "show")
    assert shown["source"] == "instance" and shown["own"] == {"lines": 2, "in_force": True, "differs_at": 0}
    # A file decides in its place, and that is said.
    file = tmp_path / "dkimdomains"
    file.write_text("# ours\n!example.test:\n")
    instance.cli("settings", "set", "dkim_policy_file", file)
    assert sent(instance, sink, "alice@example.test") == []
    assert instance.json("dkim", "policy", "show")["own"] == {"lines": 2, "in_force": False, "differs_at": 2}
    assert "differs from the file in line 2" in instance.cli("dkim", "policy", "show").stdout
    assert "not in force" in instance.cli("dkim", "policy", "set", "-", data=policy.encode()).stdout
    instance.cli("settings", "reset", "dkim_policy_file")
    # What has an error changes nothing, and says where it is.
    bad = instance.run("dkim", "policy", "set", "-", data=b"example.test:db\nexample test:\n", check=False)
    assert bad.returncode == 2 and ":2:8:" in bad.stderr
    assert instance.cli("dkim", "policy", "get").stdout == policy
    instance.cli("dkim", "policy", "clear")
    assert instance.json("dkim", "policy", "show")["source"] == "keys"
    entries = instance.cli("audit").stdout
    assert "dkim.policy.set" in entries and "dkim.policy.clear" in entries


def test_c4_1_the_policy_by_the_api(instance):
    instance.sign_dkim("db", "rsa")
    instance.cli("account", "add", "root@example.test", "--role", "admin", "--password-stdin", data=b"correct horse battery")
    with Console(instance) as client:
        assert client.log_in("root@example.test", "correct horse battery").status == 201

        def put(text, **more):
            return client.ask("PUT", "/dkim/policy/text", {"text": text, **more})

        before = client.get("/dkim/policy/text").json()
        assert before["text"] == ""
        tried = client.ask("POST", "/dkim/policy/try", {"text": "example test:\n.heaven.com:||me@devil.com|500000|r\n"}).json()
        assert [(f["line"], f["column"]) for f in tried["errors"]] == [(1, 8)]
        tried = client.ask("POST", "/dkim/policy/try", {"text": "example.test:|||60\n", "address": "a@example.test"}).json()
        assert tried["errors"] == [] and tried["address"]["signatures"][0]["expire_after"] == 60
        assert client.get("/dkim/policy").json()["source"] == "keys", "trying changes nothing"
        done = put("example.test:|||60", before=before["mark"]).json()
        assert done.get("entries") == 1, done
        late = put("*:\n", before=before["mark"])
        assert (late.status, late.json()["code"]) == (409, "policy.changed")
        assert put("a b\n").json()["code"] == "policy.bad"
        assert client.get("/dkim/policy/text").json()["text"] == "example.test:|||60\n"
        assert put("".join(f"d{i:05}.example:s1\n" for i in range(20_000))).json()["entries"] == 20_000
        assert put("#" * 600_000).json()["code"] == "service.bad_argument"


@pytest.mark.parametrize("sender, line, count, why", [
    ("joe@example.test", 2, 2, "is one"),
    ("joe@example.net", 3, 0, "never signed"),
    ("joe@elsewhere.example", 4, 0, "for all mail that no other line is for"),
    ("<>", 4, 0, "for all mail that no other line is for"),
])
def test_c4_1_DK_04_policy_show_says_how_and_why(ruled, sender, line, count, why):
    ruled.cli("account", "add", "root@example.test", "--role", "admin", "--password-stdin", data=b"correct horse battery")
    answer = ruled.json("dkim", "policy", "show", sender)
    assert (answer["source"], answer["file"], answer["entries"], answer["broken"]) == ("file", str(ruled.policy), 3, "")
    said = answer["address"]
    assert (said["line"], len(said["signatures"])) == (line, count) and why in said["why"]
    # *: has no key of its own directory here, which is said.
    assert bool(said["missed"]) == (line == 4)
    text = ruled.cli("dkim", "policy", "show", sender).stdout
    assert str(ruled.policy) in text and why in text
    with Console(ruled) as client:
        assert client.log_in("root@example.test", "correct horse battery").status == 201
        assert client.get(f"/dkim/policy?address={sender}").json() == answer
        assert "address" not in client.get("/dkim/policy").json()


def test_c4_1_policy_show_of_the_keys_of_the_instance(instance):
    instance.sign_dkim("db")
    answer = instance.json("dkim", "policy", "show", "joe@example.test")
    assert answer["source"] == "keys" and [s["selector"] for s in answer["address"]["signatures"]] == ["db"]
    assert "has no DKIM key here" in instance.cli("dkim", "policy", "show", "joe@example.net").stdout
    assert instance.run("dkim", "policy", "show", "joe", check=False).returncode == 2


def test_c4_1_a_missing_key_is_unsigned_or_refused_by_domain(ruled, sink):
    ruled.policy.write_text("example.test:none\n")
    ruled.cli("reload")
    assert sent(ruled, sink, "alice@example.test") == []
    assert "dkim.key_missing" in ruled.log_text() and f"{ruled.keys}/example.test/none is not there" in ruled.log_text()
    ruled.cli("settings", "set", "dkim_missing_key", "refuse", "--domain", "example.test")
    reply = ruled.send(sender="alice@example.test")
    assert (reply.code, reply.enhanced) == (451, "4.7.5") and str(ruled.keys) not in reply.text
    assert ruled.send(sender="joe@elsewhere.example", message=make_message("joe@elsewhere.example")).code == 250


def test_c4_1_a_broken_file_never_replaces_a_working_one(ruled, sink):
    ruled.policy.write_text("example.test:s1\nexample test:s1\n")
    refused = ruled.run("settings", "set", "dkim_policy_file", ruled.policy, check=False)
    assert refused.returncode == 2 and f"{ruled.policy}:2:8:" in refused.stderr
    ruled.cli("reload")
    assert len(sent(ruled, sink, "alice@example.test")) == 2, "as it was before"
    assert f"{ruled.policy}:2:8:" in ruled.cli("status").stdout
    # At a start there is no policy to keep: outgoing mail waits, incoming mail does not.
    ruled.stop()
    ruled.start()
    reply = ruled.send(sender="alice@example.test")
    assert (reply.code, reply.enhanced) == (451, "4.7.0")
    assert ruled.send("x@elsewhere.example", "admin@example.test", make_message("x@elsewhere.example", "admin@example.test"), role="inbound").code == 250
    ruled.policy.write_text("example.test:s1\n")
    ruled.cli("reload")
    assert len(sent(ruled, sink, "alice@example.test")) == 1


def test_c4_2_keys_that_change_are_used_after_a_reload(ruled, sink):
    ruled.policy.write_text("example.test:s1\n")
    ruled.cli("reload")
    first = sent(ruled, sink, "alice@example.test")
    assert len(first) == 1
    used = ruled.json("dkim", "policy", "show", "a@example.test")["address"]["signatures"][0]["fingerprint"]
    ruled.cli("dkim", "keygen", "-d", "other.test", "-s", "s1", "--key-directory", ruled.keys)
    shutil.move(ruled.keys / "other.test/rsa.private_s1", ruled.keys / "example.test/rsa.private_s1")
    assert len(sent(ruled, sink, "alice@example.test")) == 1
    ruled.cli("reload")
    assert len(sent(ruled, sink, "alice@example.test")) == 1
    now = ruled.json("dkim", "policy", "show", "a@example.test")["address"]["signatures"][0]["fingerprint"]
    assert now != used
    (ruled.keys / "example.test/rsa.private_s1").chmod(0o644)
    ruled.cli("reload")
    assert sent(ruled, sink, "alice@example.test") == []
    until(lambda: "lets others at it" in ruled.log_text(), "the reason in the log")
    assert "PRIVATE KEY" not in ruled.log_text()


def test_c4_1_policy_check_tells_lines_and_columns(instance, tmp_path):
    file = tmp_path / "dkimdomains"
    file.write_text("a.example:s1\nb example:\nc.example:s1|||soon\n.heaven.com:||me@devil.com|500000|r:3\n")
    done = instance.run("dkim", "policy", "check", file, check=False)
    assert done.returncode == 1
    assert re.search(rf"^{file}:2:2: ", done.stdout, re.M) and re.search(rf"^{file}:3:\d+: ", done.stdout, re.M)
    assert re.search(rf"^{file}:4:\d+: .* \(warning\)$", done.stdout, re.M)
    said = json.loads(instance.run("dkim", "policy", "check", file, "--json", check=False).stdout)
    assert [e["line"] for e in said["errors"]] == [2, 3] and said["warnings"]
    file.write_text("*:\n=:default,eddy||~||:5\n")
    assert instance.cli("dkim", "policy", "check", file).stdout == "2 entries\n"


def test_DKD_03_mail_from_outside_is_signed_by_a_switch_only(instance, sink):
    instance.sign_dkim("db")

    def arrives(n):
        author = "alice@example.test"
        assert instance.send("list@elsewhere.example", "admin@example.test", make_message(author, "admin@example.test"), role="inbound").code == 250
        until(lambda: len(instance.maildir("admin")) == n, "the message")
        return max((signatures(m) for m in instance.maildir("admin")), key=len)

    assert arrives(1) == []
    instance.cli("settings", "set", "dkim_sign_relayed", "1", "--domain", "example.test")
    assert selectors(arrives(2)) == ["db"]


def test_DKD_03_the_policy_never_signs_for_a_return_address_from_outside(instance, sink, tmp_path):
    instance.sign_dkim("db")
    instance.cli("settings", "set", "dkim_sign_relayed", "1", "--domain", "example.test")
    instance.cli("settings", "set", "dkim_expiry", "0 s")
    policy = tmp_path / "dkimdomains"
    policy.write_text("example.test:,db|||3600|s\n")
    instance.cli("dkim", "policy", "set", policy)
    author = "alice@example.test"
    assert instance.send(author, "admin@example.test", make_message(author, "admin@example.test"), role="inbound").code == 250
    found = max((signatures(m) for m in instance.wait_maildir("admin")), key=len)
    assert selectors(found) == ["db"]
    assert not any(b"x=" in one for one in found), "by the keys, not by the policy"


def test_DKD_04_sent_stored_and_handed_back_all_carry_the_signature(instance, sink):
    instance.sign_dkim("db")
    sender = "alice@example.test"
    before = len(sink.messages)
    assert instance.send(sender, ["bob@example.org", "admin@example.test"], make_message(sender)).code == 250
    assert selectors(signatures(sink.wait(before + 1)[-1].data)) == ["db"]
    assert selectors(signatures(instance.wait_maildir("admin")[0])) == ["db"]


def test_c4_1_an_empty_file_does_not_clear_the_policy(instance, tmp_path):
    policy = tmp_path / "dkimdomains"
    policy.write_text("*:\n")
    instance.cli("dkim", "policy", "set", policy)
    policy.write_text("\n")
    done = instance.run("dkim", "policy", "set", policy, check=False)
    assert done.returncode != 0 and "bulla dkim policy clear" in done.stderr
    assert instance.cli("dkim", "policy", "get").stdout == "*:\n"

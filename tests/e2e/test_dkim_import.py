"""Issue 4, item 6 (GW-12): what another signer has is taken over by `bulla dkim import`; a dry run changes nothing."""
import json
import re
import subprocess

import pytest

from support.instance import program
from support.smtp import make_message


def make_key(path, *options):
    subprocess.run(["openssl", "genpkey", *(options or ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")), "-out", path], check=True, capture_output=True)
    path.chmod(0o600)
    return path


@pytest.fixture
def opendkim(tmp_path):
    """An OpenDKIM's files: example.test by SigningTable, example.net too; settings as Debian has them."""
    folder = tmp_path / "opendkim"
    folder.mkdir()
    make_key(folder / "a.private")
    make_key(folder / "b.private")
    (folder / "KeyTable").write_text(f"one example.test:s2020:{folder}/a.private\ntwo example.net:n1:{folder}/b.private\n")
    (folder / "SigningTable").write_text("# whose\n*@example.test one\n*@example.net two\n")
    (folder / "TrustedHosts").write_text("127.0.0.1\n::1\n192.0.2.0/24\nmail.example.test\n")
    (folder / "opendkim.conf").write_text(
        f"Syslog yes\nCanonicalization relaxed/simple\nMode s\nKeyTable {folder}/KeyTable\nSigningTable refile:{folder}/SigningTable\n"
        f"InternalHosts {folder}/TrustedHosts\nExternalIgnoreList {folder}/TrustedHosts\nSignHeaders From,To,Subject,Date,X-Foo\nOversignHeaders From,X-Foo\n"
        "SignatureTTL 7200\nSoftwareHeader yes\n")
    return folder / "opendkim.conf"


def signatures(data):
    return [dict(re.findall(r"(\w+)=([^;]*)", re.sub(r"\s+", "", field.decode())))
            for field in re.findall(rb"^DKIM-Signature:(.*?)(?=^\S)", data, re.M | re.S)]


def state(instance):
    return [instance.json("dkim", "list"), instance.json("domain", "list"), instance.json("settings", "list"), instance.json("settings", "list", "--domain", "example.test")]


def test_c4_6_GW_12_a_dry_run_says_all_and_changes_nothing(instance, opendkim):
    before = state(instance)
    said = instance.cli("dkim", "import", "opendkim", opendkim).stdout
    for line in (rf"example\.test +s2020 +rsa +2048 +yes +{opendkim.parent}/a\.private", r"domains that the instance is to serve, .*: example\.test example\.net", r"dkim_canonicalization +example\.test example\.net +relaxed/simple",
                 r"dkim_expiry .* 2 h", r"dkim_signed_headers .* From, To, Subject, Date, X-Foo", r"trusted_networks.*: 127\.0\.0\.1 ::1 192\.0\.2\.0/24",
                 r'  .*TrustedHosts:4:1: "mail\.example\.test" is a name', r"  .*opendkim\.conf:11:16: SoftwareHeader: ", r"  .*opendkim\.conf:1:8: Syslog: ",
                 r"Nothing was changed; --apply does it\."):
        assert re.search(line, said), f"{line}\n{said}"
    plan = instance.json("dkim", "import", "opendkim", opendkim, "--dry-run")
    assert plan["applied"] is False and [k["selector"] for k in plan["keys"]] == ["s2020", "n1"] and "PRIVATE" not in json.dumps(plan)
    assert state(instance) == before
    # It needs no instance at all.
    done = subprocess.run([program(), "dkim", "import", "opendkim", opendkim], capture_output=True, check=False, cwd=opendkim.parent)
    assert done.returncode == 0 and done.stdout.decode() == said


@pytest.mark.parametrize("running", [True, False])
def test_c4_6_GW_12_apply_takes_it_over_and_mail_is_signed_so(instance, opendkim, sink, running):
    if not running:
        instance.stop()
    said = instance.cli("dkim", "import", "opendkim", opendkim, "--apply").stdout
    for sentence in ("the domain example.net was added", "the key s2020 of example.test was added and signs", "dkim_expiry of example.net is now 2 h",
                     "trusted_networks has in addition 192.0.2.0/24", "Next: bulla dkim check"):
        assert f"\n{sentence}\n" in said, f"{sentence}\n{said}"
    assert instance.json("settings", "get", "trusted_networks")["effective"] == "127.0.0.0/8, ::1, 192.0.2.0/24"
    assert "All of this was there already." in instance.cli("dkim", "import", "opendkim", opendkim, "--apply").stdout
    if not running:
        instance.start()
    for sender, domain, selector in (("alice@example.test", "example.test", "s2020"), ("bob@example.net", "example.net", "n1")):
        before = len(sink.messages)
        assert instance.send(sender=sender, message=make_message(sender).replace(b"Subject:", b"X-Foo: 1\r\nSubject:", 1)).code == 250
        (signed,) = signatures(sink.wait(before + 1)[-1].data)
        assert (signed["d"], signed["s"], signed["c"], signed["a"]) == (domain, selector, "relaxed/simple", "rsa-sha256")
        assert int(signed["x"]) - int(signed["t"]) == 7200
        assert sorted(signed["h"].split(":")) == sorted(["From", "From", "To", "Subject", "Date", "X-Foo", "X-Foo"])


def test_c4_6_GW_12_what_cannot_be_taken_over_stops_it_unless_partly(instance, opendkim):
    with opendkim.open("a") as conf:
        conf.write("NoSuchOption 1\n")
    assert instance.cli("dkim", "import", "opendkim", opendkim, check=False).returncode == 1
    done = instance.cli("dkim", "import", "opendkim", opendkim, "--apply", check=False)
    assert done.returncode == 2 and "--partly" in done.stderr and instance.json("dkim", "list") == []
    assert "opendkim.conf:12:1: \"NoSuchOption\" is no option" in done.stdout
    assert instance.json("dkim", "import", "opendkim", opendkim, "--apply", "--partly")["applied"] is True
    assert len(instance.json("dkim", "list")) == 2


def test_c4_6_GW_12_another_key_by_the_same_name_is_a_conflict(instance, opendkim):
    instance.cli("domain", "add", "example.net")
    instance.cli("dkim", "add", "example.net", "n1", "-t", "ed25519")
    before = state(instance)
    done = instance.cli("dkim", "import", "opendkim", opendkim, "--apply", check=False)
    assert done.returncode == 2 and "example.net has another key with the selector n1 here: nothing was changed" in done.stderr
    assert state(instance) == before


def test_c4_6_GW_12_a_key_that_signs_already_goes_on(instance, opendkim):
    instance.sign_dkim("mine", "rsa")
    assert "the key s2020 of example.test was added and waits" in instance.cli("dkim", "import", "opendkim", opendkim, "--apply").stdout
    assert {k["selector"]: k["active"] for k in instance.json("dkim", "list", "example.test")} == {"mine": True, "s2020": False}


def test_c4_6_GW_12_one_key_is_imported_as_ever(instance, opendkim):
    instance.cli("dkim", "import", "example.test", "single", opendkim.with_name("a.private"))
    assert [k["selector"] for k in instance.json("dkim", "list")] == ["single"]
    done = instance.cli("dkim", "import", "example.test", check=False)
    assert done.returncode == 2 and "SELECTOR is required" in done.stderr
    done = instance.cli("dkim", "import", check=False)
    assert done.returncode == 2 and "DOMAIN is required" in done.stderr


def test_c4_6_GW_12_sqmail_is_pointed_at(instance, tmp_path, sink):
    home = tmp_path / "qmail"
    (home / "control").mkdir(parents=True)
    keys = home / "ssl/domainkeys"
    for selector, kind in (("s1", "rsa"), ("e1", "ed25519")):
        instance.cli("dkim", "keygen", "-d", "example.test", "-s", selector, "-t", kind, "--key-directory", keys)
    (home / "control/me").write_text("mx.example.test\n")
    (home / "control/rcpthosts").write_text("example.test\nexample.net\n.example.org\n")
    (home / "control/dkimdomains").write_text("example.test:s1,e1||~|3600|t\n=:s1|example.test\n")
    plan = instance.json("dkim", "import", "sqmail", home, check=False)
    texts = [f["text"] for f in plan["findings"]]
    assert plan["domains"] == ["example.test", "example.net"] and any("has no folder of keys for example.net" in t for t in texts)
    (keys / "example.net").symlink_to("example.test")
    instance.cli("dkim", "import", "sqmail", home, "--apply")
    assert instance.json("dkim", "policy", "show", "joe@example.net")["source"] == "file"
    assert instance.send(sender="alice@example.test").code == 250
    assert [s["s"] for s in signatures(sink.wait(1)[-1].data)] == ["s1", "e1"]
    (home / "control/dkimdomains").write_text("example.test\n")
    assert instance.json("dkim", "import", "sqmail", home, check=False)["findings"][0]["line"] == 1

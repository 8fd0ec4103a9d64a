"""DK-18: bulla publishes the records of its keys by itself (RFC 2136), at a real name server that takes updates with a key."""
import datetime
import sqlite3

import pytest
from support.http import Console
from support.knot import Knot, can_be_resolver

pytestmark = [pytest.mark.asan, pytest.mark.skipif(not can_be_resolver(), reason="a resolver of one's own is for root")]

# Not below test., for which a resolver answers by itself.
DOMAIN = "example.com"
FOREIGN = ["foreign._domainkey TXT \"v=DKIM1; p=\" ", "alias._domainkey CNAME elsewhere.example."]


@pytest.fixture
def knot(tmp_path, request):
    server = Knot(tmp_path / "knot", {DOMAIN: FOREIGN}, algorithm=getattr(request, "param", "hmac-sha256"))
    yield server
    server.stop()


@pytest.fixture
def updating(make_instance, sink, knot):
    """An instance that runs, asks `knot` for everything, and may change its zone."""
    made = make_instance(sink)
    made.cli("domain", "add", DOMAIN)
    made.cli("settings", "set", "dkim_update_server", f"127.0.0.1:{knot.port}", "--domain", DOMAIN)
    made.cli("settings", "set", "dkim_update_key_file", knot.key_file, "--domain", DOMAIN)
    made.cli("settings", "set", "dkim_update_ttl", "1 s", "--domain", DOMAIN)
    made.wrapper = knot.resolving()
    return made.start()


def record_name(selector):
    return f"{selector}._domainkey.{DOMAIN}"


def keys(instance, command="list"):
    return {key["selector"]: key for key in instance.json("dkim", command, DOMAIN)}


def stages(instance, command="list"):
    return {selector: key["stage"] for selector, key in keys(instance, command).items()}


def pass_days(instance, days):
    """As if the keys had come into their stages earlier."""
    instance.stop()
    (database,) = instance.folder.rglob("*.db")
    with sqlite3.connect(database) as connection:
        connection.execute("update dkim_key set since = since - ?", (int(datetime.timedelta(days=days).total_seconds()) * 1_000_000,))
    instance.start()


@pytest.mark.parametrize("knot", ["hmac-sha256", "hmac-sha512"], indirect=True)
def test_DK_18_a_rotation_needs_nobody_at_the_dns(updating, knot):
    for selector, kind, bits in (("s1", "rsa", ["-b", "4096"]), ("e1", "ed25519", [])):
        done = updating.cli("dkim", "add", DOMAIN, selector, "-t", kind, *bits).stdout
        assert f"published {record_name(selector)} at 127.0.0.1:{knot.port}" in done and "publish this" not in done
    now = keys(updating, "check")
    assert {key["sight"] for key in now.values()} == {"exact"}
    for selector, key in now.items():
        assert knot.texts(record_name(selector)) == [key["record"]["value"]]
        assert key["publication"] == {"server": f"127.0.0.1:{knot.port}", "error": None}

    done = updating.cli("dkim", "rotate", DOMAIN).stdout
    assert done.count("published ") == 2 and "publish: " not in done
    after = stages(updating, "check")
    new = set(after) - {"s1", "e1"}
    assert {after[selector] for selector in new} == {"active"} and after["s1"] == after["e1"] == "retiring"
    # Mail under way is verified with them still.
    assert knot.texts(record_name("s1"))
    assert "stays until the key is retired" in updating.cli("dkim", "withdraw", DOMAIN, "s1", check=False).stderr

    pass_days(updating, 13)
    assert stages(updating, "check")["s1"] == "retired"
    updating.json("dkim", "check", DOMAIN)
    assert knot.texts(record_name("s1")) == knot.texts(record_name("e1")) == []
    assert all(knot.texts(record_name(selector)) for selector in new)
    said = updating.cli("audit").stdout
    assert "dkim.publish" in said and "dkim.withdraw" in said
    assert knot.secret not in said + updating.log_text()


def test_DK_18_a_look_publishes_what_is_not_there(updating, knot):
    updating.cli("dkim", "add", DOMAIN, "s1", "-t", "ed25519")
    knot.stop()
    knot.start()  # the zone as it was written: without the record
    assert knot.texts(record_name("s1")) == []
    assert keys(updating, "check")["s1"]["sight"] == "exact" or keys(updating, "check")["s1"]["sight"] == "exact"
    assert len(knot.texts(record_name("s1"))) == 1


def test_DK_18_compromised_keys_are_revoked_in_the_dns_at_once(updating, knot):
    updating.cli("dkim", "add", DOMAIN, "s1", "-t", "ed25519")
    updating.cli("dkim", "rotate", DOMAIN, "--now")
    assert knot.texts(record_name("s1")) == ["v=DKIM1; k=ed25519; p="]
    # What is revoked may go: that is the administrator's choice.
    assert "withdrawn" in updating.cli("dkim", "withdraw", DOMAIN, "s1").stdout
    assert knot.texts(record_name("s1")) == []


def test_DK_18_a_retired_key_gets_an_empty_p_if_the_setting_says_so(updating, knot):
    updating.cli("settings", "set", "dkim_update_retired", "revoke")
    updating.cli("dkim", "add", DOMAIN, "s1", "-t", "ed25519")
    updating.json("dkim", "check", DOMAIN)
    updating.cli("dkim", "rotate", DOMAIN)
    assert stages(updating, "check")["s1"] == "retiring"
    pass_days(updating, 13)
    assert stages(updating, "check")["s1"] == "retired"
    updating.json("dkim", "check", DOMAIN)
    assert knot.texts(record_name("s1")) == ["v=DKIM1; k=ed25519; p="]


def test_DK_18_a_record_that_is_delegated_by_an_alias_is_seen(make_instance, sink, tmp_path):
    """Whoever has no rights at example.com publishes in a zone of his own."""
    made = make_instance(sink)
    made.cli("domain", "add", DOMAIN)
    record = made.json("dkim", "add", DOMAIN, "s1", "-t", "ed25519")["record"]
    server = Knot(tmp_path / "knot", {DOMAIN: ["s1._domainkey CNAME s1.keys.example.net."], "example.net": [f's1.keys TXT "{record["value"]}"']})
    try:
        made.wrapper = server.resolving()
        made.start()
        assert keys(made, "check")["s1"]["sight"] == "exact"
        made.stop()
    finally:
        server.stop()


@pytest.mark.parametrize("selector", ["foreign", "alias"])
def test_RFC2136_2_4_a_record_of_others_is_left_as_it_is(updating, knot, selector):
    before = knot.texts(record_name(selector))
    done = updating.cli("dkim", "add", DOMAIN, selector, "-t", "ed25519", check=False)
    assert done.returncode == 1 and "a record that bulla did not publish" in done.stdout, done
    updating.cli("dkim", "activate", DOMAIN, selector, "--undo")
    assert "a record that bulla did not publish" in updating.cli("dkim", "withdraw", DOMAIN, selector, check=False).stdout
    assert "a record that bulla did not publish" in updating.cli("dkim", "check", DOMAIN).stdout
    assert knot.texts(record_name(selector)) == before
    assert updating.log_text().count("dkim.record_not_published") == 1, "told once"


def test_RFC8945_5_2_a_wrong_key_is_told_in_clear_words(updating, knot):
    updating.cli("dkim", "add", DOMAIN, "s1", "-t", "ed25519")
    other = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
    # (name, algorithm, secret) → what is said
    rows = [(("bulla.key", "hmac-sha256", other), "another secret for the TSIG key (BADSIG)"),
            (("other.key", "hmac-sha256", knot.secret), "does not know the TSIG key"),
            (("bulla.key", "hmac-sha512", knot.secret), "does not know the TSIG key"),
            (("bulla.key", "hmac-md5", knot.secret), "neither hmac-sha256 nor hmac-sha512"),
            (("bulla.key", "hmac-sha256", "c2hvcnQ="), "less than 16 octets")]
    for key, words in rows:
        path = knot.write_key(*key)
        updating.cli("settings", "set", "dkim_update_key_file", path, "--domain", DOMAIN)
        done = updating.cli("dkim", "publish", DOMAIN, "s1", check=False)
        assert done.returncode == 1 and words in done.stdout, (key, done)
        assert other not in done.stdout + done.stderr + updating.log_text()
    path.chmod(0o644)
    assert "lets others at it" in updating.cli("dkim", "publish", DOMAIN, check=False).stdout
    assert keys(updating, "check")["s1"]["publication"]["error"]
    updating.cli("settings", "set", "dkim_update_key_file", knot.key_file, "--domain", DOMAIN)
    assert "as it should be already" in updating.cli("dkim", "publish", DOMAIN).stdout
    assert keys(updating, "check")["s1"]["publication"]["error"] is None


def test_DK_18_a_server_that_is_away_or_not_the_zones_is_told(updating, knot):
    updating.cli("settings", "set", "dkim_update_zone", "example.net", "--domain", DOMAIN)
    assert "is not within the zone example.net" in updating.cli("dkim", "add", DOMAIN, "s1", "-t", "ed25519", check=False).stdout
    updating.cli("settings", "set", "dkim_update_zone", f"_domainkey.{DOMAIN}", "--domain", DOMAIN)
    assert "NOTAUTH" in updating.cli("dkim", "publish", DOMAIN, check=False).stdout
    updating.cli("settings", "reset", "dkim_update_zone", "--domain", DOMAIN)
    updating.cli("settings", "set", "dkim_update_server", "127.0.0.1:1", "--domain", DOMAIN)
    assert "cannot be reached" in updating.cli("dkim", "publish", DOMAIN, check=False).stdout
    updating.cli("settings", "set", "dkim_update_server", "", "--domain", DOMAIN)
    assert "dkim_update_server" in updating.cli("dkim", "publish", DOMAIN, check=False).stderr
    assert keys(updating)["s1"]["publication"] is None
    assert knot.texts(record_name("s1")) == []


def test_DKD_02_the_api_publishes_and_withdraws(updating, knot):
    updating.cli("dkim", "add", DOMAIN, "s1", "-t", "ed25519")
    updating.cli("dkim", "add", DOMAIN, "s2", "-t", "ed25519")
    for name, *role in (("root", "--role", "admin"), ("ann", "--role", "domain_admin", "--domain", DOMAIN)):
        updating.cli("account", "add", f"{name}@{DOMAIN}", *role, "--password-stdin", data=b"correct horse battery")
    with Console(updating) as client:
        assert client.log_in(f"ann@{DOMAIN}", "correct horse battery").status == 201
        (done,) = client.ask("POST", f"/domains/{DOMAIN}/keys/s2/record").json()["items"]
        assert (done["state"], done["error"], done["name"]) == ("already", None, record_name("s2"))
        assert {one["state"] for one in client.ask("POST", f"/domains/{DOMAIN}/records").json()["items"]} == {"already"}
        (done,) = client.ask("DELETE", f"/domains/{DOMAIN}/keys/s2/record").json()["items"]
        assert done["state"] == "withdrawn" and knot.texts(record_name("s2")) == []
        refused = client.ask("DELETE", f"/domains/{DOMAIN}/keys/s1/record")
        assert refused.code == "dkim_update.in_use" and len(knot.texts(record_name("s1"))) == 1
        # The server connects and reads a file: where, says its administrator alone.
        place = f"/settings/dkim_update_server?scope=domain:{DOMAIN}"
        assert client.ask("PUT", place, {"value": "192.0.2.1"}).code == "access.denied"
        assert client.log_in(f"root@{DOMAIN}", "correct horse battery").status == 201
        assert client.ask("PUT", place, {"value": "192.0.2.1"}).status == 200

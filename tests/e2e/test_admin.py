"""Clauses 4, 8 and 9: what an administrator changes, beside the daemon, without it, and while it dies."""
import fcntl
import os
import pathlib
import re
import select
import signal
import socket
import sqlite3
import subprocess
import threading

import pytest

from support.instance import DOMAIN, program, until


def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True).stdout


def at_once(count, work):
    """`work(i)` in `count` threads; what each returned."""
    results = [None] * count

    def run(i):
        results[i] = work(i)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def audit(instance):
    return [(entry["action"], entry["target"]) for entry in instance.json("audit", "--limit", "1000")["items"]]


# One owner


@pytest.mark.parametrize("running", [False, True])
def test_c2_4_many_commands_at_once_all_succeed(make_instance, running):
    made = make_instance(None)
    if running:
        made.start()
    codes = at_once(8, lambda i: made.cli("domain", "add", f"d{i}.test", check=False).returncode)
    assert codes == [0] * 8
    assert {d["name"] for d in made.json("domain", "list")} == {DOMAIN, *(f"d{i}.test" for i in range(8))}
    assert {target for action, target in audit(made) if action == "domain.add"} == {DOMAIN, *(f"d{i}.test" for i in range(8))}


def test_c2_4_commands_outlive_the_daemons_start_and_stop(make_instance):
    """Between lock and socket lies a moment in which neither the daemon nor the command itself could do the work: the command waits."""
    made = make_instance(None)
    for i in range(3):
        made.start(wait=False)
        assert made.cli("domain", "add", f"start{i}.test", check=False).returncode == 0
        made.wait_listening()
        os.kill(made.pid, signal.SIGTERM)
        assert made.cli("domain", "add", f"stop{i}.test", check=False).returncode == 0
        made.stop()
    assert len(made.json("domain", "list")) == 7


def test_c2_4_a_call_that_was_never_taken_up_is_made_again(make_instance):
    """A daemon that stops leaves connections behind unread. Here the test holds the lock and the socket, and takes up nothing."""
    made = make_instance(None)
    path = made.folder / "state" / "admin.sock"
    with open(made.folder / "state" / "lock", "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = None
        for _ in range(3):
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(path))
                listener.listen(1)
                command = command or subprocess.Popen([program(), "domain", "add", "late.test"], env={**os.environ, "BULLA_CONFIG": str(made.config_file)})
                assert select.select([listener], [], [], 30)[0], "the command did not call again"
            path.unlink()
        assert command.poll() is None
    assert command.wait(30) == 0
    assert [target for action, target in audit(made) if action == "domain.add"].count("late.test") == 1


def test_c2_4_a_killed_daemon_leaves_an_instance_that_can_be_changed(make_instance):
    made = make_instance(None).start()
    made.kill()
    assert (made.folder / "state/admin.sock").exists()
    made.cli("domain", "add", "after.test")
    made.start()
    made.cli("domain", "add", "again.test")
    assert len(made.json("domain", "list")) == 3


def test_GW_06_what_was_done_is_written_down_with_who_did_it(make_instance):
    made = make_instance(None)
    made.cli("settings", "set", "dkim_expiry", "3 d")
    made.start()
    made.cli("settings", "set", "dkim_expiry", "4 d")
    entries = made.json("audit", "--limit", "2")["items"]
    assert [e["action"] for e in entries] == ["settings.set", "settings.set"]
    assert all(e["actor"].startswith("cli:") and e["target"] == "dkim_expiry" for e in entries)
    assert "4 d" in entries[0]["detail"] and entries[0]["index"] == entries[1]["index"] + 1
    before = made.json("status")["log_size"]
    assert made.cli("settings", "set", "dkim_expiry", "soon", check=False).returncode == 2
    assert made.json("status")["log_size"] == before


# Secrets


def test_c2_4_passwords_come_from_standard_input_or_a_closed_file(make_instance, tmp_path):
    made = make_instance(None)
    secret = tmp_path / "secret"
    secret.write_text("correct horse battery\n")
    secret.chmod(0o644)
    refused = made.cli("account", "add", f"ann@{DOMAIN}", "--password-file", secret, check=False)
    assert refused.returncode in (2, 3) and str(secret) in refused.stderr and "horse" not in refused.stderr
    secret.chmod(0o600)
    made.cli("account", "add", f"ann@{DOMAIN}", "--password-file", secret)
    once = made.json("account", "passwd", f"ann@{DOMAIN}", "--one-time")
    assert len(once["one_time_password"]) == 23
    assert [a["one_time_password"] for a in made.json("account", "list") if a["login"] == f"ann@{DOMAIN}"] == [True]
    for name in ("state/bulla.db", "state/bulla.db-wal", "serve.log"):
        path = made.folder / name
        assert not path.exists() or b"horse battery" not in path.read_bytes()


def test_c2_4_private_keys_are_never_in_clear_in_the_state(make_instance):
    made = make_instance(None)
    made.cli("signer", "create", "archive", "-t", "rsa")
    made.sign_dkim()
    for path in (made.folder / "state").rglob("*"):
        if path.is_file():
            assert b"PRIVATE KEY" not in path.read_bytes(), path


# Signers and groups


@pytest.mark.parametrize("form", ["DSA PRIVATE KEY", "PRIVATE KEY"])
def test_ARC_06_dsa_keys_are_taken_as_openssl_makes_them(make_instance, tmp_path, form):
    made = make_instance(None)
    param, private = tmp_path / "param.pem", tmp_path / "prv_archive.pem"
    openssl("dsaparam", "-out", param, "2048")
    openssl("gendsa", "-out", private, param)
    # What openssl 3 writes for gendsa is PKCS#8; older versions wrote the traditional form.
    converted = openssl("pkey", "-in", private, *(["-traditional"] if form.startswith("DSA") else []))
    private.write_bytes(converted)
    assert f"BEGIN {form}" in private.read_text()
    private.chmod(0o600)
    public = tmp_path / "pub_archive.pem"
    signer = made.json("signer", "import", "archive", private, "-o", public)
    assert signer["signature_algorithm"] == "dsa-sha256" and signer["private_key"] == "vault"
    assert public.read_bytes() == openssl("dsa", "-in", private, "-pubout")
    assert pathlib.Path(signer["public_key_file"]).read_bytes() == public.read_bytes()
    assert made.cli("signer", "import", "twin", private, check=False).returncode == 2


def test_ARC_06_a_key_that_stays_at_its_path(make_instance, tmp_path):
    made = make_instance(None).start()
    private = tmp_path / "prv.pem"
    private.write_bytes(openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout"))
    private.chmod(0o600)
    made.cli("signer", "import", "kept", private, "--keep")
    assert made.json("signer", "list")[0]["private_key"] == str(private)
    made.archive_all("kept")
    made.stop()
    private.unlink()
    problems = made.json("status")["problems"]
    assert len(problems) == 1 and str(private) in problems[0]


def test_ARC_07_a_signer_is_rotated_while_the_daemon_runs(make_instance):
    made = make_instance(None).start()
    first = made.json("signer", "create", "archive")
    second = made.json("signer", "rotate", "archive", "-t", "ed25519")
    listed = made.json("signer", "list")[0]
    assert listed["fingerprint"] == second["fingerprint"] != first["fingerprint"]
    assert {k["fingerprint"] for k in listed["keys"]} == {first["fingerprint"], second["fingerprint"]}
    names = {p.name for p in (made.folder / "state/public").iterdir()}
    assert names == {f"archive-{k['fingerprint'][:8]}.pem" for k in listed["keys"]}


def test_ARC_08_an_unknown_signer_is_refused_at_save(make_instance):
    made = make_instance(None)
    refused = made.cli("group", "add", "all", "--member", "*", "--archival-signer", "nobody", check=False)
    assert refused.returncode == 2 and "nobody" in refused.stderr
    assert made.json("group", "list") == []


def test_ARC_04_the_signature_table_is_made_once_and_asked_for(make_instance):
    made = make_instance(None)
    made.cli("signer", "create", "archive")
    with sqlite3.connect(made.folder / "state/bulla.db") as database:
        database.execute("drop table message_signature")
    refused = made.cli("group", "add", "all", "--archival-signer", "archive", check=False)
    assert refused.returncode == 2 and "message_signature" in refused.stderr
    assert made.json("database", "create-message-signature") == {"created": True}
    assert made.json("database", "create-message-signature") == {"created": False}
    assert made.json("database", "migrate") == {"steps": 0}
    made.cli("group", "add", "all", "--archival-signer", "archive")
    made.start()
    assert made.cli("database", "migrate", check=False).returncode == 3


def test_ARC_09_an_unreadable_public_key_is_said(make_instance, tmp_path):
    made = make_instance(None)
    path = tmp_path / "pub.pem"
    said = made.cli("settings", "set", "signature_public_key_path", path)
    assert str(path) in said.stderr
    verification = made.json("settings", "get", "signature_verification_enabled")
    assert (verification["effective"], verification["source"], verification["value"]) == ("1", "default", None)
    made.cli("signer", "create", "archive", "-o", path)
    assert "problem" not in made.json("settings", "get", "signature_public_key_path")


# The queue


def test_c2_8_the_queue_is_listed_held_released_and_emptied(make_instance, make_sink):
    made = make_instance(make_sink())
    made.trust_loopback()
    made.configure({"route": [{"name": "out", "match": ["*"], "exit": "smtp", "host": "127.0.0.1", "port": 1}]})
    made.start()
    assert made.send().code == 250
    items = until(lambda: [i for i in made.json("queue", "list")["items"] if i["attempts"] and not i["active"]], "a failed attempt")
    assert [i["recipients"] for i in items] == [["bob@example.org"]]
    number = items[0]["id"]
    made.cli("queue", "hold", number)
    assert made.json("queue", "show", number)["state"] == "held"
    assert made.json("queue", "list", "--state", "queued")["items"] == []
    made.stop()
    assert made.json("queue", "list", "--address", "bob@")["items"][0]["id"] == number
    made.cli("queue", "release", number)
    assert made.json("queue", "show", number)["state"] == "queued"
    made.cli("queue", "delete", number)
    assert made.json("queue", "list")["items"] == []
    assert made.cli("queue", "show", number, check=False).returncode == 2
    actions = [action for action, target in audit(made) if target == number]
    assert actions == ["queue.delete", "queue.release", "queue.hold"]


# Accounts, tokens, sessions


def test_GW_05_accounts_come_and_go_and_so_does_their_domain(make_instance):
    made = make_instance(None).start()
    made.cli("domain", "add", "old.test")
    made.cli("account", "add", "ann@old.test", "--login", "ann", "--one-time")
    made.cli("account", "disable", "ann")
    made.cli("account", "enable", "ann")
    made.cli("account", "address", "ann", "anna@old.test")
    made.cli("account", "rename", "ann", "anna")
    assert made.cli("domain", "remove", "old.test", check=False).returncode == 2
    made.cli("account", "remove", "anna")
    made.cli("domain", "remove", "old.test")
    assert made.cli("account", "remove", "admin", check=False).returncode == 2
    assert [action for action, _ in audit(made)][:7] == [
        "domain.remove", "account.remove", "account.rename", "account.address", "account.enable", "account.disable", "account.add"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", made.json("audit", "--limit", "1")["items"][0]["at"])


def test_a_token_is_shown_once_and_revoked(make_instance):
    made = make_instance(None)
    token = made.json("token", "create", "admin", "backup", "--scope", "read", "--days", "9")
    listed = made.json("token", "list")
    assert token["token"].startswith("bulla_") and token["token"] not in str(listed) and listed[0]["scopes"] == ["read"]
    made.cli("token", "revoke", token["id"])
    assert made.json("token", "list") == [] and made.json("session", "list") == []
    assert made.cli("token", "revoke", token["id"], check=False).returncode == 2


def test_a_second_factor_is_enrolled_and_taken_away(make_instance):
    made = make_instance(None)
    assert made.json("account", "totp", "enroll", "admin")["uri"].startswith("otpauth://totp/")
    assert made.cli("account", "totp", "confirm", "admin", "000", check=False).returncode == 2
    made.cli("account", "totp", "disable", "admin")


def test_the_nearest_command_is_named(make_instance):
    made = make_instance(None)
    said = made.cli("domian", "list", check=False)
    assert said.returncode == 2 and 'did you mean "domain"?' in said.stderr

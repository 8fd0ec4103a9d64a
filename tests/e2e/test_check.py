"""`bulla check` on real instances: what is wrong is found, said, and told by the exit status."""
import json
import os
import shutil
import socket
import sqlite3

import pytest


def check(instance, *options):
    """The findings of an area by their state; the exit status."""
    done = instance.cli("check", "--offline", "--json", *options, check=False)
    answer = json.loads(done.stdout)
    worst = 2 if answer["errors"] else 1 if answer["warnings"] else 0
    assert done.returncode == worst, done.stdout
    assert answer["errors"] == sum(one["state"] == "error" for one in answer["findings"])
    for one in answer["findings"]:
        assert one["state"] == "ok" or one["action"], one
    return answer["findings"]


def errors(instance, area=None):
    return [one["text"] for one in check(instance) if one["state"] == "error" and area in (None, one["area"])]


@pytest.mark.asan
def test_c3_9_a_sound_instance_has_no_error_whether_it_runs_or_not(make_instance):
    instance = make_instance()
    assert errors(instance) == []
    instance.start()
    findings = check(instance)
    assert [one for one in findings if one["state"] == "error"] == []
    assert any(one["text"].startswith("the instance is at work") for one in findings)
    text = instance.cli("check", "--offline", check=False).stdout
    assert "0 errors, " in text.splitlines()[-1] and "\nok       database " in text


def test_c3_9_a_bad_configuration_is_named_with_its_line(make_instance):
    instance = make_instance()
    instance.configure({"limits": {"mesage_size": 1}})
    found = errors(instance)
    assert len(found) == 1 and "mesage_size" in found[0] and "bulla.toml:" in found[0]


def test_c3_9_a_taken_port_is_told_with_who_has_it(make_instance):
    instance = make_instance()
    with socket.create_server(("127.0.0.1", instance.ports["inbound"])):
        found = errors(instance, "neighbours")
    assert len(found) == 1 and f":{instance.ports['inbound']} is taken by " in found[0]
    assert os.geteuid() != 0 or f"(pid {os.getpid()})" in found[0]


def test_c3_9_open_secrets_are_errors(make_instance):
    instance = make_instance()
    for path, mode in ((instance.folder / "passphrase", 0o640), (instance.folder / "state", 0o755), (instance.folder / "state/bulla.db", 0o604)):
        before = path.stat().st_mode & 0o777
        path.chmod(mode)
        found = errors(instance, "permissions")
        assert len(found) == 1 and str(path) in found[0], found
        path.chmod(before)


def test_c3_9_an_older_copy_of_the_database_is_found(make_instance):
    instance = make_instance()
    database = instance.folder / "state/bulla.db"
    shutil.copy(database, instance.folder / "old.db")
    instance.cli("domain", "add", "later.test")
    for extra in ("-wal", "-shm"):
        database.with_name(database.name + extra).unlink(missing_ok=True)
    shutil.copy(instance.folder / "old.db", database)
    found = errors(instance, "log")
    assert len(found) == 1 and "state/checkpoint has seen" in found[0]


def test_c3_9_a_damaged_database_is_found(make_instance):
    instance = make_instance()
    database = instance.folder / "state/bulla.db"
    connection = sqlite3.connect(database)
    connection.execute("pragma wal_checkpoint(truncate)")
    page = connection.execute("select rootpage from sqlite_master where name = 'log_leaf'").fetchone()[0]
    size = connection.execute("pragma page_size").fetchone()[0]
    connection.close()
    with open(database, "r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 64)
    assert any("damaged" in text for text in errors(instance, "database"))


def test_c3_9_a_database_of_another_version_is_found(make_instance):
    instance = make_instance()
    connection = sqlite3.connect(instance.folder / "state/bulla.db")
    connection.execute("update schema_version set version = 99 where version = (select max(version) from schema_version)")
    changed = connection.total_changes
    connection.commit()
    connection.close()
    assert changed == 1
    assert any("newer" in text for text in errors(instance, "database"))


def test_c3_9_a_wrong_passphrase_is_found(make_instance):
    instance = make_instance()
    (instance.folder / "passphrase").write_text("not the one\n")
    assert len(errors(instance, "keys")) == 1


def test_c3_9_a_file_system_in_memory_is_an_error(make_instance, tmp_path):
    instance = make_instance()
    memory = "/dev/shm"
    if os.stat(memory).st_dev == os.stat(tmp_path).st_dev:
        raise AssertionError("/dev/shm is not a file system of its own")
    volumes = os.path.join(memory, f"bulla-check-{os.getpid()}")
    shutil.copytree(instance.folder / "volumes", volumes)
    try:
        instance.configure({"volume": {"path": volumes}})
        found = errors(instance, "disk")
        assert any("in memory" in text for text in found), found
    finally:
        shutil.rmtree(volumes)


def test_ARC_09_a_signer_that_nobody_can_check_is_a_warning(make_instance):
    instance = make_instance()
    key = instance.json("signer", "create", "a")["public_key_file"]
    instance.archive_all("a")
    instance.cli("settings", "set", "signature_public_key_path", key)

    def warnings():
        return [one for one in check(instance) if one["state"] == "warning" and "public key" in one["text"]]
    assert warnings() == []
    other = instance.json("signer", "create", "b")["public_key_file"]
    instance.cli("settings", "set", "signature_public_key_path", other)
    found = warnings()
    assert len(found) == 1 and found[0]["text"].startswith("what a signs ") and "bulla signer list" in found[0]["action"], found

"""Clause 11 through the command line: the tamper table (docs/tamper-table.md) on an archive that real mail has filled."""
import base64
import json
import shutil
import sqlite3

import pytest

from support.instance import Instance

COUNT = 6
AT = 2  # the message that is tampered with, counted from the oldest


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A stopped instance with some messages, signed by `main`; an older copy of it; a checkpoint kept elsewhere."""
    from support.sink import Sink

    folder = tmp_path_factory.mktemp("tamper")
    sink = Sink()
    made = Instance(folder / "whole", sink.port)
    try:
        made.trust_loopback()
        made.cli("signer", "create", "main", "-t", "p256")
        made.archive_all("main")
        made.start()
        for n in range(COUNT):
            assert made.send(recipient=f"bob{n}@example.org").code == 250
            sink.wait(n + 1)
            if n == COUNT // 2:
                made.stop()
                shutil.copytree(folder / "whole", folder / "older")
                made.start()
        made.wait_queue_empty()
        made.stop()
        checkpoint = folder / "checkpoint"
        checkpoint.write_text(made.cli("log", "checkpoint").stdout)
        yield made, folder, checkpoint
    finally:
        made.stop()
        sink.close()


class Copy:
    """A copy of the instance in the same place, so that its configuration holds."""

    def __init__(self, made, original):
        self.made = made
        shutil.rmtree(made.folder)
        shutil.copytree(original, made.folder)
        ids = sorted((row["id"], row["leaf"]) for row in made.archive())
        self.id, self.leaf = ids[min(AT, len(ids) - 1)]
        self.other, self.other_leaf = ids[0]
        self.shown = json.loads(made.cli("archive", "show", self.id, "--json").stdout)

    def sql(self, text, *values):
        database = sqlite3.connect(self.made.folder / "state/bulla.db")
        with database:
            count = database.execute(text, values).rowcount
        database.close()
        return count

    def one(self, text, *values):
        database = sqlite3.connect(self.made.folder / "state/bulla.db")
        row = database.execute(text, values).fetchone()
        database.close()
        return row[0]

    @property
    def number(self):
        return self.one("select id from message where leaf = ?", self.leaf)

    @property
    def other_number(self):
        return self.one("select id from message where leaf = ?", self.other_leaf)

    def flip(self, suffix, offset):
        record = self.shown["record"]
        path = self.made.folder / "volumes" / record["volume"] / f"{record['pack']}.{suffix}"
        content = bytearray(path.read_bytes())
        content[offset] ^= 1
        path.write_bytes(content)

    def verify(self, *arguments):
        return self.made.cli("archive", "verify", "--all", *arguments, check=False)


@pytest.fixture
def copy(filled):
    made, folder, _ = filled
    original = folder / "original"
    if not original.exists():
        shutil.copytree(made.folder, original)
    yield Copy(made, original)
    shutil.rmtree(made.folder)
    shutil.copytree(original, made.folder)


def change_signature(c):
    old = c.one("select signature from message_signature where message_id = ?", c.number)
    content = bytearray(base64.b64decode(old))
    content[-1] ^= 1
    c.sql("update message_signature set signature = ? where message_id = ?", base64.b64encode(bytes(content)).decode(), c.number)


def exchange(c, table, column, key, first, second):
    one, two = (c.one(f"select {column} from {table} where {key} = ?", k) for k in (first, second))
    c.sql(f"update {table} set {column} = ? where {key} = ?", two, first)
    c.sql(f"update {table} set {column} = ? where {key} = ?", one, second)


def exchange_rows(c):
    number, other = c.number, c.other_number
    c.sql("update message set id = 1 where id = ?", number)
    c.sql("update message set id = ? where id = ?", number, other)
    c.sql("update message set id = ? where id = 1", other)


def truncate(c):
    size = c.leaf
    c.sql("delete from log_leaf where idx >= ?", size)
    c.sql("delete from log_checkpoint where size > ?", size)
    c.sql("delete from message where leaf >= ?", size)


TABLE = {
    "a_byte_of_a_pack": (lambda c: c.flip("pack", c.shown["record"]["offset"] + 80), "record: the message at"),
    "a_key_slot": (lambda c: c.flip("keys", 128 + 64 * c.shown["record"]["slot"] + 20), "record: the message at"),
    "a_signature": (change_signature, "signature: that of main (ecdsa-p256-sha256"),
    "a_row": (lambda c: c.sql("update message set size = size + 1 where id = ?", c.number), "row: the row says"),
    "a_leaf": (lambda c: c.sql("update log_leaf set entry = replace(entry, 'size ', 'size 1') where idx = ?", c.leaf), "leaf: the text of leaf"),
    "signatures_swapped": (lambda c: exchange(c, "message_signature", "signature", "message_id", c.number, c.other_number), "does not fit the message"),
    "a_row_deleted": (lambda c: c.sql("delete from message where id = ?", c.number), "was deleted"),
    "two_rows_exchanged": (exchange_rows, "exchanged"),
    "the_log_truncated": (truncate, "older than the checkpoint in"),
}


def test_c2_11_untouched_verifies(copy, filled):
    done = copy.verify("--checkpoint", filled[2])
    assert done.returncode == 0, done.stdout
    assert f"{COUNT} messages" in done.stdout and "all verify" in done.stdout
    said = json.loads(copy.verify("--json").stdout)
    assert said["verified"] and said["complete"] and said["messages"] == COUNT and said["signatures"] == COUNT and not said["reports"]
    one = copy.made.cli("archive", "verify", copy.id).stdout
    for step in ("row:", "record:", "signature:", "log:", "order:"):
        assert f"ok   {step}" in one, one


@pytest.mark.parametrize("row", TABLE)
def test_c2_11_tampering_is_found_and_named(copy, row):
    tamper, words = TABLE[row]
    tamper(copy)
    done = copy.verify()
    assert done.returncode == 1, done.stdout + done.stderr
    assert words in done.stdout, done.stdout
    said = json.loads(copy.verify("--json").stdout)
    assert said["verified"] is False
    if row not in ("the_log_truncated", "a_leaf"):
        assert copy.id in done.stdout
    if row not in ("the_log_truncated", "a_row_deleted"):
        assert copy.made.cli("archive", "verify", copy.id, check=False).returncode == 1


def test_c2_11_an_older_copy_put_back_is_found_with_a_newer_checkpoint(filled, copy):
    made, folder, checkpoint = filled
    older = Copy(made, folder / "older")
    assert older.verify().returncode == 0
    done = older.verify("--checkpoint", checkpoint)
    assert done.returncode == 1 and "older than the checkpoint in" in done.stdout, done.stdout
    done = made.cli("log", "consistency", "--from", checkpoint, check=False)
    assert done.returncode == 1 and "NOT CONSISTENT" in done.stdout


def test_c2_11_verification_goes_on_where_it_stopped(copy):
    first = json.loads(copy.verify("--most", "1", "--json").stdout)
    assert first["verified"]
    rest = json.loads(copy.verify("--first", str(first["next"]), "--json").stdout)
    assert rest["verified"] and rest["complete"]


def test_c2_11_readers_work_while_the_daemon_runs(instance, sink):
    instance.cli("signer", "create", "main", "-t", "ed25519")
    instance.archive_all("main")
    assert instance.send().code == 250
    sink.wait(1)
    assert instance.cli("archive", "verify", "--all").returncode == 0
    newest = instance.archive()[0]["id"]
    assert newest in instance.cli("archive", "list").stdout
    assert newest in instance.cli("archive", "show", newest).stdout

"""Clause 10: an older copy of the database is put back. Nothing is sealed, until the administrator says so knowingly."""
import shutil

import pytest

from support.instance import Instance


def copy_database(made, to):
    to.mkdir()
    for path in (made.folder / "state").glob("bulla.db*"):
        shutil.copy2(path, to)


def put_back(made, copy):
    for path in (made.folder / "state").glob("bulla.db*"):
        path.unlink()
    for path in copy.iterdir():
        shutil.copy2(path, made.folder / "state")


@pytest.fixture
def rolled_back(tmp_path, sink):
    """A stopped instance whose database was put back to before its last two messages; ids: kept and lost; the newer checkpoint."""
    made = Instance(tmp_path / "instance", sink.port)
    try:
        made.trust_loopback()
        made.archive_all()
        made.start()
        assert made.send(recipient="kept@example.org").code == 250
        sink.wait(1)
        made.wait_queue_empty()
        made.stop()
        kept = made.archive()[0]["id"]
        copy_database(made, tmp_path / "copy")
        made.start()
        for n in range(2):
            assert made.send(recipient=f"lost{n}@example.org").code == 250
        sink.wait(3)
        made.wait_queue_empty()
        made.stop()
        lost = [row["id"] for row in made.archive() if row["id"] != kept]
        checkpoint = tmp_path / "checkpoint"
        checkpoint.write_text(made.cli("log", "checkpoint").stdout)
        put_back(made, tmp_path / "copy")
        yield made, kept, lost, checkpoint
    finally:
        made.stop()


def test_c2_10_fork_is_refused_when_nothing_was_put_back(instance):
    instance.stop()
    before = instance.cli("log", "checkpoint").stdout
    done = instance.cli("log", "fork", "--reason", "because", check=False)
    assert done.returncode == 2 and "nothing to accept" in done.stderr, done.stderr
    assert instance.cli("log", "checkpoint").stdout == before
    assert instance.cli("log", "fork", check=False).returncode == 2, "a reason must be given"
    assert "Example:" in instance.cli("log", "fork", "--help").stdout


def test_c2_10_an_older_database_stops_sealing_until_it_is_accepted(rolled_back, sink):
    made, kept, lost, checkpoint = rolled_back
    done = made.cli("serve", check=False)
    assert done.returncode != 0 and "bulla log fork" in done.stderr, done.stderr
    former = made.json("log", "checkpoint")
    said = made.json("log", "fork", "--reason", "disk failed\nbackup of Monday")
    assert said["former_origin"] == former["origin"] and said["origin"].startswith(former["origin"] + "/fork-")
    assert said["size"] == former["size"] and said["seen_size"] > said["size"]
    assert (made.folder / "state/log.pub").read_text().strip() == said["log_key"]
    assert made.cli("log", "fork", "--reason", "again", check=False).returncode == 2

    made.start()
    assert made.send(recipient="new@example.org").code == 250
    sink.wait(4)
    made.wait_queue_empty()
    everything = made.cli("archive", "verify", "--all")
    gone = f"leaves {said['size']} to {said['seen_size'] - 1} are missing since"
    assert "all verify" in everything.stdout and gone in everything.stdout and "disk failed" in everything.stdout
    assert made.cli("archive", "verify", kept).returncode == 0
    one = made.cli("archive", "verify", lost[0], check=False)
    assert one.returncode == 1 and gone in one.stdout, one.stdout


def test_c2_10_checkpoints_of_the_former_name(rolled_back, tmp_path):
    made, _, _, newer = rolled_back
    older = tmp_path / "older"
    older.write_text(made.cli("log", "checkpoint").stdout)
    former_key = tmp_path / "former.pub"
    shutil.copy(made.folder / "state/log.pub", former_key)
    made.cli("log", "fork", "--reason", "accepted")
    assert made.cli("log", "consistency", "--from", older).returncode == 0, "what was kept is proved as before"
    assert made.cli("archive", "verify", "--all", "--checkpoint", older).returncode == 0
    done = made.cli("log", "consistency", "--from", newer, check=False)
    assert done.returncode == 1 and "accepted" in done.stdout, "whoever holds a newer one sees what is missing"
    done = made.cli("archive", "verify", "--all", "--checkpoint", newer, check=False)
    assert done.returncode == 1 and "are missing since" in done.stdout, done.stdout
    done = made.cli("archive", "verify", "--all", "--log-key", former_key)
    assert "as which the log went before" in done.stdout


def test_c2_10_the_whole_state_put_back_and_a_checkpoint_kept_elsewhere(rolled_back, tmp_path):
    made, _, _, newer = rolled_back
    older = made.cli("log", "checkpoint").stdout
    (made.folder / "state/checkpoint").write_text(older)
    assert made.cli("log", "fork", "--reason", "x", check=False).returncode == 2, "nothing here shows a roll-back"
    assert made.json("log", "fork", "--reason", "x", "--checkpoint", newer)["seen_size"] > 0


def test_c2_10_a_fork_cut_short_is_ended_by_the_command_again(rolled_back):
    made, *_ = rolled_back
    state = made.folder / "state"
    seen, key = (state / "checkpoint").read_text(), (state / "log.pub").read_text()
    said = made.json("log", "fork", "--reason", "x")
    (state / "checkpoint").write_text(seen)
    (state / "log.pub").write_text(key)
    assert made.json("log", "fork", "--reason", "x") == said
    assert made.cli("archive", "verify", "--all").returncode == 0


def test_c2_10_a_checkpoint_with_a_bad_signature_is_not_consistent(instance, tmp_path):
    note = instance.cli("log", "checkpoint").stdout
    bad = tmp_path / "bad"
    bad.write_text(note[:-8] + ("AAAA" if note[-8:-4] != "AAAA" else "BBBB") + note[-4:])
    done = instance.cli("log", "consistency", "--from", bad, check=False)
    assert done.returncode == 1 and "NOT CONSISTENT" in done.stdout, done.stdout + done.stderr
    assert instance.json("log", "consistency", "--from", bad, check=False)["consistent"] is False
    done = instance.cli("log", "consistency", "--from", tmp_path / "missing", check=False)
    assert done.returncode == 2

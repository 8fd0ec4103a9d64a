"""Clause 12b: the whole program loses its power at random moments while mail comes in and is delivered."""
import pathlib
import random
import re
import shutil

import cut
import pytest
from support.instance import in_threads, program

MESSAGES, THREADS, CUTS = 48, 4, 12
ID = re.compile(rb"[0-9A-HJKMNP-TV-Z]{13}")


@pytest.fixture
def journalled(make_instance, tmp_path):
    """An instance whose folder is journalled while it runs, with a copy of what was there before."""
    preload = pathlib.Path(program()).parent / "powerloss_preload.so"
    assert preload.exists(), f"{preload} is not built"
    made = make_instance()
    made.trust_loopback()
    made.cli("settings", "set", "unknown_recipients", "accept")
    made.archive_all()
    made.before = tmp_path / "before"
    shutil.copytree(made.folder, made.before)
    made.journal = tmp_path / "journal"
    made.extra_environment = {"LD_PRELOAD": str(preload), "POWERLOSS_DIR": str(made.folder), "POWERLOSS_JOURNAL": str(made.journal),
                              "POWERLOSS_REPLIES": "1"}
    return made


def body(number):
    return b"token-%d-\r\n" % number * (1 + number * 37 % 400)


def send_all(instance):
    """Sends messages to a local mailbox over several sessions; which message id is which message."""
    ids = {}

    def session(thread):
        for number in range(thread, MESSAGES, THREADS):
            message = b"From: alice@%b\r\nTo: bob@%b\r\nSubject: %d\r\n\r\n" % (instance.domain.encode(), instance.domain.encode(), number) + body(number)
            reply = instance.send(recipient=f"bob@{instance.domain}", message=message)
            assert reply.code == 250, reply
            ids[ID.search(str(reply).encode())[0]] = number

    in_threads(THREADS, session)
    return ids


def check(instance, acknowledged, ids):
    """All that was acknowledged is archived, verifies and is delivered."""
    instance.start()
    archived = {row["id"].encode() for row in instance.archive()}
    assert acknowledged <= archived, f"lost from the archive: {sorted(ids[i] for i in acknowledged - archived)}"
    instance.cli("archive", "verify", "--all")
    instance.wait_queue_empty()
    delivered = b"".join(instance.maildir("bob"))
    lost = [ids[i] for i in acknowledged if b"token-%d-" % ids[i] not in delivered]
    assert not lost, f"archived, but never delivered: {lost}"
    instance.stop()


def test_c2_12_the_program_keeps_what_it_acknowledged_over_power_cuts(journalled, tmp_path):
    instance = journalled
    instance.start()
    ids = send_all(instance)
    instance.stop()
    instance.extra_environment = {}
    journal = cut.Journal(instance.journal, str(instance.folder))
    seed = random.randrange(1 << 30)
    for number in range(CUTS):
        rng = random.Random(seed + number)
        moment = rng.choice(journal.moments())
        shutil.rmtree(instance.folder)
        cut.Disk(journal, moment, instance.before).write_out(str(instance.folder), rng)
        acknowledged = set(ID.findall(journal.acknowledged(moment))) & set(ids)
        print(f"seed {seed + number}, moment {moment} of {len(journal.events)}, {len(acknowledged)} acknowledged")
        check(instance, acknowledged, ids)

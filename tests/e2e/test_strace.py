"""Clause 12a: the order in which one message becomes durable, as the kernel sees it."""
import re

import pytest

from support.instance import until

CALLS = "openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,fdatasync,fsync,sync_file_range,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg"


@pytest.fixture
def trace(make_instance, sink, tmp_path):
    """Starts an instance under strace; trace() stops it and gives its calls in order, as lines."""
    made = make_instance(sink)
    made.trust_loopback()
    made.archive_all()
    path = tmp_path / "trace"
    made.wrapper = ["strace", "-f", "-qq", "-y", "-s", "160", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(path)]
    made.start()

    def finish():
        made.stop()
        return merge(path.read_text(errors="replace").splitlines())

    made.finish = finish
    return made


def merge(lines):
    """Calls in the order in which they ended: `unfinished` and `resumed` halves of a call become one line."""
    begun, out = {}, []
    for line in lines:
        thread, _, call = line.partition(" ")
        call = call.strip()
        if call.endswith("<unfinished ...>"):
            begun[thread] = call.removesuffix("<unfinished ...>").rstrip()
        elif resumed := re.match(r"<\.\.\. \w+ resumed>(.*)", call):
            out.append(re.sub(r"\)\s+=", ") =", begun.pop(thread, "") + resumed[1]))
        else:
            out.append(call)
    return out


def find(calls, pattern, begin=0, end=None):
    return [n for n, call in enumerate(calls[begin:end], begin) if re.search(pattern, call)]


def is_reply(call):
    return re.match(r'(write|writev|sendto|sendmsg)\(\d+<(socket|TCP)', call) and '250 2.0.0' in call and re.search(r"[0-9A-HJKMNP-TV-Z]{13}", call)


def test_c2_12_pack_then_database_then_reply(trace, sink):
    assert trace.send().code == 250
    sink.wait(1)
    until(lambda: not trace.queue() or None, "delivery")
    calls = trace.finish()
    replies = [n for n, call in enumerate(calls) if is_reply(call)]
    assert len(replies) == 1, [calls[n] for n in replies]
    go_on = find(calls, r'354 ', 0, replies[0])[-1]
    packed = find(calls, r"^(write|pwrite64|p?writev2?)\(\d+<[^>]*\.pack>", go_on, replies[0])
    assert packed, "the message was not written to a pack before its 250"
    pack_synced = find(calls, r"^(fdatasync|fsync)\(\d+<[^>]*\.pack>\) = 0", packed[-1], replies[0])
    assert pack_synced, "the pack was not synced between its last write and the 250"
    logged = find(calls, r"^(write|pwrite64)\(\d+<[^>]*-wal>", go_on, replies[0])
    assert logged, "no transaction before the 250"
    assert pack_synced[0] < logged[-1], "the transaction was written before the pack was synced"
    log_synced = find(calls, r"^(fdatasync|fsync)\(\d+<[^>]*-wal>\) = 0", logged[-1], replies[0])
    assert log_synced, "the database's log was not synced between its last write and the 250"


def test_c2_12_keys_are_synced_before_the_reply(trace, sink):
    assert trace.send().code == 250
    sink.wait(1)
    calls = trace.finish()
    reply = next(n for n, call in enumerate(calls) if is_reply(call))
    written = find(calls, r"^(write|pwrite64|p?writev2?)\(\d+<[^>]*\.keys>", 0, reply)
    assert written
    assert find(calls, r"^(fdatasync|fsync)\(\d+<[^>]*\.keys>\) = 0", written[-1], reply)


def test_c2_12_the_folder_is_synced_after_a_file_is_made(trace, sink):
    assert trace.send().code == 250
    sink.wait(1)
    calls = trace.finish()
    reply = next(n for n, call in enumerate(calls) if is_reply(call))
    made = [n for n in find(calls, r'openat\(.*O_CREAT', 0, reply) if re.search(r"\.(pack|keys)[^/]*>?$", calls[n].split(" = ")[-1].rstrip(">") + ">")
            or re.search(r'\.(pack|keys)"', calls[n])]
    assert made, "no pack was made"
    for n in made:
        folder = re.search(r"<([^>]*)/[^/>]*>$", calls[n])[1]
        assert find(calls, rf"^fsync\(\d+<{re.escape(folder)}>\) = 0", n, reply), f"{folder} was not synced after {calls[n]}"


def test_c2_12_a_large_message_is_synced_before_the_reply(trace, sink):
    from support.smtp import make_message
    assert trace.send(message=make_message(body="\n".join("x" * 70 for _ in range(40000)))).code == 250
    sink.wait(1)
    calls = trace.finish()
    reply = next(n for n, call in enumerate(calls) if is_reply(call))
    for pack in {re.search(r"<([^>]*\.pack)>", calls[n])[1] for n in find(calls, r"^(write|pwrite64|p?writev2?)\(\d+<[^>]*\.pack>", 0, reply)}:
        last = find(calls, rf"^(write|pwrite64|p?writev2?)\(\d+<{re.escape(pack)}>", 0, reply)[-1]
        assert find(calls, rf"^(fdatasync|fsync)\(\d+<{re.escape(pack)}>\) = 0", last, reply), pack


def test_c2_12_a_maildir_file_and_its_folder_are_synced_before_the_queue_forgets(make_instance, tmp_path):
    made = make_instance(None)
    path = tmp_path / "trace"
    made.wrapper = ["strace", "-f", "-qq", "-y", "-s", "160", "-e", f"trace={CALLS},link,linkat,unlink", "-o", str(path)]
    made.start()
    assert made.send("x@elsewhere.example", "admin@example.test", role="inbound").code == 250
    made.wait_maildir("admin")
    until(lambda: not made.queue() or None, "delivery")
    made.stop()
    calls = merge(path.read_text(errors="replace").splitlines())
    written = find(calls, r"^write\(\d+<[^>]*/admin/tmp/[^>]*>")
    assert written
    synced = find(calls, r"^(fsync|fdatasync)\(\d+<[^>]*/admin/tmp/[^>]*>\) = 0", written[-1])
    moved = find(calls, r"^(rename|renameat2?|link|linkat)\(.*/new/", written[-1])
    assert synced and moved and synced[0] < moved[0]
    folder = find(calls, r"^fsync\(\d+<[^>]*/new>\) = 0", moved[0])
    assert folder
    forgotten = find(calls, r"^(write|pwrite64)\(\d+<[^>]*-wal>", moved[0])
    assert forgotten and folder[0] < forgotten[0], "the delivery was recorded before the mailbox was safe"

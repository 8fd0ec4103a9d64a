"""Issue 4, clause 3: bulla-qmail under a stand-in for qmail-rspawn and qmail-remote; its signatures judged by dkimpy, Mail::DKIM and OpenDKIM."""
import os
import pathlib
import random
import re
import resource
import signal
import subprocess
import time

import pytest

from support.instance import program, until
from support.qmail import Qmail
from test_dkim import PERL_VERIFY, dkimpy_verify, opendkim_test, run

TEXT = b"Received: (qmail 1 invoked by uid 0); 1\nFrom: Joe <joe@example.com>\nTo: suzie@example.net\nSubject: Is  dinner\n\tready?\n\nHi.\n\nWe  lost.\n\n"
SENT = b"rok\0KSent.\n\0"


@pytest.fixture
def qmail(tmp_path, dkim_keys):
    made = Qmail(tmp_path / "qmail")
    made.key("example.com", "rsa", "rsa", dkim_keys.file("rsa").read_bytes())
    made.key("example.com", "ed", "ed25519", dkim_keys.file("ed").read_bytes())
    made.policy("example.com:rsa,ed\n")
    return made


def test_c4_3_DK_01_qmail_remote_may_be_the_name_and_never_a_circle(qmail):
    """netqmail's qmail-rspawn knows no qmail-dksign: a folder in front of PATH has our program under the name that it knows."""
    (qmail.home / "bin/qmail-dksign").rename(qmail.home / "queue/qmail-remote")
    (qmail.home / "bin/qmail-dksign").symlink_to("../queue/qmail-remote")
    report, got = qmail.deliver(TEXT)
    assert report == SENT and len(fields(got)) == 2
    (qmail.home / "bin/qmail-remote").unlink()
    (qmail.home / "bin/qmail-remote").symlink_to("../queue/qmail-remote")
    assert qmail.deliver(TEXT) == (b"Zunable to run qmail-remote.\n\0", None)


def test_c4_7_the_commands_of_qmail_md_work(qmail):
    """As root on a machine with qmail, but for names: its home, its users and where the package puts the program."""
    guide = (pathlib.Path(__file__).parents[2] / "docs/guides/qmail.md").read_text()
    blocks = re.findall(r"^```(sh root|text)\n(.*?)^```$", guide, re.M | re.S)
    for (_, script), (following, expected) in zip(blocks, blocks[1:] + [("", "")]):
        if script.startswith(("s2026", "DKIM")):
            continue
        for name, here in (("/var/qmail", str(qmail.home)), ("/usr/bin/bulla-qmail", pathlib.Path(program()).with_name("bulla-qmail")),
                           ("qmailq", "nobody"), ("-g qmail ", "-g nogroup "), ("/tmp/bulla-try", qmail.home / "try")):
            script = script.replace(name, str(here))
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", f"umask 022\n{script}"], capture_output=True, text=True, check=False, env=qmail.environment())
        assert done.returncode == 0, script + done.stderr
        if following == "text":
            pattern = "".join(".*".join(map(re.escape, line.split("…"))) + "\n" for line in expected.splitlines())
            assert re.fullmatch(pattern, done.stdout), done.stdout
    assert [(qmail.home / "bin" / n).stat().st_mode & 0o7777 for n in ("qmail-dksign", "qmail-dkverify")] == [0o4710, 0o4711]
    # A program that has the rights of another user looks at /var/qmail alone, and is what its file is called.
    assert not os.path.isdir("/var/qmail")
    assert qmail.deliver(TEXT) == (b"ZUnable to switch to target directory.\n\0", None)
    for words in (["qmail-dksign", "h", "joe@example.com", "r"], ["bulla-qmail", "qmail-dksign", "h", "joe@example.com", "r"]):
        done = subprocess.run(words, executable=qmail.home / "bin/qmail-dkverify", stdin=subprocess.DEVNULL, capture_output=True, check=False)
        assert (done.returncode, done.stdout) == (61, b""), "it went on as qmail-dksign"
    (qmail.home / "bin/qmail-dksign").chmod(0o755)
    os.chown(qmail.home / "ssl/domainkeys", 65534, -1)
    report, got = qmail.deliver(TEXT)
    assert report == SENT and [b"a=rsa" in f for f in fields(got)] == [True, False]


def crlf(text):
    return text.replace(b"\n", b"\r\n")


def fields(text):
    return re.findall(rb"^DKIM-Signature:.*?(?=^\S|\Z)", text, re.M | re.S)


@pytest.mark.parametrize("canon", "rstu")
@pytest.mark.parametrize("length", ["", "l"])
def test_c4_3_DK_01_a_delivery_is_signed_and_others_agree(qmail, dns, dkim_keys, tmp_path, canon, length):
    qmail.policy(f"example.com:rsa,ed||~|3600|{canon}:5:{length}\n")
    report, got = qmail.deliver(TEXT)
    assert report == SENT
    assert got.endswith(TEXT) and b"\r" not in got
    rsa, ed = fields(got)
    for field, algorithm, selector in ((rsa, b"rsa", b"rsa"), (ed, b"ed25519", b"ed")):
        field = field.replace(b"\n ", b"")
        assert b"a=" + algorithm + b"-sha256" in field and b"s=" + selector + b";" in field and b"i=joe@example.com" in field
        assert (b"l=" in field) == bool(length)
        times = dict(re.findall(rb"([tx])=(\d+)", field))
        assert int(times[b"x"]) - int(times[b"t"]) == 3600
    message = crlf(got)
    assert dkimpy_verify(dns, message, 2) == ["True", "True"]
    assert run(["/usr/bin/perl", "-e", PERL_VERIFY, str(dns.port)], message).decode().split()[0] == "pass"  # Debian's knows no Ed25519
    assert ("pass", "rsa") in opendkim_test(tmp_path, dkim_keys, message)
    assert not qmail.stages()


def test_c4_3_DK_01_without_dkimdomains_qmail_remote_gets_all_as_it_is(qmail):
    (qmail.home / "control/dkimdomains").unlink()
    text = b"no\rmessage at all"
    assert qmail.deliver(text) == (SENT, text)
    arguments = next(qmail.home.glob("got/*.arguments")).read_text().split()
    assert arguments == ["mx.example.net", "joe@example.com", "suzie@example.net"]


def stop_home(qmail):
    os.rename(qmail.home / "control", qmail.home / "elsewhere")
    (qmail.home / "control").mkdir()
    (qmail.home / "control/dkimdomains").mkdir()


def break_policy(qmail):
    qmail.policy("example.com\n")


def take_stage(qmail):
    (qmail.home / "queue/dkim").rmdir()
    (qmail.home / "queue/dkim").write_text("in the way")


def forbid_remote(qmail):
    (qmail.home / "bin/qmail-remote").chmod(0o644)


@pytest.mark.parametrize("harm, report", [
    (stop_home, rb"ZUnable to read control files\.\n\0"),
    (break_policy, rb"ZUnable to read control files\.\n\0"),
    (take_stage, rb"ZUnable to create DKIM stage file: queue/dkim/\d+/\d+\n\0"),
    (forbid_remote, rb"Zunable to run qmail-remote\.\n\0"),
])
def test_c4_3_DK_02_what_the_machine_refuses_is_told(qmail, harm, report):
    harm(qmail)
    told, got = qmail.deliver(TEXT)
    assert re.fullmatch(report, told) and got is None
    if harm is not take_stage:
        assert not qmail.stages()


def test_c4_3_DK_02_the_other_words(qmail):
    assert qmail.deliver(TEXT + b"half")[0] == b"DSMTP cannot transfer messages with partial final lines.\n\0"
    assert qmail.deliver(TEXT + b"a\r\n")[0] == b"DSMTP cannot transfer messages with stray carriage returns.\n\0"
    child = qmail.spawn(qmail.home / "queue/mess/1")
    assert child.communicate()[0].startswith(b"D")
    fd = os.open(qmail.home, os.O_RDONLY)
    done = subprocess.run([qmail.home / "bin/qmail-dksign", "h", "joe@example.com", "r"], stdin=fd, capture_output=True, env=qmail.environment(), check=True)
    os.close(fd)
    assert done.stdout == b"ZUnable to read message.\n\0"
    done = subprocess.run([qmail.home / "bin/qmail-dksign", "h", "joe@example.com", "r"], capture_output=True, check=True,
                          env={**qmail.environment(), "BULLA_QMAIL_HOME": str(qmail.home / "nowhere")})
    assert done.stdout == b"ZUnable to switch to target directory.\n\0"


@pytest.mark.parametrize("harm", ["gone", "dangling", "readable", "garbage"])
def test_c4_3_DK_02_an_unreadable_key_is_for_the_log_alone(qmail, harm):
    link = qmail.home / "ssl/domainkeys/example.com/rsa"
    file = link.resolve()
    if harm == "gone":
        link.unlink()
    elif harm == "dangling":
        file.unlink()
    elif harm == "readable":
        file.chmod(0o644)
    else:
        file.write_text("no key")
    # On the channel of qmail-rspawn nothing stands before qmail-remote's own report …
    report, got = qmail.deliver(TEXT)
    assert report == SENT
    assert [b"s=ed" in f for f in fields(got)] == [True]
    # … and by hand the reason is told.
    child = qmail.spawn(qmail.home / "queue/mess/1", stderr=subprocess.PIPE)
    report, told = child.communicate()
    assert report == SENT
    assert b"can't read private file: ssl/domainkeys/example.com/rsa continue without signing." in told
    assert b"PRIVATE KEY" not in told


def test_c4_3_DK_15_255_deliveries_at_once(qmail):
    """All of them are under way together, each with a few descriptors; all are signed and none leaves a file."""
    count = 255
    gate = os.open(qmail.home / "gate", os.O_RDONLY)
    subprocess.run(["flock", "-x", str(gate)], pass_fds=[gate], check=True)
    messages = [qmail.message(TEXT + f"{n}\n".encode(), str(n)) for n in range(count)]
    children = [qmail.spawn(m, recipient=f"r{n}@example.net",
                            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))) for n, m in enumerate(messages)]
    until(lambda: len(list(qmail.home.glob("got/*.message"))) == count, "all deliveries", 120, 0.1)
    assert all(child.poll() is None for child in children)
    assert not qmail.stages(), "what is under way has no name either"
    os.close(gate)
    assert {child.communicate()[0] for child in children} == {SENT}
    got = [p.read_bytes() for p in qmail.home.glob("got/*.message")]
    assert sorted(g[-6:].split(b"\n")[-2] for g in got) == sorted(f"{n}".encode() for n in range(count))
    assert all(len(fields(g)) == 2 for g in got)


def test_c4_3_DK_15_too_few_descriptors_fail_soft(qmail):
    # A remote that asks for nothing itself.
    (qmail.home / "bin/qmail-remote").unlink()
    (qmail.home / "bin/qmail-remote").symlink_to("/bin/true")
    told = set()
    for limit in range(3, 9):
        child = qmail.spawn(qmail.message(TEXT), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
        report = child.communicate()[0]
        if child.returncode == 127:
            continue  # not even the libraries of a program could be opened
        assert child.returncode == 0
        assert report == b"" or re.fullmatch(rb"Z[^\0]+\n\0", report), report
        told.add(report[:1])
    assert b"" in told and not qmail.stages()


def test_c4_3_a_killed_delivery_leaves_no_file_behind(qmail):
    rnd = random.Random(4711)
    big = TEXT + b"x" * 70 + b"\n"
    message = qmail.message(TEXT + (b"x" * 70 + b"\n") * 30000)
    killed = 0
    for _ in range(60):
        child = qmail.spawn(message)
        end = time.monotonic() + rnd.random() * 0.03
        while time.monotonic() < end and child.poll() is None:
            pass
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
            killed += 1
        child.communicate()
    assert killed > 10
    # Whoever was killed between making the file and taking its name away left it: the next delivery sweeps.
    (qmail.home / "queue/dkim/5").mkdir(exist_ok=True)
    (qmail.home / "queue/dkim/5/4194000").write_text("of a process that is no more")
    assert qmail.deliver(big)[0] == SENT
    assert not qmail.stages()


def test_DK_13_mkdkimkey_makes_what_dksign_reads(qmail, tmp_path):
    zone = qmail.run("mkdkimkey", "-s", "s1", "-b", "2048", "-o", "nobody", "new.example").stdout.decode()
    assert re.fullmatch(r's1\._domainkey\.new\.example\. IN TXT \( "v=DKIM1; k=rsa; p=[^"]+" "[^"]+" \)\n', zone)
    assert qmail.run("mkdkimkey", "-t", "ed25519", "new.example").stdout.startswith(b"eddy._domainkey.new.example. IN TXT ")
    folder = qmail.home / "ssl/domainkeys/new.example"
    assert os.readlink(folder / "s1") == "rsa.private_s1" and os.readlink(folder / "eddy") == "ed25519.private_eddy"
    assert (folder / "rsa.private_s1").stat().st_mode & 0o777 == 0o600
    again = qmail.run("mkdkimkey", "-s", "s1", "new.example")
    assert again.returncode == 111 and b"s1" in again.stderr
    qmail.policy("new.example:s1,eddy\n")
    # Root may read a key of qmailq's; the owner of the key directory stands for qmailq here.
    os.chown(qmail.home / "ssl/domainkeys", (folder / "rsa.private_s1").stat().st_uid, -1)
    report, got = qmail.deliver(TEXT.replace(b"example.com", b"new.example"), sender="joe@new.example")
    assert report == SENT and len(fields(got)) == 2
    assert qmail.run("mkdkimkey").returncode == 111


def test_DK_14_qmail_dkim_signs_and_verifies_files(qmail, dns, dkim_keys, tmp_path):
    rsa, ed = dkim_keys.file("rsa"), dkim_keys.file("ed")
    source, out = tmp_path / "in", tmp_path / "out"
    for text in (TEXT, crlf(TEXT)):
        source.write_bytes(text)
        done = qmail.run("qmail-dkim", "-s", "-q", "-t", "-b2", "-ct", "-i", "joe@example.com", "-y", "rsa", "-Y", "ed", source, rsa, out, ed)
        assert done.returncode == 0, done.stderr
        signed = out.read_bytes()
        assert signed.endswith(text) and len(fields(signed)) == 2 and b"c=relaxed/simple" in signed
        assert dkimpy_verify(dns, signed if b"\r" in signed else crlf(signed), 2) == ["True", "True"]
        verified = qmail.run("qmail-dkim", "-v", out, BULLA_RESOLVER=f"127.0.0.1:{dns.port}")
        assert verified.returncode == 0 and verified.stdout.count(b"pass d=example.com s=") == 2, verified
        out.write_bytes(signed.replace(b"lost", b"won"))
        assert qmail.run("qmail-dkim", "-v", out, BULLA_RESOLVER=f"127.0.0.1:{dns.port}").returncode == 1
    assert qmail.run("qmail-dkim", "-v", "-", data=TEXT).returncode == 1
    assert qmail.run("qmail-dkim", "-v", out, BULLA_RESOLVER="127.0.0.1:1").returncode == 75
    for kind, count in (("1", 1), ("2", 1), ("3", 1), ("5", 2)):
        done = qmail.run("qmail-dkim", f"-z{kind}", "-d", "example.com", "-x", "-", "-y", "rsa", "-Y", "ed", source, rsa, "-", *([ed] if kind == "5" else []))
        assert len(fields(done.stdout)) == count and b"x=" not in fields(done.stdout)[0].replace(b"\n ", b"").split(b"bh=")[0], kind
    done = qmail.run("qmail-dkim", "-z4", "-y", "ed", source, ed, "-")
    assert b"a=ed25519-sha256" in done.stdout and b"s=ed;" in done.stdout
    assert qmail.run("qmail-dkim", "-h").stdout.startswith(b"usage: qmail-dkim")
    assert re.fullmatch(rb"bulla-qmail \d+\.\d+\.\d+\n", qmail.run("qmail-dkim", "-V").stdout)
    for wrong in (["-s", source], ["-z9", source, rsa, out], ["-x", "yesterday", source, rsa, out], ["-k"], ["-z5", source, rsa, out]):
        assert qmail.run("qmail-dkim", *wrong).returncode == 100, wrong
    assert qmail.run("qmail-dkim", source, tmp_path / "none", out).returncode == 111


def dkverify(qmail, text, **environment):
    """(the exit status, what qmail-queue got); descriptor 1 is the envelope, as qmail-queue has it."""
    (qmail.home / "got/queued").unlink(missing_ok=True)
    message, envelope = qmail.message(text), qmail.message(b"Fjoe@example.com\0Tsuzie@example.net\0\0", "envelope")
    with open(message, "rb") as zero, open(envelope, "rb") as one:
        done = subprocess.run([qmail.home / "bin/qmail-dkverify"], stdin=zero, stdout=one, stderr=subprocess.PIPE, env=qmail.environment(**environment), check=False)
    queued = qmail.home / "got/queued"
    return done.returncode, queued.read_bytes() if queued.exists() else None


def test_DK_14_dkverify_tells_the_reader_and_refuses_when_asked(qmail, dns):
    resolver = f"127.0.0.1:{dns.port}"
    signed = qmail.deliver(TEXT)[1]
    forged = b"Authentication-Results: mx.example.com; dkim=pass header.d=bank.example\n"
    status, queued = dkverify(qmail, forged + signed, BULLA_RESOLVER=resolver)
    assert status == 0
    assert queued.startswith(b"Authentication-Results: mx.example.com;\n\tdkim=pass header.d=example.com header.s=rsa header.a=rsa-sha256;\n\tdkim=pass")
    assert queued.endswith(signed) and forged not in queued
    assert (qmail.home / "got/envelope").read_bytes() == b"Fjoe@example.com\0Tsuzie@example.net\0\0"
    broken = signed.replace(b"lost", b"won")
    assert dkverify(qmail, broken, BULLA_RESOLVER=resolver)[1].count(b"dkim=fail") == 2
    assert dkverify(qmail, broken, BULLA_RESOLVER=resolver, DKIM="+") == (31, None)
    assert dkverify(qmail, signed, BULLA_RESOLVER="127.0.0.1:1", DKIM="+") == (71, None)
    assert dkverify(qmail, TEXT, BULLA_RESOLVER=resolver, DKIM="+") == (0, b"Authentication-Results: mx.example.com; dkim=none\n" + TEXT)
    (qmail.home / "bin/qmail-queue").chmod(0o644)
    assert dkverify(qmail, signed, BULLA_RESOLVER=resolver) == (81, None)
    assert not qmail.stages()

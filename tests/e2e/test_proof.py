"""Clauses 9 to 11 through the command line: what is archived can be verified, by us and by nothing but openssl."""
import os
import re
import subprocess

import pytest

from support.instance import program
from support.smtp import make_message

KINDS = ["p256", "p384", "ed25519", "rsa", "dsa"]


def send_and_find(instance, sink, **options):
    """Send one message; its id in the archive."""
    before = {row["id"] for row in instance.archive()}
    count = len(sink.accepted())
    assert instance.send(**options).code == 250
    sink.wait(count + 1)
    new = {row["id"] for row in instance.archive()} - before
    assert len(new) == 1
    return new.pop()


def export(instance, identifier, folder):
    instance.cli("archive", "export", identifier, "--detached", "-o", folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def openssl_commands(readme):
    return [line.strip() for line in readme.decode().splitlines() if line.startswith("    ") and "openssl" in line]


def accepts(commands, folder):
    """Does the openssl command line accept every signature, by the very commands of README.txt?"""
    assert commands
    outcomes = [subprocess.run(["bash", "-c", c], cwd=folder, capture_output=True, text=True, check=False).returncode for c in commands]
    return all(o == 0 for o in outcomes)


def make_signer(instance, kind, name="main"):
    bits = ["-b", "2048"] if kind in ("rsa", "dsa") else []
    instance.cli("signer", "create", name, "-t", kind, *bits, "-o", instance.folder / f"{name}.pub.pem")
    return instance.folder / f"{name}.pub.pem"


@pytest.mark.parametrize("kind", KINDS)
def test_c2_9_ARC_01_ARC_02_openssl_verifies_what_is_exported(instance, sink, tmp_path, kind):
    public = make_signer(instance, kind)
    instance.archive_all("main")
    message = make_message(body="To be proved.\n.\nDots too.")
    identifier = send_and_find(instance, sink, message=message)
    folder = tmp_path / "export"
    files = export(instance, identifier, folder)
    assert files["message.eml"] == message
    assert files["main.pem"] == public.read_bytes()
    commands = openssl_commands(files["README.txt"])
    assert accepts(commands, folder)
    # ARC-03: one octet of the message, or of the signature, and it is refused.
    for name, at in (("message.eml", len(message) // 2), ("message.main.sig", len(files["message.main.sig"]) - 1)):
        broken = bytearray(files[name])
        broken[at] ^= 1
        (folder / name).write_bytes(broken)
        assert not accepts(commands, folder), name
        (folder / name).write_bytes(files[name])


@pytest.mark.parametrize("size,q", [(2048, 256), (3072, 256), (4096, 256), (4096, 224), (2048, 224), (1024, 160)])
def test_c2_9_ARC_06_dsa_keys_as_openssl_makes_them(instance, sink, tmp_path, size, q):
    parameters, private, public = tmp_path / "param.pem", tmp_path / "prv.pem", tmp_path / "pub.pem"
    fixed = os.path.join(os.path.dirname(__file__), "..", "data", "dsa", f"param_{size}_{q}.pem")
    if os.path.exists(fixed):
        parameters.write_bytes(open(fixed, "rb").read())
    else:
        subprocess.run(["openssl", "genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt", f"dsa_paramgen_bits:{size}", "-pkeyopt",
                        f"dsa_paramgen_q_bits:{q}", "-out", parameters], check=True, capture_output=True)
    subprocess.run(["openssl", "gendsa", "-out", private, parameters], check=True, capture_output=True)
    subprocess.run(["openssl", "dsa", "-in", private, "-pubout", "-out", public], check=True, capture_output=True)
    os.chmod(private, 0o600)
    instance.cli("signer", "import", "dsa", private)
    instance.archive_all("dsa")
    identifier = send_and_find(instance, sink)
    folder = tmp_path / "export"
    files = export(instance, identifier, folder)
    done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", public, "-signature", folder / "message.dsa.sig", folder / "message.eml"],
                          capture_output=True, text=True, check=False)
    assert done.stdout == "Verified OK\n", done
    assert "message.eml" in files


def test_c2_9_traditional_and_pkcs8_headers_are_taken(instance, tmp_path):
    traditional, modern = tmp_path / "t.pem", tmp_path / "m.pem"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", traditional, "2048"], check=True, capture_output=True)
    subprocess.run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-in", traditional, "-out", modern], check=True, capture_output=True)
    assert "BEGIN RSA PRIVATE KEY" in traditional.read_text() and "BEGIN PRIVATE KEY" in modern.read_text()
    for path in (traditional, modern):
        os.chmod(path, 0o600)
    instance.cli("signer", "import", "a", traditional)
    refused = instance.cli("signer", "import", "b", modern, check=False)
    assert refused.returncode == 2 and "a's" in refused.stderr, "the same key in the other form was not recognised"


def test_c2_9_a_key_that_others_can_read_is_refused(instance, tmp_path):
    path = tmp_path / "open.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True, capture_output=True)
    os.chmod(path, 0o644)
    done = instance.cli("signer", "import", "x", path, check=False)
    assert done.returncode in (2, 3) and "open.pem" in done.stderr
    assert not instance.json("signer", "list")


def test_c2_9_ARC_07_a_rotated_signer_leaves_old_signatures_good(instance, sink):
    make_signer(instance, "p256")
    instance.archive_all("main")
    first = send_and_find(instance, sink)
    instance.cli("signer", "rotate", "main", "-t", "ed25519")
    second = send_and_find(instance, sink)
    shown = [instance.json("archive", "show", i) for i in (first, second)]
    algorithms = [s["signatures"][0]["algorithm"] for s in shown]
    assert algorithms == ["ecdsa-p256-sha256", "ed25519"]
    instance.cli("archive", "verify", "--all")


def test_c2_9_ARC_08_each_group_signs_with_its_own_signer(instance, sink):
    make_signer(instance, "p256", "one")
    make_signer(instance, "ed25519", "two")
    instance.cli("group", "add", "a", "--member", "*@example.org", "--archival-signer", "one")
    instance.cli("group", "add", "b", "--member", "bob@*", "--archival-signer", "two")
    both = send_and_find(instance, sink, recipient="bob@example.org")
    only = send_and_find(instance, sink, recipient="carol@example.org")
    signed = {i: sorted(s["signer"] for s in instance.json("archive", "show", i)["signatures"]) for i in (both, only)}
    assert signed == {both: ["one", "two"], only: ["one"]}
    before = len(instance.archive())
    assert instance.send(recipient="dora@elsewhere.example").code == 250
    sink.wait(3)
    assert len(instance.archive()) == before, "no group asked for it"
    refused = instance.cli("group", "add", "c", "--member", "*", "--archival-signer", "nobody", check=False)
    assert refused.returncode == 2 and "nobody" in refused.stderr


def test_c2_9_ARC_23_a_group_without_a_signer_stores_unsigned(instance, sink):
    instance.archive_all()
    identifier = send_and_find(instance, sink)
    assert instance.json("archive", "show", identifier)["signatures"] == []
    instance.cli("archive", "verify", identifier)


def test_c2_9_ARC_09_verification_with_public_keys_only(instance, sink, tmp_path):
    """The private half is gone: verification works; the public half of another key: it fails, by name."""
    public = make_signer(instance, "p256")
    instance.archive_all("main")
    identifier = send_and_find(instance, sink)
    instance.cli("settings", "set", "signature_public_key_path", public)
    instance.cli("archive", "verify", identifier)
    other = tmp_path / "other.pem"
    private = tmp_path / "k.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", other], check=True)
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "a.pem").write_bytes(public.read_bytes())
    (keys / "b.pem").write_bytes(other.read_bytes())
    instance.cli("settings", "set", "signature_public_key_path", keys)
    instance.cli("archive", "verify", identifier)


def test_c2_9_ARC_09_a_key_that_is_not_at_the_path_is_no_proof_against_a_message(instance, sink, tmp_path):
    make_signer(instance, "p256", name="one")
    instance.archive_all("one")
    identifier = send_and_find(instance, sink)
    private, other = tmp_path / "k.pem", tmp_path / "other.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", other], check=True)
    instance.cli("settings", "set", "signature_public_key_path", other)
    done = instance.cli("archive", "verify", identifier, check=False)
    assert done.returncode == 1
    assert "CANNOT BE CHECKED" in done.stdout and str(other) in done.stdout and "DOES NOT VERIFY" not in done.stdout
    whole = instance.cli("archive", "verify", "--all", check=False)
    assert whole.returncode == 1 and "1 message cannot be checked" in whole.stdout


def test_c2_9_a_missing_public_key_file_is_said(instance):
    done = instance.cli("settings", "set", "signature_public_key_path", "/nowhere/key.pem", check=False)
    assert "/nowhere/key.pem" in done.stdout + done.stderr


# The log


def test_c2_10_ARC_20_checkpoint_proof_and_consistency(instance, sink, tmp_path):
    instance.archive_all()
    first = send_and_find(instance, sink)
    old = tmp_path / "old.checkpoint"
    old.write_text(instance.cli("log", "checkpoint").stdout)
    lines = old.read_text().split("\n")
    assert int(lines[1]) >= 1 and re.match(r"^[A-Za-z0-9+/]{43}=$", lines[2]) and any(line.startswith("\u2014 ") for line in lines)
    second = send_and_find(instance, sink)
    for identifier in (first, second):
        assert instance.cli("log", "prove", identifier).stdout.strip()
    assert instance.cli("log", "consistency", "--from", old).returncode == 0
    other = tmp_path / "other.checkpoint"
    forged = lines[:]
    forged[2] = "A" * 43 + "="
    other.write_text("\n".join(forged))
    assert instance.cli("log", "consistency", "--from", other, check=False).returncode != 0


def test_c2_10_rolled_back_data_is_found_at_start(make_instance, sink, tmp_path):
    made = make_instance(sink)
    made.trust_loopback()
    made.archive_all()
    made.start()
    assert made.send().code == 250
    sink.wait(1)
    made.stop()
    subprocess.run(["cp", "-a", made.folder / "state/bulla.db", tmp_path / "old.db"], check=True)
    made.start()
    assert made.send().code == 250
    sink.wait(2)
    made.stop()
    for name in ("bulla.db-wal", "bulla.db-shm"):
        (made.folder / "state" / name).unlink(missing_ok=True)
    subprocess.run(["cp", "-a", tmp_path / "old.db", made.folder / "state/bulla.db"], check=True)
    done = made.run("serve", "-c", str(made.config_file), check=False, seconds=30)
    assert done.returncode == 3
    assert "rolled back" in done.stderr or "older than" in done.stderr


# The archive's commands


def test_c2_11_list_show_export(instance, sink, tmp_path):
    instance.archive_all()
    message = make_message(subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?=", body="Text.")
    identifier = send_and_find(instance, sink, message=message)
    out = instance.cli("archive", "list").stdout
    assert identifier in out and "Gr\u00fc\u00dfe" in out
    shown = instance.json("archive", "show", identifier)
    assert shown["id"] == identifier and "bob@example.org" in str(shown)
    for stage in ("identify", "decide", "sign", "seal"):
        assert stage in str(shown)
    path = tmp_path / "one.eml"
    path.write_bytes(subprocess.run([program(), "archive", "export", identifier], check=True,
                                    capture_output=True, env={**os.environ, "BULLA_CONFIG": str(instance.config_file)}).stdout)
    assert path.read_bytes() == message


def test_c2_11_verify_says_what_is_wrong_and_exits_1(make_instance, sink):
    made = make_instance(sink)
    made.trust_loopback()
    made.archive_all()
    made.start()
    identifiers = [send_and_find(made, sink) for _ in range(3)]
    made.stop()
    assert made.cli("archive", "verify", "--all").returncode == 0
    assert made.cli("archive", "verify", *identifiers).returncode == 0
    pack = max((made.folder / "volumes").rglob("*.pack"), key=lambda p: p.stat().st_size)
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.write_bytes(data)
    done = made.cli("archive", "verify", "--all", check=False)
    assert done.returncode == 1
    text = done.stdout + done.stderr
    assert any(i in text for i in identifiers) and "BAD  record" in text
    report = made.cli("archive", "verify", "--all", "--json", check=False)
    assert report.returncode == 1 and report.stdout.lstrip().startswith("{")


def test_c2_11_verify_works_beside_a_running_daemon(instance, sink):
    instance.archive_all()
    for _ in range(5):
        send_and_find(instance, sink)
        instance.cli("archive", "verify", "--all")


def test_c2_11_an_unknown_message_does_not_verify(instance):
    done = instance.cli("archive", "verify", "0000000000001", check=False)
    assert done.returncode == 1 and "0000000000001" in done.stdout + done.stderr

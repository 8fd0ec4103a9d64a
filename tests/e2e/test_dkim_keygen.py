"""Keys in s/qmail's layout, by the command line."""
import os
import subprocess

from support.instance import program


def keygen(*options):
    return subprocess.run([program(), "dkim", "keygen", "-d", "example.com", "-s", "s1", *options], capture_output=True, text=True, check=False)


def test_DK_13_keygen_makes_the_layout_and_the_record(tmp_path):
    folder = tmp_path / "domainkeys"
    done = keygen("-t", "ed25519", "--key-directory", str(folder))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('s1._domainkey.example.com. ') and "k=ed25519" in done.stdout
    assert os.readlink(folder / "example.com/s1") == "ed25519.private_s1"
    assert (folder / "example.com/ed25519.private_s1").stat().st_mode & 0o777 == 0o600
    record = subprocess.run([program(), "dkim", "record", "-d", "example.com", "-s", "s1", "-k", str(folder / "example.com/s1")],
                            capture_output=True, text=True, check=True)
    assert record.stdout == done.stdout
    again = keygen("-t", "ed25519", "--key-directory", str(folder))
    assert again.returncode != 0 and "exists already" in again.stderr
    assert keygen("--key-directory", str(folder), "-o", "x.pem").returncode != 0, "one place or the other"
    assert keygen("--owner", "root").returncode != 0, "--owner is for the directory"

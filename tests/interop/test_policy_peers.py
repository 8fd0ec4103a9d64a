"""Issue 4, done when: each mode of dkimdomains (DK-05…11) is accepted by dkimpy, Mail::DKIM and OpenDKIM."""
import re
import shutil
import subprocess

import pytest

from support.instance import program
from test_dkim import PERL_VERIFY, dkimpy_verify, make_message, opendkim_test, run, verdicts

# What stands behind "example.com:", and what each signature must say.
MODES = {
    "DK_05 one selector": ("rsa", ["a=rsa-sha256", "s=rsa;"]),
    "DK_05 two selectors": ("rsa,ed", ["a=rsa-sha256", "s=rsa;"], ["a=ed25519-sha256", "s=ed;"]),
    "DK_05 the colon of the key section": ("rsa:ed", ["s=rsa;"], ["s=ed;"]),
    "DK_06 sdid": ("rsa|example.com", ["d=example.com;"]),
    "DK_06 auid": ("rsa||joe@mail.example.com", ["d=example.com;", "i=joe@mail.example.com;"]),
    "DK_06 the sender as auid": ("rsa||~", ["i=joe@example.com;"]),
    "DK_06 an auid outside is left out": ("rsa||me@devil.com", ["d=example.com;"]),
    "DK_07 expiry": ("rsa|||3600", ["x="]),
    "DK_07 default expiry": ("rsa", ["x="]),
    "DK_08 relaxed": ("rsa||||r", ["c=relaxed/relaxed;"]),
    "DK_08 simple": ("rsa||||s", ["c=simple/simple;"]),
    "DK_08 relaxed/simple": ("rsa||||t", ["c=relaxed/simple;"]),
    "DK_08 simple/relaxed": ("rsa||||u", ["c=simple/relaxed;"]),
    "DK_09 1 signs with SHA-256 alone": ("rsa||||r:1", ["a=rsa-sha256;"]),
    "DK_09 2": ("rsa||||r:2", ["a=rsa-sha256;"]),
    "DK_09 3 signs with SHA-256 alone": ("rsa||||r:3", ["a=rsa-sha256;"]),
    "DK_09 4": ("ed||||r:4", ["a=ed25519-sha256;"]),
    "DK_09 5": ("rsa,ed||||s:5", ["a=rsa-sha256;"], ["a=ed25519-sha256;"]),
    "DK_10 body length": ("rsa||||t:2:l", ["l="]),
    "DK_11 everything at once": ("rsa,ed|example.com|~|86400|u:5:l", ["l=", "x=", "i=joe@example.com;", "q=dns/txt;"], ["a=ed25519-sha256;"]),
}


@pytest.fixture(scope="module")
def key_directory(dkim_keys, tmp_path_factory):
    folder = tmp_path_factory.mktemp("domainkeys")
    (folder / "example.com").mkdir(mode=0o755)
    for selector, kind in (("rsa", "rsa"), ("ed", "ed25519")):
        file = folder / "example.com" / f"{kind}.private_{selector}"
        shutil.copyfile(dkim_keys.file(selector), file)
        file.chmod(0o600)
        (folder / "example.com" / selector).symlink_to(file.name)
    return folder


def sign(folder, keys, line, message):
    (folder / "dkimdomains").write_text(f"example.com:{line}\n")
    done = subprocess.run([program(), "dkim", "policy", "sign", "--policy", folder / "dkimdomains", "--key-directory", keys, "--sender", "joe@example.com"],
                          input=message, capture_output=True, check=True)
    return done.stdout


def signature_fields(signed):
    return [re.sub(r"\s+", "", f) for f in re.findall(r"^DKIM-Signature:(.*?)(?=^\S)", signed.decode(errors="replace"), re.M | re.S)]


@pytest.mark.parametrize("mode", MODES)
def test_c4_9_DK_05_DK_06_DK_07_DK_08_DK_09_DK_10_DK_11_every_mode_verifies(dns, dkim_keys, key_directory, tmp_path, mode):
    line, *wanted = MODES[mode]
    signed = sign(tmp_path, key_directory, line, make_message())
    fields = signature_fields(signed)
    assert len(fields) == len(wanted), fields
    for field, words in zip(fields, wanted, strict=True):
        for word in [*words, "q=dns/txt;"]:
            assert word in field, (word, field)
    selectors = ["rsa" if "a=rsa" in field else "ed" for field in fields]
    assert verdicts(dns, signed) == ["pass"] * len(fields)
    assert dkimpy_verify(dns, signed, len(fields)) == ["True"] * len(fields)
    assert opendkim_test(tmp_path, dkim_keys, signed) == [("pass", selector) for selector in selectors]
    if selectors == ["rsa"]:
        # Debian 12's Mail::DKIM has no Ed25519.
        assert run(["perl", "-e", PERL_VERIFY, str(dns.port)], signed).decode().split() == ["pass"]


def test_c4_9_a_missing_key_is_told(key_directory, tmp_path):
    (tmp_path / "dkimdomains").write_text("example.com:other\n!example.net:\n")
    command = [program(), "dkim", "policy", "sign", "--policy", tmp_path / "dkimdomains", "--key-directory", key_directory, "--sender"]
    done = subprocess.run([*command, "joe@example.com"], input=make_message(), capture_output=True)
    assert (done.returncode, done.stdout) == (1, make_message()) and b"example.com/other" in done.stderr
    done = subprocess.run([*command, "joe@example.net"], input=make_message(), capture_output=True)
    assert (done.returncode, done.stdout) == (0, make_message()) and b"never signed" in done.stderr

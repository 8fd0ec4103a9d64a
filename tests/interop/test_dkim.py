"""Issue 2, clause 7: bulla's signatures are accepted by dkimpy, Mail::DKIM and OpenDKIM, and theirs by bulla."""
import base64
import json
import re
import subprocess

import pytest

from conftest import PLAIN_ADDRESS
from support.instance import program

PAIRS = [f"{header}/{body}" for header in ("simple", "relaxed") for body in ("simple", "relaxed")]

BODIES = {
    "text": b"Hi.\r\n\r\nWe  lost \t the game.  \r\n\r\n\r\n",
    "empty": b"",
    "blank": b" \t\r\n\r\n",
    "no-line-end": b"one\r\ntwo",
    "long": b"a b  c\t\r\n" * 20000,
    "eight-bit": "Grüße  aus Köln \r\n".encode(),
}


def make_message(body=BODIES["text"]):
    return (b"Received: from a by b;\r\n\tSun, 22 Nov 2026 10:00:00 +0000\r\nFrom: \"Joe  SixPack\" <joe@example.com>\r\n"
            b"To: suzie@example.net,\r\n bob@example.org\r\nSubject: Is  dinner\r\n\tready?\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
            b"Message-ID: <1@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + body)


def sign(keys, message, selectors, *options):
    pairs = [word for s in selectors for word in ("-s", s, "-k", str(keys.file(s)))]
    return subprocess.run([program(), "dkim", "sign", "-d", "example.com", *pairs, *options], input=message, check=True, capture_output=True).stdout


def verify(dns, message, *options):
    """bulla's results and its exit status."""
    done = subprocess.run([program(), "dkim", "verify", "--json", "--resolver", f"127.0.0.1:{dns.port}", *options], input=message, capture_output=True)
    return json.loads(done.stdout)["results"], done.returncode


def verdicts(dns, message, *options):
    return [r["result"] for r in verify(dns, message, *options)[0]]


def run(command, message, **more):
    return subprocess.run(command, input=message, check=True, capture_output=True, **more).stdout


DKIMPY_VERIFY = """
import dkim, dns.resolver, sys
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port = ["127.0.0.1"], int(sys.argv[1])
def text(name, timeout=5):
    return b"".join(next(iter(resolver.resolve(name.decode().rstrip("."), "TXT"))).strings)
checker = dkim.DKIM(sys.stdin.buffer.read())
for i in range(int(sys.argv[2])):
    print(checker.verify(idx=i, dnsfunc=text))
"""


def dkimpy_verify(dns, message, count):
    """dkimpy's answer for each of `count` signatures. Its DNS module is Debian's, so Debian's Python runs it."""
    return run(["/usr/bin/python3", "-c", DKIMPY_VERIFY, str(dns.port), str(count)], message).decode().split()


DKIMPY_SIGN = """
import dkim, sys
key, kind, selector, pair = sys.argv[1:5]
header, body = (p.encode() for p in pair.split("/"))
message = sys.stdin.buffer.read()
algorithm = b"ed25519-sha256" if kind == "ed" else b"rsa-sha256"
out = dkim.sign(message, selector.encode(), b"example.com", open(key, "rb").read(), canonicalize=(header, body), signature_algorithm=algorithm,
                length="length" in sys.argv)
sys.stdout.buffer.write(out + message)
"""


def dkimpy_sign(keys, folder, message, selector, pair, *options):
    key = keys.file(selector)
    if selector == "ed":
        key = folder / "ed.seed"
        key.write_bytes(base64.b64encode(keys.ed25519_seed))
    return run(["/usr/bin/python3", "-c", DKIMPY_SIGN, str(key), selector, selector, pair, *options], message)


# Mail::DKIM does not add the line end that a body lacks (RFC 6376 3.4.3); in SMTP every body has one.
MAIL_DKIM_BODIES = [name for name in BODIES if name != "no-line-end"]

PERL_VERIFY = """
use Mail::DKIM::Verifier; use Net::DNS::Resolver;
Mail::DKIM::DNS::resolver(Net::DNS::Resolver->new(nameservers => ["127.0.0.1"], port => $ARGV[0], recurse => 0));
my $verifier = Mail::DKIM::Verifier->new(); binmode STDIN; local $/; $verifier->PRINT(<STDIN>); $verifier->CLOSE;
print $_->result, "\\n" for $verifier->signatures;
"""

PERL_SIGN = """
use Mail::DKIM::Signer; binmode STDIN; binmode STDOUT; my $message = do { local $/; <STDIN> };
my $signer = Mail::DKIM::Signer->new(Algorithm => "rsa-sha256", Method => $ARGV[2], Domain => "example.com", Selector => $ARGV[1], KeyFile => $ARGV[0]);
$signer->PRINT($message); $signer->CLOSE; print $signer->signature->as_string, "\\r\\n", $message;
"""


def opendkim_test(folder, keys, message):
    """What OpenDKIM's filter says of each signature in its test mode, with the keys from a file: [(result, selector)]."""
    records = [line.split(".", 1)[0] + "._domainkey.example.com " + "".join(line.split('"')[1::2]) for line in keys.records]
    (folder / "keys").write_text("\n".join(records) + "\n")
    (folder / "message").write_bytes(message)
    (folder / "opendkim.conf").write_text(f"Mode v\nTestPublicKeys {folder}/keys\nSyslog no\nUserID root\n")
    done = subprocess.run(["/usr/sbin/opendkim", "-x", folder / "opendkim.conf", "-t", folder / "message", "-vvv"], capture_output=True, text=True)
    return re.findall(r"dkim=(\w+) .*?header\.s=(\w+)", done.stdout)


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("body", BODIES)
def test_c2_7_c2_15_dkimpy_accepts_both_signatures(dns, dkim_keys, pair, body):
    signed = sign(dkim_keys, make_message(BODIES[body]), ["rsa", "ed"], "-c", pair)
    assert dkimpy_verify(dns, signed, 2) == ["True", "True"]
    assert verdicts(dns, signed) == ["pass", "pass"]


@pytest.mark.parametrize("options", [("-x", "3600"), ("-l",), ("-z",), ("-i", "joe@mail.example.com"), ("-x", "60", "-l", "-z", "-i", "@example.com")])
def test_c2_7_dkimpy_accepts_every_tag(dns, dkim_keys, options):
    signed = sign(dkim_keys, make_message(), ["rsa", "ed"], *options)
    assert dkimpy_verify(dns, signed, 2) == ["True", "True"]
    assert verdicts(dns, signed) == ["pass", "pass"]


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("body", MAIL_DKIM_BODIES)
def test_c2_7_c2_15_mail_dkim_accepts_the_signature(dns, dkim_keys, pair, body):
    # Debian 12's Mail::DKIM has no Ed25519.
    signed = sign(dkim_keys, make_message(BODIES[body]), ["rsa"], "-c", pair, "-x", "3600")
    assert run(["perl", "-e", PERL_VERIFY, str(dns.port)], signed).decode().split() == ["pass"]


@pytest.mark.parametrize("pair", PAIRS)
def test_c2_7_opendkim_accepts_both_signatures(dkim_keys, tmp_path, pair):
    message = make_message()
    assert opendkim_test(tmp_path, dkim_keys, sign(dkim_keys, message, ["rsa", "ed"], "-c", pair)) == [("pass", "rsa"), ("pass", "ed")]
    changed = sign(dkim_keys, message, ["rsa"], "-c", pair).replace(b"lost", b"won")
    assert opendkim_test(tmp_path, dkim_keys, changed) == [("fail", "rsa")]


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("selector", ["rsa", "ed"])
def test_c2_7_c2_15_opendkim_testmsg_accepts_the_signature(dns, dkim_keys, tmp_path, pair, selector):
    if not dns.plain:
        pytest.skip("opendkim-testmsg asks port 53 of the system's resolver: only root can give it one of its own")
    resolv = tmp_path / "resolv.conf"
    resolv.write_text(f"nameserver {PLAIN_ADDRESS}\n")
    command = ["unshare", "-m", "sh", "-c", f"mount --bind {resolv} /etc/resolv.conf && exec opendkim-testmsg -C -t {tmp_path}"]
    signed = sign(dkim_keys, make_message(), [selector], "-c", pair)
    done = subprocess.run(command, input=signed, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    broken = subprocess.run(command, input=signed.replace(b"lost", b"won"), capture_output=True)
    assert broken.returncode != 0


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("body", BODIES)
def test_c2_7_bulla_accepts_dkimpy(dns, dkim_keys, tmp_path, pair, body):
    message = make_message(BODIES[body])
    for selector in ("rsa", "ed"):
        assert verdicts(dns, dkimpy_sign(dkim_keys, tmp_path, message, selector, pair)) == ["pass"]


def test_c2_7_bulla_accepts_dkimpy_with_a_body_length(dns, dkim_keys, tmp_path):
    signed = dkimpy_sign(dkim_keys, tmp_path, make_message(), "rsa", "relaxed/relaxed", "length")
    assert b" l=" in signed
    assert verdicts(dns, signed + b"appended\r\n") == ["pass"]


@pytest.mark.parametrize("pair", PAIRS)
def test_c2_7_bulla_accepts_mail_dkim(dns, dkim_keys, pair):
    for body in (BODIES[name] for name in MAIL_DKIM_BODIES):
        assert verdicts(dns, run(["perl", "-e", PERL_SIGN, dkim_keys.file("rsa.pkcs1"), "rsa", pair], make_message(body))) == ["pass"]


def opendkim_sign(folder, keys, message, selector, pair):
    """The message with the signature that OpenDKIM's filter would add."""
    (folder / "message").write_bytes(message)
    algorithm = "ed25519-sha256" if selector == "ed" else "rsa-sha256"
    (folder / "opendkim.conf").write_text(
        f"Mode s\nCanonicalization {pair}\nDomain example.com\nSelector {selector}\nSignatureAlgorithm {algorithm}\nKeyFile {keys.file(selector)}\n"
        "InternalHosts 0.0.0.0/0,localhost\nSyslog no\nUserID root\nRequireSafeKeys no\n")
    said = run(["/usr/sbin/opendkim", "-x", folder / "opendkim.conf", "-t", folder / "message", "-vvv"], b"").decode()
    value = re.search(r"hname='DKIM-Signature' hvalue='([^']*)'", said)[1]
    return b"DKIM-Signature: " + value.replace("\n", "\r\n").encode() + b"\r\n" + message


# OpenDKIM 2.11's own verifier and dkimpy refuse its Ed25519 signatures over simple headers: it hashes another field than it prints.
@pytest.mark.parametrize(("selector", "pair"), [("rsa", pair) for pair in PAIRS] + [("ed", "relaxed/simple"), ("ed", "relaxed/relaxed")])
def test_c2_7_bulla_accepts_opendkim(dns, dkim_keys, tmp_path, selector, pair):
    for body in ("text", "long", "eight-bit"):
        assert verdicts(dns, opendkim_sign(tmp_path, dkim_keys, make_message(BODIES[body]), selector, pair)) == ["pass"]


def test_rfc8301_3_1_the_sha1_signature_of_opendkim_testmsg_is_refused(dns, dkim_keys, tmp_path):
    signed = run(["opendkim-testmsg", "-C", "-d", "example.com", "-s", "rsa", "-k", dkim_keys.file("rsa"), "-t", tmp_path], make_message())
    results, status = verify(dns, signed)
    assert [r["result"] for r in results] == ["permerror"] and "rsa-sha1" in results[0]["reason"] and status == 1


def test_c2_7_results_in_header_order_and_exit_status(dns, dkim_keys):
    signed = sign(dkim_keys, make_message(), ["ed", "rsa"])
    results, status = verify(dns, signed)
    assert [(r["result"], r["domain"], r["selector"], r["algorithm"]) for r in results] == [
        ("pass", "example.com", "rsa", "rsa-sha256"), ("pass", "example.com", "ed", "ed25519-sha256")]
    assert status == 0
    assert set(results[0]) == {"result", "domain", "selector", "algorithm", "reason"}
    results, status = verify(dns, signed.replace(b"lost", b"won"))
    assert [r["result"] for r in results] == ["fail", "fail"] and status == 1
    assert "body hash" in results[0]["reason"]
    results, status = verify(dns, make_message())
    assert results == [] and status == 1


def test_c2_7_expiry_is_judged_by_the_given_time(dns, dkim_keys):
    signed = sign(dkim_keys, make_message(), ["rsa"], "-x", "60", "--now", "2026-11-22T10:00:00Z")
    assert verdicts(dns, signed, "--now", "2026-11-22T10:01:00Z") == ["pass"]
    results, status = verify(dns, signed, "--now", "2026-11-22T10:01:01Z")
    assert results[0]["result"] != "pass" and "expired" in results[0]["reason"] and status == 1


def test_c2_7_line_ends_stay_as_they_came(dns, dkim_keys):
    message = make_message()
    unix = sign(dkim_keys, message.replace(b"\r\n", b"\n"), ["rsa"])
    assert b"\r" not in unix and unix.endswith(message.replace(b"\r\n", b"\n"))
    assert verdicts(dns, unix) == ["pass"]
    assert verdicts(dns, unix.replace(b"\n", b"\r\n")) == ["pass"], "the signature is over the CRLF form"
    assert sign(dkim_keys, message, ["rsa"]).endswith(message)


def test_c2_7_the_record_is_what_others_derive(dkim_keys):
    text = run([program(), "dkim", "record", "-d", "example.com", "-s", "rsa", "-k", dkim_keys.file("rsa"), "--text"], b"").decode().strip()
    der = run(["openssl", "pkey", "-in", dkim_keys.file("rsa"), "-pubout", "-outform", "DER"], b"")
    assert text == "v=DKIM1; k=rsa; p=" + base64.b64encode(der).decode()
    assert dkim_keys.file("rsa").stat().st_mode & 0o777 == 0o600
    again = subprocess.run([program(), "dkim", "keygen", "-d", "example.com", "-s", "rsa", "-o", dkim_keys.file("rsa")], capture_output=True)
    assert again.returncode != 0, "an existing key file is not overwritten"

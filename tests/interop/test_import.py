"""Issue 4, item 6 (GW-12): what OpenDKIM signed with its own configuration, bulla signs with the imported one: same tags, same fields, good for others."""
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import Dns
from support.instance import Instance, program
from support.sink import Sink
from test_dkim import PERL_VERIFY, dkimpy_verify, run

GUIDE = pathlib.Path(__file__).parents[2] / "docs/guides/opendkim-migration.md"
NAMES = ("From To Cc Subject Date Reply-To Message-ID Sender MIME-Version Content-Type In-Reply-To References Resent-Date Resent-From Resent-To Resent-Cc "
         "Resent-Sender List-Id List-Help List-Unsubscribe List-Unsubscribe-Post List-Subscribe List-Post List-Owner List-Archive Autocrypt Comments "
         "Keywords Return-Path X-Foo").split()


def make_message(domain):
    values = {"From": f"Joe <joe@{domain}>", "To": "suzie@example.net", "Date": "Sun, 22 Nov 2026 10:00:00 +0000", "Message-ID": f"<1@{domain}>",
              "MIME-Version": "1.0", "Content-Type": "text/plain", "Reply-To": f"joe@{domain}", "Sender": f"joe@{domain}"}
    head = "".join(f"{name}: {values.get(name, 'a  b')}\r\n" for name in NAMES) + "X-Foo: again\r\n"
    return head.encode() + b"\r\nWe  lost \t the game.  \r\n\r\n"


def tags(message):
    (field,) = re.findall(rb"^DKIM-Signature:(.*?)(?=^\S)", message, re.M | re.S)
    return {k: v for k, v in re.findall(r"(\w+)=([^;]*)", re.sub(r"\s+", "", field.decode()))}


def fields(message):
    return sorted(name.lower() for name in tags(message)["h"].split(":"))


class OpenDkim:
    """A configuration with two domains, and the program that signs by it."""

    def __init__(self, folder):
        self.folder, self.conf, self.records = folder, folder / "opendkim.conf", []
        for domain, selector in (("example.com", "2020"), ("news.example.com", "n1")):
            made = subprocess.run([program(), "dkim", "keygen", "-d", domain, "-s", selector, "-o", folder / f"{domain}.private"],
                                  check=True, capture_output=True, text=True)
            self.records.append(made.stdout.strip())
        (folder / "KeyTable").write_text(f"main example.com:2020:{folder}/example.com.private\nnews %:n1:{folder}/news.example.com.private\n")
        (folder / "SigningTable").write_text("# the first that matches\n*@news.example.com news\n*@example.com main\n")
        (folder / "TrustedHosts").write_text("127.0.0.1\n::1\n192.0.2.0/24\n")
        self.write("")

    def write(self, options):
        self.conf.write_text(
            f"Mode s\nSyslog no\nUserID root\nKeyTable file:{self.folder}/KeyTable\nSigningTable refile:{self.folder}/SigningTable\n"
            f"InternalHosts {self.folder}/TrustedHosts\nRequireSafeKeys no\n{options}")

    def sign(self, message):
        (self.folder / "message").write_bytes(message)
        done = subprocess.run(["/usr/sbin/opendkim", "-x", self.conf, "-t", self.folder / "message", "-vvv"], capture_output=True, text=True, check=False)
        found = re.search(r"hname='DKIM-Signature' hvalue='([^']*)'", done.stdout + done.stderr)
        assert found, done.stdout + done.stderr
        return b"DKIM-Signature: " + found[1].replace("\n", "\r\n").encode() + b"\r\n" + message


@pytest.fixture(scope="module")
def opendkim(tmp_path_factory):
    return OpenDkim(tmp_path_factory.mktemp("opendkim"))


@pytest.fixture(scope="module")
def names(opendkim, tmp_path_factory):
    server = Dns(tmp_path_factory.mktemp("names"), opendkim.records, plain=False)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    sink = Sink()
    instance = Instance(tmp_path_factory.mktemp("house") / "bulla", sink.port)
    instance.sink = sink
    instance.start()
    yield instance
    instance.stop()
    sink.close()


def sign_with_bulla(house, message, sender):
    before = len(house.sink.messages)
    reply = house.send(sender=sender, recipient="suzie@example.net", message=message)
    assert reply.code == 250, reply
    return house.sink.wait(before + 1)[-1].data


@pytest.mark.parametrize("domain, selector", [("example.com", "2020"), ("news.example.com", "n1")])
@pytest.mark.parametrize("options", [
    "Canonicalization relaxed/simple\nOversignHeaders From\n",
    "",
    "Canonicalization simple/relaxed\nSignatureTTL 86400\nSignHeaders From,To,Subject,Date,Message-ID,X-Foo\nOversignHeaders From,X-Foo,X-Absent\n",
    "Canonicalization relaxed/relaxed\nSignHeaders *,+X-Foo,-Date\nOmitHeaders *,+Cc\n",
    "Canonicalization relaxed\nSignHeaders Subject,Received,Comments,Return-Path\nOmitHeaders .\nOversignHeaders subject\n",
])
def test_c4_6_GW_12_both_sign_alike_and_others_agree(opendkim, names, house, options, domain, selector):
    opendkim.write(options)
    message = make_message(domain)
    theirs = opendkim.sign(message)
    house.cli("dkim", "import", "opendkim", opendkim.conf, "--apply")
    house.cli("settings", "set", "received_header", "0")  # Received is signed by nobody but who asks for it
    ours = sign_with_bulla(house, message, f"joe@{domain}")
    for signed in (theirs, ours):
        assert dkimpy_verify(names, signed, 1) == ["True"]
        assert run(["perl", "-e", PERL_VERIFY, str(names.port)], signed).decode().split() == ["pass"]
    canon = {"simple": "simple/simple", "relaxed": "relaxed/simple"}
    assert {k: tags(ours)[k] for k in "dsa"} == {k: tags(theirs)[k] for k in "dsa"} == {"d": domain, "s": selector, "a": "rsa-sha256"}
    assert tags(ours)["c"] == canon.get(tags(theirs)["c"], tags(theirs)["c"])
    assert fields(ours) == fields(theirs)
    assert ("x" in tags(ours)) == ("x" in tags(theirs))
    if "x" in tags(ours):
        assert int(tags(ours)["x"]) - int(tags(ours)["t"]) == 86400


def test_c4_6_GW_12_every_option_of_the_manual_page_is_known(tmp_path):
    page = subprocess.run("man opendkim.conf | col -b", shell=True, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^ {7}([A-Z][A-Za-z0-9-]*) \((?:boolean|integer|string|data ?set|address|filename)\)$", page, re.M | re.I)
    assert len(found) > 120
    conf = tmp_path / "opendkim.conf"
    conf.write_text("".join(f"{name} 1\n" for name in found if name != "Include"))
    plan = subprocess.run([program(), "dkim", "import", "opendkim", conf, "--json"], capture_output=True, text=True, check=False).stdout
    assert "is no option" not in plan and '"keys"' in plan


def test_c4_7_the_commands_of_opendkim_migration_md_work(house, opendkim, tmp_path):
    """As root on a machine with all four, but for where their files lie."""
    shutil.copytree(opendkim.folder, tmp_path / "keys")
    (tmp_path / "dkimkeys").mkdir()
    shutil.copy(opendkim.folder / "example.com.private", tmp_path / "dkimkeys/example.com.private")
    (tmp_path / "opendkim.conf").write_text(f"Canonicalization relaxed/simple\nMode s\nDomain example.com\nSelector 2020\nKeyFile {tmp_path}/dkimkeys/example.com.private\n")
    local = tmp_path / "rspamd/local.d"
    local.mkdir(parents=True)
    (local / "dkim_signing.conf").write_text(f'domain {{ example.com {{ path = "{tmp_path}/dkimkeys/example.com.private"; selector = "2020"; }} }}\n')
    home = tmp_path / "qmail"
    (home / "control").mkdir(parents=True)
    (home / "ssl").mkdir()
    subprocess.run([program(), "dkim", "keygen", "-d", "example.com", "-s", "q1", "--key-directory", home / "ssl/domainkeys"], check=True, capture_output=True)
    (home / "control/me").write_text("mx.example.com\n")
    (home / "control/dkimdomains").write_text("example.com:q1\n")
    exim = tmp_path / "exim4"
    exim.mkdir()
    (exim / "exim4.conf.localmacros").write_text(f"DKIM_DOMAIN = ${{lc:${{domain:$h_from:}}}}\nDKIM_SELECTOR = 2020\nDKIM_PRIVATE_KEY = {tmp_path}/dkimkeys/$dkim_domain.private\n")
    (exim / "exim4.conf.template").write_text("begin transports\nremote_smtp:\n  driver = smtp\n.ifdef DKIM_DOMAIN\n  dkim_domain = DKIM_DOMAIN\n.endif\n"
                                              "  dkim_selector = DKIM_SELECTOR\n  dkim_private_key = DKIM_PRIVATE_KEY\n")
    blocks = re.findall(r"^```(sh root|text)\n(.*?)^```$", GUIDE.read_text(), re.M | re.S)
    assert len(blocks) == 7
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/bulla").symlink_to(program())

    def here(text):
        for name in ("/etc/opendkim.conf", "/etc/dkimkeys", "/etc/rspamd", "/var/qmail", "/etc/exim4"):
            text = text.replace(name, f"{tmp_path}/{name.rsplit('/', 1)[1]}")
        return text

    for (kind, script), (following, expected) in zip(blocks, blocks[1:] + [("", "")]):
        if kind != "sh root":
            continue
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", here(script)], capture_output=True, text=True, check=False,
                              env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "BULLA_CONFIG": str(house.config_file)})
        assert done.returncode == 0, script + done.stdout + done.stderr
        for line in here(expected).splitlines() if following == "text" else []:
            assert re.search(f"^{'.*'.join(map(re.escape, re.split(r' ?… ?', line)))}$", done.stdout, re.M), f"{line}\n{done.stdout}"
    house.cli("settings", "reset", "dkim_policy_file")

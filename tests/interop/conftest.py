"""A DNS server of its own for the DKIM tests: knot with the zone example.com, in which each test's keys are published."""
import os
import pathlib
import shutil
import socket
import subprocess

import pytest

from support.instance import free_ports, program, until

# Where programs that ask port 53 alone find the server; any loopback address will do, and this one disturbs nobody.
PLAIN_ADDRESS = "127.0.0.99"


def answers(port):
    """Does the server answer a question for the zone's SOA?"""
    question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x06\x00\x01"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.2)
        client.sendto(question, ("127.0.0.1", port))
        try:
            return client.recv(512)[7] == 1
        except OSError:
            return False


class Dns:
    def __init__(self, folder, records, plain=True):
        """Beside another server, `plain` is to be False: the plain address is for one of them."""
        self.port = free_ports(1)[0]
        self.plain = plain and os.geteuid() == 0
        (folder / "zone").write_text("$ORIGIN example.com.\n$TTL 60\n@ SOA ns root 1 60 60 60 60\n@ NS ns\nns A 127.0.0.1\n" + "\n".join(records) + "\n")
        listen = [f"127.0.0.1@{self.port}"] + ([f"{PLAIN_ADDRESS}@53"] if self.plain else [])
        (folder / "knot.conf").write_text(
            f"server:\n  listen: [{', '.join(listen)}]\n  rundir: {folder}\ndatabase:\n  storage: {folder}\n"
            f"control:\n  listen: {folder}/control\nzone:\n  - domain: example.com\n    file: {folder}/zone\n    zonefile-sync: -1\n"
            "    journal-content: none\n")
        self.server = subprocess.Popen(["/usr/sbin/knotd", "-c", folder / "knot.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: answers(self.port), "knot")

    def stop(self):
        self.server.terminate()
        self.server.wait()


class Keys:
    """Key pairs that bulla made: files `<selector>.pem`, records as zone lines."""

    def __init__(self, folder):
        self.folder = folder
        self.records = []
        for selector, kind in (("rsa", "rsa"), ("ed", "ed25519")):
            self.records.append(subprocess.run([program(), "dkim", "keygen", "-d", "example.com", "-s", selector, "-t", kind,
                                                "-o", folder / f"{selector}.pem"], check=True, capture_output=True, text=True).stdout.strip())
        # Mail::DKIM reads PKCS#1 alone.
        subprocess.run(["openssl", "rsa", "-in", folder / "rsa.pem", "-traditional", "-out", folder / "rsa.pkcs1.pem"], check=True, capture_output=True)
        # dkimpy reads the 32 octets of an Ed25519 key alone, in base64.
        der = subprocess.run(["openssl", "pkey", "-in", folder / "ed.pem", "-outform", "DER"], check=True, capture_output=True).stdout
        self.ed25519_seed = der[-32:]

    def file(self, selector):
        return self.folder / f"{selector}.pem"


@pytest.fixture(scope="session")
def dkim_keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def dns(tmp_path_factory, dkim_keys):
    for tool in ("/usr/sbin/knotd", "/usr/sbin/opendkim", "/usr/sbin/opendkim-testmsg"):
        assert pathlib.Path(tool).exists() or shutil.which(tool), f"{tool} is missing: ./test installs it"
    server = Dns(tmp_path_factory.mktemp("dns"), dkim_keys.records)
    yield server
    server.stop()

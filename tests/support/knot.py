"""Knot as the primary name server of a zone that bulla may change: TSIG, updates, and port 53 of an address of its own for resolvers."""
import base64
import os
import pathlib
import secrets
import subprocess

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from .instance import free_ports, until

# Where the resolver finds it, which asks port 53 alone: an address of loopback that nobody else has.
ADDRESS = "127.0.53.136"


class Knot:
    """`zones`: name → lines beside SOA and NS. The key `name` may change all of them."""

    def __init__(self, folder, zones, algorithm="hmac-sha256", name="bulla.key"):
        self.folder, self.port = pathlib.Path(folder), free_ports(1)[0]
        self.folder.mkdir(parents=True)
        self.secret = base64.b64encode(secrets.token_bytes(32)).decode()
        self.key_file = self.write_key(name, algorithm, self.secret)
        # The root is there too, since bulla does not believe a resolver that does not know it.
        for zone, lines in {".": [], **zones}.items():
            origin = "." if zone == "." else f"{zone}."
            (self.folder / f"{zone}zone").write_text(
                f"$ORIGIN {origin}\n$TTL 1\n@ SOA ns.invalid. root.invalid. 1 60 60 60 1\n@ NS ns.invalid.\n" + "".join(f"{line}\n" for line in lines))
        listed = "".join(f"  - domain: {zone}\n    file: {self.folder}/{zone}zone\n    acl: update\n" for zone in (".", *zones))
        (self.folder / "knot.conf").write_text(
            f"server:\n  listen: [127.0.0.1@{self.port}, {ADDRESS}@53]\n  rundir: {self.folder}\n"
            f"database:\n  storage: {self.folder}\ncontrol:\n  listen: {self.folder}/control\n"
            f"key:\n  - id: {name}\n    algorithm: {algorithm}\n    secret: {self.secret}\n"
            f"acl:\n  - id: update\n    key: {name}\n    action: update\n    update-type: [TXT]\nlog:\n  - target: {self.folder}/log\n    any: debug\n"
            f"template:\n  - id: default\n    zonefile-sync: -1\n    journal-content: none\nzone:\n{listed}")
        self.process = None
        self.start()

    def write_key(self, name, algorithm, secret):
        """A key file; others than the server's are for what must fail."""
        path = self.folder / f"{name}.{len(list(self.folder.glob('*.tsig')))}.tsig"
        path.write_text(f"{algorithm}:{name}:{secret}\n")
        path.chmod(0o600)
        return path

    def start(self):
        self.process = subprocess.Popen(["/usr/sbin/knotd", "-c", self.folder / "knot.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self.is_up, "knot")

    def is_up(self):
        assert self.process.poll() is None, "knot has ended"
        try:
            return self.ask(".", "SOA").rcode() == dns.rcode.NOERROR
        except (OSError, dns.exception.Timeout):
            return False

    def ask(self, name, kind):
        return dns.query.tcp(dns.message.make_query(name, kind), "127.0.0.1", port=self.port, timeout=2)

    def texts(self, name):
        """What the TXT records at `name` say."""
        return sorted(b"".join(record.strings).decode() for answer in self.ask(name, "TXT").answer for record in answer
                      if answer.rdtype == dns.rdatatype.TXT)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def resolving(self):
        """What to put before a command so that its resolver asks this server alone."""
        resolv = self.folder / "resolv.conf"
        resolv.write_text(f"nameserver {ADDRESS}\n")
        return ["unshare", "-m", "--fork", "sh", "-c", f'mount --bind {resolv} /etc/resolv.conf && exec "$@"', "sh"]


def can_be_resolver():
    """Port 53 and a resolv.conf of one's own are for root."""
    return os.geteuid() == 0

"""A home of qmail with bulla's programs in it: stand-ins for qmail-rspawn, qmail-remote and qmail-queue, which Debian does not have."""
import os
import pathlib
import subprocess

from support.instance import program

REMOTE = """#!/bin/sh
# Takes what it is given, waits for the gate, and reports as qmail-remote does.
cat > got/$$.part; printf '%s\\n' "$@" > got/$$.arguments; id -u > got/$$.user; mv got/$$.part got/$$.message
exec flock -s gate /usr/bin/printf 'rok\\0KSent.\\n\\0'
"""
QUEUE = """#!/bin/sh
cat > got/queued; cat <&1 > got/envelope
"""
NAMES = ("qmail-dksign", "qmail-dkim", "qmail-dkverify", "mkdkimkey")


class Qmail:
    def __init__(self, folder):
        self.home = pathlib.Path(folder)
        for name in ("bin", "control", "queue/dkim", "queue/mess", "ssl/domainkeys", "got"):
            (self.home / name).mkdir(parents=True)
        (self.home / "gate").touch()
        for name, text in (("qmail-remote", REMOTE), ("qmail-queue", QUEUE)):
            (self.home / "bin" / name).write_text(text)
            (self.home / "bin" / name).chmod(0o755)
        for name in NAMES:
            (self.home / "bin" / name).symlink_to(pathlib.Path(program()).with_name("bulla-qmail"))
        (self.home / "control/me").write_text("mx.example.com\n")
        (self.home / "control/rcpthosts").write_text("example.com\n")

    def policy(self, text):
        (self.home / "control/dkimdomains").write_text(text)

    def key(self, domain, selector, kind, pem):
        """Lays a key out as ssl/domainkeys has it."""
        folder = self.home / "ssl/domainkeys" / domain
        folder.mkdir(exist_ok=True)
        file = folder / f"{kind}.private_{selector}"
        file.write_bytes(pem)
        file.chmod(0o600)
        (folder / selector).symlink_to(file.name)

    def environment(self, **more):
        return {**os.environ, "BULLA_QMAIL_HOME": str(self.home), **more}

    def message(self, text, name="1"):
        path = self.home / "queue/mess" / name
        path.write_bytes(text)
        return path

    def spawn(self, message, sender="joe@example.com", recipient="suzie@example.net", stderr=subprocess.STDOUT, **more):
        """As qmail-rspawn does it: the message is descriptor 0, one pipe is 1 and 2."""
        with open(message, "rb") as file:
            return subprocess.Popen([self.home / "bin/qmail-dksign", "mx.example.net", sender, recipient], stdin=file, stdout=subprocess.PIPE,
                                    stderr=stderr, env=self.environment(), cwd=self.home / "queue/mess", **more)

    def deliver(self, text, **options):
        """(the report, the message that qmail-remote got or None)"""
        before = set(self.home.glob("got/*.message"))
        child = self.spawn(self.message(text), **options)
        report = child.communicate()[0]
        assert child.returncode == 0
        got = set(self.home.glob("got/*.message")) - before
        return report, got.pop().read_bytes() if got else None

    def run(self, name, *arguments, data=b"", **more):
        return subprocess.run([self.home / "bin" / name, *map(str, arguments)], input=data, capture_output=True, check=False,
                              env=self.environment(**more))

    def stages(self):
        return [p for p in (self.home / "queue/dkim").rglob("*") if not p.is_dir()]

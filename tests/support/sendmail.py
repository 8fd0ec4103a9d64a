"""A Sendmail of our own in a folder, on loopback. Debian's packages of Sendmail and Postfix exclude each other, so Sendmail's are unpacked
beside the system instead of installed into it."""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

from .instance import TOP, free_ports, until

PACKAGES = ("sendmail-bin", "sendmail-base", "sendmail-cf")
UNPACKED = TOP / "build/peers/sendmail"

CONFIGURATION = """divert(-1)
divert(0)dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `sendmail.example')dnl
define(`confCW_FILE', `-o {folder}/names')dnl
define(`confPID_FILE', `{folder}/pid')dnl
define(`QUEUE_DIR', `{folder}/queue')dnl
define(`STATUS_FILE', `{folder}/statistics')dnl
define(`HELP_FILE', `')dnl
define(`ALIAS_FILE', `')dnl
define(`confSERVICE_SWITCH_FILE', `{folder}/switch')dnl
define(`confTO_IDENT', `0')dnl
define(`confTO_QUEUEWARN', `')dnl
define(`confDEF_USER_ID', `nobody:nogroup')dnl
define(`confDONT_BLAME_SENDMAIL', `groupwritabledirpathsafe,worldwritableforwardfile')dnl
define(`confLOG_LEVEL', `14')dnl
define(`confMILTER_LOG_LEVEL', `14')dnl
define(`confMAX_DAEMON_CHILDREN', `0')dnl
define(`SMART_HOST', `relay:[127.0.0.1]')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {relay}')dnl
define(`confDELIVERY_MODE', `interactive')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`promiscuous_relay')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`nocanonify')dnl
DAEMON_OPTIONS(`Port={port}, Addr=127.0.0.1, Name={daemon}')dnl
{line}
{extra}
MAILER(`smtp')dnl
"""


def unpack():
    """Sendmail's packages, unpacked once in the build folder; the path of their files."""
    if not (UNPACKED / "usr/libexec/sendmail/sendmail").exists():
        UNPACKED.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=UNPACKED.parent) as folder:
            pathlib.Path(folder).chmod(0o755)
            subprocess.run(["apt-get", "download", "-q", *PACKAGES], cwd=folder, check=True, capture_output=True)
            for package in pathlib.Path(folder).glob("*.deb"):
                subprocess.run(["dpkg", "-x", package, f"{folder}/files"], check=True)
            shutil.rmtree(UNPACKED, ignore_errors=True)
            os.replace(f"{folder}/files", UNPACKED)
    return UNPACKED


class Sendmail:
    """Gives all mail to `relay_to`, a port on loopback, after asking the filter at `milter` ("local:/path", "inet:port@127.0.0.1")."""

    def __init__(self, folder, relay_to, milter, daemon="MTA", extra="", line=None):
        """line: the whole line about the filter, instead of one for `milter`."""
        line = line or f"INPUT_MAIL_FILTER(`bulla', `S={milter}, F=T, T=S:30s;R:60s;E:60s')dnl"
        self.folder = pathlib.Path(folder)
        self.port = free_ports(1)[0]
        files = unpack()
        self.program = files / "usr/libexec/sendmail/sendmail"
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        (self.folder / "queue").mkdir(mode=0o700)
        (self.folder / "names").write_text("")
        (self.folder / "switch").write_text("hosts files\naliases files\n")
        source = self.folder / "sendmail.mc"
        source.write_text(CONFIGURATION.format(folder=self.folder, relay=relay_to, port=self.port, line=line, daemon=daemon, extra=extra))
        cf = files / "usr/share/sendmail/cf"
        made = subprocess.run(["m4", f"-D_CF_DIR_={cf}/", f"{cf}/m4/cf.m4", source], check=True, capture_output=True, text=True).stdout
        (self.folder / "sendmail.cf").write_text(made)
        self.process = None

    def start(self):
        self.log_file = open(self.folder / "log", "ab")
        # Sendmail sleeps for a minute where the machine's name has no dot: it gets a machine's name of its own. -bD stays in the foreground, -X
        # records every session.
        own_name = ["unshare", "--uts", "sh", "-c", 'hostname sendmail.example && exec "$@"', "sh"]
        self.process = subprocess.Popen([*own_name, self.program, f"-C{self.folder}/sendmail.cf", "-bD", "-X", self.folder / "traffic", "-D", self.folder / "debug"],
                                        stdout=self.log_file, stderr=self.log_file)
        try:
            until(self._answers, f"Sendmail on {self.port}")
        except BaseException:
            self.stop()
            raise
        return self

    def _answers(self):
        assert self.process.poll() is None, self.log()
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                return s.recv(3) == b"220"
        except OSError:
            return False

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None
            self.log_file.close()

    def log(self):
        return (self.folder / "log").read_text(errors="replace") if (self.folder / "log").exists() else ""

    def traffic(self):
        path = self.folder / "traffic"
        return path.read_text(errors="replace") if path.exists() else ""

    def queue_length(self):
        return len([p for p in (self.folder / "queue").iterdir() if re.match("[qd]f", p.name)])

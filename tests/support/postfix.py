"""A Postfix of our own in a folder, on loopback; the system's Postfix is left alone. Needs root, as Postfix does."""
import os
import pathlib
import re
import shutil
import socket
import subprocess

from .instance import free_ports, until

MAIN = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
mail_owner = postfix
setgid_group = postdrop
myhostname = postfix.example
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination = {destination}
local_recipient_maps =
alias_maps =
alias_database =
home_mailbox = Maildir/
relayhost = {relayhost}
smtp_host_lookup = native
smtp_dns_support_level = disabled
smtp_tls_security_level = {client_tls}
smtpd_peername_lookup = no
smtputf8_enable = yes
message_size_limit = 104857600
mailbox_size_limit = 0
smtpd_client_connection_count_limit = 0
default_process_limit = 100
in_flow_delay = 0
maillog_file = {folder}/queue/maillog
maillog_file_prefixes = {folder}
import_environment = MAIL_CONFIG={folder}/etc
alternate_config_directories =
virtual_mailbox_domains = {virtual}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
virtual_mailbox_limit = 0
{extra}
"""

SERVICES = """pickup n 60 1 pickup
cleanup n - 0 cleanup
qmgr n 300 1 qmgr
tlsmgr - 1000? 1 tlsmgr
rewrite - - - trivial-rewrite
bounce - - 0 bounce
defer - - 0 bounce
trace - - 0 bounce
verify - - 1 verify
flush n 1000? 0 flush
proxymap - - - proxymap
smtp - - - smtp
relay - - - smtp
lmtp - - - lmtp
showq n - - showq
error - - - error
retry - - - error
discard - - - discard
virtual - - - virtual
anvil - - 1 anvil
scache - - 1 scache
"""


class Postfix:
    """relay_to: a port on loopback that gets all mail; without it, mail for `virtual` lies in `mail` and other mail bounces.
    milter: a milter's address for the listener. extra: more lines of main.cf."""

    def __init__(self, folder, relay_to=None, virtual="", milter=None, extra="", client_tls="none"):
        self.folder = pathlib.Path(folder)
        self.port = free_ports(1)[0]
        for name in ("etc", "queue", "data", "mail"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        import pwd
        user = pwd.getpwnam("postfix")
        relayhost = f"[127.0.0.1]:{relay_to}" if relay_to else ""
        (self.folder / "etc/main.cf").write_text(MAIN.format(
            folder=self.folder, destination="", relayhost=relayhost, virtual=virtual, uid=user.pw_uid, gid=user.pw_gid, extra=extra,
            client_tls=client_tls))
        master = f"127.0.0.1:{self.port} inet n - n - - smtpd\n"
        if milter:
            master += f"  -o smtpd_milters={milter}\n  -o milter_default_action=tempfail\n"
        for line in SERVICES.splitlines():
            name, private, wake, limit, command = line.split()
            unprivileged = "n" if name == "virtual" else "-"
            master += f"{name} unix {private} {unprivileged} n {wake} {limit} {command}\n"
        master += "postlog unix-dgram n - n - 1 postlogd\n"
        (self.folder / "etc/master.cf").write_text(master)
        # Postfix drops to its own user: it must reach its folders through ours.
        for path in [self.folder, *self.folder.parents]:
            if path.stat().st_mode & 0o001 == 0 and path.stat().st_uid == os.getuid():
                path.chmod(path.stat().st_mode | 0o011)
        for name in ("data", "mail"):
            shutil.chown(self.folder / name, "postfix")

    def command(self, name, *arguments, check=True):
        return subprocess.run([f"/usr/sbin/{name}", "-c", str(self.folder / "etc"), *arguments], capture_output=True, text=True, check=check)

    def start(self):
        done = self.command("postfix", "start", check=False)
        assert done.returncode == 0, done.stderr
        until(self._answers, f"Postfix on {self.port}")
        return self

    def _answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                return s.recv(3) == b"220"
        except OSError:
            return False

    def stop(self):
        self.command("postfix", "stop", check=False)

    def log(self):
        path = self.folder / "queue/maillog"
        return path.read_text(errors="replace") if path.exists() else ""

    def delivered(self):
        """Messages in the virtual mailboxes."""
        return [path.read_bytes() for path in sorted((self.folder / "mail").glob("**/new/*"))]

    def wait_delivered(self, count, seconds=60):
        return until(lambda: len(found := self.delivered()) >= count and found, f"{count} messages at Postfix", seconds)

    def wait_log(self, pattern, seconds=60):
        return until(lambda: re.search(pattern, self.log()), f"/{pattern}/ in Postfix's log", seconds)

    def queue_length(self):
        return len([line for line in self.command("postqueue", "-j").stdout.splitlines() if line.strip()])

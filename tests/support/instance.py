"""An instance of bulla in a folder: init, settings, serve, stop."""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import tomllib

from .smtp import Client, make_message

TOP = pathlib.Path(__file__).resolve().parents[2]
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|UndefinedBehaviorSanitizer|terminate called|Assertion .* failed")
DOMAIN = "example.test"


def program():
    path = pathlib.Path(os.environ.get("BULLA") or TOP / "build/release/bulla").resolve()
    assert path.exists(), f"{path} is not built; run ./run --build"
    return str(path)


def is_sanitized():
    return "asan" in program()


def free_ports(count):
    """Ports that nobody listens on, below those that the kernel gives to outgoing connections."""
    sockets = []
    while len(sockets) < count:
        try:
            sockets.append(socket.create_server(("127.0.0.1", random.randrange(15000, 32000))))
        except OSError:
            continue
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def until(condition, what, seconds=30, every=0.02):
    """Look again and again until `condition` is true; for what other processes do and nobody announces."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(every)
    raise AssertionError(f"{what}: not within {seconds} s")


def toml_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(v) for v in value) + "]"
    return json.dumps(str(value))


def write_toml(table, prefix=""):
    plain = {k: v for k, v in table.items() if not isinstance(v, dict) and not (isinstance(v, list) and v and isinstance(v[0], dict))}
    out = "".join(f"{k} = {toml_value(v)}\n" for k, v in plain.items())
    for key, value in table.items():
        if isinstance(value, dict):
            out += f"\n[{prefix}{key}]\n" + write_toml(value, f"{prefix}{key}.")
        elif key not in plain:
            for item in value:
                out += f"\n[[{prefix}{key}]]\n" + write_toml(item, f"{prefix}{key}.")
    return out


def merge(table, changes):
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(table.get(key), dict):
            merge(table[key], value)
        else:
            table[key] = value


class Instance:
    """`sink_port` receives all mail that is not for the local domain; mail for it goes to Maildirs below `mail`."""

    def __init__(self, folder, sink_port=None, config=None, domain=DOMAIN):
        self.folder = pathlib.Path(folder)
        self.domain, self.process, self.extra_environment = domain, None, {}
        self.roles = ("submission", "relay", "inbound", "filter")
        self.ports = dict(zip((*self.roles, "console"), free_ports(len(self.roles) + 1)))
        self.mail = self.folder / "mail"
        self.config_file = self.folder / "bulla.toml"
        self.log = self.folder / "serve.log"
        self.wrapper = []
        done = self.run("init", str(self.folder), "--domain", domain, "--admin", f"admin@{domain}")
        self.init_output = done.stdout
        self.configure(self._initial(sink_port))
        if config:
            self.configure(config)

    def _initial(self, sink_port):
        listeners = [{"address": "127.0.0.1", "port": self.ports[role], "role": role, "tls": "starttls"} for role in self.roles]
        listeners[3]["xforward_hosts"] = ["127.0.0.0/8"]
        routes = [{"name": "local", "match": ["local"], "exit": "maildir", "path": str(self.mail / "{domain}" / "{local}")}]
        if sink_port:
            routes.append({"name": "out", "match": ["*"], "exit": "smtp", "host": "127.0.0.1", "port": sink_port, "tls": "opportunistic"})
        return {"listener": listeners, "route": routes, "console": {"port": self.ports["console"]}}

    def configure(self, changes):
        """Put `changes` (a table as in bulla.toml) into the configuration file; lists are replaced whole.
        The file changes in one step, as every editor does it: a command that reads it meanwhile sees all or nothing."""
        table = tomllib.loads(self.config_file.read_text())
        merge(table, changes)
        beside = self.config_file.with_name("bulla.toml.new")
        beside.write_text(write_toml(table))
        shutil.copystat(self.config_file, beside)
        os.replace(beside, self.config_file)

    # The command line

    def run(self, *arguments, check=True, data=None, seconds=120):
        """`bulla` with exactly these arguments."""
        done = subprocess.run([program(), *map(str, arguments)], input=data, capture_output=True, timeout=seconds, check=False,
                              env={**os.environ, "BULLA_CONFIG": str(self.config_file), **self.extra_environment})
        done.stdout, done.stderr = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        assert not SANITIZER.search(done.stderr), done.stderr
        if check:
            assert done.returncode == 0, f"bulla {' '.join(map(str, arguments))}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def cli(self, *arguments, **options):
        """A command on this instance."""
        return self.run(*arguments, **options)

    def json(self, *arguments, **options):
        return json.loads(self.cli(*arguments, "--json", **options).stdout)

    def add_account(self, name, password="correct horse battery"):
        address = f"{name}@{self.domain}"
        self.cli("account", "add", address, "--password-stdin", data=password.encode() + b"\n")
        return address, password

    def archive_all(self, signer=None):
        """A group that archives everything, signed by `signer` if given."""
        self.cli("group", "add", "all", "--member", "*", *(["--archival-signer", signer] if signer else []))

    def sign_dkim(self, selector="s1", kind="ed25519"):
        """A key of the domain; what `dkim add --json` says, the DNS record among it."""
        return self.json("dkim", "add", self.domain, selector, "-t", kind)

    def trust_loopback(self):
        self.cli("settings", "set", "trusted_networks", "127.0.0.0/8,::1/128")

    # The daemon

    def start(self, wait=True):
        assert self.process is None
        log = open(self.log, "ab")
        self.process = subprocess.Popen([*self.wrapper, program(), "serve", "-c", str(self.config_file)], stdout=log, stderr=log,
                                        env={**os.environ, **self.extra_environment})
        log.close()
        if wait:
            self.wait_listening()
        return self

    def wait_listening(self, seconds=60):
        for listener in tomllib.loads(self.config_file.read_text())["listener"]:
            until(lambda: self._answers(listener), f"{listener['address']} {listener.get('port')} to listen", seconds)

    def _answers(self, listener):
        if self.process.poll() is not None:
            raise AssertionError(f"bulla serve ended with {self.process.returncode}:\n{self.log_text()[-4000:]}")
        try:
            if listener["address"].startswith("unix:"):
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.connect(listener["address"].removeprefix("unix:"))
                    return True
            with socket.create_connection((listener["address"], listener["port"]), 5) as connection:
                # Where the server speaks first, its greeting tells that all of it is there.
                silent = listener.get("role") == "milter" or listener.get("proxy_protocol") or listener.get("tls") == "implicit"
                return silent or connection.recv(3) == b"220"
        except OSError:
            return False

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def pid(self):
        """The daemon's own, if a wrapper such as strace stands before it."""
        if not self.wrapper:
            return self.process.pid
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    def stop(self, seconds=60):
        """SIGTERM; it must end with 0, without a sanitizer's report."""
        if self.process is None:
            return
        process = self.process
        if process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.process = None
            raise AssertionError(f"bulla serve did not end within {seconds} s of SIGTERM:\n{self.log_text()[-4000:]}") from None
        self.process = None
        assert not SANITIZER.search(self.log_text()), self.log_text()[-8000:]
        assert status == 0, f"bulla serve ended with {status}:\n{self.log_text()[-4000:]}"

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def reload(self):
        os.kill(self.pid, signal.SIGHUP)

    # Mail

    def client(self, role="relay", **options):
        return Client(self.ports[role], **options)

    def send(self, sender=None, recipient="bob@example.org", message=None, role="relay", parameters=""):
        """One message through a session of its own; the final reply."""
        sender = f"alice@{self.domain}" if sender is None else sender
        first = recipient if isinstance(recipient, str) else recipient[0]
        with self.client(role) as client:
            client.ehlo()
            return client.send(sender, recipient, message or make_message(sender or "x@example.org", first), parameters)

    def maildir(self, local, domain=None):
        """The messages in a mailbox, as bytes."""
        folder = self.mail / (domain or self.domain) / local / "new"
        return [path.read_bytes() for path in sorted(folder.iterdir())] if folder.is_dir() else []

    def wait_maildir(self, local, count=1, seconds=30):
        return until(lambda: len(found := self.maildir(local)) >= count and found, f"{count} messages for {local}", seconds)

    def wait_queue_empty(self, seconds=60):
        return until(lambda: not self.queue() or None, "an empty queue", seconds) if self.queue() else True

    def queue(self):
        return rows(self.json("queue", "list", "--limit", "1000"))

    def archive(self):
        """All archived messages, newest first."""
        found, page = [], {"next": None}
        while True:
            page = self.json("archive", "list", "--limit", "1000", *(["--before", page["next"]] if page["next"] else []))
            found += page["messages"]
            if not page["next"]:
                return found

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def rows(answer):
    """A list command's rows: the array itself, or the one array in its object."""
    if isinstance(answer, dict):
        arrays = [v for v in answer.values() if isinstance(v, list)]
        assert len(arrays) == 1, answer
        return arrays[0]
    return answer


def in_threads(count, work):
    """Run work(0) … work(count-1) at once; the first exception is raised."""
    failures = []

    def guarded(n):
        try:
            work(n)
        except BaseException as e:  # pylint: disable=broad-except
            failures.append(e)

    threads = [threading.Thread(target=guarded, args=(n,)) for n in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failures:
        raise failures[0]

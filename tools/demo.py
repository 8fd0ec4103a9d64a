#!/usr/bin/python3
"""The demo instance of ./run: make it if it is not there, start it, send a first message, show what became of it, wait for Ctrl-C.

demo.py [--dir DIR] [--fresh]
"""
import argparse
import ctypes
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import time
import tomllib

import send_mail

TOP = pathlib.Path(__file__).resolve().parent.parent
BULLA = TOP / "build/release/bulla"
DOMAIN = "example.test"
USER, FRIEND = f"alice@{DOMAIN}", f"bob@{DOMAIN}"
SUBMISSION, INBOUND, CONSOLE = 2587, 2525, 8090
SIGNER = "demo"


def say(text=""):
    print(text, flush=True)


def fail(text):
    sys.exit(f"./run: {text}")


class Demo:
    def __init__(self, folder):
        self.folder = folder
        self.config = folder / "bulla.toml"
        self.password_file = folder / "alice.password"
        self.public_key = folder / f"{SIGNER}.pub.pem"
        self.mail = folder / "mail"
        self.log = folder / "serve.log"
        self.process = None

    def bulla(self, *arguments, data=None):
        done = subprocess.run([BULLA, *map(str, arguments)], input=data, capture_output=True, text=True, check=False,
                              env={**os.environ, "BULLA_CONFIG": str(self.config)})
        if done.returncode:
            fail(f"bulla {' '.join(map(str, arguments))}:\n{done.stdout}{done.stderr}")
        return done.stdout

    # Making

    def make(self):
        say(f"Making the demo instance in {show(self.folder)} (domain {DOMAIN}, which exists nowhere)")
        shutil.rmtree(self.folder, ignore_errors=True)  # What a broken-off ./run left: it has no `made` file.
        ports = [port if is_free(port) else free_port() for port in (SUBMISSION, INBOUND)]
        told = self.bulla("init", self.folder, "--domain", DOMAIN, "--admin", f"admin@{DOMAIN}", "--listen",
                          f"submission=127.0.0.1:{ports[0]}", "--listen", f"inbound=127.0.0.1:{ports[1]}")
        write_secret(self.folder / "init.txt", told)
        password = secrets.token_urlsafe(12)
        write_secret(self.password_file, password + "\n")
        self.bulla("account", "add", USER, "--password-stdin", data=password + "\n")
        self.bulla("dkim", "add", DOMAIN, "demo", "-t", "rsa")
        self.bulla("signer", "create", SIGNER, "-o", self.public_key)
        self.bulla("group", "add", "everything", "--member", "*", "--archival-signer", SIGNER)
        self.bulla("settings", "set", "signature_public_key_path", self.public_key)
        self.bulla("settings", "set", "signature_verification_enabled", "1")
        if not is_free(CONSOLE):
            self.config.write_text(self.config.read_text().replace(f"\n#port = {CONSOLE}", f"\nport = {free_port()}"))
        (self.folder / "made").touch()

    def name_root(self):
        """An instance of an older ./run does not say that its daemon stays root."""
        text = self.config.read_text()
        if os.geteuid() == 0 and '\n#user = ""' in text:
            self.config.write_text(text.replace('\n#user = ""', '\nuser = "root"'))

    def renew(self):
        """What an instance of an older ./run lacks; nothing may run yet."""
        if busy := [p for p in (*self.listeners().values(), self.console_port()) if not is_free(p)]:
            fail(f"port {busy[0]} is in use: perhaps the demo runs already in another terminal")
        self.bulla("database", "migrate")

    def add_friend(self):
        """Mail goes to accounts only: the friend has one."""
        if FRIEND not in [one["address"] for one in json.loads(self.bulla("account", "list", "--json"))]:
            self.bulla("account", "add", FRIEND, "--password-stdin", data=secrets.token_urlsafe(12) + "\n")

    # Running

    def listeners(self):
        return {one["role"]: one["port"] for one in tomllib.loads(self.config.read_text())["listener"]}

    def console_port(self):
        return tomllib.loads(self.config.read_text()).get("console", {}).get("port", CONSOLE)

    def start(self):
        ports = self.listeners()
        log = open(self.log, "ab")
        # A process group of its own, so that Ctrl-C comes to us alone and we end it in order.
        self.process = subprocess.Popen([BULLA, "serve", "-c", self.config], stdout=log, stderr=log, start_new_session=True,
                                        preexec_fn=end_with_parent)
        log.close()
        end = time.monotonic() + 30
        for port in ports.values():
            while not answers(port):
                if self.process.poll() is not None or time.monotonic() > end:
                    fail(f"bulla serve did not start; the end of {show(self.log)}:\n{self.log.read_text()[-2000:]}")
                time.sleep(0.01)
        return ports

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode if self.process else 0

    def send(self, port):
        """One message by SMTP with a log-in; what the server said at the end."""
        try:
            return send_mail.send(send_mail.Letter(
                port, USER, self.password_file.read_text().strip(), FRIEND, "The first sealed message",
                "Hello Bob,\n\nthis message went through bulla: it was signed, sealed and delivered.\n\nAlice\n"))
        except (OSError, smtplib.SMTPException) as e:
            fail(f"the message was refused: {e}")

    def mailbox(self):
        return self.mail / DOMAIN / FRIEND.split("@")[0] / "new"

    def wait_delivery(self, before):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if found := set(self.mailbox().glob("*")) - before:
                return found.pop()
            time.sleep(0.02)
        fail(f"the message was not delivered within 30 s; see {show(self.log)}")


PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
PARENT = os.getpid()


def end_with_parent():
    """Runs in the child: SIGTERM when we end, however hard, so that no daemon is left behind."""
    if LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0 or os.getppid() != PARENT:
        os._exit(1)


def write_secret(path, text):
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
        f.write(text)


def tell(demo, ports):
    """Send the first message and show what became of it."""
    say(f"bulla runs: submission (log-in) on 127.0.0.1:{ports['submission']}, inbound on 127.0.0.1:{ports['inbound']}")
    before = set(demo.mailbox().glob("*"))
    reply = demo.send(ports["submission"])
    identifier = re.search(r"\b[0-9A-HJKMNP-TV-Z]{13}\b", reply)[0]
    say(f"\nA message from {USER} to {FRIEND}, sent with a log-in over STARTTLS. The server's word:\n  250 {reply}")
    delivered = demo.wait_delivery(before)
    shown = json.loads(demo.bulla("archive", "show", identifier, "--json"))
    say("\nWhat happened to it:")
    begun = shown["trace"]["begun"]
    for stage in shown["trace"]["stages"]:
        facts = ", ".join(f"{name} {value}" for name, value in stage["facts"])
        say(f"  {stage['stage']:10} +{(stage['at'] - begun) / 1000:6.1f} ms  {facts}")
    for event in shown["events"]:
        say(f"  {'deliver':10} {event['kind']} at {event['at']}")
    say(f"\nIt lies in {show(delivered)}")
    verdict = demo.bulla("archive", "verify", identifier)
    say(f"The archived copy, checked with public keys only:\n{verdict.rstrip()}")
    tell_how(demo, ports, identifier)


def tell_how(demo, ports, identifier):
    """What to type next; each line of four blanks is a command, and a test runs them all."""
    bulla = f"BULLA_CONFIG={show(demo.config)} {show(BULLA)}"
    proof = show(demo.folder / "proof" / identifier)
    demo.bulla("archive", "export", identifier, "--detached", "-o", demo.folder / "proof" / identifier)
    check = next(line.strip() for line in (demo.folder / "proof" / identifier / "README.txt").read_text().splitlines()
                 if line.startswith("    ") and "openssl" in line)
    say("Verified.\n\nVerify it yourself, by bulla, or by nothing but openssl and the exported files:")
    say(f"    {bulla} archive verify --all\n    (cd {proof} && {check})")
    say(f"Look at it in a browser: http://127.0.0.1:{demo.console_port()}/messages/{identifier}\n"
        f"(log in as admin, with the one-time password in {show(demo.folder / 'init.txt')} or the one that you chose since)\n"
        "Look around on the command line:")
    say(f"    {bulla} archive show {identifier}\n    {bulla} queue list\n    {bulla} log checkpoint")
    say("Send another one:")
    say(f"    python3 {show(TOP / 'tools/send_mail.py')} --port {ports['submission']} --user {USER} --password-file "
        f"{show(demo.password_file)} --to {FRIEND} --subject 'Another one'")
    say(f"\nThe log of the server: {show(demo.log)}")
    say("Ctrl-C stops it.")


def is_free(port):
    try:
        socket.create_server(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as s:
            return s.recv(3) == b"220"
    except OSError:
        return False


def show(path):
    path = pathlib.Path(path)
    try:
        return str(path.relative_to(pathlib.Path.cwd()))
    except ValueError:
        return str(path)


def main():
    parser = argparse.ArgumentParser(prog="./run")
    parser.add_argument("--dir", type=pathlib.Path, default=TOP / "var/demo")
    parser.add_argument("--fresh", action="store_true")
    args = parser.parse_args()
    demo = Demo(args.dir.resolve())
    if args.fresh:
        shutil.rmtree(demo.folder, ignore_errors=True)
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    try:
        if not (demo.folder / "made").exists():
            demo.make()
        demo.name_root()
        demo.renew()
        demo.add_friend()
        ports = demo.start()
        tell(demo, ports)
        demo.process.wait()
        fail(f"bulla serve ended by itself; the end of {show(demo.log)}:\n{demo.log.read_text()[-2000:]}")
    except KeyboardInterrupt:
        say("\nStopping …")
    finally:
        status = demo.stop()
    say("Stopped. ./run goes on with the same instance; ./run --fresh begins anew.")
    return status


if __name__ == "__main__":
    sys.exit(main())

"""Clause 2: ./run on a made tree: what it prints is true, what it tells to type works."""
import os
import pathlib
import re
import shlex
import signal
import subprocess
import time

import pytest

from support.instance import program, until

TOP = pathlib.Path(__file__).resolve().parents[2]
READY = "Ctrl-C"


class Run:
    def __init__(self, folder, *arguments):
        self.out = folder.parent / "run.out"
        self.started = time.monotonic()
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen([TOP / "run", "--dir", folder, *arguments], stdout=out, stderr=subprocess.STDOUT, cwd=folder.parent,
                                            start_new_session=True)

    def text(self):
        return self.out.read_text(errors="replace")

    def wait_ready(self, seconds=120):
        def ready():
            assert self.process.poll() is None, self.text()
            return READY in self.text()
        until(ready, "./run to be ready", seconds)
        return time.monotonic() - self.started

    def stop(self):
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(60)


@pytest.fixture
def demo(tmp_path):
    """./run, ready; stopped at the end if the test did not."""
    runs = []

    def start(*arguments):
        runs.append(Run(tmp_path / "demo", *arguments))
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            run.stop()


@pytest.fixture(autouse=True)
def of_the_release():
    if not program().endswith("build/release/bulla"):
        pytest.fail("./run is about build/release")


def commands_in(text):
    """The indented lines that a reader would type."""
    return [line.strip().removeprefix("$ ") for line in text.splitlines() if re.match(r"^ {4}(\$ )?\S", line)]


def test_c2_2_run_shows_the_life_of_a_first_message(demo, tmp_path):
    run = demo()
    run.wait_ready()
    text = run.text()
    for stage in ("identify", "decide", "sign", "seal", "deliver"):
        assert re.search(rf"\b{stage}", text), f"{stage} is not shown"
    assert "Verified" in text or "verified" in text
    mail = re.search(r"(\S*demo/mail/example\.test/bob/new/\S+)", text)[1]
    message = (pathlib.Path(mail) if os.path.isabs(mail) else tmp_path / mail).read_bytes()
    assert b"DKIM-Signature:" in message and b"d=example.test" in message
    assert run.stop() == 0
    assert "Stopped" in run.text()


def test_c2_2_every_command_that_run_prints_works(demo, tmp_path):
    run = demo()
    run.wait_ready()
    commands = commands_in(run.text())
    assert any("openssl" in c for c in commands) and any("archive verify" in c for c in commands) and any("swaks" in c or "curl" in c or
                                                                                                          "send" in c for c in commands)
    before = len(list((tmp_path / "demo/mail").glob("**/new/*")))
    for command in commands:
        done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        if "openssl" in command:
            assert re.search("Verified OK|Signature Verified Successfully", done.stdout + done.stderr)
    until(lambda: len(list((tmp_path / "demo/mail").glob("**/new/*"))) > before, "another message")


def test_c2_2_a_second_run_is_up_within_five_seconds(demo):
    run = demo()
    run.wait_ready()
    assert run.stop() == 0
    again = demo()
    assert again.wait_ready() < 5
    assert again.stop() == 0


def test_c2_2_run_from_any_folder_and_by_a_link(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(TOP / "run")
    done = subprocess.run([link, "--build"], cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "build/release/bulla" in done.stdout
    assert "Usage" in done.stdout or "./run" in subprocess.run([link, "--help"], capture_output=True, text=True, check=True).stdout
    assert subprocess.run([link, "--wrong"], capture_output=True, check=False).returncode == 2


def test_c2_2_run_beside_a_running_one_says_so(demo, tmp_path):
    run = demo()
    run.wait_ready()
    second = subprocess.run([TOP / "run", "--dir", tmp_path / "demo"], capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode != 0
    assert "runs already" in second.stderr
    assert run.process.poll() is None


def test_c2_2_the_password_is_not_shown_to_others(demo, tmp_path):
    run = demo()
    run.wait_ready()
    for name in ("passphrase", "alice.password", "init.txt"):
        assert (tmp_path / "demo" / name).stat().st_mode & 0o077 == 0, name
    assert shlex.split((tmp_path / "demo/alice.password").read_text())[0] not in run.text()


def test_c2_2_no_daemon_is_left_behind_when_run_is_killed(demo):
    run = demo()
    run.wait_ready()
    daemon = int(re.search(r"locked by pid (\d+)", subprocess.run(
        [program(), "serve", "-c", run.out.parent / "demo/bulla.toml"], capture_output=True, text=True, check=False).stderr)[1])
    os.killpg(run.process.pid, signal.SIGKILL)
    run.process.wait(10)
    until(lambda: not pathlib.Path(f"/proc/{daemon}").exists() or "State:\tZ" in pathlib.Path(f"/proc/{daemon}/status").read_text(),
          "the daemon to end with its parent")

"""Clause 4: making an instance, changing it beside and without the daemon, and the command line itself."""
import json
import os
import pathlib
import pwd
import re
import shlex
import shutil
import stat
import subprocess

import pytest

from support.instance import SANITIZER, Instance, free_ports, program, until
from support.smtp import make_message


def help_of(*command):
    done = subprocess.run([program(), *command, "--help"], capture_output=True, text=True, check=True)
    return done.stdout


def subcommands(text):
    part = re.search(r"^(?:Sub)?[Cc]ommands:\n(.*?)(?:\n\n|\Z)", text, re.DOTALL | re.MULTILINE)
    return re.findall(r"^  ([a-z][\w-]*)", part[1], re.MULTILINE) if part else []


def all_commands(prefix=()):
    """Every command that does something, as found by following --help."""
    below = subcommands(help_of(*prefix))
    if not below:
        yield prefix
    for name in below:
        yield from all_commands((*prefix, name))


# init


@pytest.mark.asan
def test_c2_4_init_makes_a_whole_instance(make_instance):
    made = make_instance(None)
    assert stat.S_IMODE((made.folder / "passphrase").stat().st_mode) == 0o600
    assert stat.S_IMODE((made.folder / "state").stat().st_mode) == 0o700
    assert len((made.folder / "passphrase").read_text().strip()) >= 20
    assert "admin" in made.init_output and "one-time password" in made.init_output.lower()
    accounts = made.json("account", "list")
    assert [(a["login"], a["address"], a["role"]) for a in accounts] == [("admin", "admin@example.test", "admin")]
    assert accounts[0]["one_time_password"] is True
    assert [d["name"] for d in made.json("domain", "list")] == ["example.test"]


def test_c2_4_the_written_configuration_explains_itself(tmp_path):
    folder = tmp_path / "plain"
    subprocess.run([program(), "init", folder, "--domain", "example.test", "--admin", "a@example.test"], check=True, capture_output=True)
    text = (folder / "bulla.toml").read_text()
    for name in ("message_size", "recipients", "command_time", "first", "expire", "concurrency", "trusted", "node_name", "passphrase_file"):
        assert re.search(rf"^#.*\n#?\s*{name} = ", text, re.MULTILINE), f"{name} has no comment before it"
    assert "default" in text


def test_c2_4_init_never_overwrites(make_instance):
    made = make_instance(None)
    before = {p: p.read_bytes() for p in made.folder.rglob("*") if p.is_file()}
    done = made.run("init", str(made.folder), "--domain", "other.test", "--admin", "a@other.test", check=False)
    assert done.returncode in (2, 3) and done.stderr.startswith("bulla: ")
    assert {p: p.read_bytes() for p in made.folder.rglob("*") if p.is_file()} == before


def test_c2_4_two_instances_share_no_secret(tmp_path):
    a, b = Instance(tmp_path / "a"), Instance(tmp_path / "b")
    assert (a.folder / "passphrase").read_text() != (b.folder / "passphrase").read_text()
    assert (a.folder / "state/log.pub").read_text() != (b.folder / "state/log.pub").read_text()


def test_c2_4_a_wrong_passphrase_opens_nothing(make_instance):
    made = make_instance(None)
    (made.folder / "passphrase").write_text("something else entirely\n")
    done = made.cli("archive", "list", check=False)
    assert done.returncode == 3 and "passphrase" in done.stderr
    made.process = None


def test_c2_4_a_passphrase_that_others_can_read_is_refused(make_instance):
    made = make_instance(None)
    os.chmod(made.folder / "passphrase", 0o644)
    done = made.cli("archive", "list", check=False)
    assert done.returncode == 3 and "passphrase" in done.stderr


# Changing


@pytest.mark.parametrize("running", [False, True])
def test_c2_4_domains_accounts_settings(make_instance, running):
    made = make_instance(None)
    if running:
        made.start()
    made.cli("domain", "add", "second.test")
    assert {d["name"] for d in made.json("domain", "list")} == {"example.test", "second.test"}
    made.cli("account", "add", "bob@second.test", "--password-stdin", data=b"a long password\n")
    assert "bob@second.test" in [a["address"] for a in made.json("account", "list")]
    refused = made.cli("domain", "remove", "second.test", check=False)
    assert refused.returncode == 2 and "account" in refused.stderr
    made.cli("account", "role", "bob@second.test", "auditor")
    assert {a["address"]: a["role"] for a in made.json("account", "list")}["bob@second.test"] == "auditor"
    made.cli("settings", "set", "dkim_expiry", "2 d")
    assert made.json("settings", "get", "dkim_expiry")["value"] in ("2 d", 172800, "172800")
    assert "2 d" in made.cli("settings", "get", "dkim_expiry").stdout
    for arguments in (("settings", "set", "dkim_expiry", "soon"), ("settings", "set", "nonsense", "1"), ("settings", "get", "nonsense"),
                      ("domain", "add", "second.test"), ("domain", "add", "a..b"), ("account", "role", "nobody@second.test", "user"),
                      ("account", "role", "bob@second.test", "emperor"), ("account", "role", "admin", "user")):
        done = made.cli(*arguments, check=False)
        assert done.returncode == 2 and done.stderr.startswith("bulla: ") and not done.stdout, arguments


def test_c2_4_a_password_on_the_command_line_is_not_possible():
    text = help_of("account", "add") + help_of("account", "passwd")
    assert not re.search(r"--password[ =]", text)
    assert "--password-stdin" in text


def test_c2_4_a_change_beside_the_daemon_is_in_force_when_the_command_returns(instance, sink):
    for n in range(5):
        address, password = instance.add_account(f"user{n}")
        with instance.client("submission") as client:
            client.ehlo()
            client.starttls()
            assert client.auth_plain(address, password).code == 235


def test_c2_4_a_changed_password_counts_at_once(instance):
    address, password = instance.add_account("alice")
    instance.cli("account", "passwd", address, "--password-stdin", data=b"another password\n")
    for word, code in ((password, 535), ("another password", 235)):
        with instance.client("submission") as client:
            client.ehlo()
            client.starttls()
            assert client.auth_plain(address, word).code == code


def test_c2_4_the_one_time_password_does_not_send_mail(instance):
    one_time = re.search(r"one-time password[^:]*:?\s+(\S+)", instance.init_output, re.IGNORECASE)[1]
    with instance.client("submission") as client:
        client.ehlo()
        client.starttls()
        assert client.auth_plain("admin", one_time).code == 535
    assert one_time not in instance.log_text()


def test_c2_4_changes_survive_a_restart(make_instance):
    made = make_instance(None).start()
    made.cli("domain", "add", "second.test")
    made.cli("account", "add", "bob@second.test", "--password-stdin", data=b"correct horse battery\n")
    made.stop()
    made.start()
    assert "second.test" in [d["name"] for d in made.json("domain", "list")]
    assert made.send("x@far.example", "bob@second.test", role="inbound").code == 250


# Ownership


def test_c2_4_a_second_daemon_is_refused(make_instance):
    made = make_instance(None).start()
    ports = made.config_file.read_text()
    made.configure({"listener": [{"address": "127.0.0.1", "port": free_ports(1)[0], "role": "inbound"}]})
    done = made.run("serve", "-c", str(made.config_file), check=False, seconds=20)
    made.config_file.write_text(ports)
    assert done.returncode == 3 and "instance.locked" in done.stderr, done.stderr
    assert f"locked by pid {made.pid}" in done.stderr, done.stderr
    assert made.send("x@far.example", "admin@example.test", role="inbound").code == 250


def test_c2_4_the_admin_socket_is_for_its_owner(make_instance):
    made = make_instance(None).start()
    socket = made.folder / "state/admin.sock"
    assert stat.S_ISSOCK(socket.stat().st_mode) and stat.S_IMODE(socket.stat().st_mode) == 0o600
    made.stop()
    made.cli("domain", "add", "second.test")


def test_c2_4_readers_change_nothing(make_instance, tmp_path):
    made = make_instance(None)
    database = made.folder / "state/bulla.db"
    before = database.read_bytes()
    for arguments in (("account", "list"), ("domain", "list"), ("archive", "list"), ("queue", "list"), ("archive", "verify", "--all")):
        made.cli(*arguments)
    assert database.read_bytes() == before


def test_c2_4_root_is_dropped_after_binding(make_instance, sink, tmp_path):
    if os.getuid() != 0:
        pytest.fail("needs root: there is nothing to drop otherwise")
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_uid == 0 and folder != pathlib.Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    made = make_instance(sink, config={"user": "nobody"})
    made.trust_loopback()
    nobody = pwd.getpwnam("nobody")
    for path in [made.folder, *made.folder.rglob("*")]:
        shutil.chown(path, nobody.pw_uid, nobody.pw_gid)
    made.start()
    status = pathlib.Path(f"/proc/{made.pid}/status").read_text()
    assert re.search(r"^Uid:\t(\d+)\t(\d+)\t(\d+)\t(\d+)", status, re.MULTILINE).groups() == (str(nobody.pw_uid),) * 4
    assert re.search(r"^Gid:\t(\d+)", status, re.MULTILINE)[1] == str(nobody.pw_gid)
    assert re.search(r"^Groups:\t *\d*", status, re.MULTILINE)[0].split()[1:] in ([], [str(nobody.pw_gid)])
    assert int(re.search(r"^CapEff:\t([0-9a-f]+)", status, re.MULTILINE)[1], 16) == 0
    assert made.send().code == 250
    sink.wait(1)
    made.cli("domain", "add", "second.test")


# The command line itself


def test_c2_4_every_command_has_help_with_an_example():
    commands = list(all_commands())
    assert len(commands) > 25, commands
    for command in commands:
        text = help_of(*command)
        assert re.search(r"[Ee]xample", text) and f"bulla {command[0]}" in text, f"bulla {' '.join(command)} --help has no example"


def test_c2_4_every_command_that_prints_data_has_json():
    silent = {"serve", "init"}
    for command in all_commands():
        text = help_of(*command)
        if command and command[0] not in silent and command[-1] in ("list", "show", "get", "verify", "record", "prove", "checkpoint", "status"):
            assert "--json" in text, f"bulla {' '.join(command)} has no --json"


def test_c2_4_the_examples_are_accepted(tmp_path):
    """Each example of --help is a command line that the program itself can read: no unknown option, no missing argument."""
    for command in all_commands():
        for line in re.findall(r"^\s+(?:\$ )?(bulla .*)$", help_of(*command), re.MULTILINE):
            if any(c in line for c in "|<>$"):
                continue
            words = shlex.split(line, comments=True)[1:]
            if words[:1] in (["serve"], ["init"]) or not words:
                continue
            done = subprocess.run([program(), *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=tmp_path, check=False,
                                  env={**os.environ, "BULLA_CONFIG": str(tmp_path / "none.toml")}, timeout=60)
            assert "--help" not in done.stderr or done.returncode != 2, f"{line}: {done.stderr}"
            assert not SANITIZER.search(done.stderr)


@pytest.mark.asan
def test_c2_4_version_and_unknown_commands(make_instance):
    assert re.fullmatch(r"bulla \d+\.\d+\.\d+.*\n", subprocess.run([program(), "--version"], capture_output=True, text=True, check=True).stdout)
    for arguments in (["wrong"], [], ["domain"], ["domain", "add"], ["domain", "add", "--wrong", "x"]):
        done = subprocess.run([program(), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 2, arguments
        assert done.stderr


def test_c2_4_errors_are_json_when_asked(make_instance):
    made = make_instance(None)
    done = made.cli("queue", "show", "0000000000001", "--json", check=False)
    assert done.returncode in (2, 3)
    error = json.loads(done.stderr)["error"]
    assert error["code"] and error["text"]


def test_c2_4_mail_text_cannot_steer_the_terminal(instance, sink):
    instance.archive_all()
    instance.send(message=make_message(subject="\x1b]0;owned\x07\x1b[2Jboo"))
    sink.wait(1)
    until(instance.archive, "the message in the archive")
    out = instance.cli("archive", "list").stdout
    assert "boo" in out and "\x1b" not in out and "\x07" not in out


def test_c2_4_a_missing_configuration_is_said(tmp_path):
    done = subprocess.run([program(), "domain", "list", "-c", str(tmp_path / "none.toml")], capture_output=True, text=True, check=False)
    assert done.returncode in (2, 3) and "none.toml" in done.stderr

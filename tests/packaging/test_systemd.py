"""The unit: its sandbox is tight, and the program lives in it."""
import pathlib
import re
import subprocess

from support.token import LIBRARY, Token

TOP = pathlib.Path(__file__).resolve().parents[2]
UNIT = TOP / "packaging/systemd/bulla.service"


def test_c3_9_the_sandbox_is_tight():
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=20", UNIT], capture_output=True, text=True, check=False)
    level = re.search(r"Overall exposure level for bulla.service: ([0-9.]+)", done.stdout)
    assert level, done.stdout + done.stderr
    assert float(level.group(1)) <= 2.0, done.stdout
    assert done.returncode == 0, done.stdout


def allowed_calls():
    """The system calls that the unit's filter lets through; later lines change what earlier ones said."""
    groups = {}
    for line in subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"], capture_output=True, text=True, check=True).stdout.splitlines():
        if line.startswith("@"):
            group = groups.setdefault(line.strip(), set())
        elif line.startswith("    ") and not line.strip().startswith("#"):
            group.add(line.strip())

    def expand(name):
        return set().union(*(expand(inside) for inside in groups[name])) if name in groups else {name}

    allowed = expand("@default")
    for value in re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text(), re.M):
        calls = set().union(*(expand(word) for word in value.lstrip("~").split()))
        allowed = allowed - calls if value.startswith("~") else allowed | calls
    return allowed


def watch(instance, calls):
    """Let strace write into `calls` what the daemon asks of the kernel."""
    instance.wrapper = ["strace", "-f", "-qq", "--trace=all", "-o", str(calls), "-e", "signal=none"]


def used_calls(calls):
    return {m.group(1) for line in calls.read_text(errors="replace").splitlines() if (m := re.match(r"\d+ +(?:<\.\.\. )?([a-z_0-9]+)[ (]", line))}


# As root the test instance does what the unit's user need not: it gives up its rights, and SQLite gives its files to their owner.
ROOTS = {"setuid", "setgid", "setgroups", "setresuid", "setresgid", "fchown"}


def test_DK_19_a_token_asks_the_kernel_for_nothing_that_the_unit_forbids(make_instance, sink, tmp_path):
    calls, token = tmp_path / "calls", Token(tmp_path / "hsm")
    instance = make_instance(sink, {"pkcs11": {"modules": [LIBRARY]}})
    instance.extra_environment = token.environment
    instance.trust_loopback()
    instance.cli("dkim", "import", instance.domain, "s1", token.make_key("s1"))
    watch(instance, calls)
    instance.start()
    assert instance.send().code == 250
    assert b"s=s1;" in sink.wait(1)[0].data
    instance.stop()
    used = used_calls(calls)
    assert used and not used - allowed_calls() - ROOTS
    # MemoryDenyWriteExecute: p11-kit's closures need no memory that is written and run.
    for line in calls.read_text(errors="replace").splitlines():
        assert not re.search(r"mmap\(.*PROT_WRITE\|PROT_EXEC|mprotect\(.*PROT_EXEC", line), line


def test_c3_9_the_program_asks_the_kernel_for_nothing_that_the_unit_forbids(make_instance, tmp_path):
    calls = tmp_path / "calls"
    instance = make_instance()
    instance.add_account("bob")
    instance.cli("signer", "create", "main")
    instance.archive_all("main")
    instance.sign_dkim()
    instance.trust_loopback()
    watch(instance, calls)
    instance.start()
    assert instance.send(recipient=f"bob@{instance.domain}").code == 250
    assert instance.send(recipient=f"bob@{instance.domain}", message=b"Subject: large\r\n\r\n" + b"x" * 70 + b"\r\n" + (b"y" * 76 + b"\r\n") * 20000).code == 250
    instance.wait_maildir("bob", 2)
    instance.cli("domain", "add", "other.test")
    instance.reload()
    instance.stop()
    used = used_calls(calls)
    assert "fdatasync" in used and "setpriority" in used, used
    forbidden = used - allowed_calls() - ROOTS
    assert not forbidden, forbidden


def test_c3_9_the_unit_waits_for_an_instance_and_keeps_the_passphrase_away():
    text = UNIT.read_text()
    for line in ("Type=notify", "ConditionPathExists=/etc/bulla/bulla.toml", "User=bulla", "LoadCredential=bulla-passphrase:/etc/bulla/passphrase",
                 "AmbientCapabilities=CAP_NET_BIND_SERVICE", "CapabilityBoundingSet=CAP_NET_BIND_SERVICE"):
        assert f"\n{line}\n" in text, line

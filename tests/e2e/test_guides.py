"""The commands of docs/guides, run in their order as a reader would type them."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from support.instance import program

TOP = pathlib.Path(__file__).resolve().parents[2]
GUIDES = TOP / "docs/guides"
FENCE = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.M | re.S)
# `build` is what tests/fresh runs, `root` what tests/packaging runs in a machine of its own.
KINDS = {("sh", ""), ("sh", "daemon"), ("sh", "build"), ("sh", "root"), ("text", "")}

DAEMON = """
({command}) > serve.log 2>&1 &
daemon=$!
trap 'kill $daemon; wait $daemon' EXIT
n=0
until grep -q daemon.ready serve.log; do
    n=$((n + 1)); [ $n -lt 600 ] && kill -0 $daemon || {{ cat serve.log; exit 1; }}
    sleep 0.05
done
"""


def blocks(name):
    return [(kind, how, text) for kind, how, text in FENCE.findall((GUIDES / name).read_text())]


def script_of(name, offset):
    """The guide's blocks as one script; a line with a mark stands before the output of each."""
    out = []
    for number, (kind, how, text) in enumerate(blocks(name), offset):
        if kind == "sh" and how == "daemon":
            out.append(DAEMON.format(command="exec " + text.strip()))
        elif kind == "sh" and not how:
            out.append(f"echo; echo '=== {number}'\n{text}")
    return "\n".join(out)


def run(script, folder):
    """Runs a script with a loopback of its own: the guides name ports, which others on this machine may have."""
    tools = folder / "bin"
    tools.mkdir()
    (tools / "bulla").symlink_to(program())
    environment = {k: v for k, v in os.environ.items() if k not in ("BULLA_CONFIG", "BULLA")} | {"PATH": f"{tools}:{os.environ['PATH']}", "USER": "root"}
    done = subprocess.run(["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"]), "bash", "-euo", "pipefail", "-c",
                           f"ip link set lo up\n{script}"], cwd=folder, capture_output=True, text=True, timeout=100, check=False, env=environment)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done.stdout


# In the order in which they are read: the later ones go on where the first ends. The number tells their blocks apart.
ORDER = {"first-hour.md": 0, "console.md": 100, "api.md": 200, "dkim-keys.md": 300}
# What these set up is run beside the mail server that they are about: tests/interop/test_milter_peers.py, test_qmail.py and test_import.py.
ELSEWHERE = {"postfix.md", "sendmail.md", "qmail.md", "opendkim-migration.md"}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What each block of all guides printed, by its number."""
    output = run("\n".join(script_of(name, offset) for name, offset in ORDER.items()), tmp_path_factory.mktemp("guides"))
    return {int(n): text for n, text in re.findall(r"^=== (\d+)\n(.*?)(?=^=== |\Z)", output, re.M | re.S)}


@pytest.mark.parametrize("name", ORDER)
def test_c3_10_a_guide_has_known_blocks_and_is_short(name):
    assert {p.name for p in GUIDES.glob("*.md")} == set(ORDER) | ELSEWHERE
    assert {(kind, how) for kind, how, _ in blocks(name)} <= KINDS
    assert len((GUIDES / name).read_text().splitlines()) <= 180
    for target in re.findall(r"\]\(([^)#]+?)\)", (GUIDES / name).read_text()):
        assert target.startswith("http") or (GUIDES / target).exists(), target


@pytest.mark.parametrize("name", ORDER)
def test_c3_10_a_guide_does_what_it_says(outputs, name):
    """All commands were run; each line of a `text` block stands in the output of the `sh` block before it, … being anything."""
    for number, (kind, _, text) in enumerate(blocks(name), ORDER[name]):
        if kind == "text":
            for line in text.splitlines():
                pattern = ".*".join(map(re.escape, line.split("…")))
                assert re.search(f"^{pattern}$", outputs[number - 1], re.M), f"{name}: {line}\n{outputs[number - 1]}"


def test_c3_10_the_readme_names_only_commands_that_exist():
    text = (TOP / "README.md").read_text()
    commands = set(re.findall(r"^ {4}bulla ([a-z]+)", text, re.M)) | set(re.findall(r"`bulla ([a-z]+)`", text))
    assert "init" in commands
    for command in sorted(commands):
        assert subprocess.run([program(), command, "--help"], capture_output=True, check=False).returncode == 0, command
    assert shutil.which("curl")

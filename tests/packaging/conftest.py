"""A bare Debian 12 and the package of the program under test."""
import os
import pathlib
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "bulla"


@pytest.fixture(scope="session")
def package(bulla, tmp_path_factory):
    """The Debian package of $BULLA."""
    out = tmp_path_factory.mktemp("deb")
    done = subprocess.run([TOP / "packaging/build-deb", "--program", bulla, out], capture_output=True, text=True, check=False,
                          env={**os.environ, "BULLA_DEB_LEVEL": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    return pathlib.Path(done.stdout.strip())


class Machine:
    """A root folder whose commands run with mounts and processes of their own."""

    def __init__(self, root):
        self.root = root

    def command(self, *arguments, offline=True):
        apt = CACHE / "apt-archives"
        apt.mkdir(parents=True, exist_ok=True)
        return [TOP / "tests/packaging/chroot", "run", *(["--offline"] if offline else []), "--bind", f"{apt}:/var/cache/apt/archives",
                self.root, *arguments]

    def run(self, *arguments, offline=True, check=True, seconds=60):
        done = subprocess.run(self.command(*arguments, offline=offline), capture_output=True, text=True, check=False, timeout=seconds)
        if check:
            assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout[-6000:]}{done.stderr[-4000:]}"
        return done

    def shell(self, script, **options):
        return self.run("sh", "-euc", script, **options)


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    root = tmp_path_factory.mktemp("machine")
    subprocess.run([TOP / "tests/packaging/chroot", "make", root], check=True)
    yield Machine(root)
    shutil.rmtree(root, ignore_errors=True)

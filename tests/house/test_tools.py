"""The tools that keep the house in order find what they are there for."""
import os
import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]


def run(*command, **options):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **options)


@pytest.fixture
def tree(tmp_path):
    """A little source tree: write(name, text) adds a file."""
    src = tmp_path / "src"
    src.mkdir()
    (src / "LAYERS").write_text("base:\nmail: base\nsmtp: base mail\n")
    (src / "THIRD_PARTY").write_text("openssl/: smtp\n")

    def write(name, text):
        path = src / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return src

    return write


@pytest.mark.parametrize("name,text,finding", [
    ("mail/a.h", '#include "base/b.h"\n#include <string>\n#include <sys/stat.h>\n', None),
    ("base/a.h", '#include "mail/b.h"\n', "base may not include mail"),
    ("mail/a.cpp", '  #  include "smtp/b.h"\n', "mail may not include smtp"),
    ("mail/a.cpp", '#include "b.h"\n', "does not name its folder"),
    ("mail/a.cpp", '#include "gone/b.h"\n', "gone is no folder"),
    ("smtp/a.cpp", "#include <openssl/evp.h>\n", None),
    ("mail/a.cpp", "#include <openssl/evp.h>\n", "openssl/ is for smtp"),
    ("mail/a.cpp", "#include <zstd/new.h>\n", "stands in no line of THIRD_PARTY"),
    ("other/a.cpp", "int x;\n", "other is no folder"),
])
def test_c2_1_includes_are_checked(tree, name, text, finding):
    done = run(TOP / "tools/check_layers.py", tree(name, text))
    assert (done.returncode == 0) == (finding is None), done.stdout
    assert finding is None or finding in done.stdout


def test_c2_1_layers_must_be_written_bottom_up(tree):
    src = tree("LAYERS", "base: mail\nmail: base\n")
    (src / "THIRD_PARTY").write_text("")
    assert "base names mail, which is not below it" in run(TOP / "tools/check_layers.py", src).stdout


@pytest.mark.parametrize("text,finding", [
    ('// RFC 6376 3.5: "v= MUST be 1"\n', None),
    ('    // RFC 6376 3.5: "one\n    // two\n    // three\n    // four"\n', None),
    ('// RFC-DEVIATION 5321 4.1.1.1: "must"\n', None),
    ('// RFC 6376, errata 5070: "x"\n', "write `RFC NNNN"),
    ('// RFC 6376 3.5, errata 5070: "x"\n', None),
    ("// RFC 5321 says much about this.\n", None),
    ('// RFC 5322 3.6.8: a name is made of "%d33-57".\n', None),
    ('// RFC6376 3.5: "x"\n', "write `RFC NNNN"),
    ('// RFC 6376 section 3.5: "x"\n', "write `RFC NNNN"),
    ('// RFC 6376 3.5 "x"\n', "write `RFC NNNN"),
    ('// RFC 6376 3.5: "1\n// 2\n// 3\n// 4\n// 5"\n', "longer than 4 lines"),
    ('// RFC 6376 3.5: "1\nint x;\n', "no end"),
    ("// RFC 6376 3.5: \"the 'b=' tag\"; it is empty.\n", None),
    ('// RFC 6376 3.5: "the "b=" tag"\n', "inside of the quote"),
    ('// RFC 6376 3.5: "the tag\n// "b=""\n', "inside of the quote"),
    ('// RFC 6376 3.5: "the \\"b=\\" tag"\n', "inside of the quote"),
])
def test_c2_1_rfc_references_are_checked(tree, tmp_path, text, finding):
    src = tree("mail/a.cpp", text)
    done = run(TOP / "tools/rfc_index", src, tmp_path / "INDEX.md")
    assert (done.returncode == 0) == (finding is None), done.stdout
    assert finding is None or finding in done.stdout


def test_c2_1_rfc_index_out_of_date_is_found(tree, tmp_path):
    src, index = tree("mail/a.cpp", '// RFC 6376 3.5: "v= MUST be 1"\n'), tmp_path / "INDEX.md"
    assert run(TOP / "tools/rfc_index", src, index).returncode == 0
    assert "| 3.5 | v= MUST be 1 | `src/mail/a.cpp` |" in index.read_text()
    assert run(TOP / "tools/rfc_index", "--check", src, index).returncode == 0
    tree("mail/b.cpp", '// RFC 5321 4.5.2: "dot"\n')
    assert "out of date" in run(TOP / "tools/rfc_index", "--check", src, index).stdout


def test_c2_1_format_is_checked(tmp_path):
    bad, good = tmp_path / "bad.cpp", tmp_path / "good.cpp"
    bad.write_text("int  x ;\n")
    good.write_text("int x;\n")
    for path in (bad, good):
        os.symlink(TOP / ".clang-format", tmp_path / ".clang-format") if not (tmp_path / ".clang-format").exists() else None
    assert run(TOP / "tools/format", "check", good).returncode == 0
    assert run(TOP / "tools/format", "check", bad).returncode == 1
    assert run(TOP / "tools/format", "fix", bad).returncode == 0
    assert bad.read_text() == "int x;\n"


def test_c2_3_install_packages_says_nothing_when_all_are_there():
    done = run(TOP / "tools/install-packages", "build", "test")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_c2_3_packages_have_a_kind_and_a_reason():
    for line in (TOP / "tools/packages.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            kind, _package, reason = line.split(None, 2)
            assert kind in ("build", "test", "bench") and reason


def test_c2_3_an_unknown_part_is_refused():
    done = run(TOP / "test", "no-such-part")
    assert done.returncode != 0
    assert "no part no-such-part" in done.stderr
    assert "no-such-part" not in run(TOP / "test", "--help").stdout


def test_c2_3_the_summary_counts_every_test(tmp_path):
    """A copy of ./test over two pytest files: what passes, fails and is skipped is counted, and a skip is a failure."""
    for folder in ("tools", "tests/house"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("tools/run_tests.py",):
        (tmp_path / name).write_text((TOP / name).read_text())
    (tmp_path / "tests/house/test_x.py").write_text(
        "import pytest\ndef test_a(): pass\ndef test_b(): pass\ndef test_c(): assert 0\ndef test_d(): pytest.skip('no')\n")
    done = run("/usr/bin/python3", tmp_path / "tools/run_tests.py", "--started", "9e9", "house")
    assert done.stdout.splitlines()[-1] == "2 passed, 2 failed"
    assert "test_d was skipped" in done.stdout
    assert done.returncode == 1


def test_c2_3_the_hard_stop_stops(tmp_path):
    for folder in ("tools", "tests/house"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "tools/run_tests.py").write_text((TOP / "tools/run_tests.py").read_text())
    (tmp_path / "tests/house/test_x.py").write_text("import threading\ndef test_a(): threading.Event().wait()\n")
    done = run("/usr/bin/python3", tmp_path / "tools/run_tests.py", "--started", "1", "house", timeout=60)
    assert "Hard stop after 75 minutes during house." in done.stdout
    assert done.stdout.splitlines()[-1] == "0 passed, 1 failed"
    assert done.returncode == 1


def test_c2_1_the_licence_and_the_guides_are_there():
    assert "Apache License" in (TOP / "LICENSE").read_text()
    for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md", "docs/threat-model.md",
                 "docs/formats/pack.md", "docs/formats/log.md", "docs/formats/queue.md", "docs/features.md", "docs/dependencies.md",
                 "docs/measurements.md"):
        assert len((TOP / name).read_text()) > 300, name


def test_c2_1_release_is_hardened(bulla):
    elf = run("readelf", "-Wld", bulla).stdout + run("readelf", "-Ws", "--dyn-syms", bulla).stdout
    assert "BIND_NOW" in elf or "NOW" in elf
    assert "GNU_RELRO" in elf
    assert "__stack_chk_fail" in elf
    assert "_chk@" in elf, "no fortified call"
    assert "DYN (" in run("readelf", "-h", bulla).stdout, "not position-independent"


def test_c2_1_no_path_of_the_build_machine_is_in_the_program(bulla):
    text = pathlib.Path(bulla).read_bytes()
    assert str(TOP).encode() + b"/src" not in text


def test_c2_1_a_large_instruction_set_is_used_only_where_it_exists(bulla):
    """The program starts on the oldest x86-64: AVX2 stands only in functions chosen at run time."""
    listing = run("sh", "-c", f"objdump -d --no-show-raw-insn {bulla} | grep -E '^[0-9a-f]+ <|%ymm'").stdout
    users, current = set(), ""
    for line in listing.splitlines():
        if line.endswith(">:"):
            current = line
        else:
            users.add(current)
    assert all("avx2" in user or "resolver" in user for user in users), users

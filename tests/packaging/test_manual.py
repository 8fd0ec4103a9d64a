"""Manual pages and completions are what the program says of itself."""
import pathlib
import re
import subprocess

import pytest


@pytest.fixture(scope="module")
def pages(bulla, tmp_path_factory):
    folder = tmp_path_factory.mktemp("man")
    subprocess.run([bulla, "help", "--man", folder], check=True, capture_output=True)
    return folder


def words_of(bulla, *path):
    """The commands below a command, from its help."""
    text = subprocess.run([bulla, *path, "--help"], capture_output=True, text=True, check=True).stdout
    part = re.search(r"^Subcommands:\n((?:  .*\n)*)", text, re.M)
    return re.findall(r"^  ([a-z][a-z-]*)", part.group(1), re.M) if part else []


def test_c3_9_there_is_a_page_for_each_command(bulla, pages):
    commands = words_of(bulla)
    assert "archive" in commands and "check" in commands
    expected = {"bulla.1", "bulla.toml.5"} | {f"bulla-{name}.1" for name in commands}
    assert {page.name for page in pages.iterdir()} == expected


def test_c3_9_mandoc_has_nothing_to_say(pages):
    ours = pathlib.Path(__file__).parents[2] / "packaging/man/bulla-qmail.8"
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "style", *sorted(pages.iterdir()), ours], capture_output=True, text=True, check=False)
    # The pages refer to each other, which are not installed here.
    findings = [line for line in done.stdout.splitlines() if not re.search("referenced manual not found: Xr (bulla|qmail)", line)]
    assert not findings, "\n".join(findings[:20])


def test_c3_9_a_page_says_all_that_the_help_says(bulla, pages):
    for group in ("queue", "archive", "check"):
        text = subprocess.run(["mandoc", "-T", "utf8", pages / f"bulla-{group}.1"], capture_output=True, text=True, check=True).stdout
        text = re.sub(".\b", "", text)
        for command in words_of(bulla, group) or [None]:
            help_text = subprocess.run([bulla, group, *([command] if command else []), "--help"], capture_output=True, text=True, check=True).stdout
            for option in re.findall(r"(--[a-z][a-z-]+)", help_text.split("Example")[0]):
                assert option in text, f"{group} {command} {option}"


def test_c3_9_the_settings_page_has_each_setting(bulla, pages, tmp_path):
    subprocess.run([bulla, "init", tmp_path / "i", "--domain", "a.test", "--admin", "a@a.test"], check=True, capture_output=True)
    text = re.sub(".\b", "", subprocess.run(["mandoc", "-T", "utf8", pages / "bulla.toml.5"], capture_output=True, text=True, check=True).stdout)
    names = set(re.findall(r"^#?([a-z_]+) = ", (tmp_path / "i/bulla.toml").read_text(), re.M))
    assert len(names) > 40
    assert not [name for name in names if not re.search(rf"^ +{name}( |$)", text, re.M)]


def bash_offers(bulla, line):
    script = f"source <({bulla} completion bash); COMP_WORDS=({line} ''); [[ '{line}' == *' '?* && '{line}' == *' -' ]] && unset 'COMP_WORDS[-1]'; " \
             "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _bulla; printf '%s\\n' \"${COMPREPLY[@]}\""
    return set(subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.split())


def test_c3_9_bash_offers_commands_options_and_words(bulla):
    assert set(words_of(bulla)) <= bash_offers(bulla, "bulla")
    assert set(words_of(bulla, "queue")) <= bash_offers(bulla, "bulla queue")
    assert {"--json", "--config", "-c"} <= bash_offers(bulla, "bulla queue list")
    assert "list" not in bash_offers(bulla, "bulla queue list")
    assert bash_offers(bulla, "bulla queue list --state") == {"queued", "held"}
    assert bash_offers(bulla, "bulla completion") >= {"bash", "zsh", "fish"}


def test_c3_9_zsh_and_fish_take_their_scripts(bulla, tmp_path):
    for shell, check in (("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"])):
        script = tmp_path / shell
        script.write_bytes(subprocess.run([bulla, "completion", shell], capture_output=True, check=True).stdout)
        done = subprocess.run([*check, script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    offered = subprocess.run(["fish", "-c", f"source {tmp_path / 'fish'}; complete -C 'bulla queue '"], capture_output=True, text=True, check=True).stdout
    assert set(words_of(bulla, "queue")) <= {line.split("\t")[0] for line in offered.splitlines()}


def test_c3_9_help_of_a_command_by_name(bulla):
    def show(*words):
        return subprocess.run([bulla, *words], capture_output=True, text=True, check=False)
    # CLI11 writes two spaces between the names of a command.
    assert show("help", "queue", "list").stdout.split() == show("queue", "list", "--help").stdout.split()
    assert show("help").stdout == show("--help").stdout
    unknown = show("help", "queue", "fly")
    assert unknown.returncode == 2 and 'no command "bulla queue fly"' in unknown.stderr

"""The Debian package on a bare Debian: installed, set up as its hint says, one message, removed, purged. In this order."""
import pathlib
import re
import shutil
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]

# What the guide tells to do as root: build, install, init, check, start.
GUIDE = re.search(r"^```sh root\n(.*?)^```$", (TOP / "docs/guides/first-hour.md").read_text(), re.M | re.S).group(1).splitlines()

# The daemon as the unit starts it: never root, one capability, the passphrase as a credential that only it can read.
AS_UNIT = """
mkdir -p /run/credentials && install -o bulla -m 400 /etc/bulla/passphrase /run/credentials/bulla-passphrase
run_daemon() {
    CREDENTIALS_DIRECTORY=/run/credentials setpriv --reuid bulla --regid bulla --clear-groups --no-new-privs \\
        --inh-caps=-all,+net_bind_service --ambient-caps=-all,+net_bind_service --bounding-set=-all,+net_bind_service \\
        "$@" bulla serve -c /etc/bulla/bulla.toml > /var/log/bulla.log 2>&1 &
    daemon=$!
    n=0
    until grep -q daemon.ready /var/log/bulla.log; do
        n=$((n + 1)); [ $n -lt 600 ] && kill -0 $daemon || { cat /var/log/bulla.log; exit 1; }
        sleep 0.05
    done
}
"""

MESSAGE = AS_UNIT + r"""
run_daemon
printf 'a good password\n' > /root/password
bulla account add alice@example.org --password-stdin < /root/password
bulla signer create main
bulla group add all --member '*' --archival-signer main
bulla dkim add example.org s1 -t ed25519
auth=$(printf '\000alice@example.org\000a good password' | base64 -w0)
{
    sleep 0.3; printf 'EHLO client.test\r\n'
    sleep 0.3; printf 'AUTH PLAIN %s\r\nMAIL FROM:<alice@example.org>\r\nRCPT TO:<you@example.org>\r\nDATA\r\n' "$auth"
    sleep 0.7; printf 'From: alice@example.org\r\nTo: you@example.org\r\nSubject: sealed\r\n\r\nHello.\r\n.\r\nQUIT\r\n'
    sleep 0.7
} | timeout 20 openssl s_client -quiet -starttls smtp -connect 127.0.0.1:587 -ign_eof 2>&1 | tee /root/session
n=0
until ls /var/lib/bulla/mail/example.org/you/new/* > /dev/null 2>&1; do n=$((n + 1)); [ $n -lt 200 ] || { cat /var/log/bulla.log; exit 1; }; sleep 0.05; done
cat /var/lib/bulla/mail/example.org/you/new/*
bulla archive verify --all
stat -c '%U %a %n' /etc/bulla/passphrase /var/lib/bulla /var/lib/bulla/state/bulla.db /etc/bulla/bulla.toml
bulla check --offline || [ $? = 1 ]
kill $daemon; wait $daemon
"""


def test_c3_9_the_package_holds_what_debian_expects(package):
    fields = subprocess.run(["dpkg-deb", "--field", package], capture_output=True, text=True, check=True).stdout
    depends = re.search(r"^Depends: (.*)$", fields, re.M).group(1)
    for library in ("libc6", "libssl3", "libunbound8", "libsodium23", "libsqlite3-0", "libicu72", "systemd"):
        assert library in depends, depends
    listing = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True).stdout
    files = {line.split()[5] for line in listing.splitlines()}
    for name in ("usr/bin/bulla", "usr/bin/bulla-qmail", "usr/share/man/man8/bulla-qmail.8.gz", "lib/systemd/system/bulla.service", "usr/lib/sysusers.d/bulla.conf", "usr/lib/tmpfiles.d/bulla.conf",
                 "usr/share/man/man1/bulla.1.gz", "usr/share/man/man1/bulla-archive.1.gz", "usr/share/man/man5/bulla.toml.5.gz",
                 "usr/share/bash-completion/completions/bulla", "usr/share/zsh/vendor-completions/_bulla",
                 "usr/share/fish/vendor_completions.d/bulla.fish", "usr/share/doc/bulla/copyright", "usr/share/doc/bulla/guides/first-hour.md"):
        assert f"./{name}" in files, name
    # What `bulla init` writes is the administrator's, never the package's.
    assert not [name for name in files if name.startswith("./etc/")], listing
    assert {line.split()[1] for line in listing.splitlines()} == {"root/root"}


def test_c3_9_lintian_finds_no_error(package):
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error", "--suppress-tags", "bogus-mail-host-in-debian-changelog,"
                           "initial-upload-closes-no-bugs", package], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_c3_9_it_installs_and_tells_what_to_do_next(machine, package):
    shutil.copy(package, machine.root / "root/bulla.deb")
    install = "apt-get install -y --no-install-recommends -o APT::Keep-Downloaded-Packages=true -o DPkg::Options::=--force-unsafe-io /root/bulla.deb openssl"
    if machine.shell(install, check=False).returncode != 0:  # The first time, or after Debian has newer ones: fetch.
        machine.shell(f"apt-get update && {install}", offline=False)
    again = machine.shell("dpkg-reconfigure bulla 2>&1; dpkg -s bulla | grep ^Status; id bulla; stat -c '%U %a' /var/lib/bulla /etc/bulla")
    assert "Status: install ok installed" in again.stdout
    assert "bulla 700\nroot 755" in again.stdout, again.stdout
    assert "bulla.service" in machine.shell("ls /etc/systemd/system/multi-user.target.wants").stdout
    verify = machine.shell("systemd-analyze verify --man=no bulla.service 2>&1", check=False)
    assert "bulla.service" not in verify.stdout, verify.stdout


def test_c3_9_it_serves_as_its_own_user_and_seals_a_message(machine):
    assert GUIDE[:2] == ["packaging/build-deb", "apt-get install -y ./build/deb/bulla_*.deb"] and GUIDE[2].startswith("bulla init /etc/bulla ")
    assert GUIDE[2] + "\n" in "".join(line.strip() + "\n" for line in (TOP / "packaging/debian/postinst").read_text().splitlines())
    machine.shell("\n".join(["export SYSTEMD_OFFLINE=1", *GUIDE[2:]]))
    done = machine.shell(MESSAGE)
    assert "Subject: sealed" in done.stdout and "DKIM-Signature:" in done.stdout, done.stdout
    assert "root 600 /etc/bulla/passphrase" in done.stdout and "bulla 600 /var/lib/bulla/state/bulla.db" in done.stdout, done.stdout
    assert "bulla 700 /var/lib/bulla\n" in done.stdout, done.stdout
    assert "\n0 errors, " in done.stdout, done.stdout


def test_c3_9_installing_again_overwrites_nothing(machine):
    before = machine.shell("cd /etc/bulla && sha256sum bulla.toml passphrase; cd /var/lib/bulla && find . -type f ! -name 'bulla.db*' ! -name lock | sort | xargs sha256sum; bulla archive verify --all").stdout
    machine.shell("echo '# a remark' >> /etc/bulla/bulla.toml; dpkg -i /root/bulla.deb 2>&1; tail -n 1 /etc/bulla/bulla.toml; sed -i '$d' /etc/bulla/bulla.toml")
    after = machine.shell("cd /etc/bulla && sha256sum bulla.toml passphrase; cd /var/lib/bulla && find . -type f ! -name 'bulla.db*' ! -name lock | sort | xargs sha256sum; bulla archive verify --all").stdout
    assert before == after


def test_c3_9_purging_keeps_the_archive_and_says_so(machine):
    machine.shell("dpkg --remove bulla 2>&1; test ! -e /usr/bin/bulla; test -e /var/lib/bulla/state/bulla.db; test -e /etc/bulla/bulla.toml")
    done = machine.shell("dpkg --purge bulla 2>&1")
    assert "are kept" in done.stdout and "rm -r /var/lib/bulla /etc/bulla" in done.stdout
    machine.shell("test -e /var/lib/bulla/state/bulla.db; test -e /etc/bulla/bulla.toml; test -e /etc/bulla/passphrase; ! dpkg -s bulla 2> /dev/null")
    # Without an archive nothing is left.
    machine.shell("rm -r /var/lib/bulla/* /etc/bulla/*; dpkg -i /root/bulla.deb; dpkg --purge bulla; test ! -e /var/lib/bulla; test ! -e /etc/bulla")

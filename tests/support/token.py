"""A token of softhsm2 in a folder, filled by pkcs11-tool, as an administrator does it."""
import os
import pathlib
import subprocess

LIBRARY = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "271828"


class Token:
    def __init__(self, folder, label="mail"):
        self.folder, self.label = pathlib.Path(folder), label
        self.tokens, self.pin_file = self.folder / "tokens", self.folder / "pin"
        self.tokens.mkdir(parents=True)
        (self.folder / "softhsm2.conf").write_text(f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.environment = {"SOFTHSM2_CONF": str(self.folder / "softhsm2.conf")}
        self.run("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "314159")
        self.pin_file.touch(0o600)
        self.pin_file.write_text(PIN + "\n")

    def run(self, *command):
        return subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **self.environment}).stdout

    def make_key(self, name, kind="rsa:2048", number="01"):
        """A key pair, and the URI of its private half."""
        self.run("pkcs11-tool", "--module", LIBRARY, "--token-label", self.label, "--login", "--pin", PIN,
                 "--keypairgen", "--key-type", kind, "--label", name, "--id", number)
        return f"pkcs11:token={self.label};object={name};type=private?pin-source=file:{self.pin_file}&module-path={LIBRARY}"

    def objects(self):
        return self.run("pkcs11-tool", "--module", LIBRARY, "--token-label", self.label, "--login", "--pin", PIN, "--list-objects")

    def hide(self):
        """Pull it out: whoever initialises the library from now on finds nothing."""
        self.tokens.rename(self.folder / "away")
        self.tokens.mkdir()

    def show(self):
        self.tokens.rmdir()
        (self.folder / "away").rename(self.tokens)

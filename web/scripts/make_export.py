#!/usr/bin/env python3
"""Make the exported message that the tests of /verify read: five signers of five kinds sign one message, sent through a real instance.

    BULLA=build/release/bulla web/scripts/make_export.py      writes web/src/verify/export/
"""
import contextlib
import pathlib
import sys
import tarfile
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests"))

from support.instance import Instance  # noqa: E402
from support.sink import Sink  # noqa: E402
from support.smtp import make_message  # noqa: E402

KINDS = {"office": "p256", "notary": "p384", "records": "ed25519", "audit": "rsa", "registry": "dsa"}
FOLDER = TOP / "web" / "src" / "verify" / "export"


def export(folder, sink):
    instance = Instance(folder / "instance", sink.port)
    for name, kind in KINDS.items():
        instance.cli("signer", "create", name, "-t", kind, *(["-b", "2048"] if kind in ("rsa", "dsa") else []))
        instance.cli("group", "add", name, "--member", "*", "--archival-signer", name)
    instance.trust_loopback()
    instance.start()
    try:
        # More leaves on both sides of the message make a path that turns both ways.
        for subject in ("One", "Two", "Delivery of the second lot", "Four", "Five"):
            body = "The second lot leaves on Thursday.\n.\nA line that began with a dot.\n\tGr\u00fc\u00dfe, Z\u00f6e" if "lot" in subject else "Hello."
            extra = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n" if "lot" in subject else ""
            assert instance.send(message=make_message(subject=subject, body=body, extra=extra)).code == 250
        sink.wait(5)
    finally:
        instance.stop()
    chosen = sorted(instance.archive(), key=lambda row: row["id"])[2]
    instance.cli("archive", "export", chosen["id"], "--detached", "-o", folder / "export")
    with tarfile.open(FOLDER / "message.tar", "w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted((folder / "export").iterdir()):
            tar.add(path, arcname=path.name)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(Sink()) as sink:
        export(pathlib.Path(folder), sink)
    (FOLDER / "PROVENANCE").write_text(
        "PROVENANCE: exported by bulla itself (`bulla archive export --detached`) from a message that was sent through it; made anew by web/scripts/make_export.py.\n"
    )


if __name__ == "__main__":
    main()

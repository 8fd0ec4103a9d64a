"""Sealing on one core: record, leaf, catalogue row, checkpoint, both syncs; beside a plain log of compressed and encrypted bytes."""
import json
import subprocess

from messages import write_message
from support.instance import Instance

NAMES = ("seal",)
PROGRAMS = ("seal",)


def run(_name, context):
    instance = Instance(context.tmp / "instance", domain="example.com")
    message = write_message(context.tmp, 10240)
    rounds = [json.loads(subprocess.run([context.program("seal"), instance.config_file, message, context.tmp], check=True,
                                        capture_output=True, text=True).stdout) for _ in range(context.rounds)]
    median = context.median
    yield {"bench": "seal", "case": "unsigned", "value": median(r["unsigned"] for r in rounds), "unit": "msg/s",
           "limit": median(r["plain"] for r in rounds), "ratio": median(r["unsigned"] / r["plain"] for r in rounds), "peers": {}}
    # What a signature adds, in bare signatures of the same round.
    added = [(1 / r["signed"] - 1 / r["unsigned"]) * r["signature"] for r in rounds]
    yield {"bench": "seal", "case": "signed", "value": median(added), "unit": "signatures", "limit": 1.0,
           "ratio": median(1 / a for a in added), "peers": {}, "rate": median(r["signed"] for r in rounds)}

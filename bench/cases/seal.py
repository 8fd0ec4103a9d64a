"""Sealing on one core: record, leaf, rows of catalogue and queue, checkpoint, both syncs; beside a plain log of compressed and encrypted bytes."""
import json
import subprocess

from messages import write_message

NAMES = ("seal",)
PROGRAMS = ("seal",)


def run(_name, context):
    message = write_message(context.tmp, 10240)
    rounds = []
    for number in range(context.rounds):
        folder = context.tmp / str(number)
        folder.mkdir()
        rounds.append(json.loads(subprocess.run([context.program("seal"), message, folder], check=True, capture_output=True, text=True).stdout))
    median = context.median
    yield {"bench": "seal", "case": "unsigned", "value": median(r["unsigned"] for r in rounds), "unit": "msg/s",
           "limit": median(r["plain"] for r in rounds), "ratio": median(r["unsigned"] / r["plain"] for r in rounds), "peers": {}}
    # What a signature adds, in bare signatures of the same round, by processor time: it is all computing.
    added = [(1 / r["signed_cpu"] - 1 / r["unsigned_cpu"]) * r["signature_cpu"] for r in rounds]
    yield {"bench": "seal", "case": "signed", "value": median(added), "unit": "signatures", "limit": 1.0,
           "ratio": median(1 / a for a in added), "peers": {}, "rate": median(r["signed"] for r in rounds)}

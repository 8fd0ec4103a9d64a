"""ARC by library call on one core: verifying a chain of three sets (the newest message signature, three seals, and the older message signatures
for the oldest pass), and sealing the fourth."""
from cases.dkim import prepare, rate

NAMES = ("arc",)
PROGRAMS = ("arc",)
CASES = {"arc": ("verify_rsa2048_4k", "verify_rsa2048_50k", "seal_rsa2048_4k")}


def run(name, context):
    prepare(context.tmp)
    for case in CASES[name]:
        kind, key, size = case.split("_")
        values = [rate(context.program("arc"), f"arc{kind}.{key}.{size}", context.tmp) for _ in range(context.rounds)]
        yield {"bench": name, "case": case, "value": context.median(values), "unit": "msg/s"}

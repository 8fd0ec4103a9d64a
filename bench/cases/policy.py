"""What dkimdomains with 10,000 domains costs: a look-up, and the memory of a domain."""
import subprocess

NAMES = ("policy",)
PROGRAMS = ("policy",)
CASES = {"policy": ("look_up", "memory", "plan")}


def run(name, context):
    rounds = []
    for _ in range(context.rounds):
        lines = subprocess.run([context.program("policy")], check=True, capture_output=True, text=True).stdout.splitlines()
        rounds.append({key: float(value) for key, value in (line.split() for line in lines)})
    yield {"bench": name, "case": "look_up", "value": context.median(r["ns"] for r in rounds) / 1000, "unit": "µs"}
    yield {"bench": name, "case": "memory", "value": context.median(r["bytes"] for r in rounds), "unit": "B/domain"}
    yield {"bench": name, "case": "plan", "value": context.median(r["plan"] for r in rounds) / 1000, "unit": "µs"}

"""What a check of SPF costs with the answers of the DNS at hand: the last step alone, and all rounds of questions."""
import subprocess

NAMES = ("spf",)
PROGRAMS = ("spf",)
CASES = {"spf": ("check", "rounds")}


def run(name, context):
    rounds = []
    for _ in range(context.rounds):
        lines = subprocess.run([context.program("spf")], check=True, capture_output=True, text=True).stdout.splitlines()
        rounds.append({key: float(value) for key, value in (line.split() for line in lines)})
    for case in CASES["spf"]:
        yield {"bench": name, "case": case, "value": context.median(r[case] for r in rounds) / 1000, "unit": "µs"}

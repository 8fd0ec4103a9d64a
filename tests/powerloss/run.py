#!/usr/bin/env python3
"""Seals messages, cuts the power at random moments of that and verifies what is left.

One run of the driver is journalled by the preload library; every cut is a random moment of the journal and one of the states in which the
disk may be then (cut.py). The driver must start on it, find every acknowledged message, every destroyed key destroyed and the log whole.
With --ignore KIND the library swallows that kind of sync; then some cut must fail, or the test would not notice if the program lost it.
"""

import argparse
import concurrent.futures
import os
import random
import shutil
import subprocess
import sys
import tempfile

import cut


def journal_a_run(args, base, messages):
    root, acks, journal = (os.path.join(base, name) for name in ("disk", "acks", "journal"))
    os.mkdir(root, 0o700)
    environment = dict(
        os.environ,
        LD_PRELOAD=args.preload,
        POWERLOSS_DIR=root,
        POWERLOSS_JOURNAL=journal,
        POWERLOSS_ACKS=acks,
        POWERLOSS_IGNORE=args.ignore or "",
    )
    subprocess.run([args.driver, "work", root, acks, str(messages)], env=environment, check=True, timeout=100)
    return cut.Journal(journal, root)


def try_cut(args, base, journal, seed):
    """None if all is well, else what is wrong."""
    rng = random.Random(seed)
    moments = journal.moments_after(b"ready")
    # Some at the end, where the last keys are destroyed and the checkpoint is saved.
    moment = rng.choice(moments[-40:] if rng.random() < 0.25 else moments)
    place = tempfile.mkdtemp(prefix="cut-", dir=base)
    root = os.path.join(place, "disk")
    cut.Disk(journal, moment).write_out(root, rng)
    shutil.copy(journal.root + ".key", root + ".key")
    with open(os.path.join(place, "acks"), "wb") as file:
        file.write(journal.acknowledged(moment))
    outcome = subprocess.run([args.driver, "verify", root, file.name], capture_output=True, text=True, timeout=60)
    if outcome.returncode == 0:
        shutil.rmtree(place)
        return None
    if not args.keep:
        shutil.rmtree(place)
    return f"seed {seed}, moment {moment} of {len(journal.events)}: {outcome.stderr.strip() or outcome.returncode}" + (f" (kept: {place})" if args.keep else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--preload", required=True)
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--messages", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--ignore", choices=["pack", "keys", "shredding", "volume", "folder", "wal", "db", "new"])
    parser.add_argument("--keep", action="store_true", help="keep the states that fail")
    args = parser.parse_args()
    base = tempfile.mkdtemp(prefix="bulla-powerloss-")
    try:
        journal = journal_a_run(args, base, args.messages)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda number: try_cut(args, base, journal, args.seed + number), range(args.cuts)))
    finally:
        if not args.keep:
            shutil.rmtree(base)
    failures = [text for text in found if text]
    print(f"{args.cuts} cuts in a journal of {len(journal.events)} events: {len(failures)} failed")
    print("\n".join(failures[:10]))
    if args.ignore:
        return 0 if failures else f"nothing failed although no {args.ignore} is ever synced"
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

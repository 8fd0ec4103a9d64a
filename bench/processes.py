"""What processes cost: CPU seconds and memory, from /proc."""
import os
import re
import threading

TICK = os.sysconf("SC_CLK_TCK")


def children(pid):
    """The process and all its descendants."""
    found, queue = [], [pid]
    while queue:
        one = queue.pop()
        found.append(one)
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{task}/children", encoding="ascii") as f:
                    queue += map(int, f.read().split())
        except OSError:
            pass
    return found


def cpu_seconds(pids):
    """User and system time of the processes, with what their ended children spent."""
    total = 0
    for pid in pids:
        for one in children(pid):
            try:
                with open(f"/proc/{one}/stat", encoding="utf-8", errors="replace") as f:
                    fields = f.read().rsplit(")", 1)[1].split()
                total += sum(map(int, fields[11:15]))
            except OSError:
                pass
    return total / TICK


def memory_mb(pids):
    """Proportional set size: shared pages are counted once in all."""
    total = 0
    for pid in pids:
        for one in children(pid):
            try:
                with open(f"/proc/{one}/smaps_rollup", encoding="ascii") as f:
                    total += int(re.search(r"^Pss:\s+(\d+)", f.read(), re.MULTILINE)[1])
            except (OSError, TypeError):
                pass
    return total / 1024


class MemoryPeak:
    """The highest memory_mb() while the block runs, sampled five times a second."""

    def __init__(self, pids):
        self.pids, self.peak, self._end = pids, 0.0, threading.Event()

    def __enter__(self):
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self):
        while True:
            self.peak = max(self.peak, memory_mb(self.pids))
            if self._end.wait(0.2):
                return

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

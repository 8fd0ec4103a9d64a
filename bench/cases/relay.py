"""bulla and Postfix with OpenDKIM as relays on loopback: smtpload → relay → smtpload, each signing with RSA-2048."""
import json
import pathlib
import subprocess

from messages import write_message
from processes import MemoryPeak, cpu_seconds
from support.instance import Instance, free_ports, until
from support.postfix import Postfix

NAMES = ("relay", "relay_1", "relay_mixed")
PROGRAMS = ("smtpload", "rsalimit")
SMALL, BIG = 10240, 25 << 20


class Bulla:
    name = "bulla"

    def __init__(self, folder, sink, key):
        self.instance = Instance(folder, sink, domain="example.com")
        self.instance.trust_loopback()
        self.instance.cli("dkim", "import", "example.com", "sel", key)
        self.instance.archive_all()
        self.instance.start()
        self.port, self.pids = self.instance.ports["relay"], [self.instance.pid]

    def stop(self):
        self.instance.stop()


class PostfixOpenDkim:
    name = "postfix+opendkim"

    def __init__(self, folder, sink, key):
        folder.mkdir()
        folder.chmod(0o755)
        milter = free_ports(1)[0]
        config = folder / "opendkim.conf"
        config.write_text(f"Mode s\nCanonicalization relaxed/relaxed\nDomain example.com\nSelector sel\nKeyFile {key}\n"
                          f"Socket inet:{milter}@127.0.0.1\nInternalHosts 127.0.0.1\nUserID root\nSyslog no\nRequireSafeKeys no\n"
                          "OversignHeaders From\nBackground no\n")
        self.signer = subprocess.Popen(["/usr/sbin/opendkim", "-f", "-x", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.postfix = Postfix(folder / "postfix", relay_to=sink, milter=f"inet:127.0.0.1:{milter}").start()
        master = int((folder / "postfix/queue/pid/master.pid").read_text())
        self.port, self.pids = self.postfix.port, [master, self.signer.pid]
        until(lambda: f":{milter:04X} " in pathlib.Path("/proc/net/tcp").read_text(), "opendkim")

    def stop(self):
        self.postfix.stop()
        self.signer.terminate()
        self.signer.wait()


class Bench:
    def __init__(self, context):
        self.context = context
        self.sink = free_ports(1)[0]
        self.message = write_message(context.tmp, SMALL)
        self.key = context.tmp / "rsa.pem"
        subprocess.run(["openssl", "genrsa", "-traditional", "-out", self.key, "2048"], check=True, capture_output=True)

    def rsa_rate(self):
        """RSA-2048 signatures (with the SHA-256 of the message) a CPU second, now."""
        return float(subprocess.run([self.context.program("rsalimit"), self.message, self.key, "0.4"], check=True, capture_output=True,
                                    text=True).stdout)

    def load(self, relay, messages, *more):
        before = cpu_seconds(relay.pids)
        done = subprocess.run([self.context.program("smtpload"), "--target", str(relay.port), "--sink", str(self.sink), "--file",
                               self.message, "--messages", str(messages), *map(str, more)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{relay.name}: {done.stdout}{done.stderr}")
        result = json.loads(done.stdout)
        result["cpu_message"] = (cpu_seconds(relay.pids) - before) / messages
        if result["signed"] != messages:
            raise RuntimeError(f"{relay.name} signed {result['signed']} of {messages} messages")
        return result

    def rounds(self, relays, *more):
        """Paired rounds: the limit, then each relay in turn."""
        rows = []
        for relay, count in relays:
            self.load(relay, max(count // 10, 50), *more)  # warm
        for _ in range(self.context.rounds):
            rsa = self.rsa_rate()
            rows.append((rsa, [self.load(relay, count, *more) for relay, count in relays]))
        return rows


def run_relay(bench):
    median = bench.context.median
    bulla = Bulla(bench.context.tmp / "bulla", bench.sink, bench.key)
    peer = PostfixOpenDkim(bench.context.tmp / "peer", bench.sink, bench.key)
    try:
        with MemoryPeak(bulla.pids) as memory:
            rows = bench.rounds([(bulla, 4000), (peer, 600)])
    finally:
        bulla.stop()
        peer.stop()
    rsa = median(r for r, _ in rows)
    yield {"bench": "relay", "case": "cpu_30", "value": median(ours["cpu_message"] * rsa for rsa, (ours, _) in rows), "unit": "RSA units",
           "limit": 1.0, "ratio": median(1 / (ours["cpu_message"] * rsa) for rsa, (ours, _) in rows),
           "peers": {"postfix+opendkim": median(theirs["cpu_message"] * rsa for rsa, (_, theirs) in rows)},
           "cpu_ms": median(ours["cpu_message"] * 1e3 for _, (ours, _) in rows)}
    yield {"bench": "relay", "case": "rate_30", "value": median(ours["rate"] for _, (ours, _) in rows), "unit": "msg/s", "limit": rsa,
           "ratio": median(ours["rate"] / rsa for rsa, (ours, _) in rows),
           "peers": {"postfix+opendkim": median(theirs["rate"] for _, (_, theirs) in rows)},
           "p50_ms": median(ours["p50_ms"] for _, (ours, _) in rows), "p99_ms": median(ours["p99_ms"] for _, (ours, _) in rows),
           "ack_p50_ms": median(ours["ack_p50_ms"] for _, (ours, _) in rows)}
    yield {"bench": "relay", "case": "memory_30", "value": memory.peak, "unit": "MB", "limit": None, "ratio": None, "peers": {}}


def run_relay_1(bench):
    median = bench.context.median
    bulla = Bulla(bench.context.tmp / "bulla", bench.sink, bench.key)
    peer = PostfixOpenDkim(bench.context.tmp / "peer", bench.sink, bench.key)
    try:
        rows = bench.rounds([(bulla, 300), (peer, 60)], "--sessions", 1)
    finally:
        bulla.stop()
        peer.stop()
    yield {"bench": "relay_1", "case": "p50", "value": median(ours["p50_ms"] for _, (ours, _) in rows), "unit": "ms",
           "limit": median(1e3 / rsa for rsa, _ in rows), "ratio": median(1e3 / rsa / ours["p50_ms"] for rsa, (ours, _) in rows),
           "peers": {"postfix+opendkim": median(theirs["p50_ms"] for _, (_, theirs) in rows)},
           "p99_ms": median(ours["p99_ms"] for _, (ours, _) in rows), "ack_p50_ms": median(ours["ack_p50_ms"] for _, (ours, _) in rows)}


def run_relay_mixed(bench):
    median = bench.context.median
    big = write_message(bench.context.tmp, BIG)
    bulla = Bulla(bench.context.tmp / "bulla", bench.sink, bench.key)
    try:
        rows = bench.rounds([(bulla, 1500)], "--sessions", 8, "--big-file", big, "--big-sessions", 4)
        with MemoryPeak(bulla.pids) as memory:
            for _ in range(max(1, bench.context.rounds // 3)):
                bench.load(bulla, 1500, "--sessions", 1, "--big-file", big, "--big-sessions", 8)
    finally:
        bulla.stop()
    yield {"bench": "relay_mixed", "case": "p99", "value": median(ours["p99_ms"] for _, (ours,) in rows), "unit": "ms", "limit": None,
           "ratio": None, "peers": {}, "p50_ms": median(ours["p50_ms"] for _, (ours,) in rows),
           "ack_p99_ms": median(ours["ack_p99_ms"] for _, (ours,) in rows),
           "big_per_second": median(ours["big_acknowledged"] / ours["seconds"] for _, (ours,) in rows)}
    yield {"bench": "relay_mixed", "case": "peak", "value": memory.peak, "unit": "MB", "limit": None, "ratio": None, "peers": {}}


def run(name, context):
    yield from {"relay": run_relay, "relay_1": run_relay_1, "relay_mixed": run_relay_mixed}[name](Bench(context))

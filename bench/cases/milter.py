"""What a filter costs a Postfix: CPU a message and latency over Postfix alone, for bulla (with and without sealing) and for OpenDKIM, all in the
same rounds, each over a unix socket and signing 10 KB with RSA-2048."""
import json
import pathlib
import subprocess
import tomllib

from messages import write_message
from processes import cpu_seconds
from support.instance import Instance, free_ports, until
from support.postfix import Postfix

NAMES = ("milter",)
PROGRAMS = ("smtpload", "rsalimit")
SMALL = 10240
MESSAGES, SINGLE = 400, 100


class Chain:
    """A Postfix, and the filter's processes beside it."""

    def __init__(self, name, folder, sink, milter=None, pids=()):
        self.name = name
        self.postfix = Postfix(folder / f"{name}-postfix", relay_to=sink, milter=milter).start()
        self.port = self.postfix.port
        self.pids = [int((self.postfix.folder / "queue/pid/master.pid").read_text()), *pids]

    def stop(self):
        self.postfix.stop()


class Bulla(Chain):
    def __init__(self, name, folder, sink, key, sealed):
        self.instance = Instance(folder / name, sink, domain="example.com")
        path = folder / f"{name}.socket"
        listeners = tomllib.loads(self.instance.config_file.read_text())["listener"]
        self.instance.configure({"listener": [*listeners, {"address": f"unix:{path}", "role": "milter", "socket_group": "postfix"}]})
        self.instance.trust_loopback()
        self.instance.cli("dkim", "import", "example.com", "sel", key)
        if sealed:
            self.instance.archive_all()
        self.instance.start()
        super().__init__(name, folder, sink, f"unix:{path}", [self.instance.pid])

    def stop(self):
        super().stop()
        self.instance.stop()


class OpenDkim(Chain):
    def __init__(self, name, folder, sink, key):
        path = folder / f"{name}.socket"
        config = folder / "opendkim.conf"
        config.write_text(f"Mode s\nCanonicalization relaxed/relaxed\nDomain example.com\nSelector sel\nKeyFile {key}\nSocket local:{path}\nUMask 000\n"
                          "InternalHosts 127.0.0.1\nUserID root\nSyslog no\nRequireSafeKeys no\nOversignHeaders From\nBackground no\n")
        self.signer = subprocess.Popen(["/usr/sbin/opendkim", "-f", "-x", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(path.exists, "opendkim")
        super().__init__(name, folder, sink, f"unix:{path}", [self.signer.pid])

    def stop(self):
        super().stop()
        self.signer.terminate()
        self.signer.wait()


class Bench:
    def __init__(self, context):
        self.context, self.sink = context, free_ports(1)[0]
        self.message = write_message(context.tmp, SMALL)
        self.key = context.tmp / "rsa.pem"
        subprocess.run(["openssl", "genrsa", "-traditional", "-out", self.key, "2048"], check=True, capture_output=True)

    def rsa_rate(self):
        return float(subprocess.run([self.context.program("rsalimit"), self.message, self.key, "0.4"], check=True, capture_output=True,
                                    text=True).stdout)

    def load(self, chain, messages, *more):
        before = cpu_seconds(chain.pids)
        done = subprocess.run([self.context.program("smtpload"), "--target", str(chain.port), "--sink", str(self.sink), "--file",
                               self.message, "--messages", str(messages), *map(str, more)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{chain.name}: {done.stdout}{done.stderr}")
        result = json.loads(done.stdout)
        result["cpu_message"] = (cpu_seconds(chain.pids) - before) / messages
        wanted = 0 if chain.name == "alone" else messages
        if result["signed"] != wanted:
            raise RuntimeError(f"{chain.name} signed {result['signed']} of {messages} messages")
        return result


def run(_name, context):
    bench, median = Bench(context), context.median
    folder = pathlib.Path(context.tmp)
    chains = []
    rows = []
    try:
        chains.append(Chain("alone", folder, bench.sink))
        chains.append(Bulla("unsealed", folder, bench.sink, bench.key, False))
        chains.append(Bulla("sealed", folder, bench.sink, bench.key, True))
        chains.append(OpenDkim("opendkim", folder, bench.sink, bench.key))
        for chain in chains:
            bench.load(chain, 50)  # warm
        for _ in range(context.rounds):
            rsa = bench.rsa_rate()
            rows.append((rsa, {c.name: (bench.load(c, MESSAGES), bench.load(c, SINGLE, "--sessions", 1)) for c in chains}))
    finally:
        for chain in reversed(chains):
            chain.stop()

    def units(row, name):
        return row[1][name][0]["cpu_message"] * row[0]

    def over(name):
        return median(units(r, name) - units(r, "alone") for r in rows)

    for name in ("unsealed", "sealed"):
        yield {"bench": "milter", "case": name, "value": over(name), "unit": "RSA units over Postfix", "limit": 1.0, "ratio": None,
               "peers": {"opendkim": over("opendkim")}}
    yield {"bench": "milter", "case": "total", "value": median(units(r, "sealed") for r in rows), "unit": "RSA units", "limit": None, "ratio": None,
           "peers": {"postfix+opendkim": median(units(r, "opendkim") for r in rows)}, "alone": median(units(r, "alone") for r in rows)}
    latency = {c.name: median(r[1][c.name][1]["ack_p50_ms"] for r in rows) for c in chains}
    yield {"bench": "milter", "case": "latency", "value": latency["sealed"] - latency["alone"], "unit": "ms over Postfix", "limit": None, "ratio": None,
           "peers": {"opendkim": latency["opendkim"] - latency["alone"]}, "alone_ms": latency["alone"]}

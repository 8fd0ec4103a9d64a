"""The API over a catalogue of 1,000,000 messages: list requests a second of one core, how long one takes, and memory with 200 viewers."""
import http.client
import json
import subprocess

from processes import cpu_seconds, memory_mb
from support.http import Console
from support.instance import Instance

NAMES = ("api",)
PROGRAMS = ("catalogue", "httpload")
MESSAGES = 1_000_000
PASSWORD = "correct horse battery staple"
PAGE = "/api/v1/messages?limit=25"


def row(case, value, unit, **more):
    return {"bench": "api", "case": case, "value": value, "unit": unit, "limit": None, "ratio": None, "peers": {}, **more}


def make_instance(context):
    instance = Instance(context.tmp / "api", 1, {"console": {"connections_per_client": 1000}})
    instance.cli("account", "add", "root@example.test", "--role", "admin", "--password-stdin", data=PASSWORD.encode() + b"\n")
    instance.trust_loopback()
    subprocess.run([context.program("catalogue"), instance.config_file, str(MESSAGES)], check=True)
    return instance.start()


def load(context, instance, cookie, path, connections, requests):
    """What httpload says, with the server's CPU seconds a request."""
    before = cpu_seconds([instance.pid])
    done = subprocess.run([context.program("httpload"), str(instance.ports["console"]), str(connections), str(requests), path, cookie],
                          capture_output=True, text=True, check=True)
    return {**json.loads(done.stdout), "cpu": (cpu_seconds([instance.pid]) - before) / requests}


def viewers(instance, cookie, count):
    held = []
    for _ in range(count):
        connection = http.client.HTTPConnection("127.0.0.1", instance.ports["console"], timeout=60)
        connection.request("GET", "/api/v1/events", headers={"Cookie": cookie})
        assert connection.getresponse().status == 200
        held.append(connection)
    return held


def run(_name, context):
    instance = make_instance(context)
    try:
        with Console(instance) as console:
            assert console.log_in("root@example.test", PASSWORD).status == 201
            cookie = console.cookie
            deep = console.get("/messages?limit=1000").json()
            for _ in range(min(20, MESSAGES // 2000)):
                deep = console.get(f"/messages?limit=1000&cursor={deep['next']}").json()
            load(context, instance, cookie, PAGE, 8, 2000)
            rates = [load(context, instance, cookie, PAGE, 8, 10000) for _ in range(context.rounds)]
            yield row("list_rate", context.median([1 / r["cpu"] for r in rates]), "requests/s of a core",
                      wall=context.median([r["rate"] for r in rates]))
            searches = {"newest": "/api/v1/messages?limit=100", "deep": f"/api/v1/messages?limit=100&cursor={deep['next']}",
                        "recipient": "/api/v1/messages?limit=100&recipient=customer7@example.org",
                        "domain": "/api/v1/messages?limit=100&recipient=@example.org", "direction": "/api/v1/messages?limit=100&direction=in",
                        "both": "/api/v1/messages?limit=100&sender=person7@example.test&recipient=customer7@example.org"}
            slowest = 0
            for case, path in searches.items():
                measured = load(context, instance, cookie, path, 1, 300)
                slowest = max(slowest, measured["p95"])
                yield row(f"list_{case}_p95", measured["p95"], "ms")
            yield row("list_p95", slowest, "ms")
            held = viewers(instance, cookie, 200)
            instance.send()
            yield row("memory_200", memory_mb([instance.pid]), "MB")
            for connection in held:
                connection.close()
    finally:
        instance.stop()

"""Clauses 1, 2 and 12 of the console: the API of the running program, and what strangers try on it."""
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest

from support.http import Console
from support.instance import TOP, free_ports, until

PASSWORD = "correct horse battery staple"


def add(instance, name, role):
    address = f"{name}@{instance.domain}"
    more = ["--domain", instance.domain] if role == "domain_admin" else []
    instance.cli("account", "add", address, "--role", role, *more, "--password-stdin", data=PASSWORD.encode() + b"\n")
    return address


@pytest.fixture
def served(make_instance, sink):
    made = make_instance(sink)
    made.trust_loopback()
    add(made, "root", "admin")
    return made.start()


@pytest.fixture
def console(served):
    with Console(served) as client:
        assert client.log_in(f"root@{served.domain}", PASSWORD).status == 201
        yield client


def raw(port, octets, seconds=10, end=True):
    """What the server says to these octets until it closes."""
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        connection.sendall(octets)
        if end:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


# What it serves


def test_c3_1_health_metrics_page_and_description(served):
    with Console(served) as client:
        health = client.get("//health")
        assert health.status == 200 and health.json()["ready"]
        assert {"database", "disk", "sealer", "queue"} <= set(health.json()["checks"])
        metrics = client.get("//metrics").body.decode()
        helped, typed, named = (re.findall(pattern, metrics, re.M) for pattern in (r"^# HELP (\S+) ", r"^# TYPE (\S+) (?:counter|gauge)$", r"^(\w+)(?:\{.*\})? \S+$"))
        assert helped == typed == named and len(named) > 40
        page = client.get("//")
        assert page.status == 200 and page.headers["Content-Type"].startswith("text/html")
        assert client.get("//messages/x").body == page.body
        assert client.get("/openapi.yaml").body == (TOP / "src/api/openapi.yaml").read_bytes()


def test_c3_1_health_says_when_the_program_cannot_work(make_instance):
    made = make_instance()
    made.start()
    with Console(made) as client:
        assert client.get("//health").status == 200
    assert "bulla_sealing 1" in raw(made.ports["console"], b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n").decode()


def test_c3_1_a_message_from_the_door_to_the_api(served, console):
    served.archive_all()
    assert served.send().code == 250
    page = until(lambda: (found := console.get("/messages?limit=10").json())["items"] and found, "the message")
    message = page["items"][0]
    life = console.get(f"/messages/{message['id']}").json()
    assert [stage["stage"] if "stage" in stage else stage for stage in life["stages"]]
    raw_message = console.get(f"/messages/{message['id']}/raw")
    assert raw_message.status == 200 and raw_message.headers["Content-Type"].startswith("text/plain")
    assert console.get(f"/messages/{message['id']}/raw?download=true").headers["Content-Type"] == "message/rfc822"
    verified = console.ask("POST", f"/messages/{message['id']}/verify")
    assert verified.status == 200 and verified.json()["seal"] == "whole", verified.body
    export = console.get(f"/messages/{message['id']}/export")
    assert export.status == 200 and export.headers["Content-Disposition"].startswith("attachment")
    assert console.get("/log").json()["size"] >= 1
    assert console.get("/messages/0000000000000").status == 404


def test_c3_1_GW_08_changes_through_the_api_are_in_force_and_in_the_audit(served, console):
    assert console.ask("POST", "/domains", {"name": "new.test"}).status == 201
    assert console.ask("POST", "/domains", {"name": "new.test"}).code == "domain.exists"
    assert "new.test" in {d["name"] for d in console.get("/domains").json()["items"]}
    key = console.ask("POST", "/domains/new.test/keys", {"selector": "s1", "type": "ed25519"})
    assert key.status == 201 and "s1._domainkey" in key.json()["record"]["name"]
    assert console.ask("PUT", "/settings/send_as?scope=domain:new.test", {"value": "domain"}).status == 200
    assert console.ask("PATCH", "/domains/new.test", {"disabled": True}).status == 204
    actors = {(e["actor"], e["action"]) for e in console.get("/audit").json()["items"]}
    assert (f"root@{served.domain}", "domain.add") in actors
    assert console.ask("DELETE", "/domains/new.test?force=true").status == 204


def test_c3_1_a_refusal_names_its_argument(served, console):
    for path, body, field in [("/domains", {"name": "a b"}, "name"), ("/accounts", {"address": "nobody"}, "address"),
                              ("/groups", {"name": "g", "members": ["a@b@c"]}, "members"), ("/signers", {"id": "s", "type": "none"}, "type"),
                              (f"/domains/{served.domain}/keys", {"selector": "s2", "private_key": "no key"}, "private_key"),
                              ("/tokens", {"name": ""}, "name")]:
        answer = console.ask("POST", path, body)
        assert answer.status == 422 and answer.json()["field"] == field, (path, answer.body)
    assert "field" not in console.get("/messages/0000000000000").json()


def test_c3_1_GW_08_tokens_with_scopes(served, console):
    made = console.ask("POST", "/tokens", {"name": "robot", "scopes": ["queue."], "days": 1}).json()
    with Console(served, token=made["token"]) as robot:
        assert robot.get("/queue").status == 200
        assert robot.get("/domains").status == 403
        assert console.ask("DELETE", f"/tokens/{made['id']}").status == 204
        assert robot.get("/queue").status == 401


def test_c3_1_events_arrive_while_somebody_looks_on(served, console):
    served.archive_all()
    connection = http.client.HTTPConnection("127.0.0.1", served.ports["console"], timeout=30)
    connection.request("GET", "/api/v1/events", headers={"Cookie": console.cookie})
    stream = connection.getresponse()
    assert stream.status == 200 and stream.headers["Content-Type"] == "text/event-stream"
    assert served.send().code == 250
    seen = []
    sent = 1
    while not {"message", "log", "status"} <= {kind for kind, _ in seen}:
        line = stream.fp.readline() if stream.isclosed() else stream.readline()
        assert line, seen
        if line.startswith(b"event: "):
            seen.append((line[7:].strip().decode(), json.loads(stream.readline()[6:])))
            if seen[-1][0] == "status" and sent < 5:
                served.send()  # what came before somebody looked is no news
                sent += 1
    connection.close()


# Who may


@pytest.mark.parametrize("role,domains,messages,reload,accounts", [("user", 403, 403, 403, 200), ("domain_admin", 200, 403, 403, 200),
                                                                    ("auditor", 200, 200, 403, 200), ("admin", 200, 200, 200, 200)])
def test_GW_05_roles(served, role, domains, messages, reload, accounts):
    address = add(served, f"who-{role.replace('_', '-')}", role)
    with Console(served) as client:
        assert client.log_in(address, PASSWORD).json()["role"] == role
        assert [client.get("/domains").status, client.get("/messages").status, client.ask("POST", "/reload").status,
                client.get("/accounts").status] == [domains, messages, reload, accounts]


def test_c3_2_log_in_log_out_and_what_ends_a_session(served):
    user = f"root@{served.domain}"
    with Console(served) as client:
        assert client.get("/status").status == 401
        assert client.log_in(user, "wrong").code == "auth.failed"
        assert client.log_in("nobody@example.test", "wrong").code == "auth.failed"
        first = client.log_in(user, PASSWORD)
        cookie = first.headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        assert client.get("/status").status == 200
        old = client.cookie
        assert client.log_in(user, PASSWORD).status == 201 and client.cookie != old
        assert client.get("/status", headers={"Cookie": old}).status == 401, "a session survived the log-in that took its place"
        assert client.ask("DELETE", "/session").status == 204
        assert client.get("/status").status == 401


def test_c3_12_a_planted_or_outlived_session_is_not_taken_over(served):
    with Console(served) as client:
        client.cookie = planted = "bulla=" + "a" * 64
        assert client.log_in(f"root@{served.domain}", PASSWORD).status == 201
        assert client.cookie != planted
        assert client.get("/status", headers={"Cookie": planted}).status == 401


def test_c3_12_brute_force_is_locked_out(served):
    with Console(served) as client:
        codes = [client.log_in(f"root@{served.domain}", f"guess {i}") for i in range(12)]
        assert codes[0].status == 401 and codes[-1].status == 429, [c.status for c in codes]
        locked = client.log_in(f"root@{served.domain}", PASSWORD)
        assert locked.status == 429 and locked.json()["retry_after"] == int(locked.headers["Retry-After"]) > 0


def test_c3_12_cross_site_requests_change_nothing(served, console):
    tries = [{"X-Bulla-CSRF": ""}, {"X-Bulla-CSRF": "0" * 32}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"},
             {"Origin": "null"}]
    for headers in tries:
        assert console.ask("POST", "/domains", {"name": "evil.test"}, headers=headers).code == "http.csrf", headers
    form = console.ask("POST", "/domains", b"name=evil.test", media_type="application/x-www-form-urlencoded")
    assert form.status == 415
    assert "evil.test" not in {d["name"] for d in console.get("/domains").json()["items"]}


def test_c3_12_dns_rebinding_is_refused(served, console):
    for host in ("evil.example", "127.0.0.1.evil.example", "evil.example:8090"):
        assert console.get("/domains", headers={"Host": host}).status == 421


# What strangers send


@pytest.mark.parametrize("path", ["/../../etc/passwd", "/assets/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2fetc/passwd",
                                  "/assets/%5c..%5cetc", "/assets/%00", "//etc/passwd", "/assets//etc/passwd"])
def test_c3_12_path_traversal(served, path):
    answer = raw(served.ports["console"], f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
    assert b"root:" not in answer
    assert answer.split(b" ")[1] in (b"400", b"404", b"200")
    assert answer.split(b" ")[1] != b"200" or b"<html" in answer.lower()


def test_c3_12_smuggled_requests_are_not_answered(served):
    inner = b"GET /api/v1/openapi.yaml HTTP/1.1\r\nHost: localhost\r\n\r\n"
    heads = [b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % (5 + len(inner)), b"Content-Length: 0\r\nContent-Length: 5\r\n",
             b"Transfer-Encoding: chunked, identity\r\n", b"Transfer-Encoding : chunked\r\n", b"Content-Length: 5\n", b"A: b\r\n Content-Length: 5\r\n"]
    for head in heads:
        answer = raw(served.ports["console"], b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n0\r\n\r\n" + inner)
        assert answer.count(b"HTTP/1.1 ") == 1, (head, answer)
        assert answer.split(b" ")[1] in (b"400", b"501"), (head, answer)


def test_c3_12_sizes(served, console):
    port = served.ports["console"]
    assert raw(port, b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n").startswith(b"HTTP/1.1 414")
    assert raw(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"a" * 17000).startswith(b"HTTP/1.1 431")
    assert raw(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 100 + b"\r\n").startswith(b"HTTP/1.1 431")
    assert console.ask("POST", "/domains", {"name": "a" * 70000}).status == 413
    console.connect()
    assert console.ask("POST", "/domains", {"name": {"a": [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}}).code == "http.bad_json"


def test_c3_12_slow_clients_are_cut_off_and_hold_nobody_up(make_instance):
    made = make_instance(config={"console": {"header_time": 1, "connections_per_client": 60}})
    made.start()
    port = made.ports["console"]
    slow = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(50)]
    for connection in slow:
        connection.sendall(b"GET /health HTTP/1.1\r\nHo")
    begun = time.monotonic()
    with Console(made) as client:
        assert client.get("//health").status == 200
    assert time.monotonic() - begun < 1
    # An octet now and then gains no time.
    slow[0].sendall(b"s")
    for connection in slow:
        assert connection.recv(100).startswith(b"HTTP/1.1 408")
        connection.close()
    assert time.monotonic() - begun < 10


def test_c3_12_one_client_cannot_take_all_connections(make_instance):
    made = make_instance(config={"console": {"connections_per_client": 5}})
    made.start()
    held = [Console(made) for _ in range(5)]
    for client in held:
        assert client.get("//health").status == 200  # each has its place now
    request = b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n"
    assert raw(made.ports["console"], request).startswith(b"HTTP/1.1 503")
    for client in held:
        client.connection.close()
    until(lambda: raw(made.ports["console"], request).startswith(b"HTTP/1.1 200"), "room again")


# TLS, and how it ends


def test_c3_2_https_with_openssl_s_client(make_instance, certificate):
    port = free_ports(1)[0]
    made = make_instance(config={"console": {"tls_port": port, "certificate_file": certificate[0], "key_file": certificate[1]}})
    add(made, "root", "admin")
    made.start()
    request = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-quiet", "-CAfile", certificate[0], "-verify_return_error"],
                          input=request, capture_output=True, timeout=30, check=False)
    assert done.stdout.startswith(b"HTTP/1.1 200 OK"), done
    assert b"Strict-Transport-Security: max-age=" in done.stdout
    with Console(made, tls_port=port) as client:
        answer = client.log_in(f"root@{made.domain}", PASSWORD)
        assert answer.headers["Set-Cookie"].startswith("__Host-bulla=") and "Secure" in answer.headers["Set-Cookie"]
        assert client.get("/status").status == 200
    old = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_1"], input=b"", capture_output=True, timeout=30, check=False)
    assert old.returncode != 0


def make_certificate(folder, name, days):
    made = str(folder / f"{name}.crt"), str(folder / f"{name}.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", str(days), "-subj", f"/CN={name}",
                    "-out", made[0], "-keyout", made[1]], check=True, capture_output=True)
    pathlib.Path(made[1]).chmod(0o600)
    return made


def served_name(port):
    """The common name in the certificate that a new connection gets."""
    pem = ssl.get_server_certificate(("127.0.0.1", port))
    done = subprocess.run(["openssl", "x509", "-noout", "-subject", "-nameopt", "multiline"], input=pem, capture_output=True, text=True, check=True)
    return re.search(r"commonName += (\S+)", done.stdout)[1]


def test_c3_2_a_reload_takes_a_renewed_certificate(make_instance, tmp_path):
    port = free_ports(1)[0]
    first, second, third = make_certificate(tmp_path, "first", 90), make_certificate(tmp_path, "second", 10), make_certificate(tmp_path, "third", 90)
    live = str(tmp_path / "live.crt"), str(tmp_path / "live.key")

    def put(certificate):
        for source, target in zip(certificate, live):
            shutil.copy(source, target)
            pathlib.Path(target).chmod(0o600)
    put(first)
    made = make_instance(config={"console": {"tls_port": port, "certificate_file": live[0], "key_file": live[1]}})
    add(made, "root", "admin")
    made.start()
    assert served_name(port) == "first"
    with Console(made, tls_port=port) as before:
        assert before.log_in(f"root@{made.domain}", PASSWORD).status == 201
        # The same files with other content, by SIGHUP; it ends soon, which the overview says.
        put(second)
        made.reload()
        until(lambda: served_name(port) == "second", "the second certificate")
        items = before.get("/status").json()["attention"]
        assert [(item["kind"], item["subject"], item["past"]) for item in items] == [("certificate", "console", False)]
        assert "ends in 9 days" in made.cli("status").stdout
        # Half a renewal: the key of another. What was in force stays, what else changed comes.
        put((third[0], second[1]))
        made.configure({"log_level": "debug"})
        answer = before.ask("POST", "/reload").json()
        assert "live.crt" in answer["certificate_kept"] and "the certificate of before stays in force" in answer["certificate_kept"]
        assert answer["restart_for"] == [] and served_name(port) == "second"
        assert answer["certificate_kept"] in before.get("/status").json()["problems"]
        assert "not followed: [console]" in made.cli("reload").stdout
        assert "console.certificate_kept" in made.log_text()
        # Files of other names.
        made.configure({"console": {"certificate_file": third[0], "key_file": third[1]}})
        assert made.json("reload")["certificate_kept"] == "" and served_name(port) == "third"
        assert before.get("/status").json()["problems"] == [], "the connection of before goes on"
        # None: the one that the instance signs itself, which no browser is to be told to insist on.
        made.configure({"console": {"certificate_file": "", "key_file": ""}})
        assert made.json("reload")["certificate_kept"] == "" and served_name(port) not in ("first", "second", "third")
        assert "Strict-Transport-Security" not in before.get("//health").headers


def test_c3_2_a_key_for_root_alone_is_only_needed_when_it_changes(make_instance, tmp_path):
    port = free_ports(1)[0]
    certificate = make_certificate(tmp_path, "first", 90)
    made = make_instance(config={"console": {"tls_port": port, "certificate_file": certificate[0], "key_file": certificate[1]}})
    made.start()
    os.rename(certificate[1], certificate[1] + ".gone")
    assert made.json("reload")["certificate_kept"] == ""
    shutil.copy(make_certificate(tmp_path, "second", 90)[0], certificate[0])
    assert "first.key" in made.json("reload")["certificate_kept"] and served_name(port) == "first"


def test_c3_2_the_daemon_ends_while_viewers_look_on(served, console):
    connection = http.client.HTTPConnection("127.0.0.1", served.ports["console"], timeout=30)
    connection.request("GET", "/api/v1/events", headers={"Cookie": console.cookie})
    stream = connection.getresponse()
    begun = time.monotonic()
    served.stop()
    stream.read()
    assert time.monotonic() - begun < 8


def test_c3_1_200_viewers_fit_in_150_mb(served, console):
    viewers = []
    for _ in range(200):
        connection = http.client.HTTPConnection("127.0.0.1", served.ports["console"], timeout=30)
        connection.request("GET", "/api/v1/events", headers={"Cookie": console.cookie})
        assert connection.getresponse().status == 200
        viewers.append(connection)
    threads = [threading.Thread(target=served.send) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    status = open(f"/proc/{served.pid}/status", encoding="ascii").read()
    resident = int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])
    for connection in viewers:
        connection.close()
    assert resident <= 150 * 1024, f"{resident} KiB"

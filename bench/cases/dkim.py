"""DKIM by library call on one core, beside the bare cryptography (bench_dkimlimit) and libopendkim, in rounds of all three."""
import base64
import os
import random
import subprocess

NAMES = ("dkim_sign", "dkim_verify")
PROGRAMS = ("dkim", "dkimlimit", "dkimpeer")
CASES = {"dkim_sign": ("rsa2048_4k", "rsa2048_50k", "rsa2048_1m", "ed25519_4k"), "dkim_verify": ("rsa2048_4k", "rsa2048_50k", "rsa2048_1m")}
SECONDS = "0.4"  # for one figure of one round
SIZES = {"4k": 4096, "50k": 51200, "1m": 1048576}
WORDS = ("the of and to in is that for mail message gateway key archive please find attached invoice meeting project review Tuesday "
         "quarterly report regards numbers server policy draft budget").split()
HEADER = ("Received: from client.example.net (client.example.net [192.0.2.17])\r\n\tby mx1.example.com (gateway) with ESMTPS id 4F1A2B3C4D\r\n"
          "\tfor <bob@example.org>; Mon, 6 Jul 2026 10:11:12 +0200 (CEST)\r\nReceived: from [10.1.2.3] (port=51234)\r\n"
          "\tby client.example.net with esmtpsa (TLS1.3)\r\n\tid 1aBcDe-0001Zz-2X; Mon, 06 Jul 2026 10:11:10 +0200\r\n"
          "Message-ID: <20260706101110.4711@client.example.com>\r\nDate: Mon, 6 Jul 2026 10:11:10 +0200\r\nMIME-Version: 1.0\r\n"
          "User-Agent: ExampleMail/128.0\r\nFrom: \"Alice   Example\" <alice@example.com>\r\nTo: Bob Example <bob@example.org>,\r\n"
          " Carol Example <carol@example.org>\r\nCc: dave@example.org\r\nSubject: Quarterly   report and the\r\n draft budget for review\r\n"
          "Reply-To: alice@example.com\r\nIn-Reply-To: <abc123@example.org>\r\nReferences: <abc122@example.org>\r\n\t<abc123@example.org>\r\n")


def make_text(source, size):
    """Lines of prose as people type it: some double spaces, some at the end of a line, some empty lines."""
    lines, total = [], 0
    while total < size:
        kind, words, line = source.random(), source.randint(4, 12), ""
        for _ in range(words):
            line += source.choice(WORDS) + source.choice([" "] * 12 + ["  ", ". ", ", "])
        line = "" if kind < 0.08 else line.rstrip() + ("  " if kind < 0.15 else "")
        lines.append(line + "\r\n")
        total += len(line) + 2
    return "".join(lines)


def make_message(size):
    source = random.Random(size)
    if size < 200000:
        header = HEADER + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        return (header + make_text(source, size - len(header))).encode()
    start = (HEADER + 'Content-Type: multipart/mixed; boundary="b42"\r\n\r\n--b42\r\nContent-Type: text/plain\r\n\r\n' + make_text(source, 4000) +
             "\r\n--b42\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n")
    attachment = base64.encodebytes(source.randbytes((size - len(start)) * 57 // 78)).replace(b"\n", b"\r\n")
    return start.encode() + attachment + b"\r\n--b42--\r\n"


def prepare(folder):
    """data/<size>.eml, keys/<name>.pem and the DNS record keys/<name>.txt, as the three programs want them."""
    if (folder / "keys/ed25519.txt").exists():
        return
    for name in ("data", "keys"):
        (folder / name).mkdir(exist_ok=True)
    for name, size in SIZES.items():
        (folder / f"data/{name}.eml").write_bytes(make_message(size))

    def openssl(*args):
        return subprocess.run(["openssl", *args], check=True, capture_output=True).stdout

    openssl("genrsa", "-traditional", "-out", folder / "keys/rsa2048.pem", "2048")
    openssl("genpkey", "-algorithm", "ed25519", "-out", folder / "keys/ed25519.pem")
    for name in ("rsa2048", "ed25519"):
        public = openssl("pkey", "-in", folder / f"keys/{name}.pem", "-pubout", "-outform", "DER")
        kind, key = ("rsa", public) if name == "rsa2048" else ("ed25519", public[-32:])
        (folder / f"keys/{name}.txt").write_text(f"v=DKIM1; k={kind}; p={base64.b64encode(key).decode()}")


def rate(program, key, folder):
    """The rate per CPU second of one figure."""
    environment = {**os.environ, "BENCH_ONLY": key, "PERF_SECS": SECONDS}
    lines = subprocess.run([program], cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout.splitlines()
    return float(next(line.split()[1] for line in lines if line.split()[0] == key))


def run(name, context):
    prepare(context.tmp)
    programs = [context.program(p) for p in PROGRAMS]
    for case in CASES[name]:
        key, size = case.split("_")
        figure = f"{name.removeprefix('dkim_')}.{key}.{size}"
        rounds = [[rate(program, figure, context.tmp) for program in programs] for _ in range(context.rounds)]
        median = context.median
        value = median(r[0] for r in rounds)
        # Ratios are taken round by round, since the machine's speed drifts; the shown peer is the value over the median ratio to it.
        yield {"bench": name, "case": case, "value": value, "unit": "msg/s", "limit": median(r[1] for r in rounds),
               "ratio": median(r[0] / r[1] for r in rounds), "peers": {"libopendkim": value / median(r[0] / r[2] for r in rounds)}}

"""An instance in daily use: every role, keys, groups, some forty messages, some of which did not arrive."""
import email.message
import email.policy
import json

from support.http import Console
from support.instance import Instance, until

PASSWORD = "correct horse battery staple"
SUBJECTS = ["Offer 2026-1183, revised quantities", "Minutes of the meeting on Tuesday", "Re: delivery date of the pumps", "Invoice 40871", "Grüße aus Łódź",
            "Contract, second version", "Your question about the warranty", "", "Photographs of the site", "Re: Re: Fwd: the old drawing"]


def answer(verb, argument, _session):
    """How the next hop answers: some recipients do not exist, some servers have no time."""
    if verb == "RCPT" and "nobody" in argument:
        return "550 5.1.1 no such mailbox here"
    if verb == "RCPT" and "later" in argument:
        return "451 4.3.0 come back in an hour"
    return None


def write_mail(subject, sender, recipient, number=0):
    made = email.message.EmailMessage(policy=email.policy.SMTP)
    made["From"], made["To"], made["Date"] = sender, recipient, "Sun, 22 Nov 2026 10:00:00 +0000"
    if subject:
        made["Subject"] = subject
    made["Message-ID"] = f"<{number}.{len(subject)}@example.test>"
    made.set_content("Hello,\n\nplease find below what we spoke about.\n\nKind regards\nAlice\n")
    if number % 3 == 0:
        made.add_alternative("<h1>Hello</h1><p style=\"color:#333\">please find <b>below</b> what we spoke about: "
                             "<a href=\"https://supplier.example/list\">the list</a>.</p><img src=\"https://tracker.example/p.gif\">", subtype="html")
    if number % 5 == 0:
        made.add_attachment(b"%PDF-1.4 " + b"x" * 4000, maintype="application", subtype="pdf", filename="quantities.pdf")
    return made.as_bytes()


class Office:
    def __init__(self, folder, sink):
        sink.script = answer
        self.sink = sink
        self.instance = made = Instance(folder, sink.port)
        made.trust_loopback()
        self.domain = made.domain
        self.people = {name: self.add(name, role) for name, role in
                       [("root", "admin"), ("olga", "auditor"), ("dora", "domain_admin"), ("alice", "user"), ("bob", "user")]}
        self.newcomer = made.json("account", "add", f"nina@{self.domain}", "--role", "admin", "--one-time")
        made.cli("dkim", "add", self.domain, "s2026", "-t", "ed25519")
        public = made.folder / "main.pub.pem"
        made.cli("signer", "create", "main", "-t", "p256", "-o", public)
        made.archive_all("main")
        made.cli("settings", "set", "signature_public_key_path", public)
        made.cli("settings", "set", "signature_verification_enabled", "1")
        made.start()

    def add(self, name, role):
        address = f"{name}@{self.domain}"
        more = ["--domain", self.domain] if role == "domain_admin" else []
        self.instance.cli("account", "add", address, "--role", role, *more, "--password-stdin", data=PASSWORD.encode() + b"\n")
        return address

    def fill(self, count=40):
        """Outgoing and incoming mail, some of it refused by the next hop, some waiting, one held."""
        others = {27: "nobody@elsewhere.example", 31: "nobody.else@elsewhere.example", 30: "later@slow.example", 34: "later.too@slow.example",
                  38: "later.again@slow.example"}
        with self.instance.client("relay") as out, self.instance.client("inbound") as into:
            out.ehlo()
            into.ehlo()
            for n in range(count):
                incoming = n % 4 == 1
                ours, theirs = f"{'bob' if incoming else 'alice'}@{self.domain}", others.get(n, f"karin{n % 4}@supplier.example")
                sender, recipient = (theirs, ours) if incoming else (ours, theirs)
                message = write_mail(SUBJECTS[n % len(SUBJECTS)], sender, recipient, n)
                assert (into if incoming else out).send(sender, recipient, message).code == 250
        waiting = until(lambda: len(found := [d for d in self.instance.queue() if d.get("attempts")]) >= 2 and found, "deliveries that wait")
        self.instance.cli("queue", "hold", waiting[0]["id"])
        until(lambda: len(self.instance.queue()) <= 4, "the rest to be delivered")

    def send(self, message, sender=None, recipient=None):
        with self.instance.client("relay") as client:
            client.ehlo()
            return client.send(sender or f"alice@{self.domain}", recipient or "karin@supplier.example", message)

    def ask(self, path):
        with Console(self.instance) as client:
            assert client.log_in(self.people["root"], PASSWORD).status == 201
            return client.get(path)

    def show(self, identifier):
        return json.loads(self.instance.cli("archive", "show", identifier, "--json").stdout)

    def flip_byte(self, identifier):
        """Changes one octet of a stored message, on the disk below the running program."""
        record = self.show(identifier)["record"]
        path = self.instance.folder / "volumes" / record["volume"] / f"{record['pack']}.pack"
        with open(path, "r+b") as pack:
            pack.seek(record["offset"] + 80)
            octet = pack.read(1)[0]
            pack.seek(-1, 1)
            pack.write(bytes([octet ^ 1]))

    def close(self):
        self.instance.stop()
        self.sink.close()

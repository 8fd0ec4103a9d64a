"""A client that speaks SMTP byte by byte: what a test must be able to get wrong, smtplib forbids."""
import base64
import socket
import ssl


class Reply:
    def __init__(self, code, lines):
        self.code, self.lines = code, lines

    @property
    def text(self):
        return "\n".join(self.lines)

    @property
    def enhanced(self):
        return self.lines[0].split(" ")[0] if self.lines and self.lines[0] else ""

    def __repr__(self):
        return f"{self.code} {self.text}"


class Client:
    def __init__(self, port, host="127.0.0.1", seconds=30, tls=False, greet=True):
        self.socket = socket.create_connection((host, port), seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self._wrap()
        self.file = self.socket.makefile("rb")
        self.greeting = self.reply() if greet else None
        self.extensions = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def _wrap(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)

    def raw(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape"))

    def reply(self):
        lines = []
        while True:
            line = self.file.readline()
            if not line:
                raise ConnectionError(f"closed by the server after {lines}")
            assert line.endswith(b"\r\n"), line
            lines.append(line[4:-2].decode("utf-8", "replace"))
            if line[3:4] != b"-":
                return Reply(int(line[:3]), lines)

    def closed(self):
        """True if the server ended the connection and nothing more is to be read."""
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True

    def command(self, line):
        self.raw(line + "\r\n")
        return self.reply()

    def expect(self, code, line):
        reply = self.command(line)
        assert reply.code == code, f"{line[:100]!r} was answered {reply}, not {code}"
        return reply

    def ehlo(self, name="client.example"):
        reply = self.expect(250, f"EHLO {name}")
        self.extensions = {line.split(" ")[0].upper(): line.partition(" ")[2] for line in reply.lines[1:]}
        return self.extensions

    def starttls(self):
        self.expect(220, "STARTTLS")
        self._wrap()
        self.file = self.socket.makefile("rb")
        return self.ehlo()

    def auth_plain(self, login, password):
        token = base64.b64encode(f"\0{login}\0{password}".encode()).decode()
        return self.command(f"AUTH PLAIN {token}")

    def auth_login(self, login, password):
        self.expect(334, "AUTH LOGIN")
        self.expect(334, base64.b64encode(login.encode()).decode())
        return self.command(base64.b64encode(password.encode()).decode())

    def begin(self, sender, *recipients, parameters=""):
        self.expect(250, f"MAIL FROM:<{sender}>{parameters}")
        for recipient in recipients:
            self.expect(250, f"RCPT TO:<{recipient}>")

    def data(self, message):
        """DATA and the message, dot-stuffed; the final reply (or the refusal of DATA)."""
        go = self.command("DATA")
        if go.code != 354:
            return go
        stuffed = message.replace(b"\r\n.", b"\r\n..")
        self.raw((b"." + stuffed if stuffed.startswith(b".") else stuffed) + b".\r\n")
        return self.reply()

    def send(self, sender, recipients, message, parameters=""):
        self.begin(sender, *([recipients] if isinstance(recipients, str) else recipients), parameters=parameters)
        return self.data(message)


def make_message(sender="alice@example.test", recipient="bob@example.org", subject="A test", body="Hello.", extra=""):
    text = (f"From: <{sender}>\r\nTo: <{recipient}>\r\nSubject: {subject}\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
            f"Message-ID: <{abs(hash((subject, body, sender)))}@example.test>\r\n{extra}\r\n" + body.replace("\n", "\r\n") + "\r\n")
    return text.encode()

"""A next hop: an SMTP server in threads that keeps what it gets and answers as a script says."""
import dataclasses
import socket
import ssl
import threading


@dataclasses.dataclass
class Received:
    """One message that the sink accepted (or refused after its data: see `reply`)."""

    sender: str
    sender_parameters: str
    recipients: list
    recipient_parameters: list
    data: bytes
    reply: str
    tls: bool
    ehlo: str


class Sink:
    """`script(verb, argument, session)` is asked before each reply and may return one ("451 4.3.0 later"), "drop" to close the connection,
    or None for the usual one. Verbs: CONNECT, EHLO, MAIL, RCPT, DATA, END (after the data), RSET, QUIT and others as they come.
    """

    def __init__(self, extensions=("PIPELINING", "SIZE 104857600", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN"), certificate=None,
                 port=0):
        self.extensions = list(extensions)
        self.certificate = certificate  # (certificate file, key file): offers STARTTLS
        self.script = None
        self.messages, self.commands = [], []
        self.connections = 0
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=256)
        self.port = self._listener.getsockname()[1]
        self._open = set()
        self._gate = threading.Event()
        self._gate.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._gate.set()
        try:
            self._listener.shutdown(socket.SHUT_RDWR)  # Closing alone does not wake accept(), and the port would stay open.
        except OSError:
            pass
        self._listener.close()
        self.drop_connections()

    def drop_connections(self):
        """End all connections, as a server does that has waited long enough."""
        with self._changed:
            for session in list(self._open):
                try:
                    session.connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # It has ended by itself.

    def hold(self):
        """Give no further reply to END until release()."""
        self._gate.clear()

    def release(self):
        self._gate.set()

    def wait(self, count, seconds=30):
        """The accepted messages once there are `count` of them."""
        return self.wait_for(lambda: self.accepted(), lambda m: len(m) >= count, seconds, f"{count} messages")

    def wait_command(self, verb, seconds=30):
        return self.wait_for(lambda: [c for c in self.commands if c[0] == verb], lambda c: c, seconds, verb)

    def wait_for(self, get, enough, seconds, what):
        with self._changed:
            if not self._changed.wait_for(lambda: enough(get()), seconds):
                raise AssertionError(f"no {what} within {seconds} s; got {len(get())}")
            return list(get())

    def accepted(self):
        return [m for m in self.messages if m.reply.startswith("2")]

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        session = _Session(self, connection)  # Under TLS its connection is another one.
        with self._changed:
            self._open.add(session)
            self.connections += 1
        try:
            session.run()
        except (OSError, ValueError, ssl.SSLError):
            pass
        finally:
            with self._changed:
                self._open.discard(session)
            session.connection.close()


class _Session:
    def __init__(self, sink, connection):
        self.sink, self.connection = sink, connection
        self.file = connection.makefile("rb")
        self.ehlo, self.tls = "", False
        self.reset()

    def reset(self):
        self.sender, self.sender_parameters = None, ""
        self.recipients, self.recipient_parameters = [], []

    def send(self, reply):
        self.connection.sendall(reply.encode() + b"\r\n")

    def ask(self, verb, argument):
        """The scripted reply to a command, or None."""
        with self.sink._changed:
            self.sink.commands.append((verb, argument))
            self.sink._changed.notify_all()
        reply = self.sink.script(verb, argument, self) if self.sink.script else None
        if reply == "drop":
            raise OSError("dropped by the script")
        return reply

    def run(self):
        self.send(self.ask("CONNECT", "") or "220 sink.example ESMTP")
        while line := self.file.readline():
            text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
            verb, _, argument = text.partition(" ")
            verb = verb.upper()
            if verb == "DATA":
                self.read_data()
                continue
            reply = self.ask(verb, argument)
            usual = getattr(self, "on_" + verb.lower(), lambda _a, _r: _r or "502 5.5.1 unknown")(argument, reply)
            self.send(usual)
            if verb == "QUIT":
                return
            if verb == "STARTTLS" and usual.startswith("220"):
                self.start_tls()

    def on_ehlo(self, argument, reply):
        self.ehlo = argument
        offered = list(self.sink.extensions)
        if self.sink.certificate and not self.tls:
            offered.append("STARTTLS")
        lines = ["sink.example"] + offered
        return reply or "\r\n".join(f"250{'-' if n < len(lines) - 1 else ' '}{line}" for n, line in enumerate(lines))

    def on_helo(self, argument, reply):
        self.ehlo = argument
        return reply or "250 sink.example"

    def on_starttls(self, _argument, reply):
        return reply or ("220 go" if self.sink.certificate else "502 5.5.1 no")

    def start_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.sink.certificate)
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.file, self.tls = self.connection.makefile("rb"), True
        self.reset()

    def on_mail(self, argument, reply):
        if reply and not reply.startswith("2"):
            return reply
        path, _, self.sender_parameters = argument.partition("> ")
        self.sender = path.split("<", 1)[1].rstrip(">")
        return reply or "250 2.1.0 ok"

    def on_rcpt(self, argument, reply):
        if reply and not reply.startswith("2"):
            return reply
        path, _, parameters = argument.partition("> ")
        self.recipients.append(path.split("<", 1)[1].rstrip(">"))
        self.recipient_parameters.append(parameters)
        return reply or "250 2.1.5 ok"

    def on_rset(self, _argument, reply):
        self.reset()
        return reply or "250 2.0.0 ok"

    def on_noop(self, _argument, reply):
        return reply or "250 2.0.0 ok"

    def on_quit(self, _argument, reply):
        return reply or "221 2.0.0 bye"

    def read_data(self):
        reply = self.ask("DATA", "")
        if reply is None and not self.recipients:
            reply = "503 5.5.1 no recipients"
        self.send(reply or "354 go on")
        if reply and not reply.startswith("354"):
            return
        parts = []
        while (line := self.file.readline()) != b".\r\n":
            if not line:
                raise OSError("ended within the data")
            parts.append(line[1:] if line.startswith(b".") else line)
        self.sink._gate.wait()
        message = Received(self.sender, self.sender_parameters, self.recipients, self.recipient_parameters, b"".join(parts), "", self.tls,
                           self.ehlo)
        self.current = message
        message.reply = self.ask("END", "") or "250 2.0.0 stored"
        self.reset()
        # Counted before the reply is sent: a sender that is killed in between may send again, and that is its right.
        with self.sink._changed:
            self.sink.messages.append(message)
            self.sink._changed.notify_all()
        self.send(message.reply)

"""The mail server's side of a milter connection, packet by packet."""
import socket
import struct


def packet(command, data=b""):
    return struct.pack(">I", len(data) + 1) + command.encode() + data


def texts(command, *parts):
    return packet(command, b"".join((p if isinstance(p, bytes) else p.encode()) + b"\0" for p in parts))


class MilterPeer:
    """`where`: a port on loopback or the path of a unix socket. Offers what Postfix and Sendmail offer unless told otherwise."""

    def __init__(self, where, version=6, actions=0x1FF, steps=0x1FFFFF, client="127.0.0.1"):
        if isinstance(where, int):
            self.socket = socket.create_connection(("127.0.0.1", where), 30)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(30)
            self.socket.connect(str(where))
        self.file = self.socket.makefile("rb")
        self.write(packet("O", struct.pack(">III", version, actions, steps)))
        command, data = self.read()
        assert command == "O", command
        self.version, self.actions, self.steps = struct.unpack(">III", data[:12])
        self.connect(client)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def write(self, data):
        self.socket.sendall(data)

    def read(self):
        """The next packet; ("", b"") at the end."""
        head = self.file.read(4)
        if len(head) < 4:
            return "", b""
        body = self.file.read(struct.unpack(">I", head)[0])
        return body[:1].decode(), body[1:]

    def connect(self, client):
        self.write(packet("C", b"client.example\0" + b"4" + struct.pack(">H", 1234) + client.encode() + b"\0") + texts("H", "client.example"))

    def begin(self, sender, recipients, message, login=None, queue_id="4TEST"):
        """All of a message but its end."""
        macros = b"M" + (f"{{auth_authen}}\0{login}\0".encode() if login else b"")
        out = packet("D", macros) + texts("M", f"<{sender}>")
        for recipient in [recipients] if isinstance(recipients, str) else recipients:
            out += texts("R", f"<{recipient}>")
        header, _, body = message.partition(b"\r\n\r\n")
        for field in header.replace(b"\r\n ", b"\n ").replace(b"\r\n\t", b"\n\t").split(b"\r\n"):
            name, _, value = field.partition(b":")
            out += texts("L", name, value)
        out += packet("N")
        for at in range(0, len(body), 65535):
            out += packet("B", body[at:at + 65535])
        self.write(out + packet("D", f"Ei\0{queue_id}\0".encode()))

    def send(self, sender, recipients, message, **options):
        """A whole message: what the filter answers, [(command, data)], progress left out."""
        self.begin(sender, recipients, message, **options)
        self.write(packet("E"))
        return self.answer()

    def answer(self):
        answers = []
        while True:
            command, data = self.read()
            if command != "p":
                answers.append((command, data))
            if command in ("", "c", "a", "d", "y", "t", "r"):
                return answers


def apply(message, answers):
    """The message as the mail server sends it after those answers."""
    for command, data in answers:
        if command == "i":
            assert data[:4] == b"\0\0\0\0"
            name, value, rest = data[4:].split(b"\0")
            assert rest == b""
            message = name + b":" + value.replace(b"\n", b"\r\n") + b"\r\n" + message
        else:
            assert command == "c", command
    return message

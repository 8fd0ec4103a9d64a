"""Messages to measure with: English-looking text from a fixed list of words, the same in every run."""
import random


def make_message(size):
    """A message of about `size` bytes with CRLF line ends, from alice@example.com to bob@example.org."""
    source = random.Random(size)
    letters = "etaoinshrdlucmfwypvbgkqjxz"
    words = ["".join(source.choices(letters, weights=range(26, 0, -1), k=source.randint(2, 9))).encode() for _ in range(4000)]
    parts = [b"From: Alice <alice@example.com>\r\nTo: Bob <bob@example.org>\r\nSubject: A message of %d bytes\r\n" % size +
             b"Date: Sun, 22 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"]
    total = len(parts[0])
    while total < size:
        line = b" ".join(source.choices(words, k=11)) + b"\r\n"
        parts.append(line)
        total += len(line)
    return b"".join(parts)


def write_message(folder, size):
    path = folder / f"{size}.eml"
    if not path.exists():
        path.write_bytes(make_message(size))
    return path

"""What a disk may hold after a power cut: built from the journal that preload.c wrote.

The model is the strict reading of POSIX. Durable: what was written to a file before an fsync or fdatasync of it that ended before the cut;
names in a directory that was fsynced likewise. All else may be there, may be missing, or may be there in part: any subset of the writes,
any subset of the 512-octet sectors of a write, any subset of the changes of names.
"""

import os
import random
import struct

OPEN, WRITE, TRUNCATE, SYNC_START, SYNC_END, RENAME, UNLINK, MKDIR, ACK, LINK = range(1, 11)
O_CREAT, O_TRUNC = os.O_CREAT, os.O_TRUNC
SECTOR = 512
HEAD = struct.Struct("<IIQQ")


class Journal:
    """The events of one run, in order, each (type, handle, offset, data)."""

    def __init__(self, path, root):
        self.root = root.rstrip("/")
        self.events = []
        with open(path, "rb") as file:
            raw = file.read()
        at = 0
        while at + HEAD.size <= len(raw):
            kind, handle, offset, length = HEAD.unpack_from(raw, at)
            at += HEAD.size
            self.events.append((kind, handle, offset, raw[at : at + length]))
            at += length

    def acknowledged(self, moment):
        return b"".join(data for kind, _, _, data in self.events[:moment] if kind == ACK)

    def moments(self):
        return range(len(self.events) + 1)

    def moments_after(self, word):
        """The moments at which the power may go: all after the acknowledgement that begins with `word`."""
        for index, (kind, _, _, data) in enumerate(self.events):
            if kind == ACK and data.startswith(word):
                return range(index + 1, len(self.events) + 1)
        raise ValueError("the journal has no such acknowledgement")


class Inode:
    """A file: its writes and truncations, and how many of them are durable."""

    def __init__(self):
        self.changes = []  # (offset, data) or (size, None)
        self.durable = 0


class Folder:
    """A directory: its changes of names, and how many are durable."""

    def __init__(self):
        self.changes = []  # ("set", name, inode), ("remove", name), ("rename", old, new)
        self.durable = 0


class Disk:
    """Replays a journal up to a moment. `base`: a directory with what was there, and durable, before the journal begins."""

    def __init__(self, journal, moment, base=None):
        self.root = journal.root
        self.names = {}  # path -> Inode or Folder, as the running program sees it
        self.folders = {self.root: Folder()}
        self.names[self.root] = self.folders[self.root]
        self.handles = {}
        self.syncing = {}
        if base:
            self._load(base)
        for event in journal.events[:moment]:
            self._replay(*event)

    def _replay(self, kind, handle, offset, data):
        if kind == OPEN:
            self._open(handle, offset, data.decode())
        elif kind == WRITE:
            self.handles[handle].changes.append((offset, data))
        elif kind == TRUNCATE:
            self.handles[handle].changes.append((offset, None))
        elif kind == SYNC_START:
            self.syncing[handle] = len(self.handles[handle].changes)
        elif kind == SYNC_END:
            thing = self.handles[handle]
            thing.durable = max(thing.durable, self.syncing[handle])
        elif kind == RENAME:
            self._rename(*data.decode().split("\0"))
        elif kind == LINK:
            old, new = data.decode().split("\0")
            self._make(new, self.names[old])
        elif kind == UNLINK:
            path = data.decode()
            self.names.pop(path, None)
            self._parent(path).changes.append(("remove", os.path.basename(path)))
        elif kind == MKDIR:
            self._make(data.decode(), Folder())

    def _load(self, base):
        for place, folders, files in os.walk(base):
            here = os.path.normpath(os.path.join(self.root, os.path.relpath(place, base)))
            for name in folders:
                self._make(os.path.join(here, name), Folder())
            for name in files:
                inode = Inode()
                if os.path.isfile(os.path.join(place, name)):
                    with open(os.path.join(place, name), "rb") as file:
                        inode.changes = [(0, file.read())]
                    inode.durable = 1
                    self._make(os.path.join(here, name), inode)
            self.names[here].durable = len(self.names[here].changes)

    def _open(self, handle, flags, path):
        if path not in self.names:
            if not flags & O_CREAT:
                raise ValueError(f"{path} was opened, but never made")
            self._make(path, Inode())
        elif flags & O_TRUNC:
            self.names[path].changes.append((0, None))
        self.handles[handle] = self.names[path]

    def _rename(self, old, new):
        thing = self.names.pop(old)
        self.names[new] = thing
        if os.path.dirname(old) == os.path.dirname(new):
            self._parent(old).changes.append(("rename", os.path.basename(old), os.path.basename(new)))
        else:  # two directories, which reach the disk each by itself
            self._parent(old).changes.append(("remove", os.path.basename(old)))
            self._parent(new).changes.append(("set", os.path.basename(new), thing))

    def _make(self, path, thing):
        self.names[path] = thing
        self._parent(path).changes.append(("set", os.path.basename(path), thing))

    def _parent(self, path):
        return self.names[os.path.dirname(path)]

    def write_out(self, target, rng):
        """Makes `target` hold one of the states in which the disk may be."""
        self._write_folder(self.names[self.root], target, rng)

    def _write_folder(self, folder, target, rng):
        os.makedirs(target, mode=0o700, exist_ok=True)
        for name, thing in surviving_names(folder, rng).items():
            path = os.path.join(target, name)
            if isinstance(thing, Folder):
                self._write_folder(thing, path, rng)
            else:
                with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
                    file.write(surviving_bytes(thing, rng))


def surviving(durable, changes, rng):
    """Of each change: whether it is on the disk."""
    volatile = len(changes) - durable
    mode = rng.choice(["none", "all", "first", "some"])
    kept = {
        "none": lambda: [False] * volatile,
        "all": lambda: [True] * volatile,
        "first": lambda: [i < rng.randrange(volatile + 1) for i in range(volatile)],
        "some": lambda: [rng.random() < 0.5 for _ in range(volatile)],
    }[mode]()
    return [True] * durable + kept


def surviving_names(folder, rng):
    names = {}
    for kept, (action, *what) in zip(surviving(folder.durable, folder.changes, rng), folder.changes):
        if not kept:
            continue
        if action == "set":
            names[what[0]] = what[1]
        elif action == "remove":
            names.pop(what[0], None)
        elif what[0] in names:
            names[what[1]] = names.pop(what[0])
    return names


def surviving_bytes(inode, rng):
    content = bytearray()
    keeps = surviving(inode.durable, inode.changes, rng)
    torn = rng.random() < 0.5
    for number, (kept, (offset, data)) in enumerate(zip(keeps, inode.changes)):
        if data is None:
            if kept:
                del content[offset:]
                content.extend(bytes(offset - len(content)))
        elif number < inode.durable or (kept and not torn):
            put(content, offset, data)
        elif kept:
            put_torn(content, offset, data, rng)
    return content


def put(content, offset, data):
    if len(content) < offset + len(data):
        content.extend(bytes(offset + len(data) - len(content)))
    content[offset : offset + len(data)] = data


def put_torn(content, offset, data, rng):
    """Writes some of the sectors of a write; the file has its full length all the same."""
    at = offset
    put(content, offset + len(data), b"")
    while at < offset + len(data):
        end = min((at // SECTOR + 1) * SECTOR, offset + len(data))
        if rng.random() < 0.5:
            put(content, at, data[at - offset : end - offset])
        at = end

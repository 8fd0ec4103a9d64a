"""Pictures of pages, compared coarsely: a grid of grey values, in which text is a shade and a number in it nothing at all."""
import base64
import json
import os
import pathlib
import struct
import zlib

HERE = pathlib.Path(__file__).resolve().parent
REFERENCES = HERE / "references.json"
PICTURES = HERE.parents[1] / "docs/pictures"
COLUMNS, ROWS = 40, 25
# Of 255: another font's shade stays below; a part that moved, vanished or lost its colour does not.
MEAN, CELL, SHARE = 10.0, 40, 0.10
RENEW = os.environ.get("BULLA_PICTURES") == "1"

SHRINK = """(async (source) => {
    const picture = await createImageBitmap(await (await fetch(source)).blob());
    const canvas = new OffscreenCanvas(%d, %d);
    const context = canvas.getContext('2d');
    // By halves, so that each cell is the mean of all its dots.
    let from = picture, width = picture.width, height = picture.height;
    while (width / 2 > canvas.width && height / 2 > canvas.height) {
        width = Math.ceil(width / 2); height = Math.ceil(height / 2);
        const half = new OffscreenCanvas(width, height);
        half.getContext('2d').drawImage(from, 0, 0, width, height);
        from = half;
    }
    context.drawImage(from, 0, 0, canvas.width, canvas.height);
    const dots = context.getImageData(0, 0, canvas.width, canvas.height).data;
    return Array.from({ length: dots.length / 4 }, (_, i) => Math.round(0.2126 * dots[4 * i] + 0.7152 * dots[4 * i + 1] + 0.0722 * dots[4 * i + 2]));
})(%s)"""


def grid_of(measure, picture):
    """COLUMNS × ROWS grey values of a PNG, row by row."""
    source = "data:image/png;base64," + base64.b64encode(picture).decode()
    return measure.evaluate(SHRINK % (COLUMNS, ROWS, json.dumps(source)))


class References:
    def __init__(self, measure):
        self.measure, self.known = measure, json.loads(REFERENCES.read_text()) if REFERENCES.exists() else {}

    def compare(self, name, picture):
        """What differs in words, or ''. With BULLA_PICTURES=1 the picture becomes the reference."""
        grid = grid_of(self.measure, picture)
        if RENEW:
            self.known[name] = bytes(grid).hex()
            return ""
        assert name in self.known, f"{name} has no reference; make it by BULLA_PICTURES=1"
        apart = [abs(a - b) for a, b in zip(grid, bytes.fromhex(self.known[name]), strict=True)]
        mean, share = sum(apart) / len(apart), sum(d > CELL for d in apart) / len(apart)
        return f"{name} looks different: mean {mean:.1f} of 255, {share:.1%} of it by more than {CELL}" if mean > MEAN or share > SHARE else ""

    def save(self):
        if RENEW:
            REFERENCES.write_text(json.dumps(dict(sorted(self.known.items())), indent=0) + "\n")


PAINT = """(async (source) => {
    const picture = await createImageBitmap(await (await fetch(source)).blob());
    const context = new OffscreenCanvas(picture.width, picture.height).getContext('2d');
    context.drawImage(picture, 0, 0);
    const dots = context.getImageData(0, 0, picture.width, picture.height).data;
    const count = new Map();
    const colour = (i) => ((dots[i] & 0xfe) << 16) | ((dots[i + 1] & 0xfe) << 8) | (dots[i + 2] & 0xfe);
    for (let i = 0; i < dots.length; i += 4) count.set(colour(i), (count.get(colour(i)) ?? 0) + 1);
    const palette = [...count].sort((a, b) => b[1] - a[1]).slice(0, 256).map(([c]) => c);
    const index = new Map(palette.map((c, i) => [c, i]));
    const apart = (a, b) => [16, 8, 0].reduce((sum, shift) => sum + (((a >> shift) & 255) - ((b >> shift) & 255)) ** 2, 0);
    const find = (c) => {
        if (!index.has(c)) index.set(c, palette.reduce((best, p, i) => (apart(p, c) < apart(palette[best], c) ? i : best), 0));
        return index.get(c);
    };
    const indices = new Uint8Array(dots.length / 4);
    for (let i = 0; i < indices.length; i += 1) indices[i] = find(colour(4 * i));
    let text = '';
    for (let i = 0; i < indices.length; i += 8192) text += String.fromCharCode(...indices.subarray(i, i + 8192));
    return [picture.width, picture.height, palette, btoa(text)];
})(%s)"""


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def keep_picture(measure, name, picture):
    """Writes a picture for the documentation, in its 256 most frequent colours: a third of the octets. Returns how many."""
    source = "data:image/png;base64," + base64.b64encode(picture).decode()
    width, height, palette, text = measure.evaluate(PAINT % json.dumps(source))
    indices = base64.b64decode(text)
    lines = b"".join(b"\0" + indices[y * width:(y + 1) * width] for y in range(height))
    octets = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
              + chunk(b"PLTE", b"".join(c.to_bytes(3, "big") for c in palette)) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b""))
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / f"{name}.png").write_bytes(octets)
    return len(octets)

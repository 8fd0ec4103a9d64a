#!/usr/bin/python3
"""Fail when a file of src/<folder> includes a folder that src/LAYERS does not allow it, or a library that src/THIRD_PARTY does not.

LAYERS:      "folder: allowed folders", written bottom-up; a folder may name only folders above its own line.
THIRD_PARTY: "header prefix: folders that may include it"; headers of no listed prefix are free only if they are the system's.
"""
import pathlib
import re
import sys

SOURCE = re.compile(r"\.(h|cpp)$")
OWN = re.compile(r'\s*#\s*include\s+"([^"]+)"')
SYSTEM = re.compile(r"\s*#\s*include\s+<([^>]+)>")
# Free for every folder: the language, POSIX and Linux, the test framework and fmt (part of base's vocabulary).
FREE = re.compile(r"^([a-z_0-9]+|[a-z_0-9]+\.h|c[a-z0-9]+|(sys|netinet|arpa|net|linux|bits)/[a-z_0-9]+\.h|gtest/.*|gmock/.*|fmt/.*)$")


def read_table(path):
    """Lines "key: words" in order; `#` begins a comment."""
    table = {}
    for line in path.read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            key, _, words = line.partition(":")
            table[key.strip()] = words.split()
    return table


def check_order(layers):
    order = list(layers)
    for folder, allowed in layers.items():
        for other in allowed:
            if other not in order or order.index(other) >= order.index(folder):
                yield f"LAYERS: {folder} names {other}, which is not below it"


def check_third_party(folder, header, third_party):
    for prefix, folders in third_party.items():
        if header.startswith(prefix):
            return None if folder in folders else f"{folder} may not include <{header}>: {prefix} is for {' '.join(folders)}"
    return None if FREE.match(header) else f"<{header}> stands in no line of THIRD_PARTY"


def check_file(path, folder, layers, third_party):
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        why = None
        if own := OWN.match(line):
            other = own[1].split("/")[0]
            if "/" not in own[1]:
                why = f'"{own[1]}" does not name its folder'
            elif other not in layers:
                why = f"{other} is no folder of LAYERS"
            elif other != folder and other not in layers[folder]:
                why = f"{folder} may not include {other}"
        elif system := SYSTEM.match(line):
            why = check_third_party(folder, system[1], third_party)
        if why:
            yield f"{path}:{number}: {why}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "src")
    layers, third_party = read_table(root / "LAYERS"), read_table(root / "THIRD_PARTY")
    findings = list(check_order(layers))
    findings += [f"THIRD_PARTY: {p} names {f}, which is no folder of LAYERS"
                 for p, fs in third_party.items() for f in fs if f not in layers]
    files = sorted(p for p in root.rglob("*") if SOURCE.search(p.name))
    for path in files:
        folder = path.relative_to(root).parts[0]
        if folder not in layers:
            findings.append(f"{path}: {folder} is no folder of LAYERS")
            continue
        findings += check_file(path, folder, layers, third_party)
    print("\n".join(findings) if findings else f"{len(files)} files keep to LAYERS and THIRD_PARTY")
    return bool(findings)


sys.exit(main())

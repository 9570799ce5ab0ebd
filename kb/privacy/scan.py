"""Which files hold certain texts: a program of its own, see `kb.privacy.traces.find_traces`.

It reads {"folder": ..., "forms": [...]} from its input and writes the paths, both as JSON.
"""

import json
import os
import sys
from collections.abc import Iterator

CHUNK = 1 << 20


def main() -> None:
    """Answer one question."""
    asked = json.load(sys.stdin.buffer)
    forms = [form.encode("utf-8", "surrogateescape") for form in asked["forms"]]
    found = [path for path in _files(asked["folder"]) if forms and _holds(path, forms)]
    sys.stdout.write(json.dumps(found))


def _files(folder: str) -> Iterator[str]:
    with os.scandir(folder) as listed:
        entries = sorted(listed, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path)
        elif entry.is_file(follow_symlinks=False):
            yield entry.path


def _holds(path: str, forms: list[bytes]) -> bool:
    longest = max(map(len, forms))
    before = b""
    try:
        with open(path, "rb") as file:
            while chunk := file.read(CHUNK):
                held = before + chunk
                if any(form in held for form in forms):
                    return True
                before = held[-longest:]
    except FileNotFoundError:  # a server may take its files away meanwhile
        return False
    return False


if __name__ == "__main__":
    main()

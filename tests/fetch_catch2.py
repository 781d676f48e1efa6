"""Fetch Catch2 v3's single file into a folder: `python tests/fetch_catch2.py FOLDER`.

For machines that have no Catch2 and may not install it. The two files are known by hash, so it does
not matter where they come from: the project's own release, else Debian's copy of its source.
"""

import hashlib
import io
import sys
import tarfile
import urllib.request
from pathlib import Path

VERSION = "3.7.1"
FILES = {
    "catch_amalgamated.hpp": "91d47e2ddfb2949df22ff582d6c292554184da743e11d3811dcdd06b5b0a159b",
    "catch_amalgamated.cpp": "450fc5f213a87668f0f48c91a2afa4f4226186fef453d36e6fa3bc184ccdb9ba",
}
SOURCES = (
    f"https://github.com/catchorg/Catch2/archive/refs/tags/v{VERSION}.tar.gz",
    f"https://deb.debian.org/debian/pool/main/c/catch2/catch2_{VERSION}.orig.tar.gz",
    f"http://deb.debian.org/debian/pool/main/c/catch2/catch2_{VERSION}.orig.tar.gz",
)


def good(name: str, content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == FILES[name]


def main() -> None:
    folder = Path(sys.argv[1])
    if all((folder / name).is_file() and good(name, (folder / name).read_bytes()) for name in FILES):
        return
    tried = []
    for url in SOURCES:
        try:
            with urllib.request.urlopen(url, timeout=30) as page:
                content = page.read()
            found = {}
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                for name in FILES:
                    member = archive.extractfile(f"Catch2-{VERSION}/extras/{name}")
                    found[name] = member.read() if member else b""
        except (OSError, KeyError, tarfile.TarError) as error:
            tried.append(f"  {url}: {error}")
            continue
        if all(good(name, content) for name, content in found.items()):
            folder.mkdir(parents=True, exist_ok=True)
            for name, content in found.items():
                (folder / name).write_bytes(content)
            return
        tried.append(f"  {url}: not the files that are known by hash")
    sys.exit("Catch2 could not be fetched:\n" + "\n".join(tried))


if __name__ == "__main__":
    main()

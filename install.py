#!/usr/bin/env python3
"""Install natbound into a virtual environment: `python3 install.py` makes .venv/bin/natbound.

What a bare machine may lack is worked around here, so that Python >= 3.10 and a C++20 compiler are
enough: an older `python3` beside a newer one, Python without ensurepip (Debian splits it off), a
compiler under a versioned name only (clang++-14). CMake, Ninja, Z3 and Boost come from PyPI.
Only the standard library is used, and syntax that an old Python still reads, so that it can say so.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import urllib.parse
import urllib.request

HOME = os.path.dirname(os.path.abspath(__file__))
OLDEST = (3, 10)
NEWER = [f"python3.{minor}" for minor in (13, 12, 11, 10, 14)]
COMPILERS = [
    *("c++", "g++", "clang++"),
    *[f"g++-{version}" for version in range(16, 11, -1)],
    *[f"clang++-{version}" for version in range(22, 13, -1)],
]
# What natbound uses of C++20 that compilers got late.
PROBE = """
#include <bit>
#include <compare>
#include <concepts>
#include <span>
#include <string>
#include <vector>
template <std::integral T> T twice(T x) { return 2 * x; }
struct point { int x; auto operator<=>(const point&) const = default; };
int main() {
    std::vector<int> v{1, 2};
    return twice(std::span(v).size()) == 4 && point{1} < point{2} && std::popcount(3U) == 2 ? 0 : 1;
}
"""


def stop(message):
    sys.exit("install.py: " + message)


def usable_python():
    """This Python where it will do, else the first newer one on PATH takes over."""
    header = os.path.join(sysconfig.get_path("include"), "Python.h")
    fits = sys.version_info >= OLDEST
    if fits and os.path.exists(header):
        return
    if "NATBOUND_INSTALL_TRIED" not in os.environ:
        os.environ["NATBOUND_INSTALL_TRIED"] = "1"
        probe = "import os, sys, sysconfig as s; sys.exit(not os.path.exists(os.path.join(s.get_path('include'), 'Python.h')))"
        for name in NEWER:
            found = shutil.which(name)
            if found and subprocess.call([found, "-c", probe], stderr=subprocess.DEVNULL) == 0:
                os.execv(found, [found, *sys.argv])
    if not fits:
        stop(f"Python {OLDEST[0]}.{OLDEST[1]} or later is needed; this is {sys.version.split()[0]}")
    stop(
        f"Python's own headers are missing ({header}): the extension cannot be compiled.\n"
        "  Debian, Ubuntu: python3-dev; Fedora: python3-devel; or a Python that brings them "
        "(pyenv, conda, uv)."
    )


def usable_compiler():
    """The first compiler that takes the probe, named in CXX for CMake and whatever else runs."""
    given = os.environ.get("CXX")
    complaints = []
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "probe.cpp")
        with open(source, "w") as out:
            out.write(PROBE)
        for name in [given] if given else COMPILERS:
            words = name.split()  # CXX may be "ccache g++"
            if not shutil.which(words[0]):
                continue
            run = subprocess.run(
                [*words, "-std=c++20", source, "-o", os.path.join(folder, "probe")],
                stdout=subprocess.PIPE,  # capture_output is 3.7
                stderr=subprocess.PIPE,
            )
            if run.returncode == 0:
                os.environ["CXX"] = name
                return
            text = run.stderr.decode(errors="replace")
            first = next((line for line in text.splitlines() if "error" in line), text.strip())
            complaints.append(f"  {name}: {first}")
    stop(
        "a C++20 compiler is needed: g++ 12, clang 14 or later (Debian, Ubuntu: g++). "
        "CXX=... names one.\n" + "\n".join(complaints or [f"  none found: CXX={given or ''}"])
    )


def pip_wheel(folder):
    """Download pip from the package index, checked against the hash that the index states."""
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
    with urllib.request.urlopen(index, timeout=60) as page:
        links = re.findall(
            r'href="([^"]*/(pip-([0-9.]+)-py3-none-any\.whl)#sha256=([0-9a-f]{64}))"',
            page.read().decode(),
        )
        # The newest; a link may be relative to the page (PEP 503).
        newest = max(links, key=lambda link: [int(part) for part in link[2].split(".")])
        url = urllib.parse.urljoin(page.geturl(), newest[0])
    with urllib.request.urlopen(url, timeout=60) as page:
        content = page.read()
    if hashlib.sha256(content).hexdigest() != newest[3]:
        stop(f"{url} does not have the hash that the index states")
    path = os.path.join(folder, newest[1])
    with open(path, "wb") as out:
        out.write(content)
    return path


def make_environment(place):
    """A virtual environment with pip at `place`; what is there and works is kept."""
    python = os.path.join(place, "bin", "python")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if os.path.exists(python) and subprocess.call([python, "-m", "pip", "--version"], **quiet) == 0:
        return python
    import venv

    venv.EnvBuilder(clear=True, symlinks=True).create(place)
    if subprocess.call([python, "-m", "ensurepip", "--default-pip"], **quiet) != 0:
        with tempfile.TemporaryDirectory() as folder:
            try:
                wheel = pip_wheel(folder)
            except (OSError, ValueError) as error:  # no connection, or no such page
                stop(f"no pip: this Python has no ensurepip (Debian, Ubuntu: python3-venv), and PyPI cannot be read: {error}")
            subprocess.check_call([python, wheel + "/pip", "install", "-q", wheel])
    return python


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", default=os.path.join(HOME, ".venv"), help="where (default: .venv)")
    parser.add_argument("--extras", default="", help="extras of pyproject.toml, as in notebook,test")
    parser.add_argument("--bare", action="store_true", help="the environment only; prints the compiler")
    options = parser.parse_args()
    if "PATH" not in os.environ:  # `env -i`: then Python does not know where it is itself
        os.environ["PATH"] = "/usr/local/bin:/usr/bin:/bin"
        python = sys.executable or shutil.which("python3")
        os.execv(python, [python, *sys.argv])

    usable_python()
    usable_compiler()
    python = make_environment(os.path.abspath(options.venv))
    if options.bare:
        print(os.environ["CXX"])
        return
    print(f"Building natbound into {options.venv}: this takes a few minutes.", file=sys.stderr)
    what = HOME + (f"[{options.extras}]" if options.extras else "")
    code = subprocess.call([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", what])
    if code != 0:
        stop(f"pip failed (status {code}): its messages are above")


if __name__ == "__main__":
    main()

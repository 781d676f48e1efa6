#!/usr/bin/env python3
"""Install natbound into a virtual environment: `python3 install.py` makes .venv/bin/natbound.

What a bare machine may lack is worked around here, so that Python >= 3.10 and a C++20 compiler are
enough: an older `python3` beside a newer one, Python without ensurepip (Debian splits it off), a
compiler under a versioned name only (clang++-14). CMake, Ninja, Z3 and Boost come from PyPI.
Only the standard library is used, and syntax that an old Python still reads, so that it can say so.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import urllib.request

HOME = os.path.dirname(os.path.abspath(__file__))
OLDEST = (3, 10)
NEWER = ["python3.%d" % minor for minor in (13, 12, 11, 10, 14)]
COMPILERS = (
    ["c++", "g++", "clang++"]
    + ["g++-%d" % version for version in range(16, 11, -1)]
    + ["clang++-%d" % version for version in range(22, 13, -1)]
)
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
        probe = (
            "import os, sys, sysconfig as s; "
            "sys.exit(not os.path.exists(os.path.join(s.get_path('include'), 'Python.h')))"
        )
        for name in NEWER:
            found = shutil.which(name)
            if found and subprocess.call([found, "-c", probe], stderr=subprocess.DEVNULL) == 0:
                os.execv(found, [found] + sys.argv)
    if not fits:
        stop("Python %d.%d or later is needed; this is %s" % (OLDEST + (sys.version.split()[0],)))
    stop(
        "Python's own headers are missing (%s): the extension cannot be compiled.\n"
        "  Debian, Ubuntu: python3-dev; Fedora: python3-devel; or a Python that brings them "
        "(pyenv, conda, uv)." % header
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
                words + ["-std=c++20", source, "-o", os.path.join(folder, "probe")],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            if run.returncode == 0:
                os.environ["CXX"] = name
                return
            text = run.stderr.decode(errors="replace")
            first = next((line for line in text.splitlines() if "error" in line), text.strip())
            complaints.append("  %s: %s" % (name, first))
    stop(
        "a C++20 compiler is needed: g++ 12, clang 14 or later (Debian, Ubuntu: g++). "
        "CXX=... names one.\n" + "\n".join(complaints or ["  none found: CXX=%s" % (given or "")])
    )


def pip_wheel(folder):
    """Download pip from PyPI, checked against the hash that PyPI states."""
    with urllib.request.urlopen("https://pypi.org/pypi/pip/json", timeout=60) as page:
        files = json.load(page)["urls"]
    wheel = next(f for f in files if f["packagetype"] == "bdist_wheel")
    with urllib.request.urlopen(wheel["url"], timeout=60) as page:
        content = page.read()
    if hashlib.sha256(content).hexdigest() != wheel["digests"]["sha256"]:
        stop("%s does not have the hash that PyPI states" % wheel["url"])
    path = os.path.join(folder, wheel["filename"])
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
            except (OSError, LookupError, StopIteration) as error:
                stop(
                    "no pip: this Python has no ensurepip (Debian, Ubuntu: python3-venv), "
                    "and PyPI cannot be read: %s" % error
                )
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
        os.execv(python, [python] + sys.argv)

    usable_python()
    usable_compiler()
    python = make_environment(os.path.abspath(options.venv))
    if options.bare:
        print(os.environ["CXX"])
        return
    print("Building natbound into %s: this takes a few minutes." % options.venv, file=sys.stderr)
    what = HOME + ("[%s]" % options.extras if options.extras else "")
    code = subprocess.call([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", what])
    if code != 0:
        stop("pip failed (status %d): its messages are above" % code)


if __name__ == "__main__":
    main()

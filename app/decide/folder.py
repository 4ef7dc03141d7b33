"""A policy folder as files, with its content address and the layers it stands on."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from app.decide.source import Place, Tree, merged, read_yaml
from app.errors import PolicyError
from app.ids import PolicyVersion

TOP: Final = "policy.yaml"
YAML_FILES: Final = (TOP, "kinds.yaml", "problems.yaml", "calendars.yaml", "bands.yaml")
STATUTES: Final = "statutes.yaml"
"""The one file that a policy may do without: where no law is known to give more than the policy does."""
TABLES: Final = "tables/"
BRANDS: Final = "brands/"

_VERSION_DIGITS: Final = 16
_MOST_LAYERS: Final = 8


def load_folder(path: Path) -> dict[str, bytes]:
    """Return the folder's files by name, and under `<name>/` those of the folder beside it that it `extends`.

    PolicyError when there is no policy there, or when it extends itself.
    """
    return _loaded(path, ())


def _loaded(path: Path, above: tuple[str, ...]) -> dict[str, bytes]:
    if not (path / TOP).is_file():
        msg = f"{path / TOP}: there is no policy here; name a folder with a {TOP}"
        raise PolicyError(msg)
    files = {name: (path / name).read_bytes() for name in sorted(_names(path))}
    base = extends(files)
    if base is None:
        return files
    if base in (path.resolve().name, *above) or len(above) > _MOST_LAYERS:
        msg = f"{path / TOP}: `extends: {base}` comes back to itself"
        raise PolicyError(msg)
    below = _loaded(path.resolve().parent / base, (path.resolve().name, *above))
    return files | {f"{base}/{name}": content for name, content in below.items()}


def _names(path: Path) -> Iterator[str]:
    for file in path.rglob("*"):
        if file.is_file() and file.suffix in {".yaml", ".yml", ".json"}:
            yield file.relative_to(path).as_posix()


def extends(files: Mapping[str, bytes]) -> str | None:
    """Return the name of the policy that these files stand on; None when on none."""
    if TOP not in files:
        msg = f"{TOP}:1: a policy needs this file"
        raise PolicyError(msg)
    base = read_yaml(TOP, files[TOP]).mapping("the policy").get("extends")
    if base is None:
        return None
    name = base.text("extends")
    if "/" in name or f"{name}/" in {TABLES, BRANDS}:
        base.place.refuse(f"`extends: {name}` must name a folder beside this one")
    return name


def version_of(files: Mapping[str, bytes]) -> PolicyVersion:
    """Return the content address of a folder: the same files, the same version, whatever their order."""
    digest = sha256()
    for name in sorted(files):
        content = files[name]
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return PolicyVersion(digest.hexdigest()[:_VERSION_DIGITS])


class Layered:
    """The files of a policy after its layers have been laid over each other."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        layers = list(_layers(files))
        names = {name for _, own in layers for name in own}
        _only_known(names, layers)
        own = (*YAML_FILES, *({STATUTES} & names), *_under(BRANDS, names))
        self.trees = {name: _tree_over(name, layers) for name in own}
        self.tables = {
            name.removeprefix(TABLES).removesuffix(".json"): _topmost(name, layers) for name in _under(TABLES, names)
        }

    def brands(self) -> Mapping[str, Tree]:
        """Return the brand files by brand."""
        return {
            name.removeprefix(BRANDS).removesuffix(".yaml"): tree
            for name, tree in self.trees.items()
            if name.startswith(BRANDS)
        }


_Layer = tuple[str, dict[str, bytes]]


def _layers(files: Mapping[str, bytes], prefix: str = "") -> Iterator[_Layer]:
    """Yield the layers as (prefix of the names in errors, files), the lowest first."""
    base = extends(files)
    if base is None:
        yield prefix, dict(files)
        return
    inside = f"{base}/"
    yield from _layers({n.removeprefix(inside): c for n, c in files.items() if n.startswith(inside)}, prefix + inside)
    yield prefix, {name: content for name, content in files.items() if not name.startswith(inside)}


def _only_known(names: set[str], layers: list[_Layer]) -> None:
    for name in sorted(names):
        known = name in {*YAML_FILES, STATUTES} or (
            name.count("/") == 1
            and (
                (name.startswith(TABLES) and name.endswith(".json"))
                or (name.startswith(BRANDS) and name.endswith(".yaml"))
            )
        )
        if not known:
            where = next(prefix for prefix, own in layers if name in own)
            Place(where + name, 1).refuse(
                f"no such file belongs to a policy; it has {', '.join((*YAML_FILES, STATUTES))}, "
                f"{BRANDS}<brand>.yaml and {TABLES}<table>.json"
            )


def _under(folder: str, names: set[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(folder))


def _tree_over(name: str, layers: list[_Layer]) -> Tree:
    trees = [read_yaml(prefix + name, own[name]) for prefix, own in layers if name in own]
    if not trees:
        Place(name, 1).refuse("a policy needs this file")
    over = trees[0]
    for tree in trees[1:]:
        over = merged(over, tree)
    return over


def _topmost(name: str, layers: list[_Layer]) -> tuple[str, bytes]:
    """Return (name in errors, content) of a table: a table is replaced whole."""
    return next((prefix + name, own[name]) for prefix, own in reversed(layers) if name in own)

"""The programs of examples/, which are no part of the package."""

from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

from app.settings import ROOT


def example(name: str) -> Any:
    """Return a Python example as a module."""
    spec = spec_from_file_location(name, ROOT / "examples" / "python" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

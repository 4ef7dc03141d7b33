"""What the broker needs from the machine: a Java runtime and the jars that `make setup` fetches."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from app.errors import SetupError
from app.settings import ROOT

DEPLOYED: Final = ROOT / "deploy" / "kafka"
JARS: Final = DEPLOYED / "target" / "jars"
LOG_CONFIG: Final = DEPLOYED / "log4j2.xml"

_OLDEST: Final = 17
_VERSION: Final = re.compile(r'version "(?:1\.)?(\d+)')
_HOW: Final = (
    f"install a Java {_OLDEST} runtime (Debian: apt install openjdk-17-jre-headless) or point JAVA_HOME at one; "
    "or use a cluster of your own with KAFKA_BOOTSTRAP"
)


def find_java() -> str:
    """Return the path of a Java that can run Kafka 4 (17 or newer): of JAVA_HOME, else the first on the PATH."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        where = f"JAVA_HOME={home} has no bin/java" if home else "no `java` on the PATH"
        raise SetupError(f"the embedded broker needs Java, and there is {where}: {_HOW}")
    version = _major_version(found)
    if version is None or version < _OLDEST:
        said = "does not tell its version" if version is None else f"is Java {version}"
        raise SetupError(f"the embedded broker needs Java {_OLDEST} or newer, and {found} {said}: {_HOW}")
    return found


def class_path(jars: Path = JARS) -> str:
    """Return the class path of the broker's jars; a SetupError says how to fetch them."""
    if not any(jars.glob("kafka_2.13-*.jar")):
        raise SetupError(
            f"the broker's jars are not in {jars}: run `make setup`, which fetches them with Maven "
            "(Debian: apt install maven); or use a cluster of your own with KAFKA_BOOTSTRAP"
        )
    return f"{jars}/*"


def _major_version(java: str) -> int | None:
    try:
        told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(told.stderr + told.stdout)
    return int(match[1]) if match else None

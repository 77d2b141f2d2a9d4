"""An install of a gopher to come: this tree with a higher version, a newer minor, and more to store.

It is built as a wheel and unpacked, as an installer would. What it stores has fields that this one has
never heard of: at the end of each record and of each spec, and among the options.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from zipfile import ZipFile

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parent.parent.parent
VERSION = "0.99.0"
MINOR = 99
MORE = ";later=1"
FLAVOUR = "salted"

# (file, what stands there, what the gopher to come has instead)
CHANGES = (
    ("version.py", r'__version__ = ".*"', f'__version__ = "{VERSION}"'),
    ("store/schema_version.py", r"OURS = SchemaVersion\((\d+), \d+,", rf"OURS = SchemaVersion(\1, {MINOR},"),
    ("model/job/job.py", r"(    options: Options = NO_OPTIONS\n)", rf'\1    flavour: str = "{FLAVOUR}"\n'),
    ("model/job/job.py", r'(    parent: str = ""\n)', r'\1    colour: str = ""\n'),
    ("store/codec.py", r"(def encode_spec.*\n)", r"\1    return _encode(spec)\n"),
    ("store/lua/lib/submit/admit.lua", r'(";;" \.\. head\.lock)\)', rf'\1 .. "{MORE}")'),
)


def install(at: Path) -> Path:
    """The folder to put on the path."""
    tree = at / "tree"
    shutil.copytree(
        ROOT, tree,
        ignore=lambda _, names: [n for n in names if n.startswith(".") or n in ("__pycache__", "tests")],
    )  # fmt: skip
    for file, old, new in CHANGES:
        _change(tree / "gopher_cli" / file, old, new)
    (wheel,) = WheelBuilder(str(tree)).build(directory=str(at), versions=["standard"])
    ZipFile(wheel).extractall(at / "site")
    shutil.rmtree(tree)
    return at / "site"


def _change(file: Path, old: str, new: str) -> None:
    changed, times = re.subn(old, new, file.read_text())
    assert times == 1, f"{file.name} has changed: {old} is there {times} times"
    file.write_text(changed)

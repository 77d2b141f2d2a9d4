"""Where the program starts: ``gopher`` and ``python -m gopher_cli``."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Answer what needs no parser at once; everything else is a command."""
    # Whoever starts us may have closed these; nobody then wants to hear of it.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115
    args = sys.argv[1:]
    if args in (["--version"], ["-V"]):
        from gopher_cli import __version__

        print(f"gopher {__version__}")
        return
    if args[:1] == ["__complete"]:
        from gopher_cli.cli.complete import complete

        sys.exit(complete(args[1:]))
    from gopher_cli.cli.run import run

    sys.exit(run(args))


if __name__ == "__main__":
    main()

"""Where the program starts: ``gopher`` and ``python -m gopher_cli``."""

from __future__ import annotations

import sys

from gopher_cli.process_setup import open_standard_streams


def main() -> None:
    """Answer what needs no parser at once; everything else is a command."""
    open_standard_streams()
    args = sys.argv[1:]
    if args[:1] in (["--version"], ["-V"]):
        from gopher_cli.version import __version__

        print(f"gopher {__version__}")
        return
    if args[:1] == ["__complete"]:
        from gopher_cli.cli.commands.complete import complete

        sys.exit(complete(args[1:]))
    from gopher_cli.cli.shell.run import run

    sys.exit(run(args))


if __name__ == "__main__":
    main()

"""The command `kbatch`, also as `python -m kbatch`."""

from __future__ import annotations


def main() -> None:
    """Runs the command line."""
    from kbatch.cli import app

    app(prog_name="kbatch")


if __name__ == "__main__":
    main()

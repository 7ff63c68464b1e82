"""The command `kbatch`, also as `python -m kbatch`."""

from __future__ import annotations


def main() -> None:
    """Runs the command line."""
    import gc

    from kbatch import process

    process.start_lean()
    from kbatch.cli import app

    try:
        app(prog_name="kbatch")
    finally:
        gc.freeze()  # Python looks through all that lives before it ends: a fifth of a short run


if __name__ == "__main__":
    main()

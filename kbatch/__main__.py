"""The command `kbatch`, also as `python -m kbatch`."""

from __future__ import annotations


def main() -> None:
    """Runs the command line."""
    import gc
    import sys

    from kbatch import process

    process.start_lean()
    try:
        from kbatch.cli import app

        app(prog_name="kbatch")
    except KeyboardInterrupt:  # while it starts; later the commands see to it
        sys.exit(130)
    finally:
        gc.freeze()  # Python looks through all that lives before it ends: a fifth of a short run


if __name__ == "__main__":
    main()

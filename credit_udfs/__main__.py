"""``credit-udfs``, and ``python -m credit_udfs``: the command line."""

import sys


def main() -> None:
    """Run the command line; also while it is still being loaded, Ctrl-C ends it without a traceback."""
    try:
        from credit_udfs.cli import main as command
    except KeyboardInterrupt:
        sys.exit(130)
    command()


if __name__ == "__main__":
    main()

"""``python -m credit_udfs`` is the command line."""

from credit_udfs.cli import main

if __name__ == "__main__":
    main()

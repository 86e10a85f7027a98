"""``python -m mskv``: the same as ``mskv``."""

from mskv.command_line import main

if __name__ == "__main__":
    main()

"""``python -m local up|down|demo|status|...``: the whole system on this machine."""

import sys

from local.interpreter import use_the_projects_python

if __name__ == "__main__":
    use_the_projects_python("local")
    from local.command_line import main

    sys.exit(main())

"""``python -m local.container build [--tag TAG]``: the stand-in base image; prints its tag for --invoke-image."""

import sys

from local.interpreter import use_the_projects_python

if __name__ == "__main__":
    use_the_projects_python("local.container")
    from local.container.command_line import main

    sys.exit(main())

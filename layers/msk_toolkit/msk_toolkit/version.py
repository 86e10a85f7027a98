"""Which toolkit this is: its version in responses, and links into the documentation of that very version."""

from typing import Annotated

from msgspec import Meta

from msk_toolkit import __version__

# Whoever publishes the toolkit elsewhere changes this and [project.urls] in pyproject.toml (docs/releasing.md).
REPOSITORY = "https://github.com/msk-vantiq-toolkit/msk-vantiq-toolkit"


def document_url(path: str) -> str:
    """The address of a file of the repository as it was released with this version.

    Args:
        path: from the repository's root, with the section if there is one: ``docs/runbook.md#connect-timeout``.
    """
    return f"{REPOSITORY}/blob/v{__version__}/{path}"


def current_version() -> str:
    """The version of this toolkit.

    A factory of defaults: responses that omit defaults would omit a constant.
    """
    return __version__


ResponseVersion = Annotated[str, Meta(description="Version of the toolkit that gave this response.")]

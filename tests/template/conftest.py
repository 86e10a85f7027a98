"""The build that several files look at."""

import pytest

from tests.template.built import Build, sam_build


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The stack as `sam build` makes it by default."""
    return sam_build(tmp_path_factory.mktemp("default") / "build")

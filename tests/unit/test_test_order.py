"""`make test` names the folders of tests in their order, so a new one must be named too."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_folder_with_tests_is_run_and_those_with_brokers_come_last() -> None:
    paths = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["testpaths"]
    assert sorted(paths) == sorted({f"tests/{path.parent.name}" for path in ROOT.glob("tests/**/test_*.py")})
    assert paths[-2:] == ["tests/integration", "tests/e2e"]

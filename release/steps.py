"""The steps of a release, in their order; nothing outside of the target folder is changed before all have passed."""

import shlex
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from release.archive import checksums, tar_folder
from release.changelog import dated, section
from release.errors import ReleaseError
from release.materials import Library, completed, libraries, notices
from release.packaged import package_stack
from release.repository import git, run, state_problems
from release.version import current_version

_NAME = "msk-vantiq-toolkit"
# Each for both processors.
_LAYERS = (("ToolkitLayerArm64", "ToolkitLayerX86"), ("SchemaLayerArm64", "SchemaLayerX86"))
_COPIED = ("LICENSE", "README.md", "README.ja.md", "samconfig.toml")
# What the READMEs lead to; the rest of docs/ is code that writes documents.
_DOCUMENTS = ("*.md", "images/*", "schemas/*")
_GROUPS = ("--only-group", "layer", "--only-group", "schemas")
_EXPORT = ("export", "--quiet", "--locked", *_GROUPS, "--prune", "boto3", "--format", "cyclonedx1.5")

Say = Callable[[str], None]


class Options(NamedTuple):
    """How a release is made.

    ``checks`` are the make targets to run before. ``tags`` commits the changelog and sets the tag; otherwise the
    commands for it are printed.
    """

    checks: tuple[str, ...] = ("check",)
    tags: bool = False
    uv: str = "uv"


def make_release(root: Path, target: Path, options: Options, say: Say) -> None:
    """Check, build and package the current version.

    Raises:
        ReleaseError: with every reason why not.
    """
    version = current_version(root)
    day = datetime.now(UTC)
    changelog = _ready(root, version, day.date())
    # Of all times that archives have, so that whoever builds the tag gets the same bytes.
    midnight = int(day.replace(hour=0, minute=0, second=0, microsecond=0).timestamp())
    say(f"{_NAME} {version}")
    for check in options.checks:
        say(f"make {check} ...")
        run(root, ["make", check])
    say("sam build ...")
    build = target / "build"
    shutil.rmtree(target, ignore_errors=True)
    run(root, ["sam", "build", "--no-cached", "--build-dir", str(build)])
    carried = _libraries(build)
    packages = [*_stack_packages(root, target, build, changelog, midnight), _wheel(root, target, options.uv, midnight)]
    texts = {
        "THIRD-PARTY-NOTICES.txt": notices(carried),
        f"{_NAME}-{version}.cdx.json": completed(run(root, [options.uv, *_EXPORT]), carried, version, midnight),
        "release-notes.md": section(changelog, version) + "\n",
    }
    for name, text in texts.items():
        (target / name).write_text(text, encoding="utf-8")
        packages.append(target / name)
    shutil.rmtree(build)
    (target / "SHA256SUMS").write_text(checksums(packages), encoding="utf-8")
    say(f"in {target.relative_to(root)}:")
    for path in (*packages, target / "SHA256SUMS"):
        say(f"  {path.name}  {path.stat().st_size:,} bytes")
    _tag(root, version, changelog, options, say)


def _ready(root: Path, version: str, today: date) -> str:
    """The changelog of the release.

    Raises:
        ReleaseError: the sources are not ready, with every reason.
    """
    reasons = state_problems(root, version)
    changelog = ""
    try:
        changelog = dated((root / "CHANGELOG.md").read_text(encoding="utf-8"), version, today)
    except ReleaseError as error:
        reasons += error.reasons
    if reasons:
        raise ReleaseError(*reasons)
    return changelog


def _libraries(build: Path) -> list[Library]:
    carried: list[Library] = []
    for first, second in _LAYERS:
        of_first = libraries(build / first)
        if of_first != libraries(build / second):
            raise ReleaseError(f"{first} and {second} do not carry the same libraries")
        carried += of_first
    return sorted(carried)


def _stack_packages(root: Path, target: Path, build: Path, changelog: str, seconds: int) -> list[Path]:
    """The stack in one archive, and each of the zip files that are in it."""
    stack = target / f"{_NAME}-{current_version(root)}"
    stack.mkdir(parents=True)
    package_stack(build, stack)
    files = [root / name for name in _COPIED]
    for pattern in _DOCUMENTS:
        files += (root / "docs").glob(pattern)
    for path in files:
        copy = stack / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    (stack / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    (stack / "THIRD-PARTY-NOTICES.txt").write_text(notices(_libraries(build)), encoding="utf-8")
    archive = target / f"{stack.name}.tar.gz"
    tar_folder(stack, archive, seconds)
    zips = [path.rename(target / path.name) for path in sorted(stack.glob("*.zip"))]
    shutil.rmtree(stack)
    return [archive, *zips]


def _wheel(root: Path, target: Path, uv: str, seconds: int) -> Path:
    """The command line mskv."""
    command = [uv, "build", "--quiet", "--wheel", "--build-constraints", "locks/build.txt", "--require-hashes"]
    run(root, [*command, "--out-dir", str(target)], SOURCE_DATE_EPOCH=str(seconds))
    (wheel,) = target.glob("*.whl")
    return wheel


def _tag(root: Path, version: str, changelog: str, options: Options, say: Say) -> None:
    commit = ("commit", "--message", f"Release {version}", "CHANGELOG.md")
    tag = ("tag", "--annotate", f"v{version}", "--message", f"Release {version}")
    if not options.tags:
        say("nothing was committed or tagged; with TAG=1 this follows: CHANGELOG.md with the dated section, and")
        for command in (commit, tag):
            say(f"  git {shlex.join(command)}")
        return
    (root / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    for command in (commit, tag):
        git(root, *command)
    say(f"committed and tagged v{version}; publish with: git push --follow-tags")

"""Build the stand-in image: a tar into ``docker import``, skipped when an up-to-date image exists."""

import hashlib
import io
import itertools
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from local.container import filesystem

TAG = "msk-toolkit/lambda-python:3.13"
LABEL = "msk-toolkit.digest"
IMPORT_SECONDS = 300
QUESTION_SECONDS = 60
EXECUTABLE = 0o755
# What a function needs and what a missing library would break.
SMOKE_TEST = "import awslambdaric.bootstrap, boto3, ctypes, hashlib, lzma, ssl, zlib"


class ImageError(RuntimeError):
    """The container engine refused the image, or the image can't run Python."""


def build(tag: str = TAG) -> bool:
    """Make the image ``tag``; False when the one that exists was made from the same files.

    Raises:
        ImageError: the engine can't be reached or refuses, or the image can't import the runtime.
        filesystem.NoSuchCommandError: this machine lacks a part.
    """
    files = filesystem.image_files()
    digest = files_digest(files)
    if existing_digest(tag) == digest:
        return False
    settings = [f"ENV {name}={value}" for name, value in filesystem.ENVIRONMENT.items()]
    settings += ["WORKDIR /var/task", f"LABEL {LABEL}={digest}"]
    changes = itertools.chain.from_iterable(("--change", setting) for setting in settings)
    with tempfile.TemporaryFile() as tar:
        write_tar(tar, files)
        tar.seek(0)
        _docker("import", *changes, "-", tag, stdin=tar, seconds=IMPORT_SECONDS)
    try:
        _docker("run", "--rm", "--network", "none", tag, f"{filesystem.LANG}/bin/python3.13", "-c", SMOKE_TEST)
    except ImageError:
        # Else the next build would take the broken image for an up-to-date one.
        _docker("image", "rm", "--force", tag)
        raise
    return True


def engine_problem() -> str | None:
    """Why no container engine can be used; None when one answers. Tests that need an engine are skipped by it."""
    try:
        _docker("info")
    except ImageError as exc:
        return str(exc)
    return None


def existing_digest(tag: str) -> str | None:
    """The digest that the image ``tag`` was made from; None without such an image, "" for one of other origin."""
    listed = _docker("image", "ls", "--quiet", tag)
    if not listed.strip():
        return None
    return _docker("image", "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', tag).strip()


def files_digest(files: Mapping[str, Path]) -> str:
    """A digest that changes with any file's path, size or time, and with what the image generates (hexadecimal)."""
    facts = [f"{path} {source.stat().st_size} {source.stat().st_mtime_ns}" for path, source in sorted(files.items())]
    made = repr((filesystem.GENERATED, filesystem.ENVIRONMENT, filesystem.DIRECTORIES))
    return hashlib.sha256("\n".join([*facts, made]).encode()).hexdigest()


def write_tar(into: IO[bytes], files: Mapping[str, Path]) -> None:
    """Write the image's file system. Times stay: Python checks its byte code by the source's time."""
    with tarfile.open(fileobj=into, mode="w", dereference=True) as tar:
        for path in filesystem.DIRECTORIES:
            directory = tarfile.TarInfo(path.lstrip("/"))
            directory.type, directory.mode = tarfile.DIRTYPE, 0o1777
            tar.addfile(directory)
        for path, text in filesystem.GENERATED.items():
            made = tarfile.TarInfo(path.lstrip("/"))
            made.size, made.mode = len(text.encode()), EXECUTABLE
            tar.addfile(made, io.BytesIO(text.encode()))
        for path, source in sorted(files.items()):
            tar.add(source, path.lstrip("/"), filter=_owned_by_root)


def _owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mode |= 0o444
    # A second hard link to a file would be stored as a link to a path outside the image.
    member.type, member.linkname = tarfile.REGTYPE, ""
    return member


def _docker(*arguments: str, stdin: IO[bytes] | None = None, seconds: float = QUESTION_SECONDS) -> str:
    try:
        done = subprocess.run(["docker", *arguments], stdin=stdin, capture_output=True, timeout=seconds, check=False)
    except FileNotFoundError as exc:
        raise ImageError("docker is not on PATH; `sam local invoke` needs a container engine") from exc
    except subprocess.TimeoutExpired as exc:
        raise ImageError(f"docker {arguments[0]} did not finish within {seconds:.0f} s") from exc
    if done.returncode:
        raise ImageError(f"docker {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode()

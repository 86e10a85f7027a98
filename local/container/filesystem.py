"""The files of the stand-in image: this machine's Python, a shell, the libraries both need, Lambda's runtime."""

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

from local.container.runtime import runtime_files

LANG = "/var/lang"
RUNTIME = "/var/runtime"
# `sam local invoke` adds its emulator and the layer by RUN lines, so the image needs a shell and these.
COMMANDS = ("sh", "mv", "cp", "rm", "chmod")
# Parts of the standard library that no function imports: 240 of 300 MB.
LEFT_OUT = {"test", "idlelib", "tkinter", "turtledemo", "ensurepip", "pydoc_data", "site-packages", "dist-packages"}

BOOTSTRAP = f"""#!/bin/sh
cd "$LAMBDA_TASK_ROOT" || exit 1
export PYTHONPATH="$LAMBDA_TASK_ROOT:/opt/python:$PYTHONPATH"
exec {LANG}/bin/python3.13 -m awslambdaric "$_HANDLER"
"""
GENERATED = {
    f"{RUNTIME}/bootstrap": BOOTSTRAP,
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nsbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin\n",
    "/etc/group": "root:x:0:\nsbx_user1051:x:990:\n",
    "/etc/nsswitch.conf": "hosts: files dns\n",
}
ENVIRONMENT = {
    "PATH": f"{LANG}/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin",
    "LD_LIBRARY_PATH": f"{LANG}/lib:/var/task:/var/task/lib:/opt/lib",
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "PYTHONPATH": RUNTIME,
    "LAMBDA_TASK_ROOT": "/var/task",
    "LAMBDA_RUNTIME_DIR": RUNTIME,
    # The image has no system CAs of its own; botocore brings Mozilla's list.
    "SSL_CERT_FILE": f"{RUNTIME}/botocore/cacert.pem",
}
DIRECTORIES = ("/tmp", "/var/task", "/opt", "/root")  # noqa: S108 - names inside the image


class NoSuchCommandError(RuntimeError):
    """A program that the stand-in image takes from this machine is not here."""


def image_files() -> dict[str, Path]:
    """Absolute path in the image -> file on this machine.

    Raises:
        NoSuchCommandError: this machine lacks ``ldd`` or a command of ``COMMANDS``.
    """
    files = dict(_python_files())
    for command in COMMANDS:
        files[f"/bin/{command}"] = _which(command)
    files |= {f"{RUNTIME}/{path}": source for path, source in runtime_files().items()}
    binaries = [source for path, source in files.items() if path.startswith(("/bin/", f"{LANG}/bin/")) or ".so" in path]
    return files | dict(_libraries(binaries))


def _python_files() -> Iterator[tuple[str, Path]]:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    yield f"{LANG}/bin/python{version}", (Path(sys.base_prefix) / "bin" / f"python{version}").resolve()
    library = Path(sysconfig.get_path("stdlib"))
    for source in library.rglob("*"):
        below = source.relative_to(library)
        top = below.parts[0]
        if source.is_file() and top not in LEFT_OUT and not top.startswith("config-"):
            yield f"{LANG}/lib/python{version}/{below.as_posix()}", source


def _libraries(binaries: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """What the dynamic linker loads for ``binaries``; the linker itself at the path that is compiled into them."""
    _which("ldd")
    answer = subprocess.run(
        ["ldd", *map(str, binaries)], capture_output=True, text=True, timeout=60, check=False
    ).stdout
    for name, path in re.findall(r"^\s+(\S+) => (/\S+)", answer, re.MULTILINE):
        yield f"{LANG}/lib/{name}", Path(path).resolve()
    for path in re.findall(r"^\s+(/\S+) \(0x", answer, re.MULTILINE):
        yield path, Path(path).resolve()


def _which(command: str) -> Path:
    path = shutil.which(command)
    if path is None:
        raise NoSuchCommandError(f"{command} is not on PATH; the image is built from this (Linux) machine's programs")
    return Path(path).resolve()

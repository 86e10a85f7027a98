"""Archives whose bytes depend on the contents alone: the same sources make the same checksums."""

import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

# The first moment that a zip file can express; AWS Lambda looks at no times.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644
_EXECUTABLE = 0o755
_REGULAR_FILE = 0o100000


def files_below(folder: Path) -> list[Path]:
    """Every file below a folder, sorted by its path."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def zip_folder(folder: Path, target: Path) -> None:
    """Pack the contents of a folder, without the folder itself."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files_below(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            # Unix permissions are in the upper half; without them Lambda can't read the file.
            entry.create_system = 3
            entry.external_attr = (_REGULAR_FILE | _mode(path)) << 16
            archive.writestr(entry, path.read_bytes())


def tar_folder(folder: Path, target: Path, seconds: int) -> None:
    """Pack a folder under its own name as a gzip-compressed tar file.

    Args:
        seconds: the time of every entry, since 1970.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in files_below(folder):
            entry = tarfile.TarInfo(path.relative_to(folder.parent).as_posix())
            entry.size = path.stat().st_size
            entry.mode = _mode(path)
            entry.mtime = seconds
            with path.open("rb") as content:
                archive.addfile(entry, content)
    target.write_bytes(gzip.compress(packed.getvalue(), compresslevel=9, mtime=seconds))


def checksums(paths: Iterable[Path]) -> str:
    """A line for each file, as ``sha256sum --check`` reads them."""
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in paths]
    return "".join(lines)


def _mode(path: Path) -> int:
    return _EXECUTABLE if path.stat().st_mode & 0o100 else _READABLE

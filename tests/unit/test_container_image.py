"""The stand-in for Lambda's image: what goes into it, and when it has to be made again."""

import io
import tarfile
from pathlib import Path

import pytest

from local.container import filesystem, image


def test_the_image_holds_an_interpreter_a_shell_their_libraries_and_the_runtime_client() -> None:
    files = filesystem.image_files()
    assert {"/var/lang/bin/python3.13", "/var/lang/lib/python3.13/os.py", "/bin/sh", "/bin/chmod"} <= files.keys()
    assert {"/var/runtime/awslambdaric/bootstrap.py", "/var/runtime/boto3/__init__.py"} <= files.keys()
    assert "/var/lang/lib/libc.so.6" in files
    assert not any(path.startswith("/var/lang/lib/python3.13/test/") for path in files)


def test_the_runtime_holds_nothing_that_only_this_environment_has() -> None:
    # SAM's own extra of boto3: Lambda's runtime has none, and it would make every start slower.
    assert not any(path.startswith("/var/runtime/awscrt/") for path in filesystem.image_files())


def test_a_command_that_is_not_on_this_machine_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(filesystem.NoSuchCommandError, match="sh is not on PATH"):
        filesystem.image_files()


def test_a_changed_file_or_bootstrap_asks_for_a_new_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "module.py"
    source.write_text("1")
    files = {"/var/runtime/module.py": source}
    first = image.files_digest(files)
    assert image.files_digest(files) == first
    source.write_text("22")
    second = image.files_digest(files)
    monkeypatch.setitem(filesystem.GENERATED, "/var/runtime/bootstrap", "another")
    assert len({first, second, image.files_digest(files)}) == 3


def test_the_tar_keeps_times_follows_links_and_belongs_to_root(tmp_path: Path) -> None:
    source = tmp_path / "module.py"
    source.write_text("1")
    link = tmp_path / "link.py"
    link.symlink_to(source)
    twin = tmp_path / "twin.py"
    twin.hardlink_to(source)
    written = io.BytesIO()
    image.write_tar(written, {"/a/link.py": link, "/a/module.py": source, "/a/twin.py": twin})
    written.seek(0)
    with tarfile.open(fileobj=written) as tar:
        for name in ("a/link.py", "a/module.py", "a/twin.py"):
            member = tar.getmember(name)
            assert member.isreg(), name
            content = tar.extractfile(member)
            assert content is not None
            assert content.read() == b"1", name
            assert int(member.mtime) == int(source.stat().st_mtime), name
            assert (member.uid, member.uname) == (0, "root"), name
        assert tar.getmember("var/runtime/bootstrap").mode & 0o111

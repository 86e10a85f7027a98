"""What others have written and the layers carry: the bill of materials (CycloneDX) and the notices."""

import email.parser
import hashlib
import json
import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from release.errors import ReleaseError

# What a library that has no License-Expression calls its license, and SPDX's name of it.
_SPDX = {"3-Clause BSD License": "BSD-3-Clause"}
_LICENSE_FILES = re.compile(r"(LICEN[SC]E|COPYING|NOTICE)", re.IGNORECASE)


class Crate(NamedTuple):
    """What is compiled into a library, as the bill of materials in its wheel names it (PEP 770)."""

    name: str
    version: str
    license: str
    purl: str


class Library(NamedTuple):
    """A distribution in a layer, with the texts of its license files, and what is compiled into it."""

    name: str
    version: str
    license: str
    texts: tuple[str, ...]
    crates: tuple[Crate, ...] = ()


def libraries(layer: Path) -> list[Library]:
    """The distributions in a built layer, by name.

    Raises:
        ReleaseError: one does not say under which license it is, or lacks the license's text.
    """
    folders = sorted((layer / "python").glob("*.dist-info"))
    libraries = [_library(folder) for folder in folders]
    silent = [library.name for library in libraries if not library.license or not library.texts]
    if silent:
        raise ReleaseError(f"no license or no license text in the layer: {', '.join(silent)}")
    return sorted(libraries)


def notices(libraries: Sequence[Library]) -> str:
    """THIRD-PARTY-NOTICES.txt."""
    head = "The Lambda layers carry these libraries, each under its own license.\n"
    parts = []
    for library in libraries:
        title = f"{library.name} {library.version} ({library.license})"
        parts.append("\n".join([title, "=" * len(title), "", *library.texts, *_compiled_in(library)]))
    return "\n\n".join([head, *parts]).rstrip("\n") + "\n"


def _compiled_in(library: Library) -> list[str]:
    if not library.crates:
        return []
    lines = [f"  {crate.name} {crate.version} ({crate.license})" for crate in library.crates]
    return ["", f"Compiled into {library.name}:", *lines]


def completed(exported: str, libraries: Sequence[Library], version: str, seconds: int) -> str:
    """uv's export of the lock file as the bill of materials of a release: with licenses, and always the same.

    Args:
        exported: CycloneDX as JSON.
        libraries: what the layers really carry.
        seconds: the time of the release, since 1970.

    Raises:
        ReleaseError: the export and the layers do not name the same libraries.
    """
    bill: dict[str, Any] = json.loads(exported)
    carried = {(normalized(library.name), library.version): library for library in libraries}
    listed = {(normalized(component["name"]), component["version"]) for component in bill["components"]}
    if listed != carried.keys():
        names = sorted(name for name, _ in listed ^ carried.keys())
        raise ReleaseError(f"the lock file and the layers do not have the same libraries: {', '.join(names)}")
    for component in bill["components"]:
        library = carried[normalized(component["name"]), component["version"]]
        component["licenses"] = [{"expression": library.license}]
        if library.crates:
            component["components"] = [_component(crate) for crate in library.crates]
    bill["metadata"]["timestamp"] = datetime.fromtimestamp(seconds, UTC).isoformat()
    bill["metadata"]["component"] |= {
        "type": "application",
        "version": version,
        "licenses": [{"expression": "Apache-2.0"}],
    }
    del bill["serialNumber"]
    digest = hashlib.sha256(json.dumps(bill, sort_keys=True).encode()).hexdigest()
    bill["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_OID, digest).urn
    return json.dumps(bill, indent=2, ensure_ascii=False) + "\n"


def _component(crate: Crate) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": crate.purl,
        "name": crate.name,
        "version": crate.version,
        "purl": crate.purl,
        "licenses": [{"expression": crate.license}],
    }


def normalized(name: str) -> str:
    """A distribution's name as PyPI compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _library(folder: Path) -> Library:
    metadata = email.parser.Parser().parsestr((folder / "METADATA").read_text(encoding="utf-8"))
    named = (metadata.get("License-Expression") or metadata.get("License") or "").strip()
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _LICENSE_FILES.search(path.name))
    texts = tuple(path.read_text(encoding="utf-8").strip() for path in files)
    return Library(metadata["Name"], metadata["Version"], _SPDX.get(named, named), texts, _crates(folder))


def _crates(folder: Path) -> tuple[Crate, ...]:
    crates = set()
    for bill in folder.glob("sboms/*.cyclonedx.json"):
        for component in json.loads(bill.read_text(encoding="utf-8"))["components"]:
            expressions = [entry["expression"] for entry in component.get("licenses", []) if "expression" in entry]
            license_text = " AND ".join(expressions) or "NOASSERTION"
            crates.add(Crate(component["name"], component["version"], license_text, component["purl"]))
    return tuple(sorted(crates))

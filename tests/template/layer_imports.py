"""What the modules of a built layer import, read from their sources: also inside functions, where no run may come."""

import ast
from collections.abc import Iterator
from pathlib import Path


def module_name(path: Path, folder: Path) -> str:
    """The dotted name of a source below a folder of libraries."""
    parts = path.relative_to(folder).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, folder: Path) -> Iterator[tuple[str, str | None]]:
    """The imports of a source but for type checkers' own: a module, and the name that is taken from it."""
    package = module_name(path, folder)
    if path.name != "__init__.py":
        package = package.rpartition(".")[0]
    tree = ast.parse(path.read_bytes())
    for_checkers = _for_checkers(tree)
    for node in ast.walk(tree):
        if node in for_checkers:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, package)
            yield from ((module, alias.name) for alias in node.names)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def _for_checkers(tree: ast.AST) -> set[ast.AST]:
    nodes: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for statement in node.body:
                nodes.update(ast.walk(statement))
    return nodes

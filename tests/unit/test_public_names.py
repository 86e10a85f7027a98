"""A public name of the layer has one meaning: it is defined in one module."""

import ast
from collections import defaultdict
from pathlib import Path

LAYER = Path(__file__).parents[2] / "layers" / "msk_toolkit" / "msk_toolkit"


def public_names(module: Path) -> list[str]:
    names: list[str] = []
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.append(node.target.id)
        elif isinstance(node, ast.TypeAlias) and isinstance(node.name, ast.Name):
            names.append(node.name.id)
    return [name for name in names if not name.startswith("_")]


def test_a_public_name_of_the_layer_is_defined_in_one_module() -> None:
    modules: dict[str, list[str]] = defaultdict(list)
    for module in sorted(LAYER.rglob("*.py")):
        for name in dict.fromkeys(public_names(module)):
            modules[name].append(module.relative_to(LAYER).as_posix())
    assert {name: places for name, places in modules.items() if len(places) > 1} == {}

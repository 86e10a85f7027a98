"""``make mutants`` changes what it says it changes, and its list of accepted survivors is not out of date."""

import pytest

from tests.mutants.accepted import FILE, read_accepted
from tests.mutants.changes import changes
from tests.mutants.packages import LAYER, PACKAGES, ROOT, modules_of, unit_tests_of


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("x = a < b", ["x = (a <= b)"]),
        ("x = a is None", ["x = (a is not None)"]),
        ("x = a and b", ["x = (a or b)"]),
        ("x = not a", ["x = (a)"]),
        ("x = a + b", ["x = (a - b)"]),
        ("x = 3", ["x = (4)"]),
        ("x = True", ["x = (False)"]),
        ("x = min(a)", ["x = (max(a))"]),
        ("f()", ["pass"]),
        ("x += a", ["pass"]),
        ("x = b if a else c", ["x = b if (not a) else c"]),
        ('x = "text"', []),
        ("x: int | None = a", []),
        ('raise ValueError("a" + b)', []),
    ],
)
def test_a_statement_is_changed_in_every_place_that_decides(statement: str, expected: list[str]) -> None:
    assert [change.source for change in changes(statement)] == expected


def test_a_change_names_its_function_and_line_and_leaves_the_rest_alone() -> None:
    source = (
        'class A:\n    """Ü."""\n\n    def f(self, a: int = 1) -> bool:\n        """Doc."""\n        return a > 1\n'
    )
    made = list(changes(source))
    assert [(change.function, change.line, change.before) for change in made] == [
        ("A.f", 4, "1"),
        ("A.f", 6, "return a > 1"),
        ("A.f", 6, "a > 1"),
        ("A.f", 6, "1"),
    ]
    assert made[2].source == source.replace("a > 1", "(a >= 1)")


def test_the_condition_of_an_elif_is_replaced_alone() -> None:
    first, second = changes("if a:\n    x = y\nelif c:\n    x = z\n")
    assert first.source == "if (not a):\n    x = y\nelif c:\n    x = z\n"
    assert second.source == "if a:\n    x = y\nelif (not c):\n    x = z\n"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_has_modules_and_tests(package: str) -> None:
    assert list(modules_of(PACKAGES[package]))
    assert unit_tests_of(PACKAGES[package])


def test_an_accepted_survivor_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="not of the form"):
        read_accepted("forward/retry.py pause: 16 -> (17)")


def test_every_accepted_survivor_still_exists() -> None:
    for entry in read_accepted(FILE.read_text(encoding="utf-8")):
        source = (ROOT / LAYER / entry.module).read_text(encoding="utf-8")
        texts = {
            f"{' '.join(change.before.split())} -> {' '.join(change.after.split())}"
            for change in changes(source)
            if change.function == entry.function
        }
        assert entry.change in texts, entry

"""The console's page: what the deployed matrix answers, and a clear word where it answers nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from local.aws.functions import FunctionError, FunctionUnavailableError
from local.console.app import MATRIX, PROBES, console

pytestmark = pytest.mark.enable_socket
Client = TestClient[Request, Application]


class Functions:
    """Answers by logical id; an error is raised."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers
        self.invoked: list[str] = []

    def __call__(self, logical_id: str, event: dict[str, Any]) -> Any:
        self.invoked.append(logical_id)
        answer = self._answers.get(logical_id, {})
        if isinstance(answer, Exception):
            raise answer
        return answer


def ask(functions: Functions, question: Callable[[Client], Awaitable[ClientResponse]]) -> tuple[int, str, Any]:
    """Status, text and headers of the answer to one question."""

    async def talk() -> tuple[int, str, Any]:
        async with TestClient(TestServer(console(functions))) as client:
            response = await question(client)
            return response.status, await response.text(), response.headers

    return asyncio.run(talk())


def test_the_page_shows_the_matrix_and_asks_for_itself_again_and_runs_no_probe() -> None:
    functions = Functions(**{MATRIX: "<p>all is well</p>"})
    status, text, headers = ask(functions, lambda client: client.get("/"))
    assert status == 200
    assert "<main><p>all is well</p></main>" in text
    assert '<meta http-equiv="refresh"' in text
    assert functions.invoked == [MATRIX]
    assert "script-src" not in headers["Content-Security-Policy"]
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("error", [FunctionError("matrix: <b>no</b>"), FunctionUnavailableError("matrix: <b>no</b>")])
def test_a_matrix_that_does_not_answer_is_told_and_the_page_goes_on_asking(error: Exception) -> None:
    status, text, _ = ask(Functions(**{MATRIX: error}), lambda client: client.get("/"))
    assert status == 502
    assert "✗ The matrix could not be loaded:</b> matrix: &lt;b&gt;no&lt;/b&gt;" in text
    assert '<meta http-equiv="refresh"' in text


def test_probe_now_runs_both_probes_and_shows_the_page_even_where_one_breaks() -> None:
    functions = Functions(**{PROBES[0]: FunctionError("broken"), MATRIX: "shown"})
    status, text, _ = ask(functions, lambda client: client.post("/probe"))
    assert (status, "shown" in text) == (200, True)
    assert sorted(functions.invoked[:2]) == sorted(PROBES)


def test_a_mistake_of_our_own_is_not_swallowed() -> None:
    status, _, _ = ask(Functions(**{PROBES[0]: ZeroDivisionError()}), lambda client: client.post("/probe"))
    assert status == 500


@pytest.mark.parametrize("headers", [{"Host": "evil.example:80"}, {"Origin": "https://evil.example"}])
def test_a_foreign_page_can_neither_read_nor_probe(headers: dict[str, str]) -> None:
    functions = Functions()
    assert ask(functions, lambda client: client.get("/", headers=headers))[0] == 403
    assert ask(functions, lambda client: client.post("/probe", headers=headers))[0] == 403
    assert functions.invoked == []

"""The fuzz targets by name; each is imported when it runs, as it brings along what it needs."""

from importlib import import_module
from typing import NamedTuple

from tests.fuzz.frame import FuzzTarget


class Listed(NamedTuple):
    """A target's module and class, and how many of its inputs a short run plays."""

    module: str
    name: str
    short: int

    def make(self) -> FuzzTarget:
        """The target itself."""
        made: FuzzTarget = getattr(import_module(f"tests.fuzz.{self.module}"), self.name)()
        return made


TARGETS = {
    "events": Listed("msk_events", "MskEvents", 1_000),
    "requests": Listed("function_requests", "FunctionRequests", 1_000),
    "topic-files": Listed("topic_files", "TopicFiles", 2_000),
    "answers": Listed("vantiq_answers", "VantiqAnswers", 2_000),
    "brokers": Listed("brokers_answers", "BrokerAnswers", 3_000),
}

"""The deployed functions, as the console calls them."""

from typing import Any, Protocol

from local.aws.functions import FunctionError, FunctionUnavailableError

UNAVAILABLE = (FunctionError, FunctionUnavailableError)


class Invokes(Protocol):
    """Invokes a deployed function by its logical id."""

    def __call__(self, logical_id: str, event: dict[str, Any]) -> Any:
        """Its response.

        Raises:
            FunctionError, FunctionUnavailableError: there is none.
        """
        ...

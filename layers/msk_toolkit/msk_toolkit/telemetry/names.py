"""The name under which a function logs and publishes."""

import os


def function_name(otherwise: str) -> str:
    """The deployed function's name, so that two stacks in one account stay apart; ``otherwise`` outside of Lambda."""
    return os.environ.get("AWS_LAMBDA_FUNCTION_NAME", otherwise)

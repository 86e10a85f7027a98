"""What a shell offers while a command is typed, beyond the names of commands and options."""

import click

from mskv.errors import NotReachedError
from mskv.options import place_named

# A person waits with a finger on the key.
_CONNECT_SECONDS, _READ_SECONDS = 1.0, 2.0


def forwarded_topics(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The topics that the stack forwards; none where it can't be asked at once."""
    typed = context.params
    try:
        place = place_named(
            typed.get("stack"),
            typed.get("region"),
            typed.get("profile"),
            local=bool(typed.get("local")),
            local_run=typed.get("local_run"),
        )
    except (click.ClickException, NotReachedError):
        return []
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    config = Config(connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, retries={"total_max_attempts": 1})
    try:
        client = place.session.client("cloudformation", endpoint_url=place.endpoint, config=config)
        parameters = client.describe_stacks(StackName=place.stack)["Stacks"][0].get("Parameters", [])
    except (BotoCoreError, ClientError):
        return []
    listed = next((entry["ParameterValue"] for entry in parameters if entry["ParameterKey"] == "ForwardTopics"), "")
    topics = [name.strip() for name in listed.split(",")]
    return [topic for topic in topics if topic and topic.startswith(incomplete)]

"""The clients, with boto3 imported beforehand: for functions of which every invocation needs it.

Lambda gives a function's init a whole processor, and an invocation only the share of its memory.
"""

import boto3  # noqa: F401 - loaded for the clients

from msk_toolkit.aws.clients import client as client
from msk_toolkit.aws.clients import invoking_client as invoking_client

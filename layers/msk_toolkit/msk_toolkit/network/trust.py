"""Whom a connection trusts: the system's authorities, or the ones that the user named."""

import functools
import ssl

from msk_toolkit.errors import ConfigurationError


@functools.cache
def tls_context(trusted_ca: str = "") -> ssl.SSLContext:
    """A client context that verifies certificate and host name; made once a process (loading takes 20 ms).

    Args:
        trusted_ca: PEM text of the authorities to trust; empty for the system's.

    Raises:
        ConfigurationError: the text holds no certificate.
    """
    if not trusted_ca:
        return ssl.create_default_context()
    try:
        # A one-line environment file can only carry line breaks as the two characters \n.
        return ssl.create_default_context(cadata=trusted_ca.replace("\\n", "\n"))
    except (ssl.SSLError, ValueError, TypeError) as error:  # TypeError: not ASCII
        raise ConfigurationError("TRUSTED_CA", ["holds no certificate in PEM form"]) from error

"""The console's page, around the matrix that the deployed function makes."""

from html import escape

# The probes run each minute here; a page that is asked for costs one read of two logs.
REFRESH_SECONDS = 5
_STYLE = """
:root { color-scheme: light dark; }
body { margin: 1em; font: 14px/1.4 system-ui, sans-serif; color: light-dark(#16191f, #e9ebed);
  background: light-dark(#ffffff, #0f1b2a); }
button { font: inherit; padding: .2em 1em; color: light-dark(#16191f, #e9ebed);
  background: light-dark(#f2f3f3, #21303f); border: 1px solid light-dark(#687078, #95a5b5); }
"""


def page(content: str, *, refresh_seconds: int = REFRESH_SECONDS) -> str:
    """The page; it asks for itself again without a script.

    Args:
        content: HTML of its middle.
    """
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="refresh" content="{refresh_seconds}"><link rel="icon" href="data:,">'
        f"<title>MSK-Vantiq toolkit: probes</title><style>{_STYLE}</style></head><body>"
        "<h1>Brokers by stage</h1>"
        '<form method="post" action="/probe"><button>Run probes now</button></form>'
        f"<main>{content}</main></body></html>"
    )


def trouble(what: str) -> str:
    """The middle of a page that has nothing better to show."""
    return f"<p><b>✗ The matrix could not be loaded:</b> {escape(what)}</p>"

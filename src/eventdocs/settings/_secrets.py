"""Secrets: what is shown of a value that nobody else should read."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

HIDDEN: Final = "***"
"""What stands for a secret."""


def hidden(_: str) -> str:
    """Show nothing of a secret but that there is one."""
    return HIDDEN


def without_password(url: str) -> str:
    """Show *url* with three stars where a password is, also if it is otherwise malformed."""
    url = re.sub(r"^([^/?#]*//[^:@/?#]*):.*@", rf"\1:{HIDDEN}@", url, flags=re.DOTALL)
    return re.sub(r"([?&][^=&]*password[^=&]*=)[^&]*", rf"\1{HIDDEN}", url, flags=re.IGNORECASE)


def secrets_in(text: str, shown: str) -> tuple[str, ...]:
    """Give the parts of *text* that are not to be seen in what is *shown* of it."""
    if text == shown:
        return ()
    pattern = "(.+)".join(re.escape(each) for each in shown.split(HIDDEN))
    found = re.fullmatch(pattern, text, re.DOTALL)
    parts = found.groups() if found else (text,)
    # A driver's error may tell a password as it was before it was put into an address.
    return tuple(dict.fromkeys(each for part in parts for each in (part, unquote(part))))

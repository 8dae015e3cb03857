"""Secrets: what is shown of a value that nobody else should read."""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "***"
"""What stands for a secret."""


def hidden(_: str) -> str:
    """Show nothing of a secret but that there is one."""
    return HIDDEN


def without_password(url: str) -> str:
    """Show *url* with three stars where a password is, also if it is otherwise malformed."""
    url = re.sub(r"^([^/?#]*//[^:@/?#]*):.*@", rf"\1:{HIDDEN}@", url, flags=re.DOTALL)
    return re.sub(r"([?&][^=&]*password[^=&]*=)[^&]*", rf"\1{HIDDEN}", url, flags=re.IGNORECASE)

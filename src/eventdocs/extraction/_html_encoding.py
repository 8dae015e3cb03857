"""The encoding of HTML: what a document says about its own bytes."""

from __future__ import annotations

import codecs
import re

from eventdocs.errors import UnreadableDocumentError

__all__ = ["declared_encoding"]

_LOOKED_AT = 2048
_XML = re.compile(rb"\s*<\?xml[^>]*?\bencoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_META = re.compile(rb"<meta\s[^>]*?\bcharset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_READ_AS = {
    # https://encoding.spec.whatwg.org/#names-and-labels: what these labels have come to mean.
    **dict.fromkeys(("iso8859-1", "ascii", "latin-1"), "cp1252"),
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "tis-620": "cp874",
    # Whoever can read the declaration is not reading UTF-16.
    **dict.fromkeys(("utf-16", "utf-16-le", "utf-16-be", "utf-32"), "utf-8"),
}
_REFUSED = {
    "utf-7",
    "idna",
    "punycode",
    "raw-unicode-escape",
    "unicode-escape",
    "undefined",
    "mbcs",
    "oem",
}


def declared_encoding(content: bytes, source_name: str) -> str:
    """Tell the encoding that a document declares for itself; UTF-8 if it declares none.

    Raises:
        UnreadableDocumentError: It declares an encoding that nobody knows, or that is no
            encoding for documents.
    """
    head = content[:_LOOKED_AT]
    found = _XML.match(head) or _META.search(_COMMENT.sub(b"", head))
    if found is None:
        return "utf-8"
    label = found[1].decode("ascii").lower()
    try:
        name = codecs.lookup(label).name
        # Encodings that are no text, such as base64, do not decode bytes.
        b"0000".decode(name)
    except (LookupError, UnicodeError):
        name = "undefined"
    if name in _REFUSED:
        raise UnreadableDocumentError(
            source=source_name,
            reason=f"it declares the encoding {label!r}, which is none for documents; "
            "save it as UTF-8",
        )
    return _READ_AS.get(name, name)

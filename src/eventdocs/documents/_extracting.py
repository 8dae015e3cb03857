"""Extraction as the documents' service carries it out: in a thread, measured, never crashing."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Executor
from typing import Final
from uuid import UUID

import attrs

from eventdocs.documents._contents import Content
from eventdocs.documents._decider import Command
from eventdocs.documents._semantics import RecordConversionFailure, RecordExtractionFailure
from eventdocs.errors import (
    ConfigurationError,
    ExtractionError,
    ExtractionLimitError,
    ExtractorFailedError,
    UnreadableDocumentError,
    WorkerFailedError,
)
from eventdocs.extraction import (
    Discarded,
    ExtractorRegistry,
    Finder,
    Limits,
    decode,
    default_extractors,
    detect,
    extract,
)
from eventdocs.ir import DocumentIR, to_json
from eventdocs.observability import Instrumentation

_DECLARE_THEIR_ENCODING: Final = frozenset({"text/html"})
"""Text formats whose bytes say themselves how they are to be decoded."""


@attrs.frozen(kw_only=True)
class Extracted:
    """What extraction came to, ready to be recorded.

    Attributes:
        text: The text that all offsets refer to.
        ir: The meaning.
        written: The meaning as canonical JSON.
        extractor: Who extracted it.
        extractor_version: In which version.
        discarded: What finders found in vain.
    """

    text: Content
    ir: DocumentIR
    written: Content
    extractor: str
    extractor_version: str
    discarded: tuple[Discarded, ...]


class Extracting:
    """Runs extractors for the documents' service.

    Args:
        extractors: What reads which format; those of the package by default.
        limits: How much of a document is read.
        finders: Who else looks for definitions and formulas.
        executor: Where extractors run; a thread of the event loop's by default.
        instrumentation: Is told how extractions end.
    """

    def __init__(
        self,
        *,
        extractors: ExtractorRegistry | None,
        limits: Limits | None,
        finders: Sequence[Finder],
        executor: Executor | None,
        instrumentation: Instrumentation,
    ) -> None:
        self._extractors = default_extractors() if extractors is None else extractors
        self._limits = Limits() if limits is None else limits
        self._finders = tuple(finders)
        self._executor = executor
        self._instrumentation = instrumentation

    def accept(self, content: bytes, source: str) -> str:
        """Tell the media type of a document that can be read.

        Raises:
            UnsupportedFormatError: Nothing reads this format.
            UnreadableDocumentError: The bytes are no document.
            ExtractionLimitError: The document is too big.
        """
        if len(content) > self._limits.max_bytes:
            raise ExtractionLimitError(source, "max_bytes", self._limits.max_bytes, len(content))
        media_type = detect(content, source)
        self._extractors.extractor_for(media_type, source_name=source)
        if media_type.startswith("text/") and media_type not in _DECLARE_THEIR_ENCODING:
            decode(content, source)
        return media_type

    async def run(
        self,
        content: bytes,
        *,
        source: str,
        media_type: str,
        document_id: UUID,
        revision: int,
        previous: DocumentIR | None,
    ) -> Extracted | ExtractionError:
        """Extract one revision's meaning; what goes wrong is returned.

        Raises:
            ConfigurationError: A finder does not say who it is, or two are of one name.
        """
        started = time.perf_counter()

        work = functools.partial(
            _extracted,
            content,
            source=source,
            media_type=media_type,
            document_id=document_id,
            revision=revision,
            previous=previous,
            limits=self._limits,
            extractors=self._extractors,
            finders=self._finders,
        )
        result: Extracted | ExtractionError
        try:
            if self._executor is None:
                result = await asyncio.to_thread(work)
            else:
                result = await asyncio.get_running_loop().run_in_executor(self._executor, work)
        except ConfigurationError:
            raise  # no fault of the document's
        except ExtractionError as error:
            result = error
        except BrokenExecutor as error:
            result = WorkerFailedError(source, "the process that extracted it died")
            result.__cause__ = error
        except Exception as error:  # noqa: BLE001 - extractors are the host's code, too
            result = ExtractorFailedError(source, type(error).__name__)
            result.__cause__ = error
        self._instrumentation.extracted(
            media_type,
            outcome="failed" if isinstance(result, ExtractionError) else "extracted",
            seconds=time.perf_counter() - started,
        )
        return result


def _extracted(
    content: bytes,
    *,
    source: str,
    media_type: str,
    document_id: UUID,
    revision: int,
    previous: DocumentIR | None,
    limits: Limits,
    extractors: ExtractorRegistry,
    finders: Sequence[Finder],
) -> Extracted:
    """Extract; a function of its own, so that it can be sent to other processes."""
    found = extract(
        content,
        source_name=source,
        media_type=media_type,
        document_id=document_id,
        version=revision,
        previous=previous,
        limits=limits,
        extractors=extractors,
        finders=finders,
    )
    return Extracted(
        text=Content(found.text.encode()),
        ir=found.ir,
        written=Content(to_json(found.ir)),
        extractor=found.extractor,
        extractor_version=found.extractor_version,
        discarded=found.discarded,
    )


def failure(error: ExtractionError, revision: int) -> Command:
    """Make the command that records an error, without the document's name and words."""
    kind = type(error).__name__
    match error:
        case UnreadableDocumentError(reason=reason):
            return RecordConversionFailure(revision=revision, error=kind, reason=reason)
        case ExtractionLimitError(limit=limit, allowed=allowed, found=found):
            reason = f"{limit} is {allowed:,}, the document has {found:,}"
        case ExtractorFailedError(reason=cause):
            reason = f"the extractor failed with {cause}"
        case WorkerFailedError(reason=cause):
            reason = cause
        case _:
            reason = "the extractor gave up"
    return RecordExtractionFailure(revision=revision, error=kind, reason=reason)

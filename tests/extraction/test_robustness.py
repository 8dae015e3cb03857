"""Documents of every format that are broken, hostile or endless: a typed error or exact results."""

import gc
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventdocs.errors import ExtractionLimitError, UnreadableDocumentError
from eventdocs.extraction import (
    Limits,
    extract,
    media_type_of_name,
)
from eventdocs.ir import CrossReference, Definition, Entity, Section, to_json
from tests.extraction.broken_documents import FORMATS, WRITTEN, damaged, documents
from tests.extraction.endless import ENDLESS
from tests.extraction.exactness import check_places, examine

every_format = pytest.mark.parametrize("suffix", FORMATS)
every_text_format = pytest.mark.parametrize("suffix", WRITTEN)
slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


class TestPlaces:
    @every_text_format
    @given(data=st.data(), ending=st.sampled_from(["\n", "\r\n", "\r"]))
    @settings(deadline=None, max_examples=50, suppress_health_check=slow)
    def test_are_exact_in_any_document(self, suffix: str, data: st.DataObject, ending: str) -> None:
        """A span holds the raw text of its entity, and its line is right, whatever the text."""
        text = data.draw(documents(suffix)).replace("\n", ending)

        assert examine(f"document{suffix}", text.encode()) is not None

    @every_text_format
    @given(data=st.data())
    @settings(deadline=None, max_examples=25, suppress_health_check=slow)
    def test_do_not_depend_on_line_endings(self, suffix: str, data: st.DataObject) -> None:
        """A document means the same with other line endings."""
        document = data.draw(documents(suffix))
        one = extract(document.encode(), source_name=f"document{suffix}").ir
        other = extract(document.replace("\n", "\r\n").encode(), source_name=f"document{suffix}").ir

        assert [_said(each) for each in one.entities] == [_said(each) for each in other.entities]


def _said(entity: Entity) -> tuple[str, str]:
    return type(entity).__name__, entity.id.content_key


class TestAnyInput:
    @every_format
    @given(data=st.data())
    @settings(deadline=None, max_examples=40, suppress_health_check=slow)
    def test_that_is_damaged_is_read_or_refused(self, suffix: str, data: st.DataObject) -> None:
        """Whatever happens to a document, what is left is read exactly, or refused in words.

        `nox -s fuzz` looks at as many of these as there is time for, in another process.
        """
        examine(f"document{suffix}", data.draw(damaged(suffix)))

    @every_format
    @given(content=st.binary(max_size=200))
    @settings(deadline=None, max_examples=40)
    def test_of_any_bytes_is_read_or_refused(self, suffix: str, content: bytes) -> None:
        """Junk is refused by a typed error and nothing else."""
        examine(f"document{suffix}", content)

    @every_text_format
    @given(text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200))
    @settings(deadline=None, max_examples=40)
    def test_of_any_characters_is_read(self, suffix: str, text: str) -> None:
        """No text makes extraction fail."""
        extraction = extract(
            text.encode(), source_name="document", media_type=media_type_of_name(suffix)
        )

        check_places(extraction)

    @every_text_format
    @given(text=st.text("\\${}[]()<>|&%#*_`'\"~^:;.-+=/!@ \n\tab1é", max_size=120))
    @settings(deadline=None, max_examples=60)
    def test_of_any_marks_is_read(self, suffix: str, text: str) -> None:
        """Characters that mean something to a format may stand anywhere."""
        assert examine(f"document{suffix}", text.encode()) is not None

    @settings(deadline=None)
    @given(latex=st.text(r"\{}[]()_^&$%#'abx12 =+-,~|<>", max_size=40))
    def test_of_any_latex_is_read(self, latex: str) -> None:
        """No formula makes extraction fail."""
        examine("document.md", f"$${latex}$$\n\n```math\n{latex}\n```\n".encode())

    @pytest.mark.parametrize("suffix", [each for each in WRITTEN if each != ".html"])
    @pytest.mark.parametrize("content", [b"\xff\xfe\x00", "é".encode("latin-1")])
    def test_that_is_no_text_is_refused(self, suffix: str, content: bytes) -> None:
        """A wrong encoding is told by its first bad byte; only HTML may say another itself."""
        with pytest.raises(UnreadableDocumentError):
            extract(content, source_name=f"document{suffix}")

    @every_text_format
    def test_that_no_database_takes_is_refused(self, suffix: str) -> None:
        """The character zero is in no text."""
        with pytest.raises(UnreadableDocumentError):
            extract(b"a\0b", source_name=f"document{suffix}")

    @every_text_format
    @pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
    def test_of_any_encoding_with_a_mark_is_read(self, suffix: str, encoding: str) -> None:
        """Byte order marks say what the encoding is."""
        text = "“Größe” means the size.\n"

        extraction = examine(f"document{suffix}", text.encode(encoding))

        assert extraction is not None
        assert [e.term for e in extraction.ir.entities if isinstance(e, Definition)] == ["Größe"]


class TestTime:
    @pytest.mark.parametrize(
        ("suffix", "name"), [(suffix, name) for suffix in ENDLESS for name in ENDLESS[suffix]]
    )
    def test_grows_with_the_length_and_no_faster(self, suffix: str, name: str) -> None:
        """Twice the length takes about twice the time, however the document is built."""
        make = ENDLESS[suffix][name]
        short, long = make(10_000), make(40_000)

        # Four times the length: a quadratic step would take sixteen times as long. Other
        # work on the machine can only add time, so the best of some attempts counts.
        attempts = ((_seconds(short, suffix), _seconds(long, suffix)) for _ in range(5))
        assert any(slow < 0.15 or slow < 9 * quick for quick, slow in attempts)


def _seconds(text: str, suffix: str) -> float:
    content = text.encode()
    name = f"document{suffix}"
    media_type = media_type_of_name(name)
    limits = Limits(max_entities=10**9, max_cells=10**9, max_lines=10**9)
    gc.disable()  # or everything that the tests before this one have left is counted in
    try:
        started = time.process_time()
        extract(content, source_name=name, media_type=media_type, limits=limits)
        return time.process_time() - started
    finally:
        gc.enable()


class TestLimits:
    def test_keep_what_a_mention_could_mean_short(self) -> None:
        """Where every mention fits everything, the first twenty candidates are listed."""
        extraction = extract(b"# 1 Rules\n\nSee Section 1.\n\n" * 30, source_name="document.md")

        sections = [e.id.entity_id for e in extraction.ir.entities if isinstance(e, Section)]
        mentions = [e.resolution for e in extraction.ir.entities if isinstance(e, CrossReference)]
        assert [each.state for each in mentions] == ["ambiguous"] * 30
        assert {each.candidates for each in mentions} == {tuple(sections[:20])}

    @every_text_format
    @pytest.mark.parametrize(
        ("limits", "found"),
        [(Limits(max_bytes=9), 51), (Limits(max_lines=3), 6), (Limits(max_entities=1), 2)],
        ids=["max_bytes", "max_lines", "max_entities"],
    )
    def test_are_named_with_what_the_document_has(
        self, suffix: str, limits: Limits, found: int
    ) -> None:
        """A document beyond a limit is refused as a whole, and the error says which limit."""
        text = "“Cap” means one.\n\nSee Section 9.\n\nSee Table 7.\n"

        with pytest.raises(ExtractionLimitError) as caught:
            extract(text.encode(), source_name=f"document{suffix}", limits=limits)

        [name] = [each for each, is_default in _defaults(limits).items() if not is_default]
        assert (caught.value.limit, caught.value.allowed) == (name, getattr(limits, name))
        assert caught.value.found == found


def _defaults(limits: Limits) -> dict[str, bool]:
    return {name: value == getattr(Limits(), name) for name, value in attrs.asdict(limits).items()}


class TestThreads:
    def test_read_documents_of_all_formats_at_once(self) -> None:
        """What a parser keeps for its process, threads do not see of one another."""
        work = [(form.source_name, min(form.examples, key=len)) for form in FORMATS.values()]

        def meaning(document: tuple[str, bytes]) -> bytes:
            return to_json(extract(document[1], source_name=document[0]).ir)

        expected = [meaning(each) for each in work]
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(meaning, work * 4))

        assert found == expected * 4


_WATCHED = """
import json, sys
from tests.extraction.broken_documents import FORMATS, trapped
from tests.extraction.exactness import examine
from tests.extraction.outside import Outside

outside, asked = Outside(), {}
for suffix, form in FORMATS.items():
    small = min(form.examples, key=len)
    examine(form.source_name, small)
    with outside.watched() as seen:
        for content in (small, *trapped(suffix)):
            examine(form.source_name, content)
    asked[suffix] = seen
with outside.watched() as seen:
    open(sys.executable, "rb").close()
asked["the file that this program opens itself"] = seen
print(json.dumps(asked))
"""


class TestTheWorldOutside:
    def test_is_asked_for_nothing(self) -> None:
        """No document, however it asks for it, makes extraction open a file or a connection."""
        ran = subprocess.run(
            [sys.executable, "-c", _WATCHED], capture_output=True, check=True, text=True
        )

        asked = json.loads(ran.stdout)

        assert asked.pop("the file that this program opens itself") == [f"open: {sys.executable}"]
        assert asked == {suffix: [] for suffix in FORMATS}

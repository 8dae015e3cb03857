"""Finders: what a host finds beside markup is added, signed, and never overwrites."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import attrs
import pytest
from typing_extensions import override

from eventdocs.errors import ConfigurationError
from eventdocs.extraction import (
    Extracted,
    Extraction,
    Finder,
    Found,
    FoundDefinition,
    FoundFormula,
    Limits,
    extract,
)
from eventdocs.ir import Definition, Formula, Section, Table, to_json

TEXT = """\
# 1 Rules

Divisor
: What keeps the level comparable.

The weight $w$ of a share is M over D.

## Terms

By the cap we understand the largest weight.

| City | River |
|------|-------|
| Rome | Tiber |
"""


@attrs.frozen(kw_only=True)
class Planned(Finder):
    """A finder that finds what it was told to find."""

    found: Callable[[Extracted], Iterable[Any]]
    name: str = "model"
    version: str = "7"
    library: str = "weights 1.2"
    method: Literal["model", "pattern"] = "model"

    @override
    def find(self, document: Extracted) -> Iterable[Found]:
        return self.found(document)


def place_of(text: str, part: str) -> tuple[int, int]:
    start = text.index(part)
    return start, start + len(part)


def defines(
    whole: str, term: str, body: str, *, confidence: float = 0.7, **more: Any
) -> Callable[[Extracted], Iterable[Any]]:
    def found(document: Extracted) -> Iterable[Any]:
        yield FoundDefinition(
            place=place_of(document.text, whole),
            term=term,
            body_place=place_of(document.text, body),
            confidence=confidence,
            **more,
        )

    return found


def formula(part: str, **more: Any) -> Callable[[Extracted], Iterable[Any]]:
    def found(document: Extracted) -> Iterable[Any]:
        values: dict[str, Any] = {"confidence": 0.6, **more}
        yield FoundFormula(place=place_of(document.text, part), **values)

    return found


def yields(*found: Any) -> Callable[[Extracted], Iterable[Any]]:
    return Planned(found=lambda _: found).find


CAP = defines("the cap we understand the largest weight", "cap", "the largest weight")


def read(*finders: Finder, text: str = TEXT, limits: Limits | None = None) -> Extraction:
    return extract(text.encode(), source_name="a.md", finders=finders, limits=limits or Limits())


def entities_of(extraction: Extraction, kind: type[Any]) -> list[Any]:
    return [each for each in extraction.ir.entities if isinstance(each, kind)]


class TestWhatIsFound:
    def test_stands_among_the_rest_signed_by_its_finder(self) -> None:
        """A definition has its section, its exact place, and the finder's own provenance."""
        extraction = read(Planned(found=CAP))

        [divisor, cap] = entities_of(extraction, Definition)
        assert divisor.prov.method == "markup"
        assert (cap.term, cap.body, cap.section) == (
            "cap",
            "the largest weight",
            ("1 Rules", "Terms"),
        )
        assert (
            extraction.text[cap.span.start : cap.span.end]
            == "the cap we understand the largest weight"
        )
        assert attrs.asdict(cap.prov) == {
            "extractor": "model",
            "extractor_version": "7",
            "library": "weights 1.2",
            "method": "model",
            "confidence": 0.7,
        }
        assert extraction.discarded == ()

    def test_is_connected_with_the_rest(self) -> None:
        """A formula read from plain words uses what the document defines."""
        extraction = read(
            Planned(found=formula("M over D", latex=r"w = \frac{M}{D}")),
            Planned(
                name="symbols",
                found=defines("weight $w$ of a share", "weight", "a share", symbol="w"),
            ),
        )

        [found] = [e for e in entities_of(extraction, Formula) if e.prov.method == "model"]
        assert (found.raw, found.notation, found.latex) == ("M over D", "text", r"w = \frac{M}{D}")
        assert found.defines is not None
        assert found.defines.key == "w"
        assert found.mathml is not None
        [weight] = [e for e in entities_of(extraction, Definition) if e.term == "weight"]
        assert any(edge.target == weight.id.entity_id for edge in extraction.ir.edges)

    def test_is_told_by_the_version_of_the_extraction(self) -> None:
        """Who compares versions notices that another model has had its say."""
        plain = read().extractor_version

        assert read(Planned(found=CAP)).extractor_version == f"{plain} model/7"

    def test_does_not_depend_on_the_order_in_which_it_comes(self) -> None:
        """The same findings in any order make the same meaning and the same refusals."""

        def shuffled(seed: int) -> Callable[[Extracted], Iterable[Any]]:
            def found(document: Extracted) -> Iterable[Any]:
                words = [each.span() for each in re.finditer(r"\w+", document.text)]
                found = [
                    FoundFormula(place=(a[0], b[1]), confidence=(a[0] * 7 % 5) / 10)
                    for a, b in itertools.pairwise(words)
                ]
                random.Random(seed).shuffle(found)
                return found

            return found

        results = [read(Planned(found=shuffled(seed))) for seed in range(5)]

        assert len({to_json(each.ir) for each in results}) == 1
        assert len({each.discarded for each in results}) == 1
        assert results[0].discarded

    def test_sees_what_was_read(self) -> None:
        """A finder is given the sections and everything else that the extractor found."""
        seen: list[Extracted] = []

        def look(document: Extracted) -> Iterable[Any]:
            seen.append(document)
            return ()

        extraction = read(Planned(found=look))

        [document] = seen
        assert document.text == TEXT
        assert [each.title for each in document.entities if isinstance(each, Section)] == [
            "1 Rules",
            "Terms",
        ]
        assert len(document.entities) == len(extraction.ir.entities)


class TestMarkup:
    @pytest.mark.parametrize(
        ("found", "reason"),
        [
            (formula("$w$", confidence=1.0), "overlaps the formula at"),
            (formula("weight $w"), "overlaps the formula at"),
            (
                defines("keeps the level", "level", "level", confidence=1.0),
                "overlaps the definition at",
            ),
            (
                defines("the largest weight.\n\n| City", "a", "largest"),
                "cuts through the table at",
            ),
            (formula("1 Rules\n\nDiv"), "cuts through the"),
        ],
    )
    def test_is_never_overwritten(
        self, found: Callable[[Extracted], Iterable[Any]], reason: str
    ) -> None:
        """However sure a finder is, what markup gives stays; the refusal says why."""
        extraction = read(Planned(found=found))

        assert to_json(extraction.ir) == to_json(read().ir)
        [discarded] = extraction.discarded
        assert discarded.finder == "model"
        assert discarded.place is not None
        assert discarded.reason.startswith(reason)
        assert discarded.reason.endswith("which markup gives")

    def test_may_stand_inside_what_is_found(self) -> None:
        """A definition holds formulas, a table's cell a definition."""
        whole = "The weight $w$ of a share is M over D."
        extraction = read(
            Planned(found=defines(whole, "weight", "M over D")),
            Planned(name="other", found=defines("Rome", "capital", "Rome")),
        )

        assert extraction.discarded == ()
        assert len(entities_of(extraction, Definition)) == 3
        assert len(entities_of(extraction, Formula)) == 1
        assert len(entities_of(extraction, Table)) == 1


class TestAGuessOfTheExtractor:
    TEXT = "“Cap” means the upper limit.\n"

    @pytest.mark.parametrize(("confidence", "by"), [(0.99, "model"), (0.2, "markdown")])
    def test_gives_way_to_who_is_surer(self, confidence: float, by: str) -> None:
        """Of two guesses about the same words, the surer one is kept, and only that one."""
        guess = defines("means the upper limit", "Cap", "the upper limit", confidence=confidence)

        extraction = read(Planned(found=guess), text=self.TEXT)

        [definition] = entities_of(extraction, Definition)
        assert definition.prov.extractor == by
        assert bool(extraction.discarded) == (by == "markdown")

    def test_and_of_two_finders_the_first_if_they_are_as_sure(self) -> None:
        """The order of the finders decides what their confidence does not."""
        first, second = Planned(found=CAP), Planned(name="other", found=CAP)

        for finders in ((first, second), (second, first)):
            extraction = read(*finders)

            assert entities_of(extraction, Definition)[1].prov.extractor == finders[0].name
            [discarded] = extraction.discarded
            assert discarded.finder == finders[1].name


def _raises(_: Extracted) -> Iterable[Any]:
    raise RuntimeError("out of memory on the card")


def _raises_late(document: Extracted) -> Iterator[Any]:
    yield from CAP(document)
    raise RuntimeError("connection lost")


def _never_ends(_: Extracted) -> Iterator[Any]:
    while True:
        yield FoundFormula(place=(0, 1), confidence=0.5)


def _returns_nothing(_: Extracted) -> Any:
    return None


class TestABadFinder:
    @pytest.mark.parametrize(
        ("found", "reason"),
        [
            (_raises, "the finder failed with RuntimeError: out of memory on the card"),
            (_raises_late, "the finder failed with RuntimeError: connection lost"),
            (_never_ends, "the finder failed with ValueError: max_entities is 50, it finds more"),
            (_returns_nothing, "the finder failed with TypeError"),
            (yields(None), "a NoneType is neither a definition nor a formula"),
            (yields("cap"), "a str is neither a definition nor a formula"),
            (
                yields(FoundFormula(place=(3, 99_999), confidence=0.5)),
                f"the text ends at {len(TEXT)}",
            ),
            (
                formula("\n\n"),
                "nothing but white space stands there",
            ),
            (formula("M over D", place="here"), "the finder failed with TypeError"),
            (formula("M over D", confidence=7), "the finder failed with ValueError"),
            (formula("M over D", latex="a\0b"), "the finder failed with ValueError"),
            (formula("M over D", latex="a\ud800"), "the finder failed with ValueError"),
            (defines("M over D", " \n", "over"), "the finder failed with ValueError"),
            (defines("M over D", "m", "1 Rules"), "the finder failed with ValueError"),
            (defines("M over D", "m", "over", aliases=(1,)), "the finder failed with TypeError"),
            (defines("M over D", "m", "over", form="poem"), "the finder failed with ValueError"),
        ],
    )
    def test_spoils_nothing_but_its_own(
        self, found: Callable[[Extracted], Iterable[Any]], reason: str
    ) -> None:
        """The document, and what other finders find, come out as if it were not there."""
        good = Planned(name="good", found=CAP)
        limits = Limits(max_entities=50)

        extraction = read(Planned(found=found), good, limits=limits)

        assert to_json(extraction.ir) == to_json(read(good, limits=limits).ir)
        [discarded] = extraction.discarded
        assert discarded.finder == "model"
        assert discarded.reason.startswith(reason)

    def test_cannot_exceed_the_limits(self) -> None:
        """What the document may cost counts for finders, too."""
        room = len(read().ir.entities)

        extraction = read(Planned(found=CAP), limits=Limits(max_entities=room))

        assert [each.reason for each in extraction.discarded] == ["max_entities is reached"]

    def test_may_write_broken_latex(self) -> None:
        """What cannot be read is kept as it is, as an extractor would."""
        extraction = read(Planned(found=formula("M over D", latex=r"\frac{M")))

        [found] = [e for e in entities_of(extraction, Formula) if e.prov.method == "model"]
        assert extraction.discarded == ()
        assert found.raw == "M over D"

    def test_must_say_who_it_is(self) -> None:
        """Everything that is wrong with the finders is named at once, before any is asked."""
        nameless: Any = Planned(name="", found=_raises)
        human: Any = Planned(name="h", method="human", found=_raises)  # type: ignore[arg-type]  # planted

        with pytest.raises(ConfigurationError) as caught:
            read(nameless, human, Planned(found=CAP), Planned(found=CAP))

        assert len(caught.value.problems) == 3
        assert "method is 'human'" in caught.value.problems[1]


class TestFormatsWithoutMarkup:
    def test_are_open_to_finders_as_well(self) -> None:
        """In an HTML page, places refer to the decoded source."""
        page = "<p>By <b>the cap</b> we understand the largest weight.</p>"
        found = defines("we understand the largest weight", "cap", "the largest weight")

        extraction = extract(page.encode(), source_name="a.html", finders=[Planned(found=found)])

        [cap] = entities_of(extraction, Definition)
        assert cap.body == "the largest weight"

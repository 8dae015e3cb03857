import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventdocs.ir import normalise_term


class TestNormalisedTerms:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Index Level", "index  level"),
            ("“Index Level”", '"Index Level"'),
            ("Free‑Float", "free-float"),
            ("the Index", "Index"),
            ("**Weight**:", "weight"),
            ("𝑊𝑒𝑖𝑔ℎ𝑡", "Weight"),
            ("Provider’s Rate", "Provider's rate"),
        ],
    )
    def test_agree_for_spellings_of_one_term(self, one: str, other: str) -> None:
        """Case, quotes, dashes, emphasis, mathematical letters and "the" make no difference."""
        assert normalise_term(one) == normalise_term(other)

    @pytest.mark.parametrize(
        ("one", "other"), [("-v", "v"), ("Weight", "Weights"), ("C", "C++"), ("theory", "ory")]
    )
    def test_differ_for_different_terms(self, one: str, other: str) -> None:
        """What changes the meaning of a term changes its key."""
        assert normalise_term(one) != normalise_term(other)

    @given(term=st.text())
    def test_are_stable_and_empty_only_for_nothing(self, term: str) -> None:
        """A key is its own key, and only a blank term has none."""
        key = normalise_term(term)

        assert normalise_term(key) == key
        assert bool(key) == bool(term.strip())

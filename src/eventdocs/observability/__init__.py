"""What happens inside, told to whoever listens: correlation, hooks, logging."""

from eventdocs.observability._correlation import (
    Correlation,
    correlate,
    current_correlation,
    new_correlation_id,
)
from eventdocs.observability._instrumentation import Instrumentation, NullInstrumentation

__all__ = [
    "Correlation",
    "Instrumentation",
    "NullInstrumentation",
    "correlate",
    "current_correlation",
    "new_correlation_id",
]

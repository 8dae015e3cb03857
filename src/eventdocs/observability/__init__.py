"""What happens inside, told to whoever listens: correlation, hooks, logging."""

from eventdocs.observability._correlation import (
    Correlation,
    correlate,
    current_correlation,
    new_correlation_id,
)
from eventdocs.observability._instrumentation import Instrumentation, NullInstrumentation
from eventdocs.observability._logging import ReadableFormatter

__all__ = [
    "Correlation",
    "Instrumentation",
    "NullInstrumentation",
    "ReadableFormatter",
    "correlate",
    "current_correlation",
    "new_correlation_id",
]

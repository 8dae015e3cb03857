"""What happens inside, told to whoever listens: correlation, hooks, logging, health."""

from eventdocs.observability._correlation import (
    Correlation,
    correlate,
    current_correlation,
    new_correlation_id,
)
from eventdocs.observability._health import (
    CheckResult,
    Health,
    HealthCheck,
    HealthReport,
    HealthStatus,
    Observation,
)
from eventdocs.observability._instrumentation import Instrumentation, NullInstrumentation
from eventdocs.observability._lines import JSONFormatter, ReadableFormatter
from eventdocs.observability._logging import configure_logging
from eventdocs.observability._redaction import Redactor
from eventdocs.observability._together import Instrumentations

__all__ = [
    "CheckResult",
    "Correlation",
    "Health",
    "HealthCheck",
    "HealthReport",
    "HealthStatus",
    "Instrumentation",
    "Instrumentations",
    "JSONFormatter",
    "NullInstrumentation",
    "Observation",
    "ReadableFormatter",
    "Redactor",
    "configure_logging",
    "correlate",
    "current_correlation",
    "new_correlation_id",
]

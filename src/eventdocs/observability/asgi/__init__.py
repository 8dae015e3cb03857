"""THE EDGE: requests with one id each, access log, problem details and health, for any ASGI app."""

from eventdocs.observability.asgi._health_endpoints import HealthEndpoints
from eventdocs.observability.asgi._problems import Problem, ProblemRule, Problems
from eventdocs.observability.asgi._protocol import ASGIApp, Message, Receive, Scope, Send
from eventdocs.observability.asgi._request import identify_user, problem_for
from eventdocs.observability.asgi._requests import RequestMiddleware

__all__ = [
    "ASGIApp",
    "HealthEndpoints",
    "Message",
    "Problem",
    "ProblemRule",
    "Problems",
    "Receive",
    "RequestMiddleware",
    "Scope",
    "Send",
    "identify_user",
    "problem_for",
]

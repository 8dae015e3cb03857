"""SETTINGS: what can be said from outside, checked together, with secrets kept."""

from eventdocs.settings._declaring import PREFIX, Environment, Given, JointRule, Rule, setting
from eventdocs.settings._rules import (
    Between,
    at_least_one_of,
    matching,
    minimum_length,
    no_placeholder,
    no_wildcard_in_production,
    not_more_than,
    off_in_production,
    required_in_production,
)
from eventdocs.settings._secrets import hidden, without_password
from eventdocs.settings._settings import (
    HealthOptions,
    LimitOptions,
    LogForm,
    LoggingOptions,
    LogLevel,
    RequestOptions,
    RunnerOptions,
    SettingInForce,
    Settings,
    StoreOptions,
)

__all__ = [
    "PREFIX",
    "Between",
    "Environment",
    "Given",
    "HealthOptions",
    "JointRule",
    "LimitOptions",
    "LogForm",
    "LogLevel",
    "LoggingOptions",
    "RequestOptions",
    "Rule",
    "RunnerOptions",
    "SettingInForce",
    "Settings",
    "StoreOptions",
    "at_least_one_of",
    "hidden",
    "matching",
    "minimum_length",
    "no_placeholder",
    "no_wildcard_in_production",
    "not_more_than",
    "off_in_production",
    "required_in_production",
    "setting",
    "without_password",
]

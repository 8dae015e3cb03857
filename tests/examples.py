"""The pytest plugin that runs the Python code blocks of README.md and docs.

A block may `await` at its top level, as in a REPL for async code. The blocks of one
page share their names and one event loop, and run in an empty folder of their own.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sybil import Example, Sybil
from sybil.evaluators.python import pad
from sybil.parsers.markdown import CodeBlockParser

_RUNNER = "asyncio runner"


def _run(example: Example) -> None:
    source = pad(example.parsed, example.line + example.parsed.line_offset)
    code = compile(
        source, example.path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
    )
    namespace = example.namespace
    if code.co_flags & inspect.CO_COROUTINE:
        namespace[_RUNNER].run(eval(code, namespace))
    else:
        exec(code, namespace)


def _open_page(namespace: dict[str, Any]) -> None:
    namespace["__name__"] = "__main__"
    namespace[_RUNNER] = asyncio.Runner()


def _close_page(namespace: Mapping[str, Any]) -> None:
    namespace[_RUNNER].close()


@pytest.fixture(scope="module")
def empty_folder() -> Iterator[None]:
    """Let examples write files without leaving any behind."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        yield
        os.chdir(before)


pytest_collect_file = Sybil(
    path=str(Path(__file__).parents[1]),
    parsers=[CodeBlockParser(language="python", evaluator=_run)],
    patterns=["*.md"],
    setup=_open_page,
    teardown=_close_page,
    fixtures=["empty_folder"],
).pytest()

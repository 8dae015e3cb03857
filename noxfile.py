"""The gates: what every change passes, each runnable on its own with `nox -s NAME`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "virtualenv"
nox.options.download_python = "never"
nox.options.sessions = ["lint", "types", "tests", "docs"]

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
SUPPORTED = nox.project.python_versions(PROJECT)
PINNED = ("--constraint", str(ROOT / "constraints.txt"))

# What squawk asks of migrations and ours do otherwise.
_UNASKED = (
    "adding-not-nullable-field",  # of dead letters, of which there are few
    "prefer-bigint-over-int",  # versions of shapes and numbers of attempts are small
    "require-concurrent-index-creation",  # the runner does so where it is asked to
    "require-concurrent-index-deletion",  # as above
    "require-lock-timeout",  # the runner sets it
    "require-statement-timeout",  # building an index may take its time
)

_PROBE = "import sqlite3, ssl, sys; print('%d.%d' % sys.version_info[:2])"


def _find_interpreters() -> list[str]:
    """Name the supported Pythons that really start, and put their folders on the path.

    A version manager's shim stands on the path and fails when it is called, so every
    candidate is started; the manager's own folder of versions is searched as well.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders = [
        Path(sys.executable).resolve().parent,
        *map(Path, os.get_exec_path()),
        *sorted(pyenv.glob("versions/*/bin"), reverse=True),
    ]
    found: dict[str, Path] = {}
    for version in SUPPORTED:
        for folder in folders:
            candidate = folder / f"python{version}"
            if candidate.is_file() and _version_of(candidate) == version:
                found[version] = folder
                break
    path = dict.fromkeys([*map(str, found.values()), *os.get_exec_path()])
    os.environ["PATH"] = os.pathsep.join(path)
    return [*found] or [f"{sys.version_info.major}.{sys.version_info.minor}"]


def _version_of(interpreter: Path) -> str | None:
    try:
        probe = subprocess.run(
            [interpreter, "-c", _PROBE], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return probe.stdout.strip()


def _install(session: nox.Session, group: str) -> None:
    session.install(*PINNED, *nox.project.dependency_groups(PROJECT, group))


def _install_wheel(session: nox.Session, *, extras: str) -> None:
    """Install the package as its users get it; the source tree is never imported."""
    # Not `create_tmp`: it moves TMPDIR below this folder, where a PostgreSQL server that was
    # started by root, and runs as another account, may not be allowed to go.
    folder = Path(session.virtualenv.location) / "wheel"
    for stale in folder.glob("*.whl"):
        stale.unlink()
    session.run(
        *("python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder)),
        str(ROOT),
    )
    (wheel,) = folder.glob("*.whl")
    session.install(*PINNED, f"{wheel}[{extras}]")
    session.install("--force-reinstall", "--no-deps", str(wheel))


@nox.session
def lint(session: nox.Session) -> None:
    """Style, spelling, docstrings, and the direction of imports."""
    _install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("codespell")
    session.run("flake8", "src")
    session.run("lint-imports", env={"PYTHONPATH": "src"})
    released = map(str, sorted((ROOT / "tests/migrations/released").glob("postgresql_*.sql")))
    session.run("squawk", f"--exclude={','.join(_UNASKED)}", *released)


@nox.session
def types(session: nox.Session) -> None:
    """Two type checkers, both strict."""
    _install(session, "types")
    _install_wheel(session, extras="all,testing")
    session.run("mypy")
    session.run("pyright", "--pythonpath", str(Path(session.bin) / "python"))


PYTHONS = _find_interpreters()


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The tests, against the built wheel, on SQLite and on a real PostgreSQL server."""
    _install(session, "tests")
    _install_wheel(session, extras="all,testing")
    # One more than there are processors: a test that waits for a server leaves its own idle.
    workers = (f"--numprocesses={min(4, (os.cpu_count() or 1) + 1)}", "--dist=worksteal")
    # What is marked so tests the database or the tests, and a second Python has nothing to add.
    selection = () if session.python == PYTHONS[0] else ("-m", "not once")
    session.run("python", "-m", "pytest", *workers, *selection, *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Every code block of README and docs runs, and the site builds without a warning."""
    _install(session, "docs")
    _install_wheel(session, extras="all,testing")
    session.run("python", "-m", "pytest", "-p", "tests.examples", "README.md", "docs")
    site = str(Path(session.virtualenv.location) / "site")
    session.run("mkdocs", "build", "--strict", "--site-dir", site, env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the log and the projections against bare drivers, extraction against bare parsers."""
    _install(session, "tests")
    _install_wheel(session, extras="all,testing")
    session.run("python", "-m", "benchmarks", *session.posargs)
    if not session.posargs:
        for kind in (
            "reading",
            "growth",
            "delivery",
            "projections",
            "partitions",
            "archives",
            "extraction",
            "logging",
        ):
            session.run("python", "-m", f"benchmarks.{kind}")


@nox.session
def corpus(session: nox.Session) -> None:
    """Compare extraction with the truth about real documents, where there are any at hand.

    They are no part of the project. `nox -s corpus -- FOLDER` looks elsewhere than beside it.
    """
    folder = Path(session.posargs[0]) if session.posargs else ROOT.parent / "shared" / "corpus"
    if not (folder / "score.py").is_file():
        session.skip(f"there are no documents with their truth in {folder}")
    _install_wheel(session, extras="all")
    session.run("python", "-m", "benchmarks.corpus", str(folder), *session.posargs[1:])


@nox.session
def fuzz(session: nox.Session) -> None:
    """Damage documents of every format for two minutes: `nox -s fuzz -- --minutes 10`."""
    _install(session, "tests")
    _install_wheel(session, extras="all,testing")
    session.run("python", "-m", "tests.extraction.fuzz", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Break the log's code in small ways, one at a time, and see whether its tests notice."""
    _install(session, "mutants")
    session.install(*PINNED, "--editable", f"{ROOT}[all,testing]")
    session.run("mutmut", "run", *session.posargs)
    session.run("mutmut", "results")


@nox.session
def pin(session: nox.Session) -> None:
    """Write constraints.txt anew, with the newest versions that fit together."""
    groups = nox.project.dependency_groups(PROJECT, "lint", "types", "docs", "mutants")
    session.install("--upgrade", *groups, f"{ROOT}[all,testing]")
    frozen = session.run(*("python", "-m", "pip", "freeze", "--exclude", "eventdocs"), silent=True)
    (ROOT / "constraints.txt").write_text(
        "# What the gates run with. `nox -s pin` writes this file.\n" + str(frozen)
    )

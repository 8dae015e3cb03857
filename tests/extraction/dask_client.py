"""A program that extracts on a Dask cluster, and prints what came of it."""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

from eventdocs.extraction import extract_many
from eventdocs.ir import to_json
from eventdocs.types import digest_of

distributed: Any = importlib.import_module("distributed")  # it is typed in part only


def main(scheduler_file: str, *paths: str) -> None:
    """Extract *paths* on the cluster that the file leads to."""
    with distributed.Client(scheduler_file=scheduler_file) as client:
        client.wait_for_workers(2)
        with client.get_executor() as executor:
            results = list(extract_many(paths, executor=executor, in_flight=4))
        answer = {
            "workers": len(client.has_what()),
            "digests": [
                digest_of(to_json(each.extraction.ir)) if each.extraction else str(each.error)
                for each in results
            ],
        }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])

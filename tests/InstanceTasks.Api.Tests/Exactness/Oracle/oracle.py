"""Judges recorded answers of the compute API: a JSON object per line in, a verdict per line out.

An exchange is {call, path, version, admin, request, status, headers, body}. `call` names the endpoint, such as
"GET servers/{id}" or "POST servers/{id}/action os-start"; `version` is a minor version. A verdict is {tempest, own, source}:
"ok", what is wrong, or null where that oracle has nothing to say.
"""

import json
import sys
import traceback

import closed_schemas
import envelope
import tempest_clients


def judge(own, exchange):
    body = json.loads(exchange["body"]) if exchange["body"] else None
    wrong = envelope.problem(exchange)
    if wrong is not None:
        return {"tempest": None, "own": wrong, "source": envelope.SOURCE}
    problem, source = own.judge(exchange, body)
    return {"tempest": tempest_clients.judge(exchange), "own": problem or "ok", "source": source}


def main():
    own = closed_schemas.load(sys.argv[1])
    for line in sys.stdin:
        try:
            verdict = judge(own, json.loads(line))
        except Exception:  # of the oracle itself: the exchange that it met must be named, and is not judged
            verdict = {"tempest": None, "own": "the oracle failed: " + traceback.format_exc(limit=-3), "source": None}
        sys.stdout.write(json.dumps(verdict) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

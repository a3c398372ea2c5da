"""Judges a file of traffic that a proxy has recorded between a real client and the API, all of it by an administrator.

Prints a line for each answer that is not exact, and what was judged; ends with 1 if there was one, or nothing to judge.
"""

import json
import sys

import closed_schemas
import oracle
import tempest_clients


def name_of(calls, exchange):
    """The call of an exchange; None: no endpoint that is known has this path."""
    parts = [p for p in exchange["path"].split("?")[0].split("/") if p]
    if parts in ([], ["v2.1"]):
        return "GET /v2.1" if parts else "GET /"
    parts = parts[1:] if parts[0] == "v2.1" else parts
    action = next(iter(exchange["request"] or {}), None) if parts[-1] == "action" else None
    fitting = [c for c in calls if _fits(c.split(" "), exchange["method"], parts, action)]
    name = max(fitting, key=lambda c: -c.count("{"), default=None)
    without = "%s without a version" % name
    return without if without in calls and not exchange["asked"] else name


def _fits(words, method, parts, action):
    if words[0] != method:
        return False
    template = words[1].split("/")
    return (len(template) == len(parts) and words[2:] in ([], [action]) and (action is None or len(words) == 3 or words[1].startswith("tasks"))
            and all(t == p or t.startswith("{") for t, p in zip(template, parts)))


def main():
    own = closed_schemas.load(sys.argv[1])
    calls = set(own.calls()) | set(tempest_clients.CALLS)
    judged, outside, wrong = 0, 0, 0
    with open(sys.argv[2], encoding="utf-8") as file:
        for exchange in map(json.loads, file):
            echoed = exchange["headers"].get("x-openstack-nova-api-version")
            exchange.update(call=name_of(calls, exchange), version=int((echoed or "2.1")[2:]), negotiated=echoed is not None, admin=True)
            verdict = oracle.judge(own, exchange)
            judged += 1
            outside += verdict["tempest"] is not None
            if verdict["own"] != "ok" or verdict["tempest"] not in (None, "ok"):
                wrong += 1
                print("%s: %s at 2.%d: %s %s" % (verdict, exchange["method"] + " " + exchange["path"], exchange["version"], exchange["status"], exchange["body"][:1000]))
    print("%d answers judged, %d of them by tempest, too; %d not exact" % (judged, outside, wrong))
    return 0 if judged and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())

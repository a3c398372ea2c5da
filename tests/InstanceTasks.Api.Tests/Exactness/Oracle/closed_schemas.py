"""Our own schemas: closed, complete, and written from the contract, which each of them cites.

A file has `types` by name and `answers`. A shape is one of
  "name" or "name?"            a type, or null, too
  {"fields": {...}}            an object with these fields and no others; all are required unless they say `optional`; `with` names an
                               object type whose fields it has, too
  {"list": shape}              an array
  {"map": shape, "keys": re}   an object with free keys
  {"any": [shape, ...]}        one of several
  {"enum": [...]}, {"schema": {...}}   plain JSON schema
and a field is a shape, or {"is": shape, "from", "to", "who": "admin"|"user", "optional"}, or a list of those of which the first that
serves the version and the caller counts; when none does, the field must not be there. `rules` beside `fields` are plain schemas that hold, too.
"""

import glob
import json
import os
import re

import jsonschema

LAST = 999
CHECKER = jsonschema.draft7_format_checker


def load(folder):
    types, answers = {}, {}
    for path in sorted(glob.glob(os.path.join(folder, "*.json"))):
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        for name, shape in content.get("types", {}).items():
            if name in types:
                raise ValueError("two types are called " + name)
            types[name] = shape
        for answer in content.get("answers", []):
            for call in answer["call"] if isinstance(answer["call"], list) else [answer["call"]]:
                answers.setdefault(call, []).append(answer)
    return ClosedSchemas(types, answers)


def serves(modifiers, version, admin):
    who = modifiers.get("who")
    return modifiers.get("from", 1) <= version <= modifiers.get("to", LAST) and (who is None or (who == "admin") == admin)


class ClosedSchemas:
    def __init__(self, types, answers):
        self._types, self._answers = types, answers
        self._validators = {}
        self._compiled = {}
        self._known_good = set()

    def calls(self):
        return self._answers.keys()

    def judge(self, exchange, body):
        """What is wrong, or None; and where the contract says so."""
        version, admin, status = exchange["version"], exchange["admin"], exchange["status"]
        call = "fault" if status >= 400 else exchange["call"]
        found = [a for a in self._answers.get(call, []) if serves(a, version, admin)]
        if not found:
            return "there is no schema of %s at 2.%d" % (call, version), None
        answer = next((a for a in found if a["status"] == status), None)
        if answer is None:
            return "status %d where %s has %s" % (status, found[0]["source"], " or ".join(str(a["status"]) for a in found)), found[0]["source"]
        return self._headers(answer, exchange["headers"]) or self._body(answer, exchange, body), answer["source"]

    def _headers(self, answer, headers):
        wanted = dict(answer.get("headers", {}))
        if answer.get("task"):
            wanted.update(self._types["task_headers"])
        for name, pattern in wanted.items():
            if not re.search(pattern, headers.get(name, "")):
                return "header %s: '%s' does not match %s" % (name, headers.get(name), pattern)
        if "location" in headers and "location" not in wanted:
            return "there is a Location where none belongs"
        return None

    def _body(self, answer, exchange, body):
        if "body" not in answer:
            return None if body is None else "there is a body where none belongs"
        validator = self._validator(answer, exchange["version"], exchange["admin"])
        key = (id(validator), exchange["body"])
        if key in self._known_good:
            return None
        error = jsonschema.exceptions.best_match(validator.iter_errors(body))
        if error is None:
            self._known_good.add(key)
            return None
        return "%s: %s" % ("/".join(str(p) for p in error.absolute_path) or "the body", error.message)

    def _validator(self, answer, version, admin):
        key = (id(answer), version, admin)
        if key not in self._compiled:
            schema = self._compile(answer["body"], version, admin)
            text = json.dumps(schema, sort_keys=True)
            if text not in self._validators:
                jsonschema.Draft7Validator.check_schema(schema)
                self._validators[text] = jsonschema.Draft7Validator(schema, format_checker=CHECKER)
            self._compiled[key] = self._validators[text]
        return self._compiled[key]

    def _compile(self, shape, version, admin):
        def compiled(inner):
            return self._compile(inner, version, admin)

        if isinstance(shape, str):
            named = compiled(self._types[shape.rstrip("?")])
            return {"anyOf": [{"type": "null"}, named]} if shape.endswith("?") else named
        if "fields" in shape:
            return self._object(self._extended(shape), version, admin)
        if "list" in shape:
            return {"type": "array", "items": compiled(shape["list"]), **shape.get("schema", {})}
        if "map" in shape:
            return {"type": "object", "patternProperties": {shape["keys"]: compiled(shape["map"])}, "additionalProperties": False}
        if "any" in shape:
            return {"anyOf": [compiled(s) for s in shape["any"]]}
        if "versions" in shape:
            return compiled(next(v["is"] for v in shape["versions"] if serves(v, version, admin)))
        return {"enum": shape["enum"]} if "enum" in shape else shape["schema"]

    def _extended(self, shape):
        if "with" not in shape:
            return shape
        base = self._extended(self._types[shape["with"]])
        return {"fields": {**base["fields"], **shape["fields"]}, "rules": base.get("rules", []) + shape.get("rules", [])}

    def _object(self, shape, version, admin):
        properties, required = {}, []
        for name, field in shape["fields"].items():
            variants = field if isinstance(field, list) else [field]
            chosen = next((v for v in variants if not isinstance(v, dict) or "is" not in v or serves(v, version, admin)), None)
            if chosen is None:
                continue
            modified = isinstance(chosen, dict) and "is" in chosen
            properties[name] = self._compile(chosen["is"] if modified else chosen, version, admin)
            if not (modified and chosen.get("optional")):
                required.append(name)
        schema = {"type": "object", "properties": properties, "additionalProperties": False, "required": sorted(required)}
        if shape.get("rules"):
            schema["allOf"] = [self._compile(r, version, admin) for r in shape["rules"]]
        return schema

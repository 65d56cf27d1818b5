#!/usr/bin/env python3
"""docs/model.schema.json and the importer agree on what a description is.

Every description in docs/examples must pass the schema; every document in
test/Frontends/errors whose message does not need weights must fail it. The
validator below knows the keywords that the schema uses and refuses others.
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
NOTES = {"$schema", "$id", "title", "description", "default", "$defs", "then"}
# Errors that only names, weights or widths can show.
NEED_MORE = {"rows.json", "result.json", "steps.json", "widths.json", "heard.json"}


def has_type(value, name):
    if name in ("integer", "number"):
        kinds = int if name == "integer" else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


class Validator:
    def __init__(self, root):
        self.root = root

    def valid(self, value, schema):
        if isinstance(schema, bool):
            return schema
        return all(key in NOTES or self.keyword(value, key, content, schema)
                   for key, content in schema.items())

    def keyword(self, value, key, content, schema):
        check = getattr(self, "check_" + key.replace("$", ""), None)
        if check is None:
            raise NotImplementedError(f"keyword {key} in the schema")
        return check(value, content, schema)

    def check_ref(self, value, content, schema):
        return self.valid(value, self.root["$defs"][content.removeprefix("#/$defs/")])

    def check_type(self, value, content, schema):
        return has_type(value, content)

    def check_const(self, value, content, schema):
        return value == content

    def check_enum(self, value, content, schema):
        return value in content

    def check_not(self, value, content, schema):
        return not self.valid(value, content)

    def check_oneOf(self, value, content, schema):
        return sum(self.valid(value, option) for option in content) == 1

    def check_allOf(self, value, content, schema):
        return all(self.valid(value, part) for part in content)

    def check_if(self, value, content, schema):
        return not self.valid(value, content) or self.valid(value, schema["then"])

    def check_required(self, value, content, schema):
        return not isinstance(value, dict) or all(key in value for key in content)

    def check_properties(self, value, content, schema):
        return not isinstance(value, dict) or all(
            self.valid(value[key], part) for key, part in content.items() if key in value)

    def check_additionalProperties(self, value, content, schema):
        return not isinstance(value, dict) or all(
            self.valid(member, content) for key, member in value.items()
            if key not in schema.get("properties", {}))

    def check_propertyNames(self, value, content, schema):
        return not isinstance(value, dict) or all(self.valid(key, content) for key in value)

    def check_items(self, value, content, schema):
        return not isinstance(value, list) or all(self.valid(v, content) for v in value)

    def check_minItems(self, value, content, schema):
        return not isinstance(value, list) or len(value) >= content

    def check_minLength(self, value, content, schema):
        return not isinstance(value, str) or len(value) >= content

    def check_pattern(self, value, content, schema):
        return not isinstance(value, str) or re.search(content, value) is not None

    def check_minimum(self, value, content, schema):
        return not has_type(value, "number") or value >= content

    def check_maximum(self, value, content, schema):
        return not has_type(value, "number") or value <= content

    def check_exclusiveMinimum(self, value, content, schema):
        return not has_type(value, "number") or value > content


def error_documents():
    """(test, name, document) of each JSON part of the error tests."""
    for test in sorted((ROOT / "test/Frontends/errors").glob("*.test")):
        parts = re.split(r"^#--- (\S+)\n", test.read_text(), flags=re.M)[1:]
        for name, text in zip(parts[::2], parts[1::2]):
            try:
                yield test.name, name, json.loads(text)
            except json.JSONDecodeError:
                continue


def main():
    schema = json.loads((ROOT / "docs/model.schema.json").read_text())
    validator = Validator(schema)
    problems = []
    examples = sorted((ROOT / "docs/examples").glob("*/model.json"))
    for path in examples:
        if not validator.valid(json.loads(path.read_text()), schema):
            problems.append(f"{path.relative_to(ROOT)}: the schema refuses an example")
    refused = 0
    for test, name, document in error_documents():
        if name in NEED_MORE:
            continue
        refused += 1
        if validator.valid(document, schema):
            problems.append(f"test/Frontends/errors/{test}: the schema takes {name}")
    if not examples or not refused:
        problems.append("expected examples and error tests, found none")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

"""Holds configurations against a schema of `gatehouse schema` with PyPI's jsonschema.

check_schema.py SCHEMA FILE...   prints what is wrong; the status is 1 when something is.
check_schema.py                  the golden files: good ones fit, bad ones with wrong keys do not.
"""

import json
import pathlib
import sys

import jsonschema
import yaml

GOLDEN = pathlib.Path(__file__).parent / "Golden"
# Warned of by the loader, refused by the schema: plugins that are not installed.
NOT_INSTALLED = {"missing-plugin", "missing-provider"}
# What only structure shows; the others are wrong in ways that a schema cannot say.
WRONG_BY_STRUCTURE = ["unknown-keys", "types", "later", "list", "provider", "secrets"]


class Loader(yaml.SafeLoader):
    """YAML 1.2's core schema for what the files use: on and off are text."""


Loader.yaml_implicit_resolvers = {
    first: [r for r in found if r[0] not in ("tag:yaml.org,2002:bool",
                                             "tag:yaml.org,2002:timestamp")]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool",
                             __import__("re").compile("^(?:true|True|TRUE|false|False|FALSE)$"),
                             list("tTfF"))


def problems(schema: dict, path: pathlib.Path) -> list[str]:
    validator = jsonschema.Draft202012Validator(schema)
    with open(path) as file:
        document = yaml.load(file, Loader)
    return [f"{path}: {e.json_path}: {e.message}" for e in validator.iter_errors(document)]


def main() -> int:
    golden = len(sys.argv) == 1
    with open(GOLDEN / "schema.expected" if golden else sys.argv[1]) as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    if not golden:
        found = [p for name in sys.argv[2:] for p in problems(schema, pathlib.Path(name))]
    else:
        found = [p for path in sorted((GOLDEN / "good").glob("*.yaml"))
                 if path.stem not in NOT_INSTALLED for p in problems(schema, path)]
        found += [f"{name}: the schema accepts it" for name in WRONG_BY_STRUCTURE
                  if not problems(schema, GOLDEN / "bad" / f"{name}.yaml")]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

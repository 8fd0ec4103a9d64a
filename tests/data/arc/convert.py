#!/usr/bin/python3
"""Bring the YAML files of the ARC test suite into the JSON that the tests read.   convert.py SUITE_TESTS_FOLDER

Needs python3-yaml. Writes validation.json and sign.json beside this file: lists of scenarios, as the suite has them.
"""
import json
import pathlib
import sys

import yaml

HERE = pathlib.Path(__file__).resolve().parent

for source, target in (("arc-draft-validation-tests.yml", "validation.json"), ("arc-draft-sign-tests.yml", "sign.json")):
    text = (pathlib.Path(sys.argv[1]) / source).read_text()
    scenarios = list(yaml.safe_load_all(text))
    (HERE / target).write_text(json.dumps(scenarios, indent=1, ensure_ascii=False) + "\n")

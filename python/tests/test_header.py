"""The structs and functions of `_library.py` are those of runnel.h."""

import pathlib
import re

from runnel import _library

HEADER = (pathlib.Path(__file__).parents[2] / "include/runnel/runnel.h").read_text()
PLAIN = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.S)


def members(body):
    """The names that a struct declares, in their order."""
    names = []
    for statement in body.split(";"):
        statement = " ".join(statement.split())
        if not statement:
            continue
        function = re.match(r".*\(\*(\w+)\)", statement)
        if function:
            names.append(function[1])
        else:
            names += [re.findall(r"\w+(?=\s*(?:\[|$))", part)[0] for part in statement.split(",")]
    return names


def test_structs_are_those_of_the_header():
    seen = dict(re.findall(r"typedef struct (\w+) \{(.*?)\} \1;", PLAIN, flags=re.S)
                and [(name, members(body)) for name, body in
                     re.findall(r"typedef struct (\w+) \{(.*?)\} \1;", PLAIN, flags=re.S)])
    for name, struct in _library.STRUCTS.items():
        assert [field for field, *_ in struct._fields_] == seen[name], name


def test_functions_have_as_many_arguments_as_in_the_header():
    declared = {name: [a for a in arguments.split(",") if a.strip() not in ("", "void")]
                for name, arguments in re.findall(r"RNL_API [^;(]*?rnl_(\w+)\(([^;]*?)\);", PLAIN,
                                                  flags=re.S)}
    for name, arguments in _library._STATUS.items():
        assert len(arguments) == len(declared[name]), name
    for name, (_, *arguments) in _library._OTHERS.items():
        assert len(arguments) == len(declared[name]), name

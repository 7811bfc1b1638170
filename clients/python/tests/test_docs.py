"""The Python examples of the documents: they compile, and call what there is with arguments that it has."""

from __future__ import annotations

import ast
import inspect
import pathlib
import re

import pytest

import framegate

ROOT = pathlib.Path(__file__).parents[3]
EXAMPLES = [
    (name, code)
    for name in ("README.md", "docs/python.md", "clients/python/README.md")
    for code in re.findall(r"```python\n(.*?)```", (ROOT / name).read_text("utf8"), re.DOTALL)
]


@pytest.mark.parametrize(("name", "code"), EXAMPLES)
def test_an_example_uses_what_the_package_has(name: str, code: str) -> None:
    tree = ast.parse(code)
    compile(code, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "framegate":
            assert all(alias.name in framegate.__all__ for alias in node.names)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and hasattr(framegate, node.func.id):
            keywords = {keyword.arg: None for keyword in node.keywords if keyword.arg}
            inspect.signature(getattr(framegate, node.func.id)).bind(*node.args, **keywords)


def test_there_are_examples_of_everything() -> None:
    text = "\n".join(code for _, code in EXAMPLES)
    for name in ("open_capture", "open_captures", "open_async_capture", "FrameSubscriber", "Gateway", "imshow", "YOLO"):
        assert re.search(rf"\b{name}\b", text), name

"""Lines of code per module: without blank lines, comments and docstrings. `make size` prints it."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAYOUT_TOKENS = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


def code_lines(source: str) -> int:
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in LAYOUT_TOKENS:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def main() -> None:
    total = 0
    inits = [path for folder in ("core", "adapters/*") for path in ROOT.glob(f"{folder}/src/*/__init__.py")]
    packages = sorted(path.parent for path in inits)
    for package in packages:
        paths = sorted(path for path in package.rglob("*.py") if not path.stem.endswith("_pb2"))  # generated
        sizes = {path: code_lines(path.read_text(encoding="utf-8")) for path in paths}
        if "--files" in sys.argv:
            for path, size in sizes.items():
                print(f"{size:7,}  {path.relative_to(ROOT).as_posix()}")
        print(f"{sum(sizes.values()):7,}  {package.name}  ({len(sizes)} files, the longest has {max(sizes.values())})")
        total += sum(sizes.values())
    print(f"{total:7,}  in all")


if __name__ == "__main__":
    main()

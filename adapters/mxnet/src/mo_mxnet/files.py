"""Which files a model is made of, and what is in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mo_core.errors import ModelError, UsageError
from mo_core.ir.sources import current, read_source
from mo_core.ir.tensor import Tensor
from mo_mxnet.params import check_pointer, read_params, write_params
from mo_mxnet.symbol import Symbol, parse_symbol

if TYPE_CHECKING:
    from mo_core.options import Options

_EPOCH = re.compile(r"-(\d+)$")
_PREFIX = re.compile(r"^(?:arg|aux):")


@dataclass
class Files:
    """A symbol and its parameters by name, without `arg:` and `aux:`.

    Attributes:
        notes: what to tell the user about the choice of files. described: how errors name the model.
    """

    symbol: Symbol
    params: dict[str, Tensor]
    described: str
    notes: list[str] = field(default_factory=list)


def load(source: Path, options: Options) -> Files:
    """Read the files that a path and the options name; raises ModelError and UsageError."""
    nd = [options.get(name) for name in ("pretrained_model_name", "nd_prefix_name", "input_symbol")]
    if options.get("nd_prefix_name") and not all(nd):
        raise UsageError(
            "--nd_prefix_name stands together with --pretrained_model_name and --input_symbol", "Give all three."
        )
    notes: list[str] = []
    symbol_path, params_paths = paths_of(source, options, notes)
    params: dict[str, Tensor] = {}
    for path in params_paths:
        params.update(_plain_names(read_params(path)))
    described = " with ".join(f'"{p}"' for p in (symbol_path, *params_paths))
    files = Files(_symbol(symbol_path), params, described, notes)
    if options.get("save_params_from_nd"):
        target = Path(options.get("output_dir") or ".") / f"{symbol_path.stem.removesuffix('-symbol')}-merged.params"
        current().guard(target, "Give another folder with --output_dir, or leave --save_params_from_nd out.")
        write_params(target, params)
        notes.append(f'the merged parameters are in "{target.name}".')
    return files


def _symbol(path: Path) -> Symbol:
    try:
        text = read_source(path)
        check_pointer(text[:64], path.name)
        return parse_symbol(text)
    except OSError as e:
        raise ModelError(f'cannot read "{path}": {e.strerror or e}') from e
    except ModelError as e:
        raise e.note(f'file "{path}"') from None


def _plain_names(arrays: dict[str, Tensor]) -> dict[str, Tensor]:
    return {_PREFIX.sub("", name): tensor for name, tensor in arrays.items()}


def paths_of(source: Path, options: Options, notes: list[str]) -> tuple[Path, list[Path]]:
    """The symbol, and the parameter files; a later one overrides an earlier one."""
    given = options.get("input_symbol")
    pretrained = options.get("pretrained_model_name")
    if pretrained:
        params = [_with_suffix(Path(pretrained))]
        prefix = options.get("nd_prefix_name")
        params += [Path(f"{prefix}_{kind}.nd") for kind in ("args", "auxs") if prefix]
    elif _is_symbol(source):
        return source, _beside(source, notes)
    else:
        params = [source]
    symbol = Path(given) if given else _symbol_of(params[0])
    for path in (symbol, *params):
        if not path.is_file():
            raise UsageError(f'there is no file "{path}"', _remedy(path))
    return symbol, params


def _remedy(path: Path) -> str:
    if path.suffix == ".json":
        return "Give the -symbol.json with --input_symbol."
    return "Give the path of the parameters that belong to the symbol."


def _is_symbol(path: Path) -> bool:
    return path.suffix.lower() == ".json"


def _with_suffix(path: Path) -> Path:
    return path if path.suffix == ".params" else path.with_name(f"{path.name}.params")


def _symbol_of(params: Path) -> Path:
    return params.with_name(f"{_EPOCH.sub('', params.stem)}-symbol.json")


def _beside(symbol: Path, notes: list[str]) -> list[Path]:
    """The parameters of the latest epoch that lie beside a symbol."""
    stem = symbol.stem.removesuffix("-symbol")
    found: list[tuple[int, str, Path]] = []
    for path in symbol.parent.glob("*.params"):
        epoch = _EPOCH.search(path.stem)
        if path.stem == stem or (epoch and path.stem[: epoch.start()] == stem):
            found.append((int(epoch[1]) if epoch and path.stem != stem else -1, path.name, path))
    if not found:
        notes.append(f'there are no "{stem}-*.params" next to the symbol, so that no operator has learned inputs.')
        return []
    chosen = max(found)[2]
    notes.append(f'the parameters are those of "{chosen.name}", which is next to the symbol.')
    return [chosen]

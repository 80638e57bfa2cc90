"""Which passes the options switch: the old flags, and the switch files and configurations of Ascend's tools.

Three syntaxes are read: lines `NAME:off`; JSON `{"Switch": {"GraphFusion": {"NAME": "off"}}}`; and the configuration of
the Ascend model compression toolkit (JSON or text), of which `do_fusion` and `skip_fusion_layers` count. Names are ours
(`PASS` or `PASS/RULE`) or those of `AMCT`; `ALL` stands for every fusion.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_core.errors import UsageError, did_you_mean, nearest_first
from mo_core.ir import Graph
from mo_core.rewriting.passes import Pass, Switches

if TYPE_CHECKING:
    from mo_core.options import Options

OPTION_PASSES: dict[str, tuple[str, ...]] = {
    "disable_gfusing": ("grouped-convolution",),
    "disable_resnet_optimization": ("stride-optimization",),
}
"""Passes that an option of the old tool switches off (`disable_fusing` is for all fusions: `Switches.fusing`)."""

_FOLD = "linear-fusion/factor-into-"
_NORM = "batch-norm/into-"

AMCT: dict[str, tuple[str, ...]] = {
    "F1": (f"{_NORM}convolution", f"{_FOLD}convolution"),
    "F2": (f"{_NORM}transposed-convolution", f"{_FOLD}transposed-convolution"),
    "F3": ("batch-to-space-reorder",),
    "F4": (f"{_NORM}group-convolution", f"{_FOLD}group-convolution"),
    "F5": tuple(f"{_FOLD}{kind}" for kind in ("convolution", "group-convolution", "transposed-convolution", "matmul")),
    "F6": ("concat-reorder",),
    "F6b": ("grouped-convolution",),
    "F7": ("matmul-batch-norm", "linear-motion/ahead-of-reshape"),
    "F8": ("linear-merge",),
    "F9": ("requantization",),
    "F10": ("linear-fusion/bias-form",),
    "F11": ("linear-merge/factors", "linear-merge/shifts", "linear-merge/factor-ahead-of-shift"),
    "F12": ("batch-norm",),
    "F13": ("linear-fusion/factor-into-next", "linear-fusion/shift-into-next", "linear-fusion/factor-past-shift"),
    "F14": (f"{_NORM}matmul", f"{_FOLD}matmul"),
    "F15": ("shared-quantization",),
    "ConvBatchnormFusionPass": (f"{_NORM}convolution", f"{_FOLD}convolution"),
    "ConvBnFusionPass": (f"{_NORM}convolution", f"{_FOLD}convolution"),
    "MatMulReshapeBiasAddFusionPass": ("matmul-batch-norm", "linear-motion/ahead-of-reshape"),
    "SameInputConv2dPass": ("horizontal-fusion",),
    "RequantFusionPass": ("requantization",),
    "QuantFusionPass": ("shared-quantization",),
}
"""The fusions of the toolkit, by their numbers in our documentation and by names of its passes, and what does them."""

_LIMIT = 1 << 20
_CONFIG_KEYS = frozenset(
    (
        "version",
        "batch_num",
        "activation_offset",
        "joint_quant",
        "do_fusion",
        "skip_fusion_layers",
        "skip_layers",
        "skip_layer_types",
        "common_config",
        "override_layer_types",
        "override_layer_configs",
        "tensor_quantize",
        "nuq_config",
    )
)


@dataclass
class SwitchFile:
    """What a file switches.

    Attributes:
        off, on: names as written; all_off: every fusion that is not in `on`; skipped: layers that no fusion touches;
        ignored: names of fusions of the device's compiler, which have no counterpart.
    """

    off: list[str] = field(default_factory=list)
    on: list[str] = field(default_factory=list)
    all_off: bool = False
    skipped: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    def set(self, name: str, state: Any, place: str) -> None:
        """Note one switch; raises UsageError for a state that is neither on nor off."""
        word = str(state).strip().lower()
        if word not in ("on", "off"):
            raise UsageError(f'{place}: "{name}" is switched "{state}"', 'Write "on" or "off".')
        if name.upper() == "ALL":
            self.all_off = word == "off"
        else:
            (self.on if word == "on" else self.off).append(name)


def read(path: str | Path) -> SwitchFile:
    """Read a switch file or a configuration in any of the syntaxes; raises UsageError when it is neither."""
    path = Path(path)
    try:
        raw = path.read_bytes()[: _LIMIT + 1]
        if len(raw) > _LIMIT:
            raise UsageError(f'"{path}" is too large for a switch file', f"The limit is {_LIMIT} bytes.")
        text = raw.decode("utf-8-sig")
    except OSError as e:
        raise UsageError(f'cannot read "{path}": {e.strerror or e}', "Check --fusion_switch_file.") from e
    except UnicodeDecodeError as e:
        raise UsageError(f'"{path}" is not a text file', "Check --fusion_switch_file.") from e
    return parse(text, path.name)


def parse(text: str, place: str = "the switch file") -> SwitchFile:
    """`read` for the text itself."""
    if text.lstrip().startswith("{"):
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as e:
            raise UsageError(f"{place} is no valid JSON: {e}", "Correct it, or write lines NAME:off.") from e
        return _from_json(content, place)
    return _from_lines(text, place)


def _from_json(content: dict[str, Any], place: str) -> SwitchFile:
    found = SwitchFile()
    switch = content.get("Switch")
    if isinstance(switch, dict):
        for kind, entries in switch.items():
            if not isinstance(entries, dict):
                raise UsageError(f'{place}: "{kind}" holds no switches', 'Write {"NAME": "off"} there.')
            for name, state in entries.items():
                if kind == "UBFusion":
                    found.ignored.append(str(name))
                else:
                    found.set(str(name), state, place)
    elif not _CONFIG_KEYS & content.keys():
        raise UsageError(
            f'{place} has neither "Switch" nor "do_fusion"', "See the documentation of --fusion_switch_file."
        )
    fusing = content.get("do_fusion", True)
    if not isinstance(fusing, bool):
        raise UsageError(f'{place}: do_fusion is "{fusing}"', "Write true or false.")
    if not fusing:
        found.off.extend(name for name in AMCT if re.fullmatch(r"F\d+b?", name))
    skipped = content.get("skip_fusion_layers", [])
    if not isinstance(skipped, list) or not all(isinstance(s, str) for s in skipped):
        raise UsageError(f"{place}: skip_fusion_layers is not a list of names", 'Write ["name1", "name2"].')
    found.skipped = list(skipped)
    return found


_SWITCH = re.compile(r"([\w./+-]+)\s*[:=]\s*(on|off)", re.IGNORECASE)
_SKIPPED = re.compile(r"^[ \t]*skip_fusion_layers\s*:\s*(\[[^\]]*\]|\"[^\"\n]*\"|'[^'\n]*')", re.MULTILINE)
_QUOTED = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'")
_WORDS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_DO_FUSION = re.compile(r"^[ \t]*do_fusion\s*:\s*(\w+)", re.MULTILINE)


def _from_lines(text: str, place: str) -> SwitchFile:
    found = SwitchFile()
    lines = [line.split("#")[0].strip().rstrip(",;") for line in text.splitlines()]
    if any(re.match(r"\w+", line) and re.match(r"\w+", line).group() in _CONFIG_KEYS for line in lines):  # type: ignore[union-attr]
        clean = "\n".join(line if '"' in line or "'" in line else line.split("#")[0] for line in text.splitlines())
        skipped = [a or b for names in _SKIPPED.findall(clean) for a, b in _QUOTED.findall(names)]
        state = _DO_FUSION.search(clean)
        word = state.group(1) if state is not None else "true"
        return _from_json({"do_fusion": _WORDS.get(word.lower(), word), "skip_fusion_layers": skipped}, place)
    for number, line in enumerate(lines, 1):
        match = _SWITCH.fullmatch(line)
        if match:
            found.set(match.group(1), match.group(2), f"{place}, line {number}")
        elif line:
            raise UsageError(f'{place}, line {number}: "{line[:60]}" is no switch', "Write NAME:off or NAME:on.")
    return found


@dataclass(frozen=True)
class Selection:
    """What options and switch file amount to.

    Attributes:
        switches: of the passes; excluded: patterns of source names that fusions leave alone (`Exclusion`);
        skipped: names among them that must exist in the model; notes: for the report.
    """

    switches: Switches
    excluded: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def select(options: Options, passes: Sequence[Pass]) -> Selection:
    """The switches that the options ask for; raises UsageError for a name that is no pass, rule or fusion of AMCT."""
    file = read(options.fusion_switch_file) if options.fusion_switch_file else SwitchFile()
    off, notes = _resolved(file.off, passes)
    on, more = _resolved(file.on, passes)
    if file.all_off:
        off.update(p.name for p in passes if p.fusion and p.name not in {name.split("/")[0] for name in on})
    off -= on
    disabled, last = _resolved(options.disable_pass, passes)
    for option, names in OPTION_PASSES.items():
        if getattr(options, option):
            disabled.update(names)
    if file.ignored:
        notes.append(f"{', '.join(file.ignored)}: fusions of the device's own compiler; nothing to switch here.")
    optional = {p.name for p in passes if not p.default}
    enabled, _ = _resolved(options.enable_pass, passes)
    only, _ = _resolved(options.only_passes, passes)
    switches = Switches(
        frozenset(off | disabled), frozenset(only), not options.disable_fusing, frozenset(enabled | (on & optional))
    )
    excluded = (*map(_pattern, options.finegrain_fusing), *map(re.escape, file.skipped))
    return Selection(switches, excluded, tuple(file.skipped), tuple(notes + more + last))


def _pattern(name: str) -> str:
    """A regular expression as it is; a name that is none, literally."""
    try:
        re.compile(name)
    except re.error:
        return re.escape(name)
    return name


def check_explained(query: str | None, passes: Sequence[Pass], graph: Graph) -> None:
    """Raise UsageError when there is no pass as in `--explain PASS@NODE`, and no node with such a name either."""
    name, at, _ = (query or "").partition("@")
    known = {name for p in passes for name in (p.name, *(n for r in p.rules for n in (r.name, f"{p.name}/{r.name}")))}
    if at and name and name not in known and all(node.name != query for node in graph.walk()):
        raise UsageError(
            f'--explain: there is no pass or rule "{name}"', nearest_first(name, known, "See --list-passes.")
        )


def unmatched(names: Iterable[str], graph: Graph) -> list[str]:
    """Those of the names and regular expressions (of `--finegrain_fusing`) that no source name fits."""
    left = {name: re.compile(_pattern(name)) for name in names}
    for node in graph.walk() if left else ():
        for name in [n for n, pattern in left.items() if node.name == n or pattern.fullmatch(node.name)]:
            del left[name]
    return list(left)


def check_layers(skipped: Iterable[str], graph: Graph) -> None:
    """Raise UsageError for a layer in skip_fusion_layers that the source does not have."""
    wanted = set(skipped)
    if not wanted:
        return
    known = {name for node in graph.walk() for name in (node.name, *node.origin)}
    for name in sorted(wanted - known):
        raise UsageError(f'skip_fusion_layers names "{name}", which the model does not have', did_you_mean(name, known))


def _resolved(names: Iterable[str], passes: Sequence[Pass]) -> tuple[set[str], list[str]]:
    """Our names for names as users write them, and notes on those that mean nothing here."""
    own = {name.lower(): name for p in passes for name in (p.name, *(f"{p.name}/{r.name}" for r in p.rules))}
    foreign = {_plain(name): ours for name, ours in AMCT.items()}
    found: set[str] = set()
    notes: list[str] = []
    for name in names:
        if name.lower() in own:
            found.add(own[name.lower()])
        elif _plain(name) in foreign:
            found.update(foreign[_plain(name)])
        elif name.endswith(("FusionPass", "Pass")):
            notes.append(f"{name}: a fusion of the device's own compiler; nothing to switch here.")
        else:
            remedy = nearest_first(name, [*own.values(), *AMCT], "See --list-passes.")
            raise UsageError(f'there is no pass "{name}"', remedy)
    return found, notes


def _plain(name: str) -> str:
    return re.sub(r"pass$", "", re.sub(r"[^a-z0-9]", "", name.lower()))

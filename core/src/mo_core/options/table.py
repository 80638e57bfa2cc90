"""Options as data: one table for the command line and for the keywords of `convert`.

An option is known by one name (`input_shape`); the command line takes it with `_` or `-`. Options that the old tool had
and that mean nothing any more stay known: they are accepted with a note, or refused with what replaces them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mo_core.errors import PluginError, UsageError, did_you_mean
from mo_core.options import frameworks

if TYPE_CHECKING:
    from mo_core.frontend import Frontend
    from mo_core.ir.types import Shape
    from mo_core.options.inputs import InputSpec, OutputSpec
    from mo_core.options.preparation import ChannelValues, LayoutSpec, TransformSpec


@dataclass(frozen=True, eq=False)
class Option:
    """One option.

    Args:
        name: as a keyword, with underscores.
        kind: `flag` (bare, or `=True`/`=False`), `text`, `path`, `integer`, `number`, `choice`, `words` (a list,
            separated by commas, may be given several times), `spec` (text or Python data that `parse` reads).
        help: one sentence. default: the value when it is not given.
        parse: of a `spec`: called with what the user gave and the option's name, returns the typed value (a list
            becomes a tuple), raises UsageError.
        aliases: short forms (`-m`) and former names. group: heading in `--help`. metavar: the value in `--help`.
        choices: canonical words (case does not matter), a mapping when some are synonyms.
        excludes: options that must not be given together with it.
        note: what to tell the user when it is given, because nothing depends on it any more.
        gone: what to do instead; giving the option is an error.
        frameworks: names of the front-ends that own it (filled in by the table; empty: common).
        provider: the plug-in or adapter that declares it (filled in where it is collected).
        bare: its value when none follows; the next word counts as one unless it is an option or a file.
    """

    name: str
    kind: str
    help: str
    default: Any = None
    parse: Callable[[Any, str], Any] | None = field(default=None, kw_only=True)
    aliases: tuple[str, ...] = ()
    group: str = "Other options"
    metavar: str = ""
    choices: Mapping[str, str] | tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    note: str = ""
    gone: str = ""
    frameworks: tuple[str, ...] = ()
    provider: str = "mo-core"
    bare: str | None = None

    @property
    def takes_value(self) -> bool:
        """True when the command line needs a value for it."""
        return self.kind != "flag"

    @property
    def flag(self) -> str:
        """As the user types it."""
        return f"--{self.name}"

    def convert(self, value: Any) -> Any:
        """The value in the option's type; raises UsageError when it has none."""
        if value is None:
            return self.default
        converted = _CONVERT[self.kind](self, value)
        if converted is None:
            expected = f"one of {', '.join(self.choices)}" if self.choices else _EXPECTED[self.kind]
            raise UsageError(f"{self.flag} takes {expected}, not {_shown(value)}", f"{self.flag}: {self.help}")
        return converted


TRUE_WORDS = frozenset(("true", "1", "yes", "on"))
FALSE_WORDS = frozenset(("false", "0", "no", "off"))


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return f'"{text}"' if len(text) <= 80 else f'"{text[:77]}..."'


def _flag(option: Option, value: Any) -> bool | None:
    word = str(value).strip().lower()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


def _text(option: Option, value: Any) -> str | None:
    return value if isinstance(value, str) else str(value) if isinstance(value, (int, float)) else None


def _path(option: Option, value: Any) -> Any:
    return value  # the front-end may take an object in memory in the place of a file


def _integer(option: Option, value: Any) -> int | None:
    if isinstance(value, (bool, float)):
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _number(option: Option, value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _choice(option: Option, value: Any) -> str | None:
    synonyms = option.choices if isinstance(option.choices, Mapping) else {c: c for c in option.choices}
    return {word.lower(): meaning for word, meaning in synonyms.items()}.get(str(value).strip().lower())


def listed(name: str, value: Any) -> tuple[str, ...]:
    """The value of an option of kind `words` before the table is known: `extension`, `block_plugin`."""
    return tuple(Option(name, "words", "", ()).convert(value))


def _words(option: Option, value: Any) -> tuple[str, ...] | None:
    if isinstance(value, str):
        return tuple(w.strip() for w in value.split(",") if w.strip())
    if hasattr(value, "__fspath__"):
        return (str(value),)
    if not isinstance(value, (list, tuple, set, frozenset)):
        return None
    return tuple(str(w) for w in (sorted(value) if isinstance(value, (set, frozenset)) else value))


def _spec(option: Option, value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()  # an array says the same as a list
    parsed = option.parse(value, option.name) if option.parse is not None else value
    return tuple(parsed) if isinstance(parsed, list) else parsed


_CONVERT: dict[str, Callable[[Option, Any], Any]] = {
    "flag": _flag,
    "text": _text,
    "path": _path,
    "integer": _integer,
    "number": _number,
    "choice": _choice,
    "words": _words,
    "spec": _spec,
}
_EXPECTED = {
    "flag": "True or False",
    "text": "a text",
    "path": "a path",
    "integer": "a whole number",
    "number": "a number",
    "words": "a list of names",
    "spec": "a value",
}


class OptionTable:
    """All options of one run: the common ones, those of plug-ins, those of the installed front-ends.

    Raises PluginError when two of them claim a name for different things.
    """

    def __init__(self, extra: Iterable[Option] = (), frontends: Iterable[Frontend] = ()) -> None:
        from mo_core.options.common import COMMON

        self.options: dict[str, Option] = {}
        self._by_alias: dict[str, str] = {}
        for option in (*COMMON, *extra):
            self._add(option)
        for frontend in frontends:
            for option in frontend.options():
                group = option.group if option.group != "Other options" else f"{frontend.title or frontend.name} models"
                owner = frontend.distribution or frontend.name
                self._add(replace(option, frameworks=(frontend.name,), group=group, provider=owner))

    def _add(self, option: Option) -> None:
        known = self.options.get(option.name)
        if known is not None:
            if not known.frameworks or not option.frameworks or known.kind != option.kind:
                raise PluginError(
                    f"the option {option.flag} is declared twice, by {known.provider} and by {option.provider}",
                    "Leave one of them out with --block-plugin; its author must rename the option.",
                )
            option = replace(known, frameworks=known.frameworks + option.frameworks)
        self.options[option.name] = option
        for alias in option.aliases:
            if self._by_alias.setdefault(alias, option.name) != option.name:
                raise PluginError(
                    f"{alias} is short for both --{self._by_alias[alias]} and {option.flag} of {option.provider}"
                )

    def find(self, name: str) -> Option | None:
        """An option by its name in either spelling, or by an alias (with its dashes)."""
        key = name.lstrip("-").replace("-", "_")
        return self.options.get(self._by_alias.get(name) or self._by_alias.get(f"--{key}", key))

    def require(self, name: str) -> Option:
        """An option by name; raises UsageError with the nearest names, or with the adapter that brings it."""
        option = self.find(name)
        if option is None:
            raise self._unknown(name)
        if option.gone:
            raise UsageError(f"{option.flag} is no longer there", option.gone)
        return option

    def _unknown(self, name: str) -> UsageError:
        key = name.lstrip("-").replace("-", "_")
        owners = frameworks.owners(key)
        if owners:
            package = owners[0].distribution
            return UsageError(
                f"--{key} is an option for {' and '.join(o.title for o in owners)} models",
                f"Leave it out, or use {package} for such a model (pip install {package}).",
            )
        known = [o.flag for o in self.options.values() if not o.gone]
        shown = name if name.startswith("-") else f"--{name}"
        return UsageError(f"there is no option {shown}", did_you_mean(shown, known) or "See --help.")

    def build(self, given: Mapping[str, Any]) -> Options:
        """Options from names and raw values (texts of the command line, or keywords); raises UsageError."""
        values = {option.name: option.default for option in self.options.values()}
        notes: list[str] = []
        names: dict[str, Option] = {}
        written: dict[str, Any] = {}
        for name, value in given.items():
            option = self.require(name)
            names[option.name] = option
            values[option.name] = option.convert(value)
            written[option.name] = value
        present = {name: option for name, option in names.items() if values[name] != option.default}
        for option in present.values():
            for other in option.excludes:
                if other in present:
                    raise UsageError(f"{option.flag} and --{other} exclude each other", "Give one of them.")
            if option.note:
                notes.append(f"{option.flag}: {option.note}")
        if values["framework"] is not None:
            values["framework"] = frameworks.canonical(values["framework"])
        options = Options(values, given=names, notes=notes, written=written)
        _check(options)
        return options


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def _check(options: Options) -> None:
    if options.batch is not None and options.batch != -1 and not 1 <= options.batch < 2**31:
        raise UsageError(f"--batch is {options.batch}", "Give a positive number below 2**31, or -1 for any.")
    if options.scale is not None:
        if options.scale == 0 or not math.isfinite(options.scale):
            raise UsageError(
                f"--scale is {options.scale:g}, and inputs are divided by it", "Give a finite number other than 0."
            )
        if abs(options.scale) < 1:
            options.notes.append(f"--scale {options.scale:g} divides the inputs, so it makes them larger.")
    if options.data_type == "f32" and options.compress_to_fp16:
        raise UsageError("--data_type FP32 and --compress_to_fp16 contradict each other", "Give one of them.")


class Options:
    """The options of one conversion, by attribute: `options.input_shape`.

    Attributes (beyond the options): given: the options that the user gave, by name; notes: what to tell the user;
    written: the specs as the user wrote them, for the report.
    """

    framework: str | None
    input_model: Any
    model_name: str | None
    output_dir: Any
    input: tuple[InputSpec, ...]
    output: tuple[OutputSpec, ...]
    input_shape: tuple[Shape, ...]
    batch: int | None
    freeze_placeholder_with_value: tuple[InputSpec, ...]
    static_shape: bool
    mean_values: ChannelValues
    scale_values: ChannelValues
    scale: float | None
    reverse_input_channels: bool
    layout: tuple[LayoutSpec, ...]
    source_layout: tuple[LayoutSpec, ...]
    target_layout: tuple[LayoutSpec, ...]
    transform: tuple[TransformSpec, ...]
    data_type: str | None
    compress_to_fp16: bool | None
    ir_version: str
    target_openvino: str | None
    disable_fusing: bool
    disable_gfusing: bool
    disable_resnet_optimization: bool
    disable_weights_compression: bool
    finegrain_fusing: tuple[str, ...]
    disable_pass: tuple[str, ...]
    enable_pass: tuple[str, ...]
    only_passes: tuple[str, ...]
    fusion_switch_file: Any
    extension: tuple[str, ...]
    block_plugin: tuple[str, ...]
    explain: str | None
    dump_passes: Any
    check: bool
    report: Any
    silent: bool
    log_level: str
    progress: bool
    stream_output: bool
    output_model: Any
    dry_run: bool
    config: Any
    no_plugins: bool
    keep_unsupported: bool
    unsupported_output: tuple[InputSpec, ...]
    transformations_config: tuple[Any, ...]
    tensorflow_custom_operations_config_update: Any

    def __init__(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        given: Mapping[str, Option] | None = None,
        notes: Iterable[str] = (),
        written: Mapping[str, Any] | None = None,
    ) -> None:
        if values is None:
            values = {o.name: o.default for o in OptionTable().options.values()}
        self.__dict__.update(values)
        self.given: dict[str, Option] = dict(given or {})
        self.notes: list[str] = list(notes)
        self.written: dict[str, Any] = dict(written or {})

    def get(self, name: str, default: Any = None) -> Any:
        """The value of an option that may not exist here (another front-end's, a plug-in's)."""
        return self.__dict__.get(name, default)

    def values(self) -> dict[str, Any]:
        """Names and values of what the user gave, for the report; specs as text, also where they were given as data."""
        return {
            name: self._text(name) if option.kind == "spec" else getattr(self, name)
            for name, option in self.given.items()
        }

    def _text(self, name: str) -> Any:
        written = self.written.get(name)
        if isinstance(written, str):
            return written
        from mo_core.options.spelling import spelled  # data comes from programs

        text = spelled(getattr(self, name))
        return _plain(written) if text is None else text

    @property
    def fp16(self) -> bool:
        """True when weights are to be stored as f16."""
        return bool(self.compress_to_fp16) if self.compress_to_fp16 is not None else self.data_type == "f16"

    def check_framework(self, framework: str) -> None:
        """Raise UsageError when an option was given that only other frameworks know."""
        for option in self.given.values():
            if option.frameworks and framework not in option.frameworks:
                owners, this = frameworks.titles(option.frameworks), frameworks.titles([framework])
                raise UsageError(
                    f"{option.flag} is an option for {owners} models, and this is a model of {this}",
                    f"Leave it out, or name the framework with --framework {option.frameworks[0]}.",
                )

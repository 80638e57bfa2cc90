"""What Kaldi computes, written down plainly: one value at a time, asked for by node and frame.

Written from Kaldi's documentation of components and descriptors; slow, and shares nothing with the adapter.
"""

import re
from itertools import pairwise

import numpy as np


class Undefined(Exception):
    """The value cannot be computed at this frame."""


class Network:
    """Nodes from config lines, components by name (`files.Part`).

    `value(node, t, x)` is the row of a node at frame t; inputs exist where `bind` says so. `widths`: columns of the nodes
    that stand in IfDefined.
    """

    def __init__(self, lines, components, widths=None):
        self.components, self._widths = components, widths or {}
        self.nodes = {}
        for line in lines:
            kind, _, rest = line.partition(" ")
            pairs = dict(re.findall(r"([\w-]+)=(.*?)(?=\s+[\w-]+=|$)", rest))
            self.nodes[pairs["name"]] = (kind, pairs)
        self.trees = {n: parse(p["input"]) for n, (k, p) in self.nodes.items() if "input" in p}

    def bind(self, frames, start, fixed=None):
        """Say what the inputs hold: rows of `input` from frame `start` on, and one row for each of the others."""
        self._frames, self._start, self._fixed, self._memo = frames, start, fixed or {}, {}
        return self

    def value(self, name, t, x=0):
        key = name, t, x
        if key not in self._memo:
            self._memo[key] = Undefined  # whoever asks again while it is computed waits for itself
            try:
                self._memo[key] = self._compute(name, t, x)
            except Undefined:
                pass
        found = self._memo[key]
        if found is Undefined:
            raise Undefined
        return found

    def _compute(self, name, t, x):
        kind, pairs = self.nodes[name]
        if kind == "input-node":
            return self._input(name, t)
        if kind == "dim-range-node":
            start, dim = int(pairs["dim-offset"]), int(pairs["dim"])
            return self.value(pairs["input-node"], t, x)[start : start + dim]
        tree = self.trees[name]
        if kind == "output-node":
            return self.read(tree, t, x)
        part = self.components[pairs["component"]]
        if part.kind in WINDOWS:
            return WINDOWS[part.kind](part, lambda at, index=x: self.read(tree, at, index), t, x)
        if part.kind == "DropoutMaskComponent":
            return np.full(part["OutputDim"], 1 - part["DropoutProportion"])
        if part.kind in ("ConstantComponent", "ConstantFunctionComponent"):
            return np.float64(part["Output"])
        return ROWS[part.kind](part, self.read(tree, t, x))

    def _input(self, name, t):
        if name in self._fixed:
            return np.float64(self._fixed[name])
        if not self._start <= t < self._start + len(self._frames):
            raise Undefined
        return np.float64(self._frames[t - self._start])

    def read(self, tree, t, x=0):
        op, args = tree
        if op == "Ref":
            return self.value(args, t, x)
        if op == "Append":
            return np.concatenate([self.read(a, t, x) for a in args])
        if op == "Sum":
            return sum(self.read(a, t, x) for a in args)
        if op == "Offset":
            return self.read(args[0], t + int(args[1]), x)
        if op == "Scale":
            return float(args[0]) * self.read(args[1], t, x)
        if op == "Const":
            return np.full(int(args[1]), float(args[0]))
        if op == "Round":
            return self.read(args[0], t // int(args[1]) * int(args[1]), x)
        if op == "Switch":
            return self.read(args[t % len(args)], t, x)
        if op == "ReplaceIndex":
            number = int(args[2])
            return self.read(args[0], number, x) if args[1][1] == "t" else self.read(args[0], t, number)
        if op == "Failover":
            try:
                return self.read(args[0], t, x)
            except Undefined:
                return self.read(args[1], t, x)
        assert op == "IfDefined"
        try:
            return self.read(args[0], t, x)
        except Undefined:
            return np.zeros(self._width_of(args[0]))

    def _width_of(self, tree):
        op, args = tree
        if op == "Ref":
            pairs = self.nodes[args][1]
            return int(pairs["dim"]) if "dim" in pairs else self._widths[args]
        return self._width_of(args[1 if op == "Scale" else 0])

    def context(self, output="output"):
        """How many frames before and after an utterance the output needs, in the worst alignment."""
        left = right = 0
        for shift in range(12):
            window = 60
            self.bind(np.zeros((window, self._width())), shift, self._zeros())
            known = []
            for t in range(shift, shift + window):
                try:
                    self.value(output, t)
                    known.append(t)
                except Undefined:
                    pass
            last = next(t for t in known if t + 1 not in known)  # where the first gap begins
            left, right = max(left, known[0] - shift), max(right, shift + window - 1 - last)
        return left, right

    def _width(self):
        return int(self.nodes["input"][1]["dim"])

    def _zeros(self):
        return {n: np.zeros(int(p["dim"])) for n, (k, p) in self.nodes.items() if k == "input-node" and n != "input"}

    def run(self, frames, fixed=None, output="output"):
        """The output for an utterance, whose first and last frame are repeated as far as the network looks."""
        left, right = self.context(output)
        padded = np.concatenate([np.repeat(frames[:1], left, 0), frames, np.repeat(frames[-1:], right, 0)])
        self.bind(padded, -left, fixed or {})
        for t in range(-left, 0):  # recurrences from their beginning, so that nothing recurses over the utterance
            try:
                self.value(output, t)
            except Undefined:
                pass
        return np.stack([self.value(output, t) for t in range(len(frames))])


def parse(text):
    """`Append(Offset(input, -1), input)` as nested tuples."""
    words = re.findall(r"[(),]|[^\s(),]+", text)

    def one(at):
        word = words[at]
        if at + 1 < len(words) and words[at + 1] == "(":
            args, at = [], at + 1
            while words[at] != ")":
                inner, at = one(at + 1)
                args.append(inner)
            return (word, args), at + 1
        if re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?", word):
            return word, at + 1
        return ("Ref", word), at + 1

    return one(0)[0]


# -- components on one row


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def affine(weights, bias, x):
    y = np.float64(weights) @ x
    return y + np.float64(bias) if bias is not None and len(bias) else y


def tile(vector, size):
    return np.tile(np.float64(vector), size // len(vector))


def batch_norm(c, x):
    scale = c["TargetRms"] / np.sqrt(np.float64(c["StatsVar"]) + c["Epsilon"])
    return (x - tile(c["StatsMean"], len(x))) * tile(scale, len(x))


def normalize(c, x):
    width = c.get("BlockDim") or len(x)
    blocks = []
    for part in x.reshape(-1, width):
        rms = np.sqrt(max(np.mean(part**2), 2.0**-66 * c["TargetRms"] ** 2))
        blocks.append(np.concatenate([part * c["TargetRms"] / rms, [np.log(rms)] if c.get("AddLogStddev") else []]))
    return np.concatenate(blocks)


def lstm(c, x):
    params = np.float64(c["Params"])
    n = params.shape[1]
    i, f, g, o, before = (x[k * n : (k + 1) * n] for k in range(5))
    masks = x[5 * n :] if c.get("UseDropout") else np.ones(3)
    cell = sigmoid(f + params[1] * before) * masks[1] * before + sigmoid(i + params[0] * before) * masks[0] * np.tanh(g)
    return np.concatenate([cell, sigmoid(o + params[2] * cell) * masks[2] * np.tanh(cell)])


def gru(c, x):
    n, w = c["CellDim"], np.float64(c["w_h"])
    r = w.shape[1]
    z, reset, new, before = x[:n], x[n : n + r], x[n + r : 2 * n + r], x[2 * n + r : 3 * n + r]
    state = before if r == n else x[3 * n + r :]
    h = np.tanh(new + w @ (reset * state))
    return np.concatenate([h, (1 - z) * h + z * before])


def output_gru(c, x):
    z, new, before = np.split(x, 3)
    h = np.tanh(new + np.float64(c["w_h"]) * before)
    return np.concatenate([h, (1 - z) * h + z * before])


def convolution(c, x):
    xd, yd, zd, fx, fy = (c[k] for k in ("InputXDim", "InputYDim", "InputZDim", "FiltXDim", "FiltYDim"))
    planes = x.reshape(xd, yd, zd) if c["InputVectorization"] else x.reshape(xd, zd, yd).transpose(0, 2, 1)
    out = []
    for a in range(0, xd - fx + 1, c["FiltXStep"]):
        for b in range(0, yd - fy + 1, c["FiltYStep"]):
            patch = planes[a : a + fx, b : b + fy].reshape(-1)
            out.append(affine(c["FilterParams"], c["BiasParams"], patch))
    return np.concatenate(out)


def max_pool(c, x):
    volume = x.reshape([c[f"Input{a}Dim"] for a in "XYZ"])
    size, step = [c[f"Pool{a}Size"] for a in "XYZ"], [c[f"Pool{a}Step"] for a in "XYZ"]
    counts = [(n - s) // d + 1 for n, s, d in zip(volume.shape, size, step)]
    out = [
        volume[tuple(slice(i * d, i * d + s) for i, d, s in zip(at, step, size))].max() for at in np.ndindex(*counts)
    ]
    return np.array(out)


def bands(patch, step, stride, filters, bias, x):
    frames = len(x) // stride
    out = []
    for p in range(0, stride - patch + 1, step):
        taken = np.concatenate([x[s * stride + p : s * stride + p + patch] for s in range(frames)])
        out.append(affine(filters, bias, taken))
    return np.concatenate(out)


def dct(c, x):
    n, keep = c["DctDim"], c.get("DctKeepDim") or c["DctDim"]
    blocks = x.reshape(n, -1).T if c["Reorder"] else x.reshape(-1, n)
    basis = [[np.sqrt((2 if k else 1) / n) * np.cos(np.pi / n * (m + 0.5) * k) for m in range(n)] for k in range(keep)]
    y = blocks @ np.array(basis).T
    return (y.T if c["Reorder"] else y).reshape(-1)


def composite(c, x):
    for _, inner in c.tokens:
        if hasattr(inner, "kind"):
            x = ROWS[inner.kind](inner, x)
    return x


def sums(c, x):
    edges = np.cumsum([0, *c["Sizes"]])
    return np.array([x[a:b].sum() for a, b in pairwise(edges)])


def pnorm(c, x):
    parts, p = np.abs(x.reshape(c["OutputDim"], -1)), c.get("P", 2.0)
    return parts.max(1) if np.isinf(p) else (parts**p).sum(1) ** (1 / p)


def same(c, x):
    return x


_AFFINE = "AffineComponent NaturalGradientAffineComponent AffineComponentPreconditionedOnline FixedAffineComponent"
ROWS = {
    **{kind: lambda c, x: affine(c["LinearParams"], c["BiasParams"], x) for kind in _AFFINE.split()},
    "LinearComponent": lambda c, x: affine(c["Params"], None, x),
    "FixedLinearComponent": lambda c, x: affine(c["CuMatrix"], None, x),
    "RepeatedAffineComponent": lambda c, x: np.concatenate(
        [affine(c["LinearParams"], c["BiasParams"], part) for part in np.split(x, c["NumRepeats"])]
    ),
    "BlockAffineComponent": lambda c, x: (
        np.concatenate(
            [
                np.float64(w) @ part
                for w, part in zip(np.split(c["LinearParams"], c["NumBlocks"]), np.split(x, c["NumBlocks"]))
            ]
        )
        + c["BiasParams"]
    ),
    "RectifiedLinearComponent": lambda c, x: np.maximum(x, 0),
    "SigmoidComponent": lambda c, x: sigmoid(x),
    "TanhComponent": lambda c, x: np.tanh(x),
    "SoftmaxComponent": lambda c, x: softmax(x),
    "LogSoftmaxComponent": lambda c, x: np.log(softmax(x)),
    "SoftHingeComponent": lambda c, x: np.log1p(np.exp(x)),
    "BatchNormComponent": batch_norm,
    "NormalizeComponent": normalize,
    "PnormComponent": pnorm,
    "MaxoutComponent": lambda c, x: x.reshape(c["OutputDim"], -1).max(1),
    "ElementwiseProductComponent": lambda c, x: np.prod(x.reshape(-1, c["OutputDim"]), 0),
    "SumBlockComponent": lambda c, x: c["Scale"] * x.reshape(-1, c["OutputDim"]).sum(0),
    "FixedScaleComponent": lambda c, x: x * c["Scales"],
    "FixedBiasComponent": lambda c, x: x + c["Bias"],
    "PerElementScaleComponent": lambda c, x: x * c["Params"],
    "NaturalGradientPerElementScaleComponent": lambda c, x: x * c["Params"],
    "PerElementOffsetComponent": lambda c, x: x + tile(c["Offsets"], len(x)),
    "ScaleAndOffsetComponent": lambda c, x: x * tile(c["Scales"], len(x)) + tile(c["Offsets"], len(x)),
    "PowerComponent": lambda c, x: x ** c["Power"],
    "ScaleComponent": lambda c, x: x * c["Scale"],
    "PermuteComponent": lambda c, x: x[(c.get("ColumnMap") or c.get("Reorder") or c.bare[0])],
    "SumGroupComponent": sums,
    "DctComponent": dct,
    "ConvolutionComponent": convolution,
    "MaxpoolingComponent": max_pool,
    "Convolutional1dComponent": lambda c, x: bands(
        c["PatchDim"], c["PatchStep"], c["PatchStride"], c["FilterParams"], c["BiasParams"], x
    ),
    "LstmNonlinearityComponent": lstm,
    "GruNonlinearityComponent": gru,
    "OutputGruNonlinearityComponent": output_gru,
    "CompositeComponent": composite,
    "DropoutComponent": lambda c, x: x * (1 - c.get("DropoutProportion", 0.0)),
    "BackpropTruncationComponent": lambda c, x: x * c.get("Scale", 1.0),
    **dict.fromkeys(
        "NoOpComponent ClipGradientComponent SpecAugmentTimeMaskComponent GeneralDropoutComponent AdditiveNoiseComponent".split(),
        same,
    ),
}


# -- components that look at several frames


def tdnn(c, read, t, x):
    return affine(c["LinearParams"], c["BiasParams"], np.concatenate([read(t + o) for o in c["TimeOffsets"]]))


def distribute(c, read, t, x):
    parts = c["InputDim"] // c["OutputDim"]
    width = c["OutputDim"]
    return read(t, x // parts)[x % parts * width : (x % parts + 1) * width]


def around(read, times, needed):
    """Rows at several frames; zeros (None) where they may be missing and are."""
    rows = {}
    for at in times:
        try:
            rows[at] = read(at)
        except Undefined:
            if at in needed:
                raise
    return rows


def time_height(c, read, t, x):
    rows = around(read, {t + o for o, _ in c["Offsets"]}, {t + o for o in c["RequiredTimeOffsets"]})
    ni, no, h = c["NumFiltersIn"], c["NumFiltersOut"], c["HeightIn"]
    weights = np.float64(c["LinearParams"]).reshape(no, len(c["Offsets"]), ni)
    out = np.tile(np.float64(c["BiasParams"]), (c["HeightOut"], 1))
    for place in range(c["HeightOut"]):
        for k, (dt, dh) in enumerate(c["Offsets"]):
            height = place * c["HeightSubsampleOut"] + dh
            if t + dt in rows and 0 <= height < h:
                out[place] += weights[:, k] @ rows[t + dt].reshape(h, ni)[height]
    return out.reshape(-1)


def attention(c, read, t, x):
    left, right, step = c["NumLeftInputs"], c["NumRightInputs"], c["TimeStride"]
    k, v, heads = c["KeyDim"], c["ValueDim"], c["NumHeads"]
    places = [t + step * o for o in range(-left, right + 1)]
    needed = {t + step * o for o in range(-c["NumLeftInputsRequired"], c["NumRightInputsRequired"] + 1)}
    rows = around(read, places, needed)
    out = []
    for head in range(heads):
        parts = {at: row.reshape(heads, -1)[head] for at, row in rows.items()}
        query = parts[t][k + v :]
        zero = np.zeros(k + v)
        near = [parts.get(at, zero) for at in places]
        logits = [c["KeyScale"] * query[:k] @ row[:k] + query[k + i] for i, row in enumerate(near)]
        weights = softmax(np.array(logits))
        out.append(sum(w * row[k : k + v] for w, row in zip(weights, near)))
        if c["OutputContext"]:
            out.append(weights)
    return np.concatenate(out)


def extraction(c, read, t, x):
    start = t // c["OutputPeriod"] * c["OutputPeriod"]
    rows = around(read, range(start, start + c["OutputPeriod"], c["InputPeriod"]), ())
    if not rows:
        raise Undefined
    stack = np.stack(list(rows.values()))
    parts = [[len(rows)], stack.sum(0)] + ([(stack**2).sum(0)] if c["IncludeVarinance"] else [])
    return np.concatenate(parts)


def pooling(c, read, t, x):
    times = [at for at in range(t - c["LeftContext"], t + c["RightContext"] + 1) if at % c["InputPeriod"] == 0]
    rows = around(read, times, ())
    if not rows:
        raise Undefined
    total = np.stack(list(rows.values())).sum(0)
    width = (len(total) - 1) // 2 if c["OutputStddevs"] else len(total) - 1
    mean = total[1 : 1 + width] / total[0]
    parts = [np.full(c.get("NumLogCountFeatures", 0), np.log(total[0])), mean]
    if c["OutputStddevs"]:
        parts.append(np.sqrt(np.maximum(total[1 + width :] / total[0] - mean**2, c["VarianceFloor"])))
    return np.concatenate(parts)


WINDOWS = {
    "TdnnComponent": tdnn,
    "DistributeComponent": distribute,
    "TimeHeightConvolutionComponent": time_height,
    "RestrictedAttentionComponent": attention,
    "StatisticsExtractionComponent": extraction,
    "StatisticsPoolingComponent": pooling,
}

#!/usr/bin/env python3
"""Runs the GPU kernels on the CPU and compares their numbers with PyTorch's.

    pip install torch numpy
    python tests/emulate_kernels.py

The sources of src/nn/cuda are compiled with g++ over a small shim (tests/cuda/shim.h) and run the golden plans
(tests/golden/cuda_plans.jsonl, which the program's tests hold equal to its own), matrix products by numpy. All memory
begins as NaN between canaries, every plan runs with the threads in three orders and must give the same bits. The
reference is PyTorch in float64, with the factors of products rounded where the plan rounds them. Covered: the encoder block forward and backward (all gradients), the single operations,
dropout's bits, conversion to bfloat16, norm, clipping, accumulation and AdamW. Not covered: the GPU's own expf and erff,
cuBLAS, the execution in src/nn/cuda/run.rs, speed.
"""
import ctypes
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

ROOT = Path(__file__).resolve().parent.parent
KERNELS = ROOT / "src/nn/cuda"
THREADS, CANARY, GUARD = 256, np.float32(-1234.5), 64
# Of the largest number compared. With bfloat16 a last bit of single precision can turn a rounding over.
LIMIT, HALF_LIMIT = 1e-5, 2e-3
U64 = (1 << 64) - 1


def sources():
    """The files in the order the program compiles them."""
    names = re.findall(r'include_str!\("(\w+\.cu)"\)', (KERNELS / "mod.rs").read_text())
    assert sorted(names) == sorted(path.name for path in KERNELS.glob("*.cu")), "mod.rs does not name every .cu"
    return "".join((KERNELS / name).read_text() for name in names)


class Machine:
    """The kernels, callable by name."""

    def __init__(self):
        text = sources()
        self.kernels = {}
        for name, parameters in re.findall(r'extern "C" __global__ void (\w+)\(([^)]*)\)', text):
            types = [p.strip() for p in parameters.replace("\n", " ").split(",")]
            self.kernels[name] = ["pointer" if "*" in p else p.split()[0] for p in types]
        cases = "".join(f"        case {i}: run({name}, blocks, threads, args, order); break;\n" for i, name in enumerate(self.kernels))
        entry = f'extern "C" void launch(unsigned i, unsigned blocks, unsigned threads, void **args, unsigned order) {{\n    switch (i) {{\n{cases}        default: std::abort();\n    }}\n}}\n'
        with tempfile.TemporaryDirectory() as folder:
            file, library = Path(folder) / "kernels.cpp", Path(folder) / "kernels.so"
            file.write_text(f'#include "{ROOT}/tests/cuda/shim.h"\n{text}\n{entry}')
            subprocess.run(["g++", "-std=c++17", "-O1", "-shared", "-fPIC", "-w", "-o", library, file], check=True)
            self.library = ctypes.CDLL(str(library))

    def __call__(self, kernel, blocks, args, order=0):
        kinds = {"pointer": ctypes.c_void_p, "u32": ctypes.c_uint32, "u64": ctypes.c_uint64, "float": ctypes.c_float, "double": ctypes.c_double}
        types = self.kernels[kernel]
        assert len(types) == len(args), (kernel, types, args)
        cells = [kinds[t](a.ctypes.data if isinstance(a, np.ndarray) else a) for t, a in zip(types, args)]
        pointers = (ctypes.c_void_p * len(cells))(*[ctypes.addressof(cell) for cell in cells])
        index = list(self.kernels).index(kernel)
        self.library.launch(index, blocks, THREADS, pointers, order)


def guarded(n, values=None):
    memory = np.full(n + 2 * GUARD, CANARY, np.float32)
    memory[GUARD : GUARD + n] = np.nan if values is None else values
    return memory


def whole(memory):
    return memory[GUARD : len(memory) - GUARD]


def wide(half):
    return (half.astype(np.uint32) << 16).view(np.float32)


class Run:
    """One execution of a plan; `kept` may come from another."""

    def __init__(self, machine, plan, inputs, kept=None, order=0):
        head, steps = plan
        self.buffers = {name: guarded(value.size, value.ravel()) for name, value in zip(["first", "second", "third"], inputs)}
        self.buffers |= {name: guarded(head[name]) for name in ["out", "kept", "work"]}
        if kept is not None:
            self.buffers["kept"] = kept
        for step in steps:
            if "launch" in step:
                launch = step["launch"]
                machine(launch["kernel"], launch["blocks"], [self.arg(a) for a in launch["args"]], order)
            else:
                self.product(step["product"])
        for name, memory in self.buffers.items():
            ends = np.concatenate([memory[:GUARD], memory[-GUARD:]])
            assert (ends == CANARY).all(), f"{head['plan']} writes outside {name}"
        assert np.isfinite(whole(self.buffers["out"])).all(), f"{head['plan']} leaves numbers unwritten or reads such"
        self.out, self.kept = whole(self.buffers["out"]).copy(), self.buffers["kept"]

    def span(self, span):
        words = whole(self.buffers[span["buffer"]])[span["start"] :]
        return (words.view(np.uint16) if span["half"] else words)[: span["len"]]

    def arg(self, arg):
        if arg == "null":
            return 0
        (kind, value), = arg.items()
        return self.span(value) if kind == "span" else value

    def product(self, p):
        def factor(f, rows, columns):
            values = self.span(f["span"])
            values = wide(values) if f["span"]["half"] else values
            stored = (columns, rows) if f["transposed"] else (rows, columns)
            matrices = values.reshape(p["batch"], *stored)
            return matrices.transpose(0, 2, 1) if f["transposed"] else matrices

        out = self.span(p["out"])
        result = (factor(p["a"], p["m"], p["k"]) @ factor(p["b"], p["k"], p["n"])).ravel()
        out[:] = out + result if p["add"] else result


def plans():
    found = []
    for line in (ROOT / "tests/golden/cuda_plans.jsonl").read_text().splitlines():
        value = json.loads(line)
        found.append((value, [])) if "plan" in value else found[-1][1].append(value)
    return found


def ordered(machine, plan, inputs, kept=None):
    """The run, after the same bits came out of three orders of the threads."""
    runs = [Run(machine, plan, inputs, None if kept is None else kept.copy(), order) for order in (0, 1, 2)]
    for other in runs[1:]:
        assert (runs[0].out.view(np.uint32) == other.out.view(np.uint32)).all(), f"{plan[0]['plan']} depends on the order of threads"
    return runs[0]


def mix(x):
    z = (x + 0x9E3779B97F4A7C15) & U64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & U64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & U64
    return z ^ (z >> 31)


def factors(mask, shape):
    """The program's dropout mask, in integers of any size."""
    if mask is None:
        return torch.ones(shape, dtype=torch.float64)
    draws = [mix((mask["key"] + i * 0x9E3779B97F4A7C15) & U64) >> 32 for i in range(int(np.prod(shape)))]
    kept = [0.0 if d < int(mask["p"] * 2**32) else 1 / (1 - mask["p"]) for d in draws]
    return torch.tensor(kept, dtype=torch.float64).reshape(shape)


class HalfProduct(torch.autograd.Function):
    """A product of factors rounded to bfloat16, forward and backward."""

    @staticmethod
    def forward(context, a, b):
        context.save_for_backward(a, b)
        return rounded(a) @ rounded(b)

    @staticmethod
    def backward(context, grad):
        a, b = context.saved_tensors
        return rounded(grad) @ rounded(b).mT, (rounded(a).mT @ rounded(grad)).sum_to_size(b.shape)


def rounded(x):
    return x.float().bfloat16().double()


def attention(qkv, heads, causal, mask, product=torch.matmul):
    b, t, packed = qkv.shape
    q, k, v = qkv.view(b, t, 3, heads, packed // 3 // heads).permute(2, 0, 3, 1, 4)
    scores = product(q, k.mT) / q.shape[-1] ** 0.5
    if causal:
        scores = scores.masked_fill(torch.ones(t, t).triu(1).bool(), float("-inf"))
    seen = product(scores.softmax(-1) * factors(mask, scores.shape), v)
    return seen.transpose(1, 2).reshape(b, t, packed // 3)


SHAPES = dict(norm1=("c", "c"), qkv=("3c,c",), query_bias=("c",), value_bias=("c",), output=("c,c", "c"), norm2=("c", "c"), expand=("f,c", "f"), contract=("c,f", "c"))


def parameters(spec, p):
    """Name and view of every parameter."""
    sizes = {"c": spec["width"], "3c": 3 * spec["width"], "f": spec["ff"]}
    views = {}
    for name, shapes in SHAPES.items():
        starts = spec["offsets"][name]
        for i, (start, shape) in enumerate(zip(starts if isinstance(starts, list) else [starts], shapes)):
            dims = [sizes[s] for s in shape.split(",")]
            views[f"{name}.{i}"] = p[start : start + int(np.prod(dims))].view(dims)
    return views


def block(spec, x, p):
    w = parameters(spec, p)
    b, t, c = x.shape
    masks = spec["masks"]
    norm = lambda i, x: F.layer_norm(x, (c,), w[f"norm{i}.0"], w[f"norm{i}.1"])
    bias = torch.cat([w["query_bias.0"], torch.zeros(c, dtype=x.dtype), w["value_bias.0"]])
    product = HalfProduct.apply if spec["half"] else torch.matmul

    def attend(x):
        seen = attention(product(x, w["qkv.0"].T) + bias, spec["heads"], spec["causal"], masks[0], product)
        return (product(seen, w["output.0"].T) + w["output.1"]) * factors(masks[1], x.shape)

    def feed(x):
        inner = F.gelu(product(x, w["expand.0"].T) + w["expand.1"])
        return (product(inner, w["contract.0"].T) + w["contract.1"]) * factors(masks[2], x.shape)

    if spec["post_norm"]:
        h = norm(1, x + attend(x))
        return norm(2, h + feed(h))
    h = x + attend(norm(1, x))
    return h + feed(norm(2, h))


def exact(*shape, generator, scale=1.0):
    """Normal numbers that float32 holds exactly."""
    return (torch.randn(shape, generator=generator) * scale).double()


worst = {}


def compare(what, got, want, limit):
    want = want.detach().numpy().ravel()
    error = np.abs(np.asarray(got, np.float64) - want).max() / max(np.abs(want).max(), 1e-30)
    worst[what] = max(worst.get(what, 0.0), error)
    assert error <= limit, f"{what}: {error:.2e} is above {limit}"


def f32(tensor):
    return tensor.detach().float().numpy()


def check_block(machine, name, forward, backward):
    spec = forward[0]["of"]
    generator = torch.Generator().manual_seed(3)
    shape = (spec["batch"], spec["bars"], spec["width"])
    x = exact(*shape, generator=generator).requires_grad_()
    count = max(max(v) if isinstance(v, list) else v for v in spec["offsets"].values()) + spec["width"]
    p = exact(count, generator=generator, scale=0.2)
    views = parameters(spec, p)
    for part, view in views.items():
        view += 1.0 if part in ("norm1.0", "norm2.0") else 0.0
        view *= 1.5 / view.shape[1] ** 0.5 * 5 if view.dim() == 2 else 1.0
    p = p.float().double().requires_grad_()
    y = block(spec, x, p)
    grad = exact(*shape, generator=generator)
    y.backward(grad)
    limit = HALF_LIMIT if spec["half"] else LIMIT
    first = ordered(machine, forward, [f32(x), f32(p)])
    compare(f"{name} y", first.out, y, limit)
    second = ordered(machine, backward, [f32(x), f32(p), f32(grad)], first.kept)
    compare(f"{name} dx", second.out[: x.numel()], x.grad, limit)
    for part, want in parameters(spec, p.grad).items():
        start = (want.data_ptr() - p.grad.data_ptr()) // 8
        compare(f"{name} d {part}", second.out[x.numel() + start :][: want.numel()], want, limit)


def check_single(machine, plan):
    name, shape = plan[0]["plan"].split("/")[1], plan[0]["of"]["shape"]
    generator = torch.Generator().manual_seed(4)
    new = lambda *s: exact(*s, generator=generator).requires_grad_()
    rows = lambda: new(*shape)
    flat = lambda tensors: torch.cat([t.grad.flatten() for t in tensors])
    width = shape[-1]
    kind = name.removesuffix("_backward")
    if kind == "layer_norm":
        leaves = [rows(), new(width), new(width)]
        y = F.layer_norm(leaves[0], (width,), leaves[1], leaves[2])
    elif kind == "bias_gelu":
        leaves = [rows(), new(width)]
        y = F.gelu(leaves[0] + leaves[1])
    elif kind == "add_table":
        leaves = [rows(), new(*shape[1:])]
        y = leaves[0] + leaves[1]
    elif kind == "column_sums":
        leaves = [rows()]
        y = leaves[0].sum(0)
    elif kind == "mean_bars":
        leaves = [rows()]
        y = leaves[0].mean(1)
    elif kind == "dropout":
        leaves = [rows()]
        y = leaves[0] * factors(dict(key=7, p=0.4), shape)
    elif kind == "attention":
        b, t, heads, depth = shape
        leaves = [new(b, t, 3 * heads * depth)]
        y = attention(leaves[0], heads, True, dict(key=0x0123456789ABCDEF ^ (4 << 60), p=0.25))
    grad = exact(*y.shape, generator=generator)
    if name == kind:
        compare(name, ordered(machine, plan, [f32(leaf) for leaf in leaves]).out, y, LIMIT)
        return
    y.backward(grad)
    # The result's gradient follows what the kernels read; the bias of a norm is not among it, nor x of a mean.
    read = {"layer_norm": leaves[:2], "mean_bars": []}.get(kind, leaves)
    got = ordered(machine, plan, [f32(v) for v in [*read, grad]]).out
    compare(name, got, flat(leaves), LIMIT)


def check_bits(machine):
    generator = np.random.default_rng(5)
    words = generator.integers(0, 2**32, 20_000, np.uint32)
    # Half of them lie exactly between two results.
    words[::2] = words[::2] & 0xFFFF0000 | 0x8000
    values = np.concatenate([words.view(np.float32), np.float32([0, -0.0, np.inf, -np.inf, np.nan, 3.4e38, 1e-40])])
    out = np.zeros(len(values), np.uint16)
    machine("drop", -(-len(values) // THREADS), [values, 0, out, len(values), 0, 0, 1.0])
    want = torch.from_numpy(values).to(torch.bfloat16)
    number = ~np.isnan(values)
    assert (out == want.view(torch.uint16).numpy())[number].all() and np.isnan(wide(out[~number])).all(), "bfloat16"


def check_optimizer(machine):
    n, steps, rate, decay, most = 5000, 4, 3e-3, 0.1, 0.7
    generator = torch.Generator().manual_seed(6)
    start = exact(n, generator=generator)
    decayed = (torch.arange(n) % 3 > 0).to(torch.uint8)
    halves = [start[decayed == d].clone().requires_grad_() for d in (0, 1)]
    groups = [dict(params=[half], weight_decay=decay * d) for d, half in enumerate(halves)]
    adam = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.999), eps=1e-8)
    values = f32(start).copy()
    first, second, sums = (np.zeros(n, np.float32) for _ in range(3))
    partial, clip = np.full(8, np.nan), np.full(2, np.nan, np.float32)
    blocks = -(-n // THREADS)
    for step in range(1, steps + 1):
        parts = [exact(n, generator=generator, scale=s) for s in (0.01, 0.02)]
        sums[:] = 0
        for part, weight in zip(parts, (0.25, 0.75)):
            machine("accumulate", blocks, [sums, f32(part), weight, n])
        gradient = 0.25 * parts[0] + 0.75 * parts[1]
        for d, half in enumerate(halves):
            half.grad = gradient[decayed == d].clone()
        norm = torch.nn.utils.clip_grad_norm_(halves, most if step > 1 else float("inf"))
        span = -(-n // 8)
        machine("square_sums", 8, [sums, partial, n, span])
        machine("clip_factor", 1, [partial, clip, 8, most if step > 1 else 0.0])
        compare("gradient norm", clip[0], norm.reshape(1), LIMIT)
        assert (clip[1] < 1) == (step > 1)
        c1, c2 = 1 - 0.9**step, 1 - 0.999**step
        last = [0.9, 0.999, 1e-8, 1 - rate * decay, rate / c1, c2**-0.5]
        machine("adamw", blocks, [values, sums, first, second, decayed.numpy(), clip, n, *last])
        adam.step()
        for d, half in enumerate(halves):
            compare("AdamW values", values[(decayed == d).numpy()], half, LIMIT)
    for name, moment in (("exp_avg", first), ("exp_avg_sq", second)):
        for d, half in enumerate(halves):
            # 1 - 0.999 in single precision, here as on the CPU, is off by 1.3e-5 of itself.
            compare(f"AdamW {name}", moment[(decayed == d).numpy()], adam.state[half][name], 2 * LIMIT)
    moved = values.copy()
    machine("adamw", blocks, [moved, sums, first, second, 0, 0, n, *last])
    assert (moved != values).all()


def main():
    torch.set_num_threads(1)
    machine = Machine()
    found = plans()
    blocks = [plan for plan in found if plan[0]["plan"].startswith("block/")]
    for forward, backward in zip(blocks[::2], blocks[1::2]):
        check_block(machine, forward[0]["plan"].split("/")[1], forward, backward)
    singles = [plan for plan in found if plan[0]["plan"].startswith("single/")]
    assert blocks and singles, "no golden plans"
    for plan in singles:
        check_single(machine, plan)
    check_bits(machine)
    check_optimizer(machine)
    used = {step["launch"]["kernel"] for _, steps in found for step in steps if "launch" in step}
    used |= {"accumulate", "square_sums", "clip_factor", "adamw"}
    assert used == set(machine.kernels), f"not run: {set(machine.kernels) - used}"
    shown = {}
    for what, error in worst.items():
        name = re.sub(r" d .*", " parameters", what)
        shown[name] = max(error, shown.get(name, 0.0))
    for name, error in shown.items():
        print(f"{error:9.1e}  {name}")
    single = max(e for what, e in worst.items() if not what.startswith(("half", "AdamW")))
    half = max(e for what, e in worst.items() if what.startswith("half"))
    print(f"{len(blocks)} block plans, {len(singles)} single plans, {len(machine.kernels)} kernels: largest error {single:.1e}, with bfloat16 factors {half:.1e}")


if __name__ == "__main__":
    sys.exit(main())

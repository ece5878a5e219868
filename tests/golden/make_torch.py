#!/usr/bin/env python3
"""Reference values of the networks and their objective, made with PyTorch.

    pip install torch numpy
    python tests/golden/make_torch.py tests/golden/torch.safetensors

The architectures are written here from torch's own pieces (functional layer norm, scaled dot-product attention, nn.LSTM,
conv1d, distributions, AdamW) and run in float64 from weights that float32 holds exactly. Per case the file holds weights,
outputs, losses, the gradient of every parameter (flat, in name order) and the total loss over 20 steps of AdamW without
dropout; windows, targets and window weights are common to all cases. The metadata lists cases, configurations, parameter
names and shapes.
"""
import json
import math
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

BATCH, FEATURES, SEED = 5, 3, 11
SHAPE = dict(seq_len=6, d_model=8, num_heads=2, num_layers=2, d_ff=12, dropout=0.0, latent_dim=3, tcn_kernel=3, tpa_filters=4)
VARIANCE, BETA, FREE_BITS, SIZE_WEIGHT = 0.02, 0.5, 0.02, 0.1
RATE, DECAY, STEPS = 3e-3, 0.1, 20
TASKS = ["entry", "exit", "return", "volatility", "vae"]

CASES = {
    "transformer_pre_mean": dict(norm="pre", pooling="mean"),
    "transformer_post_mean": dict(norm="post", pooling="mean"),
    "transformer_pre_last_learned_causal": dict(norm="pre", pooling="last", positions="learned", causal=True),
    "transformer_post_last": dict(norm="post", pooling="last"),
    "transformer_pre_attention_causal": dict(norm="pre", pooling="attention", causal=True),
    "transformer_post_attention_learned": dict(norm="post", pooling="attention", positions="learned"),
    "lstm_pre_mean": dict(encoder="lstm", norm="pre", pooling="mean"),
    "lstm_post_attention": dict(encoder="lstm", norm="post", pooling="attention"),
    "tcn_pre_mean": dict(encoder="tcn", norm="pre", pooling="mean"),
    "tcn_post_last": dict(encoder="tcn", norm="post", pooling="last"),
    "tpa_pre": dict(encoder="tpa", norm="pre", pooling="last"),
    "tpa_post": dict(encoder="tpa", norm="post", pooling="last"),
    "weighted": dict(norm="pre", pooling="mean", weighted=True),
    "focal_weighted": dict(norm="pre", pooling="mean", weighted=True, focal=2.0),
}


# The program's counter-based noise (SplitMix64, Box-Muller), for the latent's epsilon.

MASK = (1 << 64) - 1


def mix(x):
    z = (x + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def normals(seed, batch, site, n):
    key = mix(mix(mix(seed ^ (3 << 56)) ^ batch) ^ mix(site))
    uniform = lambda i: (mix((key + i * 0x9E3779B97F4A7C15) & MASK) >> 11) / (1 << 53)
    values = [math.sqrt(-2 * math.log(1 - uniform(2 * i))) * math.cos(2 * math.pi * uniform(2 * i + 1)) for i in range(n)]
    return torch.tensor(np.array(values, np.float32)).double()


def shapes(c):
    """Names and shapes of all parameters."""
    d, t, l, half = c["d_model"], c["seq_len"], c["latent_dim"], c["d_model"] // 2
    s = {"input.weight": (d, FEATURES), "input.bias": (d,)}
    norm = lambda name: s.update({name + ".gain": (d,), name + ".bias": (d,)})
    dense = lambda name, out, inp: s.update({name + ".weight": (out, inp), name + ".bias": (out,)})
    if c["encoder"] == "transformer" and c["positions"] == "learned":
        s["positions"] = (t, d)
    for i in range(c["num_layers"]):
        at = f"encoder.{i:02}."
        if c["encoder"] == "transformer":
            norm(at + "attention.norm")
            s[at + "attention.qkv.weight"] = (3 * d, d)
            s[at + "attention.query.bias"] = s[at + "attention.value.bias"] = (d,)
            dense(at + "attention.output", d, d)
            norm(at + "feed.norm")
            dense(at + "feed.expand", c["d_ff"], d)
            dense(at + "feed.contract", d, c["d_ff"])
        elif c["encoder"] == "tcn":
            norm(at + "convolution.norm")
            dense(at + "convolution.first", d, c["tcn_kernel"] * d)
            dense(at + "convolution.second", d, c["tcn_kernel"] * d)
        else:
            norm(at + "lstm.norm")
            dense(at + "lstm.input", 4 * d, d)
            s[at + "lstm.recurrent.weight"] = (4 * d, d)
    if c["norm"] == "pre":
        norm("final.norm")
    if c["encoder"] == "tpa":
        s["pattern.filters"] = (c["tpa_filters"], t - 1)
        s["pattern.query"] = (c["tpa_filters"], d)
        dense("pattern.state", d, d)
        s["pattern.output"] = (d, c["tpa_filters"])
    elif c["pooling"] == "attention":
        s["pool.query"] = (1, d)
    dense("vae.encode", half, d)
    dense("vae.mu", l, half)
    dense("vae.logvar", l, half)
    dense("vae.decode.hidden", half, l)
    dense("vae.decode.output", d, half)
    for head in ["entry", "exit", "return", "volatility", "size"]:
        dense(f"head.{head}.hidden", half, d + l)
        dense(f"head.{head}.output", 1, half)
    for task in TASKS:
        s[f"loss.{task}"] = (1,)
    return dict(sorted(s.items()))


def draw(c, generator):
    weights = {}
    for name, shape in shapes(c).items():
        value = torch.randn(shape, generator=generator, dtype=torch.float32)
        value *= 0.6 / math.sqrt(shape[-1]) if len(shape) == 2 else 0.2
        if name.endswith(".gain"):
            value += 1.0
        weights[name] = value.double().requires_grad_()
    return weights


def positions(t, d):
    at = torch.arange(t, dtype=torch.float64).unsqueeze(1)
    angle = at * 10000.0 ** (-torch.arange(0, d, 2, dtype=torch.float64) / d)
    code = torch.zeros(t, d, dtype=torch.float64)
    code[:, 0::2], code[:, 1::2] = angle.sin(), angle.cos()
    return code.float().double()


class Model:
    def __init__(self, c, w):
        self.c, self.w = c, w
        self.lstm = torch.nn.LSTM(c["d_model"], c["d_model"], batch_first=True).double()

    def dense(self, name, x):
        return F.linear(x, self.w[name + ".weight"], self.w[name + ".bias"])

    def residual(self, name, x, body):
        norm = lambda x: F.layer_norm(x, x.shape[-1:], self.w[name + ".gain"], self.w[name + ".bias"])
        return x + body(norm(x)) if self.c["norm"] == "pre" else norm(x + body(x))

    def attend(self, at, x):
        b, t, d = x.shape
        q, v = self.w[at + "query.bias"], self.w[at + "value.bias"]
        qkv = F.linear(x, self.w[at + "qkv.weight"], torch.cat([q, torch.zeros_like(q), v]))
        q, k, v = qkv.view(b, t, 3, self.c["num_heads"], -1).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=self.c["causal"])
        return self.dense(at + "output", seen.transpose(1, 2).reshape(b, t, d))

    def recur(self, at, x):
        bias = self.w[at + "input.bias"]
        own = {
            "weight_ih_l0": self.w[at + "input.weight"],
            "weight_hh_l0": self.w[at + "recurrent.weight"],
            "bias_ih_l0": bias,
            "bias_hh_l0": torch.zeros_like(bias),
        }
        return torch.func.functional_call(self.lstm, own, (x,))[0]

    def convolve(self, name, x, dilation):
        k, d = self.c["tcn_kernel"], x.shape[2]
        weight = self.w[name + ".weight"].view(-1, k, d).permute(0, 2, 1)
        padded = F.pad(x.transpose(1, 2), ((k - 1) * dilation, 0))
        return F.conv1d(padded, weight, self.w[name + ".bias"], dilation=dilation).transpose(1, 2)

    def encode(self, x):
        c = self.c
        if c["encoder"] == "transformer":
            x = x + (self.w["positions"] if c["positions"] == "learned" else positions(c["seq_len"], c["d_model"]))
        for i in range(c["num_layers"]):
            at = f"encoder.{i:02}."
            if c["encoder"] == "transformer":
                x = self.residual(at + "attention.norm", x, lambda x: self.attend(at + "attention.", x))
                feed = lambda x: self.dense(at + "feed.contract", F.gelu(self.dense(at + "feed.expand", x)))
                x = self.residual(at + "feed.norm", x, feed)
            elif c["encoder"] == "tcn":
                at += "convolution."
                first = lambda x: F.gelu(self.convolve(at + "first", x, 2**i))
                x = self.residual(at + "norm", x, lambda x: self.convolve(at + "second", first(x), 2**i))
            else:
                x = self.residual(at + "lstm.norm", x, lambda x: self.recur(at + "lstm.", x))
        if c["norm"] == "pre":
            x = F.layer_norm(x, x.shape[-1:], self.w["final.norm.gain"], self.w["final.norm.bias"])
        return x

    def pool(self, x):
        if self.c["encoder"] == "tpa":
            history, last = x[:, :-1], x[:, -1]
            patterns = torch.einsum("bti,kt->bik", history, self.w["pattern.filters"])
            scores = torch.einsum("bik,kj,bj->bi", patterns, self.w["pattern.query"], last)
            seen = torch.einsum("bi,bik->bk", torch.sigmoid(scores), patterns)
            return self.dense("pattern.state", last) + seen @ self.w["pattern.output"].T
        if self.c["pooling"] == "mean":
            return x.mean(1)
        if self.c["pooling"] == "last":
            return x[:, -1]
        scores = x @ self.w["pool.query"][0] / math.sqrt(x.shape[2])
        return (scores.softmax(1).unsqueeze(2) * x).sum(1)

    def sites(self):
        """Places that draw before the latent does."""
        return self.c["num_layers"] * {"transformer": 3, "tcn": 2, "lstm": 1, "tpa": 1}[self.c["encoder"]]

    def forward(self, x, batch):
        pooled = self.pool(self.encode(self.dense("input", x)))
        hidden = F.gelu(self.dense("vae.encode", pooled))
        mu, logvar = self.dense("vae.mu", hidden), self.dense("vae.logvar", hidden)
        epsilon = normals(SEED, batch, self.sites() + 1, mu.numel()).view(mu.shape)
        z = mu + torch.exp(logvar / 2) * epsilon
        reconstruction = self.dense("vae.decode.output", F.gelu(self.dense("vae.decode.hidden", z)))
        seen = torch.cat([pooled, z], 1)
        head = lambda name, x: self.dense(f"head.{name}.output", F.gelu(self.dense(f"head.{name}.hidden", x))).squeeze(1)
        return dict(
            entry=head("entry", seen),
            exit=head("exit", seen),
            expected_return=head("return", seen),
            volatility=F.softplus(head("volatility", seen)),
            size=torch.sigmoid(head("size", seen.detach())),
            pooled=pooled,
            reconstruction=reconstruction,
            mu=mu,
            logvar=logvar,
        )

    def losses(self, out, y):
        """Total, the five tasks, size."""
        share = y["weight"] / y["weight"].sum() if self.c["weighted"] else torch.full((BATCH,), 1 / BATCH, dtype=torch.float64)
        mean = lambda per_window: (per_window * share).sum()

        def cross_entropy(logits, truth):
            plain = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
            given = torch.where(truth == 1, torch.sigmoid(logits), 1 - torch.sigmoid(logits))
            return mean((1 - given) ** self.c["focal"] * plain if self.c["focal"] else plain)

        squared = lambda a, b: F.mse_loss(a, b, reduction="none")
        kl = kl_divergence(Normal(out["mu"], torch.exp(out["logvar"] / 2)), Normal(0.0, 1.0))
        latents = (kl * share.unsqueeze(1)).sum(0)
        rebuilt = mean(squared(out["reconstruction"], out["pooled"].detach()).mean(1))
        tasks = [
            cross_entropy(out["entry"], y["entry"]),
            cross_entropy(out["exit"], y["exit"]),
            mean(squared(out["expected_return"], y["expected_return"])),
            mean(squared(out["volatility"], y["volatility"])),
            rebuilt + BETA * latents.clamp(min=FREE_BITS).sum(),
        ]
        growth = torch.log((1 + out["size"] * y["net_return"]).clamp(min=0.01))
        size = -mean(growth) / VARIANCE
        total = SIZE_WEIGHT * size
        for name, loss in zip(TASKS, tasks):
            s = self.w[f"loss.{name}"][0]
            half = 0.5 if name in ("return", "volatility") else 1.0
            total = total + half * torch.exp(-s) * loss + s / 2
        return [total, *tasks, size]


def common(generator):
    rand = lambda *shape: torch.randn(shape, generator=generator, dtype=torch.float32).double()
    flags = lambda bits: torch.tensor(bits, dtype=torch.float64)
    return rand(BATCH, SHAPE["seq_len"], FEATURES), dict(
        entry=flags([1, 0, 0, 1, 0]),
        exit=flags([0, 1, 0, 0, 1]),
        expected_return=rand(BATCH),
        volatility=rand(BATCH).abs(),
        # The third window would ruin a full position: the floor of the growth counts.
        net_return=rand(BATCH).mul(0.05) + flags([0, 0, -1.9, 0, 0]).float().double(),
        weight=rand(BATCH).abs() + 0.1,
    )


def write(path, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, tensor in sorted(tensors.items()):
        raw = tensor.detach().to(torch.float32).contiguous().numpy().astype("<f4").tobytes()
        header[name] = dict(dtype="F32", shape=list(tensor.shape), data_offsets=[len(data), len(data) + len(raw)])
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def main():
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(5)
    x, y = common(generator)
    y = {name: value.float().double() for name, value in y.items()}
    tensors = {"x": x} | {f"target/{name}": value for name, value in y.items()}
    listed = {}
    for name, own in CASES.items():
        c = SHAPE | dict(encoder="transformer", positions="sinusoidal", causal=False, weighted=False, focal=0.0) | own
        w = draw(c, generator)
        model = Model(c, w)
        flat = lambda values: torch.cat([value.flatten() for value in values])
        tensors[f"{name}/weights"] = flat(w.values()).detach().clone()
        out = model.forward(x, 0)
        losses = model.losses(out, y)
        gradients = torch.autograd.grad(losses[0], list(w.values()))
        tensors |= {f"{name}/losses": torch.stack(losses), f"{name}/gradients": flat(gradients)}
        tensors[f"{name}/outputs"] = flat(out.values())
        groups = [[v for v in w.values() if v.dim() == dim] for dim in (2, 1)]
        decays = [dict(params=group, weight_decay=decay) for group, decay in zip(groups, (DECAY, 0.0))]
        optimizer = torch.optim.AdamW(decays, lr=RATE)
        curve = []
        for step in range(STEPS):
            optimizer.zero_grad()
            loss = model.losses(model.forward(x, step), y)[0]
            loss.backward()
            optimizer.step()
            curve.append(loss.detach())
        tensors[f"{name}/curve"] = torch.stack(curve)
        extra = {"weighted": c.pop("weighted"), "focal": c.pop("focal")}
        listed[name] = extra | dict(model=c, parameters=shapes(c))
    settings = dict(seed=SEED, features=FEATURES, variance=VARIANCE, beta=BETA, rate=RATE, decay=DECAY)
    write(sys.argv[1], tensors, {"torch": torch.__version__, "golden": json.dumps(settings | dict(cases=listed), separators=(",", ":"))})


main()

#!/usr/bin/env python3
"""far.py: the model in PyTorch, in fp32, for vectors far out in the context.

A second implementation of the forward pass that shares no line with engine/: it is itself checked
against the vectors of Hugging Face transformers (tests/data/deepread-150m/reference.safetensors and
reference-long.safetensors), then reads a longer text and writes what it saw, in the same form:

    far.py --model models/deepread-150m --check tests/data/deepread-150m --text FILE
           --tokens 131072 --out reference-far.safetensors [--device cuda]

Needs torch, safetensors, tokenizers, numpy; a GPU makes 131,072 tokens a matter of a minute or two.
"""
import argparse
import glob
import json
import math
import os
import time

import torch
from safetensors.torch import load_file, save_file

LATENT_EPS = 1e-6
GREEDY = 4
ROWS = 8                     # positions, evenly spread, whose logits are kept


def dequantised(folder, device):
    tensors = {}
    for path in sorted(glob.glob(os.path.join(folder, "*.safetensors"))):
        tensors.update(load_file(path))
    out = {}
    for name, t in tensors.items():
        if name.endswith("_scale_inv"):
            continue
        w = t.to(torch.float32)
        scale = tensors.get(name + "_scale_inv")
        if scale is not None:
            s = scale.repeat_interleave(128, 0)[: w.shape[0]]
            w = w * s.repeat_interleave(128, 1)[:, : w.shape[1]]
        out[name.removeprefix("model.")] = w.to(device)
    return out


def rms(x, w, eps):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * w


def yarn(c):
    """Inverse frequencies and the factor of the softmax scale."""
    dim, base, y = c["qk_rope_head_dim"], c["rope_theta"], c["rope_scaling"]
    freq = 1.0 / base ** (torch.arange(0, dim, 2, dtype=torch.float32) / dim)

    def dimension(turns):
        return dim * math.log(y["original_max_position_embeddings"] / (turns * 2 * math.pi)) / (2 * math.log(base))

    low, high = math.floor(dimension(y["beta_fast"])), math.ceil(dimension(y["beta_slow"]))
    low, high = max(low, 0), min(high, dim - 1)
    ramp = ((torch.arange(dim // 2, dtype=torch.float32) - low) / max(high - low, 0.001)).clamp(0, 1)
    m = 0.1 * y["mscale_all_dim"] * math.log(y["factor"]) + 1
    return freq / y["factor"] * ramp + freq * (1 - ramp), m * m


class Model:
    def __init__(self, folder, device, share=True):
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as f:
            self.c = json.load(f)
        self.device = device
        self.w = dequantised(folder, device)
        freq, m2 = yarn(self.c)
        self.freq = freq.to(device)
        c = self.c
        self.scale = m2 / math.sqrt(c["qk_nope_head_dim"] + c["qk_rope_head_dim"])
        self.full = [not share or t == "full" for t in c["indexer_types"]]

    def rope(self, x, pos, halves):
        """x [T, heads, P] at positions pos."""
        angle = pos.to(torch.float32)[:, None] * self.freq
        cos, sin = angle.cos()[:, None], angle.sin()[:, None]
        n = x.shape[-1] // 2
        a, b = (x[..., :n], x[..., n:]) if halves else (x[..., 0::2], x[..., 1::2])
        y = (a * cos - b * sin, b * cos + a * sin)
        return torch.cat(y, -1) if halves else torch.stack(y, -1).flatten(-2)

    def start(self, capacity):
        c, new = self.c, lambda n: torch.zeros(capacity, n, device=self.device)
        row = c["kv_lora_rank"] + c["qk_rope_head_dim"]
        layers = c["num_hidden_layers"]
        self.latent = [new(row) for _ in range(layers)]
        self.key = [new(c["index_head_dim"]) if self.full[i] else None for i in range(layers)]
        self.n = 0

    def select(self, p, i, x, cq, pos):
        """The indexer of layer i: [T, K] positions of earlier tokens, -1 where there are fewer."""
        c, w = self.c, self.w
        J, C, P = c["index_n_heads"], c["index_head_dim"], c["qk_rope_head_dim"]
        k = torch.nn.functional.layer_norm(x @ w[p + "indexer.wk.weight"].T, (C,), w[p + "indexer.k_norm.weight"],
                                           w[p + "indexer.k_norm.bias"], LATENT_EPS)
        k = torch.cat([self.rope(k[:, None, :P], pos, True)[:, 0], k[:, P:]], -1)
        self.key[i][pos] = k
        q = (cq @ w[p + "indexer.wq_b.weight"].T).view(-1, J, C)
        q = torch.cat([self.rope(q[..., :P], pos, True), q[..., P:]], -1)
        g = x @ w[p + "indexer.weights_proj.weight"].T * (J ** -0.5 * C ** -0.5)
        n = int(pos[-1]) + 1
        keys = self.key[i][:n]
        score = torch.zeros(len(pos), n, device=self.device)
        for j in range(J):
            score += g[:, j, None] * torch.relu(q[:, j] @ keys.T)
        score.masked_fill_(torch.arange(n, device=self.device)[None] > pos[:, None], -math.inf)
        best = score.topk(min(c["index_topk"], n), -1)
        return best.indices.masked_fill(best.values == -math.inf, -1)

    def attend(self, p, i, q, sel):
        """q [T, H, N + P], rotated; absorbed attention over the rows of sel."""
        c = self.c
        H, N, W, R = c["num_attention_heads"], c["qk_nope_head_dim"], c["v_head_dim"], c["kv_lora_rank"]
        kv = self.w[p + "kv_b_proj.weight"].view(H, N + W, R)
        absorbed = torch.cat([torch.einsum("thn,hnr->thr", q[..., :N], kv[:, :N]), q[..., N:]], -1)
        out = []
        for a, s in zip(absorbed.split(256), sel.split(256)):
            rows = self.latent[i][s.clamp(min=0)]
            logit = torch.bmm(a, rows.transpose(1, 2)) * self.scale
            logit.masked_fill_((s < 0)[:, None], -math.inf)
            out.append(torch.bmm(logit.softmax(-1), rows[..., :R]))
        return torch.einsum("thr,hwr->thw", torch.cat(out), kv[:, N:]).flatten(1)

    def attention(self, i, x, pos):
        c, w, p = self.c, self.w, f"layers.{i}.self_attn."
        H, N, P, R = (c["num_attention_heads"], c["qk_nope_head_dim"], c["qk_rope_head_dim"], c["kv_lora_rank"])
        cq = rms(x @ w[p + "q_a_proj.weight"].T, w[p + "q_a_layernorm.weight"], LATENT_EPS)
        q = (cq @ w[p + "q_b_proj.weight"].T).view(-1, H, N + P)
        q = torch.cat([q[..., :N], self.rope(q[..., N:], pos, False)], -1)
        u = x @ w[p + "kv_a_proj_with_mqa.weight"].T
        rope_key = self.rope(u[:, None, R:], pos, False)[:, 0]
        self.latent[i][pos] = torch.cat([rms(u[:, :R], w[p + "kv_a_layernorm.weight"], LATENT_EPS), rope_key], -1)
        if self.full[i]:
            self.sel = self.select(p, i, x, cq, pos)
            self.last_sel[i] = self.sel[-1]
        return self.attend(p, i, q, self.sel) @ w[p + "o_proj.weight"].T

    def forward(self, ids):
        """Appends ids; returns the state of each after the last norm."""
        c, w = self.c, self.w
        eps = c["rms_norm_eps"]
        pos = torch.arange(self.n, self.n + len(ids), device=self.device)
        x = w["embed_tokens.weight"][ids]
        self.last_sel = {}
        for i in range(c["num_hidden_layers"]):
            p = f"layers.{i}."
            x = x + self.attention(i, rms(x, w[p + "input_layernorm.weight"], eps), pos)
            f = rms(x, w[p + "post_attention_layernorm.weight"], eps)
            h = torch.nn.functional.silu(f @ w[p + "mlp.gate_proj.weight"].T) * (f @ w[p + "mlp.up_proj.weight"].T)
            x = x + h @ w[p + "mlp.down_proj.weight"].T
        self.n += len(ids)
        return rms(x, w["norm.weight"], eps)

    def logits(self, h):
        return h @ self.w["embed_tokens.weight"].T

    def read(self, ids, rows, chunk=1024):
        """Everything the tests compare, for one text."""
        ids = ids.to(self.device)
        n = len(ids)
        self.start(n + GREEDY)
        nll, kept, last = [], {}, []
        for a in range(0, n, chunk):
            b = min(a + chunk, n)
            logits = self.logits(self.forward(ids[a:b]))
            target = ids[a + 1: b + 1]
            nll.append(torch.nn.functional.cross_entropy(logits[: len(target)], target.long(), reduction="none"))
            kept |= {r: logits[r - a].clone() for r in rows if a <= r < b}
            last = (last + list(logits[-8:].clone()))[-8:]
        out = {"tokens": ids.int(), "rows": torch.tensor(rows).int(), "nll": torch.cat(nll)}
        out["logits" if rows else "logits_last8"] = torch.stack([kept[r] for r in rows] if rows else last)
        out |= {f"topk_last.{i:02d}": s.sort().values.int() for i, s in self.last_sel.items()}
        greedy, row = [], last[-1]
        for _ in range(GREEDY):
            greedy.append(int(row.argmax()))
            row = self.logits(self.forward(torch.tensor(greedy[-1:], device=self.device)))[0]
        out["greedy"] = torch.tensor(greedy).int()
        return {k: v.cpu().contiguous() for k, v in out.items()}


def compare(model, folder, name):
    want = load_file(os.path.join(folder, name))
    got = model.read(want["tokens"], want["rows"].tolist() if "logits" in want else [])
    key = "logits" if "logits" in want else "logits_last8"
    error = ((got[key] - want[key]).norm(dim=-1) / want[key].norm(dim=-1)).max().item()
    nll = (got["nll"] - want["nll"]).abs()
    same = (got["greedy"][: len(want["greedy"])] == want["greedy"][:GREEDY]).all().item()
    print(f"{name}: {len(want['tokens'])} tokens, logits {error:.2g}, nll {nll.max():.2g} (mean {nll.mean():.2g}), "
          f"greedy {'equal' if same else 'DIFFERS'}", flush=True)
    return error <= 3e-3 and same


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--model", required=True)
    p.add_argument("--check", required=True, help="folder of the vectors to check against")
    p.add_argument("--text", help="text to read; repeated if it is too short")
    p.add_argument("--tokens", type=int, default=131072)
    p.add_argument("--out")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--quick", action="store_true", help="check against the short vectors only")
    args = p.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.set_grad_enabled(False)
    model = Model(args.model, args.device)
    ok = compare(model, args.check, "reference.safetensors")
    if not args.quick:
        ok = compare(model, args.check, "reference-long.safetensors") and ok
    if not ok:
        raise SystemExit("this implementation does not agree with the vectors: nothing written")
    if not args.text:
        return
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(os.path.join(args.model, "tokenizer.json"))
    with open(args.text, encoding="utf-8") as f:
        ids = tokenizer.encode(f.read(), add_special_tokens=False).ids
    ids = (ids * (args.tokens // len(ids) + 1))[: args.tokens]
    before = time.time()
    rows = [(i + 1) * args.tokens // ROWS - 9 for i in range(ROWS)]
    out = model.read(torch.tensor(ids), rows)
    save_file(out, args.out, {"source": "tests/reference/far.py, float32"})
    print(f"{args.out}: {len(ids)} tokens in {time.time() - before:.1f} s, mean nll {out['nll'].mean():.4f}")


if __name__ == "__main__":
    main()

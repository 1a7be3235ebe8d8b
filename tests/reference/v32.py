#!/usr/bin/env python3
"""v32.py: layers of DeepSeek-V3.2's true sizes with random weights, and what transformers computes with them.

    v32.py --out DIR [--layers 2] [--tokens 3000]

Writes a checkpoint (FP8 with scales, about 12 GB for one dense layer and one with 256 experts, 11 more for each
further one) and DIR/reference.safetensors: tokens, losses, hidden states and logits at some positions, computed
in fp32 layer by layer by transformers' deepseek_v32.  With more than 2,048 tokens the indexer selects.  Then

    DEEPREAD_TEST_MODEL=DIR build/gpu/test_reference given_model cuda

Needs a GPU with 60 GB, torch, transformers, safetensors.  The vocabulary is shortened to 16,384 words.
"""
import argparse
import json
import os
import time

import torch
from safetensors.torch import save_file
from transformers.models.deepseek_v32.configuration_deepseek_v32 import DeepseekV32Config
from transformers.models.deepseek_v32.modeling_deepseek_v32 import (
    DeepseekV32DecoderLayer, DeepseekV32RMSNorm, DeepseekV32RotaryEmbedding)

YARN = {"type": "yarn", "factor": 40, "original_max_position_embeddings": 4096, "beta_fast": 32, "beta_slow": 1,
        "mscale": 1.0, "mscale_all_dim": 1.0}
BASE = {
    "architectures": ["DeepseekV32ForCausalLM"], "model_type": "deepseek_v32", "vocab_size": 16384,
    "hidden_size": 7168, "intermediate_size": 18432, "moe_intermediate_size": 2048, "first_k_dense_replace": 1,
    "moe_layer_freq": 1, "num_nextn_predict_layers": 0, "num_attention_heads": 128, "num_key_value_heads": 128,
    "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
    "index_n_heads": 64, "index_head_dim": 128, "index_topk": 2048, "n_routed_experts": 256, "n_shared_experts": 1,
    "num_experts_per_tok": 8, "n_group": 8, "topk_group": 4, "topk_method": "noaux_tc", "scoring_func": "sigmoid",
    "norm_topk_prob": True, "routed_scaling_factor": 2.5, "hidden_act": "silu", "rms_norm_eps": 1e-6,
    "rope_theta": 10000, "rope_scaling": YARN, "max_position_embeddings": 163840, "attention_bias": False,
    "attention_dropout": 0.0, "tie_word_embeddings": False, "bos_token_id": 0, "eos_token_id": 1,
    "torch_dtype": "bfloat16",
    "quantization_config": {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic",
                            "weight_block_size": [128, 128]},
}
NOT_FP8 = ("norm", "mlp.gate.weight", "weights_proj", "embed_tokens", "lm_head")
ROWS = 24


def draw(name, shape):
    """One tensor as the checkpoint holds it, and its scales where it is FP8."""
    x = torch.randn(shape, device="cuda")
    if name.endswith("bias"):
        return {name: x * 0.02}
    if "norm" in name:
        return {name: (1 + 0.1 * x).to(torch.bfloat16)}
    if any(part in name for part in NOT_FP8):
        return {name: (x * shape[-1] ** -0.5).to(torch.bfloat16)}
    blocks = [(n + 127) // 128 for n in shape]
    scale = (0.7 + 0.6 * torch.rand(blocks, device="cuda")) * shape[-1] ** -0.5 / 16
    return {name: (x * 16).clamp(-448, 448).to(torch.float8_e4m3fn), name + "_scale_inv": scale}


def value(tensors, name):
    """The same in fp32."""
    w, scale = tensors[name].float(), tensors.get(name + "_scale_inv")
    if scale is None:
        return w
    w *= scale.repeat_interleave(128, 0)[: w.shape[0]].repeat_interleave(128, 1)[:, : w.shape[1]]
    return w


def layer_tensors(layer, config, i):
    """Random tensors for a layer, by the checkpoint's names without 'model.layers.i.'."""
    out = {}
    for name, p in list(layer.named_parameters()) + [(n, b) for n, b in layer.named_buffers() if "bias" in n]:
        if not name.startswith("mlp.experts."):
            out |= draw(name, tuple(p.shape))
    if config.mlp_layer_types[i] == "sparse":
        D, F = config.hidden_size, config.moe_intermediate_size
        for e in range(config.n_routed_experts):
            for part, shape in (("gate_proj", (F, D)), ("up_proj", (F, D)), ("down_proj", (D, F))):
                out |= draw(f"mlp.experts.{e}.{part}.weight", shape)
    return out


def fill(layer, tensors, config):
    F = config.moe_intermediate_size
    for name, p in list(layer.named_parameters()) + [(n, b) for n, b in layer.named_buffers() if "bias" in n]:
        if name == "mlp.experts.gate_up_proj":
            for e in range(config.n_routed_experts):
                p[e, :F] = value(tensors, f"mlp.experts.{e}.gate_proj.weight")
                p[e, F:] = value(tensors, f"mlp.experts.{e}.up_proj.weight")
        elif name == "mlp.experts.down_proj":
            for e in range(config.n_routed_experts):
                p[e] = value(tensors, f"mlp.experts.{e}.down_proj.weight")
        else:
            p.copy_(value(tensors, name))


@torch.no_grad()
def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--out", required=True)
    p.add_argument("--layers", type=int, default=2)
    p.add_argument("--tokens", type=int, default=3000)
    a = p.parse_args()
    torch.manual_seed(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    os.makedirs(a.out, exist_ok=True)
    raw = BASE | {"num_hidden_layers": a.layers}
    json.dump(raw, open(os.path.join(a.out, "config.json"), "w"))
    fields = {k: v for k, v in raw.items() if k not in ("quantization_config", "rope_scaling", "rope_theta",
                                                        "architectures", "model_type", "torch_dtype")}
    rope = {k: v for k, v in YARN.items() if k != "type"}
    config = DeepseekV32Config(**fields, rope_parameters=rope | {"rope_type": "yarn", "rope_theta": 10000.0})
    config._attn_implementation = "eager"

    V, D, n = config.vocab_size, config.hidden_size, a.tokens
    ids = torch.randint(2, V, (n,), device="cuda")
    rows = torch.linspace(0, n - 1, ROWS).long()
    ends = draw("model.embed_tokens.weight", (V, D)) | draw("lm_head.weight", (V, D)) | draw("model.norm.weight", (D,))
    ends["model.embed_tokens.weight"] = (ends["model.embed_tokens.weight"].float() * D ** 0.5).to(torch.bfloat16)
    files = {k: "model-ends.safetensors" for k in ends}
    save_file({k: v.cpu() for k, v in ends.items()}, os.path.join(a.out, "model-ends.safetensors"))
    x = ends["model.embed_tokens.weight"].float()[ids][None]
    hidden = {"hidden.00": x[0, rows]}
    positions = torch.arange(n, device="cuda")[None]
    rotary = DeepseekV32RotaryEmbedding(config=config).to("cuda")(x, positions)
    mask = torch.full((n, n), torch.finfo(torch.float32).min, device="cuda").triu(1)[None, None]
    for i in range(a.layers):
        before = time.time()
        with torch.device("meta"):
            layer = DeepseekV32DecoderLayer(config, i)
        tensors = layer_tensors(layer, config, i)
        save_file({f"model.layers.{i}.{k}": v.cpu().contiguous() for k, v in tensors.items()},
                  os.path.join(a.out, f"model-{i:03d}.safetensors"))
        files |= {f"model.layers.{i}.{k}": f"model-{i:03d}.safetensors" for k in tensors}
        layer = layer.to_empty(device="cuda").eval()
        fill(layer, tensors, config)
        del tensors
        x = layer(x, attention_mask=mask, position_embeddings=rotary, position_ids=positions)
        x = x[0] if isinstance(x, tuple) else x
        hidden[f"hidden.{i + 1:02d}"] = x[0, rows]
        del layer
        torch.cuda.empty_cache()
        print(f"layer {i}: {time.time() - before:.1f} s, rms {x.pow(2).mean().sqrt():.3f}", flush=True)

    norm = DeepseekV32RMSNorm(D, config.rms_norm_eps).to("cuda")
    norm.weight.copy_(ends["model.norm.weight"].float())
    x = norm(x)
    hidden[f"hidden.{a.layers:02d}"] = x[0, rows]
    logits = x[0] @ ends["lm_head.weight"].float().T
    nll = torch.nn.functional.cross_entropy(logits[:-1], ids[1:], reduction="none")
    out = hidden | {"tokens": ids.int(), "rows": rows.int(), "nll": nll, "logits": logits[rows],
                    "greedy": logits[-1].argmax()[None].int()}
    save_file({k: v.float().cpu().contiguous() if v.is_floating_point() else v.cpu() for k, v in out.items()},
              os.path.join(a.out, "reference.safetensors"))
    json.dump({"weight_map": files}, open(os.path.join(a.out, "model.safetensors.index.json"), "w"))
    print(f"{n} tokens, mean nll {nll.mean():.3f}")


if __name__ == "__main__":
    main()

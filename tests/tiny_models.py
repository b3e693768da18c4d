"""Writes models so small that a CPU runs them in seconds, yet of a shape that ComfyUI takes for real.

Runs in the server's environment, with ComfyUI's source as working directory, for the names and sizes of
the weights are asked of ComfyUI's own classes. Usage: tiny_models.py FOLDER

checkpoints/tiny_sd15          Stable Diffusion 1.5: from noise to soft clouds; seed and prompt matter
text_encoders/tiny_clip_l      its text encoder alone
vae_approx/taesd_decoder       its preview decoder
diffusion_models/tiny_wan22_i2v_high_noise, …_low_noise, vae/tiny_wan_vae   Wan 2.2 image-to-video
"""

import json
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))
FOLDER = Path(sys.argv[1])
sys.argv[1:] = ["--cpu"]  # ComfyUI reads its own flags while it is imported

import comfy.options  # noqa: E402

comfy.options.enable_args_parsing()

import comfy.clip_model  # noqa: E402
import comfy.ops  # noqa: E402
import torch  # noqa: E402
from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel  # noqa: E402
from comfy.ldm.wan.model import WanModel  # noqa: E402
from comfy.ldm.wan.vae import WanVAE  # noqa: E402
from comfy.taesd.taesd import TAESD  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

BLUR = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
SAME = torch.tensor([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]])
# How much red, green and blue each of the four latent channels carries.
COLOURS = torch.tensor([[0.48, 0.32, 0.34], [0.16, 0.40, 0.40], [-0.24, 0.30, 0.42], [-0.29, -0.24, -0.48]])
WIDTH = 320  # channels of Stable Diffusion 1.5; ComfyUI knows it by them
GROUP = 10  # channels that its last norm takes together

Weights = dict[str, torch.Tensor]


def main():
    clip = text_encoder(seed=1)
    preview = picture_coder()
    parts = {
        "model.diffusion_model.": denoiser(seed=2),
        "cond_stage_model.transformer.": clip,
        "first_stage_model.": preview,
    }
    save("checkpoints/tiny_sd15", {at + name: w for at, part in parts.items() for name, w in part.items()})
    save("text_encoders/tiny_clip_l", clip)
    decoder = "taesd_decoder."
    save(
        "vae_approx/taesd_decoder",
        {name.removeprefix(decoder): w.float() for name, w in preview.items() if name.startswith(decoder)},
    )
    save("diffusion_models/tiny_wan22_i2v_high_noise", video_denoiser(seed=3))
    save("diffusion_models/tiny_wan22_i2v_low_noise", video_denoiser(seed=4))
    save("vae/tiny_wan_vae", video_coder(seed=5))


def save(name: str, weights: Weights) -> None:
    path = FOLDER / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: weight.contiguous() for name, weight in weights.items()}, path)
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB", flush=True)


def random_weights(model: torch.nn.Module, random: torch.Generator) -> Weights:
    """Noise that neither grows nor fades from layer to layer; norms that leave it as it is."""
    return {name: _random(name, weight, random).half() for name, weight in model.state_dict().items()}


def _random(name: str, weight: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    is_norm = "gamma" in name or (weight.ndim == 1 and name.endswith("weight"))
    if is_norm:
        return torch.ones(weight.shape)
    if weight.ndim < 2:
        return torch.zeros(weight.shape)
    return torch.randn(weight.shape, generator=random) / math.sqrt(weight[0].numel())


def text_encoder(seed: int) -> Weights:
    random = torch.Generator().manual_seed(seed)
    config = json.loads(Path("comfy/sd1_clip_config.json").read_text())
    model = comfy.clip_model.CLIPTextModel(config, torch.float32, "cpu", comfy.ops.disable_weight_init)
    weights = random_weights(model, random)
    embeddings = "text_model.embeddings."
    for name, size in (("token_embedding.weight", 0.5), ("position_embedding.weight", 0.1)):
        shape = weights[embeddings + name].shape
        weights[embeddings + name] = (torch.randn(shape, generator=random) * size).half()
    return weights


def denoiser(seed: int) -> Weights:
    """Takes away x less 0.4 of its blur, and a little that depends on the prompt.

    So what is rough goes and what is smooth stays: each step a softer picture. To get x through the
    last norm and SiLU unbent, it travels as x and -x, since silu(x) - silu(-x) = x.
    """
    random = torch.Generator().manual_seed(seed)
    shape = {"num_res_blocks": [1, 1], "channel_mult": [1, 1], "transformer_depth": [0, 1]}
    heads = {"num_heads": 8, "num_head_channels": -1, "context_dim": 768, "use_spatial_transformer": True}
    weights = random_weights(
        UNetModel(
            image_size=32,
            in_channels=4,
            out_channels=4,
            model_channels=WIDTH,
            transformer_depth_output=[0, 0, 1, 1],
            transformer_depth_middle=1,
            use_linear_in_transformer=False,
            legacy=False,
            dtype=torch.float32,
            device="cpu",
            operations=comfy.ops.disable_weight_init,
            **shape,
            **heads,
        ),
        random,
    )
    into = torch.randn(WIDTH, 4, 3, 3, generator=random) / 6
    out = torch.randn(4, WIDTH, 3, 3, generator=random) * 0.12 / math.sqrt(WIDTH * 9)
    into[:GROUP], out[:, :GROUP] = 0, 0
    for channel in range(4):
        plus, minus = 2 * channel, 2 * channel + 1
        into[plus, channel], into[minus, channel] = SAME, -SAME
        out[channel, plus] = SAME - 0.4 * BLUR
        out[channel, minus] = -out[channel, plus]
    last = max(int(name.split(".")[1]) for name in weights if name.startswith("output_blocks."))
    skip, added = (
        f"output_blocks.{last}.0.skip_connection.weight",
        f"output_blocks.{last}.0.out_layers.3.weight",
    )
    past = weights[skip].float() * 0.3
    past[:GROUP] = 0
    for channel in range(8):
        past[channel, channel - WIDTH] = 1  # the first layer's channels come last here
    weights[added][:GROUP] = 0
    return weights | {"input_blocks.0.0.weight": into.half(), "out.2.weight": out.half(), skip: past.half()}


def picture_coder() -> Weights:
    """Turns latents into smooth colours and back: plain up- and downsampling, no learnt detail."""
    weights = {
        name: torch.zeros(weight.shape) for name, weight in TAESD(latent_channels=4).state_dict().items()
    }
    up, down = _straight_layers(weights, "taesd_decoder."), _straight_layers(weights, "taesd_encoder.")
    for name in (*up[1:], *down[:-1]):
        for colour in range(3):
            weights[name][colour, colour] = SAME if name in (up[-1], down[0]) else BLUR
    back = torch.linalg.pinv(COLOURS)
    for colour in range(3):
        for channel in range(4):
            weights[up[0]][colour, channel] = COLOURS[channel, colour] * BLUR
            weights[down[-1]][channel, colour] = back[colour, channel] * SAME
    weights[_bias(up[0])][:3] = 0.5
    weights[_bias(down[-1])][:] = -0.5 * back.sum(0)
    return {name: w.half() for name, w in weights.items()} | {
        "vae_scale": torch.tensor(0.18215),
        "vae_shift": torch.tensor(0.0),
    }


def _straight_layers(weights: Weights, part: str) -> list[str]:
    """The convolutions outside the residual blocks, in the order a picture passes them."""
    names = [name for name, w in weights.items() if name.startswith(part) and w.ndim == 4]
    return sorted((n for n in names if n.count(".") == 2), key=lambda name: int(name.split(".")[1]))


def _bias(name: str) -> str:
    return name.removesuffix("weight") + "bias"


def video_denoiser(seed: int) -> Weights:
    """36 channels in: 16 of noise, 16 of the start image, 4 that say which frames are given."""
    random = torch.Generator().manual_seed(seed)
    weights = random_weights(
        WanModel(
            model_type="t2v",
            in_dim=36,
            out_dim=16,
            dim=256,
            ffn_dim=512,
            num_heads=2,
            num_layers=2,
            text_dim=4096,
            operations=comfy.ops.disable_weight_init,
            device="cpu",
            dtype=torch.float32,
        ),
        random,
    )
    for name in weights:
        if name.endswith("modulation"):
            weights[name] = (torch.randn(weights[name].shape, generator=random) * 0.02).half()
    return weights


def video_coder(seed: int) -> Weights:
    sizes = {"dim": 8, "z_dim": 16, "dim_mult": [1, 2, 4, 4], "num_res_blocks": 2, "attn_scales": []}
    model = WanVAE(**sizes, temperal_downsample=[False, True, True], dropout=0.0)
    return random_weights(model, torch.Generator().manual_seed(seed))


if __name__ == "__main__":
    main()

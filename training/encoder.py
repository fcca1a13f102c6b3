"""The transformer of the second look in torch: a BERT encoder over frozen word vectors, cut to its first layers.

Encoder as in Devlin et al. 2019, started from multilingual-e5-small (Wang et al. 2024), pooled by the mean and
the largest value of each dimension: a short order in a long window must not be averaged away. Word vectors stay as they
are in the 4-bit table that ships, so that student and teacher share them.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from training.teachers import Teacher

HEADS = 12
PEAK_MASK = 1e4
"""Taken from the states of padding before the largest values are taken: layer norm keeps states far below it."""

POSITIONS_MAX = 512


class Layer(nn.Module):
    """Self-attention and a feed-forward block, each with a residual and a layer norm after it."""

    def __init__(self, width: int, inner: int, epsilon: float) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.inner, self.outer = nn.Linear(width, inner), nn.Linear(inner, width)
        self.attention_norm, self.output_norm = nn.LayerNorm(width, epsilon), nn.LayerNorm(width, epsilon)

    def forward(self, states: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """States [batch, tokens, width]; the bias is added to the attention scores."""
        batch, tokens, width = states.shape
        query, key, value = (
            part(states).view(batch, tokens, HEADS, width // HEADS).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        # Written out: on a processor the backward pass of torch's fused attention takes a third of the whole step.
        chance = torch.softmax(query @ key.transpose(-1, -2) * (width // HEADS) ** -0.5 + bias.to(query.dtype), -1)
        mixed = chance.to(value.dtype) @ value
        mixed = mixed.transpose(1, 2).reshape(batch, tokens, width)
        states = self.attention_norm(states + self.out(mixed))
        return self.output_norm(states + self.outer(nn.functional.gelu(self.inner(states))))


class Encoder(nn.Module):
    """Word vectors and their mask in, logits out, at one depth or at two.

    Args:
        teacher: the encoder whose first layers are taken.
        layers: how many.
        outputs: width of the last layer.
        dropout: share of values dropped before the first and behind the last layer, in training.
        early_layers: depth at which a head of its own answers early (Teerapittayanon et al. 2016, BranchyNet): the
            student; what lies above it is the teacher, which reads on where the student stopped. 0 for one head.
    """

    def __init__(
        self, teacher: Teacher, layers: int, outputs: int, dropout: float = 0.1, early_layers: int = 0
    ) -> None:
        super().__init__()
        config, state = teacher.model.config, teacher.model.state_dict()
        width, epsilon = config.hidden_size, config.layer_norm_eps
        kind = state["embeddings.token_type_embeddings.weight"][0]
        self.positions = nn.Parameter(state["embeddings.position_embeddings.weight"][:POSITIONS_MAX] + kind)
        self.norm = nn.LayerNorm(width, epsilon)
        self.layers = nn.ModuleList([Layer(width, config.intermediate_size, epsilon) for _ in range(layers)])
        self.dropout = nn.Dropout(dropout)
        self.last = _head(2 * width, outputs)
        self.early_layers = early_layers
        self.early_last = _head(2 * width, outputs) if early_layers else None
        self._take(state)

    def _take(self, state: dict[str, torch.Tensor]) -> None:
        names = {
            "query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
            "out": "attention.output.dense", "attention_norm": "attention.output.LayerNorm",
            "inner": "intermediate.dense", "outer": "output.dense", "output_norm": "output.LayerNorm",
        }  # fmt: skip
        with torch.no_grad():
            for kind in ("weight", "bias"):
                getattr(self.norm, kind).copy_(state[f"embeddings.LayerNorm.{kind}"])
                for place, layer in enumerate(self.layers):
                    for own, theirs in names.items():
                        getattr(getattr(layer, own), kind).copy_(state[f"encoder.layer.{place}.{theirs}.{kind}"])

    def forward(self, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Vectors [batch, tokens, width], mask [batch, tokens] of 1 and 0; logits [batch, outputs] of the last head."""
        return self.depths(vectors, mask)[-1]

    def depths(self, vectors: torch.Tensor, mask: torch.Tensor, early: bool = False) -> list[torch.Tensor]:
        """Logits [batch, outputs] of each head, the student's first; only the student's with `early`."""
        states = self.dropout(self.norm(vectors + self.positions[: vectors.shape[1]]))
        bias = torch.where(mask > 0, 0.0, -1e4)[:, None, None, :].to(states.dtype)
        out = []
        for place, layer in enumerate(self.layers, 1):
            states = layer(states, bias)
            if self.early_last is not None and place == self.early_layers:
                out.append(self.early_last(self._pooled(states, mask)).float())
                if early:
                    return out
        return [*out, self.last(self._pooled(states, mask)).float()]

    def _pooled(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        share = mask[:, :, None].to(states.dtype)
        mean = (states * share).sum(1) / share.sum(1)
        peak = (states + (share - 1) * PEAK_MASK).max(1).values
        return self.dropout(torch.cat([mean, peak], 1))


def _head(width: int, outputs: int) -> nn.Linear:
    head = nn.Linear(width, outputs)
    nn.init.normal_(head.weight, std=0.02)
    nn.init.zeros_(head.bias)
    return head


def learning_groups(model: Encoder, rate: float, decay: float, layer_decay: float) -> list[dict[str, object]]:
    """Parameter groups: lower layers learn more slowly (layer-wise decay: Howard and Ruder 2018)."""
    depth = len(model.layers)
    groups: list[dict[str, object]] = [
        {"params": [model.positions, *model.norm.parameters()], "lr": rate * layer_decay**depth, "weight_decay": 0.0},
        {"params": list(model.last.parameters()), "lr": rate * 2, "weight_decay": decay},
    ]
    if model.early_last is not None:
        groups.append({"params": list(model.early_last.parameters()), "lr": rate * 2, "weight_decay": decay})
    for place, layer in enumerate(model.layers):
        plain = [value for name, value in layer.named_parameters() if "norm" in name or name.endswith("bias")]
        known = {id(value) for value in plain}
        weights = [value for value in layer.parameters() if id(value) not in known]
        pace = rate * layer_decay ** (depth - 1 - place)
        groups += [
            {"params": weights, "lr": pace, "weight_decay": decay},
            {"params": plain, "lr": pace, "weight_decay": 0.0},
        ]
    return groups


def one_cycle(step: int, steps: int, warm_up: float = 0.08) -> float:
    """Share of the learning rate at a step: a linear rise, then half a cosine."""
    rise = max(1, int(steps * warm_up))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))

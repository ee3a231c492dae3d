"""Images -> a feature map with one vector per cell of 8 x 8 pixels.

Not for preparing images: see `image_processor`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mumer_train.from_scratch.configuration import FormulaReaderConfig


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions with batch norm, and a shortcut (He et al., 2016)."""

    def __init__(self, channels_in: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        same = stride == 1 and channels_in == channels
        self.shortcut = nn.Identity() if same else nn.Conv2d(channels_in, channels, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels_in, height, width) -> (batch, channels, height / stride, width / stride)."""
        y = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class ConvEncoder(nn.Module):
    """The convolutional tower and the projection to the decoder's width."""

    main_input_name = "pixel_values"

    def __init__(self, config: FormulaReaderConfig) -> None:
        super().__init__()
        channels = config.stages[0][0]
        self.stem = nn.Sequential(
            nn.Conv2d(1, channels, 3, 2, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
        )
        halvings = int(math.log2(config.stride)) - 1
        blocks: list[nn.Module] = []
        for number, (width, count) in enumerate(config.stages):
            for block in range(count):
                halve = block == 0 and 0 < number <= halvings
                blocks.append(ResidualBlock(channels, width, 2 if halve else 1))
                channels = width
        self.blocks = nn.Sequential(*blocks)
        self.channels = channels
        self.project = nn.Linear(channels, config.d_model)
        self.norm = nn.LayerNorm(config.d_model)
        self.d_model = config.d_model

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Ink from 0 to 1, shape (batch, 1, height, width) -> features (batch, channels, rows, columns)."""
        features: Tensor = self.blocks(self.stem(pixel_values))
        return features

    def memory(self, features: Tensor) -> Tensor:
        """Features -> memory of the decoder, shape (batch, rows * columns, d_model), with position encodings."""
        rows, columns = features.shape[-2:]
        tokens = self.norm(self.project(features.flatten(2).transpose(1, 2)))
        half = self.d_model // 2
        down = sine_positions(torch.arange(rows, device=features.device), half, 100.0)
        right = sine_positions(torch.arange(columns, device=features.device), self.d_model - half, 1000.0)
        grid = torch.cat((down[:, None].expand(-1, columns, -1), right[None].expand(rows, -1, -1)), dim=-1)
        return tokens + grid.reshape(1, rows * columns, self.d_model)


def sine_positions(positions: Tensor, width: int, base: float) -> Tensor:
    """Sine and cosine of positions at geometric frequencies, shape (positions, width) (Vaswani et al., 2017)."""
    steps = torch.arange(0, width, 2, device=positions.device, dtype=torch.float32)
    angles = positions[:, None].float() * torch.exp(steps * (-math.log(base) / width))
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)[:, :width]

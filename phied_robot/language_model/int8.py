"""A linear layer in 8 bits for processors without bfloat16 instructions."""

import torch
from torch import Tensor, nn

ACTIVATION_STEPS = 127
WEIGHT_STEPS = 63
"""A weight has 7 bits, because AVX2 adds two products of 8 bits in 16 and would overflow silently with more."""
CREST = 16.0
"""Largest value over root mean square beyond which a row is computed in two parts (about 15 bits) rather than one.
The error of one part is crest / (127 sqrt 12): 3.6 % at this bound. NF4's own is 9 %, that of the weights here 1.7 %
(measured against float32 on normal weights)."""


class Int8Linear(nn.Module):
    """y = W x in fbgemm's integers: a scale for each row of W, and one for each row of x.

    Measured on two AVX2 cores, 3072 x 8192 weights, one row: 0.5 ms; in float32 4.5 ms, torch's 4-bit and 8-bit
    weight-only products 2 ms. 128 rows: 21 ms, in float32 53 ms.
    """

    def __init__(self, weight: Tensor) -> None:
        """Quantize a float32 weight of shape (outputs, inputs)."""
        super().__init__()
        self.outputs = weight.shape[0]
        scales = weight.abs().amax(dim=1).clamp_min(1e-12) / WEIGHT_STEPS
        zeros = torch.zeros(self.outputs, dtype=torch.long)
        quantized = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
        self._packed = torch.ops.quantized.linear_prepack(quantized, None)

    def forward(self, x: Tensor) -> Tensor:
        """The product, in float32, for x of any shape that ends in the inputs."""
        rows = x.reshape(-1, x.shape[-1]).float()
        largest = rows.abs().amax(dim=1, keepdim=True).clamp_min(1e-12)
        scaled = rows / largest
        y = self._product(scaled)
        spread = scaled.square().mean(dim=1) < CREST**-2
        if spread.any():
            rest = scaled[spread]
            rest = rest - (rest * ACTIVATION_STEPS).round() / ACTIVATION_STEPS
            y[spread] += self._product(rest * (2 * ACTIVATION_STEPS)) / (2 * ACTIVATION_STEPS)
        return (y * largest).view(*x.shape[:-1], self.outputs)

    def _product(self, rows: Tensor) -> Tensor:
        """Of rows between -1 and 1."""
        product: Tensor = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
            rows, 1 / ACTIVATION_STEPS, 128, self._packed
        )
        return product

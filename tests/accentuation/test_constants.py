"""Constants are made once, and serve everyone."""

import torch

from accentuation.constants import constant


def test_one_tensor_serves_all_also_those_who_want_gradients():
    asked = (2.0, 3.0), torch.device("cpu"), torch.float32
    with torch.inference_mode():
        first = constant(*asked)
    assert constant(*asked) is first
    values = torch.ones(2, requires_grad=True)
    (values * first).sum().backward()
    assert values.grad.tolist() == [2.0, 3.0]

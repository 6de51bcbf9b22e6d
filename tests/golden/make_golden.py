#!/usr/bin/env python3
"""Writes golden.json: what PyTorch makes of small networks of every kind.

For each case: sizes, weights, frames, state, label, and from them the
prediction, the state after, the mean squared error, the gradient of every
weight, and the weights after five steps of Adam on the same data.

Made with torch 2.x on CPU: make_golden.py > golden.json
Arrays are in antiphon's own order (gates i, o, f, c; dense weights [H, O]).
"""

import json

import torch

torch.manual_seed(20260522)
T, R, D, H = 3, 4, 5, 6
# PyTorch's gate order is i, f, g (cell), o.
ANTIPHON_GATES = (0, 3, 1, 2)


def reorder(weight):
    """Rows of PyTorch's gates in antiphon's order."""
    gates = weight.reshape(4, -1, *weight.shape[1:])
    return torch.cat([gates[g] for g in ANTIPHON_GATES])


class Stack(torch.nn.Module):
    def __init__(self, inputs, layers, residual, head, outputs):
        super().__init__()
        self.residual, self.head = residual, head
        sizes = [inputs] + [H] * layers
        self.layers = torch.nn.ModuleList(torch.nn.LSTM(d, H) for d in sizes[:-1])
        for lstm in self.layers:  # antiphon has one bias for each gate
            lstm.bias_hh_l0.data.zero_()
            lstm.bias_hh_l0.requires_grad_(False)
        self.dense = torch.nn.Linear(H, outputs)
        self.across = torch.nn.Linear(R, 1) if head == "transpose" else None

    def forward(self, x, h, c):
        h_out, c_out = [], []
        for l, lstm in enumerate(self.layers):
            y, (h_l, c_l) = lstm(x, (h[l : l + 1], c[l : l + 1]))
            h_out.append(h_l), c_out.append(c_l)
            x = y + x if self.residual and x.shape[-1] == H else y
        y = self.dense(x)
        if self.across is not None:
            y = self.across(y.transpose(1, 2))
        return torch.tanh(y), torch.cat(h_out), torch.cat(c_out)

    def arrays(self, pick):
        """pick(parameter) of every parameter, flat, in antiphon's order."""
        flat = []
        for lstm in self.layers:
            for p in (lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0):
                flat.append(reorder(pick(p)))
        flat += [pick(self.dense.weight).T, pick(self.dense.bias)]
        if self.across is not None:
            flat += [pick(self.across.weight).T, pick(self.across.bias)]
        return torch.cat([a.reshape(-1) for a in flat]).tolist()


def case(name, inputs, layers, residual, head, outputs):
    model = Stack(inputs, layers, residual, head, outputs)
    frames = torch.rand(T, R, inputs) * 2 - 1
    h, c = torch.rand(2, layers, R, H) - 0.5
    shape = (T, 1, 1) if head == "transpose" else (T, R, outputs)
    label = torch.rand(shape) * 2 - 1
    result = {
        "name": name, "inputs": inputs, "units": H, "layers": layers, "residual": residual,
        "head": head, "outputs": outputs, "rows": R,
        "weights": model.arrays(lambda p: p.detach().clone()),
        "frames": frames.reshape(-1).tolist(), "h": h.reshape(-1).tolist(), "c": c.reshape(-1).tolist(),
        "label": label.reshape(-1).tolist(),
    }  # fmt: skip
    adam = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    for step in range(5):
        adam.zero_grad()
        prediction, h_out, c_out = model(frames, h, c)
        loss = ((prediction - label) ** 2).mean()
        loss.backward()
        if step == 0:
            result |= {
                "prediction": prediction.reshape(-1).tolist(), "loss": loss.item(),
                "h_out": h_out.reshape(-1).tolist(), "c_out": c_out.reshape(-1).tolist(),
                "gradient": model.arrays(lambda p: p.grad),
            }  # fmt: skip
        adam.step()
    result["weights_after_5_steps"] = model.arrays(lambda p: p.detach())
    return result


print(json.dumps([
    case("one layer", D, 1, False, "dense", 3),
    case("a stack", D, 3, False, "dense", 1),
    case("residual connections", D, 3, True, "dense", 2),
    case("residual from the first layer on", H, 2, True, "dense", 6),
    case("transpose head", D, 2, False, "transpose", 1),
]))  # fmt: skip

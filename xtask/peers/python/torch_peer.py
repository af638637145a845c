"""PyTorch, eager, as its users write it."""

import torch
from torch import nn

import common


def model_of(workload):
    modules = []
    for i, layer in enumerate(workload.layers):
        n_out, n_in = layer.weight.shape
        modules.append(nn.Linear(n_in, n_out))
        tensors = {"weight": layer.weight, "bias": layer.bias}
        modules[-1].load_state_dict({k: torch.from_numpy(v) for k, v in tensors.items()})
        if layer.norm:
            modules.append(nn.BatchNorm1d(n_out, eps=common.EPS, momentum=common.NORM_MOMENTUM))
            state = {k: torch.from_numpy(v) for k, v in layer.norm.items()}
            modules[-1].load_state_dict(state, strict=False)
        if workload.relu_behind(i):
            modules.append(nn.ReLU())
    return nn.Sequential(*modules)


class Training(common.Program):
    def __init__(self, workload):
        self.model = model_of(workload).train()
        self.x = torch.from_numpy(workload.x)
        # The fused rules are the fastest ones that PyTorch has for the CPU.
        if workload.optimizer == "sgd":
            self.optimizer = torch.optim.SGD(
                self.model.parameters(), lr=workload.lr, momentum=common.MOMENTUM, fused=True
            )
        else:
            self.optimizer = torch.optim.Adam(
                self.model.parameters(),
                lr=workload.lr,
                betas=common.BETAS,
                eps=common.ADAM_EPS,
                fused=True,
            )
        if workload.loss == "mse":
            self.criterion, targets = nn.MSELoss(), workload.targets
        else:
            self.criterion, targets = nn.CrossEntropyLoss(), workload.labels
        self.targets = torch.from_numpy(targets)

    def train(self, x, y):
        self.optimizer.zero_grad(set_to_none=True)
        self.last = self.criterion(self.model(x), y)
        self.last.backward()
        self.optimizer.step()

    def step(self):
        self.train(self.x, self.targets)

    def step_rows(self, rows):
        rows = torch.from_numpy(rows)
        self.train(self.x[rows], self.targets[rows])

    def loss(self):
        return self.last.item()


class Inference(common.Program):
    def __init__(self, workload):
        self.model = model_of(workload).eval()
        self.x = torch.from_numpy(workload.x)

    def step(self):
        with torch.inference_mode():
            self.y = self.model(self.x)

    def loss(self):
        return self.y.square().mean().item()


def load(workload, threads):
    torch.set_num_threads(threads)
    return Inference(workload) if workload.loss == "none" else Training(workload)


if __name__ == "__main__":
    common.main(load)

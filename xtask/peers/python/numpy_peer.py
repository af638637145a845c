"""NumPy: explicit backpropagation into buffers that are made once."""

import numpy as np

import common


class Parameter:
    def __init__(self, value):
        self.value = value.copy()
        self.grad, self.m, self.v, self.scratch = (np.zeros_like(value) for _ in range(4))

    def sgd(self, lr):
        np.multiply(self.v, common.MOMENTUM, out=self.v)
        np.add(self.v, self.grad, out=self.v)
        np.multiply(self.v, lr, out=self.scratch)
        np.subtract(self.value, self.scratch, out=self.value)

    def adam(self, lr, t):
        beta1, beta2 = common.BETAS
        m, v, g, scratch = self.m, self.v, self.grad, self.scratch
        np.multiply(g, 1 - beta2, out=scratch)
        np.multiply(scratch, g, out=scratch)
        np.multiply(v, beta2, out=v)
        np.add(v, scratch, out=v)
        np.multiply(g, 1 - beta1, out=scratch)
        np.multiply(m, beta1, out=m)
        np.add(m, scratch, out=m)
        np.sqrt(v, out=scratch)
        np.multiply(scratch, 1 / (1 - beta2**t) ** 0.5, out=scratch)
        np.add(scratch, common.ADAM_EPS, out=scratch)
        np.divide(m, scratch, out=scratch)
        np.multiply(scratch, lr / (1 - beta1**t), out=scratch)
        np.subtract(self.value, scratch, out=self.value)


class Norm:
    def __init__(self, norm, batch):
        self.gamma, self.beta = Parameter(norm["weight"]), Parameter(norm["bias"])
        self.mean, self.var = norm["running_mean"].copy(), norm["running_var"].copy()
        self.normalized = np.empty((batch, len(self.mean)), np.float32)
        self.scratch = np.empty_like(self.normalized)

    def forward(self, z, training):
        n, momentum = len(z), common.NORM_MOMENTUM
        normalized, scratch = self.normalized[:n], self.scratch[:n]
        mean, var = self.mean, self.var
        if training:
            mean = z.mean(0)
        np.subtract(z, mean, out=normalized)
        if training:
            np.square(normalized, out=scratch)
            var = scratch.mean(0)
            self.mean += momentum * (mean - self.mean)
            self.var += momentum * (var * (n / (n - 1)) - self.var)
        self.inv_std = 1 / np.sqrt(var + np.float32(common.EPS))
        np.multiply(normalized, self.inv_std, out=normalized)
        np.multiply(normalized, self.gamma.value, out=z)
        np.add(z, self.beta.value, out=z)

    def backward(self, dz):
        n = len(dz)
        normalized, scratch = self.normalized[:n], self.scratch[:n]
        np.sum(dz, 0, out=self.beta.grad)
        np.multiply(dz, normalized, out=scratch)
        np.sum(scratch, 0, out=self.gamma.grad)
        np.multiply(normalized, self.gamma.grad / n, out=scratch)
        np.add(scratch, self.beta.grad / n, out=scratch)
        np.subtract(dz, scratch, out=dz)
        np.multiply(dz, self.gamma.value * self.inv_std, out=dz)


class Network(common.Program):
    def __init__(self, workload):
        self.workload, self.t = workload, 0
        self.weights = [Parameter(layer.weight) for layer in workload.layers]
        self.biases = [Parameter(layer.bias) for layer in workload.layers]
        self.norms = [
            Norm(layer.norm, workload.batch) if layer.norm else None for layer in workload.layers
        ]
        norms = [norm for norm in self.norms if norm]
        self.parameters = self.weights + self.biases
        self.parameters += [norm.gamma for norm in norms] + [norm.beta for norm in norms]
        shapes = [(workload.batch, width) for width in workload.widths]
        self.a = [np.empty(shape, np.float32) for shape in shapes]
        self.da = [np.empty(shape, np.float32) for shape in shapes]
        self.live = [np.empty(shape, bool) for shape in shapes]

    def forward(self, x, training):
        n = len(x)
        for i, (weight, bias, norm) in enumerate(zip(self.weights, self.biases, self.norms)):
            z = self.a[i + 1][:n]
            np.matmul(x, weight.value.T, out=z)
            np.add(z, bias.value, out=z)
            if norm:
                norm.forward(z, training)
            if self.workload.relu_behind(i):
                np.maximum(z, 0, out=z)
            x = z
        return x

    def criterion(self, a, y):
        """The loss and, in place, its gradient for the output."""
        n, da = len(a), self.da[-1][: len(a)]
        if self.workload.loss == "mse":
            np.subtract(a, y, out=da)
            loss = np.vdot(da, da) / a.size
            np.multiply(da, 2 / a.size, out=da)
            return loss
        rows = np.arange(n)
        np.subtract(a, a.max(1, keepdims=True), out=da)
        right = da[rows, y]
        np.exp(da, out=da)
        sums = da.sum(1, keepdims=True)
        loss = (np.log(sums[:, 0]) - right).mean()
        np.divide(da, sums, out=da)
        da[rows, y] -= 1
        np.multiply(da, 1 / n, out=da)
        return loss

    def backward(self, x):
        n = len(x)
        for i in reversed(range(len(self.weights))):
            dz = self.da[i + 1][:n]
            if self.workload.relu_behind(i):
                live = self.live[i + 1][:n]
                np.greater(self.a[i + 1][:n], 0, out=live)
                np.multiply(dz, live, out=dz)
            if self.norms[i]:
                self.norms[i].backward(dz)
            below = self.a[i][:n] if i else x
            np.matmul(dz.T, below, out=self.weights[i].grad)
            np.sum(dz, 0, out=self.biases[i].grad)
            if i:
                np.matmul(dz, self.weights[i].value, out=self.da[i][:n])

    def train(self, x, y):
        self.last = self.criterion(self.forward(x, True), y)
        self.backward(x)
        self.t += 1
        for parameter in self.parameters:
            if self.workload.optimizer == "sgd":
                parameter.sgd(self.workload.lr)
            else:
                parameter.adam(self.workload.lr, self.t)


class Training(Network):
    def step(self):
        workload = self.workload
        self.train(workload.x, workload.targets if workload.loss == "mse" else workload.labels)

    def step_rows(self, rows):
        batch = self.a[0][: len(rows)]
        np.take(self.workload.x, rows, axis=0, out=batch, mode="clip")
        self.train(batch, self.workload.labels[rows])

    def loss(self):
        return self.last


class Inference(Network):
    def step(self):
        self.y = self.forward(self.workload.x, False)

    def loss(self):
        return np.square(self.y).mean()


def load(workload, threads):
    return Inference(workload) if workload.loss == "none" else Training(workload)


if __name__ == "__main__":
    common.main(load)

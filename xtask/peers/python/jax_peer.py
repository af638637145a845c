"""JAX: a jitted step that is given its buffers."""

from functools import partial

import jax
import jax.numpy as jnp

import common


def parameters_of(workload):
    layers, running = [], []
    for layer in workload.layers:
        entry = {"weight": jnp.array(layer.weight.T), "bias": jnp.array(layer.bias)}
        if layer.norm:
            entry["gamma"] = jnp.array(layer.norm["weight"])
            entry["beta"] = jnp.array(layer.norm["bias"])
            running.append(
                (jnp.array(layer.norm["running_mean"]), jnp.array(layer.norm["running_var"]))
            )
        layers.append(entry)
    return layers, running


def forward(layers, running, x, relu_last, training):
    """The output, and the running statistics after the pass. Weights lie transposed, (in, out), as JAX's users hold them."""
    moved = []
    for i, layer in enumerate(layers):
        x = x @ layer["weight"] + layer["bias"]
        if "gamma" in layer:
            mean, var = running[i]
            if training:
                n, momentum = x.shape[0], common.NORM_MOMENTUM
                old_mean, old_var = mean, var
                mean, var = x.mean(0), x.var(0)
                moved.append(
                    (
                        (1 - momentum) * old_mean + momentum * mean,
                        (1 - momentum) * old_var + momentum * var * n / (n - 1),
                    )
                )
            scale = layer["gamma"] * jax.lax.rsqrt(var + common.EPS)
            x = (x - mean) * scale + layer["beta"]
        if i + 1 < len(layers) or relu_last:
            x = jax.nn.relu(x)
    return x, moved


def loss_of(layers, running, x, y, kind, relu_last):
    a, moved = forward(layers, running, x, relu_last, True)
    if kind == "mse":
        loss = jnp.square(a - y).mean()
    else:
        right = jnp.take_along_axis(a, y[:, None], axis=1)[:, 0]
        loss = (jax.nn.logsumexp(a, axis=1) - right).mean()
    return loss, moved


@partial(jax.jit, static_argnames=("kind", "relu_last", "optimizer", "lr"), donate_argnums=0)
def train(state, x, y, kind, relu_last, optimizer, lr):
    layers, running, (t, *moments) = state
    (loss, running), gradients = jax.value_and_grad(loss_of, has_aux=True)(
        layers, running, x, y, kind, relu_last
    )
    t = t + 1
    if optimizer == "sgd":
        (v,) = moments
        v = jax.tree.map(lambda v, g: common.MOMENTUM * v + g, v, gradients)
        layers = jax.tree.map(lambda w, v: w - lr * v, layers, v)
        moments = (v,)
    else:
        (beta1, beta2), (m, v) = common.BETAS, moments
        m = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, m, gradients)
        v = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, v, gradients)
        rate, root = lr / (1 - beta1**t), jnp.sqrt(1 - beta2**t)
        layers = jax.tree.map(
            lambda w, m, v: w - rate * m / (jnp.sqrt(v) / root + common.ADAM_EPS), layers, m, v
        )
        moments = (m, v)
    return (layers, running, (t, *moments)), loss


@partial(jax.jit, static_argnames=("kind", "relu_last", "optimizer", "lr"), donate_argnums=0)
def train_rows(state, x, y, rows, kind, relu_last, optimizer, lr):
    return train(state, x[rows], y[rows], kind, relu_last, optimizer, lr)


class Training(common.Program):
    def __init__(self, workload):
        layers, running = parameters_of(workload)

        def zeros():
            return jax.tree.map(jnp.zeros_like, layers)

        moments = (zeros(),) if workload.optimizer == "sgd" else (zeros(), zeros())
        self.state = (layers, running, (jnp.zeros(()), *moments))
        self.x = jnp.array(workload.x)
        targets = workload.targets if workload.loss == "mse" else workload.labels.astype("int32")
        self.y = jnp.array(targets)
        self.choices = {
            "kind": workload.loss,
            "relu_last": workload.relu_last,
            "optimizer": workload.optimizer,
            "lr": workload.lr,
        }

    def step(self):
        self.state, self.last = train(self.state, self.x, self.y, **self.choices)
        self.finish()

    def step_rows(self, rows):
        self.state, self.last = train_rows(self.state, self.x, self.y, rows, **self.choices)

    def finish(self):
        jax.block_until_ready((self.state, self.last))

    def loss(self):
        return self.last


@partial(jax.jit, static_argnames="relu_last")
def infer(layers, running, x, relu_last):
    return forward(layers, running, x, relu_last, False)[0]


class Inference(common.Program):
    def __init__(self, workload):
        self.layers, self.running = parameters_of(workload)
        self.x, self.relu_last = jnp.array(workload.x), workload.relu_last

    def step(self):
        self.y = infer(self.layers, self.running, self.x, self.relu_last).block_until_ready()

    def loss(self):
        return jnp.square(self.y).mean()


def load(workload, threads):
    return Inference(workload) if workload.loss == "none" else Training(workload)


if __name__ == "__main__":
    common.main(load)

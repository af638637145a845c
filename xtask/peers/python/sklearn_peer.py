"""Scikit-learn's MLPClassifier: an epoch is a fit of one iteration. It does nothing of what the other workloads ask for."""

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

import common

warnings.simplefilter("ignore", ConvergenceWarning)


class Epoch(common.Program):
    def __init__(self, workload):
        self.workload = workload
        self.model = MLPClassifier(
            hidden_layer_sizes=workload.widths[1:-1],
            alpha=0,
            batch_size=workload.batch,
            learning_rate_init=workload.lr,
            max_iter=1,
            beta_1=common.BETAS[0],
            beta_2=common.BETAS[1],
            epsilon=common.ADAM_EPS,
            warm_start=True,
        )
        # It makes its weights in the first step, which is then taken back.
        self.step_rows(workload.order[: workload.batch])
        for i, layer in enumerate(workload.layers):
            self.model.coefs_[i] = layer.weight.T.copy()
            self.model.intercepts_[i] = layer.bias.copy()
        del self.model._optimizer

    def step_rows(self, rows):
        x, labels = self.workload.x[rows], self.workload.labels[rows]
        self.model.partial_fit(x, labels, classes=range(self.workload.widths[-1]))

    def epoch(self, order, batch):
        """It shuffles by itself."""
        self.model.fit(self.workload.x, self.workload.labels)

    def loss(self):
        return self.model.loss_


def load(workload, threads):
    return Epoch(workload) if workload.order is not None else None


if __name__ == "__main__":
    common.main(load)

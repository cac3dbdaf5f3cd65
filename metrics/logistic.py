"""Multinomial logistic regression: the plainest classifier, for judging music by its features.

NumPy and SciPy only. Every class weighs the same however many examples it has, so that a rare style
is not drowned by a common one. Features are scaled to unit spread first; the squared weights are
held down, which is the only setting.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

PENALTY = 0.1
FEWEST_EXAMPLES = 5  # of a class that is to be known


@dataclass(frozen=True)
class Classifier:
    """A fitted classifier of feature rows (n, f).

    Attributes:
        classes: int (k,) ids that it knows, increasing.
        mean, scale: (f,) of the training features. weights: (f + 1, k), the last row is the bias.
    """

    classes: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Probability (n, k) of every known class for features (n, f)."""
        return _softmax(_with_bias((features - self.mean) / self.scale) @ self.weights)

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The likeliest class id (n,) of features (n, f)."""
        return self.classes[self.probabilities(features).argmax(1)]


def fit(
    features: np.ndarray,
    labels: np.ndarray,
    *,
    penalty: float = PENALTY,
    fewest: int = FEWEST_EXAMPLES,
) -> Classifier | None:
    """The classifier of features (n, f) with class ids (n,); ids below 0 are left out.

    Returns:
        None with fewer than two classes that have at least `fewest` examples each.

    Raises:
        ValueError: rows and labels differ in number, or features are not finite.
    """
    features, labels = np.asarray(features, np.float64), np.asarray(labels)
    if len(features) != len(labels):
        raise ValueError(f"{len(features)} rows of features but {len(labels)} labels")
    ids, counts = np.unique(labels[labels >= 0], return_counts=True)
    classes = ids[counts >= fewest]
    if len(classes) < 2:
        return None
    known = np.isin(labels, classes)
    features, target = features[known], np.searchsorted(classes, labels[known])
    if not np.isfinite(features).all():
        raise ValueError("features must be finite numbers")
    mean, scale = features.mean(0), np.maximum(features.std(0), 1e-6)
    weights = _minimise(_with_bias((features - mean) / scale), target, len(classes), penalty)
    return Classifier(classes, mean, scale, weights)


def _with_bias(features: np.ndarray) -> np.ndarray:
    return np.hstack([features, np.ones((len(features), 1))])


def _softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)


def _minimise(rows: np.ndarray, target: np.ndarray, count: int, penalty: float) -> np.ndarray:
    """Weights (f + 1, k) of least cross-entropy, classes weighing the same, plus the penalty."""
    shape = (rows.shape[1], count)
    share = 1.0 / (count * np.bincount(target, minlength=count)[target])
    truth = np.eye(count)[target]
    held = np.append(np.ones(shape[0] - 1), 0.0)[:, None]

    def cost(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(shape)
        chance = _softmax(rows @ weights)
        loss = -(share * np.log(chance[np.arange(len(rows)), target] + 1e-12)).sum()
        slope = rows.T @ (share[:, None] * (chance - truth)) + penalty * held * weights
        return loss + 0.5 * penalty * np.square(held * weights).sum(), slope.ravel()

    found = minimize(cost, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B")
    return found.x.reshape(shape)


def mean_recall(predicted: np.ndarray, labels: np.ndarray) -> float:
    """Share found of every class, averaged over the classes that occur; nan without labels.

    What chance reaches is 1 over the number of classes, however uneven they are.
    """
    known = np.unique(labels[labels >= 0])
    shares = [float((predicted[labels == c] == c).mean()) for c in known]
    return float(np.mean(shares)) if shares else float("nan")

"""A linear classifier on small pictures: enough to show that a data set can be learned from."""

from collections.abc import Iterable

import numpy as np
from PIL import Image


class Softmax:
    """Multinomial logistic regression by stochastic gradient descent."""

    def __init__(self, classes: int, side: int = 16, rate: float = 0.02) -> None:
        self.side, self.rate = side, rate
        self.weights = np.zeros((side * side * 3 + 1, classes))

    def features(self, image: Image.Image) -> np.ndarray:
        """Return the pixels of a thumbnail, centred, and a one for the constant."""
        small = image.convert("RGB").resize((self.side, self.side))
        return np.append(np.asarray(small, float).ravel() / 128 - 1, 1)

    def shares(self, image: Image.Image) -> np.ndarray:
        """Return the probability of each class."""
        scores = self.features(image) @ self.weights
        powers = np.exp(scores - scores.max())
        return powers / powers.sum()

    def learn(self, samples: Iterable[tuple[Image.Image, int]]) -> float:
        """Go through the samples once; return the mean loss."""
        losses = []
        for image, target in samples:
            shares = self.shares(image)
            losses.append(-np.log(max(shares[target], 1e-12)))
            shares[target] -= 1
            self.weights -= self.rate * np.outer(self.features(image), shares)
        return float(np.mean(losses))

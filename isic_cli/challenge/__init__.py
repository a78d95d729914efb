"""The ISIC challenges: their tasks, and pure computation on their truths and predictions."""

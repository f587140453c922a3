"""Models whose likelihood has a formula: logit, nested logit, latent classes of logits."""

"""What may be asked for beside recipes: virtual models, and models of remote providers."""

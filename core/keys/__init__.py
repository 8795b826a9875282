"""Named keys to `/v1`: made, hashed, checked and revoked. The package knows no HTTP."""

"""Usage, keys and requests in a PostgreSQL database, so that teams can query them."""

from core.mirror.mirror import Mirror, MirrorView

__all__ = ["Mirror", "MirrorView"]

"""What is seen: the window's files. The only Python here says where they are."""

from pathlib import Path

DIST = Path(__file__).parent / "dist"


class NotBuilt(FileNotFoundError):
    """The web UI's files are missing: this copy was never built, or installed without them."""


def assets_dir() -> Path:
    """The folder with the built window: `index.html` and everything it loads.

    Raises NotBuilt, with the remedy in its sentence, when there is none.
    """
    if not (DIST / "index.html").is_file():
        raise NotBuilt(
            f"the web UI is not built (nothing at {DIST}); install vLLM Studio again without "
            "VLLM_STUDIO_SKIP_WEBUI, or run `npm ci && npm run build` in webui/"
        )
    return DIST

"""What a file is: its contents say so, its name only where they leave it open. Pure."""

from pathlib import PurePosixPath

from core.attachments.shapes import FileKind, Refusal, Shape

_PICTURES = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF8", "gif"))
_NAMED_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif"})
_OTHER_PICTURES = {
    b"BM": "a bitmap",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"8BPS": "a Photoshop file",
}
_PHOTO_BOXES = (b"heic", b"heix", b"mif1", b"avif", b"avis", b"hevc")
_OFFICE = frozenset({".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".epub", ".pages", ".key"})
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ARCHIVES = (
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\xfd7zXZ",
    b"BZh",
    b"\x28\xb5\x2f\xfd",
)
_PROGRAMS = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_HEAD_OF_PDF = 1024  # bytes within which readers look for its mark

_CODE = {
    ".py": "python", ".pyi": "python", ".js": "javascript", ".mjs": "javascript",
    ".cjs": "javascript", ".jsx": "javascript", ".ts": "typescript", ".tsx": "typescript",
    ".svelte": "svelte", ".vue": "vue", ".c": "c", ".h": "c", ".cc": "cpp", ".cpp": "cpp",
    ".hpp": "cpp", ".cu": "cuda", ".cs": "csharp", ".java": "java", ".kt": "kotlin",
    ".go": "go", ".rs": "rust", ".rb": "ruby", ".php": "php", ".swift": "swift",
    ".scala": "scala", ".lua": "lua", ".pl": "perl", ".r": "r", ".jl": "julia",
    ".hs": "haskell", ".ml": "ocaml", ".ex": "elixir", ".erl": "erlang", ".clj": "clojure",
    ".sh": "shell", ".bash": "shell", ".zsh": "shell", ".fish": "shell", ".ps1": "powershell",
    ".bat": "batch", ".sql": "sql", ".html": "html", ".htm": "html", ".css": "css",
    ".scss": "css", ".xml": "xml", ".svg": "xml", ".json": "json", ".jsonl": "json",
    ".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".ini": "ini", ".cfg": "ini",
    ".diff": "diff", ".patch": "diff", ".proto": "protobuf", ".graphql": "graphql",
    ".tex": "latex", ".ipynb": "json", ".dockerfile": "dockerfile", ".cmake": "cmake",
    ".nix": "nix", ".tf": "terraform", ".vim": "vim", ".asm": "asm", ".s": "asm",
}  # fmt: skip
_CODE_NAMES = {"dockerfile": "dockerfile", "makefile": "makefile", "cmakelists.txt": "cmake"}
_MARKUP = {".md": "text/markdown", ".markdown": "text/markdown", ".csv": "text/csv"}


def shape_of(name: str, data: bytes) -> Shape:
    """How it is to be read. Raises Refusal where nobody here reads such files."""
    if is_picture(data):
        return "image"
    if b"%PDF-" in data[:_HEAD_OF_PDF]:
        return "pdf"
    suffix = PurePosixPath(name).suffix.lower()
    _demand_no_other(suffix, data)
    if suffix in _NAMED_PICTURES or suffix == ".pdf":
        raise Refusal(
            f"this file is called {suffix}, but what is in it is something else",
            "file-is-not-what-it-says",
            "look whether it is whole, and what it is",
        )
    return "text"


def is_picture(data: bytes) -> bool:
    """One of the kinds that models are shown."""
    is_webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    return is_webp or any(data.startswith(mark) for mark, _ in _PICTURES)


def text_kind(name: str) -> tuple[FileKind, str]:
    """Text or code, and what it is called in MIME."""
    path = PurePosixPath(name.lower())
    language = _CODE_NAMES.get(path.name) or _CODE.get(path.suffix)
    if language is not None:
        return "code", f"text/x-{language}"
    return "text", _MARKUP.get(path.suffix, "text/plain")


def _demand_no_other(suffix: str, data: bytes) -> None:
    other = next((what for mark, what in _OTHER_PICTURES.items() if data.startswith(mark)), None)
    if data[4:8] == b"ftyp" and data[8:12] in _PHOTO_BOXES:
        other = "a photograph as HEIC or AVIF"
    if other is not None:
        raise Refusal(
            f"this is {other}, which models are not shown",
            "picture-of-another-kind",
            "save it as PNG or JPEG",
        )
    if suffix in _OFFICE or data.startswith(_OLD_OFFICE):
        raise Refusal(
            "office documents are not read here", "office-document", "save it as PDF or as text"
        )
    if any(data.startswith(mark) for mark in _ARCHIVES):
        raise Refusal(
            "this is an archive, not a text", "binary-file", "unpack it, and attach what matters"
        )
    if any(data.startswith(mark) for mark in _PROGRAMS):
        raise binary()


def binary() -> Refusal:
    """It holds bytes that no text has."""
    return Refusal(
        "this file is binary: there is no text in it that a model could read",
        "binary-file",
        "attach pictures as PNG or JPEG, documents as PDF, everything else as text",
    )

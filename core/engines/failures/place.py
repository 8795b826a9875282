"""What the machine around the engine lacks: a port, disk, shared memory, file descriptors."""

from core.engines.failures.known import row

PLACE = (
    row(
        "port-taken",
        r"\[Errno (?:98|48|10048)\]|[Aa]ddress already in use",
        "its port is used by another program",
        "Stop the program that listens there, or start it again to get another port.",
        may_pass=True,
    ),
    row(
        "shared-memory",
        r"insufficient shared memory|unable to open shared memory object|/dev/shm.*No space left"
        r"|[Ee]rror while creating shared memory segment /dev/shm",
        "there is too little shared memory for its processes to talk",
        "Give the container more /dev/shm (--shm-size=8g).",
    ),
    row(
        "disk-full",
        r"No space left on device|Errno 28|Disk quota exceeded",
        "the disk is full",
        "Free disk space: models and caches are the large ones.",
        may_pass=True,
    ),
    row(
        "too-many-files",
        r"Too many open files",
        "it ran out of file descriptors",
        "Raise the limit (ulimit -n 65536) before starting vLLM Studio.",
        may_pass=True,
    ),
)

"""An engine that is somewhere else: every connection to its port goes on to another address.

So that a server inside a test can stand behind a recipe: `--port P --to HOST:PORT`. Standard
library only; it is started by path.
"""

# ruff: noqa: D103 - a test program: names say the rest

import argparse
import asyncio
import contextlib


async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.CancelledError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def serve(port: int, host: str, beyond: int) -> None:
    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, out = await asyncio.open_connection(host, beyond)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pour(reader, out), pour(there, writer))

    server = await asyncio.start_server(joined, "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--port", type=int, required=True)
    p.add_argument("--to", required=True, metavar="HOST:PORT")
    known, _ignored = p.parse_known_args()
    host, _, beyond = known.to.rpartition(":")
    asyncio.run(serve(known.port, host, int(beyond)))


if __name__ == "__main__":
    main()

"""A server that accepts every payment and does nothing: python -m tests.bench.stub_daraja PORT.

With it, a benchmark measures workers and not the simulator.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from asyncio import StreamReader, StreamWriter

serials = itertools.count()


async def serve(reader: StreamReader, writer: StreamWriter) -> None:
    """One connection, kept open. A GET is for a token."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if b"content-length: " in head:
                await reader.readexactly(int(head.split(b"content-length: ")[1].split()[0]))
            body = json.dumps(token() if head.startswith(b"get") else accepted()).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
            writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def token() -> dict[str, str]:
    return {"access_token": "a-token", "expires_in": "3599"}


def accepted() -> dict[str, str]:
    return {
        "ConversationID": f"AG_20260101_{next(serials):012d}",
        "ResponseCode": "0",
        "ResponseDescription": "Accept the service request successfully.",
    }


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

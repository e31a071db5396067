"""The parent's end of an injector's stream."""

import asyncio

import msgspec

from meshery.performance.native.frames import LENGTH, Frame

MAX_FRAME_BYTES = 67_108_864

_frames: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """The next frame; None when the stream ended, even in the middle of one.

    ValueError for a frame that is too large, msgspec.DecodeError for one that is none.
    """
    try:
        (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
        if length > MAX_FRAME_BYTES:
            raise ValueError(f"a frame of {length} bytes is too large")
        body = await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return _frames.decode(body)

"""How messages stand on the socket between a lane and its child, and how failures cross it.

A message is any number of frames of at most `MESSAGE` bytes: four bytes of length (big endian), one byte that says
whether more frames of this message follow, the data. Nearly all messages are one frame; what must cross whole however
large (the drafts of a preview) takes several.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from explorer import errors
from explorer.engine.messages import MESSAGE, AnyAsk, AnyReply, Ask, Failure
from explorer.errors import ExplorerError

LARGEST = 512 * 1024 * 1024  # bytes of one message: more can only be a broken stream of bytes

_HEAD = struct.Struct(">IB")
_BODY = MESSAGE - _HEAD.size
_NOTHING = msgspec.Raw(b"\xc0")  # nil


class Envelope(Struct, frozen=True, array_like=True):
    """Program → engine: an ask in msgpack; nil cancels the ask of that number."""

    number: int
    ask: msgspec.Raw


class Reply(Struct, frozen=True, array_like=True):
    """Engine → program. `last`: the answer or failure; nothing more comes for this number."""

    number: int
    last: bool
    body: msgspec.Raw


_encoder = msgspec.msgpack.Encoder()
_ask = msgspec.msgpack.Decoder(AnyAsk)
_reply = msgspec.msgpack.Decoder(AnyReply)
_envelope = msgspec.msgpack.Decoder(Envelope)
_outer_reply = msgspec.msgpack.Decoder(Reply)


class EngineBug(ExplorerError):
    """Something in an engine raised what nobody expected; `traceback` is its text."""

    def __init__(self, sentence: str, traceback: str, hint: str = "") -> None:
        super().__init__(sentence, hint)
        self.traceback = traceback


def frames(message: bytes) -> bytes:
    """The message as it stands on the socket."""
    if len(message) <= _BODY:
        return _HEAD.pack(len(message), 0) + message
    parts = []
    for start in range(0, len(message), _BODY):
        piece = message[start : start + _BODY]
        parts.append(_HEAD.pack(len(piece), start + _BODY < len(message)))
        parts.append(piece)
    return b"".join(parts)


class Incoming:
    """Puts the bytes that were received together to messages."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._message = bytearray()

    def feed(self, received: bytes) -> Iterator[bytes]:
        """Add what came; yields every message that is complete. Raises ValueError if this cannot be ours."""
        self._bytes += received
        start = 0
        while len(self._bytes) - start >= _HEAD.size:
            length, more = _HEAD.unpack_from(self._bytes, start)
            if length > _BODY or more > 1 or len(self._message) > LARGEST:
                raise ValueError("not a message")
            end = start + _HEAD.size + length
            if len(self._bytes) < end:
                break
            self._message += self._bytes[start + _HEAD.size : end]
            start = end
            if not more:
                message, self._message = bytes(self._message), bytearray()
                yield message
        del self._bytes[:start]


def envelope(number: int, ask: Ask | None) -> bytes:
    """An ask as bytes for the socket; None cancels the ask of that number."""
    body = _NOTHING if ask is None else msgspec.Raw(_encoder.encode(ask))
    return frames(_encoder.encode(Envelope(number, body)))


def read_envelope(message: bytes) -> tuple[int, AnyAsk | None]:
    outer = _envelope.decode(message)
    body = bytes(outer.ask)
    return outer.number, None if body == b"\xc0" else _ask.decode(body)


def reply(number: int, last: bool, body: AnyReply) -> bytes:
    """A part or an answer as bytes for the socket."""
    return frames(_encoder.encode(Reply(number, last, msgspec.Raw(_encoder.encode(body)))))


def read_reply(message: bytes) -> tuple[int, bool, AnyReply]:
    outer = _outer_reply.decode(message)
    return outer.number, outer.last, _reply.decode(outer.body)


def failure(error: ExplorerError) -> Failure:
    """An expected failure as a message."""
    return Failure(type(error).__name__, str(error), error.hint)


def bug(error: BaseException, traceback: str) -> Failure:
    return Failure(
        "", f"The engine made a mistake: {type(error).__name__}: {error}"[:2_000], detail=traceback[-20_000:]
    )


def as_error(message: Failure) -> ExplorerError:
    """The failure as the exception that it was; a bug as `EngineBug`.

    Details that do not cross (the events between of a `Conflict` …) are empty.
    """
    if not message.kind:
        return EngineBug(message.sentence, message.detail, message.hint)
    kind = getattr(errors, message.kind, None)
    if kind is errors.Conflict:
        return errors.Conflict(message.sentence, 0, 0, (), message.hint)
    if kind is errors.ReducerFailed:
        return errors.ReducerFailed(message.sentence, 0, message.hint)
    if kind is errors.OutcomeUnknown or kind is errors.Ambiguous:
        return kind(message.sentence, (), message.hint)
    if isinstance(kind, type) and issubclass(kind, ExplorerError):
        return kind(message.sentence, message.hint)
    return ExplorerError(message.sentence, message.hint)

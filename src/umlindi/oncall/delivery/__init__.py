"""Messages to people, through one channel each. No rows here: who sends keeps the books.

    try:
        receipt = send(channel, Message(key, subject, text, url, severity))
    except Retriable: ...   # the same later
    except Permanent: ...   # another channel, and somebody must change this one

Blocks for at most a minute. Any error of the way is one of the two, with its layer, code and meaning and no secret.
"""

from __future__ import annotations

from umlindi.oncall.delivery import courier, mail
from umlindi.oncall.delivery.messages import Message
from umlindi.oncall.models import Channel
from umlindi.oncall.vault import Unreadable, opened
from umlindi.probes.faults import Layer, Permanent

__all__ = ["Message", "send"]


def send(channel: Channel, message: Message) -> str:
    """Hand one message over. Returns what the service said of it. Raises `Retriable` or `Permanent`.

    The same `message.key` again is the same message: mail carries it as its Message-ID, everything else as the header
    Idempotency-Key, which most services ignore. docs/oncall.md says where a repeat can be seen.
    """
    if channel.kind == Channel.Kind.MAIL:
        return mail.send(channel.address, message)
    try:
        url = opened(channel.secret)
    except Unreadable as error:
        raise Permanent(
            Layer.APPLICATION, "SECRET-KEY", "the house's secret_key is another one now: enter this channel anew"
        ) from error
    return courier.send(url, message, within=channel.within)

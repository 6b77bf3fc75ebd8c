"""MLLP framing: any split of the same bytes gives the same blocks; nothing grows without bound."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umlindi.hl7.mllp import Framer, TooLong, Unfinished, frame

# Content as HL7 has it: printable bytes and CR, with the framing bytes thrown in where they end nothing.
CONTENT = st.binary(max_size=60).filter(lambda content: b"\x1c\r" not in content and not content.endswith(b"\x1c"))
NOISE = st.binary(max_size=8).map(lambda noise: noise.replace(b"\x0b", b""))


def portions(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in itertools.pairwise(places)]


@given(
    contents=st.lists(CONTENT, max_size=5),
    noises=st.lists(NOISE, min_size=6, max_size=6),
    cuts=st.lists(st.integers(0, 500)),
)
def test_blocks_come_out_whole_however_the_stream_is_cut(
    contents: list[bytes], noises: list[bytes], cuts: list[int]
) -> None:
    stream = noises[0] + b"".join(frame(content) + noise for content, noise in zip(contents, noises[1:], strict=False))
    framer = Framer()
    blocks = [block for portion in portions(stream, cuts) for block in framer.receive(portion)]
    assert blocks == contents
    assert framer.noise == sum(map(len, noises[: len(contents) + 1]))
    assert not framer.unfinished().inside


@given(data=st.binary(max_size=300), cuts=st.lists(st.integers(0, 500)))
def test_any_bytes_at_all_are_split_independently_and_bounded(data: bytes, cuts: list[int]) -> None:
    def run(pieces: list[bytes]) -> tuple[list[bytes], int, Unfinished] | None:
        framer = Framer(longest=50)
        blocks: list[bytes] = []
        try:
            for piece in pieces:
                blocks += framer.receive(piece)
        except TooLong:
            return None
        assert framer.unfinished().length <= 51
        return blocks, framer.noise, framer.unfinished()

    assert run([data]) == run([data[at : at + 1] for at in range(len(data))])
    cut = run(portions(data, cuts))
    assert cut == run([data])


def test_a_block_that_never_ends_is_refused_at_its_bound() -> None:
    framer = Framer(longest=10)
    assert framer.receive(b"\x0b" + b"x" * 10) == []
    assert framer.receive(b"\x1c\r") == [b"x" * 10]
    with pytest.raises(TooLong):
        framer.receive(b"\x0b" + b"x" * 12)


@pytest.mark.parametrize("content", [b"a\x1c\rb", b"a\x1c"])
def test_content_that_would_end_its_own_block_is_not_sent(content: bytes) -> None:
    with pytest.raises(ValueError, match="end of an MLLP block"):
        frame(content)


def test_a_missing_carriage_return_is_seen() -> None:
    framer = Framer()
    framer.receive(b"\x0bMSH|\x1c")
    left = framer.unfinished()
    assert (left.inside, left.end_without_return) == (True, True)

"""A text file, also a gzipped one, read in passes that never hold the whole of it in memory."""

import codecs
import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ftft.errors import InputError

PIECE = 1 << 22  # bytes looked at together
HEAD = 1 << 16  # bytes that tell what kind of file it is
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
NOT_WHOLE = (EOFError, gzip.BadGzipFile, zlib.error)


@dataclass(frozen=True)
class TextFile:
    """A file that has been found to be UTF-8 text. `size`: bytes without compression; `has_quotes`: a double quote occurs in it."""

    path: Path
    gzipped: bool
    size: int
    has_quotes: bool

    @classmethod
    def checked(cls, path: Path, gzipped: bool) -> "TextFile":
        """Reads all of it once. InputError: it is empty, compressed otherwise than its name says, or not UTF-8; with the line."""
        size, lines, has_quotes, decoder = 0, 0, False, codecs.getincrementaldecoder("utf-8")()
        try:
            with _open(path, gzipped) as file:
                while piece := file.read(PIECE):
                    if not size:
                        _check_head(path, piece)
                    if b"\0" in piece:
                        what = f"{path} is not a text file: byte {size + piece.index(0)} is zero"
                        raise InputError(what, "Give a text file; a Parquet file's name ends with .parquet")
                    _decode(path, decoder, piece, size, lines)
                    lines += piece.count(b"\n")
                    has_quotes = has_quotes or b'"' in piece
                    size += len(piece)
            _decode(path, decoder, b"", size, lines)
        except NOT_WHOLE as problem:
            raise InputError(f"{path} is not a whole gzip file: {problem}", "Copy it again; without compression it has no .gz") from problem
        except OSError as problem:
            raise InputError(f"{path} cannot be read: {problem.strerror}", "Check its permissions") from problem
        if not size:
            raise InputError(f"{path} is empty", "Give a file with at least one example")
        return cls(path, gzipped, size, has_quotes)

    def open(self) -> IO[bytes]:
        """Its bytes without compression and without byte order marks, of which files put together may have more than one."""
        file, start = _open(self.path, self.gzipped), 0
        while file.read(len(BYTE_ORDER_MARK)) == BYTE_ORDER_MARK:
            start += len(BYTE_ORDER_MARK)
        file.seek(start)
        return file

    def text(self, newline: str | None = "") -> io.TextIOWrapper:
        """Its text, line by line; `newline` as for `open`."""
        return io.TextIOWrapper(self.open(), "utf-8", newline=newline)

    def head(self) -> str:
        """Its first characters."""
        with self.open() as file:
            return file.read(HEAD).decode(errors="ignore")


def _open(path: Path, gzipped: bool) -> IO[bytes]:
    return gzip.open(path, "rb") if gzipped else path.open("rb")  # type: ignore[return-value]


def _check_head(path: Path, piece: bytes) -> None:
    if piece.startswith(b"\x1f\x8b"):
        raise InputError(f"{path} is compressed with gzip", "Add .gz to its name")
    if piece.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{path} is UTF-16, not UTF-8", "Save it as UTF-8")


def _decode(path: Path, decoder: codecs.IncrementalDecoder, piece: bytes, size: int, lines: int) -> None:
    """`size` bytes and `lines` line ends came before `piece`."""
    held_back = len(decoder.getstate()[0])  # the beginning of a character that the last piece cut in two
    try:
        decoder.decode(piece, final=not piece)
    except UnicodeDecodeError as problem:
        byte = size - held_back + problem.start
        line = lines + problem.object.count(b"\n", 0, problem.start) + 1
        raise InputError(f"{path}, line {line}: not UTF-8 (byte {byte} of the file)", "Save it as UTF-8") from problem

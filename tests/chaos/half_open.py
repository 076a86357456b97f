"""A connection whose other end is gone without a word: neither FIN nor RST, and nothing is acknowledged.

A proxy that only stops reading is none: its kernel acknowledges what arrives, and answers keepalives.
"""

from __future__ import annotations

import ctypes
import socket

# From <asm-generic/socket.h> and <linux/bpf_common.h>; the socket module names neither.
_SO_ATTACH_FILTER = 26
_RETURN_CONSTANT = 0x06


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("jt", ctypes.c_ubyte),
        ("jf", ctypes.c_ubyte),
        ("k", ctypes.c_uint),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def hear_nothing_more(connection: socket.socket) -> None:
    """Let the kernel drop every packet that arrives for this socket, before it is acknowledged."""
    # "Keep 0 bytes of the packet" is the whole filter.
    instructions = (_Instruction * 1)(_Instruction(_RETURN_CONSTANT, 0, 0, 0))
    program = _Program(1, ctypes.cast(instructions, ctypes.c_void_p))
    connection.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, bytes(program))

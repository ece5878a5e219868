#!/usr/bin/env python3
"""Compiles the GPU kernels as the program does, for sm_80 and sm_90, on a machine without a GPU.

    python3 tests/compile_kernels.py [FOLDER]

NVIDIA's run-time compiler comes from PyPI into a virtual environment in FOLDER (default ~/.cache/glassbox/nvrtc). A
warning counts as an error. Prints the size of what comes out.
"""
import ctypes
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

PACKAGE = "nvidia-cuda-nvrtc==13.0.*"
KERNELS = Path(__file__).resolve().parent.parent / "src/nn/cuda"
# Of the driver's language and of the machine's: the second also assembles.
TARGETS = ["compute_75", "compute_80", "compute_90", "sm_80", "sm_90"]


def compiler(folder):
    """The library, installed where it is missing."""
    find = lambda name: sorted(folder.glob(f"lib/python3*/site-packages/nvidia/**/{name}"))
    if not find("libnvrtc.so.13"):
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin/pip", "install", "--quiet", PACKAGE], check=True)
    # The compiler opens its other half by name, which works once that is loaded.
    ctypes.CDLL(str(find("libnvrtc-builtins.so.13*")[0]), mode=ctypes.RTLD_GLOBAL)
    return ctypes.CDLL(str(find("libnvrtc.so.13")[0]))


def sources():
    """The files in the order the program compiles them."""
    names = re.findall(r'include_str!\("(\w+\.cu)"\)', (KERNELS / "mod.rs").read_text())
    assert sorted(names) == sorted(path.name for path in KERNELS.glob("*.cu")), "mod.rs does not name every .cu"
    return "".join((KERNELS / name).read_text() for name in names)


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else os.path.expanduser("~/.cache/glassbox/nvrtc"))
    nvrtc, text = compiler(folder), sources()
    kernels = set(re.findall(r'extern "C" __global__ void (\w+)', text))
    flags = re.search(r'vec!\["([^"]*)"\.to_owned\(\), format!\("([^"]*)"\)\]', (KERNELS / "run.rs").read_text())
    assert kernels and flags, "no kernels, or run.rs names its flags otherwise"

    def call(name, *args):
        status = getattr(nvrtc, name)(*args)
        nvrtc.nvrtcGetErrorString.restype = ctypes.c_char_p
        return "" if status == 0 else nvrtc.nvrtcGetErrorString(status).decode()

    def read(program, what):
        size = ctypes.c_size_t()
        assert not call(f"nvrtcGet{what}Size", program, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        assert not call(f"nvrtcGet{what}", program, buffer)
        return buffer.raw

    for target in TARGETS:
        program = ctypes.c_void_p()
        assert not call("nvrtcCreateProgram", ctypes.byref(program), text.encode(), b"kernels.cu", 0, None, None)
        own = [flags[1], re.sub(r"compute_\{\w+\}", target, flags[2])]
        options = (ctypes.c_char_p * len(own))(*[option.encode() for option in own])
        failed = call("nvrtcCompileProgram", program, len(own), options)
        log = read(program, "ProgramLog").rstrip(b"\0").decode()
        if failed or log.strip():
            sys.exit(f"{target}: {failed or 'warnings'}\n{log}")
        ptx = read(program, "PTX").decode(errors="replace")
        missing = {kernel for kernel in kernels if f".entry {kernel}(" not in ptx}
        assert not missing, f"{target} lacks {missing}"
        code = read(program, "CUBIN") if target.startswith("sm_") else b""
        version = re.search(r"\.version ([\d.]+)", ptx)[1]
        print(f"{target}: {len(kernels)} kernels, PTX {version}, {len(ptx)} bytes" + (f", code {len(code)} bytes" if code else ""))
        call("nvrtcDestroyProgram", ctypes.byref(program))


if __name__ == "__main__":
    main()

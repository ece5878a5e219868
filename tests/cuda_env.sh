#!/usr/bin/env bash
# Sets up what a build with the feature `cuda` needs, where no CUDA toolkit is installed:
#
#     source tests/cuda_env.sh [FOLDER]        # then cargo build --features cuda
#
# A toolkit in the PATH or under CUDA_HOME is left as it is. Otherwise compiler and libraries of CUDA 13.0 come from PyPI
# (1.2 GB) into FOLDER, ~/.cache/glassbox/cuda by default. They bring no driver: the program is linked against an empty
# one, and to use a GPU needs the machine's own libcuda.so.1, of CUDA 13.0 or later (580 and up).
# CUDA_COMPUTE_CAP names the GPU candle's own kernels are built for; 80 serves everything from Ampere on.

glassbox_cuda_env() {
    export CUDA_COMPUTE_CAP="${CUDA_COMPUTE_CAP:-80}"
    if command -v nvcc >/dev/null || [ -x "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc" ]; then
        echo "the CUDA toolkit of this machine is used" >&2
        return 0
    fi
    local folder="${1:-$HOME/.cache/glassbox/cuda}" package='cuda-toolkit[nvcc,cudart,cccl,cublas,curand,nvrtc]==13.0.*'
    if [ ! -e "$folder/ready" ]; then
        python3 -m venv "$folder" && "$folder/bin/pip" install --quiet "$package" || return 1
        touch "$folder/ready"
    fi
    local toolkit
    toolkit="$(echo "$folder"/lib/python3*/site-packages/nvidia/cu13)"
    [ -x "$toolkit/bin/nvcc" ] || { echo "$folder holds no nvcc: delete it and try again" >&2; return 1; }
    # The packages hold libraries under their versions only; a linker asks for the bare names.
    local file
    for file in "$toolkit"/lib/lib*.so.*; do
        ln -sf "$(basename "$file")" "${file%%.so.*}.so"
    done
    mkdir -p "$toolkit/lib/stubs"
    if [ ! -e "$toolkit/lib/stubs/libcuda.so" ]; then
        # The names of the driver's functions are those cudarc declares.
        local bindings
        bindings="$(find "${CARGO_HOME:-$HOME/.cargo}/registry/src" -path '*/cudarc-0.19*/src/driver/sys/mod.rs' | sort | tail -1)"
        [ -n "$bindings" ] || { echo "run cargo fetch first: the driver's function names are read from cudarc" >&2; return 1; }
        # 100: no device.
        grep -oE 'fn cu[A-Z][A-Za-z0-9_]*' "$bindings" | sort -u | sed 's/^fn \(.*\)$/int \1(void) { return 100; }/' \
            | gcc -x c -shared -fPIC -Wl,-soname,libcuda.so.1 -o "$toolkit/lib/stubs/libcuda.so" - || return 1
    fi
    local libraries="$toolkit/lib"
    # Where no driver is installed the empty one also lets programs start; they then find no device.
    if [[ "$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p)" != *libcuda.so.1* ]]; then
        mkdir -p "$toolkit/lib/no_driver"
        ln -sf ../stubs/libcuda.so "$toolkit/lib/no_driver/libcuda.so.1"
        libraries="$libraries:$toolkit/lib/no_driver"
    fi
    export CUDA_HOME="$toolkit" CUDA_PATH="$toolkit" CUDA_ROOT="$toolkit" CUDA_TOOLKIT_ROOT_DIR="$toolkit"
    export PATH="$toolkit/bin:$PATH" LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    echo "CUDA 13.0 in $toolkit, for compute capability $CUDA_COMPUTE_CAP" >&2
}

glassbox_cuda_env "$@"

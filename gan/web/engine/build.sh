#!/bin/sh
# C → the file that is named (../static/engine.wasm), with Debian's clang and lld: only for who changes the C
set -eu
cd "$(dirname "$0")"
built=${1:-../static/engine.wasm}
clang --target=wasm32 -msimd128 -O3 -fno-builtin -nostdlib -Wall -Wextra -Werror \
  -Wl,--no-entry -Wl,--strip-all -Wl,--export=__heap_base -Wl,-z,stack-size=65536 \
  -Wl,--initial-memory=131072 -Wl,--max-memory=335544320 -o "$built" engine.c filters.c
chmod 644 "$built"

#!/bin/sh
# engine.c and filters.c → .wasm files in the folder that is named (../static), with Debian's clang and lld: only for who
# changes them
set -eu
cd "$(dirname "$0")"
for name in engine filters; do
  built=${1:-../static}/$name.wasm
  clang --target=wasm32 -msimd128 -O3 -fno-builtin -nostdlib -Wall -Wextra -Werror \
    -Wl,--no-entry -Wl,--strip-all -Wl,--export=__heap_base -Wl,-z,stack-size=65536 \
    -Wl,--initial-memory=131072 -Wl,--max-memory=335544320 -o "$built" $name.c
  chmod 644 "$built"
done

/* What all convolutions have in common. */
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name))) void name
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* The larger of each value and `slope` times it: 0 is ReLU, 0.2 LeakyReLU(0.2), 1 nothing. */
static inline v128_t bent(v128_t values, float slope) {
  return wasm_f32x4_pmax(values, wasm_f32x4_mul(values, wasm_f32x4_splat(slope)));
}

/* Sums of `pixels` places times 4 * `vectors` channels, which registers hold: bias + sum over taps and input channels.
   pixels and vectors are constants where this is called, so the compiler unrolls all loops but those over taps and c.
   in, out: where each place's pixel begins; taps: where each tap's pixel begins, seen from there;
   weights: [tap][c][channel]. */
ALWAYS_INLINE void block(const float *const *in, float *const *out, const int *taps, int n_taps, int c_in,
                         const float *weights, const float *bias, float slope, const int pixels, const int vectors) {
  v128_t sums[8][2];
  for (int p = 0; p < pixels; p++)
    for (int v = 0; v < vectors; v++) sums[p][v] = wasm_v128_load(bias + 4 * v);
  for (int tap = 0; tap < n_taps; tap++) {
    const float *at[8];
    for (int p = 0; p < pixels; p++) at[p] = in[p] + taps[tap];
    for (int c = 0; c < c_in; c++, weights += 4 * vectors) {
      v128_t weight[2];
      for (int v = 0; v < vectors; v++) weight[v] = wasm_v128_load(weights + 4 * v);
      for (int p = 0; p < pixels; p++) {
        v128_t value = wasm_v128_load32_splat(at[p] + c);
        for (int v = 0; v < vectors; v++) sums[p][v] = wasm_f32x4_add(sums[p][v], wasm_f32x4_mul(value, weight[v]));
      }
    }
  }
  for (int p = 0; p < pixels; p++)
    for (int v = 0; v < vectors; v++)
      wasm_v128_store(out[p] + 4 * v, bent(sums[p][v], slope));
}

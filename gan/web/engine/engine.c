/* The loops of a generator, for WebAssembly with SIMD. build.sh builds ../static/engine.wasm. */
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name))) void name
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* A face at one size: [y][x][channel] float32. It has a border of one pixel, always 0, so no loop looks for edges. The
   number of channels is a multiple of 4; those beyond the network's are 0. */
typedef struct {
  float *at;
  int size, channels;
} plane;

static inline float *pixel(plane in, int y, int x) {
  return in.at + ((y + 1) * (in.size + 2) + x + 1) * in.channels;
}

/* Sums of `pixels` places times 4 * `vectors` channels, which registers hold: bias + sum over taps and input channels.
   pixels and vectors are constants where this is called, so the compiler unrolls all loops but those over taps and c.
   in, out: where each place's pixel begins; taps: where each tap's pixel begins, seen from there;
   weights: [tap][c][channel]. */
ALWAYS_INLINE void block(const float *const *in, float *const *out, const int *taps, int n_taps, int c_in,
                         const float *weights, const float *bias, float least, const int pixels, const int vectors) {
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
      wasm_v128_store(out[p] + 4 * v, wasm_f32x4_pmax(sums[p][v], wasm_f32x4_splat(least)));
}

/* One phase of a transposed convolution, see below: rows * columns pixels, `pixels` of them at a time. */
ALWAYS_INLINE void phase(plane in, plane out, int stride, int rows, int columns, const int *taps, int n_taps,
                         const float *weights, const float *bias, float least, const int pixels, const int vectors) {
  for (int c = 0; c < out.channels; c += 4 * vectors, weights += n_taps * in.channels * 4 * vectors) {
    int y = 0, x = 0;
    while (y < rows) {
      const float *from[8];
      float *to[8];
      for (int p = 0; p < pixels; p++) {
        if (y == rows) { /* the last block is filled up with its last pixel */
          from[p] = from[p - 1], to[p] = to[p - 1];
          continue;
        }
        from[p] = pixel(in, y, x);
        to[p] = pixel(out, stride * y, stride * x) + c;
        if (++x == columns) x = 0, y++;
      }
      block(from, to, taps, n_taps, in.channels, weights, bias + c, least, pixels, vectors);
    }
  }
}

/* Transposed convolution, plane to plane, and then the larger of each value and `least`.

   Output pixels that are the same modulo the stride are a phase: all of them are sums over the same places of the
   kernel, and a phase has only those. weights: [phase y][phase x][c_out / lanes][kernel y][kernel x][c_in][lanes] with
   8 lanes, or 4 where c_out is 4. */
EXPORT(convolve)(float *from, int size, int c_in, float *to, int c_out, int kernel, int stride, int padding,
                 const float *weights, const float *bias, float least) {
  plane in = {from, size, c_in}, out = {to, (size - 1) * stride - 2 * padding + kernel, c_out};
  for (int py = 0; py < stride; py++)
    for (int px = 0; px < stride; px++) {
      int taps[4], n_taps = 0;
      for (int ky = (py + padding) % stride; ky < kernel; ky += stride)
        for (int kx = (px + padding) % stride; kx < kernel; kx += stride)
          taps[n_taps++] = ((py + padding - ky) / stride * (size + 2) + (px + padding - kx) / stride) * c_in;
      int rows = (out.size - py + stride - 1) / stride, columns = (out.size - px + stride - 1) / stride;
      plane shifted = {pixel(out, py - 1, px - 1), out.size, c_out};
      if (c_out == 4)
        phase(in, shifted, stride, rows, columns, taps, n_taps, weights, bias, least, 8, 1);
      else
        phase(in, shifted, stride, rows, columns, taps, n_taps, weights, bias, least, 6, 2);
      weights += n_taps * c_in * c_out;
    }
}

/* Along one axis: the two input pixels between which an output pixel lies, and how much the further one counts. */
typedef struct {
  int near, far;
  float share;
} between;

static inline between neighbours(int at, int size, int size_out) {
  int near = at / 2, far = at % 2 ? near + 1 : near - 1;
  float share = size_out % 2 == 0 ? 0.25f : at % 2 ? 0.5f : 0.0f;
  return (between){near, far < 0 ? 0 : far == size ? size - 1 : far, share};
}

static inline v128_t mix(v128_t near, v128_t far, float share) {
  near = wasm_f32x4_mul(near, wasm_f32x4_splat(1 - share));
  return wasm_f32x4_add(near, wasm_f32x4_mul(far, wasm_f32x4_splat(share)));
}

/* to += from, enlarged bilinearly from n to 2n or 2n - 1 as networks._enlarge does. Planes of 4 channels. */
EXPORT(add_enlarged)(float *from, int size, float *to, int size_out) {
  plane in = {from, size, 4}, out = {to, size_out, 4};
  for (int y = 0; y < size_out; y++) {
    between row = neighbours(y, size, size_out);
    const float *near = pixel(in, row.near, 0), *far = pixel(in, row.far, 0);
    float *sum = pixel(out, y, 0);
    for (int x = 0; x < size_out; x++, sum += 4) {
      between column = neighbours(x, size, size_out);
      int a = 4 * column.near, b = 4 * column.far;
      v128_t above = mix(wasm_v128_load(near + a), wasm_v128_load(near + b), column.share);
      v128_t below = mix(wasm_v128_load(far + a), wasm_v128_load(far + b), column.share);
      wasm_v128_store(sum, wasm_f32x4_add(wasm_v128_load(sum), mix(above, below, row.share)));
    }
  }
}

/* tanh x = 1 - 2 / (1 + e^2x). With 2x = n ln 2 + r, |r| <= ln 2 / 2: e^2x = 2^n e^r, and the Taylor series of e^r up
   to r^7 / 7! leaves out at most 8e-9 of it. Beyond |x| = 10 a float32 tanh is 1. */
static inline v128_t tanh4(v128_t x) {
  v128_t twice = wasm_f32x4_mul(x, wasm_f32x4_splat(2));
  twice = wasm_f32x4_pmin(wasm_f32x4_pmax(twice, wasm_f32x4_splat(-20)), wasm_f32x4_splat(20));
  v128_t n = wasm_f32x4_nearest(wasm_f32x4_mul(twice, wasm_f32x4_splat(1.442695041f))); /* 1 / ln 2 */
  v128_t r = wasm_f32x4_sub(twice, wasm_f32x4_mul(n, wasm_f32x4_splat(0.6931471806f)));  /* ln 2 */
  v128_t series = wasm_f32x4_splat(1);
  for (int k = 7; k > 0; k--) /* 1 + r / 1 (1 + r / 2 (1 + ...)) */
    series = wasm_f32x4_add(wasm_f32x4_splat(1), wasm_f32x4_mul(series, wasm_f32x4_mul(r, wasm_f32x4_splat(1.0f / k))));
  /* 2^n has n + 127 in the exponent's bits */
  v128_t power = wasm_i32x4_shl(wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_splat(127)), 23);
  v128_t one_more = wasm_f32x4_add(wasm_f32x4_mul(series, power), wasm_f32x4_splat(1));
  return wasm_f32x4_sub(wasm_f32x4_splat(1), wasm_f32x4_div(wasm_f32x4_splat(2), one_more));
}

/* A plane of red, green, blue and nothing → RGBA bytes [y][x]: tanh, to the nearest grey level as images.to_uint8. */
EXPORT(to_rgba)(float *from, int size, unsigned *out) {
  plane in = {from, size, 4};
  v128_t half = wasm_f32x4_splat(127.5f);
  for (int y = 0; y < size; y++)
    for (int x = 0; x < size; x++) {
      v128_t level = tanh4(wasm_v128_load(pixel(in, y, x)));
      level = wasm_f32x4_nearest(wasm_f32x4_add(wasm_f32x4_mul(level, half), half));
      v128_t bytes = wasm_i32x4_replace_lane(wasm_i32x4_trunc_sat_f32x4(level), 3, 255);
      bytes = wasm_u16x8_narrow_i32x4(bytes, bytes);
      *out++ = wasm_i32x4_extract_lane(wasm_u8x16_narrow_i16x8(bytes, bytes), 0);
    }
}

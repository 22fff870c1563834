/* The loops of networks that look at pictures: YuNet, the detector, the descriptor. */
#include "block.h"

/* A picture or its features: [y][x][channel] float32 with a border of one pixel, 0, which every loop here writes anew.
   The number of channels is a multiple of 4, or of 8 where `filter` wrote it; those beyond the network's are 0. */
typedef struct {
  float *at;
  int width, height, channels;
} field;

static inline float *place(field in, int y, int x) {
  return in.at + ((y + 1) * (in.width + 2) + x + 1) * in.channels;
}

__attribute__((noinline)) static void clear_border(field out) {
  int row = (out.width + 2) * out.channels;
  for (int i = 0; i < row; i++) out.at[i] = place(out, out.height, -1)[i] = 0;
  for (int y = 0; y < out.height; y++)
    for (int c = 0; c < out.channels; c++) place(out, y, -1)[c] = place(out, y, out.width)[c] = 0;
}

/* Convolution. padding: 0 or 1; kernel: up to 4. weights: [c_out / 8][kernel y][kernel x][c_in][8]. */
EXPORT(filter)(float *from, int width, int height, int c_in, float *to, int c_out, int kernel, int stride, int padding,
               const float *weights, const float *bias, float slope) {
  field in = {from, width, height, c_in};
  field out = {to, (width + 2 * padding - kernel) / stride + 1, (height + 2 * padding - kernel) / stride + 1, c_out};
  int taps[16], n_taps = 0, count = out.width * out.height;
  for (int ky = 0; ky < kernel; ky++)
    for (int kx = 0; kx < kernel; kx++) taps[n_taps++] = (ky * (width + 2) + kx) * c_in;
  for (int c = 0; c < c_out; c += 8, weights += n_taps * c_in * 8)
    for (int first = 0; first < count; first += 6) {
      const float *sources[6];
      float *targets[6];
      for (int p = 0; p < 6; p++) { /* the last block is filled up with its last pixel */
        int pixel = first + p < count ? first + p : count - 1, y = pixel / out.width, x = pixel % out.width;
        sources[p] = place(in, y * stride - padding, x * stride - padding);
        targets[p] = place(out, y, x) + c;
      }
      block(sources, targets, taps, n_taps, c_in, weights, bias + c, slope, 6, 2);
    }
  clear_border(out);
}

/* Convolution of each channel on its own, 3 * 3. weights: [kernel y][kernel x][channel]. */
EXPORT(filter_channels)(float *from, int width, int height, int channels, float *to, const float *weights,
                        const float *bias, float slope) {
  field in = {from, width, height, channels}, out = {to, width, height, channels};
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      for (int c = 0; c < channels; c += 4) {
        v128_t sum = wasm_v128_load(bias + c);
        for (int tap = 0; tap < 9; tap++) {
          v128_t value = wasm_v128_load(place(in, y + tap / 3 - 1, x + tap % 3 - 1) + c);
          sum = wasm_f32x4_add(sum, wasm_f32x4_mul(value, wasm_v128_load(weights + tap * channels + c)));
        }
        wasm_v128_store(place(out, y, x) + c, bent(sum, slope));
      }
  clear_border(out);
}

/* The largest of each 2 * 2 values. Width and height are even. */
EXPORT(halve)(float *from, int width, int height, int channels, float *to) {
  field in = {from, width, height, channels}, out = {to, width / 2, height / 2, channels};
  for (int y = 0; y < out.height; y++)
    for (int x = 0; x < out.width; x++)
      for (int c = 0; c < channels; c += 4) {
        const float *above = place(in, 2 * y, 2 * x) + c, *below = place(in, 2 * y + 1, 2 * x) + c;
        v128_t one = wasm_f32x4_max(wasm_v128_load(above), wasm_v128_load(above + channels));
        v128_t other = wasm_f32x4_max(wasm_v128_load(below), wasm_v128_load(below + channels));
        wasm_v128_store(place(out, y, x) + c, wasm_f32x4_max(one, other));
      }
  clear_border(out);
}

/* to += from, each of whose values counts for `factor` * `factor` pixels. Width and height are those of `from`. */
EXPORT(add_repeated)(float *from, int width, int height, int channels, float *to, int factor) {
  field in = {from, width, height, channels}, out = {to, factor * width, factor * height, channels};
  for (int y = 0; y < out.height; y++)
    for (int x = 0; x < out.width; x++) {
      float *sum = place(out, y, x), *value = place(in, y / factor, x / factor);
      for (int c = 0; c < channels; c += 4)
        wasm_v128_store(sum + c, wasm_f32x4_add(wasm_v128_load(sum + c), wasm_v128_load(value + c)));
    }
}

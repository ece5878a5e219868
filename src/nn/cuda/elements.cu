// Work on single numbers: one thread each. `n` counts them.

// x Phi(x), the error-function form.
static __device__ float phi(float u) {
    return 0.5f * (1.0f + erff(u * 0.70710678118654752f));
}

// out = GELU(x + bias), bias per column.
extern "C" __global__ void gelu(const float *x, const float *bias, float *out, u16 *half, u32 n, u32 width) {
    u32 i = element();
    if (i >= n) return;
    float u = x[i] + bias[i % width];
    store(out, half, i, u * phi(u));
}

// Gradient of the input of `gelu`; `out` may be `grad` itself.
extern "C" __global__ void gelu_backward(const float *x, const float *bias, const float *grad, float *out, u16 *half, u32 n,
                                         u32 width) {
    u32 i = element();
    if (i >= n) return;
    float u = x[i] + bias[i % width];
    float slope = phi(u) + u * 0.39894228040143268f * expf(-0.5f * u * u);
    store(out, half, i, grad[i] * slope);
}

// out = base + mask (x + bias): the end of a residual branch.
extern "C" __global__ void residual(const float *base, const float *x, const float *bias, float *out, u32 n, u32 width,
                                    u64 key, u64 threshold, float keep) {
    u32 i = element();
    if (i >= n) return;
    out[i] = base[i] + factor(key, threshold, keep, i) * (x[i] + bias[i % width]);
}

// out = mask x; without a mask a copy, or a conversion to bfloat16.
extern "C" __global__ void drop(const float *x, float *out, u16 *half, u32 n, u64 key, u64 threshold, float keep) {
    u32 i = element();
    if (i >= n) return;
    store(out, half, i, factor(key, threshold, keep, i) * x[i]);
}

// out = x + table, the table repeated every `period` numbers: a bias per column, a row per bar.
extern "C" __global__ void add_table(const float *x, const float *table, float *out, u32 n, u32 period) {
    u32 i = element();
    if (i < n) out[i] = x[i] + table[i % period];
}

// Mean over the bars of x [batch, bars, width]: [batch, width]; a thread per mean.
extern "C" __global__ void mean_bars(const float *x, float *out, u32 n, u32 bars, u32 width) {
    u32 i = element();
    if (i >= n) return;
    const float *from = x + (u64)(i / width) * bars * width + i % width;
    float sum = 0.0f;
    for (u32 t = 0; t < bars; t++) sum += from[(u64)t * width];
    out[i] = sum / (float)bars;
}

// Gradient of the input of `mean_bars`; n counts its numbers.
extern "C" __global__ void mean_bars_backward(const float *grad, float *out, u32 n, u32 bars, u32 width) {
    u32 i = element();
    if (i < n) out[i] = grad[i / (bars * width) * width + i % width] / (float)bars;
}

// Attention around its matrix products. Heads lie as [parts, batch, heads, bars, depth], rows as [batch, bars, parts C].

// Takes rows apart into heads and adds the biases of the first and the third part (may be null); n counts all numbers.
extern "C" __global__ void split_heads(const float *x, const float *query_bias, const float *value_bias, float *out,
                                       u16 *half, u32 n, u32 parts, u32 bars, u32 heads, u32 depth) {
    u32 i = element();
    if (i >= n) return;
    u32 width = heads * depth, part_size = n / parts;
    u32 part = i / part_size, rest = i % part_size;
    u32 within = rest % (bars * width), window = rest / (bars * width);
    u32 column = within / (bars * depth) * depth + within % depth;
    u32 bar = within / depth % bars;
    float value = x[((u64)window * bars + bar) * parts * width + part * width + column];
    if (part == 0 && query_bias) value += query_bias[column];
    if (part == 2 && value_bias) value += value_bias[column];
    store(out, half, i, value);
}

// Puts heads together into rows, the reverse of `split_heads`.
extern "C" __global__ void merge_heads(const float *x, float *out, u16 *half, u32 n, u32 parts, u32 bars, u32 heads,
                                       u32 depth) {
    u32 i = element();
    if (i >= n) return;
    u32 width = heads * depth, row = i / (parts * width), place = i % (parts * width);
    u32 part = place / width, column = place % width;
    u32 window = row / bars, bar = row % bars;
    u64 from = (u64)part * (n / parts) + (((u64)window * heads + column / depth) * bars + bar) * depth + column % depth;
    store(out, half, i, x[from]);
}

// Turns scores into weights in place, softmax(scale scores) per row of `bars`; one warp per row. With `causal` a query
// sees keys up to its own place. `dropped` and `half` (may be null) receive the weights after dropout.
extern "C" __global__ void softmax(float *scores, float *dropped, u16 *half, u32 rows, u32 bars, float scale, u32 causal,
                                   u64 key, u64 threshold, float keep) {
    u32 row = warp_row();
    if (row >= rows) return;
    u64 start = (u64)row * bars;
    u32 seen = causal ? row % bars + 1 : bars;
    float largest = scores[start];
    for (u32 j = lane(); j < seen; j += WARP) largest = fmaxf(largest, scores[start + j]);
    largest = warp_max(largest);
    float sum = 0.0f;
    for (u32 j = lane(); j < seen; j += WARP) {
        float value = expf((scores[start + j] - largest) * scale);
        scores[start + j] = value;
        sum += value;
    }
    sum = warp_sum(sum);
    for (u32 j = lane(); j < bars; j += WARP) {
        float weight = j < seen ? scores[start + j] / sum : 0.0f;
        scores[start + j] = weight;
        store(dropped, half, start + j, weight * factor(key, threshold, keep, start + j));
    }
}

// From the gradients of the dropped weights to those of the scores; one warp per row. `out` may be `grad` itself.
extern "C" __global__ void softmax_backward(const float *weights, const float *grad, float *out, u16 *half, u32 rows,
                                            u32 bars, float scale, u64 key, u64 threshold, float keep) {
    u32 row = warp_row();
    if (row >= rows) return;
    u64 start = (u64)row * bars;
    float along = 0.0f;
    for (u32 j = lane(); j < bars; j += WARP) {
        along += weights[start + j] * grad[start + j] * factor(key, threshold, keep, start + j);
    }
    along = warp_sum(along);
    for (u32 j = lane(); j < bars; j += WARP) {
        float inner = grad[start + j] * factor(key, threshold, keep, start + j);
        store(out, half, start + j, weights[start + j] * (inner - along) * scale);
    }
}

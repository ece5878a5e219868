// Layer normalisation and sums of columns. Sums have a fixed order: no atomics, the same bits every time.

// out = gain (x - mean) / sqrt(variance + epsilon) + bias per row of `width`; one warp per row. `stats` (may be null)
// receives mean and reciprocal deviation of each row.
extern "C" __global__ void layer_norm(const float *x, const float *gain, const float *bias, float *out, u16 *half, float *stats,
                                u32 rows, u32 width, float epsilon) {
    u32 row = warp_row();
    if (row >= rows) return;
    const float *line = x + (u64)row * width;
    float sum = 0.0f;
    for (u32 j = lane(); j < width; j += WARP) sum += line[j];
    float mean = warp_sum(sum) / (float)width;
    float squares = 0.0f;
    for (u32 j = lane(); j < width; j += WARP) squares += (line[j] - mean) * (line[j] - mean);
    float scale = 1.0f / sqrtf(warp_sum(squares) / (float)width + epsilon);
    for (u32 j = lane(); j < width; j += WARP) {
        store(out, half, (u64)row * width + j, (line[j] - mean) * scale * gain[j] + bias[j]);
    }
    if (stats && lane() == 0) {
        stats[2 * (u64)row] = mean;
        stats[2 * (u64)row + 1] = scale;
    }
}

// Gradient of the input of `layer_norm`, plus `residual` (may be null); one warp per row.
extern "C" __global__ void layer_norm_backward(const float *grad, const float *x, const float *gain, const float *stats,
                                         const float *residual, float *out, u32 rows, u32 width) {
    u32 row = warp_row();
    if (row >= rows) return;
    u64 start = (u64)row * width;
    float mean = stats[2 * (u64)row], scale = stats[2 * (u64)row + 1];
    float sum = 0.0f, along = 0.0f;
    for (u32 j = lane(); j < width; j += WARP) {
        float inner = grad[start + j] * gain[j];
        sum += inner;
        along += inner * (x[start + j] - mean) * scale;
    }
    sum = warp_sum(sum) / (float)width;
    along = warp_sum(along) / (float)width;
    for (u32 j = lane(); j < width; j += WARP) {
        float normed = (x[start + j] - mean) * scale;
        float value = scale * (grad[start + j] * gain[j] - sum - normed * along);
        out[start + j] = residual ? residual[start + j] + value : value;
    }
}

#define TILE 32u
#define LANES 8u

// One block of 256 threads sums `span` rows of 32 columns: 8 threads per column, then their 8 sums in order.
static __device__ void sum_tile(float mine, float tile[LANES][TILE + 1], float *to, u32 column, u32 width) {
    u32 across = threadIdx.x % TILE, down = threadIdx.x / TILE;
    tile[down][across] = mine;
    __syncthreads();
    if (down == 0 && column < width) {
        float sum = 0.0f;
        for (u32 i = 0; i < LANES; i++) sum += tile[i][across];
        to[column] = sum;
    }
    __syncthreads();
}

// Sums of the columns of x per `span` rows: `partial` is [chunks, width]. A block per tile of columns and chunk.
extern "C" __global__ void column_sums(const float *x, float *partial, u32 rows, u32 width, u32 span) {
    __shared__ float tile[LANES][TILE + 1];
    u32 tiles = (width + TILE - 1) / TILE, chunk = blockIdx.x / tiles;
    u32 column = blockIdx.x % tiles * TILE + threadIdx.x % TILE;
    u32 end = min(rows, (chunk + 1) * span);
    float sum = 0.0f;
    if (column < width) {
        for (u32 row = chunk * span + threadIdx.x / TILE; row < end; row += LANES) sum += x[(u64)row * width + column];
    }
    sum_tile(sum, tile, partial + (u64)chunk * width, column, width);
}

// The sums behind the gradients of gain and bias of `layer_norm`: `partial` is [chunks, 2 width], gain first.
extern "C" __global__ void layer_norm_sums(const float *grad, const float *x, const float *stats, float *partial, u32 rows,
                                     u32 width, u32 span) {
    __shared__ float tile[LANES][TILE + 1];
    u32 tiles = (width + TILE - 1) / TILE, chunk = blockIdx.x / tiles;
    u32 column = blockIdx.x % tiles * TILE + threadIdx.x % TILE;
    u32 end = min(rows, (chunk + 1) * span);
    float sum = 0.0f, along = 0.0f;
    if (column < width) {
        for (u32 row = chunk * span + threadIdx.x / TILE; row < end; row += LANES) {
            float value = grad[(u64)row * width + column];
            sum += value;
            along += value * (x[(u64)row * width + column] - stats[2 * (u64)row]) * stats[2 * (u64)row + 1];
        }
    }
    float *to = partial + (u64)chunk * 2 * width;
    sum_tile(along, tile, to, column, width);
    sum_tile(sum, tile, to + width, column, width);
}

// out[j] = sum over chunks of partial[chunk, start + j], `width` numbers per chunk; one thread per column.
extern "C" __global__ void finish_sums(const float *partial, float *out, u32 chunks, u32 width, u32 start, u32 columns) {
    u32 j = element();
    if (j >= columns) return;
    float sum = 0.0f;
    for (u32 i = 0; i < chunks; i++) sum += partial[(u64)i * width + start + j];
    out[j] = sum;
}

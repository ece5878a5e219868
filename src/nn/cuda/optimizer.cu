// Norm of the gradients and AdamW, all on the device: nothing waits for the CPU.

// Sums of squares of `span` numbers per block of 256 threads, in double precision and a fixed order.
extern "C" __global__ void square_sums(const float *x, double *partial, u32 n, u32 span) {
    __shared__ double sums[256];
    u64 end = min((u64)n, ((u64)blockIdx.x + 1) * span);
    double sum = 0.0;
    for (u64 i = (u64)blockIdx.x * span + threadIdx.x; i < end; i += blockDim.x) sum += (double)x[i] * (double)x[i];
    sums[threadIdx.x] = sum;
    __syncthreads();
    for (u32 d = blockDim.x / 2; d > 0; d /= 2) {
        if (threadIdx.x < d) sums[threadIdx.x] += sums[threadIdx.x + d];
        __syncthreads();
    }
    if (threadIdx.x == 0) partial[blockIdx.x] = sums[0];
}

// One block of 256 threads: the joint norm of all gradients to out[0], to out[1] the factor that brings it to `most`
// (1 where it is smaller or `most` is 0).
extern "C" __global__ void clip_factor(const double *partial, float *out, u32 n, double most) {
    __shared__ double sums[256];
    double sum = 0.0;
    for (u32 i = threadIdx.x; i < n; i += blockDim.x) sum += partial[i];
    sums[threadIdx.x] = sum;
    __syncthreads();
    for (u32 d = blockDim.x / 2; d > 0; d /= 2) {
        if (threadIdx.x < d) sums[threadIdx.x] += sums[threadIdx.x + d];
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        double norm = sqrt(sums[0]);
        out[0] = (float)norm;
        out[1] = most > 0.0 && norm > most ? (float)(most / norm) : 1.0f;
    }
}

// One step of AdamW, the formula of src/nn/optim.rs. The gradient is scaled by scale[1] of `clip_factor` (may be null).
// `decay` is 1 - rate weight_decay; it falls on numbers whose byte in `decayed` is not 0, on all where that is null.
extern "C" __global__ void adamw(float *values, const float *gradient, float *first, float *second,
                                 const unsigned char *decayed, const float *scale, u32 n, float beta1, float beta2,
                                 float epsilon, float decay, float rate, float root) {
    u32 i = element();
    if (i >= n) return;
    float g = scale ? gradient[i] * scale[1] : gradient[i];
    float m = beta1 * first[i] + (1.0f - beta1) * g;
    float v = beta2 * second[i] + (1.0f - beta2) * g * g;
    first[i] = m;
    second[i] = v;
    float kept = !decayed || decayed[i] ? decay : 1.0f;
    values[i] = values[i] * kept - rate * m / (sqrtf(v) * root + epsilon);
}

// sum += weight x.
extern "C" __global__ void accumulate(float *sum, const float *x, float weight, u32 n) {
    u32 i = element();
    if (i < n) sum[i] += weight * x[i];
}

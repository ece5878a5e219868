// What all kernels share. The sources are compiled at run time without any header: common.cu first, the others after it.
// Sizes are 32 bits wide, places in a dropout mask 64. A pointer that may be null is said so.

typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned short u16;

#define WARP 32u
#define ALL_LANES 0xffffffffu

// SplitMix64 at a chosen counter, as in src/nn/noise.rs: the same bits as on the CPU.
static __device__ u64 mix(u64 x) {
    u64 z = x + 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

// 0 or `keep` for element `index` of the mask `key`; 1 where `threshold` is 0.
static __device__ float factor(u64 key, u64 threshold, float keep, u64 index) {
    if (threshold == 0) return 1.0f;
    return (mix(key + index * 0x9E3779B97F4A7C15ull) >> 32) < threshold ? 0.0f : keep;
}

// The nearest bfloat16, ties to even; NaN stays NaN.
static __device__ u16 to_bf16(float value) {
    u32 bits = __float_as_uint(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (u16)((bits >> 16) | 0x40u);
    return (u16)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// Writes `value` in single precision, in bfloat16, or both; either pointer may be null.
static __device__ void store(float *out, u16 *half, u64 i, float value) {
    if (out) out[i] = value;
    if (half) half[i] = to_bf16(value);
}

static __device__ u32 element() {
    return blockIdx.x * blockDim.x + threadIdx.x;
}

// Rows are worked on by one warp each.
static __device__ u32 warp_row() {
    return element() / WARP;
}

static __device__ u32 lane() {
    return threadIdx.x % WARP;
}

static __device__ float warp_sum(float value) {
    for (u32 d = WARP / 2; d > 0; d /= 2) value += __shfl_xor_sync(ALL_LANES, value, d);
    return value;
}

static __device__ float warp_max(float value) {
    for (u32 d = WARP / 2; d > 0; d /= 2) value = fmaxf(value, __shfl_xor_sync(ALL_LANES, value, d));
    return value;
}

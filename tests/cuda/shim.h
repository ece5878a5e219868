// Enough of CUDA to run a kernel on the CPU: one fibre per thread of a block, blocks one after the other. Shared memory is
// static, a barrier waits for all threads of the block, a shuffle for all 32 lanes. A thread that leaves while others
// wait for it is an error here, so that nothing rests on what a GPU may forgive.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <ucontext.h>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __shared__ static

struct Index {
    unsigned x = 0, y = 0, z = 0;
};
static Index threadIdx, blockIdx, blockDim, gridDim;

enum State { READY, BARRIER, SHUFFLE, DONE };

struct Fibre {
    ucontext_t context;
    std::vector<char> stack = std::vector<char>(1 << 16);
    State state = READY;
    float given = 0, seen = 0;
};

static std::vector<Fibre> fibres;
static ucontext_t scheduler;
static unsigned now = 0;
static std::function<void()> body;

static void pause_as(State state) {
    fibres[now].state = state;
    swapcontext(&fibres[now].context, &scheduler);
}

static void enter() {
    body();
    pause_as(DONE);
}

static inline void __syncthreads() {
    pause_as(BARRIER);
}

static inline float __shfl_xor_sync(unsigned lanes, float value, unsigned distance) {
    if (lanes != 0xffffffffu) std::abort();
    unsigned me = now;
    fibres[me].given = value;
    pause_as(SHUFFLE);
    return fibres[me / 32 * 32 + ((me % 32) ^ distance)].seen;
}

static inline unsigned __float_as_uint(float value) {
    unsigned bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

using std::max;
using std::min;

// True if all of `from..to` wait in `state`; ends the program if some do and others are done.
static bool all_wait(unsigned from, unsigned to, State state) {
    unsigned waiting = 0, done = 0;
    for (unsigned i = from; i < to; i++) {
        waiting += fibres[i].state == state;
        done += fibres[i].state == DONE;
    }
    if (waiting > 0 && waiting + done == to - from && done > 0) {
        std::fprintf(stderr, "%u threads wait for %u that have left\n", waiting, done);
        std::abort();
    }
    return waiting == to - from;
}

// Runs one block; `order` 0 goes up the threads, 1 down, others jump about.
static void run_block(unsigned threads, unsigned order) {
    for (unsigned i = 0; i < threads; i++) {
        Fibre &fibre = fibres[i];
        getcontext(&fibre.context);
        fibre.context.uc_stack.ss_sp = fibre.stack.data();
        fibre.context.uc_stack.ss_size = fibre.stack.size();
        fibre.context.uc_link = nullptr;
        fibre.state = READY;
        makecontext(&fibre.context, enter, 0);
    }
    // Odd, so that it visits all of a power of two.
    unsigned stride = order < 2 ? 1 : 77;
    for (bool going = true; going;) {
        for (unsigned i = 0; i < threads; i++) {
            now = order == 1 ? threads - 1 - i : i * stride % threads;
            threadIdx.x = now;
            if (fibres[now].state == READY) swapcontext(&scheduler, &fibres[now].context);
        }
        going = false;
        for (unsigned from = 0; from < threads; from += 32) {
            if (!all_wait(from, from + 32, SHUFFLE)) continue;
            for (unsigned i = from; i < from + 32; i++) fibres[i].seen = fibres[i].given;
            for (unsigned i = from; i < from + 32; i++) fibres[i].state = READY;
            going = true;
        }
        if (all_wait(0, threads, BARRIER)) {
            for (unsigned i = 0; i < threads; i++) fibres[i].state = READY;
            going = true;
        }
        if (going) continue;
        for (unsigned i = 0; i < threads; i++) {
            if (fibres[i].state != DONE) {
                std::fprintf(stderr, "threads wait for each other\n");
                std::abort();
            }
        }
    }
}

template <class... A, std::size_t... I>
static void apply(void (*kernel)(A...), void **args, std::index_sequence<I...>) {
    kernel(*static_cast<A *>(args[I])...);
}

template <class... A>
static void run(void (*kernel)(A...), unsigned blocks, unsigned threads, void **args, unsigned order) {
    if (threads % 32 != 0) std::abort();
    if (fibres.size() < threads) fibres = std::vector<Fibre>(threads);
    blockDim.x = threads;
    gridDim.x = blocks;
    body = [=] { apply(kernel, args, std::index_sequence_for<A...>()); };
    for (unsigned i = 0; i < blocks; i++) {
        blockIdx.x = order == 1 ? blocks - 1 - i : i;
        run_block(threads, order);
    }
}

//! Execution of plans on a CUDA device.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::cuda::{DeviceId, WrapErr as _};
use candle_core::{CudaDevice, CudaStorage, Layout, Result, bail};
use cudarc::cublas::{result::gemm_strided_batched_ex, sys as blas};
use cudarc::driver::{CudaFunction, CudaSlice, CudaStream, DevicePtr, DevicePtrMut, LaunchConfig, PushKernelArg};
use cudarc::nvrtc::{CompileOptions, compile_ptx_with_opts};

use super::plan::{ColumnMajor, THREADS};
use super::{Arg, Buffer, Plan, Product, SOURCES, Span, Step};

/// Under this name the device keeps our kernels.
const MODULE: &str = "glassbox";
/// Architectures the kernels are compiled for; a newer device translates them itself.
const ARCHITECTURES: std::ops::RangeInclusive<i32> = 75..=90;

/// Runs `plan` over `inputs` (first, second, third); what it keeps for the backward pass comes back too.
///
/// Errors if an input is not contiguous, not in single precision, shorter than the plan expects or on another device, if
/// memory runs out, or if the driver or the compiler of the kernels refuses.
pub(super) fn forward(plan: &Plan, inputs: &[(&CudaStorage, &Layout)]) -> Result<(CudaStorage, CudaSlice<f32>)> {
    let device = device(inputs)?;
    let mut kept = allocate(device, plan.kept)?;
    let out = execute(device, plan, inputs, &mut kept)?;
    Ok((out, kept))
}

/// Runs `plan` over `inputs` and what another plan kept. Errors as [`forward`].
pub(super) fn backward(
    plan: &Plan,
    inputs: &[(&CudaStorage, &Layout)],
    kept: &mut CudaSlice<f32>,
) -> Result<CudaStorage> {
    execute(device(inputs)?, plan, inputs, kept)
}

/// Runs a plan of `single` over `inputs`. Errors if an input is not contiguous, not in single precision, shorter than the
/// plan expects or on another device, if memory runs out, or if the driver refuses.
pub fn run(plan: &Plan, inputs: &[(&CudaStorage, &Layout)]) -> Result<CudaStorage> {
    forward(plan, inputs).map(|(out, _)| out)
}

fn device<'a>(inputs: &[(&'a CudaStorage, &Layout)]) -> Result<&'a CudaDevice> {
    let Some((storage, _)) = inputs.first() else { bail!("a plan without an input names no device") };
    if inputs.iter().any(|(other, _)| other.device.id() != storage.device.id()) {
        bail!("the inputs of a GPU operation lie on different devices");
    }
    Ok(&storage.device)
}

/// Memory for `n` numbers, as it was left.
pub(super) fn allocate(device: &CudaDevice, n: usize) -> Result<CudaSlice<f32>> {
    #[expect(unsafe_code, reason = "cudarc leaves the memory as it was")]
    // SAFETY: plans write every number before they read it; their emulation starts from NaN and tests that.
    let memory = unsafe { device.alloc::<f32>(n.max(1)) };
    memory.map_err(|err| {
        let megabytes = n.div_ceil(1 << 18);
        candle_core::Error::Msg(format!(
            "the GPU gave no {megabytes} MB more ({}): lower train.batch_size, model.seq_len or model.d_model",
            first_line(&err)
        ))
    })
}

/// candle adds a backtrace below its first line when RUST_BACKTRACE is set.
pub(super) fn first_line(err: &candle_core::Error) -> String {
    err.to_string().lines().next().unwrap_or_default().to_owned()
}

fn execute(
    device: &CudaDevice,
    plan: &Plan,
    inputs: &[(&CudaStorage, &Layout)],
    kept: &mut CudaSlice<f32>,
) -> Result<CudaStorage> {
    let stream = device.cuda_stream();
    let (mut out, mut work) = (allocate(device, plan.out)?, allocate(device, plan.work)?);
    let mut memory = Memory::default();
    // The guards tell other streams, if there are any, when the memory is free again.
    let mut reads = Vec::new();
    for (buffer, (storage, layout)) in [Buffer::First, Buffer::Second, Buffer::Third].into_iter().zip(inputs) {
        let Some((start, end)) = layout.contiguous_offsets() else { bail!("a GPU kernel needs a contiguous tensor") };
        let (pointer, guard) = storage.as_cuda_slice::<f32>()?.device_ptr(&stream);
        memory.regions.push((buffer, Region { pointer: pointer + 4 * start as u64, len: end - start }));
        reads.push(guard);
    }
    let mut writes = Vec::new();
    for (buffer, slice) in [(Buffer::Out, &mut out), (Buffer::Kept, kept), (Buffer::Work, &mut work)] {
        let len = slice.len();
        let (pointer, guard) = slice.device_ptr_mut(&stream);
        memory.regions.push((buffer, Region { pointer, len }));
        writes.push(guard);
    }
    for step in &plan.steps {
        match step {
            Step::Launch { kernel, blocks, args } => {
                let words = args.iter().map(|arg| memory.word(arg)).collect::<Result<Vec<_>>>()?;
                launch(device, &stream, kernel, *blocks, &words)?;
            }
            Step::Product(product) => memory.product(device, product)?,
        }
    }
    drop((reads, writes));
    Ok(CudaStorage::wrap_cuda_slice(out, device.clone()))
}

/// A range of device memory, in numbers of 32 bits.
#[derive(Clone, Copy)]
struct Region {
    pointer: u64,
    len: usize,
}

/// Where the buffers of a plan lie.
#[derive(Default)]
struct Memory {
    regions: Vec<(Buffer, Region)>,
}

/// An argument as the driver takes it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Word {
    Long(u64),
    Int(u32),
    Float(f32),
    Double(f64),
}

impl Memory {
    fn pointer(&self, span: &Span) -> Result<u64> {
        match self.regions.iter().find(|(buffer, _)| *buffer == span.buffer) {
            Some((_, region)) if span.end() <= region.len => Ok(region.pointer + 4 * span.start as u64),
            _ => bail!("a GPU operation got too little memory for {span:?}"),
        }
    }

    fn word(&self, arg: &Arg) -> Result<Word> {
        Ok(match arg {
            Arg::Span(span) => Word::Long(self.pointer(span)?),
            Arg::Null => Word::Long(0),
            Arg::Int(value) => Word::Int(*value),
            Arg::Long(value) => Word::Long(*value),
            Arg::Float(value) => Word::Float(*value),
        })
    }

    fn product(&self, device: &CudaDevice, product: &Product) -> Result<()> {
        let Product { batch, a, b, out, add, .. } = *product;
        let ColumnMajor { transposed, shape: [m, n, k], leading, strides } = product.column_major();
        let operation = |transposed| {
            if transposed { blas::cublasOperation_t::CUBLAS_OP_T } else { blas::cublasOperation_t::CUBLAS_OP_N }
        };
        let kind = |half| if half { blas::cudaDataType_t::CUDA_R_16BF } else { blas::cudaDataType_t::CUDA_R_32F };
        let compute = if !a.span.half && candle_core::cuda::gemm_reduced_precision_f32() {
            blas::cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32
        } else {
            blas::cublasComputeType_t::CUBLAS_COMPUTE_32F
        };
        let [lead_left, lead_right, lead_out] = leading.map(|n| n as i32);
        let [step_left, step_right, step_out] = strides.map(|n| n as i64);
        let (alpha, beta) = (1.0_f32, if add { 1.0_f32 } else { 0.0 });
        let (left, right, to) = (self.pointer(&b.span)?, self.pointer(&a.span)?, self.pointer(&out)?);
        let handle = device.cublas_handle();
        #[expect(unsafe_code, reason = "cudarc cannot check the shapes of a product")]
        // SAFETY: every span lies in live memory of this device (`pointer`), the lengths are those of the shapes
        // (`Plan::product`), and alpha and beta are f32 as the compute type asks.
        let done = unsafe {
            gemm_strided_batched_ex(
                *handle.handle(),
                operation(transposed[0]),
                operation(transposed[1]),
                m as i32,
                n as i32,
                k as i32,
                (&raw const alpha).cast(),
                left as *const _,
                kind(b.span.half),
                lead_left,
                step_left,
                right as *const _,
                kind(a.span.half),
                lead_right,
                step_right,
                (&raw const beta).cast(),
                to as *mut _,
                blas::cudaDataType_t::CUDA_R_32F,
                lead_out,
                step_out,
                batch as i32,
                compute,
                blas::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT_TENSOR_OP,
            )
        };
        done.w()
    }
}

/// Puts `kernel` with `blocks` of threads on the stream. The words are what its parameters ask for, pointers among them
/// point to live device memory: the tests of the plans and `tests/emulate_kernels.py` see to it.
pub(super) fn launch(
    device: &CudaDevice,
    stream: &Arc<CudaStream>,
    kernel: &'static str,
    blocks: u32,
    words: &[Word],
) -> Result<()> {
    let function = function(device, kernel)?;
    let mut builder = stream.launch_builder(&function);
    for word in words {
        match word {
            Word::Long(value) => builder.arg(value),
            Word::Int(value) => builder.arg(value),
            Word::Float(value) => builder.arg(value),
            Word::Double(value) => builder.arg(value),
        };
    }
    let config = LaunchConfig { grid_dim: (blocks, 1, 1), block_dim: (THREADS, 1, 1), shared_mem_bytes: 0 };
    #[expect(unsafe_code, reason = "cudarc cannot check a kernel's arguments")]
    // SAFETY: number and types of the arguments are the kernel's, and it stays within their spans (tests above).
    let launched = unsafe { builder.launch(config) };
    launched.w().map(|_| ())
}

/// A kernel of ours on `device`, compiled and loaded on first use.
fn function(device: &CudaDevice, kernel: &'static str) -> Result<CudaFunction> {
    static LOADED: Mutex<Vec<(DeviceId, BTreeMap<&'static str, CudaFunction>)>> = Mutex::new(Vec::new());
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let of_device = loaded.iter().position(|(id, _)| *id == device.id());
    if let Some(function) = of_device.and_then(|i| loaded[i].1.get(kernel)) {
        return Ok(function.clone());
    }
    let function = device.get_or_load_custom_func(kernel, MODULE, &compiled(device)?)?.into_cuda_function();
    let i = of_device.unwrap_or_else(|| {
        loaded.push((device.id(), BTreeMap::new()));
        loaded.len() - 1
    });
    loaded[i].1.insert(kernel, function.clone());
    Ok(function)
}

/// The kernels in the driver's language, compiled once per architecture.
fn compiled(device: &CudaDevice) -> Result<Arc<str>> {
    static COMPILED: Mutex<BTreeMap<i32, Arc<str>>> = Mutex::new(BTreeMap::new());
    let (major, minor) = device.cuda_stream().context().compute_capability().w()?;
    let own = 10 * major + minor;
    if own < *ARCHITECTURES.start() {
        bail!("the GPU's compute capability {major}.{minor} is below 7.5, the least the kernels run on");
    }
    let architecture = own.min(*ARCHITECTURES.end());
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(ptx) = compiled.get(&architecture) {
        return Ok(Arc::clone(ptx));
    }
    let options = vec!["--std=c++17".to_owned(), format!("--gpu-architecture=compute_{architecture}")];
    let ptx = compile_ptx_with_opts(SOURCES, CompileOptions { options, ..CompileOptions::default() }).w()?;
    let ptx: Arc<str> = ptx.to_src().into();
    compiled.insert(architecture, Arc::clone(&ptx));
    Ok(ptx)
}

//! Set-up of a CUDA device.

use std::sync::{Mutex, PoisonError};

use candle_core::cuda::WrapErr as _;
use candle_core::{CudaDevice, Device, Result};
use cudarc::driver::{
    CudaContext,
    result::{device::get_default_mem_pool, mem_pool},
    sys::{CUmemPool_attribute_enum as Attribute, CUmemoryPool},
};

/// Device `ordinal`, set up for training, and its name. Every call gives the same device: it is set up once.
///
/// All its work goes on one stream of its own, so memory needs no events to be handed on; freed memory stays with the
/// process instead of going back to the driver at every wait.
///
/// Errors if there is no driver or no such device.
pub fn open(ordinal: usize) -> Result<(Device, String)> {
    static OPEN: Mutex<Vec<(usize, Device, String)>> = Mutex::new(Vec::new());
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, device, name)) = open.iter().find(|(other, ..)| *other == ordinal) {
        return Ok((device.clone(), name.clone()));
    }
    let (device, name) = set_up(ordinal)?;
    open.push((ordinal, device.clone(), name.clone()));
    Ok((device, name))
}

fn set_up(ordinal: usize) -> Result<(Device, String)> {
    let device = Device::new_cuda_with_stream(ordinal)?;
    let cuda = device.as_cuda_device()?;
    #[expect(unsafe_code, reason = "cudarc leaves the order of streams to its user")]
    // SAFETY: candle and the plans put everything on the device's only stream, where work and frees keep their order.
    unsafe {
        cuda.disable_event_tracking();
    }
    let stream = cuda.cuda_stream();
    let context = stream.context();
    if let Some(pool) = pool(context)? {
        let mut threshold = u64::MAX;
        #[expect(unsafe_code, reason = "cudarc takes the value as a pointer")]
        // SAFETY: the pool is the device's own and this attribute is a u64.
        let set = unsafe {
            mem_pool::set_attribute(pool, Attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, (&raw mut threshold).cast())
        };
        set.w()?;
    }
    let name = format!("{} (CUDA device {ordinal})", context.name().w()?);
    Ok((device, name))
}

/// Bytes that can still be taken on `device`: what the driver has, and what the process holds without using it.
///
/// Errors if the driver does not answer.
pub fn free_memory(device: &CudaDevice) -> Result<u64> {
    let stream = device.cuda_stream();
    let (free, _) = stream.context().mem_get_info().w()?;
    let Some(pool) = pool(stream.context())? else { return Ok(free as u64) };
    let read = |attribute| {
        let mut value = 0_u64;
        #[expect(unsafe_code, reason = "cudarc returns the value through a pointer")]
        // SAFETY: the pool is the device's own and both attributes asked for are u64.
        let read = unsafe { mem_pool::get_attribute(pool, attribute, (&raw mut value).cast()) };
        read.w().map(|()| value)
    };
    let reserved = read(Attribute::CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT)?;
    let used = read(Attribute::CU_MEMPOOL_ATTR_USED_MEM_CURRENT)?;
    Ok(free as u64 + reserved.saturating_sub(used))
}

/// The pool that candle allocates from; `None` on devices without one.
fn pool(context: &CudaContext) -> Result<Option<CUmemoryPool>> {
    if !context.has_async_alloc() {
        return Ok(None);
    }
    #[expect(unsafe_code, reason = "cudarc cannot check the device")]
    // SAFETY: the device is the one the context was made for.
    let pool = unsafe { get_default_mem_pool(context.cu_device()) };
    pool.w().map(Some)
}

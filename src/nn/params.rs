use std::collections::BTreeMap;

use candle_core::{DType, Device, Result, Tensor, Var};
use rand::{Rng as _, RngCore};

/// Named parameters in name order: the same seed gives the same model, the same norms, the same file.
#[derive(Debug, Default)]
pub struct Params {
    vars: BTreeMap<String, Var>,
}

/// Why stored weights do not fit a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    /// A tensor is absent.
    #[error("the weights lack the tensor {0}")]
    Missing(String),
    /// A tensor has another shape.
    #[error("the tensor {name} has shape {found:?}, the model needs {needed:?}")]
    Shape {
        /// Parameter name.
        name: String,
        /// Shape in the file.
        found: Vec<usize>,
        /// Shape of the model.
        needed: Vec<usize>,
    },
    /// A tensor the model does not know.
    #[error("the weights hold an unknown tensor {0}")]
    Unknown(String),
    /// NaN or infinity.
    #[error("the tensor {0} holds numbers that are not finite")]
    NotFinite(String),
}

impl Params {
    fn insert(
        &mut self,
        name: &str,
        values: Vec<f32>,
        shape: &[usize],
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor> {
        let var = Var::from_tensor(&Tensor::from_vec(values, shape, device)?.to_dtype(dtype)?)?;
        let tensor = var.as_tensor().clone();
        self.vars.insert(name.to_owned(), var);
        Ok(tensor)
    }

    /// A matrix `[outputs, inputs]` drawn uniformly from ±sqrt(6 / (inputs + outputs)) (Glorot & Bengio 2010).
    pub fn xavier(
        &mut self,
        name: &str,
        shape: [usize; 2],
        dtype: DType,
        device: &Device,
        rng: &mut impl RngCore,
    ) -> Result<Tensor> {
        let bound = (6.0 / (shape[0] + shape[1]) as f64).sqrt();
        let values = (0..shape[0] * shape[1]).map(|_| (bound * (2.0 * rng.random::<f64>() - 1.0)) as f32).collect();
        self.insert(name, values, &shape, dtype, device)
    }

    /// A vector of `values`.
    pub fn vector(&mut self, name: &str, values: Vec<f32>, dtype: DType, device: &Device) -> Result<Tensor> {
        let width = values.len();
        self.insert(name, values, &[width], dtype, device)
    }

    /// A vector filled with `value`.
    pub fn filled(&mut self, name: &str, width: usize, value: f32, dtype: DType, device: &Device) -> Result<Tensor> {
        self.vector(name, vec![value; width], dtype, device)
    }

    /// All parameters, in name order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.vars.iter().map(|(name, var)| (name.as_str(), var))
    }

    /// The parameter called `name`.
    pub fn get(&self, name: &str) -> Option<&Var> {
        self.vars.get(name)
    }

    /// Numbers in all parameters.
    pub fn count(&self) -> usize {
        self.vars.values().map(|var| var.elem_count()).sum()
    }

    /// Copies of all values, in name order.
    pub fn snapshot(&self) -> Result<BTreeMap<String, Tensor>> {
        self.vars.iter().map(|(name, var)| Ok((name.clone(), var.as_tensor().detach().copy()?))).collect()
    }

    /// Takes over `values`, which must hold exactly the model's tensors, all finite; nothing changes on an error.
    pub fn restore(&self, values: &BTreeMap<String, Tensor>) -> Result<std::result::Result<(), ParamsError>> {
        for (name, var) in &self.vars {
            let Some(value) = values.get(name) else { return Ok(Err(ParamsError::Missing(name.clone()))) };
            if value.dims() != var.dims() {
                let (found, needed) = (value.dims().to_vec(), var.dims().to_vec());
                return Ok(Err(ParamsError::Shape { name: name.clone(), found, needed }));
            }
            let sum = value.to_dtype(DType::F64)?.abs()?.sum_all()?.to_scalar::<f64>()?;
            if !sum.is_finite() {
                return Ok(Err(ParamsError::NotFinite(name.clone())));
            }
        }
        if let Some(name) = values.keys().find(|name| !self.vars.contains_key(*name)) {
            return Ok(Err(ParamsError::Unknown(name.clone())));
        }
        for (name, var) in &self.vars {
            var.set(&values[name].to_dtype(var.dtype())?.to_device(var.device())?.copy()?)?;
        }
        Ok(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Purpose, purpose_rng};

    fn sample(seed: u64) -> Params {
        let mut params = Params::default();
        let mut rng = purpose_rng(seed, Purpose::Init, 0);
        params.xavier("w", [4, 3], DType::F32, &Device::Cpu, &mut rng).unwrap();
        params.filled("b", 3, 0.5, DType::F32, &Device::Cpu).unwrap();
        params
    }

    #[test]
    fn same_seed_same_values_in_name_order() {
        let flat = |p: &Params| p.get("w").unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(flat(&sample(1)), flat(&sample(1)));
        assert_ne!(flat(&sample(1)), flat(&sample(2)));
        assert_eq!(sample(1).iter().map(|(n, _)| n.to_owned()).collect::<Vec<_>>(), ["b", "w"]);
        assert_eq!(sample(1).count(), 15);
    }

    #[test]
    fn weights_that_do_not_fit_are_named_and_change_nothing() {
        let (params, good) = (sample(1), sample(2).snapshot().unwrap());
        let mut bad = good.clone();
        bad.insert("w".to_owned(), Tensor::zeros((2, 2), DType::F32, &Device::Cpu).unwrap());
        assert!(matches!(params.restore(&bad).unwrap(), Err(ParamsError::Shape { .. })));
        bad.insert("w".to_owned(), (good["w"].clone() * f64::NAN).unwrap());
        assert_eq!(params.restore(&bad).unwrap(), Err(ParamsError::NotFinite("w".to_owned())));
        bad.remove("w");
        assert_eq!(params.restore(&bad).unwrap(), Err(ParamsError::Missing("w".to_owned())));
        let before = params.snapshot().unwrap()["b"].to_vec1::<f32>().unwrap();
        assert_eq!(before, [0.5; 3]);
        params.restore(&good).unwrap().unwrap();
        let sum = |t: &Tensor| t.sum_all().unwrap().to_scalar::<f32>().unwrap();
        assert_eq!(sum(params.get("w").unwrap()), sum(&good["w"]));
    }
}

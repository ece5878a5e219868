//! The fused stack against finite differences and against the composed one, in every shape and with every option.

use candle_core::{DType, Device, Tensor, Var};
use proptest::prelude::*;

use super::*;
use crate::nn::cuda::Offsets;
use crate::nn::ops::agreement::{assert_close, flat, random, weigh};
use crate::nn::ops::{composed, layer_norm};
use crate::nn::{Gradients, Params, Sink};

/// A shape with everything an option changes.
fn shape(flags: u8, heads: usize, dropout: f64) -> StackShape {
    StackShape {
        features: 3,
        bars: 5,
        // A layer norm over two numbers is all rounding.
        width: 4 * heads,
        feed: 7,
        heads,
        layers: 2,
        causal: flags & 1 > 0,
        post_norm: flags & 2 > 0,
        learned_positions: flags & 4 > 0,
        dropout,
        half: false,
    }
}

struct Case {
    shape: StackShape,
    x: Var,
    vars: Vec<Var>,
    params: StackParams,
    pooled: Pooled,
    probe: StackProbe,
}

impl Case {
    fn new(shape: StackShape, windows: usize, pooled: Pooled, dtype: DType) -> Self {
        let make = |(i, (name, dims)): (usize, (String, Vec<usize>))| {
            let shift = if name.ends_with("gain") { 1.0 } else { 0.0 };
            let values = (random(&dims, 10 + i as u64).affine(0.4, shift)).unwrap();
            Var::from_tensor(&values.to_dtype(dtype).unwrap()).unwrap()
        };
        let vars: Vec<Var> = shape.names().into_iter().enumerate().map(make).collect();
        let tensors = vars.iter().map(|v| v.as_tensor().clone()).collect();
        let table = (!shape.learned_positions).then(|| random(&[shape.bars, shape.width], 7).to_dtype(dtype).unwrap());
        let x = random(&[windows, shape.bars, shape.features], 3).to_dtype(dtype).unwrap();
        let x = Var::from_tensor(&x).unwrap();
        Self {
            shape,
            x,
            vars,
            params: StackParams { tensors, table, transposed: false },
            pooled,
            probe: StackProbe::default(),
        }
    }

    fn fused(&self, path: &GradientPath, arenas: &Arenas) -> (Tensor, Vec<Tensor>) {
        let (noise, x) = (&mut Noise::at(5, 1), self.x.as_tensor());
        encoder_stack(x, &self.params, &self.shape, self.pooled, noise, &self.probe, path, arenas).unwrap()
    }

    fn composed(&self) -> (Tensor, Vec<Tensor>) {
        let (noise, x) = (&mut Noise::at(5, 1), self.x.as_tensor());
        composed::encoder_stack(
            x,
            &self.params,
            &self.shape,
            self.pooled,
            noise,
            &self.probe,
            &GradientPath::Tensors,
            layer_norm,
        )
        .unwrap()
    }

    /// Gradients of input and parameters, in order.
    fn gradients(&self, y: &Tensor) -> Vec<Vec<f64>> {
        let grads = weigh(y).backward().unwrap();
        let all = std::iter::once(&self.x).chain(&self.vars);
        all.map(|v| flat(grads.get(v).expect("every input has a gradient"))).collect()
    }
}

/// The same case once more.
fn again(case: &Case) -> Case {
    Case::new(case.shape.clone(), case.x.dims()[0], case.pooled, case.x.dtype())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn fused_and_composed_stacks_agree(
        flags in 0..8_u8, heads in 1..4_usize, windows in 1..4_usize, drop: bool, alike: bool, pooled in 0..3_usize,
    ) {
        let pooled = [Pooled::States, Pooled::Mean, Pooled::Last][pooled];
        let mut case = Case::new(shape(flags, heads, if drop { 0.3 } else { 0.0 }), windows, pooled, DType::F64);
        case.probe.record = true;
        if alike {
            case.probe.uniform = [(1, heads - 1)].into();
        }
        let (fused, weights) = case.fused(&GradientPath::Tensors, &Arenas::default());
        let (composed, want) = case.composed();
        assert_close(&flat(&fused), &flat(&composed), 1e-9, "states");
        prop_assert_eq!(weights.len(), 2);
        for (weights, want) in weights.iter().zip(&want) {
            assert_close(&flat(weights), &flat(want), 1e-9, "attention weights");
        }
        let names = std::iter::once("x".to_owned()).chain(case.shape.names().into_iter().map(|(name, _)| name));
        let both = case.gradients(&fused).into_iter().zip(case.gradients(&composed));
        for (name, (got, want)) in names.zip(both) {
            assert_close(&got, &want, 2e-9, &format!("gradient of {name}"));
        }
        let turned = Case { params: case.params.transposed(&case.shape).unwrap(), probe: case.probe.clone(), ..again(&case) };
        let (turned, _) = turned.fused(&GradientPath::Tensors, &Arenas::default());
        assert_close(&flat(&turned), &flat(&fused), 1e-12, "transposed");
        let single = Case { probe: case.probe, ..Case::new(case.shape, windows, pooled, DType::F32) };
        assert_close(&flat(&single.fused(&GradientPath::None, &Arenas::default()).0), &flat(&composed), 2e-5, "in f32");
    }
}

/// Central differences in f64 of every number of every parameter and of the input.
#[test]
fn every_gradient_is_the_slope() {
    const STEP: f64 = 1e-5;
    for flags in 0..8 {
        let pooled = [Pooled::States, Pooled::Mean, Pooled::Last][flags as usize % 3];
        let case = Case::new(StackShape { layers: 1, ..shape(flags, 2, 0.2) }, 2, pooled, DType::F64);
        let arenas = Arenas::default();
        let value = || weigh(&case.fused(&GradientPath::None, &arenas).0).to_scalar::<f64>().unwrap();
        let got = case.gradients(&case.fused(&GradientPath::Tensors, &arenas).0);
        for (which, (var, got)) in std::iter::once(&case.x).chain(&case.vars).zip(got).enumerate() {
            let start = flat(var);
            let set =
                |values: Vec<f64>| var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu).unwrap()).unwrap();
            let want: Vec<f64> = (0..start.len())
                .map(|i| {
                    let at = |delta: f64| {
                        let mut moved = start.clone();
                        moved[i] += delta;
                        set(moved);
                        value()
                    };
                    (at(STEP) - at(-STEP)) / (2.0 * STEP)
                })
                .collect();
            set(start);
            assert_close(&got, &want, 1e-7, &format!("options {flags}, input {which}"));
        }
    }
}

/// Long rows, more than one unit of rows, products large enough to be cut: any number of threads, and both ways of the
/// gradient, give the same bits.
#[test]
fn threads_and_the_way_of_the_gradient_change_no_bit() {
    let wide = StackShape { features: 40, bars: 70, width: 32, feed: 72, heads: 4, ..shape(4, 4, 0.1) };
    let case = Case::new(wide, 5, Pooled::Mean, DType::F32);
    let tensors = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| case.gradients(&case.fused(&GradientPath::Tensors, &Arenas::default()).0))
    };
    let one = tensors(1);
    assert!(one.iter().flatten().all(|g| g.is_finite()) && one.iter().flatten().any(|g| *g != 0.0));
    assert!(one == tensors(2) && one == tensors(5));
    let sink = Sink::new(case.shape.names().into_iter().map(|(n, d)| (n, d.iter().product())).collect()).unwrap();
    let arenas = Arenas::default();
    for _ in 0..2 {
        sink.values().fill(0.0);
        let (y, _) = case.fused(&GradientPath::Sink(sink.clone()), &arenas);
        let grads = weigh(&y).backward().unwrap();
        assert_eq!(flat(grads.get(&case.x).unwrap()), one[0], "the input's");
        assert!(case.vars.iter().all(|v| grads.get(v).is_none()));
        let held: Vec<f64> = sink.values().iter().map(|g| f64::from(*g)).collect();
        assert_eq!(held, one[1..].concat(), "the parameters', in memory used before");
    }
}

#[test]
fn a_sink_reaches_the_optimiser_by_name_and_leaves_constants_alone() {
    let mut params = Params::default();
    let mut case = Case::new(shape(0, 2, 0.0), 2, Pooled::Mean, DType::F32);
    let mut parts = Vec::new();
    for (i, (name, dims)) in case.shape.names().into_iter().enumerate() {
        let own =
            params.vector(&name, flat(&case.vars[i]).iter().map(|v| *v as f32).collect(), DType::F32, &Device::Cpu);
        case.params.tensors[i] = own.unwrap().reshape(dims.as_slice()).unwrap();
        parts.push((name, dims.iter().product()));
    }
    let frozen = parts.iter().position(|(name, _)| name == "encoder.01.feed.expand.weight").unwrap();
    case.params.tensors[frozen] = case.params.tensors[frozen].detach();
    let sink = Sink::new(parts).unwrap();
    let (y, _) = case.fused(&GradientPath::Sink(sink.clone()), &Arenas::default());
    weigh(&y).backward().unwrap();
    let mut gradients = Gradients::new(&params);
    gradients.drain(&sink, 0.5).unwrap();
    let norms = gradients.norms();
    for (name, norm) in norms {
        assert_eq!(norm == 0.0, name == "encoder.01.feed.expand.weight", "{name}");
    }
    assert!(sink.values().iter().all(|g| *g == 0.0));
    let stranger = Sink::new(vec![("unknown".to_owned(), 3)]).unwrap();
    assert!(gradients.drain(&stranger, 1.0).unwrap_err().to_string().contains("unknown"));
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let mut case = Case::new(shape(0, 2, 0.0), 2, Pooled::Mean, DType::F32);
    case.shape.bars = 4;
    let (noise, arenas) = (&mut Noise::off(), Arenas::default());
    let run = |case: &Case, noise: &mut Noise| {
        let x = case.x.as_tensor();
        let path = GradientPath::None;
        encoder_stack(x, &case.params, &case.shape, case.pooled, noise, &case.probe, &path, &arenas)
    };
    assert!(run(&case, noise).unwrap_err().to_string().contains("5 bars"));
    let mut case = Case::new(shape(0, 2, 0.0), 2, Pooled::Mean, DType::F32);
    case.params.tensors.swap(0, 1);
    assert!(run(&case, noise).unwrap_err().to_string().contains("input.weight"));
}

/// A GPU's block gets the parameters of a layer as one vector, in the order of the slots.
#[test]
fn a_layers_parameters_lie_where_the_gpus_kernels_look() {
    let shape = shape(4, 2, 0.0);
    let names = &shape.names()[shape.block(1)..shape.block(2)];
    let at = |wanted: &str| -> usize {
        assert!(names.iter().any(|(name, _)| name.ends_with(wanted)), "{wanted}");
        names
            .iter()
            .take_while(|(name, _)| !name.ends_with(wanted))
            .map(|(_, dims)| dims.iter().product::<usize>())
            .sum()
    };
    let dense = |name: &str| ["weight", "bias"].map(|part| at(&format!("{name}.{part}")));
    let norm = |name: &str| ["gain", "bias"].map(|part| at(&format!("{name}.norm.{part}")));
    let want = Offsets {
        norm1: norm("attention"),
        qkv: at("qkv.weight"),
        query_bias: at("query.bias"),
        value_bias: at("value.bias"),
        output: dense("output"),
        norm2: norm("feed"),
        expand: dense("expand"),
        contract: dense("contract"),
    };
    assert_eq!(Offsets::in_order(shape.width, shape.feed), want);
}

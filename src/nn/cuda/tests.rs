use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::plan::ColumnMajor;
use super::single::Attention;
use super::{Arg, Buffer, Factor, Mask, Offsets, Plan, Product, SOURCES, Span, Spec, Step, block_plan, single};

/// What `tests/emulate_kernels.py` runs; made by the ignored test below.
const GOLDEN: &str = include_str!("../../../tests/golden/cuda_plans.jsonl");

const fn mask(key: u64) -> Mask {
    Mask { key: 0x0123_4567_89AB_CDEF ^ (key << 60), p: 0.25 }
}

const SMALL: [usize; 5] = [2, 5, 8, 12, 2];
/// More than a warp is wide, more rows than a chunk has, nothing a multiple of a block.
const WIDE: [usize; 5] = [3, 38, 40, 72, 2];

/// Name, shapes, causal, norms behind the sums, masks, bfloat16.
type Case = (&'static str, [usize; 5], bool, bool, bool, bool);

const BLOCKS: [Case; 9] = [
    ("pre", SMALL, false, false, false, false),
    ("pre_causal_masks", SMALL, true, false, true, false),
    ("post", SMALL, false, true, false, false),
    ("post_causal_masks", SMALL, true, true, true, false),
    ("wide_pre_masks", WIDE, false, false, true, false),
    ("wide_post_causal", WIDE, true, true, false, false),
    ("half_pre", SMALL, false, false, false, true),
    ("half_pre_masks", WIDE, true, false, true, true),
    ("half_post_masks", WIDE, false, true, true, true),
];

fn specs() -> impl Iterator<Item = (&'static str, Spec)> {
    BLOCKS.into_iter().map(|(name, [batch, bars, width, ff, heads], causal, post_norm, masked, half)| {
        let masks = if masked { [1, 2, 3].map(|key| Some(mask(key))) } else { [None; 3] };
        let offsets = Offsets::in_order(width, ff);
        (name, Spec { batch, bars, width, ff, heads, causal, post_norm, masks, offsets, half })
    })
}

/// All plans the emulation covers: name, what they are of, plan.
fn plans() -> Vec<(String, serde_json::Value, Plan)> {
    let mut plans = Vec::new();
    for (name, spec) in specs() {
        let spec_value = serde_json::to_value(spec).unwrap();
        plans.push((format!("block/{name}/forward"), spec_value.clone(), block_plan::forward(&spec).unwrap()));
        plans.push((format!("block/{name}/backward"), spec_value, block_plan::backward(&spec).unwrap()));
    }
    let attention = Attention { batch: 2, bars: 37, heads: 3, depth: 5, causal: true, mask: Some(mask(4)) };
    let dropped = Mask { key: 7, p: 0.4 };
    let singles = [
        ("layer_norm", vec![130, 37], single::layer_norm(130, 37)),
        ("layer_norm_backward", vec![130, 37], single::layer_norm_backward(130, 37)),
        ("add_table", vec![6, 5, 7], single::add_table(6 * 5 * 7, 5 * 7)),
        ("column_sums", vec![130, 37], single::column_sums(130, 37)),
        ("column_sums", vec![20_000, 3], single::column_sums(20_000, 3)),
        ("bias_gelu", vec![130, 37], single::bias_gelu(130, 37)),
        ("bias_gelu_backward", vec![130, 37], single::bias_gelu_backward(130, 37)),
        ("dropout", vec![1000], single::dropout(1000, dropped)),
        ("mean_bars", vec![6, 5, 7], single::mean_bars(6, 5, 7)),
        ("mean_bars_backward", vec![6, 5, 7], single::mean_bars_backward(6, 5, 7)),
        ("attention", vec![2, 37, 3, 5], attention.forward()),
        ("attention_backward", vec![2, 37, 3, 5], attention.backward()),
    ];
    for (name, shape, plan) in singles {
        plans.push((format!("single/{name}"), serde_json::json!({ "shape": shape }), plan));
    }
    plans
}

/// One line per plan, then one per step.
fn written() -> String {
    let mut text = String::new();
    for (name, of, plan) in plans() {
        let Plan { out, kept, work, steps } = plan;
        let head = serde_json::json!({ "plan": name, "of": of, "out": out, "kept": kept, "work": work });
        writeln!(text, "{head}").unwrap();
        for step in steps {
            writeln!(text, "{}", serde_json::to_string(&step).unwrap()).unwrap();
        }
    }
    text
}

#[test]
fn golden_plans_are_those_of_the_program() {
    let differs =
        written().lines().zip(GOLDEN.lines()).find(|(now, golden)| now != golden).map(|(now, _)| now.to_owned());
    assert_eq!(differs, None, "run `cargo test --lib write_golden_plans -- --ignored`, then tests/emulate_kernels.py");
    assert_eq!(written().lines().count(), GOLDEN.lines().count());
}

#[test]
#[ignore = "writes tests/golden/cuda_plans.jsonl"]
fn write_golden_plans() {
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/cuda_plans.jsonl"), written()).unwrap();
}

/// Types of the parameters of every kernel in the sources.
fn kernels() -> BTreeMap<String, Vec<String>> {
    let opening = "extern \"C\" __global__ void ";
    SOURCES
        .split(opening)
        .skip(1)
        .map(|text| {
            let (name, rest) = text.split_once('(').unwrap();
            let (parameters, _) = rest.split_once(')').unwrap();
            let kinds = parameters.split(',').map(|parameter| {
                let words: Vec<&str> = parameter.split_whitespace().collect();
                if parameter.contains('*') { words[..words.len() - 1].join(" ") + " *" } else { words[0].to_owned() }
            });
            (name.to_owned(), kinds.collect())
        })
        .collect()
}

/// A wrong argument would be a wrong number or a write anywhere: the kernels trust what they are given.
#[test]
fn every_argument_has_the_type_of_its_parameter() {
    let kernels = kernels();
    assert!(kernels.len() > 15, "{kernels:?}");
    for (name, _, plan) in plans() {
        for step in &plan.steps {
            let Step::Launch { kernel, blocks, args } = step else { continue };
            let parameters = &kernels[*kernel];
            assert_eq!(parameters.len(), args.len(), "{name}: {step:?}");
            assert!(*blocks > 0, "{name}: {step:?}");
            for (parameter, arg) in parameters.iter().zip(args) {
                let fits = match arg {
                    Arg::Span(span) if span.half => parameter == "u16 *",
                    Arg::Span(_) => ["float *", "const float *"].contains(&parameter.as_str()),
                    Arg::Null => ["float *", "const float *", "u16 *"].contains(&parameter.as_str()),
                    Arg::Int(_) => parameter == "u32",
                    Arg::Long(_) => parameter == "u64",
                    Arg::Float(_) => parameter == "float",
                };
                assert!(fits, "{name}: {arg:?} for {parameter} in {step:?}");
            }
        }
    }
}

#[test]
fn every_span_lies_in_its_buffer_and_inputs_are_only_read() {
    let kernels = kernels();
    for (name, _, plan) in plans() {
        let sizes = BTreeMap::from([(Buffer::Out, plan.out), (Buffer::Kept, plan.kept), (Buffer::Work, plan.work)]);
        for step in &plan.steps {
            let (read, written): (Vec<_>, Vec<_>) = match step {
                Step::Product(product) => (vec![product.a.span, product.b.span], vec![product.out]),
                Step::Launch { kernel, args, .. } => {
                    let spans = kernels[*kernel].iter().zip(args).filter_map(|(parameter, arg)| match arg {
                        Arg::Span(span) => Some((parameter.starts_with("const"), *span)),
                        _ => None,
                    });
                    let (read, written): (Vec<_>, Vec<_>) = spans.partition(|(read, _)| *read);
                    let spans = |pairs: Vec<(bool, Span)>| pairs.into_iter().map(|(_, span)| span).collect();
                    (spans(read), spans(written))
                }
            };
            assert!(written.iter().all(|span| sizes.contains_key(&span.buffer)), "{name}: {step:?}");
            for span in read.iter().chain(&written) {
                assert!(sizes.get(&span.buffer).is_none_or(|size| span.end() <= *size), "{name}: {step:?}");
            }
        }
    }
}

/// What a library that counts by columns makes of a product, in the order BLAS defines it.
fn by_columns(view: ColumnMajor, batch: usize, left: &[i64], right: &[i64]) -> Vec<i64> {
    let ColumnMajor { transposed, shape: [m, n, k], leading, strides } = view;
    let at = |values: &[i64], side: usize, matrix: usize, row: usize, column: usize| {
        let (row, column) = if transposed[side] { (column, row) } else { (row, column) };
        values[matrix * strides[side] + column * leading[side] + row]
    };
    let mut out = vec![0; batch * m * n];
    for (matrix, column, row) in (0..batch * n * m).map(|i| (i / (m * n), i / m % n, i % m)) {
        out[matrix * strides[2] + column * leading[2] + row] =
            (0..k).map(|i| at(left, 0, matrix, row, i) * at(right, 1, matrix, i, column)).sum();
    }
    out
}

#[test]
fn a_product_counted_by_columns_is_the_same_product() {
    let (batch, m, n, k) = (2, 3, 4, 5);
    let a: Vec<i64> = (0..batch * m * k).map(|i| (i * i % 23) as i64).collect();
    let b: Vec<i64> = (0..batch * k * n).map(|i| (i * 7 % 19) as i64).collect();
    for (flip_a, flip_b) in [(false, false), (false, true), (true, false), (true, true)] {
        let factor = |len, transposed| Factor { span: Span::new(Buffer::First, 0, len), transposed };
        let (left, right) = (factor(a.len(), flip_a), factor(b.len(), flip_b));
        let out = Span::new(Buffer::Out, 0, batch * m * n);
        let product = Product { batch, m, n, k, a: left, b: right, out, add: false };
        let want: Vec<i64> = (0..batch * m * n)
            .map(|i| {
                let (matrix, row, column) = (i / (m * n), i / n % m, i % n);
                let a = |j| a[matrix * m * k + if flip_a { j * m + row } else { row * k + j }];
                let b = |j| b[matrix * k * n + if flip_b { column * k + j } else { j * n + column }];
                (0..k).map(|j| a(j) * b(j)).sum()
            })
            .collect();
        assert_eq!(by_columns(product.column_major(), batch, &b, &a), want, "{flip_a} {flip_b}");
    }
}

/// Every launch costs microseconds; a plan that grows should do so on purpose.
#[test]
fn a_block_is_a_handful_of_launches() {
    let of = |wanted| specs().find(|(name, _)| *name == wanted).map(|(_, spec)| spec).unwrap();
    let count = |name| {
        let spec = of(name);
        [block_plan::forward(&spec).unwrap().steps.len(), block_plan::backward(&spec).unwrap().steps.len()]
    };
    assert_eq!(["pre", "pre_causal_masks", "half_pre_masks"].map(count), [[14, 33], [14, 36], [15, 36]]);
}

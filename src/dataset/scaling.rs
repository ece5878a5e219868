use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::{FeatureSpec, Features, InputColumn, InputKind, Inputs, Schema, SchemaMismatch};

/// Bound of scaled values and components.
const CLIP: f64 = 10.0;
const ROWS_PER_CHUNK: usize = 512;

/// The scaled value of a feature.
pub(super) fn scale(x: f32, (centre, scale): (f64, f64)) -> f32 {
    ((f64::from(x) - centre) / scale).clamp(-CLIP, CLIP) as f32
}

/// Where each input comes from in a row of features.
struct Recipe<'a> {
    schema: &'a Schema,
    /// Column, centre and scale of each scaled feature.
    columns: Vec<(usize, (f64, f64))>,
    /// Column whose missing cells a flag or, with `None`, padding shows.
    flags: Vec<Option<usize>>,
}

impl Schema {
    /// Scales `features`, puts the training median where a value is missing and fills flags and padding.
    ///
    /// Refuses features that lack a needed name or have one that was unknown while fitting; order does not matter.
    pub fn apply(&self, features: &Features) -> Result<Inputs, SchemaMismatch> {
        let recipe = Recipe::new(self, &features.specs)?;
        let width = self.width();
        let mut data = vec![0.0_f32; features.bars * width];
        let cells: Vec<_> = data
            .par_chunks_mut(ROWS_PER_CHUNK * width)
            .enumerate()
            .map(|(chunk, part)| {
                let (mut cells, mut scaled) = (Vec::new(), Vec::new());
                for (i, out) in part.chunks_exact_mut(width).enumerate() {
                    let t = chunk * ROWS_PER_CHUNK + i;
                    recipe.fill(t, features.row(t), out, &mut scaled, &mut cells);
                }
                cells
            })
            .collect();
        Ok(recipe.inputs(data, &cells))
    }

    /// [`Self::apply`], in the memory of the features.
    pub fn apply_in_place(&self, features: Features) -> Result<Inputs, SchemaMismatch> {
        let (from, width) = (features.width(), self.width());
        if width > from {
            return self.apply(&features);
        }
        let recipe = Recipe::new(self, &features.specs)?;
        let mut data = features.data;
        let cells: Vec<_> = data
            .par_chunks_mut(ROWS_PER_CHUNK * from)
            .enumerate()
            .map(|(chunk, part)| {
                let (mut cells, mut scaled, mut row) = (Vec::new(), Vec::new(), vec![0.0; from]);
                for (i, out) in part.chunks_exact_mut(from).enumerate() {
                    row.copy_from_slice(out);
                    recipe.fill(chunk * ROWS_PER_CHUNK + i, &row, &mut out[..width], &mut scaled, &mut cells);
                }
                cells
            })
            .collect();
        for t in 1..features.bars {
            data.copy_within(t * from..t * from + width, t * width);
        }
        data.truncate(features.bars * width);
        // Shrinking may copy, so what is left over must be worth it.
        if 2 * width <= from {
            data.shrink_to_fit();
        }
        Ok(recipe.inputs(data, &cells))
    }

    /// The scaled features: the first inputs, or what the components are made of.
    fn scaled(&self) -> impl Iterator<Item = (&InputColumn, (f64, f64))> {
        let columns = self.components.as_ref().map_or(&self.inputs, |components| &components.features);
        columns.iter().filter_map(|column| Some((column, column.scale()?)))
    }
}

impl<'a> Recipe<'a> {
    fn new(schema: &'a Schema, specs: &[FeatureSpec]) -> Result<Self, SchemaMismatch> {
        let real = specs.iter().enumerate().filter(|(_, spec)| spec.group.is_some());
        let found: BTreeMap<&str, usize> = real.map(|(i, spec)| (spec.name.as_str(), i)).collect();
        let known: BTreeSet<&str> = schema.candidates.iter().map(String::as_str).collect();
        let names = schema.scaled().map(|(column, _)| column.name.as_str());
        let missing: Vec<String> = names.filter(|name| !found.contains_key(name)).map(str::to_owned).collect();
        let extra: Vec<String> =
            found.keys().filter(|name| !known.contains(*name)).map(|&name| name.to_owned()).collect();
        if !missing.is_empty() || !extra.is_empty() {
            return Err(SchemaMismatch { missing, extra });
        }
        let columns = schema.scaled().map(|(column, scale)| (found[column.name.as_str()], scale)).collect();
        let flags = schema.inputs.iter().filter_map(|column| match &column.kind {
            InputKind::Missing { of } => Some(found.get(of.as_str()).copied()),
            InputKind::Padding => Some(None),
            InputKind::Scaled { .. } | InputKind::Standardized { .. } | InputKind::Component { .. } => None,
        });
        let flags = flags.collect();
        Ok(Self { schema, columns, flags })
    }

    /// Fills `out`, the inputs of bar `t`, from its features `row`, and adds its missing cells to `cells`.
    fn fill(&self, t: usize, row: &[f32], out: &mut [f32], scaled: &mut Vec<f32>, cells: &mut Vec<(u32, u32)>) {
        let (values, flags) = out.split_at_mut(out.len() - self.flags.len());
        let mut fill = |out: &mut [f32]| {
            for (k, (out, &(from, by))) in out.iter_mut().zip(&self.columns).enumerate() {
                let x = row[from];
                if x.is_nan() {
                    cells.push((t as u32, k as u32));
                    *out = 0.0;
                } else {
                    *out = scale(x, by);
                }
            }
        };
        if let Some(components) = &self.schema.components {
            scaled.resize(self.columns.len(), 0.0);
            fill(scaled);
            components.project(scaled, values);
            for value in values {
                *value = value.clamp(-CLIP as f32, CLIP as f32);
            }
        } else {
            fill(values);
        }
        for (cell, flag) in flags.iter_mut().zip(&self.flags) {
            *cell = f32::from(u8::from(flag.is_some_and(|from| row[from].is_nan())));
        }
    }

    fn inputs(&self, data: Vec<f32>, cells: &[Vec<(u32, u32)>]) -> Inputs {
        let sources = self.schema.scaled().map(|(column, _)| column.name.clone()).collect();
        Inputs::new(self.schema.names(), data, sources, cells.concat())
    }
}

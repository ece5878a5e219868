use super::negative_volume_index::{INDEX, VolumeIndex};
use crate::indicators::{Compat, Definition, Engine, Family, LineSpec, Param, Unit};

pub(super) static DEFINITION: Definition = Definition {
    id: "positive_volume_index",
    title: "Positive volume index",
    family: Family::Volume,
    formula: "pvi starts at 1000 and grows by the return c / c[-1] - 1 of every bar with more volume than the one before; \
              signal = EMA(pvi, period); distance = pvi / signal - 1",
    source: "P. Dysart (1930s); N. G. Fosback, Stock Market Logic (1976), with the signal average of a year",
    params: &[Param::bars("period", "Length of the signal average", 255, 1)],
    lines: &[
        LineSpec::output("pvi", "Growth on bars of rising volume, from 1000", INDEX, |_| 0),
        LineSpec::output("signal", "Average of pvi", INDEX, |p| p.bars(0) - 1),
        LineSpec::output("distance", "pvi above its average, fraction", Unit::RATIO, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<VolumeIndex<true>>(),
};

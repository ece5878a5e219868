//! Oscillations of a band of periods.

mod filters;

family! {
    cyber_cycle, adaptive_cyber_cycle, decycler_osc, roofing_filter, butterworth, super_smoother, inverse_decycler,
    inverse_fisher, hilbert_dominant_cycle, even_better_sinewave, ehlers_bandpass, fisher_transform, center_of_gravity,
}

pub(in crate::indicators) use hilbert_dominant_cycle::smooth_periods;

//! Oscillations of a band of periods.

family! { cyber_cycle }

//! Composites and the rest.

mod wave;

family! {
    vumanchu_cipher_a, vumanchu_cipher_b, accumulative_swing, madr, madr_v2, signal_filler, fibonacci_levels, heiken_ashi,
    candle_patterns, bar_structure, swing_points, session_range, rsi_divergence,
}

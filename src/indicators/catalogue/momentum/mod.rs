//! Speed and strength of movements.

family! { macd, rsi, rsx, wavetrend }

//! Size of movements.

family! { atr, damiani_volatmeter, squeeze_volatility, bollinger }

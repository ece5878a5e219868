//! Colours of the pictures: the dark theme and the two colour maps.

/// Red, green and blue, 0 to 255.
pub type Rgb = [u8; 3];

pub(super) const BACKGROUND: Rgb = [0x0d, 0x10, 0x15];
pub(super) const PANEL: Rgb = [0x13, 0x17, 0x1e];
pub(super) const LINE: Rgb = [0x24, 0x2c, 0x38];
pub(super) const TEXT: Rgb = [0xd8, 0xdf, 0xe9];
pub(super) const WEAK: Rgb = [0x87, 0x92, 0xa2];
pub(super) const ACCENT: Rgb = [0x5a, 0xa9, 0xff];
pub(super) const UP: Rgb = [0x35, 0xb5, 0x8c];
pub(super) const DOWN: Rgb = [0xe0, 0x65, 0x5d];
pub(super) const WARNING: Rgb = [0xe8, 0xb8, 0x4a];

/// The magma map of matplotlib (released as CC0) at nine places.
const MAGMA: [Rgb; 9] = [
    [0, 0, 4],
    [29, 17, 71],
    [81, 18, 124],
    [130, 38, 129],
    [182, 54, 121],
    [230, 81, 98],
    [252, 136, 97],
    [254, 194, 135],
    [252, 253, 191],
];

const DIVERGING: [Rgb; 3] = [DOWN, [0x5c, 0x66, 0x75], UP];

const REGIMES: [Rgb; 8] = [
    [0x5a, 0xa9, 0xff],
    [0xe8, 0xb8, 0x4a],
    [0xb4, 0x8c, 0xf2],
    [0x4f, 0xd1, 0xd9],
    [0xf2, 0x8c, 0xc0],
    [0xa9, 0xc9, 0x5a],
    [0xc9, 0x8b, 0x5e],
    [0xc3, 0xcb, 0xd6],
];

/// Magma-like map of 0..=1; clamped outside, black for NaN.
pub fn sequential(value: f64) -> Rgb {
    between(&MAGMA, value)
}

/// Map of -1..=1 from the falling through a neutral to the rising colour; clamped outside, neutral for NaN.
pub fn diverging(value: f64) -> Rgb {
    if value.is_nan() { DIVERGING[1] } else { between(&DIVERGING, f64::midpoint(value, 1.0)) }
}

/// Colour of a regime id; ids beyond 7 start over.
pub fn regime_colour(regime: usize) -> Rgb {
    REGIMES[regime % REGIMES.len()]
}

fn between(stops: &[Rgb], value: f64) -> Rgb {
    let place = value.clamp(0.0, 1.0) * (stops.len() - 1) as f64;
    // A NaN place is index 0.
    let below = (place as usize).min(stops.len() - 2);
    let part = if place.is_nan() { 0.0 } else { place - below as f64 };
    std::array::from_fn(|i| {
        let (a, b) = (f64::from(stops[below][i]), f64::from(stops[below + 1][i]));
        (a + part * (b - a)).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_meet_their_ends_and_clamp() {
        assert_eq!((sequential(0.0), sequential(1.0), sequential(7.0)), (MAGMA[0], MAGMA[8], MAGMA[8]));
        assert_eq!((diverging(-2.0), diverging(0.0), diverging(1.0)), (DOWN, DIVERGING[1], UP));
        assert_eq!((sequential(f64::NAN), diverging(f64::NAN)), (MAGMA[0], DIVERGING[1]));
    }

    #[test]
    fn the_sequential_map_brightens_all_the_way() {
        let light = |i: u32| {
            let [r, g, b] = sequential(f64::from(i) / 100.0).map(f64::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        assert!((0..100).all(|i| light(i) < light(i + 1)));
    }
}

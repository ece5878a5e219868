use super::*;

type Rgb = [f64; 3];

fn linear(color: Color32) -> Rgb {
    [color.r(), color.g(), color.b()].map(|v| {
        let v = f64::from(v) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    })
}

fn times(m: [[f64; 3]; 3], v: Rgb) -> Rgb {
    m.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum())
}

/// sRGB, D65.
fn lab(rgb: Rgb) -> Rgb {
    let xyz = times(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]],
        rgb.map(|v| v.clamp(0.0, 1.0)),
    );
    let f = |v: f64, white: f64| {
        let v = v / white;
        if v > 216.0 / 24389.0 { v.cbrt() } else { (24389.0 / 27.0 * v + 16.0) / 116.0 }
    };
    let (x, y, z) = (f(xyz[0], 0.95047), f(xyz[1], 1.0), f(xyz[2], 1.08883));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// Source: Sharma, Wu & Dalal, "The CIEDE2000 color-difference formula" (2005).
fn delta_e(a: Rgb, b: Rgb) -> f64 {
    let chroma = |c: Rgb| c[1].hypot(c[2]);
    let seven = |c: f64| (c.powi(7) / (c.powi(7) + 25_f64.powi(7))).sqrt();
    let g = 0.5 * (1.0 - seven(f64::midpoint(chroma(a), chroma(b))));
    let (a, b) = ([a[0], a[1] * (1.0 + g), a[2]], [b[0], b[1] * (1.0 + g), b[2]]);
    let hue = |c: Rgb| c[2].atan2(c[1]).to_degrees().rem_euclid(360.0);
    let (c1, c2, h1, h2) = (chroma(a), chroma(b), hue(a), hue(b));
    let mut turn = h2 - h1;
    if turn > 180.0 {
        turn -= 360.0;
    } else if turn < -180.0 {
        turn += 360.0;
    }
    let apart = (h1 - h2).abs() > 180.0;
    let sum = h1 + h2;
    let h = if !apart {
        sum / 2.0
    } else if sum < 360.0 {
        f64::midpoint(sum, 360.0)
    } else {
        (sum - 360.0) / 2.0
    };
    let (dl, dc) = (b[0] - a[0], c2 - c1);
    let dh = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin();
    let (l, c) = (f64::midpoint(a[0], b[0]), f64::midpoint(c1, c2));
    let cos = |degrees: f64| degrees.to_radians().cos();
    let t = 1.0 - 0.17 * cos(h - 30.0) + 0.24 * cos(2.0 * h) + 0.32 * cos(3.0 * h + 6.0) - 0.2 * cos(4.0 * h - 63.0);
    let sl = 1.0 + 0.015 * (l - 50.0).powi(2) / (20.0 + (l - 50.0).powi(2)).sqrt();
    let (sc, sh) = (1.0 + 0.045 * c, 1.0 + 0.015 * c * t);
    let turned = 30.0 * (-((h - 275.0) / 25.0).powi(2)).exp();
    let rt = -(2.0 * turned).to_radians().sin() * 2.0 * seven(c);
    ((dl / sl).powi(2) + (dc / sc).powi(2) + (dh / sh).powi(2) + rt * (dc / sc) * (dh / sh)).sqrt()
}

/// Full strength; source: Machado, Oliveira & Fernandes, "A physiologically-based model for simulation of color vision
/// deficiency" (2009).
const VISIONS: [(&str, [[f64; 3]; 3]); 3] = [
    ("normal", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    ("protanopic", [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    (
        "deuteranopic",
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    ),
];

#[test]
fn the_formula_matches_published_pairs() {
    // Sharma, Wu & Dalal (2005), table 1, pairs 1, 7 and 24.
    for (a, b, expected) in [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669),
        ([50.0, 2.5, 0.0], [50.0, 3.2592, 0.3350], 1.0),
    ] {
        let found = delta_e(a, b);
        assert!((found - expected).abs() < 5e-4, "{found} for {expected}");
    }
}

#[test]
fn no_two_roles_look_alike() {
    let roles: Vec<Color32> = [UP, DOWN].into_iter().chain(SLICES).chain(REGIMES).collect();
    for (name, vision) in VISIONS {
        let seen: Vec<Rgb> = roles.iter().map(|&c| lab(times(vision, linear(c)))).collect();
        for i in 0..seen.len() {
            for j in i + 1..seen.len() {
                let distance = delta_e(seen[i], seen[j]);
                assert!(distance >= 12.0, "{:?} and {:?}: {distance:.1} under {name} vision", roles[i], roles[j]);
            }
        }
    }
}

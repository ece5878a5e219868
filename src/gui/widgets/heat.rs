use eframe::egui::{self, Color32, ColorImage, Painter, Rect, TextureHandle, TextureOptions, pos2};

use crate::gui::theme;

/// Cells per side above which a picture is made coarser: textures have a largest size.
const MOST: usize = 1024;

/// A picture of cells, kept on the graphics card; set only when its numbers change.
#[derive(Default)]
pub(in crate::gui) struct Heat(Option<TextureHandle>);

impl std::fmt::Debug for Heat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Heat").field(&self.0.as_ref().map(TextureHandle::size)).finish()
    }
}

impl Heat {
    pub(in crate::gui) fn set(&mut self, context: &egui::Context, name: &str, image: ColorImage) {
        match &mut self.0 {
            Some(texture) => texture.set(image, TextureOptions::NEAREST),
            None => self.0 = Some(context.load_texture(name, image, TextureOptions::NEAREST)),
        }
    }

    /// Draws the part `uv` (both axes 0 to 1) over `rect`.
    pub(in crate::gui) fn paint_part(&self, painter: &Painter, rect: Rect, uv: Rect, tint: Color32) {
        if let Some(texture) = &self.0 {
            painter.image(texture.id(), rect, uv, tint);
        }
    }

    pub(in crate::gui) fn paint(&self, painter: &Painter, rect: Rect, tint: Color32) {
        self.paint_part(painter, rect, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), tint);
    }
}

/// A picture of `rows` x `columns` values in the sequential map, 0 to 1; NaN is transparent. Very large maps become
/// coarser: the largest value of a block stands for it.
pub(in crate::gui) fn heat_image(rows: usize, columns: usize, share: impl Fn(usize, usize) -> f64) -> ColorImage {
    let (height, width) = (rows.min(MOST), columns.min(MOST));
    let pixel = |i: usize| {
        let (y, x) = (i / width, i % width);
        let block = (y * rows / height..(y + 1) * rows / height)
            .flat_map(|row| (x * columns / width..(x + 1) * columns / width).map(move |column| (row, column)));
        theme::magma(block.map(|(row, column)| share(row, column)).fold(f64::NAN, f64::max))
    };
    ColorImage::new([width, height], (0..width * height).map(pixel).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_keep_place_and_spikes() {
        let image = heat_image(2, 3, |row, column| if (row, column) == (1, 2) { 1.0 } else { f64::NAN });
        assert_eq!((image.size, image.pixels[0], image.pixels[5]), ([3, 2], Color32::TRANSPARENT, theme::magma(1.0)));
        let large = heat_image(1, 3000, |_, column| if column == 1501 { 1.0 } else { 0.0 });
        assert_eq!(large.size, [MOST, 1]);
        let bright: Vec<usize> = (0..MOST).filter(|&x| large.pixels[x] == theme::magma(1.0)).collect();
        assert_eq!(bright, [1501 * MOST / 3000]);
    }
}

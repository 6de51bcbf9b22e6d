//! Bitmaps of a page, as elements of an SVG file.

use super::DrawResult;
use crate::plot::bitmap;

/// The elements, one after the other.
#[derive(Default)]
pub struct Bitmaps(pub String);

impl Bitmaps {
    /// Adds a picture of `shades`, `[height, width]`, that fills the rectangle
    /// from `top_left` to `bottom_right`.
    pub fn add(
        &mut self,
        (left, top): (i32, i32),
        (right, bottom): (i32, i32),
        width: usize,
        shades: &[u8],
    ) -> DrawResult<()> {
        self.0.push_str(&format!(
            "<image x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" \
             preserveAspectRatio=\"none\" href=\"{}\"/>\n",
            right - left,
            bottom - top,
            bitmap::data_address(width, shades)?,
        ));
        Ok(())
    }
}

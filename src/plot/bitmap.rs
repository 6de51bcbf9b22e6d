//! Bitmaps for an SVG file: one byte a pixel, coloured by a palette, as a `data:` address.

use png::{BitDepth, ColorType, Encoder, EncodingError};

use super::Colour;
use crate::as_text::bytes_to_text;

/// Shades of the palette. More are hardly seen, and make the file larger.
pub const SHADES: usize = 48;

/// Equally spaced colours of the map "magma", which the eye sees as even steps
/// of brightness, from black to a light yellow.
const MAGMA: [Colour; 9] = [
    [0, 0, 4],
    [28, 16, 68],
    [79, 18, 123],
    [129, 37, 129],
    [181, 54, 122],
    [229, 80, 100],
    [251, 135, 97],
    [254, 194, 135],
    [252, 253, 191],
];

/// A picture of `shades`, `[height, width]` from the top left, each below
/// [`SHADES`], as the address of a PNG file that the address itself contains.
pub fn data_address(width: usize, shades: &[u8]) -> Result<String, EncodingError> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width as u32, (shades.len() / width) as u32);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette((0..SHADES).flat_map(colour).collect::<Vec<u8>>());
    encoder.set_compression(png::Compression::Balanced);
    // Neighbouring numbers of a palette are no better a guess than any.
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(shades)?;
    writer.finish()?;
    Ok(format!("data:image/png;base64,{}", bytes_to_text(&file)))
}

fn colour(shade: usize) -> Colour {
    let place = shade as f32 / (SHADES - 1) as f32 * (MAGMA.len() - 1) as f32;
    let below = (place as usize).min(MAGMA.len() - 2);
    let share = place - below as f32;
    std::array::from_fn(|channel| {
        let (from, to) = (MAGMA[below][channel], MAGMA[below + 1][channel]);
        (f32::from(from) + share * (f32::from(to) - f32::from(from))).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::as_text::bytes_from_text;

    #[test]
    fn the_png_holds_the_shades_and_grows_brighter_with_them() {
        let shades: Vec<u8> = (0..SHADES as u8).collect();
        let address = data_address(SHADES / 2, &shades).unwrap();
        let file = address.strip_prefix("data:image/png;base64,").unwrap();
        let file = bytes_from_text(file).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file))
            .read_info()
            .unwrap();
        assert_eq!((reader.info().width, reader.info().height), (24, 2));
        let palette = reader.info().palette.clone().unwrap();
        let mut read = vec![0; SHADES];
        reader.next_frame(&mut read).unwrap();
        assert_eq!(read, shades);

        let brightness: Vec<f32> = palette
            .chunks(3)
            .map(|c| 0.2126 * f32::from(c[0]) + 0.7152 * f32::from(c[1]) + 0.0722 * f32::from(c[2]))
            .collect();
        assert!(brightness.is_sorted(), "{brightness:?}");
        assert_eq!((colour(0), colour(SHADES - 1)), (MAGMA[0], MAGMA[8]));
    }
}

//! MP3: what the decoder does not tell.

use crate::audio::container::Stated;

/// Whether the file is one recording.
pub fn read(bytes: &[u8]) -> Stated {
    Stated {
        fault: another(bytes),
        ..Stated::default()
    }
}

/// An encoder's header (`Xing` or `Info`) stands in the first frame, and the decoder reads as many
/// frames as it counts. A second such frame begins another recording, as where files were joined.
fn another(bytes: &[u8]) -> Option<String> {
    let mut frames = (0..bytes.len()).filter(|&at| is_encoder_header(&bytes[at..]));
    let at = frames.nth(1)?;
    Some(format!(
        "another recording begins at byte {at}, and only the first is read"
    ))
}

/// Whether a frame of layer III begins here whose side information is zero (a silent frame) and is
/// followed by the encoder's header.
fn is_encoder_header(frame: &[u8]) -> bool {
    let &[0xff, second, _, fourth, ..] = frame else {
        return false;
    };
    if second & 0xe6 != 0xe2 {
        return false;
    }
    // Side information: ISO/IEC 11172-3, 2.4.1.7, and 13818-3, 2.4.1.7.
    let (is_mpeg_1, is_mono) = (second & 0x18 == 0x18, fourth >> 6 == 3);
    let side_len = match (is_mpeg_1, is_mono) {
        (true, false) => 32,
        (true, true) | (false, false) => 17,
        (false, true) => 9,
    };
    // A checksum of 16 bits before it, where the last bit of the second byte is not set.
    let at = 4 + side_len + if second & 1 == 0 { 2 } else { 0 };
    let side = &frame[4.min(frame.len())..at.min(frame.len())];
    let name = frame.get(at..at + 4);
    matches!(name, Some(b"Xing" | b"Info")) && side[side.len() - side_len..].iter().all(|&b| b == 0)
}

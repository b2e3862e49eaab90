//! AAC: what the decoder leaves to its caller.
//!
//! In Matroska, and in an M4A written in fragments from the start (`-movflags empty_moov`), which have no edit list, the
//! encoder's delay and the padding stay in, as in [ADTS](crate::audio::adts). Any other M4A states both.

/// What kind of AAC a decoder configuration describes where it is not the kind that is decoded
/// (ISO/IEC 14496-3, table 1.17).
pub fn foreign_kind(configuration: &[u8]) -> Option<&'static str> {
    let [first, second, ..] = configuration else {
        return None;
    };
    let kind = match first >> 3 {
        31 => 32 + (((first & 7) << 3) | (second >> 5)),
        kind => kind,
    };
    match kind {
        1 => Some("AAC Main"),
        3 => Some("AAC SSR"),
        4 => Some("AAC LTP"),
        5 => Some("HE-AAC"),
        29 => Some("HE-AAC v2"),
        23 => Some("AAC-LD"),
        39 => Some("AAC-ELD"),
        42 => Some("xHE-AAC (USAC)"),
        _ => None,
    }
}

/// Hz by the index of 4 bits (ISO/IEC 14496-3, table 1.18).
pub const SAMPLE_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
    7350,
];

/// The sample rate that a decoder configuration states, where it is one of the usual ones.
pub fn sample_rate(configuration: &[u8]) -> Option<u32> {
    let [first, second, ..] = configuration else {
        return None;
    };
    SAMPLE_RATES
        .get(usize::from((first & 7) << 1 | second >> 7))
        .copied()
}

/// A decoder configuration of plain AAC, where a container has none.
pub fn configuration(sample_rate: u32, channels: usize) -> Option<Vec<u8>> {
    let rate = SAMPLE_RATES.iter().position(|&rate| rate == sample_rate)? as u8;
    let channels = u8::try_from(channels)
        .ok()
        .filter(|n| (1..=6).contains(n))?;
    Some(vec![2 << 3 | rate >> 1, (rate & 1) << 7 | channels << 3])
}

/// The number of channels that a decoder configuration of plain AAC states (ISO/IEC 14496-3, table
/// 1.19); `None` where it stands elsewhere.
pub fn channels(configuration: &[u8]) -> Option<usize> {
    let [first, second, ..] = configuration else {
        return None;
    };
    // A rate that is written out (index 15) moves the field; nobody writes one with plain AAC.
    let is_escaped = ((first & 7) << 1) | (second >> 7) == 15;
    match (second >> 3) & 0x0f {
        _ if is_escaped => None,
        n @ 1..=6 => Some(usize::from(n)),
        7 => Some(8),
        _ => None,
    }
}

/// Whether an AAC packet ends with spectral band replication: HE-AAC in the dress of plain AAC, of
/// which a plain decoder gives the lower half of the band only.
///
/// Such a packet ends with a fill element (bits 110, a count of bytes in 4 bits, or 15 and 8 more),
/// whose payload begins with 1101 or 1110, then the end element 111 and zeros to the byte (ISO/IEC
/// 14496-3, 4.4.2.7). It is read from the end backwards, since the elements before it are coded. One
/// packet can look so by chance (in one of a few dozen), twenty in a row cannot.
pub fn ends_with_sbr(packet: &[u8]) -> bool {
    let bit = |at: usize| (packet[at / 8] >> (7 - at % 8)) & 1 == 1;
    let bits =
        |at: usize, n: usize| (at..at + n).fold(0, |sum, at| (sum << 1) | usize::from(bit(at)));
    let Some(last_one) = (0..8 * packet.len()).rev().find(|&at| bit(at)) else {
        return false;
    };
    if last_one < 3 || bits(last_one - 2, 3) != 7 {
        return false;
    }
    let end = last_one - 2;
    (1..=269).any(|count: usize| {
        let header_len = if count < 15 { 7 } else { 15 };
        let Some(start) = end.checked_sub(8 * count + header_len) else {
            return false;
        };
        let counted = match bits(start + 3, 4) {
            15 if count >= 15 => bits(start + 7, 8) + 14,
            n => n,
        };
        let payload = bits(start + header_len, 4);
        bits(start, 3) == 6 && counted == count && matches!(payload, 0xd | 0xe)
    })
}

#[test]
fn a_packet_with_spectral_band_replication_is_told_from_one_without() {
    let packet = |bits: &str| -> Vec<u8> {
        let bits: Vec<u8> = bits
            .bytes()
            .filter(|b| *b != b' ')
            .map(|b| b - b'0')
            .collect();
        let byte = |bits: &[u8]| (0..8).fold(0, |sum, i| (sum << 1) | bits.get(i).unwrap_or(&0));
        bits.chunks(8).map(byte).collect()
    };
    // A single channel element (000, tag 0000, some bits), then perhaps a fill element, then 111.
    let sound = "000 0000 1011001110001111000010101";
    assert!(!ends_with_sbr(&packet(&format!("{sound} 111"))));
    // 2 bytes of replication data, 2 of plain filling.
    assert!(ends_with_sbr(&packet(&format!(
        "{sound} 110 0010 1101 000000001000 111"
    ))));
    assert!(!ends_with_sbr(&packet(&format!(
        "{sound} 110 0010 0001 000000001000 111"
    ))));
    // 20 bytes: 15 in the first count, 6 in the second.
    let long = format!("{sound} 110 1111 00000110 1110 {} 111", "01".repeat(78));
    assert!(ends_with_sbr(&packet(&long)));
    assert!(!ends_with_sbr(&[]) && !ends_with_sbr(&[0, 0]));
}

#[test]
fn the_kind_of_aac_is_the_audio_object_type() {
    // 16 kHz mono: LC, HE-AAC, HE-AAC v2 and, escaped, USAC.
    let kinds = [[0x14, 0x08], [0x2c, 0x08], [0xec, 0x08], [0xf9, 0x48]];
    let expected = [
        None,
        Some("HE-AAC"),
        Some("HE-AAC v2"),
        Some("xHE-AAC (USAC)"),
    ];
    assert_eq!(kinds.map(|bytes| foreign_kind(&bytes)), expected);
}

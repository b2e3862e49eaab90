//! Cyclic redundancy checks of frames.

/// The check of `byte` followed by `zeros` zero bytes: polynomial 0x8005, most significant bit first.
const fn crc16_of(byte: u16, zeros: usize) -> u16 {
    let mut crc = byte << 8;
    let mut bit = 0;
    while bit < 8 * (zeros + 1) {
        crc = (crc << 1) ^ (0x8005 * (crc >> 15));
        bit += 1;
    }
    crc
}

const CRC16: [[u16; 256]; 8] = {
    let mut table = [[0; 256]; 8];
    let mut at = 0;
    while at < 8 * 256 {
        table[at / 256][at % 256] = crc16_of((at % 256) as u16, at / 256);
        at += 1;
    }
    table
};

/// Continues the check of 16 bits that FLAC (RFC 9639, 9.3; from 0) and MPEG audio (ISO/IEC 11172-3, 2.4.3.1; from
/// 0xffff) use. With the check behind them, bytes give 0.
pub fn crc16(mut crc: u16, bytes: &[u8]) -> u16 {
    let mut eights = bytes.chunks_exact(8);
    for eight in &mut eights {
        let folded = [eight[0] ^ (crc >> 8) as u8, eight[1] ^ crc as u8];
        crc = CRC16[7][usize::from(folded[0])] ^ CRC16[6][usize::from(folded[1])];
        for (i, &byte) in eight[2..].iter().enumerate() {
            crc ^= CRC16[5 - i][usize::from(byte)];
        }
    }
    for &byte in eights.remainder() {
        crc = (crc << 8) ^ CRC16[0][usize::from((crc >> 8) as u8 ^ byte)];
    }
    crc
}

/// The check of 16 bits in LAME's header: the same polynomial, least significant bit first, from 0.
pub fn crc16_reflected(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ u16::from(byte), |crc, _| {
            (crc >> 1) ^ (0xa001 * (crc & 1))
        })
    })
}

/// The check of 8 bits of a FLAC frame's header: polynomial 0x07 (RFC 9639, 9.1.8).
pub fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ byte, |crc, _| (crc << 1) ^ (0x07 * (crc >> 7)))
    })
}

#[test]
fn checks_are_those_of_the_catalogue() {
    // The check values of the catalogue of parametrised CRC algorithms: UMTS, CMS, ARC and SMBUS.
    let digits = b"123456789";
    assert_eq!(crc16(0, digits), 0xfee8);
    assert_eq!(crc16(0xffff, digits), 0xaee7);
    assert_eq!(crc16_reflected(digits), 0xbb3d);
    assert_eq!(crc8(digits), 0xf4);
    assert_eq!(crc16(0, b"123456789\xfe\xe8"), 0);
    assert_ne!(crc16(0, b"123456780\xfe\xe8"), 0);
    let long: Vec<u8> = (0..99).collect();
    assert_eq!(crc16(crc16(0, &long[..31]), &long[31..]), crc16(0, &long));
}

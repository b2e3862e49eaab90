//! Numbers as containers write them.

/// A big-endian number of up to 8 bytes.
pub fn big(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |sum, &b| (sum << 8) | u64::from(b))
}

/// The big-endian number of `n` bytes at `at`.
pub fn big_at(bytes: &[u8], at: usize, n: usize) -> Option<u64> {
    bytes.get(at..at.checked_add(n)?).map(big)
}

/// The little-endian number of `n` bytes at `at`.
pub fn little_at(bytes: &[u8], at: usize, n: usize) -> Option<u64> {
    let digits = bytes.get(at..at.checked_add(n)?)?;
    let value = digits.iter().rev();
    Some(value.fold(0, |sum, &b| (sum << 8) | u64::from(b)))
}

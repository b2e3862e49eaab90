//! The signal of the worked examples of the specifications (section 16.1 of that of eGeMAPSv02): 1.5 s of noise with two
//! gliding tones.

use std::f64::consts::PI;

/// On the scale on which openSMILE computes.
pub fn samples() -> Vec<f32> {
    let signal = signal().into_iter();
    signal.map(|x| f32::from(x) / 32767.0).collect()
}

/// At 16 kHz.
pub fn signal() -> Vec<i16> {
    let mut seed: u64 = 1;
    let sample = |i: u32| {
        seed = (1_103_515_245 * seed + 12_345) % (1 << 31);
        let noise = (seed / 65_536) as f64 / 16_384.0 - 1.0;
        let t = f64::from(i) / 16_000.0;
        let k = match t {
            _ if (0.1..0.7).contains(&t) => 1.0,
            _ if (0.95..1.4).contains(&t) => 4.0 / 3.0,
            _ => 0.0,
        };
        let phi = k * (2.0 * PI * 150.0 * t + 10.0 / 3.0 * (1.0 - (6.0 * PI * t).cos()));
        let tone = phi.sin() + (2.0 * phi).sin() / 2.0 + (3.0 * phi).sin() / 3.0;
        let v = 0.002 * noise + 0.25 * (1.0 + 0.3 * (8.0 * PI * t).sin()) * tone;
        (32767.0 * v + 0.5).floor() as i16
    };
    (0..24_000).map(sample).collect()
}

#[test]
fn it_is_the_signal_of_the_specification() {
    let whole: Vec<i64> = signal().into_iter().map(i64::from).collect();
    assert_eq!(whole[..8], [2, -43, -25, 5, 59, -43, 27, -36]);
    let (sum, squares) = (
        whole.iter().sum::<i64>(),
        whole.iter().map(|x| x * x).sum::<i64>(),
    );
    assert_eq!((sum, squares), (-114_965, 801_278_276_213));
}

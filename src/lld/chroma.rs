//! Chroma: power folded into the twelve pitch classes, as librosa 0.11's
//! `feature.chroma_stft(tuning=0)`.
//!
//! Every bin is spread over the pitch classes by a Gaussian two semitones wide, octaves far from octave 5 (880 Hz) are
//! weighted down (Gaussian, two octaves), and each frame is divided by its largest value. Ellis 2007, "Chroma feature
//! analysis and synthesis". With 31 Hz between bins low pitches blur: for speech this is timbre, not melody.

/// Number of pitch classes.
pub const CLASSES: usize = 12;
/// The names of the descriptors, from C; `s` is sharp.
pub const NAMES: [&str; CLASSES] = [
    "chroma_c",
    "chroma_cs",
    "chroma_d",
    "chroma_ds",
    "chroma_e",
    "chroma_f",
    "chroma_fs",
    "chroma_g",
    "chroma_gs",
    "chroma_a",
    "chroma_as",
    "chroma_b",
];

/// Planned chroma bank.
pub struct Chroma {
    /// One row per pitch class, one weight per bin.
    weights: Vec<Vec<f32>>,
}

impl Chroma {
    /// Plan for spectra of `bins` bins that lie `bin_hz` apart.
    pub fn new(bins: usize, bin_hz: f64) -> Chroma {
        const N: f64 = CLASSES as f64;
        // Position of each bin in semitones above A0 (27.5 Hz), librosa's `hz_to_octs` times 12;
        // bin 0 stands one and a half octaves below the first.
        let semitones = |bin: usize| N * (bin as f64 * bin_hz / 27.5).log2();
        let position = |bin: usize| {
            if bin == 0 {
                semitones(1) - 1.5 * N
            } else {
                semitones(bin)
            }
        };
        // One column of weights per bin.
        let column = |bin: usize| -> [f32; CLASSES] {
            let at = position(bin);
            let width = (position(bin + 1) - at).max(1.0);
            let bump = |class: usize| {
                let distance = (at - class as f64 + N / 2.0 + 10.0 * N).rem_euclid(N) - N / 2.0;
                (-0.5 * (2.0 * distance / width).powi(2)).exp()
            };
            let bumps: [f64; CLASSES] = std::array::from_fn(bump);
            let length = bumps.iter().map(|b| b * b).sum::<f64>().sqrt();
            // Octaves are weighted by their distance from octave 5 (880 Hz), two octaves being one
            // standard deviation.
            let octave = (-0.5 * ((at / N - 5.0) / 2.0).powi(2)).exp();
            // Bumps count from A, weights from C, three semitones above.
            std::array::from_fn(|class| (bumps[(class + 3) % CLASSES] / length * octave) as f32)
        };
        let columns: Vec<[f32; CLASSES]> = (0..bins).map(column).collect();
        let row = |class: usize| columns.iter().map(|column| column[class]).collect();
        let weights = (0..CLASSES).map(row).collect();
        Chroma { weights }
    }

    /// The chroma of one power spectrum; NaN on digital silence.
    pub fn compute(&self, power: &[f32]) -> [f32; CLASSES] {
        let raw: [f32; CLASSES] = std::array::from_fn(|class| dot(&self.weights[class], power));
        let largest = raw.iter().copied().fold(0.0, f32::max);
        raw.map(|x| if largest > 0.0 { x / largest } else { f32::NAN })
    }
}

/// Inner product in eight running sums, so that the compiler can use vector registers.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a8
        .remainder()
        .iter()
        .zip(b8.remainder())
        .map(|(x, y)| x * y)
        .sum();
    let mut sums = [0.0_f32; 8];
    for (x, y) in a8.zip(b8) {
        for i in 0..8 {
            sums[i] += x[i] * y[i];
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[test]
fn an_a_is_an_a() {
    // 440 Hz in a spectrum with 1 Hz between bins.
    let mut power = vec![0.0; 4001];
    power[440] = 1.0;
    let chroma = Chroma::new(4001, 1.0).compute(&power);
    let strongest = (0..CLASSES)
        .max_by(|&a, &b| chroma[a].total_cmp(&chroma[b]))
        .map(|class| NAMES[class]);
    assert_eq!(strongest, Some("chroma_a"));
    assert_eq!(chroma[9], 1.0);
    assert!(chroma[3] < 1e-6, "an A has no D sharp: {}", chroma[3]);
}

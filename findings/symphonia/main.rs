//! Decodes each file that is named, and prints how many samples it has for each channel and their root mean square, or
//! why it is refused.

use std::error::Error;
use std::fs::File;

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::{FormatOptions, TrackType, probe::Hint};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

fn main() {
    for path in std::env::args().skip(1) {
        match read(&path) {
            Ok((frames, level)) => println!("{path} {frames} {level:.4}"),
            Err(cause) => println!("{path} refused: {cause}"),
        }
    }
}

fn read(path: &str) -> Result<(usize, f64), Box<dyn Error>> {
    let stream = MediaSourceStream::new(Box::new(File::open(path)?), Default::default());
    let (of_format, of_tags) = (FormatOptions::default(), MetadataOptions::default());
    let mut format =
        symphonia::default::get_probe().probe(&Hint::new(), stream, of_format, of_tags)?;
    let track = format.default_track(TrackType::Audio).ok_or("no sound")?;
    let codec = track.codec_params.as_ref().and_then(|codec| codec.audio());
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(codec.ok_or("no codec")?, &AudioDecoderOptions::default())?;
    let (mut frames, mut sum, mut samples) = (0, 0.0, Vec::<f32>::new());
    while let Some(packet) = format.next_packet()? {
        let decoded = decoder.decode(&packet)?;
        frames += decoded.frames();
        decoded.copy_to_vec_interleaved(&mut samples);
        sum += samples.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
    }
    Ok((frames, (sum / frames as f64).sqrt()))
}

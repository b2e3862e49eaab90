//! MPEG-4 and QuickTime: how the packets of a track are coded, by its sample entries (`stsd`; ISO/IEC 14496-12, 8.5.2;
//! QuickTime File Format, 2001, Sound Sample Description, versions 0 to 2).

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_ADPCM_IMA_QT, CODEC_ID_ALAC, CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_OPUS,
    CODEC_ID_PCM_ALAW, CODEC_ID_PCM_F32BE, CODEC_ID_PCM_F32LE, CODEC_ID_PCM_F64BE,
    CODEC_ID_PCM_F64LE, CODEC_ID_PCM_MULAW, CODEC_ID_PCM_S8, CODEC_ID_PCM_S16BE,
    CODEC_ID_PCM_S16LE, CODEC_ID_PCM_S24BE, CODEC_ID_PCM_S24LE, CODEC_ID_PCM_S32BE,
    CODEC_ID_PCM_S32LE, CODEC_ID_PCM_U8,
};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};

use crate::audio::atoms::{atoms, find};
use crate::audio::bytes::big_at;
use crate::audio::frames::Header as _;
use crate::audio::{aac, codec, gsm, mpeg, opus, wave_format};

/// No recording has a higher rate.
const MOST_HZ: u64 = 768_000;

/// One entry of `stsd`.
pub struct SampleEntry {
    format: [u8; 4],
    version: u64,
    channels: u64,
    bits: u64,
    rate: f64,
    /// Of version 2, what the samples of `lpcm` are.
    lpcm_flags: u64,
    boxes: Vec<u8>,
    /// Where packets have a constant length.
    pub packing: Option<Packing>,
    length: Length,
}

/// How many samples a packet decodes to.
enum Length {
    /// As many as are meant.
    Exact,
    /// By the codec, of which the last may be padding; at this rate.
    Opus,
    Aac(f64),
    Mpeg(f64),
}

/// Packets of constant length: samples of each channel and bytes in one.
#[derive(Clone, Copy)]
pub struct Packing {
    pub samples: u64,
    pub bytes: u64,
}

impl Packing {
    /// Bytes of `n` samples of the tables. In QuickTime such a sample is one of each channel, whatever size is stated
    /// for it (often 1); elsewhere it is a packet, or has the size that is stated.
    pub fn len_of(self, n: u64, stated_len: u64, ticks: u64) -> u64 {
        let is_packet = stated_len == self.bytes && ticks == self.samples;
        match is_packet || stated_len > self.bytes {
            true => n.saturating_mul(stated_len),
            false => n.div_ceil(self.samples).saturating_mul(self.bytes),
        }
    }
}

impl SampleEntry {
    /// Those of `stsd`.
    pub fn all(table: &[u8]) -> Option<Vec<SampleEntry>> {
        let is_quicktime = table.first()? == &0;
        let atoms = atoms(table, 8.min(table.len())..table.len());
        atoms
            .map(|atom| SampleEntry::read(atom.id, table.get(atom.content)?, is_quicktime))
            .collect()
    }

    fn read(format: [u8; 4], bytes: &[u8], is_quicktime: bool) -> Option<SampleEntry> {
        let mut entry = SampleEntry {
            format,
            version: big_at(bytes, 8, 2)?,
            channels: big_at(bytes, 16, 2)?,
            bits: big_at(bytes, 18, 2)?,
            rate: big_at(bytes, 24, 4)? as f64 / 65536.0,
            lpcm_flags: 0,
            boxes: Vec::new(),
            packing: None,
            length: Length::Exact,
        };
        let boxes = match entry.version {
            1 if is_quicktime => 44,
            2 if is_quicktime => {
                entry.rate = f64::from_bits(big_at(bytes, 32, 8)?);
                entry.channels = big_at(bytes, 40, 4)?;
                entry.bits = big_at(bytes, 48, 4)?;
                entry.lpcm_flags = big_at(bytes, 52, 4)?;
                64
            }
            _ => 28,
        };
        entry.boxes = bytes.get(boxes..).unwrap_or(&[]).to_vec();
        entry.packing = entry.constant_packing();
        entry.length = entry.length_of_packets();
        Some(entry)
    }

    /// The content of a box of the entry, or of the `wave` that QuickTime puts around it.
    fn find(&self, id: &[u8; 4]) -> Option<&[u8]> {
        let found = find(&self.boxes, &[b"wave", id]);
        found.or_else(|| find(&self.boxes, &[id]))
    }

    /// The decoder that is needed for packets of which this is the first, or the name of the codec where it is not decoded.
    pub fn parameters(&self, first: &[u8]) -> Result<AudioCodecParameters, String> {
        let damaged = || format!("{} whose description is damaged", self.name());
        let layer = || mpeg::Header::read(first).map_or(CODEC_ID_MP3, |header| header.codec());
        let mut configuration: Option<Box<[u8]>> = None;
        let codec = match &self.format {
            b"mp4a" => match self.object_type() {
                // MPEG-4, and of MPEG-2 the plain one.
                None | Some(0x40 | 0x67) => {
                    configuration = Some(self.aac_configuration().ok_or_else(damaged)?.into());
                    CODEC_ID_AAC
                }
                // The object types are those of all layers.
                Some(0x69 | 0x6b) => layer(),
                Some(_) => return Err(self.name()),
            },
            b"alac" => {
                let cookie = self.find(b"alac").and_then(|content| content.get(4..));
                configuration = Some(cookie.ok_or_else(damaged)?.into());
                CODEC_ID_ALAC
            }
            b"Opus" => {
                configuration = Some(self.opus_head().ok_or_else(damaged)?.into());
                CODEC_ID_OPUS
            }
            b"fLaC" => {
                let blocks = self.find(b"dfLa").and_then(|content| content.get(4..));
                configuration = Some(
                    blocks
                        .and_then(codec::flac_stream_info)
                        .ok_or_else(damaged)?,
                );
                CODEC_ID_FLAC
            }
            b".mp3" | b"mp3 " | b".mp2" | b".mp1" => layer(),
            b"ulaw" => CODEC_ID_PCM_MULAW,
            b"alaw" => CODEC_ID_PCM_ALAW,
            b"ima4" => CODEC_ID_ADPCM_IMA_QT,
            b"agsm" => gsm::CODEC_ID_GSM,
            [b'm', b's', ..] => {
                return self
                    .wave_format()
                    .map(|format| format.parameters)
                    .map_err(|_| self.name());
            }
            _ => self.pcm().ok_or_else(|| self.name())?.0,
        };
        let mut parameters = AudioCodecParameters::new();
        let channels = u16::try_from(self.channels).map_err(|_| damaged())?;
        parameters
            .for_codec(codec)
            .with_sample_rate(self.rate.round() as u32)
            .with_channels(Channels::Discrete(channels));
        parameters.extra_data = configuration;
        Ok(parameters)
    }

    fn constant_packing(&self) -> Option<Packing> {
        let (samples, bytes) = match &self.format {
            b"ulaw" | b"alaw" => (1, self.channels),
            b"ima4" => (64, 34 * self.channels),
            b"agsm" => (
                gsm::Packing::Single.samples(),
                gsm::Packing::Single.len() as u64,
            ),
            [b'm', b's', ..] => self.wave_format().ok()?.packing?,
            _ => (1, self.pcm()?.1 * self.channels),
        };
        (samples > 0 && bytes > 0).then_some(Packing { samples, bytes })
    }

    fn length_of_packets(&self) -> Length {
        match (&self.format, self.object_type()) {
            (b"Opus", _) => Length::Opus,
            (b"mp4a", None | Some(0x40 | 0x67)) => {
                let configuration = self.aac_configuration();
                let rate = configuration.and_then(|configuration| aac::sample_rate(&configuration));
                rate.map_or(Length::Exact, |rate| Length::Aac(f64::from(rate)))
            }
            (b"mp4a" | b".mp3" | b"mp3 " | b".mp2" | b".mp1", _) => Length::Mpeg(self.rate),
            _ => Length::Exact,
        }
    }

    /// Samples of each channel that a packet decodes to, and at which rate, where the last of them may be padding.
    pub fn samples_of(&self, packet: &[u8]) -> Option<(u64, f64)> {
        match self.length {
            Length::Opus => Some((opus::duration(packet), f64::from(opus::SAMPLE_RATE))),
            Length::Aac(rate) => Some((1024, rate)),
            Length::Mpeg(rate) => Some((mpeg::Header::read(packet)?.samples, rate)),
            Length::Exact => None,
        }
    }

    /// Samples to drop at the start, where an Opus header says so.
    pub fn pre_skip(&self) -> Option<u64> {
        let head = self.opus_head().filter(|_| &self.format == b"Opus")?;
        Some(opus::pre_skip(&head))
    }

    /// The identification header as it is in Ogg: `dOps` leaves out the first eight bytes, and has its numbers with the
    /// greater byte first. GStreamer leaves them as they are in Ogg, by which the rate is absurd.
    fn opus_head(&self) -> Option<Vec<u8>> {
        let mut head = [b"OpusHead", self.find(b"dOps")?].concat();
        if big_at(&head, 12, 4)? <= MOST_HZ {
            head.get_mut(10..12)?.reverse();
            head.get_mut(12..16)?.reverse();
            head.get_mut(16..18)?.reverse();
        }
        Some(head)
    }

    /// Codec and bytes of a sample of PCM.
    fn pcm(&self) -> Option<(AudioCodecId, u64)> {
        // `enda` says that the least byte comes first.
        let mut is_little = self.find(b"enda").and_then(|content| content.get(1)) == Some(&1);
        let (mut bits, mut is_float) = (self.bits, false);
        match &self.format {
            b"sowt" => is_little = true,
            b"twos" => is_little = false,
            b"raw " | b"NONE" if bits <= 8 => return Some((CODEC_ID_PCM_U8, 1)),
            b"raw " | b"NONE" => is_little = false,
            b"in24" => bits = 24,
            b"in32" => bits = 32,
            b"fl32" => (bits, is_float) = (32, true),
            b"fl64" => (bits, is_float) = (64, true),
            b"lpcm" => {
                is_float = self.lpcm_flags & 1 != 0;
                is_little = self.version == 2 && self.lpcm_flags & 2 == 0;
                let is_signed = self.lpcm_flags & 4 != 0;
                if bits == 8 && !is_signed && !is_float {
                    return Some((CODEC_ID_PCM_U8, 1));
                }
            }
            b"ipcm" | b"fpcm" => {
                let configuration = self.find(b"pcmC")?;
                is_float = &self.format == b"fpcm";
                is_little = configuration.get(4)? & 1 == 1;
                bits = u64::from(*configuration.get(5)?);
            }
            _ => return None,
        }
        let codec = match (bits, is_float, is_little) {
            (8, false, _) => CODEC_ID_PCM_S8,
            (16, false, true) => CODEC_ID_PCM_S16LE,
            (16, false, false) => CODEC_ID_PCM_S16BE,
            (24, false, true) => CODEC_ID_PCM_S24LE,
            (24, false, false) => CODEC_ID_PCM_S24BE,
            (32, false, true) => CODEC_ID_PCM_S32LE,
            (32, false, false) => CODEC_ID_PCM_S32BE,
            (32, true, true) => CODEC_ID_PCM_F32LE,
            (32, true, false) => CODEC_ID_PCM_F32BE,
            (64, true, true) => CODEC_ID_PCM_F64LE,
            (64, true, false) => CODEC_ID_PCM_F64BE,
            _ => return None,
        };
        Some((codec, bits / 8))
    }

    /// The header of a WAV, in a box of the entry's name.
    fn wave_format(&self) -> Result<wave_format::Format, String> {
        let header = find(&self.boxes, &[b"wave", &self.format]);
        wave_format::read(header.unwrap_or(&[]))
    }

    fn aac_configuration(&self) -> Option<Vec<u8>> {
        match self
            .find(b"esds")
            .and_then(|content| Descriptors::read(content)?.configuration)
        {
            Some(configuration) => Some(configuration),
            None => aac::configuration(self.rate.round() as u32, self.channels as usize),
        }
    }

    fn object_type(&self) -> Option<u8> {
        Some(Descriptors::read(self.find(b"esds")?)?.object_type)
    }

    /// The codec, in words where they are known.
    fn name(&self) -> String {
        let format = String::from_utf8_lossy(&self.format).trim().to_string();
        let known = match &self.format {
            b"mp4a" => match self.object_type() {
                Some(0x66) => "AAC Main",
                Some(0x68) => "AAC SSR",
                Some(0xa5) => "AC-3",
                Some(0xa6) => "E-AC-3",
                Some(0xa9..=0xac) => "DTS",
                Some(0xdd) => "Vorbis",
                Some(0xe1) => "QCELP",
                Some(other) => return format!("{format} of object type {other:#04x}"),
                None => "AAC",
            },
            b"samr" => "AMR",
            b"sawb" => "AMR-WB",
            b"sawp" => "AMR-WB+",
            b"ac-3" | b"sac3" => "AC-3",
            b"ec-3" => "E-AC-3",
            b"ac-4" => "AC-4",
            b"mlpa" => "TrueHD",
            b"dtsc" | b"dtsh" | b"dtsl" | b"dtse" | b"dtsx" | b"dtsy" => "DTS",
            b"drms" | b"enca" => "copy protection",
            b"QDMC" | b"QDM2" => "QDesign Music",
            b"Qclp" | b"sqcp" => "QCELP",
            b"sevc" => "EVRC",
            b"MAC3" | b"MAC6" => "MACE",
            b"mha1" | b"mhm1" => "MPEG-H 3D Audio",
            b"usac" => "xHE-AAC (USAC)",
            b"spex" => "Speex",
            b".mp1" => "MP1",
            b".mp2" => "MP2",
            b"alac" => "ALAC",
            b"Opus" => "Opus",
            b"fLaC" => "FLAC",
            [b'm', b's', high, low] => {
                return wave_format::codec_name(u16::from_be_bytes([*high, *low]));
            }
            b"sowt" | b"twos" | b"raw " | b"NONE" | b"lpcm" | b"ipcm" | b"fpcm" => {
                return format!("PCM of {} bits ({format})", self.bits);
            }
            _ => return format,
        };
        format!("{known} ({format})")
    }
}

/// What the elementary stream descriptor says (`esds`; ISO/IEC 14496-1, 7.2.6).
struct Descriptors {
    object_type: u8,
    configuration: Option<Vec<u8>>,
}

impl Descriptors {
    fn read(content: &[u8]) -> Option<Descriptors> {
        let (tag, stream, _) = descriptor(content.get(4..)?)?;
        // Behind a number of 16 bits, flags say what comes before the next descriptor.
        let flags = *stream.get(2).filter(|_| tag == 3)?;
        let mut at = 3;
        if flags & 0x80 != 0 {
            at += 2;
        }
        if flags & 0x40 != 0 {
            at += 1 + usize::from(*stream.get(at)?);
        }
        if flags & 0x20 != 0 {
            at += 2;
        }
        let (tag, decoder, _) = descriptor(stream.get(at..)?)?;
        let object_type = *decoder.first().filter(|_| tag == 4)?;
        let mut rest = decoder.get(13..).unwrap_or(&[]);
        let mut configuration = None;
        while let Some((tag, content, behind)) = descriptor(rest) {
            if tag == 5 && !content.is_empty() {
                configuration.get_or_insert(content.to_vec());
            }
            rest = behind;
        }
        Some(Descriptors {
            object_type,
            configuration,
        })
    }
}

/// Tag and content of a descriptor, and what follows. Its length is written 7 bits a byte.
fn descriptor(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, mut rest) = bytes.split_first()?;
    let mut len = 0;
    for _ in 0..4 {
        let (&byte, behind) = rest.split_first()?;
        rest = behind;
        len = len << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    let (content, behind) = rest.split_at(len.min(rest.len()));
    Some((tag, content, behind))
}

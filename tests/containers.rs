//! The same packets in every shape that a container takes: headers say what they like, the packets are the sound.

use sentire::audio::{self, Rate, ReadOptions, Segmentation};
use sentire::dsp::resample::resample;

use crate::sandbox::repository;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(repository("tests/audio").join(name)).unwrap()
}

/// At the rate of the file.
const NATIVE: ReadOptions = ReadOptions {
    rate: Rate::Native,
    channel: None,
    each_channel: false,
    accept_truncated: false,
    segment: (0.0, None),
    augment: None,
    trim: false,
    gain: audio::Gain::None,
    segmentation: Segmentation::Whole,
    pauses: audio::Pauses::Keep,
    turns_beyond_s: None,
    max_duration_s: None,
    max_memory: None,
    most_in_memory: audio::MOST_IN_MEMORY,
};

fn try_samples(bytes: &[u8]) -> Result<Vec<f32>, String> {
    let read = audio::read_bytes(bytes.to_vec(), "x", &NATIVE);
    read.map(|recording| recording.audio.samples)
        .map_err(|error| error.to_string())
}

#[track_caller]
fn samples(bytes: &[u8]) -> Vec<f32> {
    try_samples(bytes).unwrap_or_else(|said| panic!("{said}"))
}

#[track_caller]
fn say(bytes: &[u8]) -> String {
    try_samples(bytes).expect_err("is refused")
}

/// What is kept of a file that breaks off.
#[track_caller]
fn kept(bytes: &[u8]) -> Vec<f32> {
    let accept = ReadOptions {
        accept_truncated: true,
        ..NATIVE
    };
    let kept = audio::read_bytes(bytes.to_vec(), "x", &accept).unwrap();
    assert!(kept.truncated);
    kept.audio.samples
}

/// The packets of an Ogg file, headers first.
fn packets(ogg: &[u8]) -> Vec<Vec<u8>> {
    let (mut at, mut packets, mut begun) = (0, Vec::new(), Vec::new());
    while at < ogg.len() {
        let segments = usize::from(ogg[at + 26]);
        let table = &ogg[at + 27..at + 27 + segments];
        at += 27 + segments;
        for &len in table {
            begun.extend_from_slice(&ogg[at..at + usize::from(len)]);
            at += usize::from(len);
            if len < 255 {
                packets.push(std::mem::take(&mut begun));
            }
        }
    }
    packets
}

/// 0.6 s of speech in packets of 20 ms, mono: header, packets, and what they decode to, without the 312 samples before
/// the recording and the padding behind it.
struct Clip {
    head: Vec<u8>,
    tags: Vec<u8>,
    packets: Vec<Vec<u8>>,
    samples: Vec<f32>,
    /// With the padding.
    all: Vec<f32>,
}

const PACKET: i64 = 960;
const PRE_SKIP: i64 = 312;

impl Clip {
    fn new() -> Clip {
        let bytes = file("messenger.ogg");
        let mut packets = packets(&bytes);
        let rest = packets.split_off(2);
        let [head, tags] = packets.try_into().unwrap();
        let samples = samples(&bytes);
        assert_eq!(samples.len(), 28_800);
        assert_eq!(rest.len() as i64, (28_800 + PRE_SKIP + PACKET - 1) / PACKET);
        let mut clip = Clip {
            head,
            tags,
            packets: rest,
            samples,
            all: Vec::new(),
        };
        // A position that trims nothing.
        let mut ogg = Ogg::default();
        clip.all =
            super::containers::samples(&ogg.headers(&clip).page(4, i64::MAX, &clip.packets).bytes);
        assert_eq!(
            clip.all.len() as i64,
            clip.packets.len() as i64 * PACKET - PRE_SKIP
        );
        assert!(clip.all.starts_with(&clip.samples));
        clip
    }

    /// Where the recording ends among all that decodes.
    fn end(&self) -> i64 {
        self.samples.len() as i64 + PRE_SKIP
    }
}

/// An Ogg file in the making.
#[derive(Clone, Default)]
struct Ogg {
    bytes: Vec<u8>,
    stream: u32,
    number: u32,
}

impl Ogg {
    fn of_stream(stream: u32) -> Ogg {
        Ogg {
            stream,
            ..Ogg::default()
        }
    }

    fn page(&mut self, flags: u8, position: i64, packets: &[Vec<u8>]) -> &mut Ogg {
        let mut table = Vec::new();
        for packet in packets {
            table.extend(vec![255; packet.len() / 255]);
            table.push((packet.len() % 255) as u8);
        }
        self.raw_page(flags, position, &table, &packets.concat())
    }

    fn raw_page(&mut self, flags: u8, position: i64, table: &[u8], content: &[u8]) -> &mut Ogg {
        let mut page = b"OggS\0".to_vec();
        page.push(flags);
        page.extend(position.to_le_bytes());
        page.extend(self.stream.to_le_bytes());
        page.extend(self.number.to_le_bytes());
        page.extend([0; 4]);
        page.push(table.len() as u8);
        page.extend(table);
        page.extend(content);
        let checksum = crc(&page);
        page[22..26].copy_from_slice(&checksum.to_le_bytes());
        self.bytes.extend(page);
        self.number += 1;
        self
    }

    fn headers(&mut self, clip: &Clip) -> &mut Ogg {
        self.page(2, 0, std::slice::from_ref(&clip.head)).page(
            0,
            0,
            std::slice::from_ref(&clip.tags),
        )
    }

    /// All packets of a clip, so many to the page; what the last page's flags and the first position are.
    fn clip(&mut self, clip: &Clip, to_a_page: usize, last_flags: u8, from: i64) -> &mut Ogg {
        let mut at = 0;
        let pages = clip.packets.chunks(to_a_page);
        let last = pages.len() - 1;
        for (i, packets) in pages.enumerate() {
            at += packets.len() as i64 * PACKET;
            let flags = if i == last { last_flags } else { 0 };
            self.page(flags, from + at.min(clip.end()), packets);
        }
        self
    }
}

/// The checksum of a page whose own is 0, bit by bit.
fn crc(page: &[u8]) -> u32 {
    page.iter().fold(0, |crc: u32, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| match crc >> 31 {
            1 => crc << 1 ^ 0x04c1_1db7,
            _ => crc << 1,
        })
    })
}

#[test]
fn ogg_needs_neither_an_end_mark_nor_positions_from_0() {
    let clip = Clip::new();
    for (to_a_page, flags, from) in [
        (5, 4, 0),
        (5, 0, 0),
        (31, 0, 0),
        (1, 0, 0),
        (7, 4, 48_000_000),
        (7, 0, 1000),
    ] {
        let ogg = Ogg::default()
            .headers(&clip)
            .clip(&clip, to_a_page, flags, from)
            .clone();
        // Where the end is not marked, nothing says what of the last packet is padding.
        let expected = if flags == 4 { &clip.samples } else { &clip.all };
        assert!(
            samples(&ogg.bytes) == *expected,
            "{to_a_page} to a page, {flags}, from {from}"
        );
    }
    // Nothing decodes less for a page of which no position is known.
    let mut ogg = Ogg::default();
    ogg.headers(&clip).page(0, -1, &clip.packets[..10]);
    ogg.page(0, 25 * PACKET, &clip.packets[10..25])
        .page(4, clip.end(), &clip.packets[25..]);
    assert!(samples(&ogg.bytes) == clip.samples);
    // The mark alone on a page without packets, which trims what is on the page before.
    let mut ogg = Ogg::default();
    ogg.headers(&clip)
        .page(0, clip.packets.len() as i64 * PACKET, &clip.packets)
        .page(4, clip.end(), &[]);
    assert!(samples(&ogg.bytes) == clip.samples);
    // A packet over two pages.
    let (mut table, mut content) = (Vec::new(), Vec::new());
    let long = vec![clip.packets[0][0]; 600];
    let with_long = [
        &clip.packets[..3],
        std::slice::from_ref(&long),
        &clip.packets[3..],
    ]
    .concat();
    let mut ogg = Ogg::default();
    ogg.headers(&clip).page(0, -1, &with_long);
    let expected = try_samples(&ogg.bytes);
    for packet in &with_long[..3] {
        table.push(packet.len() as u8);
        content.extend(packet);
    }
    table.extend([255, 255]);
    content.extend(&long[..510]);
    let mut ogg = Ogg::default();
    ogg.headers(&clip).raw_page(0, -1, &table, &content);
    ogg.raw_page(1, -1, &[90], &long[510..])
        .page(0, -1, &with_long[4..]);
    assert!(expected.is_ok() && try_samples(&ogg.bytes) == expected);
    // Positions that jump, as where a pause was not sent: no silence is made up, and no sound is cut.
    let mut ogg = Ogg::default();
    ogg.headers(&clip)
        .page(0, 10 * PACKET, &clip.packets[..10])
        .page(0, 90 * PACKET, &clip.packets[10..]);
    assert!(samples(&ogg.bytes) == clip.all);
}

#[test]
fn ogg_is_found_behind_other_bytes_and_beside_a_film() {
    let clip = Clip::new();
    let ogg = Ogg::default().headers(&clip).clip(&clip, 5, 4, 0).clone();
    for before in [
        &b"HTTP/1.0 200 OK\r\nContent-Type: application/ogg\r\n\r\n"[..],
        &[0; 1000],
    ] {
        let bytes = [before, &ogg.bytes].concat();
        assert!(samples(&bytes) == clip.samples, "{before:?}");
    }
    // Room that a recorder set aside.
    assert!(samples(&[&ogg.bytes[..], &[0; 4096]].concat()) == clip.samples);
    let mut film = Ogg::of_stream(1);
    film.page(2, 0, &[b"\x80theora\x03\x02\x01".to_vec()]);
    let mut sound = Ogg::of_stream(2);
    sound.page(2, 0, std::slice::from_ref(&clip.head));
    let starts = [&film.bytes[..], &sound.bytes].concat();
    (film.bytes, sound.bytes) = (Vec::new(), Vec::new());
    film.page(0, 5, &[vec![7; 3000]]);
    sound
        .page(0, 0, std::slice::from_ref(&clip.tags))
        .clip(&clip, 7, 4, 0);
    let both = [&starts[..], &film.bytes, &sound.bytes].concat();
    assert!(samples(&both) == clip.samples);
    let said = say(&Ogg::of_stream(1)
        .page(2, 0, &[b"\x80theora\x03\x02\x01".to_vec()])
        .bytes);
    assert!(said.contains("holds a film without sound in Ogg"), "{said}");
    let said = say(&Ogg::of_stream(1)
        .page(2, 0, &[b"Speex   1.2".to_vec()])
        .bytes);
    assert!(said.contains("holds Speex in Ogg"), "{said}");
    let said = say(&Ogg::default().page(0, 9 * PACKET, &clip.packets[..9]).bytes);
    assert!(said.contains("from the middle of a stream"), "{said}");
}

#[test]
fn recordings_one_behind_another_in_ogg_are_all_read() {
    let clip = Clip::new();
    let mut ogg = Ogg::of_stream(1);
    ogg.headers(&clip).clip(&clip, 7, 4, 0);
    (ogg.stream, ogg.number) = (2, 0);
    ogg.headers(&clip).clip(&clip, 7, 0, 480_000);
    // The same number of the stream, and no end mark before.
    ogg.number = 0;
    ogg.headers(&clip).clip(&clip, 30, 0, 0);
    assert!(samples(&ogg.bytes) == [&clip.samples[..], &clip.all, &clip.all].concat());
    for name in ["vorbis.ogg", "music.opus"] {
        let one = file(name);
        assert!(
            samples(&[&one[..], &one].concat()) == samples(&one).repeat(2),
            "{name}"
        );
    }
    // One of another rate gets that of the first.
    let [vorbis, opus] = ["vorbis.ogg", "music.opus"].map(file);
    let mixed = samples(&[&vorbis[..], &opus].concat());
    assert!(mixed == [samples(&vorbis), resample(&samples(&opus), 48_000, 16_000)].concat());
    let said = say(&[file("vorbis.ogg"), file("named_speex.ogg")].concat());
    let at = file("vorbis.ogg").len();
    assert!(
        said.contains(&format!("that begins at byte {at} holds Speex in Ogg; get")),
        "{said}"
    );
}

#[test]
fn vorbis_without_an_end_mark_and_from_another_position_is_whole() {
    let whole = file("vorbis.ogg");
    let expected = samples(&whole);
    let packets = packets(&whole);
    let end = expected.len() as i64;
    for (flags, position, is_trimmed) in [
        (4, end, true),
        (0, end, false),
        (4, 7_000_000, false),
        (0, 7_000_000, false),
    ] {
        let mut ogg = Ogg::default();
        ogg.page(2, 0, &packets[..1])
            .page(0, 0, &packets[1..3])
            .page(flags, position, &packets[3..]);
        let found = samples(&ogg.bytes);
        assert!(found.starts_with(&expected), "{flags} {position}");
        assert_eq!(
            found.len() == expected.len(),
            is_trimmed,
            "{flags} {position}"
        );
    }
}

#[test]
fn damage_of_ogg_is_noticed() {
    let clip = Clip::new();
    let headers = Ogg::default().headers(&clip).clone();
    let whole = headers.clone().clip(&clip, 5, 0, 0).clone();
    // A page left out: the first of sound, one within.
    for missing in [0, 2] {
        let mut ogg = headers.clone();
        for (i, packets) in clip.packets.chunks(5).enumerate() {
            match i == missing {
                true => ogg.number += 1,
                false => drop(ogg.page(0, (i as i64 * 5 + 5) * PACKET, packets)),
            }
        }
        let said = say(&ogg.bytes);
        assert!(said.contains("pages are missing before byte"), "{said}");
        assert!(kept(&ogg.bytes).len() as i64 >= 20 * PACKET);
    }
    // The last packet goes on on a page that is not there.
    let mut ogg = headers.clone();
    ogg.page(0, 10 * PACKET, &clip.packets[..10])
        .raw_page(0, -1, &[255], &[0x4b; 255]);
    let said = say(&ogg.bytes);
    assert!(said.contains("its last packet is not finished"), "{said}");
    assert_eq!(kept(&ogg.bytes).len() as i64, 10 * PACKET - PRE_SKIP);
    // A cut within a page, and any byte of it.
    let said = say(&whole.bytes[..whole.bytes.len() - 10]);
    assert!(said.contains("begins no whole page"), "{said}");
    let sound = headers.bytes.len();
    for at in (sound..whole.bytes.len()).step_by(29) {
        let mut flipped = whole.bytes.clone();
        flipped[at] ^= 0x20;
        say(&flipped);
    }
}

/// An element of Matroska, of which the size is known or not.
fn element(id: u32, size_is_known: bool, content: &[u8]) -> Vec<u8> {
    let id = id.to_be_bytes();
    let start = id.iter().position(|&b| b != 0).unwrap();
    let mut bytes = id[start..].to_vec();
    match size_is_known {
        true => bytes.extend((1 << 56 | content.len() as u64).to_be_bytes()),
        false => bytes.push(0xff),
    }
    bytes.extend(content);
    bytes
}

fn known(id: u32, content: &[u8]) -> Vec<u8> {
    element(id, true, content)
}

const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1f43_b675;
const VOID: u32 = 0xec;

fn ebml_header() -> Vec<u8> {
    known(0x1a45_dfa3, &known(0x4282, b"webm"))
}

/// A track of sound: its number, and further elements of it.
fn track(number: u8, codec: &str, private: &[u8], further: &[u8]) -> Vec<u8> {
    let audio = [known(0xb5, &48_000_f32.to_be_bytes()), known(0x9f, &[1])].concat();
    let fields = [
        known(0xd7, &[number]),
        known(0x83, &[2]),
        known(0x86, codec.as_bytes()),
        known(0x63a2, private),
        known(0xe1, &audio),
        further.to_vec(),
    ];
    known(0xae, &fields.concat())
}

fn tracks(tracks: &[Vec<u8>]) -> Vec<u8> {
    known(0x1654_ae6b, &tracks.concat())
}

/// A block: track, time, flags and what it holds.
fn block(number: u8, flags: u8, content: &[u8]) -> Vec<u8> {
    [&[0x80 | number, 0, 0, flags], content].concat()
}

fn simple_block(number: u8, packet: &[u8]) -> Vec<u8> {
    known(0xa3, &block(number, 0, packet))
}

/// The last packet, of which nanoseconds are to be discarded.
fn last_group(clip: &Clip, discards_first: bool) -> Vec<u8> {
    let surplus = clip.packets.len() as i64 * PACKET - clip.end();
    let ns = surplus * 1_000_000_000 / 48_000;
    let discard = known(0x75a2, &ns.to_be_bytes());
    let block = known(0xa1, &block(1, 0, clip.packets.last().unwrap()));
    match discards_first {
        true => known(0xa0, &[discard, block].concat()),
        false => known(0xa0, &[block, discard].concat()),
    }
}

/// All packets of the clip in simple blocks, but the last, which says where it ends.
fn blocks(clip: &Clip) -> Vec<Vec<u8>> {
    let (_, packets) = clip.packets.split_last().unwrap();
    let mut blocks: Vec<Vec<u8>> = packets
        .iter()
        .map(|packet| simple_block(1, packet))
        .collect();
    blocks.push(last_group(clip, false));
    blocks
}

#[test]
fn matroska_is_what_is_in_its_blocks() {
    let clip = Clip::new();
    let sound = tracks(&[track(1, "A_OPUS", &clip.head, &[])]);
    let info = |duration_ms: f64| known(0x1549_a966, &known(0x4489, &duration_ms.to_be_bytes()));
    let time = known(0xe7, &[0]);
    let clusters = |size_is_known: bool, to_a_cluster: usize| -> Vec<u8> {
        let blocks = blocks(&clip);
        let clusters = blocks.chunks(to_a_cluster).map(|blocks| {
            element(
                CLUSTER,
                size_is_known,
                &[&time[..], &blocks.concat()].concat(),
            )
        });
        clusters.collect::<Vec<_>>().concat()
    };
    let file = |segment: &[u8], size_is_known: bool| {
        [ebml_header(), element(SEGMENT, size_is_known, segment)].concat()
    };
    // The duration of the whole film, and none.
    for duration in [
        info(600.0),
        info(60_000.0),
        info(1.0),
        info(f64::NAN),
        Vec::new(),
    ] {
        for sizes_are_known in [true, false] {
            let segment = [&duration[..], &sound, &clusters(sizes_are_known, 7)].concat();
            assert!(samples(&file(&segment, sizes_are_known)) == clip.samples);
        }
    }
    // The order within a group, and what may stand anywhere.
    let filler = [
        known(VOID, &[0; 9]),
        known(0xbf, &[1, 2, 3, 4]),
        known(0x1254_c367, &[]),
    ]
    .concat();
    let (_, first) = clip.packets.split_last().unwrap();
    let mut mixed = filler.clone();
    for packet in first {
        mixed.extend([simple_block(1, packet), filler.clone()].concat());
    }
    mixed.extend(last_group(&clip, true));
    let segment = [
        &filler[..],
        &sound,
        &filler,
        &known(CLUSTER, &mixed),
        &known(0x1c53_bb6b, &[0; 20]),
    ]
    .concat();
    assert!(samples(&file(&segment, true)) == clip.samples);
    // A segment that states more than there is, and less.
    for wrong in [1_u64, 1 << 40] {
        let mut bytes = [ebml_header(), vec![0x18, 0x53, 0x80, 0x67]].concat();
        bytes.extend((1 << 56 | wrong).to_be_bytes());
        bytes.extend([&sound[..], &clusters(true, 5)].concat());
        assert!(samples(&bytes) == clip.samples, "{wrong}");
    }
    // Two files, one behind the other.
    let one = file(&[&sound[..], &clusters(true, 5)].concat(), false);
    assert!(samples(&[&one[..], &one].concat()) == clip.samples.repeat(2));
    // What breaks off.
    let whole = file(&[&sound[..], &clusters(true, 7)].concat(), true);
    for less in [1, 20, 300] {
        let said = say(&whole[..whole.len() - less]);
        assert!(
            said.contains("it ends within the") || said.contains("begins no whole element"),
            "{said}"
        );
    }
    assert!(kept(&whole[..whole.len() - 300]).len() > 20_000);
    // The end of a cluster is missing, between two blocks.
    let said = say(&whole[..whole.len() - last_group(&clip, false).len()]);
    assert!(
        said.contains("it ends within the cluster at byte"),
        "{said}"
    );
}

#[test]
fn blocks_say_what_to_discard_of_them() {
    let clip = Clip::new();
    let sound = tracks(&[track(1, "A_OPUS", &clip.head, &[])]);
    let group = |packet: &[u8], ns: i64| {
        let fields = [
            known(0xa1, &block(1, 0, packet)),
            known(0x75a2, &ns.to_be_bytes()),
        ];
        known(0xa0, &fields.concat())
    };
    // A quarter of the third packet at its end, a half of the tenth at its start.
    let mut expected: Vec<f32> = Vec::new();
    let all: Vec<f32> = {
        let plain: Vec<Vec<u8>> = clip
            .packets
            .iter()
            .map(|packet| simple_block(1, packet))
            .collect();
        let segment = [&sound[..], &known(CLUSTER, &plain.concat())].concat();
        samples(&[ebml_header(), known(SEGMENT, &segment)].concat())
    };
    let at = |packet: i64| (packet * PACKET - PRE_SKIP) as usize;
    expected.extend(&all[..at(3) - 240]);
    expected.extend(&all[at(3)..at(9)]);
    expected.extend(&all[at(9) + 480..]);
    let blocks: Vec<Vec<u8>> = clip
        .packets
        .iter()
        .enumerate()
        .map(|(i, packet)| match i {
            2 => group(packet, 5_000_000),
            9 => group(packet, -10_000_000),
            _ => simple_block(1, packet),
        })
        .collect();
    let segment = [&sound[..], &known(CLUSTER, &blocks.concat())].concat();
    assert!(samples(&[ebml_header(), known(SEGMENT, &segment)].concat()) == expected);
}

#[test]
fn packets_are_taken_out_of_laces() {
    let clip = Clip::new();
    let sound = tracks(&[track(1, "A_OPUS", &clip.head, &[])]);
    let plain: Vec<Vec<u8>> = clip
        .packets
        .iter()
        .map(|packet| simple_block(1, packet))
        .collect();
    let of = |blocks: &[Vec<u8>]| {
        let segment = [&sound[..], &known(CLUSTER, &blocks.concat())].concat();
        [ebml_header(), known(SEGMENT, &segment)].concat()
    };
    let expected = samples(&of(&plain));
    let xiph = |packets: &[Vec<u8>]| {
        let mut content = vec![packets.len() as u8 - 1];
        for packet in &packets[..packets.len() - 1] {
            content.extend(vec![255; packet.len() / 255]);
            content.push((packet.len() % 255) as u8);
        }
        [content, packets.concat()].concat()
    };
    let ebml = |packets: &[Vec<u8>]| {
        let mut content = vec![packets.len() as u8 - 1];
        for (i, packet) in packets[..packets.len() - 1].iter().enumerate() {
            // Two bytes each: the length, or the difference and 8191.
            let number = match i {
                0 => packet.len() as i64,
                _ => packet.len() as i64 - packets[i - 1].len() as i64 + 8191,
            };
            content.extend((0x4000 | number as u16).to_be_bytes());
        }
        [content, packets.concat()].concat()
    };
    for (flags, lace) in [
        (0x02, &xiph as &dyn Fn(&[Vec<u8>]) -> Vec<u8>),
        (0x06, &ebml),
    ] {
        let laced: Vec<Vec<u8>> = clip
            .packets
            .chunks(5)
            .map(|packets| known(0xa3, &block(1, flags, &lace(packets))))
            .collect();
        assert!(samples(&of(&laced)) == expected, "{flags}");
        // A lace that claims more than there is.
        let damaged = known(0xa3, &block(1, flags, &[200, 255, 255, 255, 10, 1, 2]));
        let said = say(&of(&[laced[0].clone(), damaged]));
        assert!(said.contains("is damaged"), "{said}");
    }
    // PCM of 16 bits in laces of one length.
    let pcm: Vec<u8> = (0..96_u16).flat_map(|i| (i * 300).to_le_bytes()).collect();
    let lace = [&[3][..], &pcm].concat();
    let further = known(
        0xe1,
        &[
            known(0xb5, &48_000_f32.to_be_bytes()),
            known(0x9f, &[1]),
            known(0x6264, &[16]),
        ]
        .concat(),
    );
    let sound = tracks(&[track(1, "A_PCM/INT/LIT", &[], &further)]);
    let segment = [
        &sound[..],
        &known(CLUSTER, &known(0xa3, &block(1, 0x04, &lace))),
    ]
    .concat();
    let found = samples(&[ebml_header(), known(SEGMENT, &segment)].concat());
    let expected: Vec<f32> = (0..96).map(|i| (i * 300) as f32 / 32768.0).collect();
    assert_eq!(found, expected);
}

#[test]
fn of_several_tracks_the_one_to_be_played_is_taken() {
    let clip = Clip::new();
    let is_default = |yes: u8| known(0x88, &[yes]);
    let picture = known(
        0xae,
        &[known(0xd7, &[9]), known(0x83, &[1]), known(0x86, b"V_VP8")].concat(),
    );
    let other = |number, further: &[u8]| track(number, "A_OPUS", &clip.head, further);
    let mut content = Vec::new();
    for (i, block) in blocks(&clip).iter().enumerate() {
        content.extend(simple_block(9, &[0; 50]));
        content.extend(simple_block(3, &clip.packets[i / 2]));
        content.extend(block);
    }
    let of = |list: &[Vec<u8>]| {
        let segment = [tracks(list), known(CLUSTER, &content)].concat();
        [ebml_header(), known(SEGMENT, &segment)].concat()
    };
    let first = of(&[picture.clone(), other(1, &[]), other(3, &[])]);
    assert!(samples(&first) == clip.samples);
    let second = of(&[
        picture.clone(),
        other(3, &is_default(0)),
        other(1, &is_default(1)),
    ]);
    assert!(samples(&second) == clip.samples);
    let neither = of(&[other(1, &is_default(0)), other(3, &is_default(0))]);
    assert!(samples(&neither) == clip.samples);
    let said = say(&of(&[picture]));
    assert!(said.contains("without a sound track"), "{said}");
    // Bytes that each packet begins with, stated once.
    let stripped: Vec<u8> = clip.packets[0][..1].to_vec();
    assert!(
        clip.packets
            .iter()
            .all(|packet| packet.starts_with(&stripped))
    );
    let compression = [known(0x4254, &[3]), known(0x4255, &stripped)].concat();
    let encoding = |content: &[u8]| known(0x6d80, &known(0x6240, content));
    let shortened: Vec<Vec<u8>> = clip
        .packets
        .iter()
        .map(|packet| simple_block(1, &packet[1..]))
        .collect();
    let plain: Vec<Vec<u8>> = clip
        .packets
        .iter()
        .map(|packet| simple_block(1, packet))
        .collect();
    let of = |further: &[u8], blocks: &[Vec<u8>]| {
        let segment = [
            tracks(&[other(1, further)]),
            known(CLUSTER, &blocks.concat()),
        ]
        .concat();
        [ebml_header(), known(SEGMENT, &segment)].concat()
    };
    let packed = of(&encoding(&known(0x5034, &compression)), &shortened);
    assert!(samples(&packed) == samples(&of(&[], &plain)));
    let said = say(&of(&encoding(&known(0x5035, &[])), &plain));
    assert!(said.contains("copy protection"), "{said}");
    for (id, name) in [
        ("A_AC3", "AC-3"),
        ("A_EAC3", "E-AC-3"),
        ("A_DTS", "DTS"),
        ("A_TRUEHD", "TrueHD"),
    ] {
        let segment = [
            tracks(&[track(1, id, &[], &[])]),
            known(CLUSTER, &plain.concat()),
        ]
        .concat();
        let said = say(&[ebml_header(), known(SEGMENT, &segment)].concat());
        assert!(
            said.contains(&format!("with {name} ({id}), which is not decoded")),
            "{said}"
        );
    }
}

/// A box of MPEG-4.
fn atom(id: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes()[..], id, content].concat()
}

/// Numbers of 32 bits behind version and flags.
fn full_atom(id: &[u8; 4], flags: u32, numbers: &[u32]) -> Vec<u8> {
    let numbers: Vec<u8> = [&[flags], numbers]
        .concat()
        .iter()
        .flat_map(|n| n.to_be_bytes())
        .collect();
    atom(id, &numbers)
}

/// A sample entry of version 0, 48 kHz.
fn entry(format: &[u8; 4], channels: u16, bits: u16, boxes: &[u8]) -> Vec<u8> {
    let mut content = vec![0, 0, 0, 0, 0, 0, 0, 1];
    content.extend([0; 8]);
    content.extend([channels.to_be_bytes(), bits.to_be_bytes()].concat());
    content.extend([0; 4]);
    content.extend((48_000_u32 << 16).to_be_bytes());
    content.extend(boxes);
    atom(format, &content)
}

/// How a movie is put together.
struct Movie {
    entry: Vec<u8>,
    /// Samples, of as many ticks; their lengths, or the one of all and their number.
    durations: Vec<[u32; 2]>,
    sizes: Vec<u32>,
    same_size: (u32, u32),
    /// Duration and start.
    edits: Vec<[u32; 2]>,
    /// What extends the movie by fragments.
    extends: Vec<u8>,
    /// Places of 64 bits, and sizes of 16.
    in_other_tables: bool,
}

impl Movie {
    fn of(clip: &Clip) -> Movie {
        let last = clip.end() - (clip.packets.len() as i64 - 1) * PACKET;
        let n = clip.packets.len() as u32;
        Movie {
            entry: entry(b"Opus", 1, 16, &atom(b"dOps", &head_of_mp4(clip, true))),
            durations: vec![[n - 1, PACKET as u32], [1, last as u32]],
            sizes: clip
                .packets
                .iter()
                .map(|packet| packet.len() as u32)
                .collect(),
            same_size: (0, 0),
            edits: Vec::new(),
            extends: Vec::new(),
            in_other_tables: false,
        }
    }

    fn other_tables(&self, offsets: &[u32]) -> Vec<u8> {
        let mut sizes = [0, 16, self.sizes.len() as u32]
            .map(u32::to_be_bytes)
            .concat();
        sizes.extend(self.sizes.iter().flat_map(|n| (*n as u16).to_be_bytes()));
        let mut places = [0, offsets.len() as u32].map(u32::to_be_bytes).concat();
        places.extend(offsets.iter().flat_map(|n| u64::from(*n).to_be_bytes()));
        [atom(b"stz2", &sizes), atom(b"co64", &places)].concat()
    }

    /// The index of samples in chunks: where each begins, and how many it has.
    fn index(&self, chunks: &[(u32, u32)]) -> Vec<u8> {
        let n = self.durations.len() as u32;
        let durations = [&[n][..], &self.durations.concat()].concat();
        let runs: Vec<[u32; 3]> = chunks
            .iter()
            .enumerate()
            .map(|(i, (_, n))| [i as u32 + 1, *n, 1])
            .collect();
        let runs = [&[runs.len() as u32][..], &runs.concat()].concat();
        let sizes = match self.same_size {
            (0, _) => [&[0, self.sizes.len() as u32][..], &self.sizes].concat(),
            (len, count) => vec![len, count],
        };
        let offsets: Vec<u32> = chunks.iter().map(|(at, _)| *at).collect();
        let table = [
            atom(
                b"stsd",
                &[&[0, 0, 0, 0, 0, 0, 0, 1][..], &self.entry].concat(),
            ),
            full_atom(b"stts", 0, &durations),
            full_atom(b"stsc", 0, &runs),
            if self.in_other_tables {
                self.other_tables(&offsets)
            } else {
                let offsets = [&[offsets.len() as u32][..], &offsets].concat();
                [
                    full_atom(b"stsz", 0, &sizes),
                    full_atom(b"stco", 0, &offsets),
                ]
                .concat()
            },
        ];
        let edits: Vec<u32> = self
            .edits
            .iter()
            .flat_map(|[duration, start]| [*duration, *start, 1 << 16])
            .collect();
        let edits = full_atom(
            b"elst",
            0,
            &[&[self.edits.len() as u32][..], &edits].concat(),
        );
        let handler = atom(b"hdlr", b"\0\0\0\0\0\0\0\0soun\0\0\0\0\0\0\0\0\0\0\0\0\0");
        let media = [
            full_atom(b"mdhd", 0, &[0, 0, 48_000, 0, 0]),
            handler,
            atom(b"minf", &atom(b"stbl", &table.concat())),
        ];
        let track = [
            full_atom(b"tkhd", 3, &[0, 0, 1, 0]),
            if self.edits.is_empty() {
                Vec::new()
            } else {
                atom(b"edts", &edits)
            },
            atom(b"mdia", &media.concat()),
        ];
        let movie = [
            full_atom(b"mvhd", 0, &[0, 0, 48_000, 0, 0]),
            atom(b"trak", &track.concat()),
            self.extends.clone(),
        ];
        atom(b"moov", &movie.concat())
    }
}

/// `dOps` as it should be, and with its numbers the other way round.
fn head_of_mp4(clip: &Clip, is_big_endian: bool) -> Vec<u8> {
    let mut head = clip.head[8..].to_vec();
    head[0] = 0;
    if is_big_endian {
        head[2..4].reverse();
        head[4..8].reverse();
        head[8..10].reverse();
    }
    head
}

const FTYP: &[u8] = b"\0\0\0\x10ftypM4A \0\0\0\0";

#[test]
fn mpeg_audio_of_layer_ii_decodes_in_any_container() {
    let bytes = file("mp2.mp2");
    // 64 kb/s at 16 kHz: 144 * 64000 / 16000 bytes in each frame, of 1152 samples.
    let frames: Vec<&[u8]> = bytes.chunks(576).collect();
    let blocks: Vec<Vec<u8>> = frames.iter().map(|frame| simple_block(1, frame)).collect();
    let segment = [
        tracks(&[track(1, "A_MPEG/L2", &[], &[])]),
        known(CLUSTER, &blocks.concat()),
    ]
    .concat();
    let matroska = [ebml_header(), known(SEGMENT, &segment)].concat();
    assert!(samples(&matroska) == samples(&bytes));
    for format in [b".mp3", b".mp2"] {
        let mut entry = entry(format, 1, 16, &[]);
        entry[32..36].copy_from_slice(&(16_000_u32 << 16).to_be_bytes());
        let movie = Movie {
            entry,
            durations: vec![[frames.len() as u32, 3 * 1152]],
            sizes: frames.iter().map(|frame| frame.len() as u32).collect(),
            ..Movie::of(&Clip::new())
        };
        let at = (FTYP.len() + 8) as u32;
        let index = movie.index(&[(at, frames.len() as u32)]);
        let mpeg_4 = [FTYP, &atom(b"mdat", &bytes), &index].concat();
        assert!(samples(&mpeg_4) == samples(&bytes));
    }
}

#[test]
fn mpeg_4_is_what_its_tables_list() {
    let clip = Clip::new();
    let movie = Movie::of(&clip);
    let sound = clip.packets.concat();
    let n = clip.packets.len() as u32;
    // The index behind the sound, and before it, in which case it has to know where that is.
    let behind = |start: &[u8], header: &[u8]| {
        let at = (start.len() + header.len()) as u32;
        [start, header, &sound, &movie.index(&[(at, n)])].concat()
    };
    let size = |n: usize| (n as u32).to_be_bytes();
    let plain = [&size(sound.len() + 8)[..], b"mdat"].concat();
    let wide = [
        b"\0\0\0\x01mdat",
        &(sound.len() as u64 + 16).to_be_bytes()[..],
    ]
    .concat();
    let none = [
        &[][..],
        b"\0\0\0\x08wide",
        b"\0\0\0\x0cfree....",
        b"\0\0\0\x08skip",
    ];
    for start in [FTYP, &[]] {
        for filler in none {
            for header in [&plain, &wide] {
                let bytes = behind(&[start, filler].concat(), header);
                assert!(samples(&bytes) == clip.samples, "{start:?} {filler:?}");
            }
        }
    }
    let before = |header: &[u8], behind: &[u8]| {
        let len = movie.index(&[(0, n)]).len();
        let at = FTYP.len() + len + header.len();
        [
            FTYP,
            &movie.index(&[(at as u32, n)]),
            header,
            &sound,
            behind,
        ]
        .concat()
    };
    let to_the_end = b"\0\0\0\0mdat";
    let too_large = [&size(1 << 30)[..], b"mdat"].concat();
    let too_small = [&size(9)[..], b"mdat"].concat();
    for header in [&plain[..], &wide, to_the_end, &too_large, &too_small] {
        assert!(samples(&before(header, &[])) == clip.samples, "{header:?}");
    }
    for header in [&too_large[..], &too_small, b"\0\0\0\0mdat"] {
        assert!(samples(&behind(FTYP, header)) == clip.samples, "{header:?}");
    }
    assert!(samples(&before(&plain, b"\0\0\x02\0udta and then no more")) == clip.samples);
    // What breaks off.
    let whole = before(&plain, &[]);
    let said = say(&whole[..whole.len() - 1]);
    assert!(said.contains("its index lists sound up to byte"), "{said}");
    assert_eq!(
        kept(&whole[..whole.len() - 1]).len(),
        clip.samples.len() / 960 * 960 - 312
            + if clip.samples.len() % 960 >= 648 {
                960
            } else {
                0
            }
    );
    let said = say(&behind(FTYP, &plain)[..FTYP.len() + sound.len()]);
    assert!(
        said.contains("its index (the box `moov`) is missing"),
        "{said}"
    );
    let whole = behind(FTYP, &plain);
    let said = say(&whole[..whole.len() - 1]);
    assert!(said.contains("it ends within the box `moov`"), "{said}");
    // Several chunks, out of their order in the file.
    let at = FTYP.len() as u32 + 8;
    let half = clip.packets[..10].concat();
    let rest = clip.packets[10..].concat();
    let chunks = [(at + rest.len() as u32, 10), (at, n - 10)];
    for in_other_tables in [false, true] {
        let movie = Movie {
            in_other_tables,
            ..Movie::of(&clip)
        };
        let bytes = [FTYP, &plain, &rest, &half, &movie.index(&chunks)].concat();
        assert!(samples(&bytes) == clip.samples);
    }
    // Packets that the tables do not place, and places that overlap.
    let bytes = [FTYP, &plain, &sound, &movie.index(&[(at, n - 1)])].concat();
    let said = say(&bytes);
    assert!(
        said.contains("does not say where 1 of its packets lie"),
        "{said}"
    );
    let twice = Movie {
        sizes: [&movie.sizes[..], &movie.sizes].concat(),
        ..Movie::of(&clip)
    };
    let said = say(&[FTYP, &plain, &sound, &twice.index(&[(at, n), (at, n)])].concat());
    assert!(said.contains("the index of its sound is damaged"), "{said}");
}

#[test]
fn edits_say_which_part_of_mpeg_4_is_the_recording() {
    let clip = Clip::new();
    let n = clip.packets.len() as u32;
    let sound = [
        &(clip.packets.concat().len() as u32 + 8).to_be_bytes()[..],
        b"mdat",
        &clip.packets.concat(),
    ]
    .concat();
    let of = |movie: &Movie| [FTYP, &sound, &movie.index(&[(FTYP.len() as u32 + 8, n)])].concat();
    let edited = |edits: &[[u32; 2]]| {
        let movie = Movie {
            edits: edits.to_vec(),
            ..Movie::of(&clip)
        };
        samples(&of(&movie))
    };
    let len = clip.samples.len() as u32;
    let nothing = u32::MAX;
    for edits in [
        &[[len, 312]][..],
        // To the end, not at all said, and longer than there is.
        &[[0, 312]],
        &[[len, 0]],
        &[[48_000 * 60, 312]],
        // A pause before.
        &[[24_000, nothing], [len, 312]],
    ] {
        assert!(edited(edits) == clip.samples, "{edits:?}");
    }
    assert!(edited(&[[1000, 1312]]) == clip.samples[1000..2000]);
    let both = [
        &clip.samples[10_000..11_000],
        &clip.samples[..5000],
        &clip.samples[4000..6000],
    ]
    .concat();
    assert!(edited(&[[1000, 10_312], [5000, 312], [2000, 4312]]) == both);
    // Durations that count something else cut nothing.
    let movie = Movie {
        durations: vec![[n / 2, 900], [1, 400], [n, 1008]],
        ..Movie::of(&clip)
    };
    let all = samples(&of(&movie));
    assert_eq!(all.len() as i64, i64::from(n) * PACKET - PRE_SKIP);
    assert!(all.starts_with(&clip.samples));
    // GStreamer's header, and its first packet, which is shorter by what comes before the recording.
    let last = Movie::of(&clip).durations[1];
    let movie = Movie {
        entry: entry(b"Opus", 1, 16, &atom(b"dOps", &head_of_mp4(&clip, false))),
        durations: vec![[1, 648], [n - 2, 960], last],
        edits: vec![[len, 0]],
        ..Movie::of(&clip)
    };
    assert!(samples(&of(&movie)) == clip.samples);
}

/// A fragment of packets, and its samples: durations, and where its samples are said to be.
fn fragment(
    packets: &[Vec<u8>],
    ticks: &[u32],
    base_is_fragment: bool,
    at: usize,
    runs: usize,
) -> Vec<u8> {
    let sound = packets.concat();
    let make = |fragment_len: u32| {
        let flags = if base_is_fragment { 0x02_0000 } else { 0x01 };
        let mut header = (flags as u32).to_be_bytes().to_vec();
        header.extend(1_u32.to_be_bytes());
        if !base_is_fragment {
            header.extend((at as u64).to_be_bytes());
        }
        let mut track = [atom(b"tfhd", &header), full_atom(b"tfdt", 0, &[77])].concat();
        let (mut from, mut offset) = (0, fragment_len + 8);
        for run in 0..runs {
            let to = packets.len() * (run + 1) / runs;
            let mut numbers = vec![(to - from) as u32];
            // The first says where; the others go on.
            let flags = if run == 0 { 0x0301 } else { 0x0300 };
            if run == 0 {
                numbers.push(offset);
            }
            for i in from..to {
                numbers.extend([ticks[i], packets[i].len() as u32]);
            }
            track.extend(full_atom(b"trun", flags, &numbers));
            (from, offset) = (to, offset);
        }
        atom(
            b"moof",
            &[full_atom(b"mfhd", 0, &[1]), atom(b"traf", &track)].concat(),
        )
    };
    let len = make(0).len() as u32;
    [make(len), atom(b"mdat", &sound)].concat()
}

#[test]
fn fragments_of_mpeg_4_are_all_read() {
    let clip = Clip::new();
    let n = clip.packets.len();
    let movie = Movie {
        durations: Vec::new(),
        sizes: Vec::new(),
        extends: atom(b"mvex", &full_atom(b"trex", 0, &[1, 1, 0, 0, 0])),
        ..Movie::of(&clip)
    };
    let last = Movie::of(&clip).durations[1][1];
    let file =
        |ticks: &dyn Fn(usize) -> u32, base_is_fragment: bool, runs: usize, between: &[u8]| {
            let mut bytes = [FTYP, &movie.index(&[])].concat();
            for (i, packets) in clip.packets.chunks(8).enumerate() {
                let ticks: Vec<u32> = (0..packets.len()).map(|k| ticks(8 * i + k)).collect();
                bytes.extend(between);
                let at = bytes.len();
                bytes.extend(fragment(packets, &ticks, base_is_fragment, at, runs));
            }
            bytes
        };
    let exact = |i: usize| if i + 1 == n { last } else { 960 };
    for base_is_fragment in [true, false] {
        for runs in [1, 3] {
            for between in [
                &[][..],
                &atom(b"styp", b"msdh\0\0\0\0"),
                &full_atom(b"sidx", 0, &[1, 48_000, 0, 0, 0]),
            ] {
                let bytes = file(&exact, base_is_fragment, runs, between);
                assert!(
                    samples(&bytes) == clip.samples,
                    "{base_is_fragment} {runs} {}",
                    between.len()
                );
            }
        }
    }
    // As Chromium writes them: by the clock, the last of each fragment a guess.
    let by_the_clock = |i: usize| {
        if i % 8 == 7 {
            336
        } else {
            940 + (i % 5) as u32 * 10
        }
    };
    let all = samples(&file(&by_the_clock, true, 1, &[]));
    assert_eq!(all.len() as i64, n as i64 * PACKET - PRE_SKIP);
    assert!(all.starts_with(&clip.samples));
    // What breaks off.
    let whole = file(&exact, true, 1, &[]);
    let mdat = whole.windows(4).rposition(|w| w == b"mdat").unwrap() - 4;
    for (len, words) in [
        (whole.len() - 1, "it ends within the box `mdat`"),
        (mdat, "fragment (`moof`) are missing"),
        (mdat + 5, "within the header of a box"),
        (mdat - 9, "it ends within the box `moof`"),
    ] {
        let said = say(&whole[..len]);
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(kept(&whole[..mdat]).len(), (n / 8 * 8) * 960 - 312);
}

#[test]
fn sample_entries_of_quicktime_are_read_in_every_version() {
    let sound: Vec<u8> = (0..8000_u32).map(|i| (i * i % 251) as u8).collect();
    let of = |entry: Vec<u8>, same_size: (u32, u32), ticks: u32| {
        let movie = Movie {
            entry,
            durations: vec![[same_size.1, ticks]],
            sizes: Vec::new(),
            same_size,
            edits: Vec::new(),
            extends: Vec::new(),
            in_other_tables: false,
        };
        [
            &atom(b"mdat", &sound)[..],
            &movie.index(&[(8, same_size.1)]),
        ]
        .concat()
    };
    /// The further fields of version 1: samples and bytes of a packet, bytes of a frame and of a sample.
    fn version_1(mut entry: Vec<u8>, fields: [u32; 4], boxes: &[u8]) -> Vec<u8> {
        entry[17] = 1;
        entry.extend(fields.iter().flat_map(|n| n.to_be_bytes()));
        entry.extend(boxes);
        let len = entry.len() as u32;
        entry[..4].copy_from_slice(&len.to_be_bytes());
        entry
    }
    /// Those of version 2: bits and flags.
    fn version_2(bits: u32, flags: u32, channels: u32) -> Vec<u8> {
        let mut entry = entry(b"lpcm", 3, 16, &[]);
        entry[17] = 2;
        entry.extend(72_u32.to_be_bytes());
        entry.extend(48_000_f64.to_be_bytes());
        let frame = channels * bits / 8;
        entry.extend(
            [channels, 0x7f00_0000, bits, flags, frame, 1]
                .iter()
                .flat_map(|n| n.to_be_bytes()),
        );
        let len = entry.len() as u32;
        entry[..4].copy_from_slice(&len.to_be_bytes());
        entry
    }
    let little = atom(
        b"wave",
        &[
            atom(b"frma", b"in24"),
            atom(b"enda", &[0, 1]),
            vec![0, 0, 0, 8, 0, 0, 0, 0],
        ]
        .concat(),
    );
    let integers = |width: usize, is_little: bool| -> Vec<f32> {
        let sample = |bytes: &[u8]| {
            let mut word = [0; 4];
            for (i, &byte) in bytes.iter().enumerate() {
                word[if is_little { width - 1 - i } else { i }] = byte;
            }
            (f64::from(i32::from_be_bytes(word)) / 2_147_483_648.0) as f32
        };
        sound.chunks_exact(width).map(sample).collect()
    };
    let mono = |samples: Vec<f32>| -> Vec<f32> { samples };
    for (name, bytes, expected) in [
        (
            "sowt",
            of(entry(b"sowt", 1, 16, &[]), (1, 4000), 1),
            mono(integers(2, true)),
        ),
        (
            "twos",
            of(entry(b"twos", 1, 16, &[]), (2, 4000), 1),
            mono(integers(2, false)),
        ),
        (
            "twos of 8 bits",
            of(entry(b"twos", 1, 8, &[]), (1, 8000), 1),
            integers(1, false),
        ),
        (
            "in24",
            of(
                version_1(entry(b"in24", 1, 16, &[]), [1, 3, 3, 3], &[]),
                (1, 2666),
                1,
            ),
            integers(3, false),
        ),
        (
            "in24, little",
            of(
                version_1(entry(b"in24", 1, 16, &[]), [1, 3, 3, 3], &little),
                (1, 2666),
                1,
            ),
            integers(3, true),
        ),
        (
            "in32",
            of(
                version_1(entry(b"in32", 1, 16, &[]), [1, 4, 4, 4], &[]),
                (4, 2000),
                1,
            ),
            integers(4, false),
        ),
        (
            "lpcm",
            of(version_2(24, 4 | 8, 1), (3, 2666), 1),
            integers(3, true),
        ),
        (
            "lpcm, big",
            of(version_2(16, 2 | 4 | 8, 1), (2, 4000), 1),
            integers(2, false),
        ),
        (
            "ipcm",
            of(
                entry(b"ipcm", 1, 24, &atom(b"pcmC", &[0, 0, 0, 0, 1, 24])),
                (3, 2666),
                1,
            ),
            integers(3, true),
        ),
    ] {
        let found = samples(&bytes);
        assert!(
            found == expected[..found.len()] && found.len() >= expected.len() - 1,
            "{name}: {}",
            found.len()
        );
    }
    // Two channels, of which the mean is taken.
    let stereo = samples(&of(version_2(16, 4 | 8, 2), (4, 2000), 1));
    assert_eq!(stereo.len(), 2000);
    // mu-law, A-law as in a WAV, `ima4` as in CAF.
    let laws = ["ulaw", "alaw"].map(|law| {
        let law: &[u8; 4] = law.as_bytes().try_into().unwrap();
        samples(&of(entry(law, 1, 16, &[]), (1, 8000), 1))
    });
    let g711 = |tag: u8| {
        let mut wav = b"RIFF\0\0\0\0WAVEfmt \x12\0\0\0".to_vec();
        wav.extend([
            tag, 0, 1, 0, 0x80, 0xbb, 0, 0, 0x80, 0xbb, 0, 0, 1, 0, 8, 0, 0, 0,
        ]);
        wav.extend(b"data");
        wav.extend(8000_u32.to_le_bytes());
        wav.extend(&sound);
        let len = wav.len() as u32 - 8;
        wav[4..8].copy_from_slice(&len.to_le_bytes());
        samples(&wav)
    };
    assert!(laws == [g711(7), g711(6)]);
    let blocks = 8000 / 34;
    let by_samples = samples(&of(entry(b"ima4", 1, 16, &[]), (1, blocks * 64), 1));
    let by_packets = samples(&of(entry(b"ima4", 1, 16, &[]), (34, blocks), 64));
    assert_eq!(by_samples.len() as u32, blocks * 64);
    assert!(by_samples == by_packets);
    // ALAC within `wave`.
    let m4a = file("alac.m4a");
    let at = m4a.windows(8).position(|w| w == b"\0\0\0\x24alac").unwrap();
    let cookie = m4a[at..at + 36].to_vec();
    let entry_at = m4a.windows(4).position(|w| w == b"alac").unwrap() - 4;
    assert!(entry_at < at);
    let boxes = atom(b"wave", &[atom(b"frma", b"alac"), cookie].concat());
    let mut in_wave = m4a[entry_at..entry_at + 36].to_vec();
    in_wave.extend(boxes);
    let len = in_wave.len() as u32;
    in_wave[..4].copy_from_slice(&len.to_be_bytes());
    let in_wave = version_of_alac(&m4a, entry_at, &in_wave);
    assert!(samples(&in_wave) == samples(&m4a));
    for (format, words) in [
        (b"samr", "AMR (samr)"),
        (b"ac-3", "AC-3 (ac-3)"),
        (b"ec-3", "E-AC-3 (ec-3)"),
        (b"dtsc", "DTS (dtsc)"),
        (b"enca", "copy protection (enca)"),
        (b"QDM2", "QDesign Music (QDM2)"),
    ] {
        let said = say(&of(entry(format, 1, 16, &[]), (1, 100), 1));
        assert!(
            said.contains(&format!("MPEG-4 with {words}, which is not decoded")),
            "{said}"
        );
    }
}

/// An M4A whose index stands behind its sound, with another sample entry.
fn version_of_alac(m4a: &[u8], at: usize, entry: &[u8]) -> Vec<u8> {
    let old = u32::from_be_bytes(m4a[at..at + 4].try_into().unwrap()) as usize;
    let mut bytes = [&m4a[..at], entry, &m4a[at + old..]].concat();
    // The boxes around it grow as much.
    for name in [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"] {
        let place = bytes.windows(4).position(|w| w == name).unwrap() - 4;
        let len = u32::from_be_bytes(bytes[place..place + 4].try_into().unwrap());
        let len = len + entry.len() as u32 - old as u32;
        bytes[place..place + 4].copy_from_slice(&len.to_be_bytes());
    }
    bytes
}

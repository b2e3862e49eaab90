//! A long sequence of numbers: in memory or, beyond a limit, in an unnamed file in the system's folder for temporary
//! files, which is deleted with them.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::sync::Mutex;

/// Numbers that are written or read at a time.
const BLOCK: usize = 1 << 16;

/// A [`Spool`] that is being filled.
///
/// ```
/// use sentire::audio::Spooling;
///
/// let mut spooling = Spooling::new(2); // The third number goes to a temporary file.
/// spooling.push(&[0.1, 0.2, 0.3])?;
/// let spool = spooling.finish()?;
/// let mut last = Vec::new();
/// spool.read(1..3, &mut last)?;
/// assert_eq!(last, [0.2, 0.3]);
/// # Ok::<(), String>(())
/// ```
pub struct Spooling {
    most_in_memory: usize,
    numbers: Vec<f32>,
    file: Option<BufWriter<File>>,
    len: usize,
    scratch: Vec<u8>,
}

impl Spooling {
    /// An empty one, which keeps at most `most_in_memory` numbers in memory.
    pub fn new(most_in_memory: usize) -> Spooling {
        Spooling {
            most_in_memory,
            numbers: Vec::new(),
            file: None,
            len: 0,
            scratch: Vec::new(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends numbers. The error says why they could not be stored.
    pub fn push(&mut self, numbers: &[f32]) -> Result<(), String> {
        self.len += numbers.len();
        let no_place = |cause: io::Error| {
            let folder = std::env::temp_dir();
            format!(
                "{} samples found no place in {} ({cause}); expected room for them there; make some, or name \
                 another folder in TMPDIR",
                self.len,
                folder.display()
            )
        };
        if self.file.is_none() && self.len <= self.most_in_memory {
            self.numbers.extend_from_slice(numbers);
            return Ok(());
        }
        if self.file.is_none() {
            let file = tempfile::tempfile().map_err(no_place)?;
            let mut file = BufWriter::with_capacity(4 * BLOCK, file);
            let in_memory = std::mem::take(&mut self.numbers);
            write(&mut file, &in_memory, &mut self.scratch).map_err(no_place)?;
            self.file = Some(file);
        }
        let file = self.file.as_mut().expect("made just now");
        write(file, numbers, &mut self.scratch).map_err(no_place)
    }

    /// The numbers that were appended, for reading.
    pub fn finish(self) -> Result<Spool, String> {
        let whole = 0..self.len;
        let store = match self.file {
            None => Store::Memory(self.numbers),
            Some(file) => {
                let file = file.into_inner().map_err(|cause| {
                    let folder = std::env::temp_dir();
                    format!(
                        "its samples found no place in {} ({})",
                        folder.display(),
                        cause.error()
                    )
                })?;
                Store::File(Mutex::new(file))
            }
        };
        Ok(Spool {
            store,
            range: whole,
        })
    }
}

fn write(file: &mut impl Write, numbers: &[f32], scratch: &mut Vec<u8>) -> io::Result<()> {
    for block in numbers.chunks(BLOCK) {
        scratch.clear();
        scratch.extend(block.iter().flat_map(|x| x.to_le_bytes()));
        file.write_all(scratch)?;
    }
    Ok(())
}

/// Numbers that can be read again, in any order, by several threads.
pub struct Spool {
    store: Store,
    /// Which of the stored ones count.
    range: Range<usize>,
}

enum Store {
    Memory(Vec<f32>),
    File(Mutex<File>),
}

impl Spool {
    /// A spool of numbers that are in memory.
    pub fn in_memory(numbers: Vec<f32>) -> Spool {
        Spool {
            range: 0..numbers.len(),
            store: Store::Memory(numbers),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Keeps only the numbers in `range`.
    pub fn cut(&mut self, range: Range<usize>) {
        let start = self.range.start;
        self.range = start + range.start..start + range.end;
    }

    /// Calls `take` with all of them in order, in blocks whose lengths, except for the last, are multiples of
    /// `multiple`.
    pub fn blocks(
        &self,
        multiple: usize,
        mut take: impl FnMut(&[f32]) -> Result<(), String>,
    ) -> Result<(), String> {
        match &self.store {
            Store::Memory(numbers) if self.range.is_empty() => take(&numbers[..0]),
            // In pieces that stay in the processor's cache for all that is done with them.
            Store::Memory(numbers) => numbers[self.range.clone()]
                .chunks(BLOCK.next_multiple_of(multiple))
                .try_for_each(take),
            Store::File(_) => {
                let mut block = Vec::new();
                let step = BLOCK.next_multiple_of(multiple);
                for start in (0..self.len()).step_by(step) {
                    self.read(start..self.len().min(start + step), &mut block)?;
                    take(&block)?;
                }
                Ok(())
            }
        }
    }

    /// Reads the numbers in `range` into `out`, replacing its content.
    pub fn read(&self, range: Range<usize>, out: &mut Vec<f32>) -> Result<(), String> {
        let range = self.range.start + range.start..self.range.start + range.end;
        out.clear();
        match &self.store {
            Store::Memory(numbers) => out.extend_from_slice(&numbers[range]),
            Store::File(file) => {
                let mut bytes = vec![0; 4 * range.len().min(BLOCK)];
                out.reserve_exact(range.len());
                for start in range.clone().step_by(BLOCK) {
                    let bytes = &mut bytes[..4 * (range.end - start).min(BLOCK)];
                    let mut file = file.lock().expect("no reader panics");
                    let place = SeekFrom::Start(4 * start as u64);
                    let read = file.seek(place).and_then(|_| file.read_exact(bytes));
                    drop(file);
                    read.map_err(|cause| {
                        format!(
                            "its samples cannot be read from the temporary file any more ({cause})"
                        )
                    })?;
                    let numbers = bytes.chunks_exact(4);
                    out.extend(numbers.map(|b| f32::from_le_bytes(b.try_into().expect("4 bytes"))));
                }
            }
        }
        Ok(())
    }

    /// All of them, in memory.
    pub fn into_vec(self) -> Result<Vec<f32>, String> {
        if let Store::Memory(mut numbers) = self.store {
            numbers.truncate(self.range.end);
            numbers.drain(..self.range.start);
            return Ok(numbers);
        }
        let mut numbers = Vec::new();
        self.read(0..self.len(), &mut numbers)?;
        Ok(numbers)
    }
}

#[test]
fn what_is_spooled_comes_back_wherever_it_lies() {
    let odd = [f32::NAN, -0.0, f32::MIN_POSITIVE / 3.0];
    let numbers: Vec<f32> = (0..3 * BLOCK + 7)
        .map(|i| (i as f32).sin())
        .chain(odd)
        .collect();
    let bits = |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    for most_in_memory in [usize::MAX, numbers.len(), 1000, 0] {
        let mut spooling = Spooling::new(most_in_memory);
        for piece in numbers.chunks(777) {
            spooling.push(piece).unwrap();
        }
        assert_eq!(spooling.file.is_none(), most_in_memory >= numbers.len());
        let mut spool = spooling.finish().unwrap();
        let mut read = Vec::new();
        spool.read(BLOCK - 3..2 * BLOCK + 9, &mut read).unwrap();
        assert_eq!(bits(&read), bits(&numbers[BLOCK - 3..2 * BLOCK + 9]));
        spool.cut(5..numbers.len());
        spool.cut(1..numbers.len() - 5);
        let mut blocks = Vec::new();
        let mut lens = Vec::new();
        let take = |block: &[f32]| {
            lens.push(block.len());
            blocks.extend_from_slice(block);
            Ok(())
        };
        spool.blocks(3, take).unwrap();
        assert_eq!(bits(&blocks), bits(&numbers[6..]));
        lens.pop();
        assert!(lens.iter().all(|len| len % 3 == 0));
        assert_eq!(bits(&spool.into_vec().unwrap()), bits(&numbers[6..]));
    }
}

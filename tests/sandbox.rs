//! A folder of its own for each test, and the binary run in it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A temporary folder in which commands run.
pub struct Sandbox {
    dir: tempfile::TempDir,
}

/// How a command ended and what it said.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Asserts the exit code, showing everything where it is another.
    #[track_caller]
    pub fn exits(self, code: i32) -> Run {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }
}

impl Sandbox {
    pub fn new() -> Sandbox {
        Sandbox {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Runs `sentire` with arguments separated by spaces.
    pub fn sentire(&self, arguments: &str) -> Run {
        self.sentire_with(arguments, b"")
    }

    /// The same at a time of ours, in seconds since 1970.
    pub fn sentire_at(&self, arguments: &str, epoch: &str) -> Run {
        let mut command = self.command(arguments);
        run(command.env("SOURCE_DATE_EPOCH", epoch), b"")
    }

    /// The same with `input` on standard input.
    pub fn sentire_with(&self, arguments: &str, input: &[u8]) -> Run {
        run(&mut self.command(arguments), input)
    }

    /// `sentire` with arguments separated by spaces, to be run in this folder.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sentire"));
        command.args(arguments.split_whitespace());
        self.here(command)
    }

    /// A line of a shell that knows `sentire`, to be run in this folder.
    #[cfg(unix)]
    pub fn shell(&self, line: &str) -> Command {
        let mut folders = vec![
            Path::new(env!("CARGO_BIN_EXE_sentire"))
                .parent()
                .unwrap()
                .to_path_buf(),
        ];
        folders.extend(std::env::split_paths(
            &std::env::var_os("PATH").unwrap_or_default(),
        ));
        let mut command = Command::new("sh");
        command
            .args(["-c", line])
            .env("PATH", std::env::join_paths(folders).unwrap());
        self.here(command)
    }

    /// `command`, in this folder and without what the environment says of times and shards.
    fn here(&self, mut command: Command) -> Command {
        command
            .current_dir(self.dir.path())
            .env_remove("SOURCE_DATE_EPOCH")
            .env_remove("SLURM_ARRAY_TASK_ID")
            .env_remove("JOB_COMPLETION_INDEX");
        command
    }
}

fn run(command: &mut Command, input: &[u8]) -> Run {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input closes it; that is no failure of the test.
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input);
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().expect("the command ended by itself"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder of the repository.
pub fn repository(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A clip of the demo corpus.
pub fn demo_clip(name: &str) -> PathBuf {
    repository("corpora/demo").join(name)
}

/// A WAV of 16-bit samples, channels interleaved.
pub fn wav(samples: &[i16], channels: u16, sample_rate: u32) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|x| x.to_le_bytes()).collect();
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + data.len() as u32).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0");
    wav.extend(channels.to_le_bytes());
    wav.extend(sample_rate.to_le_bytes());
    wav.extend((sample_rate * u32::from(channels) * 2).to_le_bytes());
    wav.extend((channels * 2).to_le_bytes());
    wav.extend(b"\x10\0data");
    wav.extend((data.len() as u32).to_le_bytes());
    wav.extend(data);
    wav
}

/// Mono silence at 16 kHz as FLAC, 0.2 kB a minute: whole blocks of 65535 samples, so a little longer than
/// `seconds`. `states_length` or not: encoders that write to a pipe do not.
pub fn silent_flac(seconds: u64, states_length: bool) -> Vec<u8> {
    const BLOCK: u64 = 65_535;
    // RFC 9639, sections 9.1.8 and 9.3.
    let crc = |bytes: &[u8], bits: u32, polynomial: u32| {
        bytes.iter().fold(0_u32, |crc, &byte| {
            let crc = crc ^ (u32::from(byte) << (bits - 8));
            (0..8).fold(crc, |crc, _| {
                let carry = (crc >> (bits - 1)) & 1 == 1;
                ((crc << 1) ^ if carry { polynomial } else { 0 }) & ((1 << bits) - 1)
            })
        })
    };
    let blocks = (seconds * 16_000).div_ceil(BLOCK);
    let samples = if states_length { blocks * BLOCK } else { 0 };
    let mut flac = b"fLaC\x80\0\0\x22\xff\xff\xff\xff\0\0\0\0\0\0".to_vec();
    // 20 bits of rate, 3 of channels and 5 of width less one, 36 of length.
    flac.extend(((16_000_u64 << 44) | (15 << 36) | samples).to_be_bytes());
    flac.extend([0; 16]);
    for block in 0..u32::try_from(blocks).unwrap() {
        let number = char::from_u32(block).expect("below the surrogates");
        let mut frame = vec![0xff, 0xf8, 0x75, 0x08];
        frame.extend(number.to_string().bytes());
        frame.extend((BLOCK as u16 - 1).to_be_bytes());
        frame.push(crc(&frame, 8, 0x07) as u8);
        // A constant subframe.
        frame.extend([0, 0, 0]);
        let check = crc(&frame, 16, 0x8005) as u16;
        frame.extend(check.to_be_bytes());
        flac.extend(frame);
    }
    flac
}

/// A sandbox with the features of the demo corpus in `features.parquet`.
pub fn with_demo_features() -> Sandbox {
    let sandbox = Sandbox::new();
    let manifest = repository("corpora/demo/manifest.csv");
    sandbox
        .sentire(&format!(
            "extract {} -o features.parquet -q",
            manifest.display()
        ))
        .exits(0);
    sandbox
}

/// The value of an environment variable that names what is not part of the repository; where it is not
/// set, says that what needs it is skipped.
pub fn skipped_without(variable: &str, what: &str) -> Option<std::ffi::OsString> {
    let value = std::env::var_os(variable);
    if value.is_none() {
        // Past the test harness, which would keep it to itself.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: {variable} is not set, no {what} here"
        );
    }
    value
}

/// The folder of a real corpus, where `SENTIRE_CORPORA` names the one above it.
pub fn corpus(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(skipped_without("SENTIRE_CORPORA", name)?).join(name);
    assert!(folder.is_dir(), "SENTIRE_CORPORA has no folder {name}");
    Some(folder.canonicalize().unwrap())
}

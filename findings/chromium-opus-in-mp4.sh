#!/bin/sh
# What MediaRecorder of Chromium 156 writes into MP4 of Opus is not what its encoder made.
#
# A tone is recorded as WebM and as fragmented MP4 (`start(500)`), in packets of 60 ms.
# - The tone begins 312 samples behind the beginning of what is decoded of WebM, which is the delay of the encoder. WebM
#   states a delay of 0 (OpusHead), MP4 one of 3840 (dOps): whoever takes them off, as FFmpeg (imageio-ffmpeg 0.8.1) does,
#   loses the first 73 ms of sound.
# - In MP4 the durations are those of a clock, not of the packets, and the last of each fragment is 21 ms: by them there is a
#   hole of some 40 ms before each following fragment. In the sound there is none.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap exit HUP INT TERM
version=$(dpkg-query -W -f '${Version}' chromium 2> /dev/null) || version=none
case $version in 156.*) ;; *) echo "skipped: chromium is $version; this was seen with 156"; exit 0 ;; esac
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check imageio-ffmpeg==0.8.1
cd "$work"

venv/bin/python - << 'END'
import http.server
import re
import struct
import subprocess
import threading

import imageio_ffmpeg

PAGE = b"""<script>(async () => {
const context = new AudioContext({sampleRate: 48000});
const stream = context.createMediaStreamDestination(), tone = context.createOscillator();
tone.connect(stream); tone.start();
for (const type of ['webm', 'mp4']) {
    const recorder = new MediaRecorder(stream.stream, {mimeType: `audio/${type};codecs=opus`}), parts = [];
    recorder.ondataavailable = event => parts.push(event.data);
    recorder.onstop = () => fetch('/' + type, {method: 'POST', body: new Blob(parts)});
    recorder.start(500); setTimeout(() => recorder.stop(), 3000);
} })()</script>"""
recorded, both = {}, threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def do_POST(self):
        recorded[self.path[1:]] = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_error(204)
        if len(recorded) == 2:
            both.set()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
browser = subprocess.Popen(
    ["chromium", "--headless", "--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--user-data-dir=profile",
     f"http://127.0.0.1:{server.server_port}/"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
assert both.wait(60), "Chromium recorded nothing"
browser.terminate()
browser.wait()

webm, mp4 = recorded["webm"], recorded["mp4"]
head, box = webm.index(b"OpusHead"), mp4.index(b"dOps")
skips = struct.unpack_from("<H", webm, head + 10)[0], struct.unpack_from(">H", mp4, box + 6)[0]
print("pre-skip in WebM and in MP4:", skips)

fragments = []
for at in [match.start() for match in re.finditer(b"tfdt", mp4)]:
    begins, run = struct.unpack_from(">Q", mp4, at + 8)[0], mp4.index(b"trun", at)
    flags, count = struct.unpack_from(">II", mp4, run + 4)
    assert flags & 0xFFFFFF == 0x301  # an offset, and for each packet its duration and its size
    fragments.append((begins, [struct.unpack_from(">I", mp4, run + 16 + 8 * packet)[0] for packet in range(count)]))
lasts = [durations[-1] for _, durations in fragments]
holes = [after[0] - before[0] - sum(before[1]) for before, after in zip(fragments, fragments[1:])]
print("durations of the first fragment:", fragments[0][1])
print("last durations:", lasts, "holes before the following fragments:", holes)

for kind in ("webm", "mp4"):
    open(f"recorded.{kind}", "wb").write(recorded[kind])
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", f"recorded.{kind}", "-ac", "1", "-f", "s16le", "-"]
    sound = memoryview(subprocess.run(ffmpeg, check=True, capture_output=True).stdout).cast("h")
    samples = len(sound)
    start = next(at for at, sample in enumerate(sound) if abs(sample) > 3000)
    print(f"{kind}: FFmpeg decodes {samples} samples, the tone begins at {start}")
    if kind == "webm":
        assert 300 < start < 400, "this has changed"
packets = sum(len(durations) for _, durations in fragments)
assert skips == (0, 3840) and samples == packets * 2880 - 3840, "this has changed"
assert all(duration < 1500 for duration in lasts) and all(1000 < hole < 3000 for hole in holes), "this has changed"
END

//! `sentire serve` over plain sockets: the answers of the command line, and what hostile requests get.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use sentire::predict::Prediction;
use sentire::table::{Column, Table};
use serde_json::Value;

use crate::sandbox::{Sandbox, demo_clip, repository, silent_flac, wav, with_demo_features};

/// A model of the demo corpus, trained once.
fn model() -> &'static [u8] {
    static MODEL: OnceLock<Vec<u8>> = OnceLock::new();
    MODEL.get_or_init(|| {
        let sandbox = with_demo_features();
        sandbox
            .sentire("train features.parquet -q -o model.sentire")
            .exits(0);
        sandbox.read("model.sentire")
    })
}

/// A server of its own for a test, killed when it ends.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    pub sandbox: Sandbox,
    stderr: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts one with these arguments, separated by spaces.
    pub fn start(arguments: &str) -> Server {
        let sandbox = Sandbox::new();
        sandbox.write("model.sentire", model());
        let mut child = Command::new(env!("CARGO_BIN_EXE_sentire"))
            .args("serve -m model.sentire --port 0".split(' '))
            .args(arguments.split_whitespace())
            .current_dir(sandbox.path(""))
            .env_remove("PORT")
            .env_remove("HOST")
            .env_remove("SENTIRE_TOKEN")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let address = first
            .strip_prefix("listening on http://")
            .and_then(|rest| rest.split(',').next())
            .unwrap_or_else(|| panic!("{first}"));
        assert!(
            first.ends_with("of model.sentire; Ctrl-C ends it"),
            "{first}"
        );
        let address = address.parse().unwrap();
        let stderr = Arc::new(Mutex::new(vec![first]));
        let kept = stderr.clone();
        std::thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .for_each(|line| kept.lock().unwrap().push(line));
        });
        Server {
            child,
            address,
            sandbox,
            stderr,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        stream
            .set_write_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        stream
    }

    /// Sends bytes as they are and takes the answer.
    fn send(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        // The server may have answered, and closed, before it has all.
        let _ = stream.write_all(request);
        Answer::read(&mut stream)
    }

    /// A request with headers, each a line, and a body.
    pub fn ask(&self, method: &str, target: &str, headers: &[&str], body: &[u8]) -> Answer {
        self.send(&request(self.address, method, target, headers, body))
    }

    pub fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, &[], b"")
    }

    pub fn post(&self, target: &str, body: &[u8]) -> Answer {
        self.ask("POST", target, &[], body)
    }

    /// Posts a form with one file.
    fn post_form(&self, target: &str, field: &str, name: &str, content: &[u8]) -> Answer {
        let body = form(&[(field, Some(name), content)]);
        self.ask("POST", target, &[FORM], &body)
    }

    fn lives(&self) {
        assert_eq!(
            self.get("/health").json(),
            serde_json::json!({"status": "ok"})
        );
    }

    /// Kilobytes of memory: the present, and the most there was.
    #[cfg(target_os = "linux")]
    fn memory_kb(&self) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let field = |name: &str| {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap();
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        (field("VmRSS:"), field("VmHWM:"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub const FORM: &str = "Content-Type: multipart/form-data; boundary=----b";

fn request(host: SocketAddr, method: &str, target: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut request =
        format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for header in headers {
        request += &format!("{header}\r\n");
    }
    if !body.is_empty() {
        request += &format!("Content-Length: {}\r\n", body.len());
    }
    [request.as_bytes(), b"\r\n", body].concat()
}

/// A form: name of the field, name of the file, content.
pub fn form(fields: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut form = Vec::new();
    for (field, file, content) in fields {
        let file = file.map_or(String::new(), |file| format!("; filename=\"{file}\""));
        let head =
            format!("------b\r\nContent-Disposition: form-data; name=\"{field}\"{file}\r\n\r\n");
        form.extend([head.as_bytes(), content, b"\r\n"].concat());
    }
    form.extend(b"------b--\r\n");
    form
}

/// The content of a body in chunks (RFC 9112, section 7.1).
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    loop {
        let line = chunks.windows(2).position(|w| w == b"\r\n").unwrap();
        let length = std::str::from_utf8(&chunks[..line]).unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            return content;
        }
        content.extend(&chunks[line + 2..][..length]);
        chunks = &chunks[line + 2 + length + 2..];
    }
}

pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The answer up to the end of the connection.
    fn read(stream: &mut TcpStream) -> Answer {
        let mut bytes = Vec::new();
        let mut chunk = [0; 65_536];
        loop {
            match stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(n) => bytes.extend(&chunk[..n]),
                // What came before counts.
                Err(cause) if cause.kind() == ErrorKind::ConnectionReset => break,
                Err(cause) => panic!("{cause} after {} bytes", bytes.len()),
            }
        }
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&bytes)));
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_string())
        });
        let headers: Vec<(String, String)> = headers.collect();
        let body = bytes[end + 4..].to_vec();
        let is_chunked = headers.contains(&("transfer-encoding".into(), "chunked".into()));
        Answer {
            status,
            headers,
            body: if is_chunked { joined(&body) } else { body },
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{:?}\n{}", self.headers, self.text());
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The line of an error.
    #[track_caller]
    pub fn error(self, status: u16) -> String {
        let json = self.is(status).json();
        let fields: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["error"]);
        json["error"].as_str().unwrap().to_string()
    }
}

pub fn clip() -> Vec<u8> {
    std::fs::read(demo_clip("f1_angry_s1.flac")).unwrap()
}

/// A clip of the demo corpus, again and again.
fn long(seconds: usize) -> Vec<u8> {
    let clip = sentire::audio::read(demo_clip("m1_happy_s1.flac"), &Default::default()).unwrap();
    let samples = clip.audio.samples.iter().map(|x| (x * 32767.0) as i16);
    let samples: Vec<i16> = samples.collect();
    wav(
        &samples
            .into_iter()
            .cycle()
            .take(seconds * 16_000)
            .collect::<Vec<_>>(),
        1,
        16_000,
    )
}

#[test]
fn a_recording_is_the_same_by_file_by_pipe_and_over_http() {
    let server = Server::start("");
    let recording = long(3);
    server.sandbox.write("clip.wav", &recording);
    for (flags, query) in [("", ""), ("--window 1 --hop 0.5", "?window=1&hop=0.5")] {
        let command = |file: &str, input: &[u8]| -> Prediction {
            let command = format!("predict {file} -m model.sentire --json {flags}");
            let said = server.sandbox.sentire_with(&command, input).exits(0).stdout;
            serde_json::from_str(&said).unwrap()
        };
        let http = |answer: Answer| -> Prediction {
            serde_json::from_slice(&answer.is(200).body).unwrap()
        };
        let by_file = command("clip.wav", b"");
        let others = [
            ("-", command("-", &recording)),
            (
                "recording",
                http(server.post(&format!("/api/predict{query}"), &recording)),
            ),
            (
                "clip.wav",
                http(server.post_form(
                    &format!("/api/predict{query}"),
                    "file",
                    "clip.wav",
                    &recording,
                )),
            ),
        ];
        assert!(!by_file.reasons.is_empty() && by_file.windows.is_empty() == flags.is_empty());
        let separator = if query.is_empty() { "?" } else { "&" };
        let path = format!("/api/predict{query}{separator}reasons=false");
        let bare = http(server.post(&path, &recording));
        let explained = Prediction {
            file: "recording".into(),
            reasons: Vec::new(),
            ..by_file.clone()
        };
        assert_eq!(bare, explained);
        for (file, other) in others {
            for (class, p) in &by_file.probabilities {
                assert!(
                    (other.probabilities[class] - p).abs() < 1e-6,
                    "{file} {class}"
                );
            }
            // And all the rest, reasons included.
            assert_eq!(
                other,
                Prediction {
                    file: file.into(),
                    ..by_file.clone()
                }
            );
        }
    }
}

#[test]
fn the_page_and_its_files() {
    let server = Server::start("");
    let page = server.get("/").is(200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(page.text().starts_with("<!doctype html>"));
    for (header, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-cache"),
    ] {
        assert_eq!(page.header(header), Some(value));
    }
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; "),
        "{policy}"
    );
    assert!(
        page.header("permissions-policy")
            .unwrap()
            .starts_with("microphone=(self)")
    );
    assert_eq!(page.header("access-control-allow-origin"), None);

    let tag = format!("If-None-Match: \"x\", {}", page.header("etag").unwrap());
    let known = server.ask("GET", "/", &[&tag], b"").is(304);
    assert!(known.body.is_empty());
    let head = server.ask("HEAD", "/", &[], b"").is(200);
    assert!(head.body.is_empty() && head.header("content-length") != Some("0"));
    assert_eq!(server.get("/assets/index.html").is(200).body, page.body);

    // Every file that the page names is there, and nothing else is.
    let html = page.text();
    for name in html
        .split("\"/assets/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
    {
        server.get(&format!("/assets/{name}")).is(200);
    }
    for name in [
        "",
        "none.js",
        ".",
        "..",
        "../serve.rs",
        "..%2f..%2fCargo.toml",
        "%2e%2e/%2e%2e/Cargo.toml",
        "....//x",
        "/etc/passwd",
        "index.html/",
        "index.html%00",
        "index.html%00.js",
        "%ff",
        "C:\\x",
        "..\\..\\Cargo.toml",
        "fetch",
        "package-lock.json",
    ] {
        let answer = server.get(&format!("/assets/{name}"));
        // hyper itself refuses what is no address.
        assert!(
            [404, 400].contains(&answer.status),
            "{name} {}",
            answer.status
        );
        assert!(answer.status == 400 || !answer.json()["error"].as_str().unwrap().is_empty());
    }
    let nowhere = server.get("/api/none?x=1").error(404);
    assert!(
        nowhere.starts_with("there is nothing at /api/none; the page is at /"),
        "{nowhere}"
    );
    let read = server.get("/api/predict");
    assert_eq!(read.header("allow"), Some("POST"));
    assert_eq!(
        read.error(405),
        "/api/predict does not answer to GET; the header `Allow` names what it does"
    );
    server.ask("DELETE", "/", &[], b"").error(405);
    server
        .ask(
            "OPTIONS",
            "/api/predict",
            &["Origin: http://evil.example"],
            b"",
        )
        .error(405);
}

/// Every field of `value` is in the schema, and every field that the schema asks for is in `value`.
pub fn fits(value: &Value, schema: &Value, document: &Value, place: &str) {
    let schema = match schema["$ref"].as_str() {
        Some(to) => document.pointer(to.strip_prefix('#').unwrap()).expect(to),
        None => schema,
    };
    if let Some(kinds) = schema["oneOf"].as_array() {
        let kind = kinds
            .iter()
            .find(|kind| (kind["type"] == "null") == value.is_null());
        return fits(value, kind.unwrap(), document, place);
    }
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let properties = [&schema["properties"][name], &schema["additionalProperties"]];
                let known = properties.into_iter().find(|schema| schema.is_object());
                let known =
                    known.unwrap_or_else(|| panic!("{place}.{name} is not in the document"));
                fits(field, known, document, &format!("{place}.{name}"));
            }
            for name in schema["required"].as_array().into_iter().flatten() {
                assert!(
                    fields.contains_key(name.as_str().unwrap()),
                    "{place} has no {name}"
                );
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| fits(item, &schema["items"], document, place)),
        _ => {
            let kind = match value {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::String(_) => "string",
                Value::Number(n) if n.is_f64() => "number",
                _ => "integer",
            };
            let kinds = &schema["type"];
            let is = |kind: &str| {
                kinds == kind
                    || kinds
                        .as_array()
                        .is_some_and(|all| all.contains(&kind.into()))
            };
            let fine = is(kind) || (kind == "integer" && is("number")) || schema["const"] == *value;
            assert!(fine, "{place} is {value}, the document says {schema}");
        }
    }
}

#[test]
fn the_document_describes_all_there_is() {
    let server = Server::start("");
    let document = server.get("/api/openapi.json").is(200).json();
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let paths: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let routes = std::fs::read_to_string(repository("src/serve/routes.rs")).unwrap();
    let routes = routes
        .split(".route(\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap());
    let routes: BTreeSet<String> = routes.map(|route| route.replace("{*", "{")).collect();
    assert_eq!(paths, routes);

    let schema = |name: &str| &document["components"]["schemas"][name];
    let card = server.get("/api/model").is(200).json();
    let described = server
        .sandbox
        .sentire("describe model.sentire --json")
        .exits(0)
        .stdout;
    assert_eq!(card, serde_json::from_str::<Value>(&described).unwrap());
    fits(&card, schema("Card"), &document, "card");
    let prediction = server
        .post("/api/predict?window=0.5", &clip())
        .is(200)
        .json();
    assert!(
        prediction["windows"].as_array().unwrap().len() > 1
            && prediction["reasons"].as_array().unwrap().len() == 5
    );
    fits(&prediction, schema("Prediction"), &document, "prediction");
    fits(
        &server.post("/api/contours", &clip()).is(200).json(),
        schema("Contours"),
        &document,
        "contours",
    );
    fits(
        &server.post("/api/predict", b"x").is(422).json(),
        schema("Error"),
        &document,
        "error",
    );
}

#[test]
fn what_breaks_off_is_answered_where_that_is_accepted_and_marked() {
    let server = Server::start("");
    let whole = clip();
    let cut = &whole[..whole.len() * 2 / 3];
    assert_eq!(
        server.post("/api/predict", &whole).is(200).json()["truncated"],
        false
    );
    for target in ["predict", "contours", "features"] {
        let path = format!("/api/{target}");
        assert!(server.post(&path, cut).error(422).contains("breaks off"));
        server
            .post(&format!("{path}?accept_truncated=true"), cut)
            .is(200);
        server
            .post(&format!("{path}?accept_truncated=1"), cut)
            .error(400);
    }
    let said = server.post("/api/predict?accept_truncated=true", cut);
    let said = said.is(200).json();
    assert_eq!(said["truncated"], true);
    server.sandbox.write("recording", cut);
    let command = "predict recording -m model.sentire --json --accept-truncated";
    let by_file = server.sandbox.sentire(command).exits(0).stdout;
    assert_eq!(said, serde_json::from_str::<Value>(&by_file).unwrap());
    let csv = server.post("/api/features?accept_truncated=true", cut);
    let csv = csv.is(200).text();
    assert!(csv.starts_with("file,start,end,truncated,"), "{csv}");
    let without = server.post("/api/features", &whole).is(200).text();
    assert!(!without.contains("truncated"));
}

#[test]
fn channels_that_cancel_and_silence_are_told() {
    let server = Server::start("");
    let mono = sentire::audio::read(demo_clip("f1_angry_s1.flac"), &Default::default()).unwrap();
    let samples = mono.audio.samples.iter().map(|x| (x * 32767.0) as i16);
    let samples: Vec<i16> = samples.collect();
    let inverted: Vec<i16> = samples.iter().flat_map(|&x| [x, -x]).collect();
    let said = |samples: &[i16], channels: u16| {
        let sent = wav(samples, channels, 16_000);
        server.post("/api/predict", &sent).is(200).json()
    };
    let (left, both) = (said(&samples, 1), said(&inverted, 2));
    assert_eq!(left["channels_cancel"], false);
    assert_eq!(both["channels_cancel"], true);
    assert_eq!(both["probabilities"], left["probabilities"]);
    let silence = said(&[0; 20_000], 1);
    assert_eq!(silence["unsure"], true, "{silence}");
}

#[test]
fn each_channel_is_answered_as_if_it_were_asked_for() {
    let server = Server::start("");
    let samples = |name: &str| -> Vec<i16> {
        let read = sentire::audio::read(demo_clip(name), &Default::default()).unwrap();
        read.audio
            .samples
            .iter()
            .map(|x| (x * 32767.0) as i16)
            .collect()
    };
    let (angry, sad) = (samples("f1_angry_s1.flac"), samples("m1_sad_s1.flac"));
    let frames = angry.len().min(sad.len());
    let call: Vec<i16> = (0..frames)
        .flat_map(|at| [angry[at], sad[at], angry[at]])
        .collect();
    let call = wav(&call, 3, 16_000);
    let all = server
        .post("/api/predict?channel=each&segment=speech", &call)
        .is(200)
        .json();
    let document = server.get("/api/openapi.json").is(200).json();
    let schema = &document["components"]["schemas"]["EachChannel"];
    fits(&all, schema, &document, "each channel");
    let channels = all["channels"].as_array().unwrap();
    assert_eq!(channels.len(), 3);
    for (number, said) in channels[..2].iter().enumerate() {
        let query = format!("/api/predict?channel={number}&segment=speech");
        let alone = server.post(&query, &call).is(200).json();
        assert_eq!(said["channel"], number);
        for key in ["label", "probabilities", "windows", "reasons"] {
            assert_eq!(said[key], alone[key], "{number} {key}");
        }
    }
    assert_eq!(
        (&channels[2]["copy_of"], &channels[2]["windows"]),
        (&Value::from(0), &Value::Array(vec![]))
    );
    let refused = server
        .post("/api/features?channel=each", &call)
        .is(400)
        .text();
    assert!(refused.contains("the table is of one channel"), "{refused}");
    let many = wav(&[100; 9 * 4000], 9, 16_000);
    let refused = server
        .post("/api/predict?channel=each", &many)
        .is(422)
        .text();
    assert!(
        refused.contains("has 9 channels; expected at most 8"),
        "{refused}"
    );
}

#[test]
fn several_recordings_are_lines_as_they_are_done_and_one_that_fails_is_one_of_them() {
    let server = Server::start("");
    let (one, three) = (clip(), long(3));
    let body = form(&[
        ("file", Some("one.flac"), &one),
        ("file", Some("none.wav"), b"not a recording"),
        ("file", Some("three.wav"), &three),
    ]);
    let answer = server.ask("POST", "/api/predict", &[FORM], &body).is(200);
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let lines: Vec<Value> = answer
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    let of = |file: &str| lines.iter().find(|line| line["file"] == file).unwrap();
    for (index, file, bytes) in [(0, "one.flac", &one), (2, "three.wav", &three)] {
        let alone = server.post_form("/api/predict", "file", file, bytes);
        let mut alone = alone.is(200).json();
        alone["index"] = index.into();
        assert_eq!(*of(file), alone);
    }
    let document = server.get("/api/openapi.json").is(200).json();
    let schema = &document["components"]["schemas"]["Failed"];
    fits(of("none.wav"), schema, &document, "failed");
    let error = of("none.wav")["error"].as_str().unwrap();
    assert!(
        error.contains("none.wav: holds text; expected WAV, FLAC"),
        "{error}"
    );
    // The same where a client wants lines whatever it sends.
    let accept = ["Accept: application/x-ndjson"];
    let one = server.ask("POST", "/api/predict", &accept, &one).is(200);
    assert_eq!(one.text().lines().count(), 1);
    assert_eq!(one.header("content-type"), Some("application/x-ndjson"));
}

#[test]
fn more_recordings_than_wait_are_all_answered_in_one_request() {
    let server = Server::start("-j 1 --queue 1");
    let clip = clip();
    let names: Vec<String> = (0..8).map(|at| format!("{at}.flac")).collect();
    let fields: Vec<(&str, Option<&str>, &[u8])> = names
        .iter()
        .map(|name| ("file", Some(name.as_str()), &clip[..]))
        .collect();
    let body = form(&fields);
    let answer = server.ask("POST", "/api/predict?reasons=false", &[FORM], &body);
    let text = answer.is(200).text();
    let answered: BTreeSet<String> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .inspect(|line| assert!(line["label"].is_string(), "{line}"))
        .map(|line| line["file"].as_str().unwrap().to_string())
        .collect();
    assert_eq!(answered, names.into_iter().collect());
}

#[test]
fn a_table_of_many_is_that_of_score_and_failures_are_its_last_rows() {
    let server = Server::start("");
    let (one, three) = (clip(), long(3));
    server.sandbox.write("calls/one.flac", &one);
    server.sandbox.write("calls/three.wav", &three);
    for (flags, query) in [
        ("", ""),
        ("--segment speech", "&segment=speech"),
        ("--channel each --window 1", "&channel=each&window=1"),
    ] {
        let score = format!("score calls -m model.sentire {flags} -q --force -o s.parquet");
        server.sandbox.sentire(&score).exits(0);
        let expected = Table::read(server.sandbox.path("s.parquet")).unwrap();
        let body = form(&[
            ("file", Some("one.flac"), &one),
            ("file", Some("../none.wav"), b"not a recording"),
            ("file", Some("three.wav"), &three),
        ]);
        let target = format!("/api/score?format=parquet{query}");
        let answer = server.ask("POST", &target, &[FORM], &body).is(200);
        let path = server.sandbox.write("got.parquet", &answer.body);
        let got = Table::read(path).unwrap();
        let n = expected.rows();
        assert_eq!(got.rows(), n + 1);
        let said: Vec<usize> = (0..n).collect();
        for (name, column) in &expected.columns {
            // A folder knows its name, and a moment passes.
            if !["corpus", "scored_at"].contains(&name.as_str()) {
                let same = got.column(name).map(|column| column.select(&said));
                assert_eq!(same.as_ref(), Some(column), "{name}");
            }
        }
        assert_eq!(got.text("file").unwrap()[n].as_deref(), Some("../none.wav"));
        assert_eq!(got.text("label").unwrap()[n], None);
        let errors = got.text("error").unwrap();
        assert!(errors[..n].iter().all(Option::is_none));
        assert!(errors[n].as_ref().unwrap().contains("holds text"));
    }
    let body = form(&[("file", Some("none.wav"), b"not a recording")]);
    let csv = server.ask("POST", "/api/score", &[FORM], &body).is(200);
    let text = csv.text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("file,start,end,") && lines[0].ends_with(",scored_at,error"));
    assert!(
        lines[1].starts_with("none.wav,") && lines.len() == 2,
        "{text}"
    );
    let refused = server.post("/api/score?window=1&hop=0.05", &one).error(400);
    assert!(
        refused.contains("hop=0.05: expected at least 0.59"),
        "{refused}"
    );
}

#[test]
fn pages_of_origins_that_are_allowed_may_ask() {
    let server = Server::start(
        "--token secret --allow-origin https://Example.org --allow-origin http://localhost:3000",
    );
    let of = |method: &str, origin: &str, more: &[&str], body: &[u8]| {
        let origin = format!("Origin: {origin}");
        let headers = [&["Sec-Fetch-Site: cross-site", origin.as_str()], more].concat();
        server.ask(method, "/api/predict?reasons=false", &headers, body)
    };
    let asks = [
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: authorization",
    ];
    let token = ["Authorization: Bearer secret"];
    for origin in ["https://example.org", "http://localhost:3000"] {
        // Browsers ask first, without a token.
        let may = of("OPTIONS", origin, &asks, b"").is(200);
        assert_eq!(may.header("access-control-allow-origin"), Some(origin));
        let headers = may.header("access-control-allow-headers").unwrap();
        assert!(headers.contains("authorization"), "{headers}");
        let answer = of("POST", origin, &token, &clip()).is(200);
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        // What a page may read says why it may not have it.
        let refused = of("POST", origin, &[], &clip());
        assert_eq!(refused.header("access-control-allow-origin"), Some(origin));
        assert!(refused.error(401).contains("token"));
    }
    for origin in [
        "https://example.org:444",
        "http://example.org",
        "https://evil.example",
        "null",
    ] {
        let may = of("OPTIONS", origin, &asks, b"");
        assert_eq!(may.header("access-control-allow-origin"), None, "{origin}");
        let refused = of("POST", origin, &token, &clip());
        assert_eq!(
            refused.header("access-control-allow-origin"),
            None,
            "{origin}"
        );
        assert!(refused.error(403).contains("--allow-origin"), "{origin}");
    }
}

#[test]
fn a_proxy_may_keep_the_name_that_it_is_called_by() {
    let server = Server::start("--public-host voice.example.org");
    let with_host = |host: &str, origin: &str| {
        let head = format!(
            "POST /api/predict?reasons=false HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            clip().len()
        );
        server.send(&[head.as_bytes(), &clip()].concat()).status
    };
    assert_eq!(
        with_host("voice.example.org", "https://voice.example.org"),
        200
    );
    assert_eq!(
        with_host("Voice.Example.org:8443", "https://voice.example.org:8443"),
        200
    );
    assert_eq!(with_host("voice.example.org", "https://evil.example"), 403);
    assert_eq!(with_host("example.org", "https://example.org"), 421);
}

#[test]
fn what_was_done_is_counted() {
    let server = Server::start("");
    server.post("/api/predict", &clip()).is(200);
    server.post("/api/predict", b"x").is(422);
    server.get("/assets/main.js").is(200);
    server.get("/nothing/of/the/kind").is(404);
    let metrics = server.get("/metrics").is(200);
    let kind = metrics.header("content-type").unwrap();
    assert!(
        kind.starts_with("application/openmetrics-text; version=1.0.0"),
        "{kind}"
    );
    let text = metrics.text();
    for line in [
        "sentire_requests_total{path=\"/api/predict\",status=\"200\"} 1",
        "sentire_requests_total{path=\"/api/predict\",status=\"422\"} 1",
        "sentire_requests_total{path=\"/assets\",status=\"200\"} 1",
        "sentire_requests_total{path=\"other\",status=\"404\"} 1",
        "sentire_recordings_total{verdict=\"failed\"} 1",
        "sentire_request_seconds_count 4",
        "sentire_at_work 0",
        "sentire_waiting 0",
    ] {
        assert!(text.lines().any(|of| of == line), "{line}\n{text}");
    }
    let seconds = text
        .lines()
        .find_map(|line| line.strip_prefix("sentire_audio_seconds_total "));
    let duration = server.post("/api/predict", &clip()).json()["duration_s"].as_f64();
    assert_eq!(seconds.unwrap().parse().ok(), duration);
    assert!(text.ends_with("# EOF\n"));
}

fn floats<'a>(table: &'a Table, name: &str) -> &'a [f32] {
    match table.column(name) {
        Some(Column::Float(values)) => values,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn contours_and_features_are_those_of_extract() {
    let server = Server::start("");
    server.sandbox.write("clip.flac", clip());
    server.sandbox.write("m.csv", "file\nclip.flac\n");
    server
        .sandbox
        .sentire("extract m.csv --level lld -q -o lld.parquet")
        .exits(0);
    let lld = Table::read(server.sandbox.path("lld.parquet")).unwrap();
    let contours = server.post("/api/contours", &clip()).is(200).json();
    assert_eq!(contours["step_s"], 0.01);
    let f0: Vec<f32> = contours["f0_hz"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f0| f0.as_f64().map_or(f32::NAN, |f0| f0 as f32))
        .collect();
    let expected = floats(&lld, "f0_hz");
    assert!(f0.len() == expected.len() && f0.iter().any(|f0| !f0.is_nan()));
    assert!(
        f0.iter()
            .zip(expected)
            .all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
    );

    for (flags, query) in [
        ("", "?"),
        ("--window 0.5 --hop 0.25", "?window=0.5&hop=0.25&"),
    ] {
        let extract = format!("extract m.csv {flags} -q --force -o f.parquet");
        server.sandbox.sentire(&extract).exits(0);
        let expected = Table::read(server.sandbox.path("f.parquet")).unwrap();
        let names = expected.feature_names().unwrap();
        let post = |format: &str| {
            let target = format!("/api/features{query}format={format}");
            server
                .post_form(
                    &target,
                    "file",
                    "my \"call\".flac".replace('"', "%22").as_str(),
                    &clip(),
                )
                .is(200)
        };
        let parquet = post("parquet");
        assert_eq!(
            parquet.header("content-type"),
            Some("application/vnd.apache.parquet")
        );
        let path = server.sandbox.write("got.parquet", &parquet.body);
        let table = Table::read(path).unwrap();
        assert_eq!(table.rows(), expected.rows());
        assert_eq!(table.feature_names().unwrap(), names);
        for name in &names {
            let same = |(a, b): (&f32, &f32)| a == b || (a.is_nan() && b.is_nan());
            assert!(
                floats(&table, name)
                    .iter()
                    .zip(floats(&expected, name))
                    .all(same),
                "{name}"
            );
        }
        for name in ["start", "end"] {
            assert_eq!(table.column(name), expected.column(name), "{name}");
        }
        let csv = post("csv");
        let download = csv.header("content-disposition").unwrap();
        assert!(
            download.starts_with("attachment; filename=\"my_")
                && download.ends_with(".features.csv\""),
            "{download}"
        );
        let text = csv.text();
        let mut lines = text.lines();
        assert!(lines.next().unwrap().starts_with("file,start,end,"));
        assert_eq!(lines.count(), expected.rows());
    }
}

#[test]
fn what_cannot_be_answered_is_refused_in_words_and_the_server_lives() {
    let server = Server::start("--max-body-mb 1");
    let (clip, address) = (clip(), server.address);
    let bad_forms: Vec<(&str, Vec<u8>, &str)> = vec![
        (
            FORM,
            form(&[("sound", Some("x.wav"), &clip)]),
            "no field `file`",
        ),
        (
            FORM,
            form(&[("file", Some(&"x".repeat(2000)), &clip)]),
            "longer than 1024 bytes",
        ),
        (FORM, b"no form".to_vec(), "is broken"),
        (
            FORM,
            form(&[("file", Some("x.wav"), &clip)])[..2000].to_vec(),
            "is broken",
        ),
        (
            FORM,
            b"------b\r\nContent-Disposition: form-data; name=\"file".to_vec(),
            "is broken",
        ),
        (
            "Content-Type: multipart/form-data",
            form(&[("file", None, &clip)]),
            "names no boundary",
        ),
        (
            "Content-Type: multipart/form-data; boundary=",
            form(&[("file", None, &clip)]),
            "no field `file`",
        ),
    ];
    for (header, body, said) in bad_forms {
        let error = server
            .ask("POST", "/api/predict", &[header], &body)
            .error(400);
        assert!(error.contains(said), "{error}");
    }
    let two = form(&[("file", Some("a"), &clip), ("file", Some("b"), &clip)]);
    for target in ["/api/contours", "/api/features"] {
        let error = server.ask("POST", target, &[FORM], &two).error(400);
        assert!(error.contains("several fields `file`"), "{error}");
    }
    let unusable = [
        (
            &b"not a recording"[..],
            "recording: holds text; expected WAV, FLAC",
        ),
        (&[0; 5000], "holds nothing that looks like a recording"),
        (&clip[..clip.len() / 2], "breaks off or is damaged"),
        (&wav(&[], 1, 16_000), "without a single whole sample"),
        (b"PK\x03\x04zip", "holds a ZIP archive"),
    ];
    for (body, said) in unusable {
        for target in ["/api/predict", "/api/contours", "/api/features"] {
            let error = server.post(target, body).error(422);
            assert!(error.contains(said), "{target}: {error}");
        }
    }
    let named = server
        .post_form("/api/predict", "file", "<img src=x>\u{fc}.wav", b"")
        .error(422);
    assert!(
        named.starts_with("<img src=x>\u{fc}.wav: is empty (0 bytes)"),
        "{named}"
    );
    assert!(
        server
            .ask("POST", "/api/predict", &["Content-Length: 0"], b"")
            .error(400)
            .contains("the body is empty")
    );
    for (query, said) in [
        ("window=NaN", "window NaN: expected at least 0.1"),
        ("window=-1", "window -1: expected"),
        ("window=inf", "window inf: expected"),
        ("window=1e300&hop=1e301", "hop"),
        ("window=1&hop=NaN", "hop NaN: expected 0.01 to 1"),
        ("window=1&hop=0", "hop 0: expected 0.01 to 1"),
        ("hop=1", "hop without window"),
        ("window=x", "window=x is no number; expected seconds"),
        ("window=", "window= is no number; expected seconds"),
        ("window=1&window=2", "window is given twice"),
        ("reasons=no", "reasons=no; expected true or false"),
        (
            "widow=1",
            "/api/predict knows no \"widow\"; expected channel, segment, window, hop, accept_truncated, reasons",
        ),
        ("window=%ff", "query: "),
    ] {
        let error = server
            .post(&format!("/api/predict?{query}"), &clip)
            .error(400);
        assert!(error.contains(said), "{query}: {error}");
    }
    assert!(
        server
            .post("/api/features?format=xls", &clip)
            .error(400)
            .contains("format=xls; expected csv or parquet")
    );
    server.post("/api/contours?window=1", &clip).error(400);
    let cut_fine = server
        .post("/api/predict?window=0.1&hop=0.01", &silent_flac(60, true))
        .error(422);
    assert!(
        cut_fine.contains("would be cut into") && cut_fine.contains("at most 1024"),
        "{cut_fine}"
    );
    server
        .ask("POST", "/api/predict", &["Content-Encoding: gzip"], &clip)
        .error(415);
    // Whatever it calls itself.
    for kind in [
        "text/html",
        "application/x-www-form-urlencoded",
        "audio/mpeg",
        "x",
    ] {
        server
            .ask(
                "POST",
                "/api/predict",
                &[&format!("Content-Type: {kind}")],
                &clip,
            )
            .is(200);
    }
    // A form may have more than the file, and come in any order.
    let more = form(&[
        ("note", None, b"hello"),
        ("file", None, &clip),
        ("files", Some("y"), b"y"),
    ]);
    let answer = server
        .ask("POST", "/api/predict", &[FORM], &more)
        .is(200)
        .json();
    assert_eq!(answer["file"], "recording");

    // Heads that are none.
    let raw = |text: &str| server.send(text.as_bytes()).status;
    assert_eq!(raw("\0\0\0\0\r\n\r\n"), 400);
    assert_eq!(raw("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), 400);
    assert_eq!(
        raw(&format!(
            "GET / HTTP/1.1\r\nHost: {address}\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )),
        400
    );
    assert_eq!(
        raw(&format!(
            "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nX: {}\r\n\r\n",
            "x".repeat(100_000)
        )),
        431
    );
    let many: String = (0..200).map(|i| format!("X{i}: y\r\n")).collect();
    assert_eq!(
        raw(&format!("GET / HTTP/1.1\r\nHost: {address}\r\n{many}\r\n")),
        431
    );
    let smuggled =
        format!("POST /api/predict HTTP/1.1\r\nHost: {address}\r\nContent-Length: 3, 4\r\n\r\nabc");
    assert_eq!(raw(&smuggled), 400);
    let broken = format!(
        "POST /api/predict HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    );
    assert_eq!(raw(&broken), 400);
    assert_eq!(raw("GET / HTTP/1.0\r\n\r\n"), 200);
    server.lives();
}

#[test]
fn large_bodies_and_long_recordings_are_refused_before_they_take_the_memory() {
    let server = Server::start("--max-body-mb 1 --max-duration 60");
    server.post("/api/predict", &clip()).is(200);
    // Said at once, and the rest is taken so that the client can read why.
    for extra in [1, 3_000_000] {
        let error = server
            .post("/api/predict", &vec![0; 1_000_000 + extra])
            .error(413);
        assert!(error.contains("larger than 1 MB"), "{error}");
    }
    server
        .post_form("/api/predict", "file", "x.wav", &vec![0; 2_000_000])
        .error(413);
    let claim = ["Content-Length: 99999999999999", "Expect: 100-continue"];
    let answer = server.ask("POST", "/api/predict", &claim, b"");
    assert_eq!(answer.status, 413, "and not 100");
    // In chunks, without an end and without a length.
    for headers in ["", "Content-Type: multipart/form-data; boundary=----b\r\n"] {
        let mut stream = server.connect();
        let head = format!(
            "POST /api/predict HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}Transfer-Encoding: chunked\r\n\r\n",
            server.address
        );
        stream.write_all(head.as_bytes()).unwrap();
        let form = b"------b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n";
        let chunk = [b"10000\r\n", &[b'x'; 0x10000][..], b"\r\n"].concat();
        let first = [format!("{:x}\r\n", form.len()).as_bytes(), form, b"\r\n"].concat();
        stream.write_all(&first).unwrap();
        for _ in 0..100 {
            if stream.write_all(&chunk).is_err() {
                break;
            }
        }
        let _ = stream.shutdown(std::net::Shutdown::Write);
        Answer::read(&mut stream).error(413);
    }
    let began = Instant::now();
    for states_length in [false, true] {
        let bomb = silent_flac(60 * 3600, states_length);
        let error = server
            .post_form("/api/predict", "file", "bomb.flac", &bomb)
            .error(422);
        assert!(error.starts_with("bomb.flac: FLAC "), "{error}");
        assert!(
            states_length || error.contains("too long: expected at most 60 s"),
            "{error}"
        );
    }
    assert!(began.elapsed() < Duration::from_secs(10));
    #[cfg(target_os = "linux")]
    assert!(
        server.memory_kb().1 < 400_000,
        "{:?} kB",
        server.memory_kb()
    );
    server.lives();
}

#[test]
fn a_token_is_asked_for_and_never_told() {
    let server = Server::start("--token s3cret:x");
    server.lives();
    // `printf 'me:s3cret:x' | base64`, `printf 'me:wrong' | base64`.
    let (basic, wrong) = (
        "Authorization: Basic bWU6czNjcmV0Ong=",
        "Authorization: Basic bWU6d3Jvbmc=",
    );
    for target in [
        "/",
        "/assets/index.html",
        "/api/model",
        "/api/openapi.json",
        "/none",
    ] {
        let answer = server.get(target);
        let challenges: Vec<&str> = answer
            .headers
            .iter()
            .filter(|(name, _)| name == "www-authenticate")
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(
            challenges,
            [
                "Basic realm=\"sentire\", charset=\"UTF-8\"",
                "Bearer realm=\"sentire\""
            ]
        );
        let error = answer.error(401);
        assert!(!error.contains("s3cret"), "{error}");
        for header in [
            wrong,
            "Authorization: Bearer s3cret",
            "Authorization: Bearer s3cret:xx",
            "Authorization: x",
        ] {
            server.ask("GET", target, &[header], b"").error(401);
        }
        let status = if target == "/none" { 404 } else { 200 };
        for header in [
            basic,
            "Authorization: Bearer s3cret:x",
            "authorization: bearer s3cret:x",
        ] {
            server.ask("GET", target, &[header], b"").is(status);
        }
    }
    // Before the body: a large one is not read for it.
    server
        .post("/api/predict?token=s3cret:x", &vec![0; 3_000_000])
        .error(401);
    server
        .ask("POST", "/api/predict", &[basic], &clip())
        .is(200);
    let log = server.stderr.lock().unwrap().join("\n");
    assert!(
        log.contains("/api/model") && !log.contains("s3cret"),
        "{log}"
    );
}

#[test]
fn pages_of_others_get_nothing() {
    let server = Server::start("");
    let port = server.address.port();
    let with_host = |host: &str, more: &str| {
        let head =
            format!("POST /api/predict HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}");
        let length = format!("Content-Length: {}\r\n\r\n", clip().len());
        server
            .send(&[head.as_bytes(), length.as_bytes(), &clip()].concat())
            .status
    };
    for host in ["localhost", "127.0.0.1", "[::1]", "LocalHost"] {
        assert_eq!(with_host(&format!("{host}:{port}"), ""), 200);
        assert_eq!(with_host(host, ""), 200);
    }
    // Names that were made to lead here.
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:80",
        "192.168.0.1",
    ] {
        assert_eq!(with_host(host, ""), 421, "{host}");
    }
    for host in ["", "a b", "@", "localhost, evil.example"] {
        assert_eq!(with_host(host, ""), 400, "{host:?}");
    }
    let ours = format!("127.0.0.1:{port}");
    for (headers, status) in [
        ("Sec-Fetch-Site: same-origin\r\n".to_string(), 200),
        ("Sec-Fetch-Site: none\r\n".into(), 200),
        (format!("Origin: http://{ours}\r\n"), 200),
        ("Sec-Fetch-Site: cross-site\r\n".into(), 403),
        ("Sec-Fetch-Site: same-site\r\n".into(), 403),
        ("Origin: http://evil.example\r\n".into(), 403),
        (format!("Origin: http://127.0.0.1:{}\r\n", port ^ 1), 403),
        ("Origin: null\r\n".into(), 403),
        (
            format!("Sec-Fetch-Site: cross-site\r\nOrigin: http://{ours}\r\n"),
            403,
        ),
    ] {
        assert_eq!(with_host(&ours, &headers), status, "{headers}");
    }
    let absolute =
        format!("GET http://evil.example/ HTTP/1.1\r\nHost: {ours}\r\nConnection: close\r\n\r\n");
    assert_eq!(server.send(absolute.as_bytes()).status, 421);
}

#[test]
fn slow_clients_hold_nobody_up() {
    let server = Server::start("-j 1");
    let head = format!(
        "POST /api/predict HTTP/1.1\r\nHost: {}\r\nContent-Length: 100000\r\n\r\n",
        server.address
    );
    let _waiting: Vec<TcpStream> = (0..200)
        .map(|i| {
            let mut stream = server.connect();
            // Half a head, or a body that does not go on.
            let sent = if i % 2 == 0 {
                &head.as_bytes()[..20]
            } else {
                head.as_bytes()
            };
            stream.write_all(sent).unwrap();
            stream
        })
        .collect();
    let began = Instant::now();
    server.post("/api/predict", &clip()).is(200);
    server.lives();
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn more_than_can_be_computed_is_sent_away_and_the_rest_is_answered() {
    let server = Server::start("-j 1");
    let recording = long(20);
    let expected = server.post("/api/predict", &recording).is(200).body;
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..60)
            .map(|_| scope.spawn(|| server.post("/api/predict", &recording)))
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    });
    let mut counts: BTreeMap<u16, usize> = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer.status).or_default() += 1;
        if answer.status == 503 {
            assert_eq!(answer.header("retry-after"), Some("1"));
            assert!(answer.error(503).contains("busy"));
        } else {
            assert_eq!(answer.is(200).body, expected);
        }
    }
    // One at work and 16 in the queue, at least.
    assert!(
        counts[&200] >= 17 && counts.contains_key(&503),
        "{counts:?}"
    );
    server.post("/api/predict", &clip()).is(200);
}

#[cfg(unix)]
#[test]
fn it_ends_when_told_with_what_it_has_begun() {
    for signal in ["INT", "TERM"] {
        let mut server = Server::start("-j 1");
        // Connections that ask for nothing, or have been answered, do not hold it.
        let _idle = server.connect();
        let mut kept = server.connect();
        let alive = format!("GET /health HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
        kept.write_all(alive.as_bytes()).unwrap();
        kept.read_exact(&mut [0; 15]).unwrap();
        let (address, recording) = (server.address, long(30));
        let mut stream = server.connect();
        stream
            .write_all(&request(address, "POST", "/api/predict", &[], &recording))
            .unwrap();
        std::thread::sleep(Duration::from_millis(50));
        let pid = server.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        Answer::read(&mut stream).is(200);
        assert_eq!(server.child.wait().unwrap().code(), Some(0), "{signal}");
        assert!(TcpStream::connect(address).is_err());
    }
}

#[test]
fn each_request_leaves_a_line() {
    let server = Server::start("");
    server.post("/api/predict?window=0.5", &clip()).is(200);
    server.get("/a%0ab\"c").error(404);
    // Lines are written behind the answers.
    let began = Instant::now();
    let lines = loop {
        let lines = server.stderr.lock().unwrap()[1..].to_vec();
        if lines.len() == 2 {
            break lines;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{lines:?}");
        std::thread::sleep(Duration::from_millis(10));
    };
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let fields: Vec<&String> = lines[0].as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), 6);
    assert_eq!(
        (&lines[0]["method"], &lines[0]["path"]),
        (&"POST".into(), &"/api/predict".into())
    );
    assert_eq!(
        (&lines[0]["status"], &lines[0]["bytes_in"]),
        (&200.into(), &clip().len().into())
    );
    assert!(
        lines[0]["ms"].as_f64().unwrap() > 0.0 && lines[0]["time"].as_str().unwrap().ends_with('Z')
    );
    assert_eq!(
        (&lines[1]["path"], &lines[1]["status"]),
        (&"/a%0ab\"c".into(), &404.into())
    );
}

#[test]
fn what_cannot_be_served_is_said_before() {
    let server = Server::start("");
    let sandbox = &server.sandbox;
    let port = server.address.port();
    let taken = sandbox
        .sentire(&format!("serve -m model.sentire --port {port}"))
        .exits(2)
        .stderr;
    assert_eq!(
        taken,
        format!(
            "error: port {port} of 127.0.0.1 is taken by another program; choose another with --port, or 0 for one that is free\n"
        )
    );
    if !cfg!(feature = "default-model") {
        let none = sandbox.sentire("serve").exits(2).stderr;
        assert_eq!(none, sandbox.sentire("predict x.wav").exits(2).stderr);
        assert!(none.starts_with("error: no model: "), "{none}");
    }
    for (flags, said) in [
        (
            "--host 203.0.113.1",
            "cannot listen on port 8080 of 203.0.113.1",
        ),
        ("--max-duration NaN", "longest recording NaN s"),
        ("--max-body-mb 0", "--max-body-mb"),
        ("--token=", "is empty"),
        (
            "--allow-origin example.org",
            "origin \"example.org\" (--allow-origin): expected that of a page",
        ),
        ("--allow-origin http://example.org/page", "--allow-origin"),
        ("--allow-origin *", "--allow-origin"),
        ("--allow-origin https://example.org:443", "--allow-origin"),
        ("--public-host https://example.org", "--public-host"),
        ("--public-host example.org:8443", "--public-host"),
    ] {
        let error = sandbox
            .sentire(&format!("serve -m model.sentire {flags}"))
            .exits(2)
            .stderr;
        assert!(error.contains(said), "{flags}: {error}");
    }
    let features = with_demo_features();
    let train =
        "train features.parquet --model ridge:alpha=100 --normalize speaker -q -o b.sentire";
    features.sentire(train).exits(0);
    let refused = features
        .sentire("serve -m b.sentire --port 0")
        .exits(2)
        .stderr;
    assert!(refused.contains("hears each recording alone"), "{refused}");
}

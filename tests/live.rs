//! The live socket: what is said of a window is what is said of a recording of it, whatever pieces it comes in.

use std::net::TcpStream;

use serde_json::Value;
use tungstenite::client::IntoClientRequest;
use tungstenite::http::header;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message, WebSocket};

use crate::sandbox::{demo_clip, wav};
use crate::serve::{Server, clip, fits};

/// Opens the socket, with these headers beside those of the protocol.
fn open(
    server: &Server,
    query: &str,
    headers: &[(header::HeaderName, &str)],
) -> Result<WebSocket<TcpStream>, Error> {
    let address = server.address;
    let mut request = format!("ws://{address}/api/live?{query}").into_client_request()?;
    for (name, value) in headers {
        request
            .headers_mut()
            .insert(name.clone(), value.parse().unwrap());
    }
    let stream = TcpStream::connect(address).unwrap();
    match tungstenite::client(request, stream) {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::HandshakeError::Failure(error)) => Err(error),
        Err(other) => panic!("{other}"),
    }
}

/// The status with which a socket is refused.
fn refused(opened: Result<WebSocket<TcpStream>, Error>) -> u16 {
    match opened {
        Err(Error::Http(answer)) => answer.status().as_u16(),
        other => panic!("{other:?}"),
    }
}

/// What the server says, and the code with which it closes.
fn all_of(mut socket: WebSocket<TcpStream>) -> (Vec<Value>, Option<CloseCode>) {
    let mut said = Vec::new();
    loop {
        match socket.read() {
            Ok(Message::Text(text)) => said.push(serde_json::from_str(&text).unwrap()),
            Ok(Message::Close(frame)) => return (said, frame.map(|frame| frame.code)),
            Ok(_) => {}
            Err(error) => panic!("{error} after {said:?}"),
        }
    }
}

/// Sends sound in pieces of `len` bytes, then says that that is all.
fn send(socket: &mut WebSocket<TcpStream>, sound: &[u8], len: usize) {
    for piece in sound.chunks(len) {
        socket.send(Message::binary(piece.to_vec())).unwrap();
    }
    socket.send(Message::text("end")).unwrap();
}

/// The demo's angry clip, over and over, for so many seconds at this rate.
fn samples(seconds: f64, rate: u32) -> Vec<i16> {
    let read = sentire::audio::read(demo_clip("f1_angry_s1.flac"), &Default::default()).unwrap();
    let samples = read.audio.samples.iter().map(|x| (x * 32767.0) as i16);
    let samples: Vec<i16> = samples.collect();
    samples
        .iter()
        .copied()
        .cycle()
        .take((seconds * f64::from(rate)) as usize)
        .collect()
}

fn bytes_of(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|x| x.to_le_bytes()).collect()
}

#[test]
fn each_window_is_answered_as_a_recording_of_it_whatever_the_pieces() {
    let server = Server::start("");
    let document = server.get("/api/openapi.json").is(200).json();
    let schema = &document["components"]["schemas"]["Prediction"];
    for (rate, piece) in [(16_000, 3201), (44_100, 100_001)] {
        let sound = samples(3.3, rate);
        let mut socket = open(&server, &format!("rate={rate}&window=1.5&hop=0.7"), &[]).unwrap();
        send(&mut socket, &bytes_of(&sound), piece);
        let (said, code) = all_of(socket);
        assert_eq!((said.len(), code), (3, Some(CloseCode::Normal)), "{said:?}");
        for (number, mut said) in said.into_iter().enumerate() {
            let fields = said.as_object_mut().unwrap();
            let place = ["start", "end"].map(|name| fields.remove(name).unwrap().as_f64().unwrap());
            let start = (number as f64 * 0.7 * f64::from(rate)).round() as usize;
            let end = start + (1.5 * f64::from(rate)).round() as usize;
            assert_eq!(place, [start, end].map(|at| at as f64 / f64::from(rate)));
            let alone = wav(&sound[start..end], 1, rate);
            let mut alone = server
                .post("/api/predict?reasons=false", &alone)
                .is(200)
                .json();
            alone["file"] = "live".into();
            assert_eq!(said, alone);
            fits(&said, schema, &document, "live");
        }
    }
}

#[test]
fn webm_as_browsers_record_it_is_answered_as_the_file() {
    let server = Server::start("");
    let webm = std::fs::read(crate::sandbox::repository("tests/audio/browser.webm")).unwrap();
    let whole = server
        .post("/api/predict?reasons=false", &webm)
        .is(200)
        .json();
    let window = whole["duration_s"].as_f64().unwrap();
    let mut socket = open(&server, &format!("format=webm&window={window}"), &[]).unwrap();
    send(&mut socket, &webm, 1000);
    let (said, _) = all_of(socket);
    assert_eq!(said.len(), 1, "{said:?}");
    for name in ["label", "probabilities", "audio_hash", "speech_s"] {
        assert_eq!(said[0][name], whole[name], "{name}");
    }
}

#[test]
fn who_wants_the_latest_is_not_told_of_all_that_was() {
    let server = Server::start("-j 1");
    let sound = bytes_of(&samples(60.0, 16_000));
    let mut socket = open(&server, "rate=16000&window=0.5&hop=0.1&latest=true", &[]).unwrap();
    send(&mut socket, &sound, 500_000);
    let (said, _) = all_of(socket);
    assert!((1..300).contains(&said.len()), "{}", said.len());
    assert_eq!(said.last().unwrap()["end"], 60.0);
}

#[test]
fn what_is_no_sound_is_said_and_ends_it() {
    let server = Server::start("");
    let mut socket = open(&server, "format=webm", &[]).unwrap();
    socket.send(Message::binary(vec![7; 100_000])).unwrap();
    let (said, code) = all_of(socket);
    assert!(
        said[0]["error"]
            .as_str()
            .unwrap()
            .starts_with("the stream "),
        "{said:?}"
    );
    assert_eq!(code, Some(CloseCode::Unsupported));
    let mut socket = open(&server, "rate=16000", &[]).unwrap();
    socket.send(Message::text("hello")).unwrap();
    let (said, code) = all_of(socket);
    assert!(
        said[0]["error"]
            .as_str()
            .unwrap()
            .contains("expected bytes of sound"),
        "{said:?}"
    );
    assert_eq!(code, Some(CloseCode::Unsupported));
    for (query, error) in [
        ("", "rate is missing"),
        ("rate=many", "rate=many is no rate"),
        ("rate=10", "10 Hz; expected"),
        ("format=webm&rate=8000", "rate is for format=pcm"),
        ("rate=8000&window=30", "window=30; expected 0.5 to 20 s"),
        ("rate=8000&hop=0", "hop=0; expected 0.1 to 20 s"),
        ("rate=8000&channel=0", "/api/live knows no \"channel\""),
    ] {
        let said = server.get(&format!("/api/live?{query}")).error(400);
        assert!(said.contains(error), "{query}: {said}");
    }
    assert!(
        server
            .get("/api/live?rate=8000")
            .error(426)
            .contains("WebSocket")
    );
    server.post("/api/predict", &clip()).is(200);
}

#[test]
fn pages_of_others_open_no_socket_and_a_token_may_be_a_subprotocol() {
    let server = Server::start("--token secret/1 --allow-origin https://example.org");
    let opened = |origin: &str, protocol: &str| {
        let headers = [
            (header::ORIGIN, origin),
            (header::SEC_WEBSOCKET_PROTOCOL, protocol),
        ];
        open(&server, "rate=8000", &headers)
    };
    // `printf secret/1 | basenc --base64url`, without padding.
    let token = "sentire, sentire.token.c2VjcmV0LzE";
    let mut socket = opened("https://example.org", token).unwrap();
    socket.send(Message::text("end")).unwrap();
    assert_eq!(all_of(socket).0.len(), 0);
    assert_eq!(refused(opened("https://example.org", "sentire")), 401);
    assert_eq!(
        refused(opened(
            "https://example.org",
            "sentire, sentire.token.c2VjcmV0"
        )),
        401
    );
    assert_eq!(refused(opened("https://evil.example", token)), 403);
    let ours = format!("http://{}", server.address);
    assert!(opened(&ours, token).is_ok());
}

//! Any body of a request is answered, and never by a fault of the server.
#![no_main]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use sentire::predict::Predictor;
use sentire::serve::{Options, Server};

fn address() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| {
        let predictor =
            Predictor::new(sentire::model::built_in().expect("it is built in")).expect("it fits");
        let options = Options {
            port: 0,
            max_duration_s: 2.0,
            ..Options::default()
        };
        let server = Server::bind(predictor, options).expect("a port is free");
        let address = server.address();
        std::thread::spawn(move || server.run(None));
        address
    })
}

// The first byte says whether the rest is a form or a recording.
fuzz_target!(|bytes: &[u8]| {
    let Some((kind, body)) = bytes.split_first() else {
        return;
    };
    let content = match kind % 2 {
        0 => "multipart/form-data; boundary=x",
        _ => "application/octet-stream",
    };
    let mut stream = TcpStream::connect(address()).expect("the server lives");
    let head = format!(
        "POST /api/predict?reasons=false HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: {content}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    // It may have refused already.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let said = String::from_utf8_lossy(&answer);
    let status = said.split(' ').nth(1).unwrap_or_default();
    assert!(status.starts_with(['2', '4']), "{said}");
});

//! Access control: the host name that the client used, the token, and the page that a request comes from.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::error::{Error, Result};
use crate::serve::answer::Refusal;
use crate::serve::{App, Options};

/// The subprotocol of the live socket.
pub const SUBPROTOCOL: &str = "sentire";
/// What stands before the token, in base64url without padding, where a page of another origin opens the live socket: browsers
/// let pages set no header but that of subprotocols.
const TOKEN_SUBPROTOCOL: &str = "sentire.token.";

/// The path of the live socket, which is opened by GET and does more than read.
const LIVE: &str = "/api/live";

/// What is asked of a request before anything else.
pub struct Guard {
    /// Hash of the token. Comparing hashes takes the same time wherever they differ.
    token: Option<blake3::Hash>,
    /// The server listens to this machine alone.
    loopback: bool,
    /// Names by which others call it all the same: those of a proxy.
    public_hosts: Vec<String>,
    /// Other origins whose pages may ask.
    origins: Vec<HeaderValue>,
}

impl Guard {
    /// Asks for the token, if there is one; on `loopback`, for a name of this machine, or one of a proxy. An error if an origin
    /// is none.
    pub fn new(options: &Options, loopback: bool) -> Result<Guard> {
        let origins = options
            .allowed_origins
            .iter()
            .map(|origin| of_origin(origin));
        let is_name = |name: &&String| {
            let name = name.parse::<Authority>();
            name.is_ok_and(|name| name.as_str() == name.host())
        };
        if let Some(name) = options.public_hosts.iter().find(|name| !is_name(name)) {
            return Err(Error::Usage(format!(
                "public host {name:?} (--public-host): expected a name alone, as in voice.example.org"
            )));
        }
        Ok(Guard {
            token: options
                .token
                .as_ref()
                .map(|token| blake3::hash(token.as_bytes())),
            loopback,
            public_hosts: options.public_hosts.clone(),
            origins: origins.collect::<Result<_>>()?,
        })
    }

    /// Other origins whose pages may ask.
    pub fn origins(&self) -> &[HeaderValue] {
        &self.origins
    }

    fn check(&self, request: &Request) -> std::result::Result<(), Refusal> {
        let headers = request.headers();
        let host = host(request.uri(), headers, request.version())?;
        // Names are asked for where they are known: of this machine, or of the proxy.
        let is_named = self.loopback || !self.public_hosts.is_empty();
        if let (true, Some(host)) = (is_named, &host)
            && !is_of_this_machine(host.host())
            && !self.is_public(host)
        {
            // A name of somebody else that leads here: DNS rebinding.
            return Err(Refusal::new(
                StatusCode::MISDIRECTED_REQUEST,
                "this server is not called by that name; expected localhost, 127.0.0.1 or [::1] in `Host`, or the name of a proxy (--public-host)",
            ));
        }
        if request.uri().path() != "/health"
            && let Some(token) = &self.token
            && !presents(headers, token)
        {
            return Err(Refusal::new(
                StatusCode::UNAUTHORIZED,
                "the server's token is missing or wrong; send `Authorization: Bearer TOKEN`, or the token as password",
            ));
        }
        let only_reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method())
            && request.uri().path() != LIVE;
        if !only_reads && is_cross_site(headers, host.as_ref()) && !self.is_allowed(headers) {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "the request comes from a page of another origin; use the page of this server, or a program, or start the server \
                 with --allow-origin",
            ));
        }
        Ok(())
    }

    fn is_public(&self, host: &Authority) -> bool {
        let mut names = self.public_hosts.iter();
        names.any(|name| name.eq_ignore_ascii_case(host.host()))
    }

    /// Whether the page that asks is of an origin whose pages may.
    fn is_allowed(&self, headers: &HeaderMap) -> bool {
        let origin = headers.get(header::ORIGIN);
        origin.is_some_and(|origin| self.origins.contains(origin))
    }
}

/// An origin as browsers send it. Refused where it is none: a scheme, a name and perhaps a port, nothing else.
fn of_origin(text: &str) -> Result<HeaderValue> {
    let refused = || {
        Error::Usage(format!(
            "origin {text:?} (--allow-origin): expected that of a page as its browser sends it, as in https://example.org or \
             http://localhost:3000"
        ))
    };
    let (scheme, authority) = text.split_once("://").ok_or_else(refused)?;
    let authority: Authority = authority.parse().map_err(|_| refused())?;
    // Which browsers leave out.
    let default_port = match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let is_plain = default_port.is_some()
        && !authority.as_str().contains('@')
        && authority.port_u16() != default_port;
    // Browsers send names in lower case.
    let origin = format!("{scheme}://{authority}").to_ascii_lowercase();
    match is_plain && authority.host() != "*" {
        true => HeaderValue::from_str(&origin).map_err(|_| refused()),
        false => Err(refused()),
    }
}

/// Lets a request through, or refuses it.
pub async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match app.guard.check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// The name by which the client called the server; that of the request's own address goes before the header
/// (RFC 9112, section 3.2.2). HTTP/1.0 knows none.
fn host(
    uri: &Uri,
    headers: &HeaderMap,
    version: Version,
) -> std::result::Result<Option<Authority>, Refusal> {
    if let Some(authority) = uri.authority() {
        return Ok(Some(authority.clone()));
    }
    let mut named = headers.get_all(header::HOST).iter();
    let bad = || {
        Refusal::bad(
            "the request has no header `Host`, several, or one that is no name; expected one name",
        )
    };
    match (named.next(), named.next()) {
        (None, _) if version < Version::HTTP_11 => Ok(None),
        (Some(host), None) => {
            let host = host.to_str().map_err(|_| bad())?;
            host.parse().map(Some).map_err(|_| bad())
        }
        _ => Err(bad()),
    }
}

fn is_of_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address: Option<IpAddr> = address.parse().ok();
    host.eq_ignore_ascii_case("localhost") || address.is_some_and(|ip| ip.is_loopback())
}

/// Whether a request bears the token: as bearer, or as the password of whatever user.
fn presents(headers: &HeaderMap, token: &blake3::Hash) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '));
    let given = match given {
        Some((scheme, given)) if scheme.eq_ignore_ascii_case("bearer") => {
            Some(given.trim().as_bytes().to_vec())
        }
        Some((scheme, given)) if scheme.eq_ignore_ascii_case("basic") => {
            let pair = STANDARD.decode(given.trim()).ok();
            pair.and_then(|pair| {
                let colon = pair.iter().position(|&byte| byte == b':')?;
                Some(pair[colon + 1..].to_vec())
            })
        }
        _ => None,
    };
    let of_socket = || {
        let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL);
        let offered = offered.iter().filter_map(|value| value.to_str().ok());
        let mut offered = offered.flat_map(|value| value.split(','));
        offered.find_map(|word| {
            let given = word.trim().strip_prefix(TOKEN_SUBPROTOCOL)?;
            URL_SAFE_NO_PAD.decode(given).ok()
        })
    };
    let given = given.or_else(of_socket);
    given.is_some_and(|given| blake3::hash(&given) == *token)
}

/// Whether a browser says that another site's page is asking. Programs say nothing of the kind.
fn is_cross_site(headers: &HeaderMap, host: Option<&Authority>) -> bool {
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or("").to_string();
    if let Some(site) = headers.get("sec-fetch-site").map(text) {
        // `none` is the user's own doing.
        return site != "same-origin" && site != "none";
    }
    let Some(origin) = headers.get(header::ORIGIN).map(text) else {
        return false;
    };
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let is_ours =
        |authority: &str| host.is_some_and(|host| host.as_str().eq_ignore_ascii_case(authority));
    !authority.is_some_and(is_ours)
}

#[test]
fn names_of_this_machine() {
    for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "[::1]"] {
        assert!(is_of_this_machine(host), "{host}");
    }
    for host in [
        "",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "10.0.0.1",
        "[::2]",
        "0.0.0.0",
    ] {
        assert!(!is_of_this_machine(host), "{host}");
    }
}

#[test]
fn tokens_in_both_schemes() {
    let token = blake3::hash(b"a:b");
    let with = |value: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        presents(&headers, &token)
    };
    // `printf 'me:a:b' | base64`.
    assert!(with("Bearer a:b") && with("bearer  a:b") && with("Basic bWU6YTpi"));
    for wrong in [
        "a:b",
        "Bearer",
        "Bearer ",
        "Bearer a:",
        "Basic a:b",
        "Basic bWU6YQ==",
        "Digest a:b",
    ] {
        assert!(!with(wrong), "{wrong}");
    }
    assert!(!presents(&HeaderMap::new(), &token));
}

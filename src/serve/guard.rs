//! Access control: the host name that the client used, the token, and the page that a request comes from.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode, Uri, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::serve::App;
use crate::serve::answer::Refusal;

/// What is asked of a request before anything else.
pub struct Guard {
    /// Hash of the token. Comparing hashes takes the same time wherever they differ.
    token: Option<blake3::Hash>,
    /// The server listens to this machine alone.
    loopback: bool,
}

impl Guard {
    /// Asks for `token`, if there is one; on `loopback`, for a name of this machine.
    pub fn new(token: Option<&str>, loopback: bool) -> Guard {
        Guard {
            token: token.map(|token| blake3::hash(token.as_bytes())),
            loopback,
        }
    }

    fn check(&self, request: &Request) -> Result<(), Refusal> {
        let headers = request.headers();
        let host = host(request.uri(), headers, request.version())?;
        if let (true, Some(host)) = (self.loopback, &host)
            && !is_of_this_machine(host.host())
        {
            // A name of somebody else that leads here: DNS rebinding.
            return Err(Refusal::new(
                StatusCode::MISDIRECTED_REQUEST,
                "this server is not called by that name; expected localhost, 127.0.0.1 or [::1] in `Host`",
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
        let only_reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
        if !only_reads && is_cross_site(headers, host.as_ref()) {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "the request comes from a page of another site; use the page of this server, or a program",
            ));
        }
        Ok(())
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
fn host(uri: &Uri, headers: &HeaderMap, version: Version) -> Result<Option<Authority>, Refusal> {
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

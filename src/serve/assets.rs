//! The web page and the libraries it uses, which are part of the binary.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use include_dir::{Dir, include_dir};

use crate::serve::answer::Refusal;

static PAGE: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/serve/page");
static VENDOR: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/serve/vendor");

/// The files that are served, by name.
pub struct Assets(BTreeMap<String, Asset>);

struct Asset {
    bytes: &'static [u8],
    content_type: &'static str,
    etag: String,
}

/// What a file is, by the end of its name. What is not here is not for browsers.
fn content_type(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    })
}

impl Assets {
    /// All of both folders; of two files with the same name, the page's own.
    pub fn new() -> Assets {
        let mut assets = BTreeMap::new();
        let mut folders = vec![&VENDOR, &PAGE];
        while let Some(folder) = folders.pop() {
            folders.extend(folder.dirs());
            for file in folder.files() {
                let Some(name) = file.path().to_str() else {
                    continue;
                };
                if let Some(content_type) = content_type(name) {
                    let bytes = file.contents();
                    let asset = Asset {
                        bytes,
                        content_type,
                        etag: format!("\"{}\"", &blake3::hash(bytes).to_hex()[..32]),
                    };
                    assets.entry(name.replace('\\', "/")).or_insert(asset);
                }
            }
        }
        Assets(assets)
    }

    /// The file named `name`, letter by letter: there is no way from one to others. Nothing but
    /// its tag where the client has it.
    pub fn get(&self, name: &str, headers: &HeaderMap) -> Response {
        let Some(asset) = self.0.get(name) else {
            return Refusal::new(
                StatusCode::NOT_FOUND,
                "there is no such file; the page is at /",
            )
            .into_response();
        };
        let known = headers
            .get(header::IF_NONE_MATCH)
            .and_then(|tags| tags.to_str().ok())
            .is_some_and(|tags| {
                tags.split(',')
                    .any(|tag| tag.trim().trim_start_matches("W/") == asset.etag)
            });
        let always = [
            (header::ETAG, asset.etag.as_str()),
            // Kept, and asked for again: a newer binary has another page.
            (header::CACHE_CONTROL, "no-cache"),
        ];
        match known {
            true => (StatusCode::NOT_MODIFIED, always).into_response(),
            false => (
                always,
                [(header::CONTENT_TYPE, asset.content_type)],
                asset.bytes,
            )
                .into_response(),
        }
    }
}

#[test]
fn every_file_of_the_page_has_a_name_of_its_own() {
    let names = |dir: &Dir| -> Vec<String> {
        dir.files()
            .map(|file| file.path().display().to_string())
            .collect()
    };
    let (page, vendor) = (names(&PAGE), names(&VENDOR));
    assert!(
        page.iter().all(|name| !vendor.contains(name)),
        "{page:?} {vendor:?}"
    );
    assert!(Assets::new().0.contains_key("index.html"));
}

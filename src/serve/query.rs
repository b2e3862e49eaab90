//! The query of a request: `channel=0&window=2`, each name once and one that the path knows.

use axum::extract::Query;
use axum::http::Uri;

use crate::serve::answer::Refusal;

/// What a client asks for, by name.
pub struct Asked {
    pairs: Vec<(String, String)>,
}

impl Asked {
    /// Of a request to a path that knows the names `known`.
    pub fn of(uri: &Uri, known: &[&str]) -> Result<Asked, Refusal> {
        let Query(pairs): Query<Vec<(String, String)>> =
            Query::try_from_uri(uri).map_err(|_| {
                Refusal::bad(
                    "query: is not UTF-8 in percent encoding; expected NAME=VALUE&NAME=VALUE",
                )
            })?;
        for (at, (name, _)) in pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let expected = match known {
                    [] => "none".to_string(),
                    known => known.join(", "),
                };
                return Err(Refusal::bad(format!(
                    "query: {} knows no {name:?}; expected {expected}",
                    uri.path()
                )));
            }
            if pairs[..at].iter().any(|(earlier, _)| earlier == name) {
                return Err(Refusal::bad(format!(
                    "query: {name} is given twice; expected it once"
                )));
            }
        }
        Ok(Asked { pairs })
    }

    /// A word.
    pub fn text(&self, name: &str) -> Option<&str> {
        let pair = self.pairs.iter().find(|(given, _)| given == name);
        pair.map(|(_, value)| value.as_str())
    }

    /// A number, in seconds.
    pub fn seconds(&self, name: &str) -> Result<Option<f64>, Refusal> {
        let parse = |text: &str| {
            text.parse().map_err(|_| {
                Refusal::bad(format!(
                    "query: {name}={text} is no number; expected seconds, as in {name}=2"
                ))
            })
        };
        self.text(name).map(parse).transpose()
    }

    /// `true` or `false`; `otherwise` where it is not given.
    pub fn flag(&self, name: &str, otherwise: bool) -> Result<bool, Refusal> {
        match self.text(name) {
            None => Ok(otherwise),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(text) => Err(Refusal::bad(format!(
                "query: {name}={text}; expected true or false"
            ))),
        }
    }

    /// One of these words, the first where none is given.
    pub fn one_of<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<T, Refusal> {
        let Some(text) = self.text(name) else {
            return Ok(words[0].1);
        };
        let named = words.iter().find(|(word, _)| *word == text);
        named.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            Refusal::bad(format!(
                "query: {name}={text}; expected {}",
                words.join(" or ")
            ))
        })
    }
}

#[test]
fn what_no_path_knows_is_named() {
    let refused = |query: &str| {
        let uri: Uri = format!("/api/x?{query}").parse().unwrap();
        let asked = Asked::of(&uri, &["window", "reasons", "format"]);
        let asked = asked.and_then(|asked| {
            asked.seconds("window")?;
            asked.flag("reasons", true)?;
            asked.one_of("format", &[("csv", 1), ("parquet", 2)])
        });
        format!("{:?}", asked.err())
    };
    assert_eq!(refused("window=1.5&reasons=false&format=parquet"), "None");
    for (query, said) in [
        (
            "windw=1",
            "/api/x knows no \\\"windw\\\"; expected window, reasons, format",
        ),
        ("window=1&window=2", "window is given twice"),
        ("window=two", "window=two is no number; expected seconds"),
        ("reasons=1", "reasons=1; expected true or false"),
        ("format=xml", "format=xml; expected csv or parquet"),
    ] {
        assert!(refused(query).contains(said), "{query}: {}", refused(query));
    }
}

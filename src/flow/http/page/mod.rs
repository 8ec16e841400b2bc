//! The page itself: four files of ours that nobody's figures are in, so that they need no token.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION, SET_COOKIE};

use super::gate::Gate;
use crate::net::http::{Answer, Asked, plain};

/// Only what comes from here, no words that become markup, nobody around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";
/// How long a browser need not be told the token again, in seconds.
const REMEMBERED: u32 = 30 * 86_400;

const HTML: &str = "text/html; charset=utf-8";

/// What everybody may have, by path.
pub(super) fn file(path: &str) -> Option<Answer> {
    let (kind, text) = match path {
        "/page.css" => ("text/css; charset=utf-8", include_str!("page.css")),
        "/page.js" => ("text/javascript; charset=utf-8", include_str!("page.js")),
        "/icon.svg" => ("image/svg+xml", include_str!("icon.svg")),
        _ => return None,
    };
    Some(of_kind(StatusCode::OK, kind, text))
}

/// The page.
pub(super) fn page() -> Answer {
    of_kind(StatusCode::OK, HTML, include_str!("index.html"))
}

/// What a browser is shown that has not told the token.
pub(super) fn login_form() -> Answer {
    of_kind(StatusCode::UNAUTHORIZED, HTML, include_str!("login.html"))
}

/// And one that has told another.
fn refused_form() -> Answer {
    let form = include_str!("login.html").replacen(" role=\"alert\" hidden", " role=\"alert\"", 1);
    of_kind(StatusCode::UNAUTHORIZED, HTML, form)
}

/// The form was sent: who knows the token gets a cookie that shows it.
pub(super) fn login(asked: &Asked, gate: &Gate) -> Answer {
    let said = form_urlencoded::parse(asked.body()).find(|(name, _)| name == "token");
    let cookie = said.and_then(|(_, token)| gate.cookie_for(token.trim().as_bytes()));
    let Some(cookie) = cookie else { return refused_form() };
    let cookie = format!("{cookie}; Path=/; HttpOnly; SameSite=Strict; Max-Age={REMEMBERED}");
    let Ok(cookie) = HeaderValue::from_str(&cookie) else { return login_form() };
    let mut answer = plain(StatusCode::SEE_OTHER, "come in\n");
    answer.headers_mut().insert(SET_COOKIE, cookie);
    answer.headers_mut().insert(LOCATION, HeaderValue::from_static("/"));
    answer
}

fn of_kind(status: StatusCode, kind: &'static str, text: impl Into<Bytes>) -> Answer {
    let mut answer = plain(status, text);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    answer
}

#[cfg(test)]
mod tests {
    const FILES: [&str; 5] = [
        include_str!("index.html"),
        include_str!("login.html"),
        include_str!("page.css"),
        include_str!("page.js"),
        include_str!("icon.svg"),
    ];

    #[test]
    fn the_page_is_light() {
        let octets: usize = FILES.iter().map(|file| file.len()).sum();
        assert!(octets < 100_000, "{octets}");
    }

    #[test]
    fn words_from_outside_have_no_way_to_become_markup() {
        let doors = [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "Function(",
            "srcdoc",
            "createContextualFragment",
            "DOMParser",
            ".href",
            "style=",
        ];
        for door in doors {
            assert!(FILES.iter().all(|file| !file.contains(door)), "{door}");
        }
        // Nothing from elsewhere but the name of SVG's elements.
        let elsewhere = FILES.iter().flat_map(|file| file.split("http").skip(1));
        let elsewhere: Vec<_> =
            elsewhere.filter(|rest| rest.starts_with("://") || rest.starts_with("s://")).collect();
        assert!(elsewhere.iter().all(|rest| rest.starts_with("://www.w3.org/2000/svg\"")));
    }
}

//! Who may ask: whoever is on this machine, or has the token; never a page of another site.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::refusal::Refusal;
use super::token::Token;
use crate::system::clock;

/// What a browser lets the page do: nothing that comes from or goes to another place.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; \
                      worker-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";
/// Headers of every answer.
const HEADERS: [(&str, &str); 8] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    (
        "permissions-policy",
        "microphone=(self), camera=(), geolocation=()",
    ),
    ("cache-control", "no-store"),
];
/// What monitors ask, who have no token.
const HEALTH: &str = "/health";

/// Whom the door is open to.
#[derive(Debug)]
pub struct Gate {
    /// Where the server listens.
    address: SocketAddr,
    /// Who has it may ask from anywhere; none where only this machine is heard.
    token: Option<Token>,
    /// The name of this machine.
    host: Option<String>,
    /// Whether anything may be changed.
    control: bool,
}

impl Gate {
    /// Of a server at `address`, which beyond this machine asks for the `token`.
    pub fn new(address: SocketAddr, token: Option<Token>, control: bool) -> Gate {
        Gate {
            address,
            token,
            host: clock::host().map(|name| name.to_ascii_lowercase()),
            control,
        }
    }

    /// The cookie's name. Browsers send cookies to all ports of a host, and each server has
    /// a token of its own.
    fn cookie(&self) -> String {
        format!("antiphon-{}", self.address.port())
    }

    fn check(&self, request: &Request) -> Result<(), Refusal> {
        let headers = request.headers();
        if request.uri().authority().is_some() {
            return Err(Refusal::bad("this is no proxy; ask for a path"));
        }
        let host = self.host(headers)?;
        self.check_site(request, host)?;
        self.check_token(request)?;
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        match self.control || reads {
            true => Ok(()),
            false => Err(Refusal::forbidden(
                "this page only shows; start antiphon watch with --page-control to change anything \
                 from it",
            )),
        }
    }

    /// A page of another site, whose name was made to mean this machine, says its own name.
    fn host<'a>(&self, headers: &'a HeaderMap) -> Result<&'a str, Refusal> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err(Refusal::bad("the header Host must be there once"));
        };
        let host = host.to_str().unwrap_or_default();
        let (name, port) = parted(host);
        let is_ours = self.is_our_name(name) && port.is_none_or(|port| self.is_our_port(port));
        match is_ours {
            true => Ok(host),
            false => Err(Refusal::forbidden(format!(
                "this server is not {host:?}; open it by the address that it printed"
            ))),
        }
    }

    fn is_our_port(&self, port: &str) -> bool {
        port.parse() == Ok(self.address.port())
    }

    fn is_our_name(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        if let Ok(ip) = name.trim_matches(['[', ']']).parse::<IpAddr>() {
            return ip.is_loopback() || !self.address.ip().is_loopback();
        }
        let is_this_machine = || {
            let host = self.host.as_deref()?;
            Some(name == host || name.strip_suffix(".local") == Some(host))
        };
        name == "localhost"
            || (!self.address.ip().is_loopback() && is_this_machine().unwrap_or(false))
    }

    fn check_site(&self, request: &Request, host: &str) -> Result<(), Refusal> {
        let said = |name: &str| request.headers().get(name).map(HeaderValue::as_bytes);
        let refusal = || Refusal::forbidden("a page of another site may not ask here");
        let origins = request.headers().get_all(header::ORIGIN).iter();
        for origin in origins {
            let origin = origin.to_str().unwrap_or_default();
            let rest = origin.strip_prefix("http://");
            if !rest.is_some_and(|origin| origin.eq_ignore_ascii_case(host)) {
                return Err(refusal());
            }
        }
        // Somebody who follows a link to the page comes from elsewhere.
        let opens_the_page = request.method() == Method::GET
            && request.uri().path() == "/"
            && said("sec-fetch-mode") == Some(b"navigate")
            && said("sec-fetch-dest") == Some(b"document");
        match said("sec-fetch-site") {
            None | Some(b"same-origin" | b"none") => Ok(()),
            Some(_) if opens_the_page => Ok(()),
            Some(_) => Err(refusal()),
        }
    }

    fn check_token(&self, request: &Request) -> Result<(), Refusal> {
        let Some(token) = &self.token else {
            return Ok(());
        };
        if request.uri().path() == HEALTH {
            return Ok(());
        }
        let headers = request.headers();
        let bearer = headers.get(header::AUTHORIZATION);
        let bearer = bearer.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let cookies = headers.get_all(header::COOKIE).iter();
        let name = self.cookie();
        let mut of_cookies = cookies
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split("; "))
            .filter_map(|pair| pair.split_once('='))
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value);
        let has_it = bearer.is_some_and(|text| token.is(text)) || of_cookies.any(|t| token.is(t));
        match has_it {
            true => Ok(()),
            false => Err(Refusal::new(
                StatusCode::UNAUTHORIZED,
                "the token is missing or wrong; open the link that antiphon printed, or scan its \
                 QR code",
            )),
        }
    }

    /// Where the request brings the token in its address, as the printed link does: the way
    /// on without it, so that it stands in no history and no bookmark.
    fn enter(&self, request: &Request) -> Option<Response> {
        let token = self.token.as_ref()?;
        let given = request.uri().query()?.strip_prefix("token=")?;
        if request.uri().path() != "/" || !token.is(given) || self.host(request.headers()).is_err()
        {
            return None;
        }
        // Lax: the link may be followed from a mail, whose browser's next request is the mail's, too.
        // What other sites ask is refused by where it comes from.
        let cookie = format!(
            "{}={given}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000",
            self.cookie()
        );
        let mut response = Redirect::to("/").into_response();
        let value = HeaderValue::from_str(&cookie).ok()?;
        response.headers_mut().insert(header::SET_COOKIE, value);
        Some(response)
    }
}

/// A host and its port.
fn parted(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    }
}

/// Lets through what may pass, and gives every answer its headers.
pub async fn pass(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let entered = gate.enter(&request);
    let mut response = match (entered, gate.check(&request)) {
        (Some(response), _) => response,
        (None, Ok(())) => next.run(request).await,
        (None, Err(refusal)) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        let name = header::HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

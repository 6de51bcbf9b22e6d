//! Requests that nobody with good intentions sends: each is refused with the right status,
//! nothing is written outside the root, and the server answers on.

mod common;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::page::Page;
use common::{pluck, write_seed};
use serde_json::json;

/// All files under `folder`.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => files.extend(self::files(&path)),
            path => drop(files.insert(path)),
        }
    }
    files
}

fn wav() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    write_seed(&path, &pluck(220.0, 0.5, 8000));
    std::fs::read(path).unwrap()
}

const JSON: &str = "Content-Type: application/json";

#[test]
fn forty_hostile_requests_are_refused_and_leave_nothing() {
    let page = Page::studio(&[]);
    // What must not be reached stands beside the root.
    let outside = page.root().parent().unwrap().join("antiphon-secret.wav");
    std::fs::write(&outside, wav()).unwrap();
    std::fs::write(page.path("secret.wav"), wav()).unwrap();
    std::fs::write(page.path("recordings/here.wav"), wav()).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&outside, page.path("recordings/link.wav")).unwrap();
    let before = files(page.root());
    let port = page.address.port();
    let body = wav();
    let long = "x".repeat(300);
    let sound: &[u8] = &body;
    let none: &[u8] = b"";
    let run = |recording: &str| {
        json!({ "name": "a", "recordings": [recording], "settings": { "preset": "vector-cpu" } })
            .to_string()
            .into_bytes()
    };
    let elsewhere = format!("Origin: http://127.0.0.1:{}", port + 1);
    let our_name_elsewhere = format!("Origin: https://127.0.0.1:{port}");
    let other_port = [&*elsewhere, JSON];
    let other_scheme = [&*our_name_elsewhere, JSON];
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let bad_runs = [
        run("../secret.wav"),
        run("/etc/passwd"),
        run("link.wav"),
        json!({ "name": "../../a", "recordings": ["here.wav"], "settings": {} })
            .to_string()
            .into(),
        json!({ "name": "a", "recordings": ["here.wav"], "settings":
            { "preset": "vector-cpu", "seed_fn_list": ["/etc/passwd"] } })
        .to_string()
        .into(),
        json!({ "name": "a", "recordings": ["here.wav"], "settings":
            { "preset": "vector-cpu", "hidden_size": -1 } })
        .to_string()
        .into(),
        json!({ "name": "a", "recordings": ["here.wav"], "minutes": -1,
            "settings": { "preset": "vector-cpu" } })
        .to_string()
        .into_bytes(),
    ];
    type Case<'a> = (&'a str, &'a str, &'a [&'a str], &'a [u8], u16);
    let cases: Vec<Case> = vec![
        // Ways out of the root.
        (
            "GET",
            "/api/sounds/recordings/../../secret.wav",
            &[],
            none,
            400,
        ),
        (
            "GET",
            "/api/sounds/recordings/..%2f..%2fsecret.wav",
            &[],
            none,
            400,
        ),
        (
            "GET",
            "/api/sounds/recordings/%2e%2e/%2e%2e/etc/passwd",
            &[],
            none,
            400,
        ),
        (
            "GET",
            "/api/sounds/recordings/..%5c..%5csecret.wav",
            &[],
            none,
            400,
        ),
        ("GET", "/api/sounds/recordings//etc/passwd", &[], none, 400),
        ("GET", "/api/sounds/recordings/link.wav", &[], none, 404),
        ("GET", "/api/sounds/recordings/%00.wav", &[], none, 400),
        ("GET", "/api/sounds/recordings/%ff%fe.wav", &[], none, 400),
        ("GET", "/api/sounds/.antiphon/state.json", &[], none, 400),
        ("GET", "/api/sounds/runs/a/run.json", &[], none, 404),
        ("GET", "/api/sounds/models/a.wav", &[], none, 404),
        ("GET", "/assets/..%2f..%2fCargo.toml", &[], none, 404),
        ("GET", "/api/settings/..%2f..%2fsecret", &[], none, 400),
        ("DELETE", "/api/recordings/..%2fsecret.wav", &[], none, 400),
        ("DELETE", "/api/recordings/link.wav", &[], none, 404),
        ("DELETE", "/api/runs/..%2f..", &[], none, 400),
        ("DELETE", "/api/answers/..", &[], none, 400),
        ("PUT", "/api/recordings/..%2fup.wav", &[], sound, 400),
        ("PUT", "/api/recordings/.hidden.wav", &[], sound, 400),
        ("PUT", "/api/recordings/C:up.wav", &[], sound, 400),
        // What is no sound, or not of a size that is taken.
        ("PUT", "/api/recordings/page.html", &[], b"<script>", 400),
        (
            "PUT",
            "/api/recordings/page.wav",
            &[],
            b"<script>alert(1)</script>",
            422,
        ),
        (
            "PUT",
            "/api/recordings/empty.wav",
            &["Content-Length: 0"],
            none,
            422,
        ),
        ("PUT", "/api/recordings/nothing.wav", &[], none, 411),
        (
            "PUT",
            "/api/recordings/large.wav",
            &["Content-Length: 99999999999"],
            none,
            413,
        ),
        (
            "PUT",
            "/api/recordings/a.wav",
            &["Transfer-Encoding: chunked"],
            none,
            411,
        ),
        // Names and headers that are too long, or not there.
        ("GET", &long, &[], none, 400),
        // From elsewhere.
        ("GET", "/api/files", &["Host: evil.example"], none, 403),
        (
            "GET",
            "/api/files",
            &["Host: 127.0.0.1.evil.example"],
            none,
            403,
        ),
        ("GET", "/api/files", &["Host: localhost:1"], none, 403),
        ("GET", "/api/files", &["Host: 192.168.1.20"], none, 403),
        (
            "GET",
            "/",
            &["Host: 127.0.0.1", "Host: evil.example"],
            none,
            400,
        ),
        (
            "POST",
            "/api/answers",
            &["Origin: http://evil.example", JSON],
            b"{}",
            403,
        ),
        ("POST", "/api/answers", &["Origin: null", JSON], b"{}", 403),
        ("POST", "/api/answers", &other_port, b"{}", 403),
        ("POST", "/api/answers", &other_scheme, b"{}", 403),
        (
            "GET",
            "/api/files",
            &["Sec-Fetch-Site: cross-site"],
            none,
            403,
        ),
        // Of the wrong kind.
        (
            "POST",
            "/api/answers",
            &["Content-Type: text/plain"],
            b"{}",
            415,
        ),
        ("POST", "/api/answers", &[], b"{}", 415),
        ("POST", "/api/answers", &[JSON], b"{\"seed\":", 400),
        ("POST", "/api/answers", &[JSON], b"{\"seed\": 1}", 400),
        ("POST", "/api/answers", &[JSON], b"[]", 400),
        ("POST", "/api/settings/check", &[JSON], deep.as_bytes(), 400),
        (
            "POST",
            "/api/settings/check",
            &[JSON, "Content-Length: 2000000"],
            none,
            413,
        ),
        ("POST", "/api/runs", &[JSON], &bad_runs[0], 400),
        ("POST", "/api/runs", &[JSON], &bad_runs[1], 400),
        ("POST", "/api/runs", &[JSON], &bad_runs[2], 404),
        ("POST", "/api/runs", &[JSON], &bad_runs[3], 400),
        ("POST", "/api/runs", &[JSON], &bad_runs[4], 422),
        ("POST", "/api/runs", &[JSON], &bad_runs[5], 422),
        ("POST", "/api/runs", &[JSON], &bad_runs[6], 422),
        ("DELETE", "/api/files", &[], none, 405),
        ("BREW", "/", &[], none, 405),
        ("GET", "/api/nothing", &[], none, 404),
        ("GET", "http://evil.example/", &[], none, 400),
        ("CONNECT", "evil.example:80", &[], none, 400),
    ];
    assert!(cases.len() >= 40, "{}", cases.len());
    for (method, path, headers, body, status) in cases {
        let answered = page.ask(method, path, headers, body);
        let what = format!("{method} {} {headers:?}", &path[..path.len().min(60)]);
        assert_eq!(answered.status, status, "{what}: {answered:?}");
        let error = serde_json::from_slice::<serde_json::Value>(&answered.body);
        if status != 400 || error.is_ok() {
            let error = error.unwrap_or_else(|error| panic!("{what}: {error}: {answered:?}"));
            assert!(error["error"].is_string(), "{what}: {error}");
            let policy = answered.header("content-security-policy");
            assert!(policy.is_some(), "{what}: {answered:?}");
        }
    }
    assert_eq!(files(page.root()), before);
    assert_eq!(std::fs::read(&outside).unwrap(), wav());
    std::fs::remove_file(outside).unwrap();
    assert_eq!(page.get("/api/about").status, 200, "it answers on");
}

#[test]
fn what_is_no_http_or_too_long_for_it_ends_its_connection_alone() {
    let page = Page::studio(&[]);
    let long = format!(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: {}\r\n\r\n",
        "x".repeat(40_000)
    );
    let head = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    let smuggled = format!("{head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello");
    for (bytes, status) in [
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(),
            &[0, 400][..],
        ),
        (b"GET /\r\n\r\n", &[0, 400]),
        (b"GET / HTTP/1.1\r\n\r\n", &[400]),
        (long.as_bytes(), &[431]),
        (smuggled.as_bytes(), &[400]),
        (&[b'\n'; 100_000], &[0, 400, 431]),
    ] {
        let answered = page.raw(bytes);
        assert!(status.contains(&answered.status), "{answered:?}");
        assert_eq!(page.get("/api/about").status, 200);
    }
}

#[test]
fn whoever_sends_slowly_waits_alone_and_not_for_ever() {
    let page = Page::studio(&[]);
    let mut head = page.connect();
    head.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        .unwrap();
    let mut body = page.connect();
    let request =
        "PUT /api/recordings/slow.wav HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000";
    body.write_all(format!("{request}\r\n\r\nRIFF").as_bytes())
        .unwrap();
    assert_eq!(page.get("/api/about").status, 200);

    let begun = Instant::now();
    let mut said = Vec::new();
    let _ = head.read_to_end(&mut said);
    let waited = begun.elapsed();
    assert!(waited < Duration::from_secs(60), "{waited:?}");
    // Who goes in the middle leaves nothing.
    drop(body);
    let begun = Instant::now();
    while !files(&page.path("recordings")).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn beyond_this_machine_a_token_is_asked_for_and_stays_the_same() {
    let mut page = Page::studio(&["--listen", "0.0.0.0:0"]);
    let token = page.token.clone().expect("the link has one");
    for headers in [
        vec![],
        vec!["Authorization: Bearer 00000000000000000000000000000000".to_owned()],
        vec![format!("Authorization: Basic {token}")],
        vec![format!("Cookie: antiphon={token}")],
    ] {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        for path in [
            "/",
            "/api/files",
            "/api/events",
            "/metrics",
            "/assets/style.css",
        ] {
            let answered = page.ask("GET", path, &headers, b"");
            assert_eq!(answered.status, 401, "{path} {headers:?}");
        }
        let answered = page.ask("PUT", "/api/recordings/a.wav", &headers, &wav());
        assert_eq!(answered.status, 401);
    }
    assert_eq!(page.get(&format!("/?token={}", "0".repeat(32))).status, 401);
    assert_eq!(
        page.get("/health").status,
        503,
        "no daemon runs, and monitors may know"
    );
    let bearer = format!("Authorization: Bearer {token}");
    assert_eq!(page.ask("GET", "/api/files", &[&bearer], b"").status, 200);
    assert_eq!(
        page.ask("GET", "/", &["Host: evil.example", &bearer], b"")
            .status,
        403
    );

    let entered = page.get(&format!("/?token={token}"));
    assert_eq!(
        (entered.status, entered.header("location")),
        (303, Some("/"))
    );
    let cookie = entered.header("set-cookie").unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    let cookie = format!("Cookie: {}", cookie.split(';').next().unwrap());
    assert_eq!(page.ask("GET", "/api/files", &[&cookie], b"").status, 200);

    page.kill();
    page.start();
    assert_eq!(page.token.as_ref(), Some(&token), "links stay good");
}

#[test]
fn a_gallery_only_shows_unless_it_is_told_otherwise() {
    let page = Page::gallery(&[]);
    page.wait("/api/gallery", |gallery| gallery["state"] == "in-order");
    assert_eq!(page.get("/api/about").json()["page"], "gallery");
    for (method, path, status) in [
        ("GET", "/api/files", 404),
        ("GET", "/api/runs", 404),
        ("GET", "/api/sounds/recordings/a.wav", 404),
        ("PUT", "/api/recordings/a.wav", 403),
        ("POST", "/api/gallery/failed/a.wav/retry", 403),
    ] {
        assert_eq!(page.ask(method, path, &[], b"").status, status, "{path}");
    }
    assert_eq!(page.get("/health").status, 200);
    let metrics = String::from_utf8(page.get("/metrics").body).unwrap();
    assert!(metrics.contains("\nantiphon_running 1\n"), "{metrics}");
}

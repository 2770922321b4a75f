//! What kind of path it is, told from its bytes alone.

use memchr::memmem;

/// Endings of files that pages pull in; a broken one says nothing about who asked.
const STATIC: &[&[u8]] = &[
    b"css", b"js", b"mjs", b"map", b"png", b"jpg", b"jpeg", b"gif", b"ico", b"svg", b"webp", b"avif", b"bmp", b"woff",
    b"woff2", b"ttf", b"otf", b"eot", b"mp3", b"mp4", b"webm", b"ogg", b"m4s", b"ts", b"m3u8", b"vtt",
];

/// What browsers, feed readers, phones and mail programs ask for by themselves.
const BY_THEMSELVES: &[&[u8]] = &[
    b"/",
    b"/robots.txt",
    b"/ads.txt",
    b"/app-ads.txt",
    b"/humans.txt",
    b"/security.txt",
    b"/sitemap.xml",
    b"/browserconfig.xml",
    b"/manifest.json",
    b"/site.webmanifest",
    b"/crossdomain.xml",
    b"/autodiscover/autodiscover.xml",
    b"/Autodiscover/Autodiscover.xml",
    b"/llms.txt",
    b"/rss",
    b"/feed",
    b"/feed/",
];

/// Longest ending in [`STATIC`], with its dot.
const ENDING: usize = 6;

pub fn is_static(path: &[u8]) -> bool {
    let tail = &path[path.len().saturating_sub(ENDING)..];
    let Some(dot) = memchr::memrchr(b'.', tail) else { return false };
    let ending = &tail[dot + 1..];
    STATIC.iter().any(|known| known.eq_ignore_ascii_case(ending))
}

/// False for what clients ask for without anybody probing.
pub fn can_be_missing(path: &[u8]) -> bool {
    if is_static(path) || BY_THEMSELVES.contains(&path) || path.starts_with(b"/apple-touch-icon") {
        return false;
    }
    !path.starts_with(b"/.well-known/") || path.ends_with(b".php")
}

/// True where the referring page lies on the same host.
pub fn same_site(referer: &[u8], host: &[u8], site: &[u8]) -> bool {
    let Some(at) = memmem::find(referer, b"://") else { return false };
    let rest = &referer[at + 3..];
    let end = memchr::memchr3(b'/', b'?', b'#', rest).unwrap_or(rest.len());
    let from = without_port(&rest[..end]);
    !from.is_empty() && [host, site].iter().any(|name| without_port(name).eq_ignore_ascii_case(from))
}

fn without_port(host: &[u8]) -> &[u8] {
    match memchr::memrchr(b':', host) {
        Some(at) if at + 1 < host.len() && host[at + 1..].iter().all(u8::is_ascii_digit) => &host[..at],
        _ => host,
    }
}

/// What a path is where people log in.
const LOGIN_WORDS: &[&[u8]] =
    &[b"login", b"signin", b"logon", b"auth", b"session", b"sessions", b"authenticate", b"security_check", b"manager"];

/// True for paths that by their name take logins: one of the words stands between `/ . - _` and their like.
pub fn is_login(path: &[u8]) -> bool {
    if path.len() > 512 {
        return false;
    }
    path.split(|byte| matches!(byte, b'/' | b'.' | b'-' | b';'))
        .any(|word| LOGIN_WORDS.iter().any(|known| known.eq_ignore_ascii_case(strip_j(word))) || is_sign_in(word))
}

fn strip_j(word: &[u8]) -> &[u8] {
    word.strip_prefix(b"j_").unwrap_or(word)
}

/// `user_login`, `sign_in`.
fn is_sign_in(word: &[u8]) -> bool {
    let ends = |end: &[u8]| word.len() >= end.len() && word[word.len() - end.len()..].eq_ignore_ascii_case(end);
    ends(b"_login") || ends(b"sign_in")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_static_files_and_what_browsers_ask_for() {
        for path in ["/a/b.css", "/x.JPG", "/f.woff2", "/.js", "/favicon.ico"] {
            assert!(is_static(path.as_bytes()), "{path}");
        }
        for path in ["/", "", ".", "/css", "/a.php", "/backup.json", "/x.jpg/y"] {
            assert!(!is_static(path.as_bytes()), "{path}");
        }
        for path in ["/robots.txt", "/.well-known/assetlinks.json", "/apple-touch-icon-120x120"] {
            assert!(!can_be_missing(path.as_bytes()), "{path}");
        }
        assert!(can_be_missing(b"/.well-known/shell.php") && can_be_missing(b"/admin/"));
    }

    #[test]
    fn knows_its_own_site_by_the_referer() {
        assert!(same_site(b"https://www.example.org/a", b"www.example.org", b""));
        assert!(same_site(b"http://WWW.example.org:8080", b"", b"www.example.org:443"));
        for foreign in
            ["https://example.org.evil/", "www.example.org", "https:///x", "https://evil/www.example.org", ""]
        {
            assert!(!same_site(foreign.as_bytes(), b"example.org", b"www.example.org"), "{foreign}");
        }
    }

    #[test]
    fn knows_login_paths_by_whole_words() {
        for path in ["/wp-login.php", "/user/login", "/api/auth", "/SignIn", "/j_security_check", "/users/sign_in"] {
            assert!(is_login(path.as_bytes()), "{path}");
        }
        for path in ["/authors/7", "/blog/loginess", "/", "/sessionsabc"] {
            assert!(!is_login(path.as_bytes()), "{path}");
        }
    }
}

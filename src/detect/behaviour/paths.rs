//! What kind of path it is, told from its bytes alone.

use memchr::memmem;

/// Endings of files that pages pull in; a broken one says nothing about who asked.
const STATIC: &[&[u8]] = &[
    b"css", b"js", b"mjs", b"map", b"png", b"jpg", b"jpeg", b"gif", b"ico", b"svg", b"webp", b"avif", b"bmp", b"woff",
    b"pbf", b"mvt", b"wasm", b"glb", b"m4a", b"opus", b"woff2", b"ttf", b"otf", b"eot", b"mp3", b"mp4", b"webm",
    b"ogg", b"m4s", b"ts", b"m3u8", b"vtt",
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
    b"/opensearch.xml",
    b"/sitemap_index.xml",
    b"/sitemap.xml.gz",
    b"/sitemap.txt",
    b"/atom.xml",
    b"/rss.xml",
    b"/feed.xml",
    b"/index.xml",
    b"/wpad.dat",
    b"/mail/config-v1.1.xml",
    b"/rss",
    b"/feed",
    b"/feed/",
];

/// What ends the path of a picture that an application makes.
const PICTURES: &[&[u8]] = &[b"thumbnail", b"thumb", b"preview", b"avatar", b"image", b"icon", b"picture"];

/// Files of package repositories: their clients look for each in one repository after the other.
const PACKAGES: &[&[u8]] = &[
    b".pom", b".jar", b".module", b".sha1", b".sha256", b".sha512", b".md5", b".asc", b".deb", b".rpm", b".whl",
    b".nupkg",
];

/// What file managers look for in every folder.
const FOLDER_FILES: &[&[u8]] = &[b"desktop.ini", b"thumbs.db", b"autorun.inf"];

/// Methods of those who keep files: WebDAV (RFC 4918), CalDAV (RFC 4791), DeltaV (RFC 3253), and writing.
const FILE_KEEPING: &[&[u8]] = &[
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"UNLOCK",
    b"REPORT",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
];

/// Longest ending in [`STATIC`], with its dot.
const ENDING: usize = 6;

pub fn is_static(path: &[u8]) -> bool {
    let tail = &path[path.len().saturating_sub(ENDING)..];
    match tail.iter().rposition(|byte| *byte == b'.') {
        Some(dot) => STATIC_NUMBERS.contains(&number(&tail[dot + 1..])),
        None => is_picture(path),
    }
}

/// A short ending, case aside, as one number: a list of them is searched at a glance.
const fn number(ending: &[u8]) -> u64 {
    // Not 0, so that no leading byte is lost.
    let mut sum = 1;
    let mut at = 0;
    while at < ending.len() {
        sum = sum << 8 | ending[at].to_ascii_lowercase() as u64;
        at += 1;
    }
    sum
}

/// [`STATIC`] as numbers.
const STATIC_NUMBERS: [u64; STATIC.len()] = {
    let mut numbers = [0; STATIC.len()];
    let mut at = 0;
    while at < numbers.len() {
        numbers[at] = number(STATIC[at]);
        at += 1;
    }
    numbers
};

fn is_picture(path: &[u8]) -> bool {
    let known =
        |part: &[u8]| matches!(part.len(), 4..=9) && PICTURES.iter().any(|name| name.eq_ignore_ascii_case(part));
    // `/api/assets/7/thumbnail`, `/avatar/anna/64`
    let cut = |path: &[u8]| memchr::memrchr(b'/', path);
    let Some(last) = cut(path) else { return false };
    let before = cut(&path[..last]);
    // Nothing between the last two slashes, or before the only one.
    if before.map_or(0, |at| at + 1) == last {
        return false;
    }
    let third = before.map(|end| &path[cut(&path[..end]).map_or(0, |at| at + 1)..end]);
    known(&path[last + 1..]) || third.is_some_and(known)
}

/// The last parts of a path, the very last first; empty where there are fewer.
fn last_parts<const N: usize>(path: &[u8]) -> [&[u8]; N] {
    let mut parts: [&[u8]; N] = [b""; N];
    path.rsplit(|byte| *byte == b'/').zip(&mut parts).for_each(|(part, place)| *place = part);
    parts
}

/// `/orders/4711`, `/pictures/9f86d081`: a record by its number, two folders deep.
pub fn is_record(path: &[u8]) -> bool {
    let [name, folder, above] = last_parts(path);
    let number = name.iter().all(u8::is_ascii_digit);
    let digest = name.len() >= 8 && name.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    !name.is_empty() && (number || digest) && !folder.is_empty() && !above.is_empty()
}

pub fn is_file_keeping(method: &[u8]) -> bool {
    FILE_KEEPING.contains(&method)
}

/// Files that synchronising, packaging and container clients ask for to learn whether they are there.
fn is_kept_file(path: &[u8]) -> bool {
    let [name, folder] = last_parts(path);
    let deep = path.iter().filter(|byte| **byte == b'/').count() > 3;
    deep && PACKAGES.iter().any(|end| ends(name, end))
        || name.starts_with(b"._")
        || FOLDER_FILES.iter().any(|file| file.eq_ignore_ascii_case(name))
        || path.starts_with(b"/v2/") && (folder == b"manifests" || folder == b"blobs")
        || memmem::find(path, b"/remote.php/").is_some()
        || memmem::find(path, b"/i18n/Translation-").is_some()
}

/// True for a page that shows a file of a source repository: `/owner/project/src/branch/main/.env`.
pub fn shows_source(path: &[u8]) -> bool {
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').take(6).collect();
    let shows = |at: usize, names: &[&[u8]]| parts.get(at).is_some_and(|part| names.contains(part));
    let gitea = |at| {
        shows(at, &[b"src", b"raw", b"media", b"blame", b"commits"]) && shows(at + 1, &[b"branch", b"tag", b"commit"])
    };
    let gitlab = |at| shows(at, &[b"-"]) && shows(at + 1, &[b"blob", b"tree", b"raw", b"blame", b"commits", b"edit"]);
    let cgit = |at| shows(at, &[b"tree", b"plain", b"blob", b"raw", b"blame", b"diff", b"log"]);
    (3..5).any(|at| gitea(at) || gitlab(at) || cgit(at))
}

/// True for database administration that carries the user's own statement: phpMyAdmin, Adminer.
pub fn takes_statements(target: &[u8]) -> bool {
    let has = |part: &[u8]| memmem::find(target, part).is_some();
    has(b"sql_query=") || has(b"adminer") && has(b"sql=")
}

/// False for what clients ask for without anybody probing.
pub fn can_be_missing(path: &[u8]) -> bool {
    if is_static(path) || is_kept_file(path) || BY_THEMSELVES.contains(&path) || path.starts_with(b"/apple-") {
        return false;
    }
    !path.starts_with(b"/.well-known/") || path.ends_with(b".php")
}

/// True where the referring page lies on the same host; any may, where the log names none.
pub fn same_site(referer: &[u8], host: &[u8], site: &[u8]) -> bool {
    let Some(at) = memmem::find(referer, b"://") else { return false };
    let rest = &referer[at + 3..];
    let end = memchr::memchr3(b'/', b'?', b'#', rest).unwrap_or(rest.len());
    let from = without_port(&rest[..end]);
    let unnamed = host.is_empty() && site.is_empty();
    !from.is_empty() && (unnamed || [host, site].iter().any(|name| without_port(name).eq_ignore_ascii_case(from)))
}

/// The path of a referring page.
pub fn of_referer(referer: &[u8]) -> &[u8] {
    let Some(at) = memmem::find(referer, b"://") else { return b"" };
    let rest = &referer[at + 3..];
    let path = memchr::memchr(b'/', rest).map_or(&b"/"[..], |slash| &rest[slash..]);
    let end = memchr::memchr2(b'?', b'#', path).unwrap_or(path.len());
    &path[..end]
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

/// What stands under a login path and takes none: an application renews its session by itself, again and again.
const NO_LOGIN: &[&[u8]] = &[b"refresh", b"renew", b"logout", b"signout", b"check", b"status", b"keepalive"];

/// Tomcat's own applications: they answer 401 until the password is right.
pub fn is_manager(path: &[u8]) -> bool {
    path.starts_with(b"/manager/") || path.starts_with(b"/host-manager/")
}

/// True for paths that by their name take logins: one of the words stands between `/ . - _` and their like.
pub fn is_login(path: &[u8]) -> bool {
    if path.len() > 512 {
        return false;
    }
    let [last]: [&[u8]; 1] = last_parts(path);
    if NO_LOGIN.iter().any(|known| known.eq_ignore_ascii_case(last)) {
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
    ends(word, b"_login") || ends(word, b"sign_in")
}

/// In any case.
fn ends(word: &[u8], end: &[u8]) -> bool {
    let at = word.len().checked_sub(end.len());
    at.and_then(|at| word.get(at..)).is_some_and(|last| last.eq_ignore_ascii_case(end))
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
    fn knows_what_clients_look_for_by_their_trade() {
        for path in [
            "/remote.php/dav/files/anna/x",
            "/dav/d/._a",
            "/dav/d/Desktop.ini",
            "/maven/org/x/a/1.0/a-1.0.pom",
            "/v2/app/manifests/latest",
            "/api/assets/7/thumbnail",
            "/avatar/anna/64",
        ] {
            assert!(!can_be_missing(path.as_bytes()), "{path}");
        }
        for path in ["/backup.jar", "/thumbnail", "/v2/", "/manifests", "/desktop.ini.bak"] {
            assert!(can_be_missing(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn tells_pages_about_source_from_source_given_away() {
        for path in ["/anna/app/src/branch/main/.env", "/g/app/-/blob/main/.env", "/cgit/tool.git/plain/.npmrc"] {
            assert!(shows_source(path.as_bytes()), "{path}");
        }
        for path in ["/.env", "/app/src/.env", "/var/app/src/.env", "/tree/.git/config", "/a/src/branch/.env"] {
            assert!(!shows_source(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn takes_the_page_out_of_a_referer() {
        for (referer, page) in [("https://a.example", "/"), ("http://a:80/b/c?d#e", "/b/c"), ("a/b", "")] {
            assert_eq!(of_referer(referer.as_bytes()), page.as_bytes(), "{referer}");
        }
    }

    #[test]
    fn knows_its_own_site_by_the_referer() {
        assert!(same_site(b"https://www.example.org/a", b"www.example.org", b""));
        assert!(same_site(b"http://WWW.example.org:8080", b"", b"www.example.org:443"));
        assert!(same_site(b"https://www.example.org/a", b"", b"") && !same_site(b"-", b"", b""));
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

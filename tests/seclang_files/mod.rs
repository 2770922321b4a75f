//! Files held in memory, and ordinary requests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use peelhouse::formats::Files;

pub struct Tree(BTreeMap<PathBuf, String>);

impl Tree {
    pub fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect())
    }
}

impl Files for Tree {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.0.get(path).map(|text| text.clone().into_bytes()).ok_or_else(|| "no such file".to_owned())
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>, String> {
        let names = self.0.keys().filter(|path| path.parent() == Some(dir));
        Ok(names.map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned()).collect())
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.0.keys().any(|file| file.parent() == Some(path))
    }
}

/// What people type into search boxes.
pub const PHRASES: &[&str] = &[
    "red shoes",
    "rock 'n' roll",
    "O'Reilly books",
    "Tom & Jerry",
    "AT&T",
    "C++ templates",
    "100% wool",
    "price < 50",
    "select a colour",
    "union jack flag",
    "drop table lamp",
    "order by phone",
    "insert coin",
    "update from 2.0 to 3.0",
    "how to delete a table in word",
    "and or not",
    "select the best from three",
    "group by age",
    "having fun",
    "where is my order",
    "what's new",
    "don't panic",
    "it's 5 o'clock",
    "1+1=2",
    "a = b",
    "2 > 1",
    "x; y",
    "cat food",
    "cat /etc/fstab explained",
    "ping pong",
    "time zone",
    "who is who",
    "id card",
    "echo dot",
    "find my phone",
    "sleep (8) hours",
    "user@example.org",
    "https://www.example.org/page?id=5",
    "www.example.org",
    "10.0.0.1",
    "2001:db8::1",
    "file://readme",
    "C:\\Users\\anna",
    "/etc/hosts syntax",
    "~/.bashrc",
    "index.html",
    "config.yml",
    "README.md",
    "package.json",
    "javascript: the good parts",
    "script writing",
    "<b>bold</b> text",
    "<3 this song",
    "alert (medical)",
    "onload event",
    "style=modern",
    "background: green",
    "data: the movie",
    "function (mathematics)",
    "eval board",
    "system update",
    "char siu",
    "ascii art",
    "exec summary",
    "benchmark cpu",
    "load file in excel",
    "information schema design",
    "null pointer",
    "true or false",
    "1 or 2 rooms",
    "5 and 6 year olds",
    "between 10 and 20",
    "like new",
    "is null",
    "case study",
    "cast iron",
    "convert pdf to doc",
    "concat strings",
    "md5 checksum",
    "count of monte cristo",
    "limit 10 items",
    "#hashtag",
    "@handle",
    "\"exact phrase\"",
    "(brackets)",
    "[draft]",
    "{curly}",
    "a|b",
    "50%",
    "$100",
    "€ 20",
    "café",
    "naïve",
    "日本語",
    "привет",
    "größe 42",
    "mañana",
    "ça va?",
    "smith, john",
    "smith; john",
    "smith -- jones",
    "a/b testing",
    "n/a",
    "24/7",
    "and/or",
    "he/she",
    "2024-01-31",
    "12:30",
    "12.5 kg",
    "3.14159",
    "1e10",
    "0x1F600",
    "+49 30 123456",
    "--help",
    "-v option",
    "git commit -m",
    "ls -la",
    "sudo apt install vim",
    "curl or wget",
    "bash for loop",
    "python print",
    "perl -e",
    "net use",
    "netstat explained",
    "dir en grey",
    "copy and paste",
    "type 2 diabetes",
    "set theory",
    "if then else",
    "for sale",
    "do it yourself",
    "while you were sleeping",
    "return policy",
    "import export",
    "class action",
    "new york",
    "this or that",
    "window cleaner",
    "document scanner",
    "location services",
    "parent portal",
    "top 10",
    "self help",
    "frames",
    "name change",
    "runtime error",
    "java runtime",
    "processor speed",
    "log4j news",
    "php tutorial",
    "phpinfo page",
    "wordpress login",
    "admin guide",
    "password reset",
    "union select (film)",
    "waitfor it",
    "procedure analyse",
    "declare war",
    "exec. director",
];

/// Pages of common applications and of documentation.
pub fn pages() -> Vec<String> {
    let mut pages = Vec::new();
    for year in 2015..2026 {
        for (slug, number) in
            ["spring-cleaning", "c-vs-java", "how-to-select-a-bike", "top-10-and-more", "q-a"].iter().zip(1..)
        {
            pages.push(format!("/{year}/0{number}/{slug}/"));
            pages.push(format!("/{year}/0{number}/{slug}/?replytocom={year}{number}#respond"));
            pages.push(format!("/wp-content/uploads/{year}/0{number}/{slug}-1024x768.jpg"));
            pages.push(format!(
                "/wp-json/wp/v2/posts?per_page=10&page={number}&_fields=id,title,link&orderby=date&order=desc"
            ));
            pages.push(format!("/?p={year}&preview=true&_thumbnail_id=-1&preview_nonce=a1b2c3d4e{number}"));
            pages
                .push(format!("/index.php?option=com_content&view=article&id={year}:{slug}&catid={number}&Itemid=101"));
            pages.push(format!("/node/{year}?page=0%2C{number}&sort_by=created&sort_order=DESC"));
            pages
                .push(format!("/shop/?filter_colour=red,blue&min_price={number}0&max_price={year}&orderby=price-desc"));
            pages.push(format!("/index.php?title=Special:Search&search={slug}&fulltext=1&ns0=1"));
            pages.push(format!("/calendar?from={year}-0{number}-01T00%3A00%3A00%2B01%3A00&to={year}-0{number}-28"));
            pages.push(format!("/landing?utm_source=newsletter&utm_medium=email&utm_campaign={slug}&gclid=EAIaIQobChMI{year}-{number}_x"));
            pages.push(format!("/login?redirect_to=https%3A%2F%2Fwww.example.org%2F{year}%2F{slug}%2F&reauth=1"));
        }
    }
    for chapter in 1..40 {
        pages.push(format!("/doc/manuals/debian-reference/ch{chapter:02}.en.html"));
        pages.push(format!("/releases/bookworm/amd64/ch{chapter:02}s0{}.en.html", chapter % 9));
        pages.push(format!("/doc/libstdc++/manual/bk01pt{chapter:02}.html#id-1.3.{chapter}"));
        pages.push(format!("/man/{}/bash.1.en.html", chapter % 8 + 1));
        pages.push(format!("/cgi-bin/pkgreport.pl?pkg=g%2B%2B-{chapter};dist=unstable"));
        pages.push(format!("/search?keywords=libc6-dev&searchon=names&suite=stable&section=all&page={chapter}"));
        pages.push(format!("/gitweb/?p=project.git;a=commitdiff;h=9fceb02d0ae598e95dc970b74767f19372d61a{chapter:02}"));
        pages.push(format!(
            "/api/v1/items?filter[status]=open&filter[tags][]=a&filter[tags][]=b&page[number]={chapter}"
        ));
        pages.push(format!("/map?bbox=13.{chapter},52.4,13.6,52.{chapter}&zoom=12&layers=BT"));
        pages.push(format!("/graph?query=%7Bitem(id%3A{chapter})%7Bname%7D%7D"));
        pages.push(format!("/token?t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI{chapter:02}fQ.c2lnbmF0dXJl-_{chapter}"));
    }
    pages
}

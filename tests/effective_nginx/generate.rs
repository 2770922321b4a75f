//! Configurations made of a seed: nested locations of all kinds and the directives that decide who answers how.

pub use crate::dice::Dice;

pub const TARGETS: [&str; 34] = [
    "/",
    "/a",
    "/a/",
    "/a/b.php",
    "/a/b",
    "/a/b/",
    "/a/b/c.txt",
    "/a/b/index.php",
    "/b/",
    "/b",
    "/b/x.html",
    "/c.txt",
    "/x.php",
    "/x.php?q=1",
    "/missing",
    "/missing.php",
    "/a/missing",
    "/a/missing/",
    "/empty/",
    "/empty",
    "/A/",
    "/err.html",
    "/e/404.html",
    "/.git/config",
    "/a.bak",
    "//a//b.php",
    "/b/../a/b.php",
    "/%61/b%2ephp",
    "/a/./b/c.txt",
    "/../etc",
    "/old/x",
    "/old/b.php",
    "/index.html",
    "/alias/b.php",
];

pub struct Generator<'d> {
    dice: &'d mut Dice,
    www: &'d str,
    marks: u32,
    out: String,
}

/// The lines of one http level above all servers.
pub fn http_level(dice: &mut Dice, www: &str) -> String {
    let mut generator = Generator { dice, www, marks: 0, out: String::new() };
    generator.out.push_str("map $uri $kind { default other; ~\\.php$ php; /c.txt \"\"; }\n");
    generator.out.push_str(&format!("root {www};\n"));
    generator.level(Where::Http);
    generator.out
}

/// A server block for one name.
pub fn server(dice: &mut Dice, www: &str, port: u16, name: &str) -> String {
    let mut generator = Generator { dice, www, marks: 0, out: String::new() };
    generator.out.push_str(&format!("server {{\n listen 127.0.0.1:{port};\n server_name {name};\n"));
    generator.level(Where::Server);
    generator.rewrites(Where::Server);
    generator.locations("", 0);
    if generator.dice.one_in(2) {
        generator.named();
    }
    generator.out.push_str("}\n");
    generator.out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Http,
    Server,
    Location,
    Branch,
}

impl Generator<'_> {
    fn line(&mut self, text: &str) {
        self.out.push_str("  ");
        self.out.push_str(text);
        self.out.push_str(";\n");
    }

    /// The inherited directives of a level.
    fn level(&mut self, place: Where) {
        let scarce = if place == Where::Http { 4 } else { 3 };
        if self.dice.one_in(scarce) {
            self.headers();
        }
        if self.dice.one_in(8) {
            let time = self.dice.pick(&["1h", "-1", "epoch", "max", "off", "1d12h", "0"]);
            self.line(&format!("expires {time}"));
        }
        if self.dice.one_in(6) {
            self.error_pages();
        }
        if self.dice.one_in(12) && place != Where::Http {
            let root = format!("{}{}", self.www, self.dice.pick(&["/a", "/b", "", "/"]));
            self.line(&format!("root {root}"));
        }
        if place == Where::Branch {
            return;
        }
        self.admission();
        for (scarce, line) in [
            (8, "autoindex on"),
            (12, "autoindex off"),
            (8, "server_tokens off"),
            (10, "server_tokens on"),
            (10, "recursive_error_pages on"),
        ] {
            let name = line.split(' ').next().unwrap();
            let declared = self.out.rsplit(['{', '}']).next().unwrap().contains(name);
            if self.dice.one_in(scarce) && !declared {
                self.line(line);
            }
        }
        if self.dice.one_in(6) {
            let names = self.dice.pick(&[
                "index.php index.html",
                "x.html index.html",
                "index.html",
                "none /err.html",
                "index.php",
            ]);
            self.line(&format!("index {names}"));
        }
        if place == Where::Server && self.dice.one_in(8) {
            self.line("merge_slashes on");
        }
    }

    fn headers(&mut self) {
        for _ in 0..=self.dice.below(2) {
            self.marks += 1;
            let name = self.dice.pick(&["X-A", "X-B", "X-Frame-Options", "Cache-Control"]);
            let value =
                self.dice.pick(&["v$MARK", "\"v$MARK w\"", "$uri", "$kind", "\"\"", "${request_method}$MARK", "$host"]);
            let value = value.replace("$MARK", &self.marks.to_string());
            let always = self.dice.pick(&["", " always", " always"]);
            self.line(&format!("add_header {name} {value}{always}"));
        }
    }

    fn error_pages(&mut self) {
        let codes = self.dice.pick(&["404", "403", "404 403 405", "401", "500 404", "301 302", "400"]);
        let overwrite = self.dice.pick(&["", "", "", " =200", " =", " =410"]);
        let target =
            self.dice.pick(&["/err.html", "/e/404.html", "/a/b.php", "/missing", "/", "http://e.test/x", "/old/e?x=1"]);
        self.line(&format!("error_page {codes}{overwrite} {target}"));
    }

    fn admission(&mut self) {
        if self.dice.one_in(9) {
            for _ in 0..=self.dice.below(2) {
                let who = self.dice.pick(&["127.0.0.1", "10.0.0.0/8", "all", "127.0.0.0/8", "::1", "192.0.2.7"]);
                let verb = self.dice.pick(&["allow", "deny"]);
                self.line(&format!("{verb} {who}"));
            }
        }
        if self.dice.one_in(14) {
            let realm = self.dice.pick(&["Area", "off"]);
            self.line(&format!("auth_basic {realm}"));
        }
        if self.dice.one_in(14) {
            self.line("auth_basic_user_file /nonexistent");
        }
        if self.dice.one_in(16) {
            let kind = self.dice.pick(&["any", "all"]);
            self.line(&format!("satisfy {kind}"));
        }
    }

    /// `set`, `rewrite`, `return`, `if`.
    fn rewrites(&mut self, place: Where) {
        let (rewrite, turn_back, condition) = match place {
            Where::Server => (8, 40, 8),
            Where::Branch => (3, 3, u64::MAX),
            _ => (5, 9, 5),
        };
        if self.dice.one_in(9) {
            let line = self.dice.pick(&["set $x one", "set $x \"\"", "set $x $uri"]);
            self.line(line);
        }
        if self.dice.one_in(rewrite) {
            let pattern = self.dice.pick(&["^/old/(.*)", "^/a/(.*)$", "(\\.php)$", "^/(?<rest>b.*)", "^/missing", "."]);
            let target = self.dice.pick(&[
                "/$1",
                "/a/$1",
                "/b/x.html",
                "/x.php?from=$1",
                "/old/$1?",
                "http://r.test/$1",
                "/e/404.html",
            ]);
            let flag = self.dice.pick(&["", " last", " last", " break", " redirect", " permanent"]);
            self.line(&format!("rewrite {pattern} {target}{flag}"));
        }
        if condition < u64::MAX && self.dice.one_in(condition) {
            self.branch(place);
        }
        if self.dice.one_in(turn_back) {
            let line = self.dice.pick(&[
                "return 200 \"said $uri\"",
                "return 301 /moved",
                "return 302 http://o.test$request_uri",
                "return 403",
                "return 404",
                "return 410 gone",
                "return 204",
                "return 444",
                "return 500",
                "return http://p.test/",
                "return 201 made",
                "break",
            ]);
            self.line(line);
        }
    }

    fn branch(&mut self, place: Where) {
        let test = self.dice.pick(&[
            "$uri ~ \\.php$",
            "$uri !~* ^/A",
            "$request_method = POST",
            "$x",
            "-f $request_filename",
            "!-e $request_filename",
            "-d $document_root/a",
            "$args = q=1",
            "$http_x_way = two",
            "$arg_q",
            "$host ~ ^h[0-4]",
            "$kind != php",
        ]);
        // `set` makes the variable known to nginx.
        self.out.push_str("  set $x $x;\n");
        self.out.push_str(&format!("  if ({test}) {{\n"));
        if place == Where::Location {
            self.level(Where::Branch);
        }
        self.rewrites(Where::Branch);
        self.out.push_str("  }\n");
    }

    fn locations(&mut self, outer: &str, depth: u64) {
        let mut used: Vec<String> = Vec::new();
        for _ in 0..self.dice.below(5 - depth) {
            let name = self.dice.pick(&[
                "/",
                "/a",
                "/a/",
                "/a/b",
                "/a/b/",
                "/b/",
                "/b",
                "/old/",
                "/e/",
                "= /",
                "= /a/",
                "= /index.html",
                "= /c.txt",
                "= /err.html",
                "^~ /a/",
                "^~ /b",
                "^~ /",
                "~ \\.php$",
                "~* \\.PHP$",
                "~ ^/a/",
                "~ /(?<part>[ab])/",
                "~ ^/(.)",
                "~ /\\.",
                "~* \\.(bak|txt)$",
                "~ ^/(?!a)",
                "/missing",
                "/alias/",
            ]);
            let bare = name.rsplit(' ').next().unwrap();
            let pattern = name.starts_with('~');
            let slot = if name.starts_with("^~") { bare.to_owned() } else { name.to_owned() };
            let fits = outer.is_empty() || pattern || bare.starts_with(outer);
            if !fits || used.contains(&slot) {
                continue;
            }
            used.push(slot);
            // Below a pattern nginx admits patterns only.
            self.location(name, if pattern { "(only patterns)" } else { bare }, depth);
        }
    }

    fn location(&mut self, name: &str, bare: &str, depth: u64) {
        self.out.push_str(&format!(" location {name} {{\n"));
        self.level(Where::Location);
        self.content(name);
        self.rewrites(Where::Location);
        if depth < 2 && !name.starts_with('=') {
            self.locations(bare, depth + 1);
        }
        self.out.push_str(" }\n");
    }

    fn content(&mut self, name: &str) {
        if self.dice.one_in(5) {
            let line = self.dice.pick(&[
                "try_files $uri =404",
                "try_files $uri $uri/ /index.html",
                "try_files $uri $uri/ /b/x.html?r=1",
                "try_files /c.txt =403",
                "try_files $uri.html $uri/index.php @fall",
                "try_files /a/ =404",
                "try_files /none @fall",
                "try_files $uri /old/x",
            ]);
            self.line(line);
        }
        let declares_root = self.out.rsplit('{').next().unwrap().contains("root ");
        if self.dice.one_in(8) && !declares_root {
            let alias = match name {
                name if name.starts_with('~') => "/c.txt",
                name if name.ends_with('/') => "/alias/",
                _ => "/alias",
            };
            self.line(&format!("alias {}{alias}", self.www));
        }
        if self.dice.one_in(12) {
            self.line("internal");
        }
        if self.dice.one_in(12) {
            let handler = self.dice.pick(&["empty_gif", "stub_status"]);
            self.line(handler);
        }
        if self.dice.one_in(9) {
            let methods = self.dice.pick(&["GET", "POST", "GET POST"]);
            let rule =
                self.dice.pick(&["deny all", "allow 127.0.0.1; deny all", "allow all", "allow 10.0.0.1; deny all"]);
            self.out.push_str(&format!("  limit_except {methods} {{ {rule}; }}\n"));
        }
    }

    fn named(&mut self) {
        self.out.push_str(" location @fall {\n");
        self.level(Where::Location);
        self.rewrites(Where::Location);
        self.out.push_str(" }\n");
    }
}

//! A real nginx with a small shop, set up as Debian would, inside a private network.

use std::io;
use std::path::Path;
use std::process::Child;

use crate::act::files::lay_out;
use crate::act::process::start;

/// The files of the shop's server; they exist in the private network alone.
const FILES: [(&str, &str); 4] = [
    (
        "/etc/nginx/nginx.conf",
        "user www-data;\nworker_processes 1;\npid /run/nginx.pid;\nerror_log /var/log/nginx/error.log;\n\
         events { worker_connections 512; }\n\
         http {\n    access_log /var/log/nginx/access.log combined;\n    include /etc/nginx/sites-enabled/*;\n}\n",
    ),
    (
        "/etc/nginx/sites-enabled/shop",
        "server {\n    listen 80;\n    listen [::]:80;\n    server_name shop.example;\n    root /srv/shop;\n\
         \x20   location = /wp-login.php {\n        if ($arg_as) { return 302 /account; }\n\
         \x20       return 200 \"wrong password\\n\";\n    }\n}\n",
    ),
    ("/srv/shop/index.html", "<h1>The shop</h1>\n"),
    ("/var/log/nginx/access.log", ""),
];

/// How many pages the shop has: `/page/1` and on.
pub const PAGES: usize = 40;

/// Writes configuration and pages, and starts the server.
pub fn open_shop(program: &str) -> io::Result<Child> {
    for (path, text) in FILES {
        lay_out(Path::new(path), text.as_bytes())?;
    }
    for page in 1..=PAGES {
        lay_out(Path::new(&format!("/srv/shop/page/{page}")), b"<p>A page of the shop</p>\n")?;
    }
    start(program, &["-c", "/etc/nginx/nginx.conf", "-g", "daemon off;"])
}

//! People at work with applications that look hostile in a log.

use crate::pipeline::Case;
use crate::traffic::{BROWSERS, Dice, HOME, Hit, START, page, sorted};

pub const ME: &str = "192.0.2.20";

/// Requests written as `METHOD TARGET STATUS`, one a line, `gap` ms apart, from one client.
pub fn script(from: i64, gap: i64, ip: &str, agent: &str, referer: &str, text: &str) -> Vec<Hit> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let hits = lines.zip(0..).map(|(line, n)| {
        let [method, target, status] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("no request: {line}") };
        let mut hit =
            Hit::new(START + from + n * gap, ip, target, status.parse().unwrap()).agent(agent).referer(referer);
        hit.method = method.to_owned().leak();
        hit
    });
    hits.collect()
}

/// `n` requests by a pattern; `{}` is the number.
pub fn many(from: i64, gap: i64, ip: &str, agent: &str, n: i64, request: &str) -> Vec<Hit> {
    let text: String = (0..n).map(|n| request.replace("{}", &format!("{n:03}")) + "\n").collect();
    script(from, gap, ip, agent, "", &text)
}

/// Pages of the site, as a browser fetches them, every 20 s.
pub fn browse(from: i64, ip: &str, pages: i64) -> Vec<Hit> {
    let mut hits = Vec::new();
    (0..pages).for_each(|n| page(&mut hits, START + from + n * 20_000, ip, BROWSERS[0], &format!("/p/{n}")));
    hits
}

fn join(parts: Vec<Vec<Hit>>) -> Vec<Hit> {
    sorted(parts.into_iter().flatten().collect())
}

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("wordpress editor", wordpress_editor()),
        Case::new("drupal editor", drupal()),
        Case::new("phpmyadmin user", phpmyadmin()),
        Case::new("forge: repository pages", forge()),
        Case::new("wiki about attacks", wiki()),
        Case::new("security documentation", security_docs()),
        Case::new("analytics, urls in parameters", analytics()),
        Case::new("oauth and saml", oauth()),
        Case::new("single page app, token ran out", spa_token()),
        Case::new("single page app, api is down", spa_broken()).limit_allowed(),
        Case::new("broken links of the site's own", broken_site()),
        Case::new("photo gallery", gallery()),
        Case::new("forgotten password", forgotten()),
        Case::new("school class at nine", school(5)),
        Case::new("school class at nine, other form", school_form()),
        Case::new("carrier nat", carrier()),
        Case::new("migrated site, many visitors", migration()),
        Case::new("browsers and password managers", well_known()),
        Case::new("shop filters and odd searches", shop()),
        Case::new("dashboards with queries", dashboards()),
    ]
}

fn wordpress_editor() -> Vec<Hit> {
    let admin = "https://www.example.org/wp-admin/post.php?post=12&action=edit";
    let edit: String = (0..30)
        .map(|n| {
            format!(
                "GET /wp-admin/post.php?post={n}&action=edit 200
                 GET /wp-json/wp/v2/users/me?_locale=user 200
                 GET /wp-json/wp/v2/users?who=authors&per_page=100&page={n} 200
                 GET /wp-json/wp/v2/users/?context=edit&p={n} 200
                 OPTIONS /wp-json/wp/v2/posts 200
                 GET /wp-json/wp/v2/blocks/{n} 404
                 GET /wp-json/wp/v2/templates/lookup?slug=single-post-{n} 404
                 POST /wp-admin/admin-ajax.php 200
                 POST /wp-admin/admin-ajax.php 400
                 POST /wp-json/wp/v2/posts/{n}/autosaves?_locale=user 403
                 GET /?p={n}&preview=true&preview_nonce=ab12 200
                 GET /wp-admin/edit.php?s=%3Cscript%3E+tag&post_type=post&author={n} 200
                 GET /wp-admin/theme-editor.php?file=functions.php&theme=twenty 200
                 GET /wp-admin/admin.php?page=wpforms&view=../x&q=select+name+from+list{n} 200
                 GET /wp-admin/customize.php?url=https%3A%2F%2Fwww.example.org%2F%3Fa%3D%3Cb%3E&n={n} 200
                "
            )
        })
        .collect();
    join(vec![
        script(0, 0, ME, BROWSERS[0], HOME, "POST /wp-login.php 302"),
        script(1000, 1500, ME, BROWSERS[0], admin, &edit),
        script(
            30_000,
            900,
            ME,
            BROWSERS[0],
            admin,
            "POST /wp-admin/update.php?action=upload-plugin 200\nPOST /wp-admin/update.php?action=upload-plugin 403",
        ),
    ])
}

fn drupal() -> Vec<Hit> {
    let text: String = (0..40)
        .map(|n| {
            format!(
                "POST /node/{n}/edit?ajax_form=1&_wrapper_format=drupal_ajax 200
                 POST /views/ajax?_wrapper_format=drupal_ajax&view_name=content&name[value]=x 200
                 GET /admin/content?title=select+all+from+menu&status=All&page={n} 200
                 GET /node/{n}/preview/full 403
                 GET /sites/default/files/styles/large/public/pic{n}?itok=a-b 404
                "
            )
        })
        .collect();
    script(0, 2000, ME, BROWSERS[1], "https://www.example.org/admin/content", &text)
}

fn phpmyadmin() -> Vec<Hit> {
    let pma = "https://www.example.org/phpmyadmin/index.php?route=/sql";
    let text: String = (0..12)
        .map(|n| {
            format!(
                "GET /phpmyadmin/index.php?route=/sql&db=shop&table=orders&sql_query=SELECT+*+FROM+%60orders%60+WHERE+id%3D{n}+ORDER+BY+1&session_max_rows=25 200
                 GET /phpmyadmin/index.php?route=/sql&server=1&sql_query=SELECT+a%2Cb+FROM+t{n}+UNION+SELECT+1%2C2 200
                 GET /phpmyadmin/index.php?route=/sql&sql_query=SELECT+table_name+FROM+information_schema.tables+WHERE+1%3D1+AND+n%3D{n} 200
                 GET /phpmyadmin/sql.php?db=shop&sql_query=SELECT+SLEEP%282%29%3B+DROP+TABLE+old{n} 200
                 GET /phpmyadmin/index.php?route=/sql&sql_query=SELECT+*+FROM+u+WHERE+name%3D%27x%27+OR+%27a%27%3D%27a%27%3B+DELETE+FROM+t{n} 200
                 GET /adminer.php?server=db&username=root&db=shop&sql=SELECT+CONCAT%280x41414141%2Cname%29+FROM+mysql.user+UNION+ALL+SELECT+NULL{n} 200
                 GET /phpmyadmin/themes/pmahomme/img/s{n}.png 404
                 POST /phpmyadmin/index.php?route=/import 200
                "
            )
        })
        .collect();
    join(vec![browse(0, ME, 3), script(60_000, 3000, ME, BROWSERS[0], pma, &text)])
}

fn forge() -> Vec<Hit> {
    let text: String = (0..8)
        .map(|n| {
            format!(
                "GET /anna/infra/src/branch/main/etc/passwd 200
                 GET /anna/app{n}/src/branch/main/.env.example 200
                 GET /anna/app{n}/raw/branch/main/.env 200
                 GET /anna/app{n}/src/branch/main/.git/config 404
                 GET /anna/app{n}/blame/branch/main/wp-config.php.bak 200
                 GET /anna/infra/compare/v1.{n}...v1.{n}.1 200
                 GET /group/app/-/blob/main/config/database.yml 200
                 GET /group/app{n}/-/blob/main/.htaccess 404
                 GET /group/app/-/tree/main/cgi-bin/../lib{n} 200
                 GET /cgit/tool.git/tree/etc/nginx/nginx.conf?h=v{n} 200
                 GET /cgit/tool.git/plain/docker/.npmrc?id={n} 200
                 GET /cgit/tool.git/diff/src/shell.php?id={n} 200
                 GET /anna/app{n}.git/info/refs?service=git-upload-pack 401
                 GET /anna/app{n}.git/info/refs?service=git-upload-pack 200
                 POST /anna/app{n}.git/git-upload-pack 200
                 GET /anna/app/src/branch/main/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php 200
                 GET /anna/keys/src/branch/main/id_rsa?n={n} 404
                "
            )
        })
        .collect();
    join(vec![browse(0, ME, 2), script(40_000, 1200, ME, BROWSERS[2], "https://www.example.org/anna/infra", &text)])
}

fn wiki() -> Vec<Hit> {
    let text = "GET /index.php?title=Special:Search&search=union+select 200
        GET /index.php?title=Special:Search&search=union+all+select+injection 200
        GET /index.php?search=%3Cscript%3E&title=Special%3ASearch 200
        GET /index.php?search=%27+or+1%3D1&title=Special%3ASearch 200
        GET /index.php?search=%2Fetc%2Fpasswd&title=Special%3ASearch 200
        GET /index.php?search=xp_cmdshell+docs&title=Special%3ASearch 200
        GET /index.php?search=..%2F..%2F..%2F&title=Special%3ASearch 200
        GET /wiki/SQL_injection 200
        GET /wiki/Cross-site_scripting 200
        GET /wiki/Directory_traversal_(../) 404
        GET /wiki/Shellshock_(software_bug) 200
        GET /wiki/Log4Shell#%24%7Bjndi 200
        GET /w/index.php?title=C99.php&action=edit&redlink=1 404
        GET /wiki/Help:Contents/.htaccess 200
        GET /index.php?title=User:Bob&diff=12&oldid=...11 200
        GET /wiki/%27%27%27bold%27%27%27_or_%27%27italic%27%27 404
        GET /index.php?title=Select_*_from_users&action=history 200";
    join(vec![browse(0, ME, 8), script(170_000, 6000, ME, BROWSERS[1], "https://www.example.org/wiki/Main_Page", text)])
}

fn security_docs() -> Vec<Hit> {
    let text = "GET /docs/linux/etc/passwd 200
        GET /docs/etc/shadow/format 200
        GET /blog/2024/reading-%2Fetc%2Fpasswd-by-traversal/ 200
        GET /blog/%3Cscript%3E-considered-harmful/ 200
        GET /tags/%3Cscript%3Ealert%281%29%3C%2Fscript%3E 404
        GET /docs/.env 404
        GET /docs/.env/syntax 200
        GET /docs/git/.git/config 200
        GET /docs/wp-config.php.bak-explained 200
        GET /search?q=%3Cscript%3Ealert(1)%3C/script%3E 200
        GET /search?q=%27+union+select+null-- 200
        GET /docs/owasp/..%2f..%2fexplained 404
        GET /cheatsheet?topic=sleep(5)+in+mysql 200
        GET /examples/log4j/$%7Bjndi:ldap%7D 404
        GET /docs/htaccess/.htaccess 200";
    join(vec![
        browse(0, ME, 10),
        script(0, 0, ME, BROWSERS[3], "", "GET /docs/ 200"),
        script(210_000, 9000, ME, BROWSERS[3], "https://www.example.org/docs/", text),
    ])
}

fn analytics() -> Vec<Hit> {
    let text: String = (0..25)
        .map(|n| {
            format!(
                "GET /matomo.php?action_name=A%20%26%20B%20%3C{n}%3E&idsite=1&rec=1&r=10{n}&url=https%3A%2F%2Fwww.example.org%2F%3Fq%3D%253Cb%253E%26x%3D..%2F..%2F&urlref=http%3A%2F%2Flocalhost%3A3000%2F&res=1920x1080&pv_id=a 204
                 POST /matomo.php?e_c=JavaScript%20Errors&e_a=https%3A%2F%2Fwww.example.org%2Fa.js%3A{n}&e_n=Uncaught%20TypeError%3A%20document.cookie%20is%20null%3B%20alert(x)&url=https%3A%2F%2Fwww.example.org%2F 204
                 GET /piwik.php?url=file%3A%2F%2F%2FC%3A%2FUsers%2Fme%2Fpage{n}.html&rec=1 204
                 GET /r?u=https%3A%2F%2Fother.example%2F..%2F..%2Fx.php%3Fid%3D{n}&page=https://other.example/{n} 302
                 GET /wp-json/oembed/1.0/embed?url=https%3A%2F%2Fwww.example.org%2Fp%2F{n}%2F&format=xml 200
                 GET /proxy/image?src=http://127.0.0.1:8080/i/{n}.png 200
                 GET /l.php?u=http%3A%2F%2F[::1]%3A3000%2F{n} 302
                "
            )
        })
        .collect();
    script(0, 1500, ME, BROWSERS[0], HOME, &text)
}

fn oauth() -> Vec<Hit> {
    let blob = "fZJNT4NAEIb%2FCtl7%2BRK0bNo0VRJr4kdsqwdvAwx0k2UXdxb1519saPSgXibZZN55n5nZTZHaruP9Xu%2FUPb70SBb8tJ0ifjgZB%2F1ItUBJXEGLxG3J1%2FPbGx5OAt4ZbXWpJQsLQrRWaJVrRX2L5gHNm6hwc38zY3trO%2BK%2B3zRN6JWiE2D8URs%2Ba%2F";
    let text: String = (0..20)
        .map(|n| {
            format!(
                "GET /oauth/authorize?client_id=cli&redirect_uri=http://127.0.0.1:5{n:03}/callback&response_type=code&state=eyJub25jZSI6IjEifQ%3D%3D 302
                 GET /oauth/authorize?client_id=app&redirect_uri=http%3A%2F%2Flocalhost%3A8{n:03}%2Fcb&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM 302
                 GET /saml/login?SAMLRequest={blob}{n}&RelayState=https%3A%2F%2Fwww.example.org%2F%3Freturn%3D%2Fa%2F..%2Fb 302
                 GET /login?return=https%3A%2F%2Fwww.example.org%2F%2Fadmin%3Fx%3D{n}&error=%3Cnone%3E 200
                 GET /callback?code=4%2F0AY0e-g{n}&scope=email%20profile%20https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fuserinfo.email 302
                "
            )
        })
        .collect();
    script(0, 2500, ME, BROWSERS[5], "", &text)
}

fn spa_token() -> Vec<Hit> {
    let mut parts = vec![browse(0, ME, 1)];
    for hour in 1..6 {
        let from = hour * 3_600_000;
        parts.push(many(from, 15, ME, BROWSERS[0], 40, "GET /api/v2/widgets/{} 401"));
        parts.push(many(from + 700, 400, ME, BROWSERS[0], 6, "POST /api/auth/refresh 401"));
        parts.push(many(from + 3200, 30_000, ME, BROWSERS[0], 40, "GET /api/auth/session 401"));
        parts.push(many(from + 1_300_000, 0, ME, BROWSERS[0], 1, "POST /api/auth/login 200"));
        parts.push(many(from + 1_301_000, 15, ME, BROWSERS[0], 40, "GET /api/v2/widgets/{} 200"));
    }
    join(parts)
}

fn spa_broken() -> Vec<Hit> {
    let text: String = (0..40).map(|n| format!("GET /api/v3/tiles/{n} 404\n")).collect();
    join(vec![
        script(0, 0, ME, BROWSERS[0], "", "GET /app/ 200"),
        script(300, 20, ME, BROWSERS[0], "https://www.example.org/app/", &text),
    ])
}

fn broken_site() -> Vec<Hit> {
    let mut dice = Dice::new(9);
    let mut hits = Vec::new();
    for visitor in 0..60 {
        let ip = format!("198.51.100.{}", 10 + visitor);
        let at = dice.below(1_800_000) as i64;
        hits.extend(browse(at, &ip, 3));
        let broken: String = (0..14)
            .map(|n| format!("GET /media/teaser/{n} 404\nGET /gone/pic{n}.jpg 404\nGET /theme/x{n}.js.map 404\n"))
            .collect();
        hits.extend(script(at + 1000, 30, &ip, BROWSERS[visitor % 6], HOME, &broken));
        hits.extend(script(at + 3000, 30, &ip, BROWSERS[visitor % 6], "", "GET /apple-touch-icon-precomposed.png 404\nGET /ads.txt 404\nGET /favicon.ico 404\nGET /old/start.html 404"));
    }
    sorted(hits)
}

fn gallery() -> Vec<Hit> {
    let album = "https://www.example.org/photos";
    let web: String =
        (0..700).map(|n| format!("GET /api/assets/{n:08x}-aa10-4f5c/thumbnail?size=preview&c=x 200\n")).collect();
    let app = many(60_000, 28, "192.0.2.21", "Dart/3.5 (dart:io)", 330, "GET /api/assets/{}-aa10/thumbnail 200");
    join(vec![browse(0, ME, 1), script(2000, 14, ME, BROWSERS[0], album, &web), app])
}

fn forgotten() -> Vec<Hit> {
    join(vec![
        script(0, 0, ME, BROWSERS[1], "", "GET /wp-login.php 200"),
        many(15_000, 7000, ME, BROWSERS[1], 8, "POST /wp-login.php 200"),
        script(
            80_000,
            20_000,
            ME,
            BROWSERS[1],
            "",
            "GET /wp-login.php?action=lostpassword 200\nPOST /wp-login.php?action=lostpassword 302\nGET /wp-login.php?action=rp&key=a&login=b 302\nPOST /wp-login.php?action=resetpass 200\nPOST /wp-login.php 302",
        ),
        browse(200_000, ME, 5),
    ])
}

/// Thirty log in within a minute, every third mistypes once or twice.
fn school(seed: u64) -> Vec<Hit> {
    let mut dice = Dice::new(seed);
    let mut hits = Vec::new();
    for day in 0..5 {
        for pupil in 0..30 {
            let mut at = START + day * 86_400_000 + 3_600_000 + dice.below(60_000) as i64;
            let agent = BROWSERS[pupil % 3];
            page(&mut hits, at, ME, agent, "/wp-login.php");
            for _ in 0..if dice.once_in(3) { 1 + dice.below(2) } else { 0 } {
                at += 5000 + dice.below(6000) as i64;
                hits.push(Hit::new(at, ME, "/wp-login.php", 200).post().agent(agent));
            }
            hits.push(Hit::new(at + 7000, ME, "/wp-login.php", 302).post().agent(agent));
            page(&mut hits, at + 8000, ME, agent, "/course");
        }
    }
    sorted(hits)
}

fn school_form() -> Vec<Hit> {
    let mut hits = school(6);
    for hit in hits.iter_mut().filter(|hit| hit.target == "/wp-login.php" && hit.method == "POST") {
        hit.target = "/api/login".to_owned();
        hit.status = if hit.status == 302 { 200 } else { 401 };
    }
    hits
}

/// Thousands behind one address for a day; a tenth mistype, some have old links, one is infected and asks for a shell.
fn carrier() -> Vec<Hit> {
    let mut dice = Dice::new(3);
    let mut hits = Vec::new();
    for person in 0..4000 {
        let agent = BROWSERS[dice.below(6) as usize];
        let at = START + dice.below(80_000_000) as i64;
        page(&mut hits, at, ME, agent, &format!("/news/{}", dice.below(400)));
        for n in 0..if dice.once_in(10) { 1 + dice.below(3) } else { 0 } {
            hits.push(Hit::new(at + 9000 + n as i64 * 8000, ME, "/wp-login.php", 200).post().agent(agent));
        }
        hits.push(Hit::new(at + 50_000, ME, "/wp-login.php", 302).post().agent(agent));
        if dice.once_in(40) {
            hits.push(Hit::new(at + 900, ME, format!("/old/{person}"), 404).agent(agent));
        }
    }
    for n in 0..3 {
        hits.push(Hit::new(START + 20_000_000 + n * 5_000_000, ME, "/shell.php", 404));
    }
    sorted(hits)
}

fn migration() -> Vec<Hit> {
    let mut dice = Dice::new(4);
    let mut hits = Vec::new();
    for visitor in 0..300 {
        let ip = format!("198.51.{}.{}", 100 + visitor / 200, 1 + visitor % 200);
        let at = dice.below(3_600_000) as i64;
        for n in 0..1 + dice.below(8) as i64 {
            let old = format!(
                "GET /index.php?option=com_content&view=article&id={} 404\nGET /archiv/{}.html 404\nGET / 200",
                dice.below(500),
                dice.below(500)
            );
            hits.extend(script(at + n * 9000, 700, &ip, BROWSERS[visitor % 6], "https://www.google.com/", &old));
        }
    }
    sorted(hits)
}

fn well_known() -> Vec<Hit> {
    let text = "GET /.well-known/change-password 404
        GET /.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200 404
        GET /.well-known/security.txt 404
        GET /.well-known/assetlinks.json 404
        GET /.well-known/apple-app-site-association 404
        GET /apple-app-site-association 404
        GET /.well-known/openid-configuration 404
        GET /.well-known/passkey-endpoints 404
        GET /.well-known/traffic-advice 404
        GET /.well-known/appspecific/com.chrome.devtools.json 404
        GET /.well-known/caldav 404
        GET /.well-known/gpc.json 404
        GET /favicon.ico 404
        GET /apple-touch-icon.png 404
        GET /apple-touch-icon-120x120-precomposed.png 404
        GET /manifest.json 404
        GET /service-worker.js 404
        GET /sw.js 404
        GET /browserconfig.xml 404
        GET /opensearch.xml 404
        GET /sitemap_index.xml 404
        GET /sitemap.xml.gz 404
        GET /atom.xml 404
        GET /rss.xml 404
        GET /feed.xml 404
        GET /index.xml 404
        GET /wpad.dat 404
        GET /autodiscover/autodiscover.xml 404
        GET /mail/config-v1.1.xml 404
        GET /llms.txt 404";
    script(0, 300, ME, BROWSERS[3], "", text)
}

fn shop() -> Vec<Hit> {
    let text: String = (0..12)
        .map(|n| {
            format!(
                "GET /shop?filter[price][gte]={n}&filter[price][lte]=99&order=price&dir=desc 200
                 GET /shop/?orderby=price-desc&min_price=1&max_price=9{n} 200
                 GET /search?q=O%27Reilly+and+%27Friends%27&page={n} 200
                 GET /search?q=drop+table+%26+chair%3B+update+set+of+{n} 200
                 GET /search?q=select+*+from+the+menu+where+price+%3C+10&n={n} 200
                 GET /search?q=rock+%27n%27+roll+or+%27soul%27&n={n} 200
                 GET /item/{n}?utm_source=a&utm_content=%7Bcreative%7D&gclid=abc-{n}_x 200
                 GET /cart?items=[{{%22id%22:{n},%22qty%22:2}}] 200
                 GET /p/12%22-monitor-and-24%22-monitor?n={n} 200
                 GET /x?returnUrl=%2Fshop%2F..%2Fcart%3Fa%3D{n} 302
                 GET /c?name=J%C3%BCrgen+%3C3&note=1+and+2+people%3D3&n={n} 200
                "
            )
        })
        .collect();
    script(0, 1500, ME, BROWSERS[4], HOME, &text)
}

fn dashboards() -> Vec<Hit> {
    let grafana = "https://www.example.org/d/abc/overview?orgId=1";
    let text: String = (0..60)
        .map(|n| {
            format!(
                "GET /api/datasources/proxy/1/query?db=tele&q=SELECT%20mean(%22v%22)%20FROM%20%22cpu%22%20WHERE%20time%20%3E%20now()%20-%201h%20GROUP%20BY%20time(10s)%20fill(null)&epoch=ms&n={n} 200
                 GET /api/v1/query_range?query=sum(rate(http_requests_total%7Bcode!~%225..%22%7D%5B5m%5D))%20or%20vector(0)&start={n} 200
                 GET /app/kibana?_g=(filters:!(),time:(from:now-15m))&_a=(query:'host:%22a%22%20and%20path:%22/etc/passwd%22')&n={n} 200
                 GET /graph?g0.expr=count(up%20==%200)%20or%201=={n} 200
                 GET /api/search?query=&limit=30&n={n} 200
                 GET /api/live/ws 400
                "
            )
        })
        .collect();
    script(0, 900, ME, BROWSERS[0], grafana, &text)
}

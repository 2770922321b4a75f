//! The traps, one by one: what a client sees, and what the engine says of it with its lines.

use std::path::Path;

use peelhouse::effective::tomcat::{Access, Place, Request, Tomcat};
use peelhouse::effective::version::Version;
use peelhouse::effective::{Effect, Setting};
use peelhouse::host::Host;

use crate::lab::{Client, DEFAULT_CLASS, HERE, HOME, Lab, tomcat_is_here, version, web_xml};

fn param(name: &str, value: &str) -> String {
    format!("<init-param><param-name>{name}</param-name><param-value>{value}</param-value></init-param>\n")
}

fn default_servlet(params: &str) -> String {
    let (class, load) = DEFAULT_CLASS.split_once('\n').unwrap();
    format!("<servlet><servlet-name>default</servlet-name>{class}\n{params}{load}</servlet>\n")
}

fn filter(params: &str, place: &str) -> String {
    format!(
        "<filter><filter-name>headers</filter-name><filter-class>org.apache.catalina.filters.HttpHeaderSecurityFilter</filter-class>\n\
         {params}</filter><filter-mapping><filter-name>headers</filter-name>{place}</filter-mapping>\n"
    )
}

/// A base with one application a trap.
fn base() -> Lab {
    let mut lab = Lab::new(2);
    let global = default_servlet(&(param("listings", "true") + &param("showServerInfo", "false")));
    let all = "<url-pattern>/*</url-pattern>";
    lab.write_globals(&format!("{global}{}", filter("", all)), "useHttpOnly=\"true\">");
    for app in ["ROOT", "lists", "hidden", "mapped", "early", "late"] {
        lab.write(format!("webapps/{app}/dir/x.txt"), "x");
    }
    // The parameter that an application names is its own; the others stay Tomcat's.
    lab.write(
        "webapps/hidden/WEB-INF/web.xml",
        &web_xml(
            &("<servlet><servlet-name>default</servlet-name>".to_owned() + &param("listings", "false") + "</servlet>"),
        ),
    );
    let own = filter(&param("antiClickJackingOption", "SAMEORIGIN"), "<url-pattern>/dir/x.txt</url-pattern>");
    lab.write("webapps/mapped/WEB-INF/web.xml", &web_xml(&own));
    let deny = "<Valve className=\"org.apache.catalina.valves.RemoteAddrValve\" deny=\"127.*\"/>";
    lab.write(
        "webapps/late/META-INF/context.xml",
        &format!("<Context sessionCookieName=\"late\" useHttpOnly=\"false\">{deny}</Context>"),
    );
    // A descriptor of the host takes the place of the one that the application brings.
    lab.write("conf/Catalina/localhost/early.xml", "<Context useHttpOnly=\"false\"/>");
    lab.write("webapps/early/META-INF/context.xml", &format!("<Context>{deny}</Context>"));
    let [plain, loud] = lab.ports[..] else { unreachable!() };
    lab.write(
        "conf/server.xml",
        &format!(
            "<Server port=\"-1\"><Service name=\"Catalina\">\n<Connector port=\"{plain}\" address=\"127.0.0.1\" bindOnInit=\"false\"/>\n\
             <Connector port=\"{loud}\" address=\"127.0.0.1\" bindOnInit=\"false\" xpoweredBy=\"true\" server=\"${{name:-Loud}}\" allowTrace=\"true\" maxHttpHeaderSize=\"2048\"/>\n\
             <Engine name=\"Catalina\" defaultHost=\"localhost\">\n<Host name=\"localhost\" appBase=\"webapps\" autoDeploy=\"false\">\n\
             <Valve className=\"org.apache.catalina.valves.ErrorReportValve\" showReport=\"false\"/>\n\
             <Context path=\"/declared\" docBase=\"${{catalina.base}}/webapps/lists\" useHttpOnly=\"false\"/></Host></Engine></Service></Server>"
        ),
    );
    lab.start();
    lab
}

fn request<'r>(port: u16, path: &'r str) -> Request<'r> {
    Request { address: HERE, port, host: Some("localhost"), method: "GET", path, client: Some(HERE) }
}

#[test]
fn the_matrix() {
    if !tomcat_is_here() {
        return;
    }
    let lab = base();
    let files = Host::live();
    let tomcat = Tomcat::read(&files, lab.base(), Path::new(HOME), Version::parse(&version()));
    let mut client = Client::default();
    let quiet = lab.ports[0];
    for (path, status, access, frame) in [
        ("/dir/", 200, Access::Allowed, &["DENY"][..]),
        ("/lists/dir/", 200, Access::Allowed, &["DENY"]),
        ("/hidden/dir/", 404, Access::Allowed, &["DENY"]),
        ("/mapped/dir/", 200, Access::Allowed, &[]),
        ("/mapped/dir/x.txt", 200, Access::Allowed, &["SAMEORIGIN"]),
        ("/late/dir/x.txt", 403, Access::Denied, &[]),
        ("/early/dir/x.txt", 200, Access::Allowed, &["DENY"]),
        ("/declared/dir/x.txt", 200, Access::Allowed, &["DENY"]),
    ] {
        let reply = client.ask(quiet, "localhost", "GET", path, "");
        assert_eq!((reply.status, reply.all("X-Frame-Options")), (status, frame.to_vec()), "{path}");
        let request = request(quiet, path);
        let place = tomcat.place(&request).unwrap();
        assert_eq!(place.access(&tomcat, &request), access, "{path}");
        if access == Access::Allowed {
            let headers = place.headers(&tomcat, false);
            let told: Vec<&str> =
                headers.iter().filter(|it| it.name == "X-Frame-Options").map(|it| it.value.as_str()).collect();
            assert_eq!(told, frame, "{path}");
        }
    }
    error_pages(&tomcat, &mut client, quiet);
    connectors(&tomcat, &mut client, &lab);
    lines(&tomcat, &lab);
}

fn error_pages(tomcat: &Tomcat<'_>, client: &mut Client, port: u16) {
    let reply = client.ask(port, "localhost", "GET", "/none", "");
    assert!(reply.body.contains("Apache Tomcat/") && !reply.body.contains("<b>Type</b>"), "{}", reply.body);
    let asked = request(port, "/none");
    let place = tomcat.place(&asked).unwrap();
    assert_eq!((place.error_report(tomcat, "showServerInfo"), place.error_report(tomcat, "showReport")), (true, false));
}

fn connectors(tomcat: &Tomcat<'_>, client: &mut Client, lab: &Lab) {
    let long = format!("X-Long: {}\r\n", "x".repeat(3_000));
    for (port, server, powered, trace, fits) in
        [(lab.ports[0], "", "false", "false", true), (lab.ports[1], "Loud", "true", "true", false)]
    {
        let asked = request(port, "/dir/x.txt");
        let connector = tomcat.place(&asked).unwrap().connector;
        let word = |name: &str| tomcat.word(connector, name);
        assert_eq!(
            (word("server"), word("xpoweredBy"), word("allowTrace")),
            (server.into(), powered.into(), trace.into())
        );
        let reply = client.ask(port, "localhost", "GET", "/dir/x.txt", "");
        assert_eq!(reply.all("Server").concat(), server);
        assert_eq!(reply.all("X-Powered-By").is_empty(), powered == "false");
        assert_eq!(client.ask(port, "localhost", "TRACE", "/dir/x.txt", "").status == 200, trace == "true");
        assert_eq!(word("maxHttpHeaderSize").parse::<usize>().unwrap() > 3_000, fits);
        assert_eq!(client.ask(port, "localhost", "GET", "/dir/x.txt", &long).status == 200, fits);
    }
}

/// Values name their lines, also those that lost.
fn lines(tomcat: &Tomcat<'_>, lab: &Lab) {
    let place = |path| tomcat.place(&request(lab.ports[0], path)).unwrap();
    let listings = place("/hidden/").context.unwrap().web(tomcat).servlet_param("default", "listings");
    assert_eq!(files(&listings, lab), ["conf/web.xml", "webapps/hidden/WEB-INF/web.xml"]);
    let effects: Vec<&Effect> = listings.chain.iter().map(|step| &step.effect).collect();
    assert_eq!(
        (listings.values.concat(), effects),
        (vec!["false".to_owned()], vec![&Effect::Replaced, &Effect::Replaces])
    );
    assert_eq!(listings.chain[0].at.line, 3, "{listings:?}");
    // Other than the context files, a Context of server.xml loses to conf/context.xml.
    for (path, http_only, last) in [
        ("/declared/", true, "conf/context.xml"),
        ("/late/", false, "webapps/late/META-INF/context.xml"),
        ("/early/", false, "conf/Catalina/localhost/early.xml"),
    ] {
        let place: Place<'_> = place(path);
        let setting = place.context.unwrap().setting(tomcat, "useHttpOnly");
        assert_eq!(
            (place.http_only(tomcat), files(&setting, lab).pop().unwrap().as_str()),
            (http_only, last),
            "{path}"
        );
    }
    assert_eq!(place("/late/").session_cookie(tomcat), "late");
}

fn files(setting: &Setting, lab: &Lab) -> Vec<String> {
    let below =
        |step: &peelhouse::effective::Step| step.at.file.strip_prefix(lab.base()).unwrap().display().to_string();
    setting.chain.iter().map(below).collect()
}

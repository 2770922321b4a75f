//! A base with many hosts and applications, made of a seed.

use std::fmt::Write;

pub use crate::dice::Dice;
use crate::lab::{DEFAULT_CLASS, Lab, web_xml};

pub const HOSTS: u64 = 80;
pub const APPS: u64 = 25;

/// What the generator asks of its numbers.
impl Dice {
    fn flag(&mut self, name: &str, one_in: u64) -> String {
        match self.one_in(one_in) {
            true => format!(" {name}=\"{}\"", self.pick(&["true", "false"])),
            false => String::new(),
        }
    }
}

/// The base of one seed; the lab's ports become connectors.
pub fn base(lab: &Lab, dice: &mut Dice) {
    let web = format!("{}{}", servlet(dice, DEFAULT_CLASS), if dice.one_in(2) { filter(dice) } else { String::new() });
    let context = format!("{}>\n{}", dice.flag("useHttpOnly", 2), valves(dice, 6));
    lab.write_globals(&web, &context);
    let connectors: String = lab.ports.iter().enumerate().map(|(at, port)| connector(dice, at, *port)).collect();
    let hosts: String = (0..HOSTS).map(|index| host(lab, dice, index)).collect();
    let valves = valves(dice, 12);
    lab.write(
        "conf/server.xml",
        &format!(
            "<Server port=\"-1\" shutdown=\"X\">\n<Service name=\"Catalina\">\n{connectors}\
             <Engine name=\"Catalina\" defaultHost=\"h0.test\" startStopThreads=\"2\">\n{valves}{hosts}</Engine></Service></Server>\n"
        ),
    );
}

fn connector(dice: &mut Dice, at: usize, port: u16) -> String {
    let mut text = format!(
        "<Connector port=\"{port}\" address=\"127.0.0.1\" maxThreads=\"4\" minSpareThreads=\"1\" bindOnInit=\"false\""
    );
    text += &dice.flag("xpoweredBy", 2);
    text += &dice.flag("allowTrace", 2);
    if dice.one_in(2) {
        write!(text, " server=\"front {at}\"").unwrap();
    }
    if dice.one_in(2) {
        text += " maxHttpHeaderSize=\"4096\"";
    }
    text + "/>\n"
}

fn host(lab: &Lab, dice: &mut Dice, index: u64) -> String {
    let deploys = dice.pick(&[
        "autoDeploy=\"false\"",
        "autoDeploy=\"false\" deployXML=\"true\"",
        "autoDeploy=\"false\" deployXML=\"false\"",
        "autoDeploy=\"false\" deployIgnore=\"a[0-3]\"",
    ]);
    let off = if dice.one_in(12) { " deployOnStartup=\"false\"" } else { "" };
    let mut text = format!("<Host name=\"h{index}.test\" appBase=\"apps{index}\" {deploys}{off}>\n");
    if dice.one_in(2) {
        writeln!(text, "<Alias>{}h{index}.alias</Alias>", dice.pick(&["*.", ""])).unwrap();
    }
    if dice.one_in(2) {
        let (report, info) = (dice.flag("showReport", 2), dice.flag("showServerInfo", 2));
        writeln!(text, "<Valve className=\"org.apache.catalina.valves.ErrorReportValve\"{report}{info}/>").unwrap();
    }
    text += &valves(dice, 10);
    for app in 0..APPS {
        text += &application(lab, dice, index, app);
    }
    if dice.one_in(5) {
        let web = servlet(dice, DEFAULT_CLASS);
        lab.write(format!("conf/Catalina/h{index}.test/web.xml.default"), &web_xml(&web));
    }
    if dice.one_in(5) {
        let context = context(dice, "");
        lab.write(format!("conf/Catalina/h{index}.test/context.xml.default"), &context);
    }
    text + "</Host>\n"
}

/// Writes an application; what is returned goes into server.xml.
fn application(lab: &Lab, dice: &mut Dice, host: u64, app: u64) -> String {
    let name = match app {
        0 => "ROOT".to_owned(),
        app if app % 8 == 0 => format!("a{}#sub", app - 1),
        app => format!("a{app}"),
    };
    let kind = dice.below(6);
    let dir = if kind == 1 { format!("outside/{host}/{app}") } else { format!("apps{host}/{name}") };
    lab.write(format!("{dir}/file.txt"), "file");
    lab.write(format!("{dir}/dir/x.txt"), "x");
    lab.write(format!("{dir}/secret/x.txt"), "x");
    if dice.one_in(5) {
        lab.write(format!("{dir}/err.html"), "own page");
    }
    if !dice.one_in(5) {
        let web = application_web(dice);
        lab.write(format!("{dir}/WEB-INF/web.xml"), &web_xml(&web));
    }
    if dice.one_in(4) {
        let own = context(dice, "");
        lab.write(format!("{dir}/META-INF/context.xml"), &own);
    }
    let base = lab.base().display();
    match kind {
        1 => {
            let own = context(dice, &format!(" docBase=\"{base}/{dir}\""));
            lab.write(format!("conf/Catalina/h{host}.test/{name}.xml"), &own);
            String::new()
        }
        2 => {
            let path = if app == 0 { String::new() } else { format!("/{}", name.replace('#', "/")) };
            context(dice, &format!(" path=\"{path}\" docBase=\"${{catalina.base}}/{dir}\""))
        }
        _ => String::new(),
    }
}

fn context(dice: &mut Dice, attributes: &str) -> String {
    let own = [
        dice.flag("useHttpOnly", 4),
        if dice.one_in(10) { " override=\"true\" containerSciFilter=\"org.apache\"".to_owned() } else { String::new() },
    ];
    let report = match dice.one_in(6) {
        true => format!(
            "<Valve className=\"org.apache.catalina.valves.ErrorReportValve\"{}{}/>\n",
            dice.flag("showReport", 2),
            dice.flag("showServerInfo", 2)
        ),
        false => String::new(),
    };
    format!("<Context{attributes}{}>\n{}{report}</Context>\n", own.concat(), valves(dice, 6))
}

fn valves(dice: &mut Dice, scarce: u64) -> String {
    let mut text = String::new();
    if dice.one_in(scarce) {
        let rule = dice.pick(&[
            "allow=\"127\\.\\d+\\.\\d+\\.\\d+|::1\"",
            "deny=\"10\\..*\"",
            "allow=\"10\\..*\"",
            "deny=\"127.*\"",
            "allow=\"127\"",
            "allow=\"127.*\" deny=\"127\\.0\\.0\\.2\"",
            "allow=\".*\" denyStatus=\"404\"",
        ]);
        writeln!(text, "<Valve className=\"org.apache.catalina.valves.RemoteAddrValve\" {rule}/>").unwrap();
    }
    if dice.one_in(scarce * 2) {
        let rule = dice.pick(&[
            "allow=\"127.0.0.0/8\"",
            "deny=\"10.0.0.0/8, 192.0.2.0/24\"",
            "allow=\"::1\"",
            "allow=\"127.0.0.1,::1\"",
        ]);
        writeln!(text, "<Valve className=\"org.apache.catalina.valves.RemoteCIDRValve\" {rule}/>").unwrap();
    }
    text
}

fn application_web(dice: &mut Dice) -> String {
    let mut web = String::new();
    if dice.one_in(2) {
        web += &servlet(dice, "");
    }
    if dice.one_in(3) {
        web += &filter(dice);
    }
    if dice.one_in(4) {
        web += "<error-page><error-code>404</error-code><location>/err.html</location></error-page>\n";
    }
    if dice.one_in(3) {
        web += &constraint(dice);
    }
    if dice.one_in(4) {
        let entries = dice.pick(&[
            "<http-only>true</http-only>",
            "<name>SID</name>",
            "<name>S2</name><http-only>false</http-only><secure>true</secure>",
        ]);
        writeln!(web, "<session-config><cookie-config>{entries}</cookie-config></session-config>").unwrap();
    }
    web
}

/// Parameters of the default servlet; what is not said is taken from the file below.
fn servlet(dice: &mut Dice, class: &str) -> String {
    let mut params = String::new();
    for param in ["listings", "readonly", "showServerInfo"] {
        if dice.one_in(2) {
            let value = dice.pick(&["true", "false"]);
            writeln!(
                params,
                "<init-param><param-name>{param}</param-name><param-value>{value}</param-value></init-param>"
            )
            .unwrap();
        }
    }
    let (class, load) = class.split_once('\n').unwrap_or_default();
    format!("<servlet><servlet-name>default</servlet-name>\n{class}{params}{load}</servlet>\n")
}

fn filter(dice: &mut Dice) -> String {
    let mut params = String::new();
    for (param, values) in [
        ("antiClickJackingEnabled", &["true", "false"][..]),
        ("antiClickJackingOption", &["SAMEORIGIN", "DENY", "deny"]),
        ("blockContentTypeSniffingEnabled", &["true", "false"]),
        ("xssProtectionEnabled", &["true", "false"]),
    ] {
        if dice.one_in(3) {
            let value = dice.pick(values);
            writeln!(
                params,
                "<init-param><param-name>{param}</param-name><param-value>{value}</param-value></init-param>"
            )
            .unwrap();
        }
    }
    let name = dice.pick(&["headers", "headers", "other"]);
    let place = dice.pick(&[
        "<url-pattern>/*</url-pattern>",
        "<url-pattern>/dir/*</url-pattern>",
        "<url-pattern>*.txt</url-pattern>",
        "<servlet-name>default</servlet-name>",
        "<url-pattern>/file.txt</url-pattern>",
        "<url-pattern>/*</url-pattern><dispatcher>FORWARD</dispatcher>",
    ]);
    format!(
        "<filter><filter-name>{name}</filter-name><filter-class>org.apache.catalina.filters.HttpHeaderSecurityFilter</filter-class>\n{params}</filter>\n\
         <filter-mapping><filter-name>{name}</filter-name>{place}</filter-mapping>\n"
    )
}

fn constraint(dice: &mut Dice) -> String {
    let patterns = dice.pick(&["/secret/*", "/*", "/", "*.txt", "/secret/x.txt"]);
    let methods =
        dice.pick(&["", "", "<http-method>PUT</http-method>", "<http-method-omission>GET</http-method-omission>"]);
    let auth = dice.pick(&["<auth-constraint/>", "<auth-constraint><role-name>r</role-name></auth-constraint>", ""]);
    format!(
        "<security-constraint><web-resource-collection><web-resource-name>w</web-resource-name><url-pattern>{patterns}</url-pattern>{methods}\
         </web-resource-collection>{auth}</security-constraint>\n<login-config><auth-method>FORM</auth-method><form-login-config>\
         <form-login-page>/file.txt</form-login-page><form-error-page>/file.txt</form-error-page></form-login-config></login-config>\n\
         <security-role><role-name>r</role-name></security-role>\n"
    )
}

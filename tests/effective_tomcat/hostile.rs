//! Broken, endless and huge files: bounded, and never a panic.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use peelhouse::effective::tomcat::{Access, Request, Tomcat};
use peelhouse::formats::Files;
use proptest::prelude::*;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

struct Map(BTreeMap<PathBuf, String>);

impl Files for Map {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.0.get(path).map(|text| text.clone().into_bytes()).ok_or_else(|| "no such file".to_owned())
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>, String> {
        let below = self.0.keys().filter_map(|path| path.strip_prefix(dir).ok()?.components().next());
        let mut names: Vec<String> = below.map(|name| name.as_os_str().to_string_lossy().into_owned()).collect();
        names.dedup();
        Ok(names)
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.0.keys().any(|known| known != path && known.starts_with(path))
    }
}

fn files(texts: &[(&str, &str)]) -> Map {
    Map(texts.iter().map(|(path, text)| (Path::new("/b").join(path), (*text).to_owned())).collect())
}

fn read<'f>(files: &'f Map) -> Tomcat<'f> {
    Tomcat::read(files, Path::new("/b"), Path::new("/h"), None)
}

fn get<'r>(host: &'r str, path: &'r str) -> Request<'r> {
    Request { address: HERE, port: 8080, host: Some(host), method: "GET", path, client: None }
}

#[test]
fn a_base_without_files_is_said_to_be_one() {
    let none = files(&[]);
    let tomcat = read(&none);
    assert_eq!((tomcat.services().len(), tomcat.problems().len()), (0, 3));
    assert!(tomcat.place(&get("a", "/")).is_none());
    let broken = files(&[("conf/server.xml", "<Server><Service>")]);
    assert!(read(&broken).problems().iter().any(|problem| problem.starts_with("/b/conf/server.xml:1: ")));
}

#[test]
fn many_hosts_are_read_in_a_moment() {
    let hosts: String =
        (0..20_000).map(|n| format!("<Host name='h{n}' appBase='a{n}'><Context path='/x'/></Host>\n")).collect();
    let text = format!(
        "<Server><Service><Connector port='8080'/><Engine defaultHost='h0'>{hosts}</Engine></Service></Server>"
    );
    let files = files(&[("conf/server.xml", &text)]);
    let begin = Instant::now();
    let tomcat = read(&files);
    let place = tomcat.place(&get("H19999:8080", "/x/y")).unwrap();
    assert_eq!((place.host.names[0].as_str(), place.path.as_str()), ("h19999", "/y"));
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn an_address_that_is_not_known_makes_it_depend() {
    let valve = "<Valve className='org.apache.catalina.valves.RemoteCIDRValve' allow='10.0.0.0/8'/>";
    let text = format!(
        "<Server><Service><Connector port='8080'/><Engine defaultHost='h'><Host name='h'>{valve}</Host></Engine></Service></Server>"
    );
    let files = files(&[("conf/server.xml", &text)]);
    let tomcat = read(&files);
    for (client, access) in
        [(None, Access::Depends), (Some("10.1.1.1"), Access::Allowed), (Some("192.0.2.1"), Access::Denied)]
    {
        let request = Request { client: client.map(|client| client.parse().unwrap()), ..get("h", "/") };
        assert_eq!(tomcat.place(&request).unwrap().access(&tomcat, &request), access, "{client:?}");
    }
}

proptest! {
    #[test]
    fn any_files_are_survived(
        server in "(<(Server|Service|Engine defaultHost='h'|Host name='h'|Host|Connector port='(8080|x|-1)'|Context( path='/?a?')?|Valve className='a.RemoteAddrValve' (allow|deny)='[(a*]{0,3}'|SSLHostConfig)( /)?>|</(Server|Service|Engine|Host|Context)>|\\$\\{[a-z]{0,3}\\}?){0,16}",
        web in "<web-app>(<(servlet|filter|filter-mapping|servlet-mapping|error-page|security-constraint)>|<servlet-name>default</servlet-name>|<url-pattern>[/*a.]{0,4}</url-pattern>|</(servlet|filter|filter-mapping|servlet-mapping|error-page)>){0,12}</web-app>",
        path in "[/a.*]{0,6}",
    ) {
        let files = files(&[("conf/server.xml", &server), ("conf/web.xml", &web), ("webapps/a/WEB-INF/web.xml", &web), ("webapps/ROOT/x", "")]);
        let tomcat = read(&files);
        let request = get("h", &path);
        if let Some(place) = tomcat.place(&request) {
            place.access(&tomcat, &request);
            place.headers(&tomcat, true);
            place.error_report(&tomcat, "showReport");
            tomcat.tls_of(place.connector, Some("a.b"));
        }
    }
}
